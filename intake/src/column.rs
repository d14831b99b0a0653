//! What a column of ours is called and means.

use serde::Serialize;

/// A column that an import of a kind understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The name, as a file's header or a map gives it.
    pub name: &'static str,
    /// Whether a file without it, and a row that leaves it empty, are refused.
    pub is_required: bool,
    /// What it says.
    pub meaning: &'static str,
    /// A cell as it could be.
    pub example: &'static str,
}

impl Column {
    /// A column that every row must fill.
    pub(crate) const fn required(
        name: &'static str,
        meaning: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, is_required: true, meaning, example }
    }

    /// A column that may be empty or missing.
    pub(crate) const fn optional(
        name: &'static str,
        meaning: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, is_required: false, meaning, example }
    }
}
