//! What has to be done from time to time: readies what is due, takes back what was lost, forgets what is old.

use rusqlite::params;

use super::core::{Core, Sql, TASK, Task, turn_of};
use crate::{
    BATCH_MAX, RESCUES_ALONE_MAX, RESCUES_TOGETHER_MAX, State, Tended, check::millis, fair::Lines,
    measure,
};

/// Rows of each kind that one call goes through.
const SHARE: i64 = BATCH_MAX as i64;

impl Core {
    pub fn tend(&mut self) -> Sql<Tended> {
        let mut tended = Tended::default();
        self.promote(&mut tended)?;
        self.rescue(&mut tended)?;
        self.take_up_held(&mut tended)?;
        self.prune(&mut tended)?;
        self.forget_parks()?;
        self.wake_lines();
        Ok(tended)
    }

    fn promote(&mut self, tended: &mut Tended) -> Sql<()> {
        let now = self.time.wall_ms();
        let due = self.first_by_time("scheduled", now)?;
        tended.promoted = due.len();
        tended.has_more |= due.len() == BATCH_MAX;
        for task in due {
            self.make_ready(&task, turn_of(task.at, task.priority))?;
        }
        let sql = "SELECT MIN(at) FROM tasks WHERE state = 'scheduled'";
        let next: Option<i64> = self.db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        self.next_due_ms = next.unwrap_or(i64::MAX);
        Ok(())
    }

    fn rescue(&mut self, tended: &mut Tended) -> Sql<()> {
        let lost = self.first_by_time("running", self.time.steady_ms())?;
        tended.has_more |= lost.len() == BATCH_MAX;
        for task in lost {
            self.ended(task.queue, task.tenant);
            *self.rescues.entry(task.queue).or_default() += 1;
            measure::rescued(task.queue, 1);
            if task.is_cancelling {
                self.end(&task, State::Cancelled, None)?;
                tended.rescued += 1;
                continue;
            }
            let rescues = task.rescues + 1;
            if RESCUES_TOGETHER_MAX + RESCUES_ALONE_MAX < rescues {
                let error =
                    format!("its worker went away {rescues} times while it ran, at last alone");
                self.note_rescue(&task, rescues)?;
                self.end(&task, State::Dead, Some(&error))?;
                tended.poisoned += 1;
                continue;
            }
            self.note_rescue(&task, rescues)?;
            let turn = self.turn(&task)?;
            let is_alone = RESCUES_TOGETHER_MAX < rescues;
            self.make_ready(&Task { is_alone, ..task }, turn)?;
            tended.rescued += 1;
        }
        Ok(())
    }

    /// A rescue costs no attempt: those are for failures of the job's own.
    fn note_rescue(&self, task: &Task, rescues: u32) -> Sql<()> {
        let sql = "UPDATE tasks SET rescues = ?2, attempt = attempt - 1 WHERE seq = ?1";
        self.db.prepare_cached(sql)?.execute(params![task.seq, rescues])?;
        Ok(())
    }

    fn first_by_time(&self, state: &str, until: i64) -> Sql<Vec<Task>> {
        let sql =
            format!("SELECT {TASK} FROM tasks WHERE state = ?1 AND at <= ?2 ORDER BY at LIMIT ?3");
        let mut statement = self.db.prepare_cached(&sql)?;
        statement.query_map(params![state, until, SHARE], Task::read)?.collect()
    }

    /// Puts jobs back into their lines that were put aside under a name that is paused no more.
    fn take_up_held(&mut self, tended: &mut Tended) -> Sql<()> {
        let is_free = |name: &&String| !self.paused_names.contains(*name);
        let Some(name) = self.held.keys().find(is_free).cloned() else { return Ok(()) };
        let sql = format!(
            "SELECT {TASK} FROM tasks WHERE is_held = 1 AND name = ?1 ORDER BY id LIMIT ?2"
        );
        let tasks: Vec<Task> = self
            .db
            .prepare_cached(&sql)?
            .query_map(params![name, SHARE], Task::read)?
            .collect::<Sql<_>>()?;
        for task in tasks {
            self.leave(&task);
            let turn = self.turn(&task)?;
            self.make_ready(&task, turn)?;
        }
        tended.has_more |= self.held.keys().any(|name| !self.paused_names.contains(name));
        Ok(())
    }

    fn prune(&mut self, tended: &mut Tended) -> Sql<()> {
        let now = self.time.wall_ms();
        let kept = self.retention;
        self.write_counts()?;
        for (state, age, count) in [
            (State::Completed, kept.completed_age, kept.completed_max),
            (State::Cancelled, kept.completed_age, kept.completed_max),
            (State::Dead, kept.dead_age, kept.dead_max),
        ] {
            let sql = "SELECT COALESCE(SUM(jobs), 0) FROM counts WHERE state = ?1";
            let there: i64 =
                self.db.prepare_cached(sql)?.query_row([state.as_str()], |row| row.get(0))?;
            let surplus = (there - i64::try_from(count).unwrap_or(i64::MAX)).clamp(0, SHARE);
            let mut pruned = self.forget(state, i64::MAX, surplus)?;
            let before = now.saturating_sub(millis(age));
            pruned += self.forget(state, before, SHARE - surplus)?;
            tended.has_more |= i64::try_from(pruned).unwrap_or(0) == SHARE;
            tended.pruned += pruned;
        }
        let sql = "DELETE FROM keys WHERE (queue, tenant, key) IN \
            (SELECT queue, tenant, key FROM keys WHERE until <= ?1 ORDER BY until LIMIT ?2)";
        self.db.prepare_cached(sql)?.execute([now, SHARE])?;
        Ok(())
    }

    /// Forgets the oldest that ended so, at most `max` of those that ended by `until`.
    fn forget(&mut self, state: State, until: i64, max: i64) -> Sql<usize> {
        let sql = "DELETE FROM tasks WHERE seq IN \
            (SELECT seq FROM tasks WHERE state = ?1 AND at <= ?2 ORDER BY at LIMIT ?3) RETURNING queue";
        let queues: Vec<jobs::Queue> = self
            .db
            .prepare_cached(sql)?
            .query_map(params![state.as_str(), until, max], |row| super::core::parsed(row, 0))?
            .collect::<Sql<_>>()?;
        queues.iter().for_each(|queue| self.count(*queue, state, -1));
        Ok(queues.len())
    }

    fn wake_lines(&mut self) {
        let now = self.time.steady_ms();
        let woken = self.lines.iter_mut().filter_map(|(queue, it)| it.wake(now).then_some(*queue));
        self.woken.extend(woken);
    }

    /// How long nothing has to be done, in milliseconds.
    pub fn rests_for_ms(&self) -> i64 {
        let due_in = self.next_due_ms.saturating_sub(self.time.wall_ms());
        let now = self.time.steady_ms();
        let wakes = self.lines.values().filter_map(Lines::next_wake);
        wakes.map(|at| at.saturating_sub(now)).fold(due_in, i64::min).max(0)
    }
}
