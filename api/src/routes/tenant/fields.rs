//! What a tenant is made of, on the wire.

use std::collections::BTreeSet;

use chrono::{NaiveTime, Weekday};
use domain::{
    cycle::Budgets,
    money::BasisPoints,
    tenant::TenantSettings,
    time::{BusinessCalendar, Tz},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    error::{ApiError, ApiResult},
    wire::{BasisPointsUpTo, Day, Line, Whole},
};

/// What an owner may change of a tenant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TenantProfile")]
pub struct Fields {
    /// Its name in letters.
    pub name: Line<200>,
    /// The name under letters.
    pub sender_name: Line<200>,
    /// When it does business.
    pub calendar: Calendar,
    /// How freely and how exactly the agent works.
    pub settings: Settings,
}

/// When a tenant does business: letters leave in its hours alone, and its days are its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// IANA time zone, such as `Europe/Berlin`.
    pub zone: Zone,
    /// Days of the week on which business is done; one at least.
    #[serde(default = "weekdays")]
    #[schemars(length(min = 1))]
    pub business_days: BTreeSet<DayOfWeek>,
    /// The first local minute of business.
    #[serde(default = "opening")]
    pub opens_at: Clock,
    /// The first local minute after business.
    #[serde(default = "closing")]
    pub closes_at: Clock,
    /// Local days on which no business is done.
    #[serde(default)]
    pub holidays: Vec<Day>,
}

fn weekdays() -> BTreeSet<DayOfWeek> {
    let usual = usual().business_days;
    WEEK.iter().filter(|(_, day)| usual.contains(day)).map(|(day, _)| *day).collect()
}

fn opening() -> Clock {
    Clock(usual().opens_at)
}

fn closing() -> Clock {
    Clock(usual().closes_at)
}

/// What is usual where nothing is named.
fn usual() -> BusinessCalendar {
    BusinessCalendar::weekdays(Tz::UTC)
}

/// A day of the week.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum DayOfWeek {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

const WEEK: [(DayOfWeek, Weekday); 7] = [
    (DayOfWeek::Mon, Weekday::Mon),
    (DayOfWeek::Tue, Weekday::Tue),
    (DayOfWeek::Wed, Weekday::Wed),
    (DayOfWeek::Thu, Weekday::Thu),
    (DayOfWeek::Fri, Weekday::Fri),
    (DayOfWeek::Sat, Weekday::Sat),
    (DayOfWeek::Sun, Weekday::Sun),
];

/// A time zone.
#[derive(Clone, Copy, Debug)]
pub struct Zone(pub Tz);

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let zone = text.parse().map(Self);
        zone.map_err(|_| D::Error::custom("is no IANA time zone such as Europe/Berlin"))
    }
}

impl JsonSchema for Zone {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["Europe/Berlin"] })
    }
}

/// A time of the day, such as `09:00`.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub NaiveTime);

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%H:%M"))
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let clock = NaiveTime::parse_from_str(&text, "%H:%M").ok().filter(|_| text.len() == 5);
        clock.map(Self).ok_or_else(|| D::Error::custom("is no time of the day such as 09:00"))
    }
}

impl JsonSchema for Clock {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clock".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" })
    }
}

/// The policy's settings.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicySettings")]
pub struct Settings {
    /// How much effect one cycle may have.
    pub budgets: CycleBudgets,
    /// How far an order's unit price may be from the book's, in minor units.
    pub price_tolerance_minor: Whole<0, 1_000_000_000>,
    /// The same as a share; the larger of the two holds.
    pub price_tolerance_bp: BasisPointsUpTo<10_000>,
    /// How far a total may be from what its lines add up to, in minor units.
    pub total_tolerance_minor: Whole<0, 1_000_000_000>,
    /// The discount that an order may have without a price's leave.
    pub discount_max_bp: BasisPointsUpTo<10_000>,
    /// Hours that an action waits for a person before it expires.
    pub approval_hours: Whole<1, 2_160>,
    /// Hours that a permitted action waits for its turn before its facts are too old.
    pub proposal_hours: Whole<1, 2_160>,
}

/// How much effect one cycle may have.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CycleBudgets")]
pub struct CycleBudgets {
    /// Letters that may leave in one cycle.
    pub letters_per_cycle: Whole<0, 10_000>,
    /// Letters that may leave in 24 hours.
    pub letters_per_day: Whole<0, 100_000>,
    /// Tasks that people may be given in one cycle.
    pub tasks_per_cycle: Whole<0, 10_000>,
    /// Other changes to the records in one cycle.
    pub changes_per_cycle: Whole<0, 100_000>,
}

fn number<const MIN: i64, const MAX: i64>(it: Whole<MIN, MAX>) -> u32 {
    u32::try_from(it.0).unwrap_or(u32::MAX)
}

impl Calendar {
    /// A calendar as it is shown.
    pub fn of(calendar: &BusinessCalendar) -> Self {
        let day = |it: &Weekday| WEEK.iter().find(|(_, day)| day == it).map(|(name, _)| *name);
        Self {
            zone: Zone(calendar.zone),
            business_days: calendar.business_days.iter().filter_map(day).collect(),
            opens_at: Clock(calendar.opens_at),
            closes_at: Clock(calendar.closes_at),
            holidays: calendar.holidays.iter().map(|it| Day(*it)).collect(),
        }
    }

    /// The calendar that is meant.
    pub fn read(&self) -> ApiResult<BusinessCalendar> {
        let is_named = |(name, _): &&(DayOfWeek, Weekday)| self.business_days.contains(name);
        let calendar = BusinessCalendar {
            zone: self.zone.0,
            business_days: WEEK.iter().filter(is_named).map(|(_, day)| *day).collect(),
            opens_at: self.opens_at.0,
            closes_at: self.closes_at.0,
            holidays: self.holidays.iter().map(|it| it.0).collect(),
        };
        let valid = calendar.validate();
        valid.map_err(|error| ApiError::field("calendar", error.to_string()))?;
        Ok(calendar)
    }
}

impl Settings {
    /// Settings as they are shown.
    pub fn of(settings: &TenantSettings) -> Self {
        let budgets = &settings.budgets;
        Self {
            budgets: CycleBudgets {
                letters_per_cycle: Whole(budgets.letters_per_cycle.into()),
                letters_per_day: Whole(budgets.letters_per_day.into()),
                tasks_per_cycle: Whole(budgets.tasks_per_cycle.into()),
                changes_per_cycle: Whole(budgets.changes_per_cycle.into()),
            },
            price_tolerance_minor: Whole(settings.price_tolerance_minor),
            price_tolerance_bp: Whole(settings.price_tolerance.0.into()),
            total_tolerance_minor: Whole(settings.total_tolerance_minor),
            discount_max_bp: Whole(settings.discount_max_bp.0.into()),
            approval_hours: Whole(settings.approval_hours.into()),
            proposal_hours: Whole(settings.proposal_hours.into()),
        }
    }

    /// The settings that are meant.
    pub fn read(&self) -> TenantSettings {
        let budgets = &self.budgets;
        TenantSettings {
            budgets: Budgets {
                letters_per_cycle: number(budgets.letters_per_cycle),
                letters_per_day: number(budgets.letters_per_day),
                tasks_per_cycle: number(budgets.tasks_per_cycle),
                changes_per_cycle: number(budgets.changes_per_cycle),
            },
            price_tolerance_minor: self.price_tolerance_minor.0,
            price_tolerance: BasisPoints(self.price_tolerance_bp.narrow()),
            total_tolerance_minor: self.total_tolerance_minor.0,
            discount_max_bp: BasisPoints(self.discount_max_bp.narrow()),
            approval_hours: number(self.approval_hours),
            proposal_hours: number(self.proposal_hours),
        }
    }
}
