//! Moments, dates and the tenant's business calendar.
//!
//! Moments are UTC; days and hours of a person's life are read in the tenant's time zone.
//! The zone rules are compiled in, so the same input gives the same answer on every machine.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday,
};
pub use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A moment, in UTC.
pub type Timestamp = DateTime<Utc>;
/// A calendar day, in whatever zone its owner lives in.
pub type Date = NaiveDate;

/// Tells the time. The live one is in `platform`; a demo tenant and the tests bring their own.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Days that a search for the next opening looks ahead: longer than any company holiday.
const LOOK_AHEAD_DAYS: u64 = 400;
/// Holidays a calendar may list: thirty years of a generous country.
const HOLIDAYS_MAX: usize = 1_000;

/// When a tenant does business, in its own time zone.
///
/// Outside these hours nothing is sent: they are the quiet hours, turned inside out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessCalendar {
    /// IANA name, such as `Europe/Berlin`.
    pub zone: Tz,
    /// Days of the week on which business is done.
    pub business_days: Vec<Weekday>,
    /// First local minute of business.
    pub opens_at: NaiveTime,
    /// First local minute after business.
    pub closes_at: NaiveTime,
    /// Local dates on which no business is done.
    #[serde(default)]
    pub holidays: BTreeSet<Date>,
}

/// A calendar that could never let anything happen, or not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCalendar {
    /// No day of business.
    #[error("business_days is empty: name at least one day, such as [\"Mon\"]")]
    NoBusinessDay,
    /// Opens after it closes.
    #[error("opens_at {opens_at} is not before closes_at {closes_at}: give the hours of one day")]
    NeverOpen {
        /// As given.
        opens_at: NaiveTime,
        /// As given.
        closes_at: NaiveTime,
    },
    /// Too many holidays.
    #[error("holidays has {0} entries, more than 1000: list the coming years only")]
    TooManyHolidays(usize),
}

impl BusinessCalendar {
    /// Monday to Friday from nine to six, without holidays.
    pub fn weekdays(zone: Tz) -> Self {
        use Weekday::{Fri, Mon, Thu, Tue, Wed};
        Self {
            zone,
            business_days: vec![Mon, Tue, Wed, Thu, Fri],
            opens_at: NaiveTime::from_hms_opt(9, 0, 0).expect("nine is an hour of the day"),
            closes_at: NaiveTime::from_hms_opt(18, 0, 0).expect("six is an hour of the day"),
            holidays: BTreeSet::new(),
        }
    }

    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<(), InvalidCalendar> {
        if self.business_days.is_empty() {
            return Err(InvalidCalendar::NoBusinessDay);
        }
        if self.closes_at <= self.opens_at {
            return Err(InvalidCalendar::NeverOpen {
                opens_at: self.opens_at,
                closes_at: self.closes_at,
            });
        }
        if HOLIDAYS_MAX < self.holidays.len() {
            return Err(InvalidCalendar::TooManyHolidays(self.holidays.len()));
        }
        Ok(())
    }

    /// The local day that a moment falls on.
    pub fn local_date(&self, at: Timestamp) -> Date {
        at.with_timezone(&self.zone).date_naive()
    }

    /// Whether business is done on this local day.
    pub fn is_business_day(&self, date: Date) -> bool {
        self.business_days.contains(&date.weekday()) && !self.holidays.contains(&date)
    }

    /// Whether business is being done at this moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.with_timezone(&self.zone);
        self.is_business_day(local.date_naive())
            && self.opens_at <= local.time()
            && local.time() < self.closes_at
    }

    /// This moment if business is open, otherwise the next opening; `None` within 400 days of closure.
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) {
            return Some(at);
        }
        let today = self.local_date(at);
        (0..LOOK_AHEAD_DAYS)
            .filter_map(|ahead| today.checked_add_days(Days::new(ahead)))
            .filter(|date| self.is_business_day(*date))
            .map(|date| self.opening_of(date))
            .find(|opening| at < *opening)
    }

    /// The moment at which a local day's business opens (or would, on a holiday).
    pub fn opening_of(&self, date: Date) -> Timestamp {
        self.moment(date, self.opens_at)
    }

    /// The moment at which a local day's business closes (or would, on a holiday).
    pub fn closing_of(&self, date: Date) -> Timestamp {
        self.moment(date, self.closes_at)
    }

    /// The first moment of a local day.
    pub fn start_of(&self, date: Date) -> Timestamp {
        self.moment(date, NaiveTime::MIN)
    }

    /// The last business day on or before a date; the date itself if there is none within 400 days.
    pub fn business_day_on_or_before(&self, date: Date) -> Date {
        (0..LOOK_AHEAD_DAYS)
            .filter_map(|back| date.checked_sub_days(Days::new(back)))
            .find(|day| self.is_business_day(*day))
            .unwrap_or(date)
    }

    /// Goes back over `count` business days from the last one on or before `date`.
    pub fn business_days_back(&self, date: Date, count: u32) -> Date {
        let mut day = self.business_day_on_or_before(date);
        for _ in 0..count {
            let Some(previous) = day.pred_opt() else { return day };
            day = self.business_day_on_or_before(previous);
        }
        day
    }

    /// A local wall-clock time as a moment.
    ///
    /// Twice in autumn means the first; skipped in spring means the first moment after the gap.
    pub fn moment(&self, date: Date, time: NaiveTime) -> Timestamp {
        let local = date.and_time(time);
        (0..=GAP_STEPS_MAX)
            .filter_map(|steps| {
                let shifted =
                    local.checked_add_signed(TimeDelta::minutes(GAP_STEP_MINUTES * steps))?;
                self.zone.from_local_datetime(&shifted).earliest()
            })
            .next()
            .map_or_else(|| local.and_utc(), |found| found.with_timezone(&Utc))
    }
}

/// Gaps in local time are whole quarters of an hour …
const GAP_STEP_MINUTES: i64 = 15;
/// … and the longest is the day that Samoa skipped in 2011.
const GAP_STEPS_MAX: i64 = 24 * 4;

/// The hour that a moment falls in, which names the cycle that is due then.
///
/// Hours are counted in UTC, so a night that changes the clocks neither skips nor doubles one.
pub fn due_hour(at: Timestamp) -> Timestamp {
    at.with_minute(0)
        .and_then(|at| at.with_second(0))
        .and_then(|at| at.with_nanosecond(0))
        .expect("zero is a minute, a second and a nanosecond")
}

/// Whole days from one moment to another, rounded down; negative when `to` is earlier.
pub fn whole_days(from: Timestamp, to: Timestamp) -> i64 {
    to.signed_duration_since(from).num_seconds().div_euclid(SECONDS_PER_DAY)
}

/// Seconds of a civil day in UTC.
const SECONDS_PER_DAY: i64 = 86_400;

/// The first day of the quarter after the one that a date falls in.
pub fn next_quarter_start(date: Date) -> Date {
    let first_month_of_next = (date.month0() / 3 + 1) * 3 + 1;
    let (year, month) = if 12 < first_month_of_next {
        (date.year() + 1, 1)
    } else {
        (date.year(), first_month_of_next)
    };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn berlin() -> BusinessCalendar {
        BusinessCalendar::weekdays(chrono_tz::Europe::Berlin)
    }

    #[test]
    fn quiet_hours_follow_the_local_clock_over_both_changes() {
        let calendar = berlin();
        // 26 March 2027 is a Friday before the clocks go forward on Sunday the 28th.
        assert!(!calendar.is_open(at("2027-03-26T07:59:59Z")));
        assert!(calendar.is_open(at("2027-03-26T08:00:00Z")));
        assert_eq!(
            calendar.next_open(at("2027-03-26T17:00:00Z")),
            Some(at("2027-03-29T07:00:00Z"))
        );
        // 29 October 2027 is a Friday before they go back on Sunday the 31st.
        assert_eq!(
            calendar.next_open(at("2027-10-29T16:00:00Z")),
            Some(at("2027-11-01T08:00:00Z"))
        );
    }

    #[test]
    fn a_time_that_does_not_exist_is_the_first_after_the_gap() {
        let half_past_two = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let skipped = berlin().moment(NaiveDate::from_ymd_opt(2027, 3, 28).unwrap(), half_past_two);
        assert_eq!(skipped, at("2027-03-28T01:00:00Z"));
        let doubled =
            berlin().moment(NaiveDate::from_ymd_opt(2027, 10, 31).unwrap(), half_past_two);
        assert_eq!(doubled, at("2027-10-31T00:30:00Z"));
    }

    #[test]
    fn holidays_and_weekends_are_stepped_over() {
        let mut calendar = berlin();
        let day = |text: &str| text.parse::<Date>().unwrap();
        calendar.holidays.extend([day("2026-12-25"), day("2027-01-01")]);
        assert_eq!(calendar.business_day_on_or_before(day("2026-12-27")), day("2026-12-24"));
        assert_eq!(calendar.business_days_back(day("2026-12-28"), 1), day("2026-12-24"));
        assert_eq!(
            calendar.next_open(at("2026-12-24T20:00:00Z")),
            Some(at("2026-12-28T08:00:00Z"))
        );
    }

    #[test]
    fn a_calendar_that_never_opens_is_refused() {
        let mut calendar = berlin();
        calendar.business_days.clear();
        assert_eq!(calendar.validate(), Err(InvalidCalendar::NoBusinessDay));
        assert_eq!(calendar.next_open(at("2027-03-26T07:59:59Z")), None);
    }

    #[test]
    fn quarters_end_where_they_should() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(next_quarter_start(day("2026-11-22")), day("2027-01-01"));
        assert_eq!(next_quarter_start(day("2026-03-31")), day("2026-04-01"));
    }
}
