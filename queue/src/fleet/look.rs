//! What is seen of the queues from outside.

use std::collections::HashMap;

use jobs::{JobId, Queue, TenantId, Timestamp};

use super::{
    answer::{Answer, strange},
    record::{found, id_of, line_of, tenant_of},
    script::{IDS, LINES, LOOK, STATS},
    set::Set,
};
use crate::{BATCH_MAX, Filter, Found, ListPage, QueueResult, QueueStats, State, TenantLoad};

/// Ids that one step of a list reads, and jobs that it looks at together.
const IDS_AT_ONCE: usize = 10_000;
const JOBS_AT_ONCE: usize = 200;
/// Ids of a place that a list goes through: beyond them it shows the first ones alone.
const IDS_MAX: usize = 5_000_000;
/// Pages of lines that are looked through.
const PAGES_MAX: usize = 1_000;

impl Set {
    /// Jobs of a queue, as far as they are known there. Where those without a state are is found out, unless they are
    /// known to wait.
    pub async fn look(
        &self,
        queue: Queue,
        ids: &[JobId],
        are_waiting: bool,
    ) -> QueueResult<Vec<Option<Found>>> {
        let mut call = self.call(&LOOK, queue);
        call.number(u8::from(are_waiting));
        for id in ids {
            call.arg(id.uuid().as_bytes());
        }
        let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            let (record, state, error) = (answer.bytes()?, answer.bytes()?, answer.bytes()?);
            let error = error.map(|it| String::from_utf8_lossy(&it).into_owned());
            seen.push(record.and_then(|it| found(queue, *id, it, state.as_deref(), error)));
        }
        Ok(seen)
    }

    /// Jobs in a state, by their ids.
    ///
    /// No index of ids is kept for this: it would cost every job what few people ever look at. So the ids of a state are
    /// read in bounded steps and sorted here, which takes a tenth of a second for each million.
    pub async fn list(
        &self,
        filter: &Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage> {
        let mut ids: Vec<(JobId, Queue)> = Vec::new();
        for queue in Queue::ALL.into_iter().filter(|it| filter.queue.is_none_or(|of| of == *it)) {
            for (place, what) in self.places(queue, state, filter.tenant).await? {
                let here = self.ids(queue, place, &what).await?;
                let later = here.into_iter().filter(|id| after.is_none_or(|after| after < *id));
                ids.extend(later.map(|id| (id, queue)));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let mut jobs: Vec<Found> = Vec::new();
        for some in ids.chunks(JOBS_AT_ONCE) {
            for queue in Queue::ALL {
                let here: Vec<JobId> =
                    some.iter().filter(|(_, of)| *of == queue).map(|(id, _)| *id).collect();
                if here.is_empty() {
                    continue;
                }
                let seen =
                    self.look(queue, &here, state == State::Ready).await?.into_iter().flatten();
                jobs.extend(seen.filter(|job| job.state == state && is_meant(job, filter)));
            }
            if max < jobs.len() {
                break;
            }
        }
        jobs.sort_unstable_by_key(|job| job.id);
        let has_more = max < jobs.len();
        jobs.truncate(max);
        let next = has_more.then(|| jobs.last().map(|job| job.id)).flatten();
        Ok(ListPage { jobs, next })
    }

    /// Where jobs in a state lie.
    async fn places(
        &self,
        queue: Queue,
        state: State,
        tenant: Option<TenantId>,
    ) -> QueueResult<Vec<(&'static str, Vec<u8>)>> {
        let place = match state {
            State::Scheduled => "scheduled",
            State::Running => "running",
            State::Completed => {
                return Ok(vec![("completed", Vec::new()), ("completed_few", Vec::new())]);
            }
            State::Dead => "dead",
            State::Cancelled => "cancelled",
            State::Ready => {
                let lines = match tenant {
                    Some(tenant) => vec![line_of(Some(tenant))],
                    None => self.loads(queue, "places").await?.into_keys().collect(),
                };
                let mut places = vec![("alone", Vec::new())];
                for line in lines {
                    places.extend([("list", line.to_vec()), ("line", line.to_vec())]);
                }
                let held = self.held_names(queue).await?;
                places.extend(held.into_iter().map(|name| ("held", name)));
                return Ok(places);
            }
        };
        Ok(vec![(place, Vec::new())])
    }

    async fn held_names(&self, queue: Queue) -> QueueResult<Vec<Vec<u8>>> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(format!("{}:held_names", self.keys.of(queue)));
        let mut answer = Answer::of(self.place(), self.link.command(&command).await?)?;
        let mut names = Vec::new();
        while !answer.is_over() {
            names.push(answer.some_bytes()?);
        }
        Ok(names)
    }

    async fn ids(&self, queue: Queue, place: &str, what: &[u8]) -> QueueResult<Vec<JobId>> {
        let mut ids = Vec::new();
        let mut read = 0;
        while read < IDS_MAX {
            let mut call = self.call(&IDS, queue);
            call.arg(place).arg(what).number(read).number(IDS_AT_ONCE);
            let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
            let count = usize::try_from(answer.count()?).unwrap_or(0);
            while !answer.is_over() {
                let id = id_of(&answer.some_bytes()?);
                ids.push(id.ok_or_else(|| strange(self.place()))?);
            }
            read += count;
            if count < IDS_AT_ONCE {
                break;
            }
        }
        Ok(ids)
    }

    pub async fn stats(&self, queue: Queue) -> QueueResult<QueueStats> {
        let call = self.call(&STATS, queue);
        let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
        let mut stats = QueueStats::empty(queue);
        for state in State::ALL {
            let count = answer.count()?;
            if 0 < count {
                stats.counts.insert(state, count);
            }
        }
        stats.lines = answer.count()?;
        let oldest = answer.number()?;
        stats.oldest_ready_at =
            (0 <= oldest).then(|| Timestamp::from_timestamp_millis(oldest)).flatten();
        stats.is_paused = answer.number()? == 1;
        stats.leases_lost = answer.count()?;
        stats.rescues = answer.count()?;
        Ok(stats)
    }

    pub async fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>> {
        let mut loads = self.loads(queue, "places").await?;
        // Later ones know more.
        loads.extend(self.loads(queue, "running").await?);
        for (line, (waiting, running)) in self.loads(queue, "together").await? {
            loads.insert(line, (waiting, running));
        }
        let mut all: Vec<_> = loads.into_iter().collect();
        all.sort_unstable_by_key(|(line, (ready, running))| {
            (std::cmp::Reverse(ready + running), *line)
        });
        all.truncate(max);
        let load =
            |(line, (ready, running))| TenantLoad { tenant: tenant_of(line), ready, running };
        Ok(all.into_iter().map(load).collect())
    }

    pub async fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad> {
        let mut call = self.call(&LINES, queue);
        call.arg("one").arg(b"").arg(line_of(tenant));
        let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
        let (_cursor, _line) = (answer.some_bytes()?, answer.some_bytes()?);
        Ok(TenantLoad { tenant, ready: answer.count()?, running: answer.count()? })
    }

    /// Jobs that wait and run, of every line that has some.
    async fn loads(&self, queue: Queue, of: &str) -> QueueResult<HashMap<[u8; 16], (u64, u64)>> {
        let mut loads = HashMap::new();
        let mut cursor = b"0".to_vec();
        for _ in 0..PAGES_MAX {
            let mut call = self.call(&LINES, queue);
            call.arg(of).arg(&cursor);
            let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
            cursor = answer.some_bytes()?;
            while !answer.is_over() {
                let line = answer.some_bytes()?.try_into().map_err(|_| strange(self.place()))?;
                loads.insert(line, (answer.count()?, answer.count()?));
            }
            if cursor == b"0" {
                break;
            }
        }
        Ok(loads)
    }
}

fn is_meant(job: &Found, filter: &Filter) -> bool {
    filter.name.as_ref().is_none_or(|name| *name == job.name)
        && filter.tenant.is_none_or(|tenant| job.tenant == Some(tenant))
}

const _: () = assert!(JOBS_AT_ONCE <= BATCH_MAX);
