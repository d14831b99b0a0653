//! The names of keys.

use jobs::Queue;

use crate::{QueueError, QueueResult};

/// What all keys begin with, if nothing else is said.
pub const PREFIX: &str = "steward";
/// Longest prefix, in bytes: it stands in every key.
const PREFIX_BYTES_MAX: usize = 64;

/// The prefixes of the queues, each with a hash tag: all keys of a queue lie in one slot.
pub(super) struct Keys(Vec<(Queue, String)>);

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
        Ok(Self(Queue::ALL.map(|queue| (queue, format!("{prefix}:{{{queue}}}"))).into()))
    }

    /// What a queue's keys begin with.
    pub fn of(&self, queue: Queue) -> &str {
        let found = self.0.iter().find(|(it, _)| *it == queue);
        found.map_or("", |(_, key)| key.as_str())
    }

    /// Where a queue tells its news.
    pub fn news(&self, queue: Queue) -> String {
        format!("{}:news", self.of(queue))
    }

    /// Whose news they are.
    pub fn queue_of_news(&self, channel: &str) -> Option<Queue> {
        let key = channel.strip_suffix(":news")?;
        self.0.iter().find(|(_, it)| it == key).map(|(queue, _)| *queue)
    }
}
