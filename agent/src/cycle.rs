//! A cycle: takes the tenant's lock, walks the four phases, and writes the work block after each.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    cycle::{Phase, RunStatus, WorkBlock},
    id::RunId,
    time::{Timestamp, due_hour},
};
use store::{
    Fence, Scope, StoreResult, Transition,
    lock::TenantLock,
    run::{NewRun, RunRow},
    tenant::Tenant,
};

use jobs::JobId;

use crate::{Agent, AgentError, chain, count};

/// How long a phase may keep the tenant's lock without renewing it.
pub const LOCK_TTL_SECONDS: i64 = 300;

/// How long others are turned away without asking the database, which does no harm when a phase takes longer.
///
/// Whoever goes away without leaving, as a process does that is killed just when its run is over, keeps the tenant from
/// everybody for so long.
const TURNED_AWAY_FOR: Duration = Duration::from_secs(10);

/// Which cycle is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CycleRequest {
    /// The one of the tenant's present hour.
    Due,
    /// A rehearsal for a moment: decides everything, changes nothing.
    AsOf(Timestamp),
}

/// What came of asking for a cycle.
#[derive(Clone, Debug)]
pub struct CycleResult {
    /// The record.
    pub work_block: WorkBlock,
    /// Whether this hour's cycle had been completed before.
    pub was_there: bool,
}

/// One run in one phase, with everything that the phase needs.
pub(crate) struct Stage<'a> {
    pub agent: &'a Agent,
    pub tenant: &'a Tenant,
    /// The moment that every decision is made for.
    pub now: Timestamp,
    pub run: RunId,
    /// None in a rehearsal, which writes nothing that would need it.
    pub fence: Option<Fence>,
    /// The recorded job that runs this phase, and the hour of its cycle; none where the phases follow in the process.
    pub job: Option<(JobId, Timestamp)>,
}

impl Stage<'_> {
    pub fn is_rehearsal(&self) -> bool {
        self.fence.is_none()
    }

    /// The moment of a rehearsal, for which what came later does not count; in a real cycle everything counts.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.is_rehearsal().then_some(self.now)
    }

    pub fn today(&self) -> domain::time::Date {
        self.tenant.calendar.local_date(self.now)
    }

    /// A unit of work under the run's fence.
    pub async fn begin(&self) -> StoreResult<store::UnitOfWork<'_>> {
        match self.fence {
            Some(fence) => self.agent.store.begin_fenced(self.tenant.id, fence).await,
            None => self.agent.store.begin(self.tenant.id).await,
        }
    }
}

impl Agent {
    /// Runs a tenant's cycle, or goes on with it where it stopped, or tells that it was done.
    pub async fn run_cycle(
        &self,
        tenant: &Tenant,
        request: CycleRequest,
    ) -> Result<CycleResult, AgentError> {
        match request {
            CycleRequest::AsOf(at) => self.rehearse(tenant, at).await,
            CycleRequest::Due => self.run_due(tenant).await,
        }
    }

    async fn run_due(&self, tenant: &Tenant) -> Result<CycleResult, AgentError> {
        let now = tenant.now(self.clock.as_ref());
        let hour = due_hour(now);
        let scope = self.store.tenant(tenant.id);
        let there = scope.find_run_of_hour(hour).await?;
        if let Some(block) = completed(there.as_ref())? {
            return Ok(CycleResult { work_block: block, was_there: true });
        }
        self.check_not_paused(&scope).await?;
        let run = there.as_ref().map_or_else(|| self.store.new_run_id(now), |row| row.id);
        let fence = self.lock(tenant, run, None).await?;
        let result = self.go_on(tenant, fence, hour, now).await;
        self.unlock(tenant, fence).await;
        result
    }

    /// Gives the lock back, which is a courtesy: it lapses by itself, and its failure must not hide the result.
    pub(crate) async fn unlock(&self, tenant: &Tenant, fence: Fence) {
        let release = self.store.release_tenant(tenant.id, fence, self.clock.now()).await;
        if let Some(turnstile) = &self.turnstile {
            turnstile.leave(tenant.id, fence.run).await;
        }
        if let Err(error) = release {
            tracing::warn!(%error, "the tenant's lock could not be given back; it lapses by itself");
        }
    }

    /// Begins the hour's run or goes on with it, under the lock.
    async fn go_on(
        &self,
        tenant: &Tenant,
        fence: Fence,
        hour: Timestamp,
        now: Timestamp,
    ) -> Result<CycleResult, AgentError> {
        // Looked at again: whoever held the lock until now may have begun the run, or gone on with it.
        let there = self.store.tenant(tenant.id).find_run_of_hour(hour).await?;
        if let Some(block) = completed(there.as_ref())? {
            return Ok(CycleResult { work_block: block, was_there: true });
        }
        let row = match there {
            Some(row) => row,
            None => self.begin_run(tenant, fence, hour, now).await?,
        };
        let work_block = self.walk(tenant, row, fence).await?;
        Ok(CycleResult { work_block, was_there: false })
    }

    /// Takes the tenant's lock for a run, or for one of its jobs.
    pub(crate) async fn lock(
        &self,
        tenant: &Tenant,
        run: RunId,
        job: Option<JobId>,
    ) -> Result<Fence, AgentError> {
        let now = self.clock.now();
        let until = now + TimeDelta::seconds(LOCK_TTL_SECONDS);
        if let Some(turnstile) = &self.turnstile
            && !turnstile.enter(tenant.id, run, TURNED_AWAY_FOR).await
        {
            count::contended("queue");
            let locked_by = "another run of the tenant's".to_owned();
            return Err(AgentError::Busy { locked_by, expires_at: now + TURNED_AWAY_FOR });
        }
        let asked =
            self.store.acquire_tenant(tenant.id, run, &self.instance, job, now, until).await;
        if let (Some(turnstile), false) =
            (&self.turnstile, matches!(asked, Ok(TenantLock::Held(_))))
        {
            turnstile.leave(tenant.id, run).await;
        }
        match asked? {
            TenantLock::Held(fence) => Ok(fence),
            TenantLock::Busy { locked_by, expires_at } => {
                count::contended("database");
                Err(AgentError::Busy { locked_by, expires_at })
            }
        }
    }

    /// A tenant that somebody has paused has nothing done for it.
    pub(crate) async fn check_not_paused(&self, scope: &Scope<'_>) -> Result<(), AgentError> {
        match scope.find_pause().await? {
            None => Ok(()),
            Some(since) => Err(AgentError::Paused { since }),
        }
    }

    /// Closes what a dead worker left behind and begins this hour's run, standing for the hours that were missed.
    pub(crate) async fn begin_run(
        &self,
        tenant: &Tenant,
        fence: Fence,
        hour: Timestamp,
        now: Timestamp,
    ) -> Result<RunRow, AgentError> {
        let work = self.store.begin_fenced(tenant.id, fence).await?;
        let scope = work.scope();
        let left = scope.list_running().await?;
        for left in &left {
            let because = "its worker went away, and the next hour's cycle took over";
            scope.mark_run_closed(left.id, RunStatus::Abandoned, because, now).await?;
        }
        // Hours whose run was abandoned or failed were missed as well.
        let covered = scope.find_covered_hour(hour).await?;
        let hours = covered.map_or(1, |last| (hour - last).num_hours().max(1));
        let new = NewRun {
            due_hour: Some(hour),
            as_of: None,
            hours_covered: i32::try_from(hours).unwrap_or(i32::MAX),
            started_at: now,
        };
        let row = scope.insert_run(fence.run, &new).await?;
        drop(scope);
        work.commit().await?;
        left.iter().for_each(|_| count::closed(RunStatus::Abandoned));
        Ok(row)
    }

    /// Walks the phases that are left; `held` is the hold on the lock, renewed before each phase but the first.
    async fn walk(
        &self,
        tenant: &Tenant,
        row: RunRow,
        held: Fence,
    ) -> Result<WorkBlock, AgentError> {
        // The lock stays with the run that it was taken for; which run is worked on is the hour's.
        let fence = Some(Fence { run: row.id, ..held });
        let stage =
            Stage { agent: self, tenant, now: row.started_at, run: row.id, fence, job: None };
        let mut block = row.work_block;
        let mut phase = Some(row.phase);
        while let Some(current) = phase {
            if current != row.phase {
                let now = self.clock.now();
                let expires_at = now + TimeDelta::seconds(LOCK_TTL_SECONDS);
                self.store.renew_tenant(tenant.id, held, now, expires_at).await?;
            }
            if let Err(error) = self.phase(&stage, current, &mut block).await {
                self.record_failure(tenant, &stage, &error).await;
                return Err(error);
            }
            phase = current.next();
        }
        Ok(block)
    }

    async fn rehearse(&self, tenant: &Tenant, at: Timestamp) -> Result<CycleResult, AgentError> {
        let run = self.store.new_run_id(self.clock.now());
        let work = self.store.begin(tenant.id).await?;
        let new = NewRun { due_hour: None, as_of: Some(at), hours_covered: 1, started_at: at };
        let row = work.scope().insert_run(run, &new).await?;
        work.commit().await?;
        let stage = Stage { agent: self, tenant, now: at, run, fence: None, job: None };
        let mut block = row.work_block;
        let mut phase = Some(Phase::Plan);
        while let Some(current) = phase {
            if let Err(error) = self.phase(&stage, current, &mut block).await {
                self.record_failure(tenant, &stage, &error).await;
                return Err(error);
            }
            phase = current.next();
        }
        Ok(CycleResult { work_block: block, was_there: false })
    }

    pub(crate) async fn phase(
        &self,
        stage: &Stage<'_>,
        phase: Phase,
        block: &mut WorkBlock,
    ) -> Result<(), AgentError> {
        tracing::debug!(run = %stage.run, %phase, "phase begins");
        block.phase = phase;
        match phase {
            Phase::Plan => crate::plan::run(stage, block).await,
            Phase::Act => crate::act::run(stage, block).await,
            Phase::React => crate::react::run(stage, block).await,
            Phase::Reflect => crate::reflect::run(stage, block).await,
        }?;
        if !stage.is_rehearsal() {
            count::phase(phase, block);
        }
        Ok(())
    }

    /// The specification's `recordCycleError`.
    ///
    /// A lost fence is no failure of the run, but of this worker's hold on it: whoever overtook it speaks for it now.
    /// A database that is gone leaves the run as it was, and the next start goes on with it.
    pub(crate) async fn record_failure(
        &self,
        tenant: &Tenant,
        stage: &Stage<'_>,
        error: &AgentError,
    ) {
        if is_passing(error) {
            return;
        }
        if let Err(second) = self.close_failed(tenant, stage, &error.to_string()).await {
            tracing::error!(%error, %second, run = %stage.run, "a cycle failed, and that could not be recorded");
        }
    }
}

impl Agent {
    /// Closes a run as failed, under its fence; a simulated tenant's hour ends with it.
    pub(crate) async fn close_failed(
        &self,
        tenant: &Tenant,
        stage: &Stage<'_>,
        text: &str,
    ) -> StoreResult<()> {
        let work = stage.begin().await?;
        let scope = work.scope();
        let closed = scope.mark_run_closed(stage.run, RunStatus::Failed, text, stage.now).await?;
        if tenant.is_simulated() && !stage.is_rehearsal() {
            scope.mark_simulated_now(due_hour(stage.now) + TimeDelta::hours(1)).await?;
        }
        drop(scope);
        work.commit().await?;
        if !stage.is_rehearsal() && closed == Transition::Moved {
            count::closed(RunStatus::Failed);
        }
        Ok(())
    }
}

/// Whether an error is none of the run's own.
pub(crate) fn is_passing(error: &AgentError) -> bool {
    use store::StoreError::{FenceLost, Unavailable};
    matches!(
        error,
        AgentError::Store(FenceLost { .. } | Unavailable(_)) | AgentError::Paused { .. }
    )
}

/// The record of a run that is completed; an error if the run is closed and was not.
fn completed(row: Option<&RunRow>) -> Result<Option<WorkBlock>, AgentError> {
    let Some(row) = row else { return Ok(None) };
    match row.status {
        RunStatus::Running => Ok(None),
        RunStatus::Completed => Ok(Some(row.work_block.clone())),
        status @ (RunStatus::Failed | RunStatus::Abandoned) => Err(AgentError::HourIsClosed {
            cycle_number: row.cycle_number,
            status: status.to_string(),
            error: row.error.clone().unwrap_or_default(),
        }),
    }
}

/// Commits a phase's output with everything that the phase wrote, or finds that the run is no longer ours.
pub(crate) async fn finish_phase(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    phase: Phase,
    block: &WorkBlock,
) -> Result<(), AgentError> {
    let fence = stage.fence.unwrap_or(Fence { run: stage.run, number: 0 });
    match scope.mark_phase_done(fence, phase, block, stage.now).await? {
        Transition::Moved | Transition::AlreadyThere => {}
        Transition::Lost => return Err(AgentError::RunClosed(phase)),
    }
    chain::hand_over(stage, scope, phase).await
}
