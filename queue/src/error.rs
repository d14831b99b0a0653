//! What can go wrong with a queue.

use std::path::PathBuf;

use jobs::{EnvelopeError, InvalidKey};

/// What every call gives back.
pub type QueueResult<T> = Result<T, QueueError>;

/// Why a call did nothing. Nothing is ever half done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// An argument that cannot be meant.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong, and the way out.
        problem: String,
    },
    /// The file was written by a newer release.
    #[error(
        "{}: written by a newer release (schema {found}, known is {known}); update, or move the file away: \
         recorded jobs are enqueued again",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The file is none of ours, or damaged.
    #[error(
        "{}: is not a readable queue ({problem}); move it away: recorded jobs are enqueued again",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// Another release keeps its jobs there in another way.
    #[error(
        "Redis at {place}: its jobs are kept in layout {found}, known is {known}; \
         let one release work off what waits, or give this one a prefix of its own"
    )]
    OtherLayout {
        /// Where.
        place: String,
        /// What was found.
        found: String,
        /// What is known.
        known: u32,
    },
    /// The server cannot be worked with, now or later.
    #[error("Redis at {place}: {problem}")]
    Unusable {
        /// Where.
        place: String,
        /// What is wrong, and the way out.
        problem: String,
    },
    /// It cannot be reached or written for now: a full disk, a lock, a connection.
    #[error("the queue is not available: {problem}")]
    Unavailable {
        /// What stands in the way.
        problem: String,
    },
}

impl QueueError {
    /// An argument that cannot be meant.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// Whether the same call may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl From<InvalidKey> for QueueError {
    fn from(error: InvalidKey) -> Self {
        Self::invalid("unique_key", error.to_string())
    }
}

impl From<EnvelopeError> for QueueError {
    fn from(error: EnvelopeError) -> Self {
        Self::invalid("envelope", error.to_string())
    }
}
