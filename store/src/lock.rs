//! The tenant's lock: one run at a time, and a fence that a late worker cannot pass.
//!
//! The run owns the lock, not a phase: each phase renews it, and whoever comes too late for that has lost it.
//! The row is never deleted, so its number never goes back.

use domain::{
    cycle::RunStatus,
    id::{RunId, TenantId},
    time::Timestamp,
};
use entity::{agent_autonomous_runs as runs, agent_tenant_locks as locks, recorded_jobs};
use jobs::JobId;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, Query},
};

use crate::{Fence, Store, StoreError, StoreResult};

/// What came of asking for a tenant's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantLock {
    /// The run has it, under this fence.
    Held(Fence),
    /// Another run has it.
    Busy {
        /// Which instance works there.
        locked_by: String,
        /// When its hold ends unless it is taken again.
        expires_at: Timestamp,
    },
}

impl Store {
    /// Takes the tenant's lock for a run, or takes it again, drawing a new fence number each time.
    ///
    /// `now` and `expires_at` are the machine's time.
    /// A lapsed lock is taken over, whosever it was, and so is one of a run that is over.
    /// One that is held is taken again by the same instance alone: two that worked on one run would both send its letters.
    /// A `job` of the run takes over from itself as well, and from one that is settled: it is handed out to one worker
    /// at a time, so whoever held the lock for it has lost its lease, or is gone.
    pub async fn acquire_tenant(
        &self,
        tenant: TenantId,
        run: RunId,
        locked_by: &str,
        job: Option<JobId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<TenantLock> {
        use locks::Column;
        let first = locks::ActiveModel {
            tenant_id: Set(tenant.uuid()),
            locked_at: Set(now),
            locked_by: Set(locked_by.to_owned()),
            // Expired from the start: the update below is the only way to hold it.
            expires_at: Set(Timestamp::UNIX_EPOCH),
            fence: Set(0),
            run_id: Set(None),
            held_by_job: Set(None),
        };
        let txn = self.begin_immediate().await?;
        locks::Entity::insert(first)
            .on_conflict_do_nothing_on([Column::TenantId])
            .exec_without_returning(&txn)
            .await?;
        let is_passed_on = match job {
            None => Column::LockedBy.eq(locked_by).and(Column::HeldByJob.is_null()),
            Some(job) => {
                let settled = Query::select()
                    .expr(Expr::value(1))
                    .from(recorded_jobs::Entity)
                    .and_where(recorded_jobs::Column::TenantId.eq(tenant.uuid()))
                    .and_where(
                        Expr::col((recorded_jobs::Entity, recorded_jobs::Column::Id))
                            .equals((locks::Entity, Column::HeldByJob)),
                    )
                    .and_where(recorded_jobs::Column::SettledAt.is_not_null())
                    .take();
                Column::HeldByJob.eq(job.uuid()).or(Expr::exists(settled))
            }
        };
        // Whoever ended the run went away before it gave the lock back: nobody writes for a run that is over.
        let over = Query::select()
            .expr(Expr::value(1))
            .from(runs::Entity)
            .and_where(runs::Column::TenantId.eq(tenant.uuid()))
            .and_where(
                Expr::col((runs::Entity, runs::Column::Id)).equals((locks::Entity, Column::RunId)),
            )
            .and_where(runs::Column::Status.ne(RunStatus::Running.as_str()))
            .take();
        let is_free = Condition::any()
            .add(Expr::exists(over))
            .add(Column::ExpiresAt.lte(now))
            .add(Column::RunId.is_null())
            .add(Column::RunId.eq(run.uuid()).and(is_passed_on));
        let taken = locks::Entity::update_many()
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1))
            .col_expr(Column::LockedAt, Expr::value(now))
            .col_expr(Column::LockedBy, Expr::value(locked_by))
            .col_expr(Column::ExpiresAt, Expr::value(expires_at))
            .col_expr(Column::RunId, Expr::value(Some(run.uuid())))
            .col_expr(Column::HeldByJob, Expr::value(job.map(JobId::uuid)))
            .filter(Column::TenantId.eq(tenant.uuid()))
            .filter(is_free)
            .exec_with_returning(&txn)
            .await?;
        let outcome = match taken.into_iter().next() {
            Some(row) => TenantLock::Held(Fence { run, number: row.fence }),
            None => {
                let row = locks::Entity::find_by_id(tenant.uuid()).one(&txn).await?;
                let (locked_by, expires_at) =
                    row.map_or_else(Default::default, |row| (row.locked_by, row.expires_at));
                TenantLock::Busy { locked_by, expires_at }
            }
        };
        txn.commit().await?;
        Ok(outcome)
    }

    /// Keeps the tenant's lock for longer, under the fence it was drawn with.
    ///
    /// A hold that lapsed is kept as well, as long as nobody took the lock since: then it is lost for good.
    pub async fn renew_tenant(
        &self,
        tenant: TenantId,
        fence: Fence,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        use locks::Column;
        let kept = locks::Entity::update_many()
            .col_expr(Column::LockedAt, Expr::value(now))
            .col_expr(Column::ExpiresAt, Expr::value(expires_at))
            .filter(Column::TenantId.eq(tenant.uuid()))
            .filter(Column::Fence.eq(fence.number))
            .filter(Column::RunId.is_not_null())
            .exec(self.db())
            .await?;
        if kept.rows_affected == 1 {
            return Ok(());
        }
        let row = locks::Entity::find_by_id(tenant.uuid()).one(self.db()).await?;
        let current = row.map_or(0, |row| row.fence);
        Err(StoreError::FenceLost { held: fence.number, current })
    }

    /// Gives the lock back, if this fence still holds it.
    pub async fn release_tenant(
        &self,
        tenant: TenantId,
        fence: Fence,
        now: Timestamp,
    ) -> StoreResult<()> {
        use locks::Column;
        locks::Entity::update_many()
            .col_expr(Column::ExpiresAt, Expr::value(now))
            .col_expr(Column::RunId, Expr::value(None::<sea_orm::prelude::Uuid>))
            .filter(Column::TenantId.eq(tenant.uuid()))
            .filter(Column::Fence.eq(fence.number))
            .exec(self.db())
            .await?;
        Ok(())
    }
}
