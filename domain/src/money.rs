//! Money, quantities and rates as integers, read exactly from other people's decimals.
//!
//! Nothing here is a float: a price that cannot be held exactly is refused, with the reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Active ISO 4217 codes whose minor unit is not a hundredth, with their number of decimals.
const UNUSUAL_DECIMALS: &[(&str, u32)] = &[
    ("BHD", 3),
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

/// Active ISO 4217 codes whose minor unit is a hundredth.
const HUNDREDTHS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP \
    BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA \
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON \
    RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS \
    UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG";

/// Why a value could not be read as money, a quantity or a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not an active ISO 4217 code.
    #[error("`{0}` is not an ISO 4217 currency code: use one such as EUR or USD")]
    UnknownCurrency(String),
    /// Not a plain decimal.
    #[error("`{0}` is not a number: use digits with `.` as the decimal point, such as 1234.50")]
    NotANumber(String),
    /// More decimals than the unit can hold.
    #[error("`{text}` has more than {decimals} decimals, which cannot be held exactly")]
    TooPrecise {
        /// What was read.
        text: String,
        /// How many decimals the unit holds.
        decimals: u32,
    },
    /// Outside what is stored.
    #[error("`{0}` is too large to store")]
    Overflow(String),
    /// Below zero where only zero or more makes sense.
    #[error("`{0}` is negative, where zero or more is expected")]
    Negative(String),
}

impl Currency {
    /// Reads a code such as `EUR`, in any case.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let unknown = || AmountError::UnknownCurrency(text.chars().take(16).collect());
        let upper = text.trim().to_ascii_uppercase();
        let bytes: [u8; 3] = upper.as_bytes().try_into().map_err(|_| unknown())?;
        let known = UNUSUAL_DECIMALS.iter().any(|(code, _)| *code == upper)
            || HUNDREDTHS.split_ascii_whitespace().any(|code| code == upper);
        if known { Ok(Self(bytes)) } else { Err(unknown()) }
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters get in through parse")
    }

    /// How many decimals the minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(&self) -> u32 {
        UNUSUAL_DECIMALS
            .iter()
            .find(|(code, _)| *code == self.code())
            .map_or(2, |(_, decimals)| *decimals)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents for EUR) of one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; may be negative.
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

impl Money {
    /// An amount from minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a decimal such as `1234.50` exactly.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        parse_scaled(text, currency.decimals()).map(|minor| Self { minor, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", format_scaled(self.minor, self.currency.decimals()), self.currency)
    }
}
impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decimals of a [`Quantity`]: a thousandth is a gram of a kilogram, or a millimetre of a metre.
const QUANTITY_DECIMALS: u32 = 3;

/// A number of units, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity {
    /// Thousandths of a unit.
    pub milli: i64,
}

impl Quantity {
    /// Whole units; a count too large to store saturates, and every check on it then fails loudly.
    pub const fn from_units(units: i64) -> Self {
        Self { milli: units.saturating_mul(1_000) }
    }

    /// Reads a decimal such as `12` or `1.5`; a quantity is never negative.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let milli = parse_scaled(text, QUANTITY_DECIMALS)?;
        if milli < 0 { Err(AmountError::Negative(clip(text))) } else { Ok(Self { milli }) }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_scaled(self.milli, QUANTITY_DECIMALS);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A share in hundredths of a percent: 10,000 is the whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct BasisPoints(pub i32);

impl BasisPoints {
    /// The whole, 100 %.
    pub const WHOLE: Self = Self(10_000);

    /// Reads a fraction such as `0.15`; from 0 to 1.
    pub fn parse_fraction(text: &str) -> Result<Self, AmountError> {
        Self::within_whole(parse_scaled(text, 4)?, text)
    }

    /// Reads a percentage such as `15` or `12.5`; from 0 to 100.
    pub fn parse_percent(text: &str) -> Result<Self, AmountError> {
        Self::within_whole(parse_scaled(text.trim_end().trim_end_matches('%'), 2)?, text)
    }

    fn within_whole(value: i64, text: &str) -> Result<Self, AmountError> {
        match i32::try_from(value) {
            Ok(points) if points < 0 => Err(AmountError::Negative(clip(text))),
            Ok(points) if points <= Self::WHOLE.0 => Ok(Self(points)),
            _ => Err(AmountError::Overflow(clip(text))),
        }
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_scaled(i64::from(self.0), 2);
        write!(f, "{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}
impl fmt::Debug for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A score or points in hundredths, as the specification's `DECIMAL(5,2)` without its floats.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Debug,
)]
#[serde(transparent)]
pub struct Score(pub i32);

impl Score {
    /// Whole points.
    pub const fn points(points: i32) -> Self {
        Self(points * 100)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(i64::from(self.0), 2))
    }
}

/// `unit_price × quantity × (1 − discount)`, rounded half away from zero to the minor unit.
///
/// `None` when the product does not fit: the caller reports an amount that is too large.
pub fn line_total(unit_price_minor: i64, quantity: Quantity, discount: BasisPoints) -> Option<i64> {
    let keep = i128::from(BasisPoints::WHOLE.0) - i128::from(discount.0);
    let scaled = i128::from(unit_price_minor).checked_mul(i128::from(quantity.milli))?;
    let scaled = scaled.checked_mul(keep)?;
    let divisor = 1_000 * i128::from(BasisPoints::WHOLE.0);
    i64::try_from(divide_half_away(scaled, divisor)).ok()
}

/// `part` of `whole` in basis points, rounded half away from zero; zero of zero is everything.
pub fn share(part: u64, whole: u64) -> BasisPoints {
    if whole == 0 {
        return BasisPoints::WHOLE;
    }
    let scaled = i128::from(part) * i128::from(BasisPoints::WHOLE.0);
    let points = divide_half_away(scaled, i128::from(whole));
    BasisPoints(i32::try_from(points).unwrap_or(i32::MAX))
}

/// Division rounded half away from zero, the rounding of commercial documents.
pub fn divide_half_away(numerator: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    // At the edge of the type the saturated sum is far beyond any amount, and the caller refuses it.
    if numerator < 0 {
        numerator.saturating_sub(half) / divisor
    } else {
        numerator.saturating_add(half) / divisor
    }
}

/// Reads a decimal into an integer scaled by `10^decimals`, exactly or not at all.
///
/// Thousands separators and exponents are refused: `1,234` is a thousand to some and one to others.
fn parse_scaled(text: &str, decimals: u32) -> Result<i64, AmountError> {
    let not_a_number = || AmountError::NotANumber(clip(text));
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(not_a_number());
    }
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::try_from(decimals).expect("a handful of decimals");
    if scale < fraction.len() {
        return Err(AmountError::TooPrecise { text: clip(text), decimals });
    }
    let mut value: i64 = 0;
    let padding = std::iter::repeat_n(b'0', scale - fraction.len());
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i64::from(digit - b'0')))
            .ok_or_else(|| AmountError::Overflow(clip(text)))?;
    }
    Ok(if negative { -value } else { value })
}

/// The decimal text of a scaled integer, such as `-12.05` for (−1205, 2).
fn format_scaled(value: i64, decimals: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let unit = 10_u64.pow(decimals);
    if decimals == 0 {
        return format!("{sign}{magnitude}");
    }
    let width = usize::try_from(decimals).expect("a handful of decimals");
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
}

/// Keeps a hostile cell from filling an error message.
fn clip(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur() -> Currency {
        Currency::parse("eur").unwrap()
    }

    #[test]
    fn reads_decimals_exactly_or_not_at_all() {
        let read = |text| Money::parse(text, eur()).map(|money| money.minor);
        assert_eq!(read("14.00"), Ok(1_400));
        assert_eq!(read(" -0.5 "), Ok(-50));
        assert_eq!(read("14.000"), Ok(1_400));
        assert!(matches!(read("14.005"), Err(AmountError::TooPrecise { decimals: 2, .. })));
        for text in ["", ".", "1,234", "1e3", "NaN", "=1+1", "12 EUR", "--1", "١"] {
            assert!(matches!(read(text), Err(AmountError::NotANumber(_))), "{text}");
        }
        assert!(matches!(read("92233720368547758.08"), Err(AmountError::Overflow(_))));
        assert_eq!(Money::parse("7", Currency::parse("JPY").unwrap()).unwrap().minor, 7);
        assert!(Currency::parse("XXQ").is_err());
    }

    #[test]
    fn rates_stay_between_nothing_and_the_whole() {
        assert_eq!(BasisPoints::parse_fraction("0.15"), Ok(BasisPoints(1_500)));
        assert_eq!(
            BasisPoints::parse_percent("12.5 %".trim_end_matches('%')),
            Ok(BasisPoints(1_250))
        );
        assert!(BasisPoints::parse_fraction("15").is_err());
        assert!(BasisPoints::parse_fraction("-0.1").is_err());
        assert_eq!(BasisPoints(1_250).to_string(), "12.5 %");
    }

    #[test]
    fn a_line_rounds_half_away_from_zero() {
        assert_eq!(line_total(1_005, Quantity { milli: 500 }, BasisPoints(0)), Some(503));
        assert_eq!(line_total(-1_005, Quantity { milli: 500 }, BasisPoints(0)), Some(-503));
        assert_eq!(line_total(i64::MAX, Quantity::from_units(2), BasisPoints(0)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(minor in any::<i32>()) {
            let money = Money::new(i64::from(minor), eur());
            let text = money.to_string();
            prop_assert_eq!(Money::parse(text.trim_end_matches(" EUR"), eur()).unwrap(), money);
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,40}") {
            let _ = Money::parse(&text, eur());
            let _ = Quantity::parse(&text);
            let _ = BasisPoints::parse_percent(&text);
            let _ = Currency::parse(&text);
        }
    }
}
