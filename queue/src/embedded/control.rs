//! What people do to jobs and queues: call off, bring back, pause, limit.

use std::collections::HashSet;

use jobs::{JobId, Queue, TenantId};
use rusqlite::{params, types::Value};

use super::core::{Core, Sql, TASK, Task, line_key, parsed, turn_of};
use crate::{CancelOutcome, Filter, Pause, Replayed, State, fair::LineLimits};

/// Pages of dead jobs that one call goes through, for the sake of those whose key is taken.
const REPLAY_PAGES_MAX: usize = 20;

impl Core {
    pub fn cancel(&mut self, id: JobId) -> Sql<CancelOutcome> {
        let Some(task) = self.find_task(id)? else { return Ok(CancelOutcome::Unknown) };
        if task.state.is_end() {
            return Ok(CancelOutcome::Ended);
        }
        if task.state == State::Running {
            let sql = "UPDATE tasks SET is_cancelling = 1 WHERE seq = ?1";
            self.db.prepare_cached(sql)?.execute([task.seq])?;
            return Ok(CancelOutcome::Requested);
        }
        self.leave(&task);
        self.end(&task, State::Cancelled, None)?;
        Ok(CancelOutcome::Cancelled)
    }

    pub fn retry(&mut self, id: JobId) -> Sql<Replayed> {
        let Some(task) = self.find_task(id)? else { return Ok(Replayed::Unknown) };
        match task.state {
            State::Scheduled => {
                let now = self.time.wall_ms();
                self.make_ready(&task, turn_of(now, task.priority))?;
                Ok(Replayed::Ready)
            }
            State::Dead | State::Cancelled => self.bring_back(&task),
            State::Ready | State::Running | State::Completed => Ok(Replayed::NotWaiting),
        }
    }

    /// A job that ended begins anew, with all its attempts, as if nobody had tried it.
    fn bring_back(&mut self, task: &Task) -> Sql<Replayed> {
        if let Some(holder) = self.retake_key(task)? {
            return Ok(Replayed::Duplicate(holder));
        }
        let sql = "UPDATE tasks SET attempt = 0, rescues = 0, snoozes = 0 WHERE seq = ?1";
        self.db.prepare_cached(sql)?.execute([task.seq])?;
        let now = self.time.wall_ms();
        self.make_ready(task, turn_of(now, task.priority))?;
        Ok(Replayed::Ready)
    }

    pub fn replay(&mut self, filter: &Filter, max: usize) -> Sql<usize> {
        let (mut replayed, mut left) = (0, 0);
        for _ in 0..REPLAY_PAGES_MAX {
            // Behind those whose key belongs to another job by now, which stay where they are.
            let page = self.first_dead(filter, max - replayed, left)?;
            for task in &page {
                match self.bring_back(task)? {
                    Replayed::Ready => replayed += 1,
                    Replayed::Duplicate(_) | Replayed::NotWaiting | Replayed::Unknown => left += 1,
                }
            }
            if page.is_empty() || max <= replayed {
                break;
            }
        }
        Ok(replayed)
    }

    pub fn purge(&mut self, filter: &Filter, max: usize) -> Sql<usize> {
        let dead = self.first_dead(filter, max, 0)?;
        for task in &dead {
            self.db.prepare_cached("DELETE FROM tasks WHERE seq = ?1")?.execute([task.seq])?;
            self.count(task.queue, State::Dead, -1);
        }
        Ok(dead.len())
    }

    fn first_dead(&self, filter: &Filter, max: usize, after: usize) -> Sql<Vec<Task>> {
        let (filtered, mut values) = conditions(filter);
        values.push(Value::Integer(i64::try_from(max).unwrap_or(i64::MAX)));
        values.push(Value::Integer(i64::try_from(after).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT {TASK} FROM tasks WHERE state = 'dead'{filtered} ORDER BY at, id LIMIT ?{} OFFSET ?{}",
            values.len() - 1,
            values.len()
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        statement.query_map(rusqlite::params_from_iter(values), Task::read)?.collect()
    }

    pub fn set_pauses(&mut self, pauses: &[Pause]) -> Sql<()> {
        // It is told again and again, and what is as it was wakes nobody.
        if self.pauses().iter().collect::<HashSet<_>>() == pauses.iter().collect() {
            return Ok(());
        }
        self.db.execute("DELETE FROM pauses", [])?;
        let mut queues = HashSet::new();
        let mut names = HashSet::new();
        let mut tenants = HashSet::new();
        for pause in pauses {
            let (kind, what) = (pause.kind(), pause.subject());
            let sql = "INSERT INTO pauses VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            self.db.prepare_cached(sql)?.execute(params![kind, what])?;
            match pause {
                Pause::Queue(queue) => queues.extend([*queue]),
                Pause::Name(name) => names.extend([name.clone()]),
                Pause::Tenant(tenant) => tenants.extend([line_key(Some(*tenant))]),
            }
        }
        self.lines.values_mut().for_each(|lines| lines.set_paused(tenants.clone()));
        (self.paused_queues, self.paused_names, self.paused_tenants) = (queues, names, tenants);
        self.woken.extend(Queue::ALL);
        Ok(())
    }

    pub fn set_limits(
        &mut self,
        queue: Queue,
        tenant: Option<TenantId>,
        limits: Option<LineLimits>,
    ) -> Sql<()> {
        let key = line_key(tenant);
        let it = limits.unwrap_or_default();
        let sql = "INSERT INTO limits (queue, tenant, weight, running_max, rate_per_minute, rate_burst) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (queue, tenant) DO UPDATE SET weight = excluded.weight, \
            running_max = excluded.running_max, rate_per_minute = excluded.rate_per_minute, \
            rate_burst = excluded.rate_burst";
        let rate = it.rate.unzip();
        let line = key.to_be_bytes();
        let values = params![queue.as_str(), line, it.weight, it.running_max, rate.0, rate.1];
        self.db.prepare_cached(sql)?.execute(values)?;
        let now = self.time.steady_ms();
        self.lines(queue).limit(key, it, now);
        self.woken.insert(queue);
        Ok(())
    }

    /// Forgets rests that are over, where nothing else is kept for the line.
    pub fn forget_parks(&mut self) -> Sql<()> {
        if !self.has_parks {
            return Ok(());
        }
        let now = self.time.steady_ms();
        let usual = LineLimits::default().weight;
        let sql = "DELETE FROM limits WHERE parked_until <= ?1 AND weight = ?2 AND running_max IS NULL \
            AND rate_per_minute IS NULL";
        self.db.prepare_cached(sql)?.execute(params![now, usual])?;
        let sql = "SELECT EXISTS (SELECT 1 FROM limits WHERE ?1 < parked_until)";
        self.has_parks = self.db.prepare_cached(sql)?.query_row([now], |row| row.get(0))?;
        Ok(())
    }

    pub fn park(&mut self, queue: Queue, tenant: Option<TenantId>, until_ms: i64) -> Sql<()> {
        let key = line_key(tenant);
        self.has_parks = true;
        // A rest is a span: setting the clock makes it neither longer nor shorter.
        let rest_ms = until_ms.saturating_sub(self.time.wall_ms());
        let until_ms = self.time.steady_ms().saturating_add(rest_ms);
        let sql = "INSERT INTO limits (queue, tenant, weight, parked_until) VALUES (?1, ?2, ?3, ?4) \
            ON CONFLICT (queue, tenant) DO UPDATE SET parked_until = MAX(parked_until, excluded.parked_until)";
        let weight = LineLimits::default().weight;
        let values = params![queue.as_str(), key.to_be_bytes(), weight, until_ms];
        self.db.prepare_cached(sql)?.execute(values)?;
        self.lines(queue).park(key, until_ms);
        Ok(())
    }
}

/// The conditions of a filter, each beginning with `AND`, and their values from `?1` on.
pub(super) fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = String::new();
    let mut values = Vec::new();
    let mut add = |column: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {column} = ?{}", values.len()));
    };
    if let Some(queue) = filter.queue {
        add("queue", Value::Text(queue.to_string()));
    }
    if let Some(name) = &filter.name {
        add("name", Value::Text(name.clone()));
    }
    if let Some(tenant) = filter.tenant {
        add("tenant", Value::Blob(line_key(Some(tenant)).to_be_bytes().to_vec()));
    }
    (sql, values)
}

/// What is paused, as the file has it.
pub(super) fn read_pauses(db: &rusqlite::Connection) -> Sql<Vec<(String, String)>> {
    super::core::collected(db, "SELECT kind, what FROM pauses", |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Counts by queue and state, as the file has them.
pub(super) fn read_counts(db: &rusqlite::Connection) -> Sql<Vec<(Queue, State, i64)>> {
    super::core::collected(db, "SELECT queue, state, jobs FROM counts", |row| {
        Ok((parsed(row, 0)?, parsed(row, 1)?, row.get(2)?))
    })
}
