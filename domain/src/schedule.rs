//! Which fires of a schedule are due: decided from the last fire and the clock, and from nothing else.
//!
//! What lives here: when a schedule fires, what becomes of fires that were missed, and how work is spread.
//! What does not: who asks, and what is recorded when a schedule fires.
//!
//! A fire is named by the moment that the schedule gives for it, however late it is noticed, so any number of processes
//! that ask come to the same answer.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use croner::Cron;

use crate::time::Timestamp;

/// When a schedule fires: five fields of cron, read in a time zone.
///
/// A time of day that a night skips fires at the first moment after the gap; one that comes twice fires the first time.
/// What fires every hour does so every hour that passes.
#[derive(Clone, Debug)]
pub struct Timing {
    cron: Cron,
}

/// The text is no timing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no cron expression of five fields such as `15 3 * * *`: {because}")]
pub struct InvalidTiming {
    text: String,
    because: String,
}

impl FromStr for Timing {
    type Err = InvalidTiming;

    fn from_str(text: &str) -> Result<Self, InvalidTiming> {
        let invalid = |because: String| InvalidTiming {
            text: text.chars().take(TIMING_CHARS_MAX).collect(),
            because,
        };
        if text.split_whitespace().count() != FIELDS {
            return Err(invalid("it has another number of fields".to_owned()));
        }
        let cron = Cron::from_str(text).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { cron })
    }
}

/// Minute, hour, day, month, day of the week: nothing of ours comes every second.
const FIELDS: usize = 5;
/// Characters of a wrong timing that are quoted.
const TIMING_CHARS_MAX: usize = 64;

/// What becomes of fires that nobody was there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The latest stands for all.
    Coalesce,
    /// Each is made up for, the latest so many; the first of these stands for those before it.
    CatchUp {
        /// How many at most.
        max: u32,
    },
}

/// A schedule that fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The moment that it is named by.
    pub at: Timestamp,
    /// How many fires it stands for, itself included; at most [`COUNTED_MAX`].
    pub stands_for: u32,
}

/// What is due of a schedule, and when it fires next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Oldest first.
    pub fires: Vec<Fire>,
    /// None if it never does.
    pub next: Option<Timestamp>,
}

/// Missed fires that are counted: more than a year of hours.
pub const COUNTED_MAX: u32 = 10_000;
/// A last fire so far ahead was made by a clock that was wrong, and binds nobody.
const AHEAD_HOURS_MAX: i64 = 25;

/// Tells what is due at `now`, after a last fire.
///
/// A schedule that has never fired is due once, for its latest moment. While a clock stands before the last fire,
/// nothing is due: what was fired stays fired.
pub fn due(
    timing: &Timing,
    zone: Tz,
    last: Option<Timestamp>,
    now: Timestamp,
    missed: Missed,
) -> Due {
    let trusted = last.filter(|last| *last <= now + TimeDelta::hours(AHEAD_HOURS_MAX));
    let latest = timing.cron.find_previous_occurrence(&local(now, zone), true).ok();
    let latest = latest.map(|at| at.to_utc());
    let reached = trusted.map_or(now, |last| last.max(now));
    let next = timing.cron.find_next_occurrence(&local(reached, zone), false).ok();
    let fires = match (trusted, latest) {
        (_, None) => Vec::new(),
        (None, Some(latest)) => vec![Fire { at: latest, stands_for: 1 }],
        (Some(last), Some(latest)) if latest <= last => Vec::new(),
        (Some(last), Some(latest)) => {
            let after = timing.cron.iter_after(local(last, zone)).map(|at| at.to_utc());
            let counted = usize::try_from(COUNTED_MAX).unwrap_or(usize::MAX);
            let missing = after.take_while(|at| *at <= now).take(counted).count();
            let most = match missed {
                Missed::Coalesce => 1,
                Missed::CatchUp { max } => max.clamp(1, COUNTED_MAX),
            };
            let before = timing.cron.iter_before(local(latest, zone)).map(|at| at.to_utc());
            let kept = std::iter::once(latest).chain(before.take_while(|at| last < *at));
            let mut kept: Vec<_> = kept.take(usize::try_from(most).unwrap_or(1)).collect();
            kept.reverse();
            made_up_for(&kept, missing)
        }
    };
    Due { fires, next: next.map(|at| at.to_utc()) }
}

/// Fires at these moments, oldest first; the first stands for those that were missed before it as well.
fn made_up_for(kept: &[Timestamp], missing: usize) -> Vec<Fire> {
    let mut fires: Vec<Fire> = kept.iter().map(|at| Fire { at: *at, stands_for: 1 }).collect();
    if let Some(first) = fires.first_mut() {
        let left_out = missing.saturating_sub(kept.len());
        first.stands_for = u32::try_from(left_out + 1).unwrap_or(COUNTED_MAX);
    }
    fires
}

fn local(at: Timestamp, zone: Tz) -> DateTime<Tz> {
    at.with_timezone(&zone)
}

/// How long after a fire somebody's turn comes, within `over`: always the same, and for many people evenly spread.
pub fn spread(whose: u128, over: TimeDelta) -> TimeDelta {
    // The high and the low half of an id made of time and chance: their product's middle bits depend on all of them.
    let folded = (whose ^ (whose >> 64)) & u128::from(u64::MAX);
    let mixed = (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15)) & u128::from(u64::MAX);
    let span = u128::from(over.num_milliseconds().max(0).unsigned_abs());
    let ms = (mixed * span) >> 64;
    TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn timing(text: &str) -> Timing {
        text.parse().unwrap()
    }

    /// Asks every few minutes, as a process would, and gives the moments that fired.
    fn lived_through(cron: &str, zone: Tz, from: &str, to: &str) -> Vec<String> {
        let (timing, mut now, end) = (timing(cron), at(from), at(to));
        let (mut last, mut fired) = (Some(now), Vec::new());
        while now <= end {
            for fire in due(&timing, zone, last, now, Missed::Coalesce).fires {
                assert_eq!(fire.stands_for, 1, "somebody was there all the time");
                last = Some(fire.at);
                fired.push(fire.at.with_timezone(&zone).format("%d %H:%M %Z").to_string());
            }
            now += TimeDelta::minutes(7);
        }
        fired
    }

    #[test]
    fn a_night_that_skips_an_hour_skips_no_fire() {
        let night = |cron: &str| {
            let (from, to) = ("2026-03-28T23:30:00Z", "2026-03-29T02:40:00Z");
            lived_through(cron, Tz::Europe__Berlin, from, to)
        };
        assert_eq!(night("30 2 * * *"), ["29 03:00 CEST"]);
        assert_eq!(night("0 * * * *"), ["29 01:00 CET", "29 03:00 CEST", "29 04:00 CEST"]);
        let both = lived_through(
            "30 2 * * *",
            Tz::Europe__Berlin,
            "2026-03-27T23:30:00Z",
            "2026-03-30T12:00:00Z",
        );
        assert_eq!(both, ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]);
    }

    #[test]
    fn a_night_that_has_an_hour_twice_doubles_no_fire() {
        let night = |cron: &str| {
            let (from, to) = ("2026-10-24T22:30:00Z", "2026-10-25T03:10:00Z");
            lived_through(cron, Tz::Europe__Berlin, from, to)
        };
        assert_eq!(night("30 2 * * *"), ["25 02:30 CEST"]);
        let hours =
            ["25 01:00 CEST", "25 02:00 CEST", "25 02:00 CET", "25 03:00 CET", "25 04:00 CET"];
        assert_eq!(night("0 * * * *"), hours);
    }

    #[test]
    fn what_was_missed_is_one_fire_that_says_how_many() {
        let (timing, last) = (timing("0 * * * *"), at("2026-05-04T07:00:00Z"));
        let asked = |now, missed| due(&timing, Tz::UTC, Some(last), at(now), missed);
        let fire = |text, stands_for| Fire { at: at(text), stands_for };

        let late = asked("2026-05-04T12:20:00Z", Missed::Coalesce);
        assert_eq!(late.fires, [fire("2026-05-04T12:00:00Z", 5)]);
        assert_eq!(late.next, Some(at("2026-05-04T13:00:00Z")));

        let caught_up = asked("2026-05-04T12:20:00Z", Missed::CatchUp { max: 3 });
        let expected = [
            fire("2026-05-04T10:00:00Z", 3),
            fire("2026-05-04T11:00:00Z", 1),
            fire("2026-05-04T12:00:00Z", 1),
        ];
        assert_eq!(caught_up.fires, expected);
        assert_eq!(asked("2026-05-04T12:20:00Z", Missed::CatchUp { max: 9 }).fires.len(), 5);

        let years = asked("2036-05-04T12:20:00Z", Missed::CatchUp { max: 2 });
        let last_two =
            [fire("2036-05-04T11:00:00Z", COUNTED_MAX - 1), fire("2036-05-04T12:00:00Z", 1)];
        assert_eq!(
            years.fires, last_two,
            "the latest, and not those at the end of what is counted"
        );
        let years = asked("2036-05-04T12:20:00Z", Missed::Coalesce);
        assert_eq!(years.fires, [fire("2036-05-04T12:00:00Z", COUNTED_MAX)]);
    }

    #[test]
    fn a_clock_that_steps_fires_nothing_twice() {
        let timing = timing("0 * * * *");
        let asked = |last: &str, now: &str| {
            due(&timing, Tz::UTC, Some(at(last)), at(now), Missed::Coalesce)
        };
        assert_eq!(asked("2026-05-04T12:00:00Z", "2026-05-04T12:59:59Z").fires, []);
        let back = asked("2026-05-04T12:00:00Z", "2026-05-04T09:30:00Z");
        assert_eq!((back.fires.len(), back.next), (0, Some(at("2026-05-04T13:00:00Z"))));
        // A clock that was years ahead must not silence the schedule for years.
        let fire = Fire { at: at("2026-05-04T09:00:00Z"), stands_for: 1 };
        assert_eq!(asked("2036-01-01T00:00:00Z", "2026-05-04T09:30:00Z").fires, [fire]);
    }

    #[test]
    fn a_schedule_that_never_fired_is_due_once() {
        let first = due(
            &timing("0 * * * *"),
            Tz::UTC,
            None,
            at("2026-05-04T09:30:00Z"),
            Missed::CatchUp { max: 9 },
        );
        assert_eq!(first.fires, [Fire { at: at("2026-05-04T09:00:00Z"), stands_for: 1 }]);
    }

    #[test]
    fn what_is_no_timing_is_refused_with_an_example() {
        for text in ["", "hourly", "* * * *", "61 * * * *", "0 0 0 0 0 0", "0 25 * * *"] {
            let error = text.parse::<Timing>().unwrap_err().to_string();
            assert!(error.contains("such as `15 3 * * *`"), "{error}");
        }
    }

    #[test]
    fn turns_are_spread_evenly_and_stay_where_they_are() {
        let over = TimeDelta::minutes(50);
        let mut tenths = [0; 10];
        for who in 0..1_000_u64 {
            let id =
                crate::id::uuid_v7(1_790_000_000_000 + who, [u8::try_from(who % 251).unwrap(); 10]);
            let turn = spread(id.as_u128(), over);
            assert!(TimeDelta::zero() <= turn && turn < over);
            assert_eq!(turn, spread(id.as_u128(), over));
            tenths[usize::try_from(turn.num_minutes() / 5).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|many| (50..=150).contains(many)), "{tenths:?}");
    }
}
