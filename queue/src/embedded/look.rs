//! What is seen from outside: by the owner of the file, and by whoever reads it beside the owner.

use jobs::{JobId, Priority, Queue, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

use super::{
    control::{conditions, read_counts, read_pauses},
    core::{Core, Sql, job_id, line_key, parsed, tenant_of},
};
use crate::{
    Counts, Filter, Found, ListPage, QueueStats, State, TenantLoad,
    fair::{LineKey, Lines},
};

const FOUND: &str = "id, queue, name, tenant, priority, state, attempt, rescues, snoozes, enqueued_at, at, worker, \
    is_cancelling, unique_key, error, body";

pub(super) fn find(db: &Connection, id: JobId) -> Sql<Option<Found>> {
    let sql = format!("SELECT {FOUND} FROM tasks WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id.uuid().into_bytes()], found).optional()
}

pub(super) fn states(db: &Connection, ids: &[JobId]) -> Sql<Vec<Option<State>>> {
    let mut statement = db.prepare_cached("SELECT state FROM tasks WHERE id = ?1")?;
    let mut state =
        |id: &JobId| statement.query_row([id.uuid().into_bytes()], |row| parsed(row, 0)).optional();
    ids.iter().map(&mut state).collect()
}

pub(super) fn list(
    db: &Connection,
    filter: &Filter,
    state: State,
    after: Option<JobId>,
    max: usize,
) -> Sql<ListPage> {
    let (filtered, mut values) = conditions(filter);
    values.push(Value::Text(state.to_string()));
    let state_at = values.len();
    values.push(Value::Blob(after.map_or_else(Vec::new, |id| id.uuid().into_bytes().to_vec())));
    let after_at = values.len();
    values.push(Value::Integer(i64::try_from(max).unwrap_or(i64::MAX).saturating_add(1)));
    let sql = format!(
        "SELECT {FOUND} FROM tasks WHERE state = ?{state_at} AND ?{after_at} < id{filtered} ORDER BY id LIMIT ?{}",
        values.len()
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut jobs: Vec<Found> =
        statement.query_map(params_from_iter(values), found)?.collect::<Sql<_>>()?;
    let has_more = max < jobs.len();
    jobs.truncate(max);
    let next = has_more.then(|| jobs.last().map(|job| job.id)).flatten();
    Ok(ListPage { jobs, next })
}

/// A queue in figures, as far as the file tells.
pub(super) fn stats(db: &Connection, queue: Queue) -> Sql<QueueStats> {
    let counts = counts_of(db, queue)?;
    let is_paused =
        read_pauses(db)?.iter().any(|(kind, what)| kind == "queue" && what == queue.as_str());
    let sql = "SELECT COUNT(DISTINCT tenant) FROM tasks WHERE queue = ?1 AND in_line = 1";
    let oldest = oldest_ready(db, queue)?;
    let lines = db.prepare_cached(sql)?.query_row([queue.as_str()], |row| row.get(0))?;
    Ok(QueueStats {
        queue,
        counts,
        lines,
        oldest_ready_at: oldest.and_then(Timestamp::from_timestamp_millis),
        is_paused,
        leases_lost: 0,
        rescues: 0,
    })
}

pub(super) fn top(db: &Connection, queue: Queue, max: usize) -> Sql<Vec<TenantLoad>> {
    let sql = "SELECT tenant, COUNT(*) FILTER (WHERE state = 'ready'), COUNT(*) FILTER (WHERE state = 'running') \
        FROM tasks WHERE queue = ?1 AND state IN ('ready', 'running') GROUP BY tenant \
        ORDER BY COUNT(*) DESC, tenant LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![queue.as_str(), max], |row| {
        Ok(TenantLoad {
            tenant: tenant_of(LineKey::from_be_bytes(row.get(0)?)),
            ready: row.get(1)?,
            running: row.get(2)?,
        })
    })?;
    rows.collect()
}

impl Core {
    /// A queue in figures, from what is counted as it happens.
    pub fn stats(&mut self, queue: Queue) -> Sql<QueueStats> {
        // Calls that share this transaction may have counted something.
        self.write_counts()?;
        let counts = counts_of(&self.db, queue)?;
        let oldest = oldest_ready(&self.db, queue)?;
        Ok(QueueStats {
            queue,
            counts,
            lines: self.lines.get(&queue).map_or(0, Lines::count),
            oldest_ready_at: oldest.and_then(Timestamp::from_timestamp_millis),
            is_paused: self.paused_queues.contains(&queue),
            leases_lost: self.leases_lost.get(&queue).copied().unwrap_or(0),
            rescues: self.rescues.get(&queue).copied().unwrap_or(0),
        })
    }

    pub fn load(&self, queue: Queue, tenant: Option<TenantId>) -> TenantLoad {
        let lines = self.lines.get(&queue);
        let (ready, running) = lines.map_or((0, 0), |lines| lines.load(line_key(tenant)));
        TenantLoad { tenant, ready, running }
    }

    pub fn top(&self, queue: Queue, max: usize) -> Vec<TenantLoad> {
        let Some(lines) = self.lines.get(&queue) else { return Vec::new() };
        let longest = lines.longest(max).into_iter();
        longest
            .map(|(key, ready, running)| TenantLoad { tenant: tenant_of(key), ready, running })
            .collect()
    }
}

/// How much of a queue is one tenant's, as far as the file tells.
pub(super) fn load(db: &Connection, queue: Queue, tenant: Option<TenantId>) -> Sql<TenantLoad> {
    let sql = "SELECT COUNT(*) FILTER (WHERE state = 'ready'), COUNT(*) FILTER (WHERE state = 'running') \
        FROM tasks WHERE queue = ?1 AND state IN ('ready', 'running') AND tenant = ?2";
    let line = line_key(tenant).to_be_bytes();
    db.prepare_cached(sql)?.query_row(params![queue.as_str(), line], |row| {
        Ok(TenantLoad { tenant, ready: row.get(0)?, running: row.get(1)? })
    })
}

fn counts_of(db: &Connection, queue: Queue) -> Sql<Counts> {
    let of_queue = read_counts(db)?.into_iter().filter(|(of, _, jobs)| *of == queue && 0 < *jobs);
    Ok(of_queue.map(|(_, state, jobs)| (state, u64::try_from(jobs).unwrap_or(0))).collect())
}

/// Since when the job waits that was kept first: one seek, and the one that waits longest but for priorities.
fn oldest_ready(db: &Connection, queue: Queue) -> Sql<Option<i64>> {
    let sql = "SELECT at FROM tasks WHERE queue = ?1 AND state = 'ready' ORDER BY id LIMIT 1";
    db.prepare_cached(sql)?.query_row([queue.as_str()], |row| row.get(0)).optional()
}

fn found(row: &Row<'_>) -> Sql<Found> {
    let state: State = parsed(row, 5)?;
    let moment = |ms: i64| Timestamp::from_timestamp_millis(ms);
    let at: i64 = row.get(10)?;
    // What a lease ends at is no time of the wall's.
    let at = (state != State::Running).then(|| moment(at)).flatten();
    let priority: u8 = row.get(4)?;
    Ok(Found {
        id: job_id(Uuid::from_bytes(row.get(0)?)),
        queue: parsed(row, 1)?,
        name: row.get(2)?,
        tenant: tenant_of(LineKey::from_be_bytes(row.get(3)?)),
        priority: Priority::new(priority).unwrap_or_default(),
        state,
        attempt: row.get(6)?,
        rescues: row.get(7)?,
        snoozes: row.get(8)?,
        enqueued_at: moment(row.get(9)?).unwrap_or_default(),
        at,
        worker: row.get(11)?,
        is_cancelling: row.get(12)?,
        unique_key: row.get(13)?,
        error: row.get(14)?,
        body: row.get(15)?,
    })
}
