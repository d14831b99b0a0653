//! Hands jobs out, and gives more time to those who have them.

use std::collections::{HashMap, VecDeque};

use jobs::Queue;
use rusqlite::{Row, params};

use super::core::{Core, Reservation, Sql, TASK, Task, job_id, tenant_of};
use crate::{
    ALONE_PATIENCE_MS, BATCH_MAX, Beat, Claimed, Lease, Leased, State, Token,
    check::{RESERVED_FOR, millis},
    fair::LineKey,
};

/// Jobs that wait to run alone and are looked at: there is hardly ever more than one, unless they are held back.
const ALONE_SEEN_MAX: i64 = 1_000;

/// A claim whose worker's name is kept beyond the call.
pub(super) struct OwnedClaim {
    pub queue: Queue,
    pub worker: String,
    pub max: usize,
    pub lease_ms: i64,
    pub is_idle: bool,
}

/// A job with what its worker gets.
struct Waiting {
    task: Task,
    snoozes: u32,
    body: Vec<u8>,
}

impl Core {
    pub fn claim(&mut self, claim: &OwnedClaim) -> Sql<Claimed> {
        if self.paused_queues.contains(&claim.queue) {
            return Ok(Claimed::default());
        }
        if let Some(claimed) = self.claim_alone(claim)? {
            self.write_token()?;
            return Ok(claimed);
        }
        let mut claimed = Claimed::default();
        let mut put_aside = 0;
        while claimed.tasks.len() < claim.max && put_aside < BATCH_MAX {
            let now = self.time.steady_ms();
            let left = (claim.max - claimed.tasks.len()).min(BATCH_MAX - put_aside);
            let turns = self.lines(claim.queue).serve(left, now);
            if turns.is_empty() {
                break;
            }
            put_aside += self.take(claim, &turns, &mut claimed)?;
        }
        if BATCH_MAX <= put_aside {
            // Behind those that were put aside there may be others.
            self.woken.insert(claim.queue);
        }
        if !claimed.tasks.is_empty() {
            self.write_token()?;
        }
        Ok(claimed)
    }

    /// Takes a job out of a line for each turn; says how many were put aside instead, because their name is paused.
    fn take(&mut self, claim: &OwnedClaim, turns: &[LineKey], claimed: &mut Claimed) -> Sql<usize> {
        let mut wanted: HashMap<LineKey, i64> = HashMap::new();
        turns.iter().for_each(|key| *wanted.entry(*key).or_default() += 1);
        let mut found: HashMap<LineKey, VecDeque<Waiting>> = HashMap::new();
        for (key, count) in wanted {
            found.insert(key, self.first_of_line(claim.queue, key, count)?);
        }
        let mut put_aside = 0;
        for key in turns {
            let Some(row) = found.get_mut(key).and_then(VecDeque::pop_front) else {
                tracing::error!(queue = %claim.queue, "a line is shorter than it was counted");
                self.ended(claim.queue, *key);
                continue;
            };
            if self.paused_names.contains(&row.task.name) {
                self.put_aside(&row.task)?;
                put_aside += 1;
            } else {
                claimed.tasks.push(self.hand_out(claim, row)?);
            }
        }
        Ok(put_aside)
    }

    fn first_of_line(&self, queue: Queue, key: LineKey, count: i64) -> Sql<VecDeque<Waiting>> {
        let sql = format!(
            "SELECT {TASK}, snoozes, body FROM tasks \
            WHERE queue = ?1 AND tenant = ?2 AND in_line = 1 ORDER BY turn, id LIMIT ?3"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        statement.query_map(params![queue.as_str(), key.to_be_bytes(), count], read)?.collect()
    }

    fn put_aside(&mut self, task: &Task) -> Sql<()> {
        let sql = "UPDATE tasks SET in_line = 0, is_held = 1 WHERE seq = ?1";
        self.db.prepare_cached(sql)?.execute([task.seq])?;
        *self.held.entry(task.name.clone()).or_default() += 1;
        self.lines(task.queue).give_back_token(task.tenant);
        self.ended(task.queue, task.tenant);
        Ok(())
    }

    fn hand_out(&mut self, claim: &OwnedClaim, row: Waiting) -> Sql<Leased> {
        let Waiting { task, snoozes, body } = row;
        let token = self.next_token();
        let until = self.time.steady_ms().saturating_add(claim.lease_ms);
        let sql = "UPDATE tasks SET state = 'running', at = ?2, in_line = 0, token = ?3, worker = ?4, \
            attempt = attempt + 1 WHERE seq = ?1";
        let values = params![task.seq, until, token, claim.worker];
        self.db.prepare_cached(sql)?.execute(values)?;
        self.count(task.queue, State::Ready, -1);
        self.count(task.queue, State::Running, 1);
        Ok(Leased {
            lease: Lease { id: job_id(task.id), token: Token(token) },
            name: task.name,
            tenant: tenant_of(task.tenant),
            attempt: task.attempt + 1,
            snoozes,
            is_alone: task.is_alone,
            body,
        })
    }

    /// A job that has to run alone, if there is one and this worker may have it; or that it is to become idle for it.
    fn claim_alone(&mut self, claim: &OwnedClaim) -> Sql<Option<Claimed>> {
        if self.alone.get(&claim.queue).is_none_or(|alone| *alone == 0) {
            return Ok(None);
        }
        let Some(row) = self.first_alone(claim.queue)? else { return Ok(None) };
        let now = self.time.steady_ms();
        let reserved = self.reserved.get(&claim.queue).filter(|it| now < it.until_ms);
        let is_ours = reserved.is_none_or(|it| it.worker == claim.worker);
        if !is_ours {
            return Ok(None);
        }
        if claim.is_idle && 0 < claim.max {
            self.reserved.remove(&claim.queue);
            self.alone.entry(claim.queue).and_modify(|alone| *alone -= 1);
            self.lines(claim.queue).begin_beside(row.task.tenant, now);
            let task = self.hand_out(claim, row)?;
            return Ok(Some(Claimed { tasks: vec![task], drain: false }));
        }
        if reserved.is_none() && self.time.wall_ms() - row.task.at < ALONE_PATIENCE_MS {
            return Ok(None);
        }
        // Renewed with each claim of this worker, for as long as it takes to finish what it has.
        let until_ms = now.saturating_add(claim.lease_ms.max(millis(RESERVED_FOR)));
        let reservation = Reservation { worker: claim.worker.clone(), until_ms };
        self.reserved.insert(claim.queue, reservation);
        Ok(Some(Claimed { tasks: Vec::new(), drain: true }))
    }

    fn first_alone(&mut self, queue: Queue) -> Sql<Option<Waiting>> {
        let now = self.time.steady_ms();
        let mut lines = self.lines.remove(&queue).unwrap_or_default();
        let found = self.first_alone_of(queue, |key| lines.has_room(key, now));
        self.lines.insert(queue, lines);
        found
    }

    /// The first that is not held back: by a pause, or by its line's limits.
    fn first_alone_of(
        &self,
        queue: Queue,
        mut has_room: impl FnMut(LineKey) -> bool,
    ) -> Sql<Option<Waiting>> {
        let sql = format!(
            "SELECT {TASK}, snoozes, body FROM tasks \
            WHERE queue = ?1 AND is_alone = 1 AND state = 'ready' ORDER BY at, id LIMIT ?2"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![queue.as_str(), ALONE_SEEN_MAX], read)?;
        for row in rows {
            let row = row?;
            if !self.is_paused(&row.task) && has_room(row.task.tenant) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    pub fn extend(&mut self, leases: &[Lease], lease_ms: i64) -> Sql<Vec<Beat>> {
        let until = self.time.steady_ms().saturating_add(lease_ms);
        let sql = "UPDATE tasks SET at = ?3 WHERE id = ?1 AND token = ?2 AND state = 'running' \
            RETURNING is_cancelling";
        let mut statement = self.db.prepare_cached(sql)?;
        leases
            .iter()
            .map(|lease| {
                let values = params![lease.id.uuid().into_bytes(), lease.token.0, until];
                let mut rows = statement.query(values)?;
                let beat = match rows.next()? {
                    None => Beat::Lost,
                    Some(row) if row.get(0)? => Beat::Cancel,
                    Some(_) => Beat::Held,
                };
                // The change is made when the statement has been read to its end.
                while rows.next()?.is_some() {}
                Ok(beat)
            })
            .collect()
    }
}

fn read(row: &Row<'_>) -> Sql<Waiting> {
    Ok(Waiting { task: Task::read(row)?, snoozes: row.get("snoozes")?, body: row.get("body")? })
}
