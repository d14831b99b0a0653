//! What a server's answer means that is none.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::script::LAYOUT;
use crate::QueueError;

/// In our words, with the way out where there is one. What the server says holds nothing of a job.
pub(super) fn problem_of(place: &str, error: &RedisError) -> QueueError {
    if error.code() == Some("LAYOUT") {
        let found = error.detail().unwrap_or("?").to_owned();
        return QueueError::OtherLayout { place: place.to_owned(), found, known: LAYOUT };
    }
    let what = match error.code() {
        Some("OOM") => "it is full: raise maxmemory; what waits can still be worked off".to_owned(),
        Some("READONLY") => "it is a replica, or is becoming one".to_owned(),
        Some("MISCONF") => "it cannot write to its disk".to_owned(),
        Some("LOADING") => "it is starting".to_owned(),
        Some("BUSY") => "it is busy with somebody's script".to_owned(),
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => {
            "it refuses this user: see the name and password in REDIS_URL, and the user's rights"
                .to_owned()
        }
        _ if error.kind() == ErrorKind::AuthenticationFailed => {
            "it refuses this user: see the name and password in REDIS_URL".to_owned()
        }
        _ => error.to_string(),
    };
    unavailable(place, what)
}

pub(super) fn unavailable(place: &str, what: impl std::fmt::Display) -> QueueError {
    QueueError::Unavailable { problem: format!("Redis at {place}: {what}") }
}

/// Whether the connection is of no use any more.
pub(super) fn is_broken(error: &RedisError) -> bool {
    // A replica that was the master: the same name may lead to another server by now.
    // In a Cluster, a queue that has moved: who has it is asked anew by whoever connects.
    error.is_unrecoverable_error()
        || error.is_timeout()
        || matches!(
            error.kind(),
            ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    ServerErrorKind::ReadOnly
                        | ServerErrorKind::Moved
                        | ServerErrorKind::Ask
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                )
        )
}

pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
