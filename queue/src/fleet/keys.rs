//! The names of keys.

use jobs::Queue;

use crate::{QueueError, QueueResult};

/// What all keys begin with, if nothing else is said.
pub const PREFIX: &str = "steward";
/// Longest prefix, in bytes: it stands in every key.
const PREFIX_BYTES_MAX: usize = 64;

/// The prefixes of the queues, each with a hash tag: all keys of a queue lie in one slot.
pub(super) struct Keys {
    prefix: String,
    queues: Vec<(Queue, String)>,
}

impl Keys {
    /// Errors if the prefix cannot stand before a hash tag.
    pub fn new(prefix: &str) -> QueueResult<Self> {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | ':');
        if prefix.is_empty() || PREFIX_BYTES_MAX < prefix.len() || !prefix.chars().all(is_plain) {
            let problem = format!(
                "give 1 to {PREFIX_BYTES_MAX} letters, digits, hyphens, underlines, dots and colons"
            );
            return Err(QueueError::invalid("prefix", problem));
        }
        let queues = Queue::ALL.map(|queue| (queue, format!("{prefix}:{{{queue}}}"))).into();
        Ok(Self { prefix: prefix.to_owned(), queues })
    }

    /// What a queue's keys begin with.
    pub fn of(&self, queue: Queue) -> &str {
        let found = self.queues.iter().find(|(it, _)| *it == queue);
        found.map_or("", |(_, key)| key.as_str())
    }

    /// Where a lock stands: in a slot of its own.
    pub fn lock(&self, name: &str) -> String {
        format!("{}:lock:{name}", self.prefix)
    }

    /// Where a queue tells its news.
    pub fn news(&self, queue: Queue) -> String {
        format!("{}:news", self.of(queue))
    }

    /// Whose news they are.
    pub fn queue_of_news(&self, channel: &str) -> Option<Queue> {
        let key = channel.strip_suffix(":news")?;
        self.queues.iter().find(|(_, it)| it == key).map(|(queue, _)| *queue)
    }
}
