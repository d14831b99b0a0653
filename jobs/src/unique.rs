//! Keys that keep the same work from waiting twice.

use std::time::Duration;

/// Longest key, in bytes: an index entry, not a document.
pub const KEY_BYTES_MAX: usize = 255;
/// Longest window.
pub const WINDOW_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A key under which a job is kept once.
///
/// Keys of different tenants never meet, nor do those of different queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    key: String,
    window: Option<Duration>,
}

/// The key cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Nothing at all.
    #[error("unique key: is empty; leave it out if the job need not be unique")]
    Empty,
    /// Too much.
    #[error("unique key: has {bytes} bytes of at most {KEY_BYTES_MAX}; give a hash of it instead")]
    TooLong {
        /// As given.
        bytes: usize,
    },
    /// It would break lines, logs and databases.
    #[error("unique key: holds a control character; give printable text")]
    Unprintable,
    /// A window that is none.
    #[error("unique key: its window of {seconds} s is not between 1 s and 31 days")]
    Window {
        /// As given.
        seconds: u64,
    },
}

impl Unique {
    /// A key that holds until the job is completed, dead or cancelled.
    pub fn while_pending(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        if key.is_empty() {
            return Err(InvalidKey::Empty);
        }
        if KEY_BYTES_MAX < key.len() {
            return Err(InvalidKey::TooLong { bytes: key.len() });
        }
        if key.chars().any(char::is_control) {
            return Err(InvalidKey::Unprintable);
        }
        Ok(Self { key, window: None })
    }

    /// A key that holds for a time, whatever becomes of the job.
    pub fn within(key: impl Into<String>, window: Duration) -> Result<Self, InvalidKey> {
        if window < Duration::from_secs(1) || WINDOW_MAX < window {
            return Err(InvalidKey::Window { seconds: window.as_secs() });
        }
        Ok(Self { window: Some(window), ..Self::while_pending(key)? })
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How long it holds; without one, until the job has ended.
    pub fn window(&self) -> Option<Duration> {
        self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_is_refused_with_the_way_out() {
        let long = Unique::while_pending("k".repeat(10 * 1024)).unwrap_err();
        assert_eq!(
            long.to_string(),
            "unique key: has 10240 bytes of at most 255; give a hash of it instead"
        );
        assert_eq!(Unique::while_pending(""), Err(InvalidKey::Empty));
        assert_eq!(Unique::while_pending("a\nb"), Err(InvalidKey::Unprintable));
        assert_eq!(Unique::within("a", Duration::ZERO), Err(InvalidKey::Window { seconds: 0 }));
        assert!(Unique::within("a", WINDOW_MAX + Duration::from_secs(1)).is_err());
        assert!(Unique::within("ü".repeat(127), WINDOW_MAX).is_ok());
    }
}
