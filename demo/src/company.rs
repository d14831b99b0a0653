//! The company of the demo: its name, its hours, and its own clock.
//!
//! What lives here: the tenant and the arithmetic of its days.
//! What does not: anybody it deals with.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use domain::{
    action::TenantMode,
    money::{Currency, Money},
    tenant::TenantSettings,
    time::{BusinessCalendar, Date, Timestamp},
};
use store::tenant::NewTenant;

/// Short name of the demo's tenant.
pub const TENANT: &str = "demo";
/// The provider whose word on senders the demo's mailbox trusts.
pub const AUTHSERV_ID: &str = "mx.demo.example";
/// The tenant's own address, from which it writes and at which it is written to.
pub const ADDRESS: &str = "care@fennbrook.example";
/// Who signs its letters.
pub const SENDER: &str = "Mara Feldt";
/// The company's name.
pub(crate) const COMPANY: &str = "Fennbrook Supply GmbH";

/// Days that the demo has rows ahead for: 2 March to 1 May 2026.
pub const DAYS_AHEAD: i64 = 60;

/// The day on which the demo's clock starts: a Monday, so that the first week is a whole one.
fn start_date() -> Date {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("the second of March is a day")
}

/// Public holidays of the demo's year, all over Germany.
const HOLIDAYS_2026: [(u32, u32); 9] =
    [(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)];

/// The moment at which the demo's own clock starts: the opening of a business day, 09:00 in Berlin.
pub fn starts_at() -> Timestamp {
    calendar().opening_of(start_date())
}

/// When the demo's tenant does business.
pub fn calendar() -> BusinessCalendar {
    let zone = "Europe/Berlin".parse().expect("Berlin is in the list of zones");
    let holidays: BTreeSet<Date> = HOLIDAYS_2026
        .iter()
        .filter_map(|(month, day)| NaiveDate::from_ymd_opt(2026, *month, *day))
        .collect();
    BusinessCalendar { holidays, ..BusinessCalendar::weekdays(zone) }
}

/// The tenant as it is made: autonomous, because all its letters go to files, on its own clock.
pub fn new_tenant() -> NewTenant {
    NewTenant {
        slug: TENANT.to_owned(),
        name: COMPANY.to_owned(),
        sender_name: SENDER.to_owned(),
        mode: TenantMode::Autonomous,
        currency: euro(),
        calendar: calendar(),
        settings: TenantSettings::default(),
        simulated_now: Some(starts_at()),
    }
}

/// The currency of nearly all of the world.
pub(crate) fn euro() -> Currency {
    Currency::parse("EUR").expect("the euro is a currency")
}

/// An amount from minor units.
pub(crate) fn eur(minor: i64) -> Money {
    Money::new(minor, euro())
}

/// An amount from whole units, as minor units.
pub(crate) const fn cents(major: i64) -> i64 {
    major * 100
}

/// The day that lies so many days after the start; before it, if negative.
pub(crate) fn day(offset: i64) -> Date {
    start_date() + TimeDelta::days(offset)
}

/// The last business day on or before that day.
pub(crate) fn business_day(offset: i64) -> Date {
    calendar().business_day_on_or_before(day(offset))
}

/// Some days after a date.
pub(crate) fn later(date: Date, days: u64) -> Date {
    date + Days::new(days)
}

/// A local time on the day that lies so many days after the start.
pub(crate) fn moment(offset: i64, hour: u32, minute: u32) -> Timestamp {
    moment_on(day(offset), hour, minute)
}

/// A local time on a day.
pub(crate) fn moment_on(date: Date, hour: u32, minute: u32) -> Timestamp {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).expect("the world's times are of a clock");
    calendar().moment(date, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_starts_when_business_opens() {
        assert!(calendar().validate().is_ok());
        assert!(calendar().is_open(starts_at()));
        assert_eq!(starts_at().to_rfc3339(), "2026-03-02T08:00:00+00:00");
        assert_eq!(day(DAYS_AHEAD).to_string(), "2026-05-01");
    }
}
