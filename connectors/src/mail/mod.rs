//! Handing letters over.
//!
//! A transport is told the intent's id with every letter and can be asked about it later:
//! that is how a crash between sending and recording is told apart from one before sending.

mod fake;
mod file;

use async_trait::async_trait;
use domain::{id::OutboundId, time::Timestamp};

pub use fake::{FakeTransport, Mishap};
pub use file::FileTransport;

/// A letter ready to leave.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// The intent's id.
    pub intent: OutboundId,
    /// Who writes, in letters.
    pub from_name: String,
    /// The address it comes from.
    pub from_address: String,
    /// The address it goes to.
    pub to_address: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// When, on the tenant's clock.
    pub date: Timestamp,
}

/// What a transport knows about an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It left, under this reference.
    Sent {
        /// The transport's own name for it.
        reference: String,
    },
    /// It certainly did not leave.
    NotSent,
    /// The transport cannot tell.
    Unknown,
}

/// Why a letter did not leave, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Trying later may work; it may or may not have left.
    #[error("the transport did not answer in time: {0}")]
    Unanswered(String),
    /// It did not leave, and trying later may work.
    #[error("the transport is not available: {0}")]
    Unavailable(String),
    /// It did not leave and never will.
    #[error("the transport refused the letter: {0}")]
    Refused(String),
}

/// Something that takes letters.
#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Its name in the ledger, such as `file`.
    fn name(&self) -> &'static str;
    /// Hands a letter over; returns the transport's reference.
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError>;
    /// Says what became of an intent.
    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError>;
}
