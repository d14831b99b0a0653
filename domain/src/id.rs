//! Typed identifiers, and where new ones come from.
//!
//! An id is a UUID v7, so rows sort by the time they were made.
//! The marker type keeps an order's id from being passed where a contact's is meant.
//! Nothing here rolls dice: [`IdSource`] is an argument, and its live form is in `platform`.

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// What a marker type says about the ids it marks.
pub trait IdKind: 'static {
    /// The noun in messages, for example `order`.
    const NOUN: &'static str;
}

/// An identifier of one kind of row.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// The text was not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id ({noun}): give a UUID such as 0190b5c2-7d3e-7a11-9c55-3f0a6b2d4e10")]
pub struct InvalidId {
    noun: &'static str,
    text: String,
}

impl<K> Id<K> {
    /// Wraps a UUID that is known to be of this kind.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare UUID, for storage.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The last eight hex digits: enough for a person to tell rows apart in one table.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - SHORT_DIGITS..].to_owned()
    }
}

/// Digits of a shortened id; the end of a UUID v7 is its random part.
const SHORT_DIGITS: usize = 8;

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", K::NOUN, self.0)
    }
}
impl<K: IdKind> FromStr for Id<K> {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Uuid::parse_str(text.trim())
            .map(Self::from_uuid)
            .map_err(|_| InvalidId { noun: K::NOUN, text: text.chars().take(64).collect() })
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}

/// Where new ids come from.
pub trait IdSource: Send + Sync {
    /// A fresh UUID v7 whose time part is `at`.
    fn next_uuid(&self, at: crate::time::Timestamp) -> Uuid;
}

impl dyn IdSource + '_ {
    /// A fresh id of the kind that the caller asks for.
    pub fn next<K>(&self, at: crate::time::Timestamp) -> Id<K> {
        Id::from_uuid(self.next_uuid(at))
    }
}

/// Builds a UUID v7 from its parts, so that every id source agrees on the layout (RFC 9562, §5.7).
pub fn uuid_v7(unix_ms: u64, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid()
}

macro_rules! id_kinds {
    ($($(#[$doc:meta])* $alias:ident, $marker:ident, $noun:literal;)*) => {$(
        #[doc = concat!("Marks the id of a ", $noun, ".")]
        pub enum $marker {}
        impl IdKind for $marker {
            const NOUN: &'static str = $noun;
        }
        #[doc = concat!("The id of a ", $noun, ".")]
        pub type $alias = Id<$marker>;
    )*};
}

// Twenty declarations that differ in two words: here a macro is shorter and safer than a function could be.
id_kinds! {
    ActionId, ActionKey, "action";
    ApiKeyId, ApiKeyKey, "API key";
    CaseId, CaseKey, "case";
    ClientId, ClientKey, "client";
    ComplianceItemId, ComplianceItemKey, "compliance item";
    ContactId, ContactKey, "contact";
    DealId, DealKey, "deal";
    DecisionId, DecisionKey, "decision";
    GoalId, GoalKey, "goal";
    ImportId, ImportKey, "import";
    MailboxId, MailboxKey, "mailbox";
    MemoryId, MemoryKey, "memory";
    MessageId, MessageKey, "message";
    OrderExceptionId, OrderExceptionKey, "order exception";
    OrderId, OrderKey, "order";
    OrderLineId, OrderLineKey, "order line";
    OutboundId, OutboundKey, "outbound message";
    ProductId, ProductKey, "product";
    QuoteId, QuoteKey, "quote";
    RequirementId, RequirementKey, "requirement";
    RunId, RunKey, "run";
    TaskId, TaskKey, "task";
    TenantId, TenantKey, "tenant";
    ThreadId, ThreadKey, "thread";
}
