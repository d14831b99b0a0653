//! One row, read column by column into types. Everything that is wrong with it is collected.
//!
//! Each getter gives `None` both for an empty cell and for a refused one; a row with any fault is not imported.

use std::{borrow::Cow, str::FromStr};

use domain::{
    UnknownName,
    money::{AmountError, BasisPoints, Currency, Money, Quantity},
    time::{Date, Timestamp},
};

use crate::{
    bind::Bound,
    cell,
    fault::{Fault, shown},
    table::RawRow,
};

/// Longest key: a UUID with a prefix is 50 characters, and keys stand in unique indexes.
const KEY_CHARS_MAX: usize = 200;
/// Longest name: the longest company names of registers have some 250 characters.
const NAME_CHARS_MAX: usize = 300;
/// Longest free text that a column keeps: a paragraph, not a document.
const TEXT_CHARS_MAX: usize = 2_000;
/// Longest address that a mail server takes (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;
/// Longest terms: ten years, after which it is a loan.
const TERMS_DAYS_MAX: i32 = 3_650;

/// A row being read.
pub(crate) struct Row<'a> {
    bound: &'a Bound,
    raw: &'a RawRow,
    currency: Currency,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// What is odd about it: the column and a sentence.
    pub warnings: Vec<(&'static str, String)>,
}

impl<'a> Row<'a> {
    /// A row of a file; amounts without a currency are in `currency`.
    pub fn new(bound: &'a Bound, raw: &'a RawRow, currency: Currency) -> Self {
        Self { bound, raw, currency, faults: Vec::new(), warnings: Vec::new() }
    }

    /// A value that must be there.
    pub fn need<T>(
        &mut self,
        column: &'static str,
        get: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let faults = self.faults.len();
        let found = get(self, column);
        if found.is_none() && self.faults.len() == faults {
            let way_out = "fill it in, or give a value for all rows under [constants] in the map";
            self.faults.push(Fault::new(column, "is empty", way_out));
        }
        found
    }

    /// Adds a fault that concerns more than one cell.
    pub fn refuse(
        &mut self,
        column: &'static str,
        reason: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.faults.push(Fault::new(column, reason, way_out));
    }

    /// Adds something odd.
    pub fn warn(&mut self, column: &'static str, message: impl Into<String>) {
        self.warnings.push((column, message.into()));
    }

    /// A key of this row or of another.
    pub fn key(&mut self, column: &'static str) -> Option<String> {
        self.cell(column, KEY_CHARS_MAX).map(Cow::into_owned)
    }

    /// A name of a company, person or thing.
    pub fn name(&mut self, column: &'static str) -> Option<String> {
        self.cell(column, NAME_CHARS_MAX).map(Cow::into_owned)
    }

    /// Free text.
    pub fn text(&mut self, column: &'static str) -> Option<String> {
        self.cell(column, TEXT_CHARS_MAX).map(Cow::into_owned)
    }

    /// An address, in lower case.
    pub fn email(&mut self, column: &'static str) -> Option<String> {
        let email = self.cell(column, EMAIL_CHARS_MAX)?.to_lowercase();
        if is_email(&email) {
            return Some(email);
        }
        let reason = format!("`{}` is not a mail address", shown(&email));
        self.refuse(column, reason, "write one such as ada@example.com, or leave the cell empty");
        None
    }

    /// A calendar day.
    pub fn date(&mut self, column: &'static str) -> Option<Date> {
        let text = self.cell(column, NAME_CHARS_MAX)?;
        let read = self.bound.dates.day(column, &text);
        self.keep(column, read)
    }

    /// A moment.
    pub fn moment(&mut self, column: &'static str) -> Option<Timestamp> {
        let text = self.cell(column, NAME_CHARS_MAX)?;
        let read = self.bound.dates.moment(column, &text);
        self.keep(column, read)
    }

    /// The currency of the row's amounts; without one, the request's.
    pub fn currency(&mut self, column: &'static str) -> Option<Currency> {
        let faults = self.faults.len();
        let read = self.amount(column, Currency::parse);
        if read.is_none() && self.faults.len() == faults { Some(self.currency) } else { read }
    }

    /// The currency of amounts without one.
    pub fn tenant_currency(&self) -> Currency {
        self.currency
    }

    /// An amount of zero or more, in minor units.
    pub fn money(&mut self, column: &'static str, currency: Option<Currency>) -> Option<i64> {
        let currency = currency?;
        self.amount(column, |text| match Money::parse(text, currency)?.minor {
            minor if minor < 0 => Err(AmountError::Negative(shown(text))),
            minor => Ok(minor),
        })
    }

    /// An amount of any sign, in minor units.
    pub fn balance(&mut self, column: &'static str, currency: Option<Currency>) -> Option<i64> {
        let currency = currency?;
        self.amount(column, |text| Money::parse(text, currency).map(|money| money.minor))
    }

    /// A quantity of zero or more.
    pub fn quantity(&mut self, column: &'static str) -> Option<Quantity> {
        self.amount(column, Quantity::parse)
    }

    /// A whole number of zero or more.
    pub fn count(&mut self, column: &'static str) -> Option<i64> {
        self.amount(column, |text| match Quantity::parse(text)?.milli {
            milli if milli % 1_000 == 0 => Ok(milli / 1_000),
            _ => Err(AmountError::TooPrecise { text: shown(text), decimals: 0 }),
        })
    }

    /// A number of days that terms may have.
    pub fn terms_days(&mut self, column: &'static str) -> Option<i32> {
        let days = self.count(column)?;
        match i32::try_from(days) {
            Ok(days) if days <= TERMS_DAYS_MAX => Some(days),
            _ => {
                let reason = format!("{days} days are more than {TERMS_DAYS_MAX}");
                self.refuse(column, reason, "give the terms in days");
                None
            }
        }
    }

    /// A share of a whole.
    pub fn share(&mut self, column: &'static str) -> Option<BasisPoints> {
        let style = self.bound.map.numbers.share_style(column);
        self.amount(column, |text| style.read(text))
    }

    /// Yes or no.
    pub fn flag(&mut self, column: &'static str) -> Option<bool> {
        let text = self.cell(column, NAME_CHARS_MAX)?;
        let found = self.bound.map.truths.get(text.to_lowercase().as_str()).copied();
        if found.is_none() {
            let reason = format!("`{}` is neither yes nor no", shown(&text));
            self.refuse(
                column,
                reason,
                "use true or false, or name the words under [booleans] in the map",
            );
        }
        found
    }

    /// One of a fixed set of words.
    pub fn word<T: FromStr<Err = UnknownName>>(&mut self, column: &'static str) -> Option<T> {
        let text = self.cell(column, NAME_CHARS_MAX)?;
        match text.to_lowercase().parse() {
            Ok(word) => Some(word),
            Err(error) => {
                let error = UnknownName { text: shown(&text), ..error };
                self.faults.push(Fault::word(column, column, &error));
                None
            }
        }
    }

    fn amount<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, AmountError>,
    ) -> Option<T> {
        let text = self.cell(column, NAME_CHARS_MAX)?;
        let numbers = &self.bound.map.numbers;
        let value = if numbers.is_plain() {
            read(&text)
        } else {
            numbers.plain(&text).and_then(|text| read(&text))
        };
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(Fault::amount(column, &error));
                None
            }
        }
    }

    /// A cell's text: translated if the map says so, the map's constant where the file has nothing.
    fn cell(&mut self, column: &'static str, chars_max: usize) -> Option<Cow<'a, str>> {
        let bound = self.bound;
        let index = bound.position(column);
        let bytes = index.and_then(|index| self.raw.get(index)).unwrap_or_default();
        let text = self.keep(column, cell::text(bytes, &bound.map.nulls))?;
        let translated = text.map(|text| {
            let words = bound.map.values.get(column);
            words.and_then(|words| words.get(text)).map_or(text, String::as_str)
        });
        let constant = || bound.map.constants.get(column).map(String::as_str);
        let text = translated.or_else(constant).filter(|text| !text.is_empty())?;
        self.keep(column, cell::clean(text, chars_max))
    }

    fn keep<T>(&mut self, column: &str, read: Result<T, cell::Refusal>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err((reason, way_out)) => {
                self.faults.push(Fault::new(column, reason, way_out));
                None
            }
        }
    }
}

/// Whether a text can be a mail address at all; whether anybody reads it is found out by writing.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|one| one.is_alphanumeric() || one == '-')
    };
    let is_plain =
        |one: char| !one.is_whitespace() && !one.is_control() && !"<>()[]\\,;:\"@".contains(one);
    !local.is_empty()
        && local.chars().all(is_plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// A company's mail domain, without the address around it; `None` if it is none.
pub(crate) fn mail_domain(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let bare = lower.strip_prefix("https://").or(lower.strip_prefix("http://")).unwrap_or(&lower);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or(bare);
    let bare = bare.rsplit('@').next().unwrap_or(bare);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    is_email(&format!("a@{bare}")).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["ada@example.com", "o'brien+x@sub.example.co.uk", "müller@exämple.de"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a@b@c.de",
            "ada @example.com",
            "ada@exam ple.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@-x.com",
            "ada@x..com",
            "<ada@example.com>",
            "ada@example.com, bob@example.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_found_in_what_people_write() {
        for text in ["example.com", "https://www.Example.com/shop?a=1", "info@example.com"] {
            assert_eq!(mail_domain(text).as_deref(), Some("example.com"), "{text}");
        }
        assert_eq!(mail_domain("Example Ltd"), None);
    }
}
