//! The cycle as a chain of recorded jobs: each phase runs as one, and records the next with what it wrote.
//!
//! What lives here: which phase of which run a job means, under which lock, and what becomes of its failure.
//! What does not: the phases, and the queue that the jobs wait in.

use domain::{
    cycle::{Phase, RunStatus},
    id::RunId,
    time::{Timestamp, due_hour},
};
use jobs::{ActCycle, CycleHour, JobId, ReactCycle, ReflectCycle};
use store::{
    Fence, Scope, StoreResult, Transition,
    recorded::{RecordedState, Sameness},
    run::RunRow,
    tenant::Tenant,
};

use crate::{
    Agent, AgentError,
    cycle::{Stage, is_passing},
};

/// A phase of an hour's cycle, as a job asks for it.
#[derive(Clone, Debug)]
pub struct PhaseJob {
    /// The job that asks; it is settled with what the phase writes.
    pub job: JobId,
    /// The hour.
    pub due_hour: Timestamp,
    /// The phase.
    pub phase: Phase,
    /// Whether a failure is the last one: the run is then closed.
    pub is_last_attempt: bool,
}

/// What came of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseEnd {
    /// It is done, and the next one is recorded.
    Done,
    /// It was done before, or the hour is closed.
    NothingLeft,
}

impl Agent {
    /// Runs a phase, under the tenant's lock. Running it again finds what is left of it, which may be nothing.
    pub async fn run_phase(
        &self,
        tenant: &Tenant,
        asked: &PhaseJob,
    ) -> Result<PhaseEnd, AgentError> {
        let now = tenant.now(self.clock.as_ref());
        if now < asked.due_hour {
            return Err(AgentError::TooEarly { until: asked.due_hour });
        }
        let scope = self.store.tenant(tenant.id);
        self.check_not_paused(&scope).await?;
        let there = scope.find_run_of_hour(asked.due_hour).await?;
        if there.as_ref().is_some_and(|row| !is_left(row, asked.phase)) {
            return Ok(PhaseEnd::NothingLeft);
        }
        // Named after the job that begins it: one that is interrupted before the run is written down finds its own
        // lock when it comes again.
        let run = there.map_or_else(|| RunId::from_uuid(asked.job.uuid()), |row| row.id);
        let fence = self.lock(tenant, run, Some(asked.job)).await?;
        let result = self.run_under_lock(tenant, fence, asked, now).await;
        self.unlock(tenant, fence).await;
        result
    }

    async fn run_under_lock(
        &self,
        tenant: &Tenant,
        held: Fence,
        asked: &PhaseJob,
        now: Timestamp,
    ) -> Result<PhaseEnd, AgentError> {
        // Looked at again: whoever held the lock until now may have begun the run, or gone on with it.
        let row = match self.store.tenant(tenant.id).find_run_of_hour(asked.due_hour).await? {
            Some(row) if is_left(&row, asked.phase) => row,
            // An hour that is over is covered by the next one's run, which says so.
            None if asked.phase == Phase::Plan && due_hour(now) == asked.due_hour => {
                self.begin_run(tenant, held, asked.due_hour, now).await?
            }
            Some(_) | None => return Ok(PhaseEnd::NothingLeft),
        };
        let fence = Some(Fence { run: row.id, ..held });
        let job = Some((asked.job, asked.due_hour));
        let stage = Stage { agent: self, tenant, now: row.started_at, run: row.id, fence, job };
        let mut block = row.work_block;
        match self.phase(&stage, asked.phase, &mut block).await {
            Ok(()) => Ok(PhaseEnd::Done),
            Err(error) => {
                self.note_failure(tenant, &stage, &error, asked.is_last_attempt).await;
                Err(error)
            }
        }
    }

    /// Closes the run of a phase whose job will never be done: it ran out of attempts, took its processes along, or was
    /// called off. Once more changes nothing.
    ///
    /// An hour that was not even begun gets a run all the same, so that the record says what became of it; unless the
    /// run of another hour is on its way, which nobody called off.
    pub async fn abandon_phase(
        &self,
        tenant: &Tenant,
        asked: &PhaseJob,
        because: &str,
    ) -> Result<(), AgentError> {
        let now = tenant.now(self.clock.as_ref());
        let there = self.store.tenant(tenant.id).find_run_of_hour(asked.due_hour).await?;
        let is_open = match &there {
            Some(row) => is_left(row, asked.phase),
            None => asked.phase == Phase::Plan && due_hour(now) <= asked.due_hour,
        };
        if !is_open {
            return Ok(());
        }
        let is_begun = there.is_some();
        let run = there.map_or_else(|| RunId::from_uuid(asked.job.uuid()), |row| row.id);
        // The database alone decides: a turnstile may be wrong about who is on the way.
        let asker = Agent { turnstile: None, ..self.clone() };
        let held = match asker.lock(tenant, run, Some(asked.job)).await {
            Err(AgentError::Busy { .. }) if !is_begun => return Ok(()),
            other => other?,
        };
        let closed = self.close_abandoned(tenant, held, asked, now, because).await;
        self.unlock(tenant, held).await;
        closed
    }

    async fn close_abandoned(
        &self,
        tenant: &Tenant,
        held: Fence,
        asked: &PhaseJob,
        now: Timestamp,
        because: &str,
    ) -> Result<(), AgentError> {
        let scope = self.store.tenant(tenant.id);
        let row = match scope.find_run_of_hour(asked.due_hour).await? {
            Some(row) if is_left(&row, asked.phase) => row,
            Some(_) => return Ok(()),
            None if !scope.list_running().await?.is_empty() => return Ok(()),
            None => self.begin_run(tenant, held, asked.due_hour, now).await?,
        };
        let fence = Some(Fence { run: row.id, ..held });
        let stage =
            Stage { agent: self, tenant, now: row.started_at, run: row.id, fence, job: None };
        Ok(self.close_failed(tenant, &stage, because).await?)
    }

    /// An error is kept with the run, and at last closes it. What passes by itself is no error of the run.
    async fn note_failure(
        &self,
        tenant: &Tenant,
        stage: &Stage<'_>,
        error: &AgentError,
        is_last: bool,
    ) {
        if is_last || is_passing(error) {
            self.record_failure(tenant, stage, error).await;
            return;
        }
        if let Err(second) = keep_error(stage, &error.to_string()).await {
            tracing::error!(%error, %second, run = %stage.run, "a phase failed, and that could not be recorded");
        }
    }
}

/// Whether a run still has this phase before it, or is in it.
fn is_left(row: &RunRow, phase: Phase) -> bool {
    row.status == RunStatus::Running && row.phase == phase
}

async fn keep_error(stage: &Stage<'_>, text: &str) -> StoreResult<()> {
    let work = stage.begin().await?;
    work.scope().mark_run_troubled(stage.run, text).await?;
    work.commit().await
}

/// Settles the job of a phase and records the next, with everything that the phase wrote.
pub(crate) async fn hand_over(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    phase: Phase,
) -> Result<(), AgentError> {
    let Some((job, due_hour)) = stage.job else { return Ok(()) };
    let now = stage.agent.clock.now();
    let settled = scope.mark_job_settled(job, RecordedState::Completed, None, now).await?;
    if settled == Transition::Lost {
        // Somebody called the job off, so what it would write is not wanted any more.
        return Err(AgentError::RunClosed(phase));
    }
    let hour = CycleHour { tenant_id: stage.tenant.id, due_hour };
    let once = Sameness::Once(stage.run.to_string());
    match phase {
        Phase::Plan => scope.record_job(&ActCycle(hour), &once, now, now).await?,
        Phase::Act => scope.record_job(&ReactCycle(hour), &once, now, now).await?,
        Phase::React => scope.record_job(&ReflectCycle(hour), &once, now, now).await?,
        Phase::Reflect => return Ok(()),
    };
    Ok(())
}
