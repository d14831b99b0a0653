//! The types that requests and responses are made of: each refuses what cannot be meant, and says so in the document.
//!
//! What lives here: text, days, moments, amounts and words, with one rule each for parsing and for the schema.
//! What does not: which fields a resource has; that stands with its route.

mod amount;
mod date;
mod text;
mod word;

pub use amount::{BasisPointsUpTo, Currency, Minor, QuantityMilli, Whole};
pub use date::{Day, Moment};
pub use text::{Email, Formed, Key, Line, MailDomain, Slug, Source, find_text_fault};
pub use word::{Word, Words, plain_words};
