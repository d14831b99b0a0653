//! The outbox: what the relay hands on, and what the reconciler compares.

use domain::{id::TenantId, time::Timestamp};
use entity::recorded_jobs as recorded;
use jobs::JobId;
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, LockBehavior, LockType},
};

use super::{JOBS_PER_STATEMENT, RecordedJob, RecordedState, recorded_job};
use crate::{StoreError, StoreResult, system::System};

/// Recorded jobs, and those that cannot be read: one must not keep the others back.
#[derive(Debug, Default)]
pub struct JobsRead {
    /// Oldest first.
    pub jobs: Vec<RecordedJob>,
    /// What this version cannot read.
    pub unreadable: Vec<UnreadableJob>,
}

/// Recorded jobs that the queue has not been given yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// How many.
    pub jobs: u64,
    /// When the oldest of them was recorded.
    pub oldest_at: Option<Timestamp>,
}

/// A recorded job that this version cannot read.
#[derive(Debug)]
pub struct UnreadableJob {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// Why.
    pub error: StoreError,
}

impl JobsRead {
    /// How many there are, readable or not.
    pub fn len(&self) -> usize {
        self.jobs.len() + self.unreadable.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last of them in the order of ids.
    pub fn last(&self) -> Option<JobId> {
        let ids = self.jobs.iter().map(|it| it.envelope.id);
        ids.chain(self.unreadable.iter().map(|it| it.id)).max()
    }
}

impl System<'_> {
    /// Takes jobs of all tenants that the queue has not been given yet, oldest first.
    ///
    /// They go on waiting, but nobody else takes those that were taken since `taken_before`: whoever takes them hands
    /// them on and says so by [`Self::mark_jobs_relayed`], and those of one that went away are taken again.
    /// Several may take at once: each gets others.
    pub async fn take_jobs_to_relay(
        &self,
        limit: u64,
        now: Timestamp,
        taken_before: Timestamp,
    ) -> StoreResult<JobsRead> {
        use recorded::Column;
        let is_free = Column::RelayedAt.is_null().or(Column::RelayedAt.lt(taken_before));
        let waiting = recorded::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(RecordedState::Waiting.in_words())
            .filter(is_free)
            .order_by_asc(Column::Id)
            .limit(limit)
            // Without a word on SQLite, where there is one process that takes.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        let rows = recorded::Entity::update_many()
            .col_expr(Column::RelayedAt, Expr::value(Some(now)))
            .filter(Column::Id.in_subquery(waiting))
            .exec_with_returning(self.store.db())
            .await?;
        let mut rows: Vec<recorded::Model> = rows;
        rows.sort_unstable_by_key(|row| row.id);
        Ok(read(rows))
    }

    /// Notes that the queue was given some jobs. One that was settled meanwhile stays so.
    pub async fn mark_jobs_relayed(&self, ids: &[JobId], now: Timestamp) -> StoreResult<()> {
        use recorded::Column;
        for chunk in ids.chunks(JOBS_PER_STATEMENT) {
            recorded::Entity::update_many()
                .col_expr(Column::State, Expr::value(RecordedState::Relayed.as_str()))
                .col_expr(Column::RelayedAt, Expr::value(Some(now)))
                .filter(Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
                .filter(RecordedState::Waiting.in_words())
                .exec(self.store.db())
                .await?;
        }
        Ok(())
    }

    /// Lets jobs be taken again at once that the queue could not be given.
    pub async fn mark_jobs_not_taken(&self, ids: &[JobId]) -> StoreResult<()> {
        use recorded::Column;
        for chunk in ids.chunks(JOBS_PER_STATEMENT) {
            recorded::Entity::update_many()
                .col_expr(Column::RelayedAt, Expr::value(None::<Timestamp>))
                .filter(Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
                .filter(RecordedState::Waiting.in_words())
                .exec(self.store.db())
                .await?;
        }
        Ok(())
    }

    /// How many jobs of all tenants the queue has not been given yet, and since when.
    pub async fn look_at_outbox(&self) -> StoreResult<Outbox> {
        use recorded::Column;
        let found: Option<(i64, Option<Timestamp>)> = recorded::Entity::find()
            .select_only()
            .expr(Expr::col(Column::Id).count())
            .expr(Expr::col(Column::EnqueuedAt).min())
            .filter(RecordedState::Waiting.in_words())
            .into_tuple()
            .one(self.store.db())
            .await?;
        let (jobs, oldest_at) = found.unwrap_or_default();
        Ok(Outbox { jobs: u64::try_from(jobs).unwrap_or(0), oldest_at })
    }

    /// Jobs of all tenants that the queue was given and that are not settled, oldest first, after a certain one.
    pub async fn list_jobs_relayed(
        &self,
        after: Option<JobId>,
        limit: u64,
    ) -> StoreResult<JobsRead> {
        use recorded::Column;
        let rows = recorded::Entity::find()
            .filter(RecordedState::Relayed.in_words())
            .apply_if(after, |query, after| query.filter(Column::Id.gt(after.uuid())))
            .order_by_asc(Column::Id)
            .limit(limit)
            .all(self.store.db())
            .await?;
        Ok(read(rows))
    }

    /// Jobs that were called off since a moment and that the queue was given: it may not know yet.
    pub async fn list_jobs_cancelled(
        &self,
        since: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<JobId>> {
        use recorded::Column;
        let ids: Vec<Uuid> = recorded::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(RecordedState::Cancelled.in_words())
            .filter(Column::SettledAt.gte(since))
            .filter(Column::RelayedAt.is_not_null())
            .order_by_desc(Column::SettledAt)
            .limit(limit)
            .into_tuple()
            .all(self.store.db())
            .await?;
        Ok(ids.into_iter().map(JobId::from_uuid).collect())
    }
}

fn read(rows: Vec<recorded::Model>) -> JobsRead {
    let mut read = JobsRead::default();
    for row in rows {
        let (id, tenant) = (JobId::from_uuid(row.id), TenantId::from_uuid(row.tenant_id));
        match recorded_job(row) {
            Ok(job) => read.jobs.push(job),
            Err(error) => read.unreadable.push(UnreadableJob { id, tenant, error }),
        }
    }
    read
}
