//! Text of one line.

use std::{borrow::Cow, fmt};

use domain::import::check_source;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// What no screen shows, and what changes the direction of text, so that it may read as something else.
const UNSEEN: &str = "\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069";

/// A line of text from 1 to `MAX` characters, without control characters, and without space around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

/// A key in another system.
pub type Key = Line<200>;

impl<const MAX: usize> Line<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to keep.
    pub fn into_string(self) -> String {
        self.0
    }

    /// A line that the records hold; whatever was let in before stays as it is.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why text is no line of so many characters; `None` if it is.
pub fn find_text_fault(text: &str, chars_max: usize) -> Option<String> {
    if text.is_empty() {
        return Some("is empty; leave the field out, or give null".to_owned());
    }
    if text.trim() != text {
        return Some("begins or ends with space; trim it".to_owned());
    }
    if let Some(one) = text.chars().find(|one| is_unseen(*one)) {
        return Some(format!("holds the character U+{:04X}, which cannot be seen", u32::from(one)));
    }
    let count = text.chars().count();
    (chars_max < count).then(|| format!("has {count} characters, and {chars_max} are taken"))
}

fn is_unseen(one: char) -> bool {
    one.is_control() || matches!(one, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match find_text_fault(&text, MAX) {
            None => Ok(Self(text)),
            Some(fault) => Err(D::Error::custom(fault)),
        }
    }
}

impl<const MAX: usize> JsonSchema for Line<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Line{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!("^[^\\s{UNSEEN}]([^{UNSEEN}]*[^\\s{UNSEEN}])?$");
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX, "pattern": pattern })
    }
}

/// Text of a certain form.
pub trait Formed {
    /// The text.
    fn as_str(&self) -> &str;

    /// The text, to keep.
    fn into_string(self) -> String;

    /// Text that the records hold.
    fn stored(text: impl Into<String>) -> Self;
}

/// A function cannot declare a type: hence a macro.
macro_rules! formed_text {
    ($(#[$meta:meta])* $name:ident, $max:literal, $pattern:literal, $fault:expr, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl Formed for $name {
            fn as_str(&self) -> &str {
                &self.0
            }

            fn into_string(self) -> String {
                self.0
            }

            fn stored(text: impl Into<String>) -> Self {
                Self(text.into())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let check: fn(&str) -> bool = $check;
                if text.is_empty() || $max < text.len() || !check(&text) {
                    return Err(D::Error::custom($fault));
                }
                Ok(Self(text))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern,
                })
            }
        }
    };
}

formed_text!(
    /// The name of the system that a key belongs to.
    Source,
    40,
    "^[a-z0-9._-]+$",
    SOURCE_FAULT,
    |text| check_source(text).is_ok()
);

/// What is wrong with a name of a system, whichever of the two it is.
const SOURCE_FAULT: &str = "is no name of a system: give 1 to 40 of a-z, 0-9, `-`, `_` and `.`, and neither `agent` nor `steward`";

formed_text!(
    /// A tenant's short name.
    Slug,
    60,
    "^[a-z0-9-]+$",
    "is no short name: give 1 to 60 of a-z, 0-9 and `-`",
    |text| text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
);

formed_text!(
    /// A mail address in lower case, without a name around it.
    Email,
    254,
    "^[!#-'*+./0-9=?^_`a-z{|}~-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+$",
    "is no mail address in lower case, such as ada@example.com",
    is_address
);

formed_text!(
    /// A mail domain in lower case.
    MailDomain,
    253,
    "^[a-z0-9-]+(\\.[a-z0-9-]+)+$",
    "is no mail domain in lower case, such as example.com",
    is_domain
);

fn is_domain(text: &str) -> bool {
    let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    text.contains('.') && text.split('.').all(is_label)
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |it: u8| {
        it.is_ascii_lowercase() || it.is_ascii_digit() || b"!#$%&'*+./=?^_`{|}~-".contains(&it)
    };
    !local.is_empty() && local.bytes().all(is_local) && is_domain(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Line<5>, serde_json::Error> {
        serde_json::from_value(serde_json::Value::from(text))
    }

    #[test]
    fn a_line_is_taken_as_it_is_or_not_at_all() {
        for good in ["a", "a b", "ümläu", "=1+1"] {
            assert_eq!(line(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", " a", "a ", "a\nb", "a\0", "pay\u{202e}", "sechss", "\u{a0}a"] {
            assert!(line(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_one_address_in_lower_case() {
        for good in ["ada@example.com", "a.b+c@x-y.co.uk", "o'hara@a.b"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["ada", "@a.b", "a@b", "A@b.c", "a@b..c", "a@b.c>", "a b@c.d", "a@b@c.d"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
