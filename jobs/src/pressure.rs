//! The queues, named by the kind of pressure that they are under.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a job waits. Jobs of one queue wait for the same workers, so they should be alike in length and in haste.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Somebody is waiting for it.
    Interactive,
    /// Mail that arrives: short calls to a provider that limits them.
    Mail,
    /// The phases of cycles: minutes at most, mostly database.
    Agent,
    /// Many of the same at once: broadcasts, imports.
    Bulk,
    /// Documents: long, hungry for memory.
    Documents,
    /// The house's own upkeep.
    Maintenance,
}

/// The text names no queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no queue: give one of {}", Queue::names())]
pub struct UnknownQueue {
    text: String,
}

impl Queue {
    /// All of them, most urgent first.
    pub const ALL: [Self; 6] = [
        Self::Interactive,
        Self::Mail,
        Self::Agent,
        Self::Bulk,
        Self::Documents,
        Self::Maintenance,
    ];

    /// The name by which it is stored and spoken of.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Mail => "mail",
            Self::Agent => "agent",
            Self::Bulk => "bulk",
            Self::Documents => "documents",
            Self::Maintenance => "maintenance",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Queue {
    type Err = UnknownQueue;

    fn from_str(text: &str) -> Result<Self, UnknownQueue> {
        let found = Self::ALL.into_iter().find(|queue| queue.as_str() == text);
        found.ok_or_else(|| UnknownQueue { text: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_by_its_name_and_nothing_else_is() {
        for queue in Queue::ALL {
            assert_eq!(queue.as_str().parse(), Ok(queue));
            assert_eq!(serde_json::to_value(queue).unwrap(), queue.as_str());
        }
        let error = "Mail".parse::<Queue>().unwrap_err();
        assert!(
            error.to_string().contains("`Mail` is no queue")
                && error.to_string().contains("mail, agent")
        );
    }
}
