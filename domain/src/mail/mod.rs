//! What a mail says: who sent it, whether a person wrote it, which words are theirs, and what they
//! ask for.
//!
//! What lives here: one pure reading of one raw message ([`read`]), and the types it returns. What
//! does not: contacts, threads, stored messages, and any decision about what to do with an ask.
//!
//! Everything read here is a claim by a stranger. A finding is therefore only a kind, a span and a
//! fixed reason: nothing in [`Findings`] repeats the words of a mail, and the words of a span are
//! only to be had from the text itself. Where a rule must err it errs towards silence: an ask that
//! is missed costs a look, one that is invented costs trust.

mod absence;
mod address;
mod ask;
pub mod belong;
mod body;
pub mod bounce;
mod css;
mod element;
mod header;
mod html;
mod kind;
mod link;
mod listed;
mod mention;
mod part;
mod phrase;
mod quote;
mod read;
mod sender;
mod sentence;
mod signal;
pub mod signature;
mod structured;
mod tag;
#[cfg(test)]
mod tests;
pub mod when;
mod written;

use serde::{Deserialize, Serialize};

pub use self::{
    absence::Absence,
    link::Link,
    mention::{Mention, MentionKind},
    read::{TextReading, read, read_text},
};
use crate::{named::named_enum, time::Timestamp};

/// The version of the rules behind a reading. It is stored beside [`Findings`], so a better reader
/// can find and replace what an older one found.
pub const READER_VERSION: i32 = 3;

/// Largest raw message that is read, in bytes. Mail providers refuse to deliver more than this to a
/// mailbox, so anything larger did not come from one.
pub const MESSAGE_BYTES_MAX: usize = 25 * 1024 * 1024;

/// Most text that is kept of a message, in bytes of UTF-8. It is some fifty thousand words: longer
/// mails are exports and logs, whose tail no person wrote.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Most asks that are reported of one message. A person who asks for more has sent a list, which a
/// person should read.
pub const ASKS_MAX: usize = 20;

/// Most mentions that are reported of one message; one that names more is a list.
pub const MENTIONS_MAX: usize = 50;

/// An address of a person or a system, as the sender wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The display name, decoded, if there was one. It proves nothing.
    pub name: Option<String>,
    /// `local@domain`, trimmed and lower-cased.
    pub address: String,
}

impl Address {
    /// The part after the `@`, lower-cased.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the `@`, lower-cased.
    pub fn local_part(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

named_enum! {
    /// What sort of thing a message is. Only a person's message can ask, praise, complain or reset
    /// a clock.
    pub enum MessageKind, "message kind" {
        /// Written by a person, as far as anybody can tell.
        Person = "person",
        /// Sent by a machine: an out-of-office note, a receipt, an alert (RFC 3834).
        AutoReply = "auto_reply",
        /// Sent to many at once: a mailing list or a newsletter (RFC 2369, RFC 2919).
        List = "list",
        /// A report that a message could not be delivered (RFC 3464, or prose).
        Bounce = "bounce",
        /// A recipient's report of abuse, passed on by their provider (RFC 5965).
        Complaint = "complaint",
        /// A report about a delivery that has not failed: delayed, delivered, relayed or read.
        DeliveryNotice = "delivery_notice",
    }
}

named_enum! {
    /// Whether the receiving provider vouches for the domain in the From header.
    pub enum SenderProof, "sender proof" {
        /// DMARC, or aligned DKIM or SPF, passed at the trusted provider.
        Authenticated = "authenticated",
        /// Nobody we trust has said either way.
        Unauthenticated = "unauthenticated",
        /// The trusted provider says that it did not pass, or the message does not name one sender.
        Failed = "failed",
    }
}

named_enum! {
    /// What a person explicitly asks us to do.
    pub enum AskKind, "ask kind" {
        /// To be called by telephone or video.
        Call = "call",
        /// To meet.
        Meeting = "meeting",
        /// A changed version of a bid, quote or offer.
        RevisedBid = "revised_bid",
        /// A document: a certificate, contract, invoice, data sheet and the like.
        Document = "document",
        /// A price, a first quote or a discount.
        Price = "price",
        /// How something is coming along.
        Status = "status",
        /// A date, a change or a promise of delivery.
        Delivery = "delivery",
        /// To cancel something.
        Cancel = "cancel",
        /// An explicit request for something else.
        Other = "other",
    }
}

/// A stretch of [`Reading::body`], in bytes; both ends lie on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span between two offsets of a body, which is shorter than four gigabytes by
    /// [`BODY_BYTES_MAX`].
    fn between(start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: offset(start), end: offset(end) }
    }

    /// The words of this span, if `text` has such a stretch.
    pub fn of(self, text: &str) -> Option<&str> {
        let start = usize::try_from(self.start).ok()?;
        text.get(start..usize::try_from(self.end).ok()?)
    }
}

/// One explicit request in a person's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ask {
    /// What is asked for.
    pub kind: AskKind,
    /// The whole sentence, trimmed. Two asks in one sentence share it.
    pub span: Span,
    /// By when, if they say so.
    #[serde(default)]
    pub by: Option<when::When>,
}

/// What a reading found, without a single word of the mail: this part is stored as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// What sort of message it is.
    pub kind: MessageKind,
    /// Why, as one of a fixed set of phrases.
    pub kind_reason: String,
    /// Whether the sender is who the From header claims.
    pub sender: SenderProof,
    /// Why, as one of a fixed set of phrases.
    pub sender_reason: String,
    /// What the sender wrote: outside quoted history, forwarded mail, signatures and notices.
    /// Sorted and disjoint.
    pub written: Vec<Span>,
    /// Explicit requests, in the order in which they stand; at most [`ASKS_MAX`], and none unless a
    /// person wrote.
    pub asks: Vec<Ask>,
    /// The first sentence of strong dissatisfaction.
    pub complaint: Option<Span>,
    /// The first sentence that reports a danger to people: injury, fire, contamination, recall.
    pub safety: Option<Span>,
    /// The first sentence that says a bid of ours lost.
    pub quote_lost: Option<Span>,
    /// The first sentence that says they want to buy.
    pub buying_signal: Option<Span>,
    /// The first sentence that says they think of leaving.
    #[serde(default)]
    pub churn: Option<Span>,
    /// What they name: orders, quotes, invoices, articles and money, in order; at most
    /// [`MENTIONS_MAX`].
    #[serde(default)]
    pub mentions: Vec<Mention>,
}

/// The headers that place a message among people and threads. All of them are claims of the sender.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Headers {
    /// `Message-ID`, without its angle brackets.
    pub rfc_message_id: Option<String>,
    /// The first id of `In-Reply-To`, without its angle brackets.
    pub in_reply_to: Option<String>,
    /// `References`, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// The first address of the first From header.
    pub from: Option<Address>,
    /// The readable addresses of all To headers.
    pub to: Vec<Address>,
    /// The readable addresses of all Cc headers.
    pub cc: Vec<Address>,
    /// The subject, decoded, on one line.
    pub subject: Option<String>,
    /// `Date`, if it is one.
    pub sent_at: Option<Timestamp>,
    /// How far east of Greenwich their clock was, in seconds; 0 if they do not say.
    pub sent_offset_seconds: i32,
}

/// A message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Where it belongs.
    pub headers: Headers,
    /// Its visible text: the plain part if there is one, otherwise the HTML part with hidden text
    /// left out; at most [`BODY_BYTES_MAX`]. Lines end in `\n`.
    pub body: String,
    /// What was found in it.
    pub findings: Findings,
    /// How they sign, if they do and a person wrote.
    pub signature: Option<signature::Signature>,
    /// What it reports of recipients, if it is a report, a complaint or an absence.
    pub recipients: Vec<bounce::RecipientReport>,
    /// Whether it reports of more than [`bounce::RECIPIENTS_MAX`].
    pub has_more_recipients: bool,
    /// What stands in it and nobody sees, on one line: never read for what it says, and kept so
    /// that a person can look.
    pub hidden_text: String,
    /// Where its links lead.
    pub links: Vec<Link>,
    /// Until when they are away, if an answering machine says that they are.
    pub absence: Option<Absence>,
}

impl Reading {
    /// The words of a span, or `None` if this body has no such stretch.
    pub fn words(&self, span: Span) -> Option<&str> {
        span.of(&self.body)
    }

    /// What the sender wrote, line by line, without their signature; blank lines between are kept.
    pub fn reply_text(&self) -> String {
        let signed = self.signature.as_ref().map_or(&[][..], |it| &it.lines);
        let (mut text, mut start, mut is_apart) = (String::new(), 0, false);
        for (line, number) in self.body.split('\n').zip(0_u32..) {
            let words = line.trim();
            let begin = start + (line.len() - line.trim_start().len());
            start += line.len() + 1;
            if words.is_empty() {
                is_apart = true;
            } else if !signed.contains(&number)
                && self.stands_in_written(Span::between(begin, begin + words.len()))
            {
                if !text.is_empty() {
                    text.push_str(if is_apart { "\n\n" } else { "\n" });
                }
                text.push_str(line.trim_end());
                is_apart = false;
            }
        }
        text
    }

    /// Whether a span lies in one stretch of what the sender wrote.
    ///
    /// A span over two stretches does not: what lies between them is somebody else's text.
    pub fn stands_in_written(&self, span: Span) -> bool {
        // They are sorted and disjoint: the first that does not end before this one decides.
        let written = &self.findings.written;
        let own = written.get(written.partition_point(|own| own.end < span.end));
        own.is_some_and(|own| own.start <= span.start)
            && self.words(span).is_some_and(|words| !words.is_empty())
    }
}

/// Why bytes could not be read as a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing that looks like a header stands at the beginning.
    #[error("the message has no headers: give the raw RFC 5322 message, not only its text")]
    NoHeaders,
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("the message has {bytes} bytes, more than the {MESSAGE_BYTES_MAX} that are read")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
}
