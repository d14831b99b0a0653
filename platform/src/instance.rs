//! Who this process is, for locks and leases.

use crate::ids::RandomIds;
use domain::{id::IdSource, time::Timestamp};

/// A name that is new at each start: `host/pid/random`. A restarted process is somebody else.
pub fn instance_name(now: Timestamp) -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "localhost" } else { host };
    let tail = RandomIds.next_uuid(now).simple().to_string();
    format!("{host}/{}/{}", std::process::id(), &tail[tail.len() - TAIL_DIGITS..])
}

/// Enough to tell apart the starts of one process id on one host.
const TAIL_DIGITS: usize = 6;
