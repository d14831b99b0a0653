//! Why a cell or a row is refused, and what to do about it.

use domain::{UnknownName, money::AmountError};

/// Longest stretch of a hostile cell that is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// One thing that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column, by our name and, if it differs, by the file's.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub way_out: String,
}

impl Fault {
    pub fn new(
        field: impl Into<String>,
        reason: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), reason: reason.into(), way_out: way_out.into() }
    }

    /// An amount, quantity or share that is none.
    pub fn amount(field: &str, error: &AmountError) -> Self {
        let (reason, way_out) = match error {
            AmountError::UnknownCurrency(text) => (
                format!("`{text}` is not an ISO 4217 currency code"),
                "use one such as EUR or USD".to_owned(),
            ),
            AmountError::NotANumber(text) => (
                format!("`{text}` is not a number"),
                "use digits with `.` as the decimal point, or set decimal_mark in the map's [numbers]"
                    .to_owned(),
            ),
            AmountError::TooPrecise { text, decimals } => (
                format!("`{text}` has more than {decimals} decimals, which cannot be held exactly"),
                format!("round it to {decimals} decimals where it comes from"),
            ),
            AmountError::Overflow(text) => (
                format!("`{text}` is too large"),
                "check the unit that it is given in; shares go up to the whole, see [numbers] in the map"
                    .to_owned(),
            ),
            AmountError::Negative(text) => (
                format!("`{text}` is negative, where zero or more is expected"),
                "give the amount without its sign, or leave the row out".to_owned(),
            ),
        };
        Self::new(field, reason, way_out)
    }

    /// A word that is not one of those expected.
    pub fn word(field: &str, column: &str, error: &UnknownName) -> Self {
        Self::new(
            field,
            format!("`{}` is not a {}", error.text, error.noun),
            format!(
                "use one of {}, or translate it in the map's [values.{column}]",
                error.expected
            ),
        )
    }

    /// A reference to something that the tenant does not have.
    pub fn unknown(field: &str, noun: &str, text: &str, first: &str) -> Self {
        Self::new(
            field,
            format!("{noun} `{}` is not known for this tenant", shown(text)),
            format!("import {first} first, or mend the reference"),
        )
    }
}

/// A cell as a message shows it: shortened, on one line, without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|one| if one.is_control() { '\u{fffd}' } else { one })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
