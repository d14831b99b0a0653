//! Days and moments.

use std::borrow::Cow;

use chrono::Datelike;
use domain::time::{Date, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// Years that databases and calendars agree on.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;
/// Characters of a day: `2026-05-04`.
const DAY_CHARS: usize = 10;

/// A calendar day, such as `2026-05-04`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Day(pub Date);

impl Day {
    /// Reads a day.
    pub fn parse(text: &str) -> Option<Self> {
        let day: Date = text.parse().ok().filter(|_| text.len() == DAY_CHARS)?;
        YEARS.contains(&day.year()).then_some(Self(day))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("is no day such as 2026-05-04"))
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// A moment, as RFC 3339 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// Reads a moment.
    pub fn parse(text: &str) -> Option<Self> {
        let at = chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        YEARS.contains(&at.year()).then_some(Self(at))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom("is no moment such as 2026-05-04T09:00:00Z"))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        assert!(Day::parse("2026-05-04").is_some() && Day::parse("2024-02-29").is_some());
        for bad in ["2026-5-4", "2026-02-30", "+12026-05-04", "0000-01-01", "2026-05-04T00:00"] {
            assert!(Day::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_moment_has_a_zone() {
        assert!(Moment::parse("2026-05-04T09:00:00+02:00").is_some());
        for bad in ["2026-05-04T09:00:00", "2026-05-04", "now", "+10000-01-01T00:00:00Z"] {
            assert!(Moment::parse(bad).is_none(), "{bad}");
        }
    }
}
