//! Amounts: always whole numbers, of a unit that the field's name ends with.

use std::borrow::Cow;

use domain::money;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// The most that an amount may be, in its unit: sums of a million of them still fit 64 bits.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i64, const MAX: i64>(pub i64);

/// An amount of money in minor units (cents); negative where money is owed the other way round.
pub type Minor = Whole<{ -AMOUNT_MAX }, AMOUNT_MAX>;
/// A quantity in thousandths of its unit.
pub type QuantityMilli = Whole<0, AMOUNT_MAX>;
/// A share in hundredths of a percent.
pub type BasisPointsUpTo<const MAX: i64> = Whole<0, MAX>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number with 32 bits.
    pub fn narrow(self) -> i32 {
        i32::try_from(self.0).unwrap_or(if self.0 < 0 { i32::MIN } else { i32::MAX })
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // JSON knows one kind of number: 5.0 is as whole as 5.
        let given = serde_json::Number::deserialize(deserializer)?;
        let whole = given.as_i64().or_else(|| {
            let number = given.as_f64().filter(|it| it.fract() == 0.0)?;
            format!("{number:.0}").parse().ok()
        });
        match whole.filter(|it| (MIN..=MAX).contains(it)) {
            Some(number) => Ok(Self(number)),
            None => Err(D::Error::custom(format!("is no whole number from {MIN} to {MAX}"))),
        }
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "format": "int64", "minimum": MIN, "maximum": MAX })
    }
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Currency(pub money::Currency);

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        // As it is written in the standard, and in no other way.
        let code = money::Currency::parse(&text).ok().filter(|code| code.code() == text);
        code.map(Self).ok_or_else(|| D::Error::custom("is no ISO 4217 code such as EUR"))
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^[A-Z]{3}$",
            "description": "ISO 4217 code", "examples": ["EUR"],
        })
    }
}
