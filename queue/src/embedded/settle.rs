//! Takes what became of jobs.

use rusqlite::params;

use super::core::{Core, Sql, Task, turn_of};
use crate::{
    Settled, Settlement, State, Verdict,
    check::{millis, shortened},
};

impl Core {
    pub fn settle(&mut self, settlements: &[Settlement]) -> Sql<Vec<Settled>> {
        settlements.iter().map(|it| self.settle_one(it)).collect()
    }

    fn settle_one(&mut self, settlement: &Settlement) -> Sql<Settled> {
        let lease = settlement.lease;
        let Some(task) = self.find_task(lease.id)? else { return Ok(Settled::Lost) };
        if task.state != State::Running || task.token != Some(lease.token.0) {
            *self.leases_lost.entry(task.queue).or_default() += 1;
            return Ok(Settled::Lost);
        }
        self.ended(task.queue, task.tenant);
        // A job that was asked to stop and would run again is stopped.
        let goes_on = !task.is_cancelling;
        match &settlement.verdict {
            Verdict::Completed => self.end(&task, State::Completed, None)?,
            Verdict::Dead { error } => self.end(&task, State::Dead, Some(error))?,
            Verdict::Retry { after, error } if goes_on => {
                self.reschedule(&task, millis(*after), Some(error), false)?;
            }
            Verdict::Snooze { after } if goes_on => {
                self.reschedule(&task, millis(*after), None, true)?;
            }
            Verdict::Released if goes_on => self.release(task)?,
            Verdict::Retry { error, .. } => self.end(&task, State::Cancelled, Some(error))?,
            Verdict::Cancelled | Verdict::Snooze { .. } | Verdict::Released => {
                self.end(&task, State::Cancelled, None)?;
            }
        }
        Ok(Settled::Written)
    }

    /// Puts a job off. Its worker lived to say so, so what it may have done to others is forgotten.
    fn reschedule(
        &mut self,
        task: &Task,
        after_ms: i64,
        error: Option<&str>,
        is_snooze: bool,
    ) -> Sql<()> {
        let due = self.time.wall_ms().saturating_add(after_ms);
        let sql = "UPDATE tasks SET state = 'scheduled', at = ?2, turn = ?3, token = NULL, worker = NULL, \
            is_alone = 0, rescues = 0, error = COALESCE(?4, error), attempt = attempt - ?5, snoozes = snoozes + ?5 \
            WHERE seq = ?1";
        let turn = turn_of(due, task.priority);
        let values = params![task.seq, due, turn, error.map(shortened), is_snooze];
        self.db.prepare_cached(sql)?.execute(values)?;
        self.count(task.queue, State::Running, -1);
        self.count(task.queue, State::Scheduled, 1);
        self.next_due_ms = self.next_due_ms.min(due);
        Ok(())
    }

    /// Gives a job back to where it was, with the attempt that was not made.
    fn release(&mut self, task: Task) -> Sql<()> {
        self.give_attempt_back(&task)?;
        let turn = self.turn(&task)?;
        self.make_ready(&task, turn)
    }

    pub fn give_attempt_back(&self, task: &Task) -> Sql<()> {
        let sql = "UPDATE tasks SET attempt = attempt - 1 WHERE seq = ?1";
        self.db.prepare_cached(sql)?.execute([task.seq])?;
        Ok(())
    }

    pub fn turn(&self, task: &Task) -> Sql<i64> {
        let sql = "SELECT turn FROM tasks WHERE seq = ?1";
        self.db.prepare_cached(sql)?.query_row([task.seq], |row| row.get(0))
    }
}
