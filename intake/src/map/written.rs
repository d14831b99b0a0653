//! A map as it is written.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::settled::Ignore;

/// Words for yes, in lower case.
const TRUE_WORDS: &[&str] = &["true", "yes", "y", "t", "1"];
/// Words for no, in lower case.
const FALSE_WORDS: &[&str] = &["false", "no", "n", "f", "0"];
/// A map as it is written.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    pub encoding: Option<String>,
    pub delimiter: Option<String>,
    pub null: Option<Vec<String>>,
    pub ignore: Option<Ignore>,
    pub columns: BTreeMap<String, String>,
    pub constants: BTreeMap<String, toml::Value>,
    pub dates: BTreeMap<String, String>,
    pub numbers: BTreeMap<String, String>,
    pub booleans: Option<Booleans>,
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    pub lines: Option<Box<Section>>,
    pub policy: Option<Policy>,
}

/// Words for yes and no.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Booleans {
    pub r#true: Vec<String>,
    pub r#false: Vec<String>,
}

/// What is set for the tenant along with list prices.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub discount_max: toml::Value,
}

/// Words for yes and no: ours, and those of the map.
pub(super) fn truths(words: Option<&Booleans>) -> HashMap<String, bool> {
    let standard = TRUE_WORDS.iter().map(|word| (*word, true));
    let standard = standard.chain(FALSE_WORDS.iter().map(|word| (*word, false)));
    let mut truths: HashMap<String, bool> =
        standard.map(|(word, is)| (word.to_owned(), is)).collect();
    if let Some(words) = words {
        truths.extend(words.r#true.iter().map(|word| (word.trim().to_lowercase(), true)));
        truths.extend(words.r#false.iter().map(|word| (word.trim().to_lowercase(), false)));
    }
    truths
}

/// A TOML value as a cell would have it.
pub(super) fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.trim().to_owned()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(is) => Some(is.to_string()),
        toml::Value::Datetime(date) => Some(date.to_string()),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}
