//! The engagement clock: every contact and every account is touched at least every 21 days.
//!
//! Here stand the deadline, the earlier moment at which a touch falls due, and what a touch does to
//! the clock. Whether a mail comes from a person, and so is a touch at all, is decided where mail
//! is read.

use chrono::{Datelike, Days, TimeDelta};

use crate::named::named_enum;
use crate::time::{BusinessCalendar, Date, Timestamp, whole_days};

/// The promise of the specification (P0.4): no contact and no account goes longer without a touch.
pub const ENGAGEMENT_DAYS: u64 = 21;

/// A touch falls due this many business days before the last one that is still in time: one for a
/// day's limit of mails that runs out, and one for a closing that the calendar does not know.
pub const LEAD_BUSINESS_DAYS: u32 = 2;

/// Where closures last longer than the clock, a touch is due again after an hour: the next cycle
/// sees it, and the touch that has just happened does not fall due in the same one.
pub const REST_AFTER_TOUCH_HOURS: i64 = 1;

/// Years in which a moment has a local date in every zone; anything beyond is a broken clock's.
const CIVIL_YEARS: std::ops::RangeInclusive<i32> = 1..=9_999;

named_enum! {
    /// What kind of contact reset a clock.
    pub enum TouchKind, "touch kind" {
        /// A mail from the tenant to the person.
        Email = "email",
        /// A telephone call.
        Call = "call",
        /// A meeting, in a room or on a screen.
        Meeting = "meeting",
        /// A visit at the client's place.
        Visit = "visit",
        /// A mail that the person wrote themselves; automatic replies are none.
        InboundEmail = "inbound_email",
        /// A contact that a person of the tenant wrote down by hand.
        Note = "note",
    }
}

/// A clock as it is stored, without its due moment, which [`next_touch_due`] derives from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ClockState {
    /// The last real touch; `None` if there never was one.
    pub last_touch_at: Option<Timestamp>,
    /// What the last touch was.
    pub last_touch_kind: Option<TouchKind>,
    /// Nobody is disturbed before this moment: out of office, or a complaint is open.
    pub paused_until: Option<Timestamp>,
    /// How many touches the clock has seen. A due touch is planned once per epoch.
    pub epoch: i32,
}

/// Where a clock stands at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStanding {
    /// Nobody was ever in contact: due at once.
    NeverTouched,
    /// Nothing to do yet.
    Fresh {
        /// When the next touch falls due.
        due: Timestamp,
    },
    /// A touch is due and would still be in time.
    Due {
        /// Since when.
        since: Timestamp,
    },
    /// The deadline has passed: a violation.
    Overdue {
        /// Days begun beyond the deadline; at least 1.
        days_overdue: i64,
    },
    /// Nobody is to be disturbed now.
    Paused {
        /// Until when.
        until: Timestamp,
    },
}

/// What a touch made of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The clock to store, one epoch on.
    pub state: ClockState,
    /// The due moment to store beside it.
    pub next_touch_due: Timestamp,
}

/// The due moment of a clock that was never touched: before every other, so that it sorts first.
pub const fn due_since_ever() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// The last moment at which a touch is in time: 21 calendar days on, at the same local wall-clock
/// time.
///
/// A night that changes the clocks moves the moment by an hour and the wall clock not at all. A
/// wall-clock time that such a night skips or doubles is read as [`BusinessCalendar::moment`] says.
pub fn deadline(last_touch_at: Timestamp, calendar: &BusinessCalendar) -> Timestamp {
    let in_utc = last_touch_at.checked_add_days(Days::new(ENGAGEMENT_DAYS));
    let fallback = in_utc.unwrap_or(Timestamp::MAX_UTC);
    if !is_civil(last_touch_at) || !is_civil(fallback) {
        return fallback;
    }
    let local = last_touch_at.with_timezone(&calendar.zone);
    local
        .date_naive()
        .checked_add_days(Days::new(ENGAGEMENT_DAYS))
        .map_or(fallback, |date| calendar.moment(date, local.time()))
}

/// When the next touch falls due; a clock without a touch is due since ever.
///
/// It is the opening of the business day that lies [`LEAD_BUSINESS_DAYS`] before the last business
/// day which closes no later than the deadline. Where the calendar is closed so long that this
/// opening lies before the last touch, or less than [`REST_AFTER_TOUCH_HOURS`] after it, the touch
/// is due that many hours after the last one. It is never later than the deadline and never before
/// the last touch.
pub fn next_touch_due(last_touch_at: Option<Timestamp>, calendar: &BusinessCalendar) -> Timestamp {
    let Some(last_touch_at) = last_touch_at else { return due_since_ever() };
    let deadline = deadline(last_touch_at, calendar);
    if !is_civil(last_touch_at) || !is_civil(deadline) {
        return deadline;
    }
    let last_day_in_time = last_business_day_closing_by(deadline, calendar);
    let due_day = calendar.business_days_back(last_day_in_time, LEAD_BUSINESS_DAYS);
    let rested = last_touch_at
        .checked_add_signed(TimeDelta::hours(REST_AFTER_TOUCH_HOURS))
        .unwrap_or(last_touch_at);
    // A calendar that was never validated may open after it closes: even then nothing is due too
    // late.
    calendar.opening_of(due_day).max(rested).min(deadline)
}

/// Where a clock stands now.
///
/// A pause hides every other standing and moves no deadline: whoever comes back after three weeks
/// has been without a word for three weeks, and is written to first. The deadline itself is still
/// in time.
pub fn standing(state: &ClockState, now: Timestamp, calendar: &BusinessCalendar) -> ClockStanding {
    if let Some(until) = state.paused_until.filter(|until| now < *until) {
        return ClockStanding::Paused { until };
    }
    let Some(last_touch_at) = state.last_touch_at else { return ClockStanding::NeverTouched };
    let due = next_touch_due(Some(last_touch_at), calendar);
    let deadline = deadline(last_touch_at, calendar);
    if now < due {
        ClockStanding::Fresh { due }
    } else if now <= deadline {
        ClockStanding::Due { since: due }
    } else {
        ClockStanding::Overdue { days_overdue: whole_days(deadline, now) + 1 }
    }
}

/// What a touch does to a clock; `None` if it is no later than the last one known.
///
/// So a mail that is delivered twice, or found late, is harmless. A touch ends no pause: the notice
/// of absence or the open complaint says itself when it is over. The caller has made sure that `at`
/// is not in the future, where a sender's wrong clock would silence the account.
pub fn touched(
    state: &ClockState,
    at: Timestamp,
    kind: TouchKind,
    calendar: &BusinessCalendar,
) -> Option<Touched> {
    if state.last_touch_at.is_some_and(|last| at <= last) {
        return None;
    }
    let state = ClockState {
        last_touch_at: Some(at),
        last_touch_kind: Some(kind),
        paused_until: state.paused_until,
        epoch: state.epoch.saturating_add(1),
    };
    Some(Touched { state, next_touch_due: next_touch_due(Some(at), calendar) })
}

/// The last business day that closes no later than the deadline, so that a touch on it is in time.
fn last_business_day_closing_by(deadline: Timestamp, calendar: &BusinessCalendar) -> Date {
    let date = calendar.local_date(deadline);
    let closes_in_time = calendar.closing_of(date) <= deadline;
    let newest = if closes_in_time { date } else { date.pred_opt().unwrap_or(date) };
    calendar.business_day_on_or_before(newest)
}

/// Whether a moment has a local date in every zone.
pub(super) fn is_civil(at: Timestamp) -> bool {
    CIVIL_YEARS.contains(&at.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveTime, Utc, Weekday};
    use chrono_tz::{America, Asia, Australia, Europe, Pacific};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn berlin() -> BusinessCalendar {
        BusinessCalendar::weekdays(Europe::Berlin)
    }

    fn new_york() -> BusinessCalendar {
        BusinessCalendar::weekdays(America::New_York)
    }

    /// Berlin, closed from Christmas Eve to New Year's Day, as much of Germany is.
    fn christmas() -> BusinessCalendar {
        let mut calendar = berlin();
        calendar.holidays.extend(day("2026-12-24").iter_days().take(9));
        calendar
    }

    fn clock_touched_at(text: &str) -> ClockState {
        let last_touch_kind = Some(TouchKind::Email);
        ClockState { last_touch_at: Some(at(text)), last_touch_kind, paused_until: None, epoch: 1 }
    }

    #[test]
    fn deadlines_and_due_moments_keep_the_local_wall_clock() {
        let table = [
            // An ordinary November: Wednesday to Wednesday, due on the Friday before.
            (berlin(), "2026-11-04T09:00:00Z", "2026-11-25T09:00:00Z", "2026-11-20T08:00:00Z"),
            // Touched at closing time: the day of the deadline itself is still in time.
            (berlin(), "2026-11-04T17:00:00Z", "2026-11-25T17:00:00Z", "2026-11-23T08:00:00Z"),
            // Spring in Berlin, on the 29th of March 2026: ten o'clock stays ten o'clock.
            (berlin(), "2026-03-18T09:00:00Z", "2026-04-08T08:00:00Z", "2026-04-03T07:00:00Z"),
            // The deadline falls into the hour that does not exist, and on a Sunday.
            (berlin(), "2026-03-08T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-25T08:00:00Z"),
            // Autumn in Berlin, on the 25th of October 2026.
            (berlin(), "2026-10-14T08:00:00Z", "2026-11-04T09:00:00Z", "2026-10-30T08:00:00Z"),
            // The deadline falls into the hour that comes twice: the first of the two.
            (berlin(), "2026-10-04T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-21T07:00:00Z"),
            // Spring in New York, on the 8th of March 2026.
            (new_york(), "2026-02-25T15:00:00Z", "2026-03-18T14:00:00Z", "2026-03-13T13:00:00Z"),
            // Autumn in New York, on the 1st of November 2026.
            (new_york(), "2026-10-21T14:00:00Z", "2026-11-11T15:00:00Z", "2026-11-06T14:00:00Z"),
            // Late in the evening of New York it is already tomorrow in UTC.
            (new_york(), "2026-06-02T03:30:00Z", "2026-06-23T03:30:00Z", "2026-06-18T13:00:00Z"),
            // Over Christmas: the deadline of the 28th is met before the closing on the 24th.
            (christmas(), "2026-12-07T09:00:00Z", "2026-12-28T09:00:00Z", "2026-12-21T08:00:00Z"),
            // The deadline of the 6th of January leaves two business days of the new year.
            (christmas(), "2026-12-16T17:00:00Z", "2027-01-06T17:00:00Z", "2027-01-04T08:00:00Z"),
        ];
        for (calendar, last, deadline_at, due_at) in table {
            assert_eq!(deadline(at(last), &calendar), at(deadline_at), "deadline of {last}");
            let due = next_touch_due(Some(at(last)), &calendar);
            assert_eq!(due, at(due_at), "due moment of {last}");
        }
    }

    #[test]
    fn a_closure_longer_than_the_clock_leaves_an_hour_of_rest() {
        let mut calendar = berlin();
        calendar.holidays.extend(day("2026-08-01").iter_days().take(40));
        let last = at("2026-08-03T09:00:00Z");
        assert_eq!(next_touch_due(Some(last), &calendar), at("2026-08-03T10:00:00Z"));
    }

    #[test]
    fn a_clock_goes_from_fresh_to_overdue() {
        let calendar = berlin();
        let clock = clock_touched_at("2026-11-04T09:00:00Z");
        let due = at("2026-11-20T08:00:00Z");
        let table = [
            ("2026-11-04T09:00:00Z", ClockStanding::Fresh { due }),
            ("2026-11-20T07:59:59Z", ClockStanding::Fresh { due }),
            ("2026-11-20T08:00:00Z", ClockStanding::Due { since: due }),
            ("2026-11-25T09:00:00Z", ClockStanding::Due { since: due }),
            ("2026-11-25T09:00:01Z", ClockStanding::Overdue { days_overdue: 1 }),
            ("2026-11-26T08:59:59Z", ClockStanding::Overdue { days_overdue: 1 }),
            ("2026-11-26T09:00:01Z", ClockStanding::Overdue { days_overdue: 2 }),
        ];
        for (now, expected) in table {
            assert_eq!(standing(&clock, at(now), &calendar), expected, "{now}");
        }
        let untouched = ClockState::default();
        let now = at("2026-11-26T09:00:01Z");
        assert_eq!(standing(&untouched, now, &calendar), ClockStanding::NeverTouched);
    }

    #[test]
    fn a_pause_hides_the_clock_and_moves_no_deadline() {
        let calendar = berlin();
        let until = at("2026-12-01T09:00:00Z");
        let mut clock = clock_touched_at("2026-11-04T09:00:00Z");
        clock.paused_until = Some(until);
        let before = at("2026-12-01T08:59:59Z");
        assert_eq!(standing(&clock, before, &calendar), ClockStanding::Paused { until });
        let overdue = ClockStanding::Overdue { days_overdue: 7 };
        assert_eq!(standing(&clock, until, &calendar), overdue);
        clock.last_touch_at = None;
        assert_eq!(standing(&clock, before, &calendar), ClockStanding::Paused { until });
    }

    #[test]
    fn late_and_repeated_touches_change_nothing() {
        let calendar = berlin();
        let mut clock = clock_touched_at("2026-11-04T09:00:00Z");
        clock.paused_until = Some(at("2026-12-01T09:00:00Z"));
        for stale in ["2026-11-04T09:00:00Z", "2026-11-04T08:59:59Z"] {
            assert_eq!(touched(&clock, at(stale), TouchKind::Call, &calendar), None);
        }
        let later = at("2026-11-05T09:00:00Z");
        let result = touched(&clock, later, TouchKind::InboundEmail, &calendar).unwrap();
        let expected = ClockState {
            last_touch_at: Some(later),
            last_touch_kind: Some(TouchKind::InboundEmail),
            paused_until: clock.paused_until,
            epoch: 2,
        };
        assert_eq!(result.state, expected);
        assert_eq!(result.next_touch_due, next_touch_due(Some(later), &calendar));
        assert_eq!(touched(&result.state, later, TouchKind::Email, &calendar), None);
    }

    #[test]
    fn the_ends_of_time_are_no_reason_to_panic() {
        let calendar = BusinessCalendar::weekdays(Pacific::Apia);
        for last in [Timestamp::MIN_UTC, Timestamp::MAX_UTC, at("9999-12-31T23:59:59Z")] {
            let due = next_touch_due(Some(last), &calendar);
            assert!(last <= due && due <= deadline(last, &calendar), "{last}");
        }
        let clock = ClockState { last_touch_at: Some(Timestamp::MIN_UTC), ..ClockState::default() };
        let end = Timestamp::MAX_UTC;
        assert!(matches!(standing(&clock, end, &calendar), ClockStanding::Overdue { .. }));
    }

    /// Zones with changes at midnight, of half an hour and of a whole day among them.
    fn any_zone() -> impl Strategy<Value = crate::time::Tz> {
        prop::sample::select(vec![
            Europe::Berlin,
            America::New_York,
            America::Santiago,
            America::Sao_Paulo,
            Asia::Kolkata,
            Asia::Beirut,
            Australia::Lord_Howe,
            Pacific::Apia,
        ])
    }

    /// Calendars that pass validation, some of them closed for months.
    fn any_calendar() -> impl Strategy<Value = BusinessCalendar> {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let week = vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun];
        let business_days = prop::sample::subsequence(week, 1..=7);
        let hours = (0..1_439_u32, 1..1_440_u32).prop_map(|(a, b)| (a.min(b), a.max(b).max(a + 1)));
        let closures = prop::collection::vec((0..800_u64, 1..60_usize), 0..12);
        (any_zone(), business_days, hours, closures).prop_map(
            |(zone, business_days, hours, shut)| {
                let clock =
                    |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
                let first = day("2010-12-01");
                let holidays = shut
                    .into_iter()
                    .flat_map(|(start, length)| {
                        (first + Days::new(start)).iter_days().take(length).collect::<Vec<_>>()
                    })
                    .collect();
                let (opens_at, closes_at) = (clock(hours.0), clock(hours.1));
                BusinessCalendar { zone, business_days, opens_at, closes_at, holidays }
            },
        )
    }

    /// Two years around the day that Samoa skipped, to the second.
    fn any_moment() -> impl Strategy<Value = Timestamp> {
        (1_291_161_600_i64..1_354_320_000).prop_map(|s| DateTime::from_timestamp(s, 0).unwrap())
    }

    proptest! {
        #[test]
        fn a_touch_falls_due_in_time_and_at_an_opening(
            calendar in any_calendar(),
            last in any_moment(),
        ) {
            prop_assert_eq!(calendar.validate(), Ok(()));
            let deadline = deadline(last, &calendar);
            let due = next_touch_due(Some(last), &calendar);
            prop_assert!(last < due);
            prop_assert!(due <= deadline);
            let rested = last + TimeDelta::hours(REST_AFTER_TOUCH_HOURS);
            if due != rested {
                // A day that Samoa skipped opens, as it were, with the day after it.
                let days = [calendar.local_date(due), calendar.local_date(due).pred_opt().unwrap()];
                let opens = |day: &Date| {
                    calendar.is_business_day(*day) && calendar.opening_of(*day) == due
                };
                prop_assert!(days.iter().any(opens));
            }
            prop_assert!((20..=23).contains(&whole_days(last, deadline)));
        }

        #[test]
        fn a_clock_only_ages(
            calendar in any_calendar(),
            last in any_moment(),
            earlier in any_moment(),
            later in any_moment(),
        ) {
            let age = |now: Timestamp| {
                let clock = ClockState { last_touch_at: Some(last), ..ClockState::default() };
                match standing(&clock, now, &calendar) {
                    ClockStanding::Fresh { .. } => -1,
                    ClockStanding::Due { .. } => 0,
                    ClockStanding::Overdue { days_overdue } => days_overdue,
                    other @ (ClockStanding::NeverTouched | ClockStanding::Paused { .. }) => {
                        panic!("a touched clock without a pause stands at {other:?}")
                    }
                }
            };
            prop_assert!(age(earlier.min(later)) <= age(earlier.max(later)));
        }

        #[test]
        fn any_order_of_delivery_ends_in_the_same_touch(
            calendar in any_calendar(),
            mut moments in prop::collection::vec(any_moment(), 1..8),
        ) {
            let play = |moments: &[Timestamp]| {
                moments.iter().fold(ClockState::default(), |clock, at| {
                    touched(&clock, *at, TouchKind::Email, &calendar)
                        .map_or(clock, |result| result.state)
                })
            };
            let as_delivered = play(&moments);
            moments.sort();
            prop_assert_eq!(as_delivered.last_touch_at, play(&moments).last_touch_at);
        }
    }
}
