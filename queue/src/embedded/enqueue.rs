//! Keeps new jobs.

use jobs::{JobId, Queue, Unique};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::core::{Core, Sql, Task, job_id, line_key, turn_of};
use crate::{Enqueued, NewTask, State, check::millis};

impl Core {
    pub fn enqueue(&mut self, tasks: &[NewTask]) -> Sql<Vec<Enqueued>> {
        tasks.iter().map(|task| self.enqueue_one(task)).collect()
    }

    fn enqueue_one(&mut self, task: &NewTask) -> Sql<Enqueued> {
        if self.is_known(task)? {
            return Ok(Enqueued::Duplicate(task.id));
        }
        if let Some(unique) = &task.unique
            && let Some(existing) = self.take_key(task, unique)?
        {
            return Ok(existing);
        }
        let now = self.time.wall_ms();
        let due = task.run_at.map_or(now, |at| at.timestamp_millis());
        let (state, at) = if now < due { (State::Scheduled, due) } else { (State::Ready, now) };
        let is_ready = state == State::Ready;
        let key = line_key(task.tenant);
        let sql = "INSERT INTO tasks (id, queue, tenant, name, priority, state, at, turn, in_line, unique_key, \
            is_windowed, enqueued_at, body) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.db.prepare_cached(sql)?.execute(params![
            task.id.uuid().into_bytes(),
            task.queue.as_str(),
            key.to_be_bytes(),
            task.name,
            task.priority.value(),
            state.as_str(),
            at,
            turn_of(at, task.priority.value()),
            is_ready,
            task.unique.as_ref().map(Unique::key),
            task.unique.as_ref().is_some_and(|it| it.window().is_some()),
            now,
            task.body,
        ])?;
        self.count(task.queue, state, 1);
        if is_ready {
            self.lines(task.queue).join(key, 1);
            self.woken.insert(task.queue);
        } else {
            self.next_due_ms = self.next_due_ms.min(due);
        }
        Ok(Enqueued::New(task.id))
    }

    fn is_known(&self, task: &NewTask) -> Sql<bool> {
        let sql = "SELECT 1 FROM tasks WHERE id = ?1";
        let id = [task.id.uuid().into_bytes()];
        Ok(self.db.prepare_cached(sql)?.query_row(id, |_| Ok(())).optional()?.is_some())
    }

    /// Takes a key, or says which job has it.
    fn take_key(&mut self, task: &NewTask, unique: &Unique) -> Sql<Option<Enqueued>> {
        let now = self.time.wall_ms();
        let until = unique.window().map(|window| now.saturating_add(millis(window)));
        let key = Key {
            queue: task.queue,
            tenant: line_key(task.tenant).to_be_bytes(),
            text: unique.key(),
        };
        let holder = self.hold(&key, task.id, until)?;
        Ok((holder != task.id).then_some(Enqueued::Duplicate(holder)))
    }

    /// Gives a key back to a job that had it before it ended; or says which job has it by now.
    pub fn retake_key(&mut self, task: &Task) -> Sql<Option<JobId>> {
        let Some(text) = task.unique_key.as_deref().filter(|_| !task.is_windowed) else {
            return Ok(None);
        };
        let key = Key { queue: task.queue, tenant: task.tenant.to_be_bytes(), text };
        let holder = self.hold(&key, job_id(task.id), None)?;
        Ok((holder.uuid() != task.id).then_some(holder))
    }

    /// Takes a key that nobody holds, or whose time is over; gives the job that holds it then.
    fn hold(&mut self, key: &Key<'_>, id: JobId, until: Option<i64>) -> Sql<JobId> {
        let now = self.time.wall_ms();
        let sql = "INSERT INTO keys (queue, tenant, key, id, until) VALUES (?1, ?2, ?3, ?4, ?5) \
            ON CONFLICT (queue, tenant, key) DO UPDATE SET id = excluded.id, until = excluded.until \
            WHERE keys.until <= ?6";
        let queue = key.queue.as_str();
        let values = params![queue, key.tenant, key.text, id.uuid().into_bytes(), until, now];
        if self.db.prepare_cached(sql)?.execute(values)? == 1 {
            return Ok(id);
        }
        let sql = "SELECT id FROM keys WHERE queue = ?1 AND tenant = ?2 AND key = ?3";
        let values = params![queue, key.tenant, key.text];
        let holder: [u8; 16] = self.db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        Ok(job_id(Uuid::from_bytes(holder)))
    }
}

/// A key as it is kept.
struct Key<'k> {
    queue: Queue,
    tenant: [u8; 16],
    text: &'k str,
}
