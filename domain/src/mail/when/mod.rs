//! Days and hours as people write them, in the time of whoever wrote.
//!
//! What lives here: finding them in a sentence, and the moment that each stands for, counted from
//! when the mail was sent. What does not: what is to happen then.
//!
//! "3/12" is the third of December, except to whoever writes from an American time zone. A year that
//! is not written is the one that makes the day the nearest to come; a day that has passed is no
//! deadline. A day without an hour lasts until its end.

mod day;
mod hour;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use chrono::{FixedOffset, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub(super) use self::words::Lead;
use super::{Headers, Span, sentence::Sentence};
use crate::time::{Date, Timestamp};

/// Seconds east of Greenwich between which the Americas live.
const AMERICAN_OFFSETS: Range<i32> = -10 * 3_600..-4 * 3_600 + 1;
/// Words between a moment and what leads to it.
const LEAD_REACH: usize = 4;
/// Words between a day and its hour.
const JOIN_REACH: usize = 3;

/// A day, and perhaps an hour of it, that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct When {
    /// The day, where the writer is.
    pub day: Date,
    /// The hour, where the writer is or in the zone that they name, if they give one.
    pub time: Option<NaiveTime>,
    /// The moment: that hour, or the end of the day.
    pub at: Timestamp,
    /// The words that say so.
    pub span: Span,
}

/// The writer's present: when and where a mail was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    local: NaiveDateTime,
    offset: FixedOffset,
}

impl Present {
    /// By the Date header; none if there is none, as then nothing can be counted from it.
    pub(super) fn of(headers: &Headers) -> Option<Self> {
        let offset = FixedOffset::east_opt(headers.sent_offset_seconds)?;
        let local = headers.sent_at?.with_timezone(&offset).naive_local();
        Some(Self { local, offset })
    }

    const fn is_american(&self) -> bool {
        let east = self.offset.local_minus_utc();
        AMERICAN_OFFSETS.start <= east && east < AMERICAN_OFFSETS.end
    }

    /// The moment of an hour on a day; of the whole day, its last second.
    fn moment(&self, day: Date, time: Option<NaiveTime>, zone: Option<Tz>) -> Option<Timestamp> {
        let last = NaiveTime::from_hms_opt(23, 59, 59)?;
        let local = day.and_time(time.unwrap_or(last));
        let at = match zone {
            Some(zone) => zone.from_local_datetime(&local).latest()?.to_utc(),
            None => self.offset.from_local_datetime(&local).latest()?.to_utc(),
        };
        Some(at)
    }
}

/// A moment in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expression {
    /// The first of its words.
    pub(super) start: usize,
    /// What leads to it.
    pub(super) lead: Lead,
    pub(super) when: When,
}

/// A piece of an expression: a day or an hour.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    day: Option<Date>,
    time: Option<NaiveTime>,
    zone: Option<Tz>,
}

/// Every moment that a sentence names, in order.
pub(super) fn find(sentence: &Sentence, present: &Present) -> Vec<Expression> {
    let mut found = Vec::new();
    let mut pieces = pieces(sentence, present).into_iter().peekable();
    while let Some(first) = pieces.next() {
        let mut whole = first;
        // "By 3 PM on Thursday", "on Thursday at three": one of each makes a whole.
        if let Some(second) = pieces.peek()
            && joins(sentence, &whole, second)
        {
            whole = Piece {
                start: whole.start,
                end: second.end,
                day: whole.day.or(second.day),
                time: whole.time.or(second.time),
                zone: whole.zone.or(second.zone),
            };
            pieces.next();
        }
        found.extend(expression(sentence, present, &whole));
    }
    found
}

fn pieces(sentence: &Sentence, present: &Present) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < sentence.words.len() {
        let piece = hour::at(sentence, at)
            .map(|(time, zone, end)| Piece { start: at, end, day: None, time: Some(time), zone })
            .or_else(|| {
                let (day, time, end) = day::at(sentence, at, present)?;
                Some(Piece { start: at, end, day: Some(day), time, zone: None })
            });
        at = piece.map_or(at + 1, |piece| piece.end.max(at + 1));
        pieces.extend(piece);
    }
    pieces
}

fn joins(sentence: &Sentence, first: &Piece, second: &Piece) -> bool {
    let is_one_of_each = first.day.is_some() != second.day.is_some();
    let between = sentence.words.get(first.end..second.start).unwrap_or_default();
    is_one_of_each
        && between.len() <= JOIN_REACH
        && between.iter().all(|word| word.is_one_of(words::JOINERS))
}

fn expression(sentence: &Sentence, present: &Present, piece: &Piece) -> Option<Expression> {
    let time = piece.time;
    let today = present.local.date();
    // An hour alone is the next one of that name.
    let day = match (piece.day, time) {
        (Some(day), _) => day,
        (None, Some(time)) if present.local.time() < time => today,
        (None, _) => today.succ_opt()?,
    };
    let at = present.moment(day, time, piece.zone)?;
    let sent = present.offset.from_local_datetime(&present.local).single()?.to_utc();
    if at < sent || TimeDelta::days(FAR_DAYS) < at - sent {
        return None;
    }
    let words = sentence.words.get(piece.start..piece.end)?;
    let (first, last) = (words.first()?, words.last()?);
    let span = Span { start: first.span.start, end: last.span.end };
    let lead = lead(sentence, piece.start);
    Some(Expression { start: piece.start, lead, when: When { day, time, at, span } })
}

/// Nobody asks for something in ten years: what looks so far off is a number of something.
const FAR_DAYS: i64 = 1_200;

/// What leads to a moment: the nearest such word before it, with nothing but articles between.
fn lead(sentence: &Sentence, start: usize) -> Lead {
    // "Within three days" says so itself.
    if let Some((Lead::By, _)) = words::LEADS.at(sentence, start) {
        return Lead::By;
    }
    let leads = (start.saturating_sub(LEAD_REACH)..start).rev().filter_map(|at| {
        let (lead, end) = words::LEADS.at(sentence, at)?;
        let between = sentence.words.get(end..start)?;
        between.iter().all(|word| word.is_one_of(words::JOINERS)).then_some(lead)
    });
    // "On" and its like may stand behind what leads: "by, at the latest, on Monday".
    leads.into_iter().find(|lead| *lead != Lead::On).unwrap_or(Lead::On)
}
