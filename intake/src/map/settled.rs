//! A map's part for one file, checked against the columns of its kind.

use std::collections::HashMap;

use domain::money::{AmountError, BasisPoints};
use encoding_rs::Encoding;
use serde::Deserialize;

use crate::{column::Column, dates::DateFormat, fault::shown};

/// Columns that hold a share of a whole, and how it is written unless the map says otherwise.
pub(super) const SHARE_COLUMNS: &[(&str, ShareStyle)] = &[
    ("discount", ShareStyle::Fraction),
    ("discount_max", ShareStyle::Fraction),
    ("probability", ShareStyle::Fraction),
    ("churn_risk", ShareStyle::Percent),
];

/// A map's part for one file, checked.
#[derive(Clone, Debug)]
pub(crate) struct TableMap {
    /// The columns that the file can have.
    pub columns: &'static [Column],
    /// Their names in the file, where they differ.
    pub names: HashMap<&'static str, String>,
    /// Their values where the file has none.
    pub constants: HashMap<&'static str, String>,
    /// Their words, translated into ours.
    pub values: HashMap<&'static str, HashMap<String, String>>,
    /// What the file is written in.
    pub encoding: &'static Encoding,
    /// What divides its cells.
    pub delimiter: u8,
    /// Its words for nothing.
    pub nulls: Vec<String>,
    /// Which of its columns are left out.
    pub ignore: Ignore,
    /// How it writes dates.
    pub formats: HashMap<String, DateFormat>,
    /// How it writes numbers.
    pub numbers: Numbers,
    /// Its words for yes and no, in lower case.
    pub truths: HashMap<String, bool>,
}

/// Columns of a file that are left out.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(crate) enum Ignore {
    /// One name, or `*` for every column that is not known.
    One(String),
    /// These names.
    Names(Vec<String>),
}

impl Default for Ignore {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl Ignore {
    /// Whether a column of the file is left out.
    pub fn holds(&self, header: &str) -> bool {
        let is_same = |name: &String| name.trim().eq_ignore_ascii_case(header);
        match self {
            Self::One(name) => name == "*" || is_same(name),
            Self::Names(names) => names.iter().any(|name| name == "*" || is_same(name)),
        }
    }
}

/// How a file writes numbers.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// Stands before decimals.
    pub decimal_mark: char,
    /// Stands between thousands.
    pub thousands_mark: Option<char>,
    /// How columns write shares, where the map says so.
    pub shares: HashMap<&'static str, ShareStyle>,
}

impl Numbers {
    /// A number in our way: digits, and a point before the decimals.
    ///
    /// Marks of thousands must stand before three digits: `1.5` is no fifteen because somebody mixed two ways.
    pub fn plain(&self, text: &str) -> Result<String, AmountError> {
        let not_a_number = || AmountError::NotANumber(shown(text));
        let (whole, decimals) = match text.split_once(self.decimal_mark) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let mut plain = match self.thousands_mark {
            Some(mark) if whole.contains(mark) => {
                let mut groups = whole.split(mark);
                let first = groups.next().unwrap_or_default().to_owned();
                groups.try_fold(first, |number, group| (group.len() == 3).then(|| number + group))
            }
            _ => Some(whole.to_owned()),
        }
        .filter(|whole| !whole.contains('.'))
        .ok_or_else(not_a_number)?;
        if let Some(decimals) = decimals {
            plain.push('.');
            plain.push_str(decimals);
        }
        Ok(plain)
    }

    /// Whether numbers are in our way already.
    pub fn is_plain(&self) -> bool {
        self.decimal_mark == '.' && self.thousands_mark.is_none()
    }

    /// How a column writes shares.
    pub fn share_style(&self, column: &str) -> ShareStyle {
        let standard =
            || SHARE_COLUMNS.iter().find(|(name, _)| *name == column).map(|(_, style)| *style);
        self.shares.get(column).copied().or_else(standard).unwrap_or(ShareStyle::Fraction)
    }
}

/// How a share of a whole is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareStyle {
    /// The whole is 1.
    Fraction,
    /// The whole is 100.
    Percent,
}

impl ShareStyle {
    /// Reads the name of a style.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "fraction" => Some(Self::Fraction),
            "percent" => Some(Self::Percent),
            _ => None,
        }
    }

    /// Reads a share; one with a percent sign is a percentage in either style.
    pub fn read(self, text: &str) -> Result<BasisPoints, AmountError> {
        match self {
            Self::Fraction if !text.ends_with('%') => BasisPoints::parse_fraction(text),
            Self::Fraction | Self::Percent => BasisPoints::parse_percent(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(decimal_mark: char, thousands_mark: Option<char>) -> Numbers {
        Numbers { decimal_mark, thousands_mark, shares: HashMap::new() }
    }

    #[test]
    fn numbers_are_read_in_one_way_or_not_at_all() {
        let german = numbers(',', Some('.'));
        let read = |text| german.plain(text).ok();
        assert_eq!(read("1.234.567,50").as_deref(), Some("1234567.50"));
        assert_eq!(read("12,5").as_deref(), Some("12.5"));
        assert_eq!(read("-1.000").as_deref(), Some("-1000"));
        for text in ["1.5", "12.50", "1,234.50", "1.2345"] {
            let plain = german.plain(text);
            assert!(plain.is_err() || plain.unwrap().matches('.').count() > 1, "{text}");
        }
        assert!(numbers(',', None).plain("1.234").is_err());
        assert_eq!(numbers('.', Some(',')).plain("1,234.50").as_deref(), Ok("1234.50"));
        assert!(numbers('.', Some(',')).plain("1,5").is_err());
    }

    #[test]
    fn a_share_is_a_fraction_unless_it_has_a_sign() {
        assert_eq!(ShareStyle::Fraction.read("0.25"), Ok(BasisPoints(2_500)));
        assert_eq!(ShareStyle::Fraction.read("25 %"), Ok(BasisPoints(2_500)));
        assert_eq!(ShareStyle::Percent.read("25"), Ok(BasisPoints(2_500)));
    }
}
