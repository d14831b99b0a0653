//! The 21 days, looked at from their end.

use chrono::Days;

use super::{ENGAGEMENT_DAYS, clock::is_civil};
use crate::time::{BusinessCalendar, Timestamp};

/// The earliest last touch that is still in time: the deadline, walked backwards.
pub fn in_time_since(now: Timestamp, calendar: &BusinessCalendar) -> Timestamp {
    let in_utc = now.checked_sub_days(Days::new(ENGAGEMENT_DAYS)).unwrap_or(Timestamp::MIN_UTC);
    if !is_civil(now) || !is_civil(in_utc) {
        return in_utc;
    }
    let local = now.with_timezone(&calendar.zone);
    local
        .date_naive()
        .checked_sub_days(Days::new(ENGAGEMENT_DAYS))
        .map_or(in_utc, |date| calendar.moment(date, local.time()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::deadline;

    #[test]
    fn the_window_is_the_deadline_walked_backwards() {
        let calendar = BusinessCalendar::weekdays(chrono_tz::Europe::Berlin);
        // From before the clocks go forward in March 2027 to after it.
        let now = chrono::DateTime::parse_from_rfc3339("2027-04-05T10:00:00Z").unwrap().to_utc();
        let edge = in_time_since(now, &calendar);
        assert_eq!(deadline(edge, &calendar), now);
        assert_eq!(in_time_since(Timestamp::MIN_UTC, &calendar), Timestamp::MIN_UTC);
    }
}
