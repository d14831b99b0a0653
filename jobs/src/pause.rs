//! What is not to run for now.

use std::{fmt, str::FromStr};

use crate::{Queue, TenantId, UnknownQueue, envelope::check_name};

/// What is not to run for now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pause {
    /// Everything in a queue.
    Queue(Queue),
    /// Every job of a name.
    Name(String),
    /// Everything of a tenant.
    Tenant(TenantId),
}

impl Pause {
    /// What kind of thing is paused.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Name(_) => "name",
            Self::Tenant(_) => "tenant",
        }
    }

    /// Which of its kind.
    pub fn subject(&self) -> String {
        match self {
            Self::Queue(queue) => queue.to_string(),
            Self::Name(name) => name.clone(),
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }

    /// Reads one from its kind and subject.
    pub fn of(kind: &str, subject: &str) -> Result<Self, InvalidPause> {
        match kind {
            "queue" => Ok(Self::Queue(subject.parse()?)),
            "name" => match check_name(subject) {
                Ok(()) => Ok(Self::Name(subject.to_owned())),
                Err(error) => Err(InvalidPause::Other(error.to_string())),
            },
            "tenant" => match subject.parse() {
                Ok(tenant) => Ok(Self::Tenant(tenant)),
                Err(_) => Err(InvalidPause::Other("it is no tenant's id".to_owned())),
            },
            _ => Err(InvalidPause::Other("its kind is none of queue, name, tenant".to_owned())),
        }
    }
}

/// The text pauses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPause {
    /// No queue has this name.
    #[error(transparent)]
    Queue(#[from] UnknownQueue),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.subject())
    }
}

impl FromStr for Pause {
    type Err = InvalidPause;

    fn from_str(text: &str) -> Result<Self, InvalidPause> {
        let (kind, subject) = text.split_once(':').unwrap_or((text, ""));
        Self::of(kind, subject)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_pause_comes_back_as_it_was_written() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        let all =
            [Pause::Queue(Queue::Mail), Pause::Name("act_cycle".to_owned()), Pause::Tenant(tenant)];
        for pause in all {
            assert_eq!(pause.to_string().parse(), Ok(pause));
        }
        for text in ["", "queue:", "queue:post", "name:", "name:a b", "tenant:acme", "house:1"] {
            assert!(text.parse::<Pause>().is_err(), "{text}");
        }
    }
}
