//! Words of our own: states and kinds, of which there is a fixed list each.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

use domain::{
    access::KeyRole,
    action::{ActionKind, ActionStatus, OutboundStatus, SubjectKind, TenantMode},
    cycle::{Phase, RunStatus},
    engagement::{ComplianceStatus, QuoteStatus, StageType},
    import::{ImportKind, ImportState},
    order::RequirementKind,
    privacy::PrivacyRequest,
    record::{ClockOwner, Direction, GoalMetric, OpenOrClosed, OrderStatus},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::error::{ApiError, ApiResult};

/// An enum whose variants have stable names.
pub trait Words: FromStr + fmt::Display + Copy + Send + Sync + 'static {
    /// The enum's name in the document.
    const NAME: &'static str;

    /// Every name there is.
    fn names() -> Vec<&'static str>;
}

/// A function cannot implement a trait for several types: hence a macro.
macro_rules! words {
    ($($name:ty, $text:literal;)+) => {
        $(impl Words for $name {
            const NAME: &'static str = $text;

            fn names() -> Vec<&'static str> {
                <$name>::ALL.iter().map(|it| it.as_str()).collect()
            }
        })+
    };
}

words! {
    domain::policy::Effect, "Effect";
    jobs::Queue, "Queue";
    ActionKind, "ActionKind";
    ActionStatus, "ActionStatus";
    domain::proposal::CaseKind, "CaseKind";
    ClockOwner, "ClockOwner";
    ComplianceStatus, "ComplianceStatus";
    Direction, "Direction";
    GoalMetric, "GoalMetric";
    ImportKind, "ImportKind";
    ImportState, "ImportState";
    KeyRole, "KeyRole";
    OpenOrClosed, "OpenOrClosed";
    OrderStatus, "OrderStatus";
    OutboundStatus, "OutboundStatus";
    Phase, "Phase";
    PrivacyRequest, "PrivacyRequestKind";
    QuoteStatus, "QuoteStatus";
    RequirementKind, "RequirementKind";
    RunStatus, "RunStatus";
    StageType, "StageType";
    SubjectKind, "SubjectKind";
    TenantMode, "TenantMode";
}

/// Turns words that are explained one by one into a list of words, and their explanations into one text: generators
/// of clients know what to make of that.
pub fn plain_words(schema: &mut Schema) {
    let Some(serde_json::Value::Array(all)) = schema.remove("oneOf") else { return };
    let word = |it: &serde_json::Value| it["const"].as_str().unwrap_or_default().to_owned();
    let lines: Vec<String> = all
        .iter()
        .map(|it| format!("* `{}`: {}", word(it), it["description"].as_str().unwrap_or_default()))
        .collect();
    let about = schema.get("description").and_then(|it| it.as_str()).unwrap_or_default();
    let about = format!("{about}\n\n{}", lines.join("\n"));
    let words: Vec<String> = all.iter().map(word).collect();
    schema.insert("description".to_owned(), about.into());
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), words.into());
}

/// One of our words, on its way in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<W> {
    text: String,
    of: PhantomData<fn() -> W>,
}

impl<W: Words> Word<W> {
    /// A word that the records hold.
    pub fn stored(text: impl Into<String>) -> Self {
        Self { text: text.into(), of: PhantomData }
    }

    /// A word.
    pub fn of(word: W) -> Self {
        Self::stored(word.to_string())
    }

    /// What it stands for. Errors for one that the records hold and this release does not know.
    pub fn get(&self) -> ApiResult<W> {
        self.text.parse().map_err(|_| ApiError::internal(&"a stored word is not known"))
    }
}

impl<W> Serialize for Word<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, W: Words> Deserialize<'de> for Word<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if W::names().contains(&text.as_str()) {
            return Ok(Self::stored(text));
        }
        Err(D::Error::custom(format!("is none of {}", W::names().join(", "))))
    }
}

impl<W: Words> JsonSchema for Word<W> {
    fn schema_name() -> Cow<'static, str> {
        W::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": W::names() })
    }
}
