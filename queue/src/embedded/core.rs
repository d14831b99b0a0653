//! The state of an open file: what its tables say, and in memory what they would take too long to say.
//!
//! What lives here: transactions, the lines, counts, and what every operation shares.
//! What does not: the operations themselves, one file for each kind.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use jobs::{JobId, Pause, Queue, TenantId};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::schema;
use crate::{
    AGEING_MS, QueueError, QueueResult, Retention, State,
    check::{LEASE_MAX, millis, shortened},
    fair::{LineKey, LineLimits, Lines},
    time::Time,
};

/// Far more tokens than jobs are handed out in a millisecond.
const TOKENS_PER_MS: i64 = 10_000;
/// What an operation does with the file; an error undoes the whole transaction.
pub(super) type Sql<T> = rusqlite::Result<T>;

/// A worker that is finishing what it has, to run a job alone.
#[derive(Clone, Debug)]
pub(super) struct Reservation {
    pub worker: String,
    pub until_ms: i64,
}

pub(super) struct Core {
    pub db: Connection,
    pub time: Arc<dyn Time>,
    pub retention: Retention,
    pub lines: HashMap<Queue, Lines>,
    /// Jobs that wait to run alone.
    pub alone: HashMap<Queue, u64>,
    pub reserved: HashMap<Queue, Reservation>,
    /// Jobs that were put aside because their name is paused.
    pub held: BTreeMap<String, u64>,
    pub paused_queues: HashSet<Queue>,
    pub paused_names: HashSet<String>,
    pub paused_tenants: HashSet<LineKey>,
    /// Lines may rest whose rest is over.
    pub has_parks: bool,
    pub token: i64,
    pub counts: HashMap<(Queue, State), i64>,
    pub leases_lost: HashMap<Queue, u64>,
    pub rescues: HashMap<Queue, u64>,
    /// Queues that may have something to hand out that they had not before.
    pub woken: HashSet<Queue>,
    /// The earliest time, by the wall, at which a scheduled job may be due.
    pub next_due_ms: i64,
}

/// What most operations need to know of a job.
pub(super) struct Task {
    pub seq: i64,
    pub id: Uuid,
    pub queue: Queue,
    pub tenant: LineKey,
    pub state: State,
    pub at: i64,
    pub token: Option<i64>,
    pub priority: u8,
    pub rescues: u32,
    pub attempt: u32,
    pub in_line: bool,
    pub is_held: bool,
    pub is_alone: bool,
    pub is_cancelling: bool,
    pub name: String,
    pub unique_key: Option<String>,
    pub is_windowed: bool,
}

/// The columns of [`Task`], in its order.
pub(super) const TASK: &str = "seq, id, queue, tenant, state, at, token, priority, rescues, attempt, in_line, \
    is_held, is_alone, is_cancelling, name, unique_key, is_windowed";

impl Task {
    pub fn read(row: &Row<'_>) -> Sql<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: Uuid::from_bytes(row.get(1)?),
            queue: parsed(row, 2)?,
            tenant: LineKey::from_be_bytes(row.get(3)?),
            state: parsed(row, 4)?,
            at: row.get(5)?,
            token: row.get(6)?,
            priority: row.get(7)?,
            rescues: row.get(8)?,
            attempt: row.get(9)?,
            in_line: row.get(10)?,
            is_held: row.get(11)?,
            is_alone: row.get(12)?,
            is_cancelling: row.get(13)?,
            name: row.get(14)?,
            unique_key: row.get(15)?,
            is_windowed: row.get(16)?,
        })
    }
}

/// A column of words that we wrote.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, at: usize) -> Sql<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(at)?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, error.into())
    })
}

pub(super) fn line_key(tenant: Option<TenantId>) -> LineKey {
    tenant.map_or(0, |it| it.uuid().as_u128())
}

pub(super) fn tenant_of(key: LineKey) -> Option<TenantId> {
    (key != 0).then(|| TenantId::from_uuid(Uuid::from_u128(key)))
}

pub(super) fn job_id(id: Uuid) -> JobId {
    JobId::from_uuid(id)
}

impl Core {
    pub fn open(path: &Path, time: Arc<dyn Time>, retention: Retention) -> QueueResult<Self> {
        let mut core = Self {
            db: schema::open(path)?,
            time,
            retention,
            lines: HashMap::new(),
            alone: HashMap::new(),
            reserved: HashMap::new(),
            held: BTreeMap::new(),
            paused_queues: HashSet::new(),
            paused_names: HashSet::new(),
            paused_tenants: HashSet::new(),
            has_parks: true,
            token: 0,
            counts: HashMap::new(),
            leases_lost: HashMap::new(),
            rescues: HashMap::new(),
            woken: HashSet::new(),
            next_due_ms: i64::MIN,
        };
        core.shorten_leases().and_then(|()| core.reload()).map_err(|error| unavailable(&error))?;
        Ok(core)
    }

    /// Does something as a whole or not at all.
    pub fn transact<T>(&mut self, work: impl FnOnce(&mut Self) -> Sql<T>) -> QueueResult<T> {
        self.try_transact(work).map_err(|error| unavailable(&error))
    }

    /// The same, with the file's own words for what went wrong.
    pub fn try_transact<T>(&mut self, work: impl FnOnce(&mut Self) -> Sql<T>) -> Sql<T> {
        let result = self.db.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            let done = work(self)?;
            self.write_counts()?;
            self.db.execute_batch("COMMIT")?;
            Ok(done)
        });
        result.inspect_err(|_| {
            // What stands in memory may be ahead of what was undone.
            if !self.db.is_autocommit()
                && let Err(error) = self.db.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "a transaction of the queue could not be undone");
            }
            if let Err(error) = self.reload() {
                tracing::error!(%error, "the queue could not be read again after an error");
            }
        })
    }

    /// Begins a new file where the old one is gone. What is paused stays so.
    pub fn begin_anew(&mut self, path: &Path) -> QueueResult<()> {
        let pauses = self.pauses();
        // Closed first: closing removes the log beside the file, which would be the new one's by then.
        let nothing = Connection::open_in_memory().map_err(|error| unavailable(&error))?;
        drop(std::mem::replace(&mut self.db, nothing));
        self.db = schema::open(path)?;
        let kept = self.reload().and_then(|()| self.set_pauses(&pauses));
        kept.map_err(|error| unavailable(&error))
    }

    pub fn pauses(&self) -> Vec<Pause> {
        let queues = self.paused_queues.iter().map(|queue| Pause::Queue(*queue));
        let names = self.paused_names.iter().map(|name| Pause::Name(name.clone()));
        let tenants = self.paused_tenants.iter().filter_map(|key| tenant_of(*key));
        queues.chain(names).chain(tenants.map(Pause::Tenant)).collect()
    }

    /// A lease of an earlier process, under another clock, must not last for years.
    fn shorten_leases(&self) -> Sql<()> {
        let latest = self.time.steady_ms() + millis(LEASE_MAX);
        let sql = "UPDATE tasks SET at = ?1 WHERE state = 'running' AND ?1 < at";
        self.db.execute(sql, [latest])?;
        Ok(())
    }

    /// Reads what is kept in memory from the file.
    fn reload(&mut self) -> Sql<()> {
        self.counts.clear();
        self.reserved.clear();
        self.next_due_ms = i64::MIN;
        // Never given twice, also over a file that is new or an older copy: time goes faster than jobs are handed out.
        let sql = "SELECT value FROM meta WHERE name = 'token'";
        let written: i64 = self.db.query_row(sql, [], |it| it.get(0))?;
        let by_time = self.time.wall_ms().saturating_mul(TOKENS_PER_MS);
        self.token = self.token.max(written).max(by_time);
        self.reload_pauses()?;
        self.reload_lines()?;
        let sql = "SELECT queue, COUNT(*) FROM tasks WHERE is_alone = 1 AND state = 'ready' GROUP BY queue";
        self.alone = collected(&self.db, sql, |row| Ok((parsed(row, 0)?, row.get(1)?)))?;
        let sql = "SELECT name, COUNT(*) FROM tasks WHERE is_held = 1 GROUP BY name";
        self.held = collected(&self.db, sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.woken.extend(Queue::ALL);
        Ok(())
    }

    fn reload_pauses(&mut self) -> Sql<()> {
        let sql = "SELECT kind, what FROM pauses";
        let rows: Vec<(String, String)> =
            collected(&self.db, sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.paused_queues.clear();
        self.paused_names.clear();
        self.paused_tenants.clear();
        for (kind, what) in rows {
            match Pause::of(&kind, &what) {
                Ok(Pause::Queue(queue)) => self.paused_queues.extend([queue]),
                Ok(Pause::Name(name)) => self.paused_names.extend([name]),
                Ok(Pause::Tenant(tenant)) => self.paused_tenants.extend([line_key(Some(tenant))]),
                Err(error) => tracing::warn!(%error, "a pause that means nothing here"),
            }
        }
        Ok(())
    }

    fn reload_lines(&mut self) -> Sql<()> {
        let now = self.time.steady_ms();
        let mut all: HashMap<Queue, Lines> = HashMap::new();
        for queue in Queue::ALL {
            all.entry(queue).or_default().set_paused(self.paused_tenants.clone());
        }
        let sql = "SELECT queue, tenant, weight, running_max, rate_per_minute, rate_burst, parked_until FROM limits";
        let limits: Vec<(Queue, LineKey, LineLimits, i64)> = collected(&self.db, sql, |row| {
            let rate: (Option<u32>, Option<u32>) = (row.get(4)?, row.get(5)?);
            let limits = LineLimits {
                weight: row.get(2)?,
                running_max: row.get(3)?,
                rate: rate.0.zip(rate.1),
            };
            Ok((parsed(row, 0)?, LineKey::from_be_bytes(row.get(1)?), limits, row.get(6)?))
        })?;
        for (queue, key, limits, parked_until) in limits {
            let lines = all.entry(queue).or_default();
            lines.limit(key, limits, now);
            lines.park(key, parked_until);
        }
        let sql = "SELECT queue, tenant, COUNT(*) FROM tasks WHERE state = 'running' GROUP BY queue, tenant";
        for (queue, key, count) in counted(&self.db, sql)? {
            (0..count).for_each(|_| all.entry(queue).or_default().started(key));
        }
        // Whose job has waited longest comes first.
        let sql = "SELECT queue, tenant, COUNT(*) FROM tasks WHERE in_line = 1 GROUP BY queue, tenant \
            ORDER BY MIN(turn), tenant";
        for (queue, key, count) in counted(&self.db, sql)? {
            all.entry(queue).or_default().join(key, count);
        }
        self.lines = all;
        Ok(())
    }

    /// Notes that jobs came to be in a state, or left it.
    pub fn count(&mut self, queue: Queue, state: State, change: i64) {
        *self.counts.entry((queue, state)).or_default() += change;
    }

    pub fn write_counts(&mut self) -> Sql<()> {
        let sql = "INSERT INTO counts VALUES (?1, ?2, ?3) \
            ON CONFLICT (queue, state) DO UPDATE SET jobs = jobs + excluded.jobs";
        for ((queue, state), change) in self.counts.drain().filter(|(_, change)| *change != 0) {
            let values = params![queue.as_str(), state.as_str(), change];
            self.db.prepare_cached(sql)?.execute(values)?;
        }
        Ok(())
    }

    /// A job of a line runs no more, which may let another one begin.
    pub fn ended(&mut self, queue: Queue, tenant: LineKey) {
        let now = self.time.steady_ms();
        if self.lines(queue).ended(tenant, now) {
            self.woken.insert(queue);
        }
    }

    pub fn lines(&mut self, queue: Queue) -> &mut Lines {
        self.lines.entry(queue).or_default()
    }

    pub fn find_task(&self, id: JobId) -> Sql<Option<Task>> {
        let sql = format!("SELECT {TASK} FROM tasks WHERE id = ?1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([id.uuid().into_bytes()])?;
        rows.next()?.map(Task::read).transpose()
    }

    /// Puts a job that waits for a worker where it can be found: in its line, or with those that have to run alone.
    pub fn make_ready(&mut self, task: &Task, turn: i64) -> Sql<()> {
        let sql = "UPDATE tasks SET state = 'ready', at = ?2, turn = ?3, in_line = ?4, is_alone = ?5, is_held = 0, \
            token = NULL, worker = NULL WHERE seq = ?1";
        let now = self.time.wall_ms();
        let values = params![task.seq, now, turn, !task.is_alone, task.is_alone];
        self.db.prepare_cached(sql)?.execute(values)?;
        self.count(task.queue, task.state, -1);
        self.count(task.queue, State::Ready, 1);
        if task.is_alone {
            *self.alone.entry(task.queue).or_default() += 1;
        } else {
            self.lines(task.queue).join(task.tenant, 1);
        }
        self.woken.insert(task.queue);
        Ok(())
    }

    /// Ends a job, and gives its key back if it was held for as long as the job was pending.
    pub fn end(&mut self, task: &Task, state: State, error: Option<&str>) -> Sql<()> {
        let sql = "UPDATE tasks SET state = ?2, at = ?3, in_line = 0, is_held = 0, is_alone = 0, is_cancelling = 0, \
            token = NULL, worker = NULL, error = COALESCE(?4, error) WHERE seq = ?1";
        let values = params![task.seq, state.as_str(), self.time.wall_ms(), error.map(shortened)];
        self.db.prepare_cached(sql)?.execute(values)?;
        self.count(task.queue, task.state, -1);
        self.count(task.queue, state, 1);
        self.free_key(task)
    }

    fn free_key(&mut self, task: &Task) -> Sql<()> {
        let Some(key) = &task.unique_key else { return Ok(()) };
        let sql = "DELETE FROM keys WHERE queue = ?1 AND tenant = ?2 AND key = ?3 AND id = ?4 AND until IS NULL";
        let tenant = task.tenant.to_be_bytes();
        let values = params![task.queue.as_str(), tenant, key, task.id.into_bytes()];
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Takes a job that waits out of wherever it waits.
    pub fn leave(&mut self, task: &Task) {
        if task.in_line {
            self.lines(task.queue).leave(task.tenant, 1);
        }
        if task.is_held {
            self.held.entry(task.name.clone()).and_modify(|held| *held -= 1);
            self.held.retain(|_, held| 0 < *held);
        }
        if task.is_alone && task.state == State::Ready {
            self.alone.entry(task.queue).and_modify(|alone| *alone -= 1);
        }
    }

    pub fn is_paused(&self, task: &Task) -> bool {
        self.paused_names.contains(&task.name) || self.paused_tenants.contains(&task.tenant)
    }

    pub fn next_token(&mut self) -> i64 {
        self.token += 1;
        self.token
    }

    pub fn write_token(&self) -> Sql<()> {
        let sql = "UPDATE meta SET value = ?1 WHERE name = 'token'";
        self.db.prepare_cached(sql)?.execute([self.token])?;
        Ok(())
    }
}

/// Where a job stands in its line that may run from `at` on: each step of priority is worth a head start.
pub(super) fn turn_of(at_ms: i64, priority: u8) -> i64 {
    at_ms.saturating_sub(i64::from(priority) * AGEING_MS)
}

pub(super) fn unavailable(error: &rusqlite::Error) -> QueueError {
    QueueError::Unavailable { problem: error.to_string() }
}

pub(super) fn collected<T, C: FromIterator<T>>(
    db: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> Sql<T>,
) -> Sql<C> {
    db.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn counted(db: &Connection, sql: &str) -> Sql<Vec<(Queue, LineKey, u64)>> {
    collected(db, sql, |row| {
        Ok((parsed(row, 0)?, LineKey::from_be_bytes(row.get(1)?), row.get(2)?))
    })
}
