//! Locks by name, which lapse by themselves: for cheap exclusion, in front of something that decides.

use std::time::Duration;

use redis::{Value, cmd};

use super::Fleet;
use crate::{QueueError, QueueResult, check::check_text};

/// Lets go of a lock that is the holder's: in two steps, it might be somebody else's by the second.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

impl Fleet {
    /// Takes a lock for so long, or keeps one that the holder has; says whether it is the holder's now.
    pub async fn take_lock(&self, name: &str, holder: &str, time: Duration) -> QueueResult<bool> {
        check_text("name", name)?;
        check_text("holder", holder)?;
        let ms = u64::try_from(time.as_millis()).ok().filter(|ms| 0 < *ms);
        let ms = ms.ok_or_else(|| QueueError::invalid("time", "is none, or without end"))?;
        let key = self.lock_key(name);
        let set = cmd("SET").arg(&key).arg(holder).arg("NX").arg("GET").arg("PX").arg(ms).clone();
        match self.set.link.command(&set).await? {
            Value::Nil => Ok(true),
            Value::BulkString(there) if there == holder.as_bytes() => {
                self.set.link.command(cmd("PEXPIRE").arg(&key).arg(ms)).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Lets go of a lock, if it is still the holder's.
    pub async fn release_lock(&self, name: &str, holder: &str) -> QueueResult<()> {
        let key = self.lock_key(name);
        let release = cmd("EVAL").arg(RELEASE).arg(1).arg(&key).arg(holder).clone();
        self.set.link.command(&release).await.map(|_| ())
    }

    fn lock_key(&self, name: &str) -> String {
        self.set.keys.lock(name)
    }
}
