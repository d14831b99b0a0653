//! Looks a server over: whether jobs can be left with it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jobs::Queue;

use super::{answer::Answer, problem::unavailable, set::Set};
use crate::{QueueError, QueueResult};

/// The oldest version whose scripts say beforehand what they do.
const VERSION_MIN: (u64, u64) = (7, 0);
/// Clocks that differ by more than this are worth a word, in milliseconds.
const CLOCK_OFF_MAX_MS: i64 = 1_000;
/// A server this far away makes every job wait.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(20);
/// Round trips of which the quickest counts.
const TRIPS: usize = 5;

/// What a server says of itself, and how far away it is.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Where, without anything that is secret.
    pub place: String,
    /// Its version.
    pub version: String,
    /// What it does when it is full.
    pub eviction: String,
    /// Whether each change is appended to a file.
    pub appends: bool,
    /// Whether writes can be made here.
    pub is_master: bool,
    /// How far its clock is ahead of ours, in milliseconds.
    pub clock_ahead_ms: i64,
    /// The quickest of some round trips.
    pub round_trip: Duration,
    /// Bytes in use.
    pub used: u64,
    /// Bytes at most; none if there is no limit.
    pub most: Option<u64>,
}

/// Every server that has queues, each once.
pub(super) async fn all(set: &Set) -> Vec<QueueResult<Examination>> {
    if !set.link.servers.is_cluster() {
        let found = Examination::of(set, Queue::Maintenance).await;
        return vec![found.map(|(_, found)| found)];
    }
    let mut runs = Vec::new();
    let mut all = Vec::new();
    for queue in Queue::ALL {
        // What names no key is answered by any server where that one is away.
        let found = match set.stats(queue).await {
            Ok(_) => Examination::of(set, queue).await,
            Err(error) => Err(error),
        };
        match found {
            Ok((run, mut found)) => {
                if !runs.contains(&run) {
                    runs.push(run);
                    found.place = format!("{}, the server of {queue}", found.place);
                    all.push(Ok(found));
                }
            }
            Err(QueueError::Unavailable { problem }) => {
                let problem = format!("{queue}: {problem}");
                all.push(Err(QueueError::Unavailable { problem }));
            }
            Err(error) => all.push(Err(error)),
        }
    }
    all
}

impl Examination {
    /// The server that has a queue, and which start of it this is.
    async fn of(set: &Set, queue: Queue) -> QueueResult<(String, Self)> {
        let (link, key) = (&set.link, set.keys.of(queue));
        let place = link.place().to_owned();
        let mut said: HashMap<String, String> = HashMap::new();
        let info = link.command_to(key, redis::cmd("INFO").arg("everything")).await?;
        let info: String = redis::from_redis_value(info)
            .map_err(|_| unavailable(&place, "it says nothing of itself"))?;
        for line in info.lines() {
            if let Some((name, value)) = line.split_once(':') {
                said.insert(name.to_owned(), value.trim().to_owned());
            }
        }
        let mut round_trip = Duration::MAX;
        let mut clock_ahead_ms = 0;
        for _ in 0..TRIPS {
            let (asked, began) = (set.now_ms(), Instant::now());
            let mut time = Answer::of(&place, link.command_to(key, &redis::cmd("TIME")).await?)?;
            let (seconds, micros) = (time.number()?, time.number()?);
            let took = began.elapsed();
            if took < round_trip {
                let half_ms = i64::try_from(took.as_millis() / 2).unwrap_or(0);
                clock_ahead_ms = seconds * 1_000 + micros / 1_000 - asked - half_ms;
                round_trip = took;
            }
        }
        let text = |name: &str| said.get(name).cloned().unwrap_or_default();
        let number = |name: &str| text(name).parse().unwrap_or(0);
        let found = Self {
            version: text("redis_version"),
            eviction: text("maxmemory_policy"),
            appends: text("aof_enabled") == "1",
            is_master: text("role") == "master",
            clock_ahead_ms,
            round_trip,
            used: number("used_memory"),
            most: Some(number("maxmemory")).filter(|most| 0 < *most),
            place,
        };
        Ok((text("run_id"), found))
    }

    /// Why it cannot be worked with at all.
    pub fn refusal(&self) -> Option<String> {
        let mut parts = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        let found: (u64, u64) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        (found < VERSION_MIN).then(|| {
            let (major, minor) = VERSION_MIN;
            format!(
                "it is version {}, and at least {major}.{minor} is needed: update it",
                self.version
            )
        })
    }

    /// What may lose or hold up jobs.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.eviction != "noeviction" {
            all.push(format!(
                "its maxmemory-policy is {}: when it is full it throws jobs away; set noeviction",
                self.eviction
            ));
        }
        if !self.appends {
            all.push(
                "it appends nothing to a file: volatile jobs are lost when it restarts; set appendonly yes"
                    .to_owned(),
            );
        }
        if !self.is_master {
            all.push("it is a replica, which takes no jobs: name the master".to_owned());
        }
        if CLOCK_OFF_MAX_MS < self.clock_ahead_ms.abs() {
            all.push(format!(
                "its clock is {} ms ahead of this machine's: jobs are due by the server's; set both by NTP",
                self.clock_ahead_ms
            ));
        }
        if ROUND_TRIP_MAX < self.round_trip {
            all.push(format!(
                "a round trip takes {} ms: put the server nearer",
                self.round_trip.as_millis()
            ));
        }
        if self.most.is_some_and(|most| most / 10 * 9 < self.used) {
            all.push("more than nine tenths of its memory are in use: raise maxmemory".to_owned());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Examination {
        Examination {
            place: "queue:6379".to_owned(),
            version: "7.0.15".to_owned(),
            eviction: "noeviction".to_owned(),
            appends: true,
            is_master: true,
            clock_ahead_ms: 3,
            round_trip: Duration::from_micros(200),
            used: 50,
            most: Some(100),
        }
    }

    #[test]
    fn what_may_lose_jobs_is_told_with_the_way_out() {
        assert_eq!((good().refusal(), good().warnings().len()), (None, 0));
        let old = Examination { version: "6.2.14".to_owned(), ..good() };
        assert!(old.refusal().unwrap().contains("at least 7.0"), "{:?}", old.refusal());
        assert_eq!(Examination { version: "10.1".to_owned(), ..good() }.refusal(), None);
        let bad = Examination {
            eviction: "allkeys-lru".to_owned(),
            appends: false,
            is_master: false,
            clock_ahead_ms: -5_000,
            round_trip: Duration::from_millis(80),
            used: 95,
            ..good()
        };
        let told = bad.warnings().join("\n");
        for word in ["noeviction", "appendonly yes", "replica", "-5000 ms", "80 ms", "maxmemory"] {
            assert!(told.contains(word), "{word} in {told}");
        }
    }
}
