//! Dates and times as other people write them.

use std::collections::HashMap;

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Utc,
    format::{Item, Parsed, StrftimeItems, parse},
};
use domain::time::{BusinessCalendar, Date, Timestamp, Tz};

use crate::{cell::Refusal, fault::shown};

/// Years that a business record can be about. Anything else is a year of two digits, or a typing error.
const YEARS: std::ops::RangeInclusive<i32> = 1_800..=2_199;
/// How a moment may be written where no format is given, besides with an offset (RFC 3339).
const LOCAL_FORMATS: &[&str] =
    &["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
/// The key under `[dates]` that holds for all columns.
pub(crate) const FORMAT_KEY: &str = "format";

/// A format of dates, read once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DateFormat {
    text: String,
    items: Vec<Item<'static>>,
}

impl DateFormat {
    /// Reads a format such as `%d.%m.%Y`; `None` if it is none, or names no day.
    pub fn new(text: &str) -> Option<Self> {
        let items = StrftimeItems::new(text).parse_to_owned().ok()?;
        let has_fields = items.iter().any(|item| {
            !matches!(
                item,
                Item::Literal(_) | Item::OwnedLiteral(_) | Item::Space(_) | Item::OwnedSpace(_)
            )
        });
        has_fields.then(|| Self { text: text.to_owned(), items })
    }
}

/// How a file writes dates.
pub(crate) struct Dates {
    calendar: BusinessCalendar,
    formats: HashMap<String, DateFormat>,
}

/// What a cell says of time.
enum Written {
    Day(NaiveDate),
    Local(NaiveDateTime),
    Moment(Timestamp),
}

impl Dates {
    /// The formats by column, with [`FORMAT_KEY`] for all others, and the zone of times without one.
    pub fn new(zone: Tz, formats: HashMap<String, DateFormat>) -> Self {
        Self { calendar: BusinessCalendar::weekdays(zone), formats }
    }

    /// The local day that a cell names.
    pub fn day(&self, column: &str, text: &str) -> Result<Date, Refusal> {
        let day = match self.read(column, text)? {
            Written::Day(day) => day,
            Written::Local(local) => local.date(),
            Written::Moment(moment) => self.calendar.local_date(moment),
        };
        within_years(day, text)?;
        Ok(day)
    }

    /// The moment that a cell names: a time without a zone is local, a day begins at its midnight.
    ///
    /// A local time that a night skips or doubles is read as [`BusinessCalendar::moment`] says.
    pub fn moment(&self, column: &str, text: &str) -> Result<Timestamp, Refusal> {
        let moment = match self.read(column, text)? {
            Written::Day(day) => self.calendar.start_of(day),
            Written::Local(local) => self.calendar.moment(local.date(), local.time()),
            Written::Moment(moment) => moment,
        };
        within_years(moment.date_naive(), text)?;
        Ok(moment)
    }

    /// The local day of a moment.
    pub fn local_date(&self, moment: Timestamp) -> Date {
        self.calendar.local_date(moment)
    }

    fn read(&self, column: &str, text: &str) -> Result<Written, Refusal> {
        match self.formats.get(column).or_else(|| self.formats.get(FORMAT_KEY)) {
            Some(format) => read_as(format, text).ok_or_else(|| {
                (
                    format!("`{}` is not a date written as {}", shown(text), format.text),
                    "mend it, or set the format under [dates] in the map".to_owned(),
                )
            }),
            None => read_iso(text).ok_or_else(|| {
                (
                    format!("`{}` is not a date such as 2026-10-24", shown(text)),
                    "set the file's own format under [dates] in the map, such as format = \"%d.%m.%Y\""
                        .to_owned(),
                )
            }),
        }
    }
}

fn read_as(format: &DateFormat, text: &str) -> Option<Written> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, format.items.iter()).ok()?;
    if let Ok(moment) = parsed.to_datetime() {
        return Some(Written::Moment(moment.with_timezone(&Utc)));
    }
    if let Ok(local) = parsed.to_naive_datetime_with_offset(0) {
        return Some(Written::Local(local));
    }
    parsed.to_naive_date().ok().map(Written::Day)
}

fn read_iso(text: &str) -> Option<Written> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(Written::Day(day));
    }
    let locals = LOCAL_FORMATS.iter();
    if let Some(local) =
        locals.flat_map(|format| NaiveDateTime::parse_from_str(text, format)).next()
    {
        return Some(Written::Local(local));
    }
    let moment = text.parse::<DateTime<FixedOffset>>().ok()?;
    Some(Written::Moment(moment.with_timezone(&Utc)))
}

fn within_years(day: Date, text: &str) -> Result<(), Refusal> {
    if YEARS.contains(&day.year()) {
        return Ok(());
    }
    Err((
        format!("`{}` is in the year {}", shown(text), day.year()),
        "check it; a year of two digits is written %y in the map's [dates]".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(format: Option<&str>) -> Dates {
        let format = format.map(|text| (FORMAT_KEY.to_owned(), DateFormat::new(text).unwrap()));
        Dates::new("Europe/Berlin".parse().unwrap(), format.into_iter().collect())
    }

    fn day(format: Option<&str>, text: &str) -> Option<String> {
        dates(format).day("due_on", text).ok().map(|day| day.to_string())
    }

    fn moment(format: Option<&str>, text: &str) -> Option<String> {
        dates(format).moment("opened_at", text).ok().map(|moment| moment.to_rfc3339())
    }

    #[test]
    fn days_are_read_in_our_way_and_in_theirs() {
        let expected = Some("2026-10-24".to_owned());
        for text in [
            "2026-10-24",
            "2026-10-24 23:59:59.000",
            "2026-10-24T08:00",
            "2026-10-24T00:30:00+02:00",
        ] {
            assert_eq!(day(None, text), expected, "{text}");
        }
        // Half past eleven at night in Iceland is the next day in Berlin.
        assert_eq!(day(None, "2026-10-23T23:30:00Z"), expected);
        assert_eq!(day(Some("%d.%m.%Y"), "24.10.2026"), expected);
        assert_eq!(day(Some("%d-%m-%y"), "24-10-26"), expected);
        assert_eq!(day(Some("%d-%m-%y"), "24-10-98"), Some("1998-10-24".to_owned()));
        assert_eq!(day(Some("%Y-%m-%d %H:%M:%S%.f"), "2026-10-24 00:00:00.000"), expected);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["2026-02-30", "24.10.2026", "0026-10-24", "tomorrow", "9999-01-01"] {
            assert_eq!(day(None, text), None, "{text}");
        }
        assert_eq!(day(Some("%d-%m-%Y"), "24-10-26"), None);
        assert!(DateFormat::new("%Q").is_none());
        assert!(DateFormat::new("d.m.Y").is_none());
    }

    #[test]
    fn a_time_without_a_zone_is_local_also_on_the_night_that_changes_the_clocks() {
        assert_eq!(moment(None, "2027-01-10").unwrap(), "2027-01-09T23:00:00+00:00");
        assert_eq!(moment(None, "2027-07-10 09:00").unwrap(), "2027-07-10T07:00:00+00:00");
        assert_eq!(moment(None, "2027-03-28 02:30:00").unwrap(), "2027-03-28T01:00:00+00:00");
        assert_eq!(moment(None, "2027-10-31 02:30:00").unwrap(), "2027-10-31T00:30:00+00:00");
        assert_eq!(moment(None, "2027-07-10T09:00:00Z").unwrap(), "2027-07-10T09:00:00+00:00");
        assert_eq!(
            moment(Some("%d.%m.%Y %H:%M %z"), "10.07.2027 09:00 +0200").unwrap(),
            "2027-07-10T07:00:00+00:00"
        );
    }
}
