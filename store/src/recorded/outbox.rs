//! The outbox: what the relay hands on, and what the reconciler compares.

use domain::{id::TenantId, time::Timestamp};
use entity::recorded_jobs as recorded;
use jobs::JobId;
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::Expr,
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
    /// Jobs of all tenants that the queue has not been given yet, oldest first.
    pub async fn list_jobs_to_relay(&self, limit: u64) -> StoreResult<JobsRead> {
        self.list_jobs(RecordedState::Waiting, None, limit).await
    }

    /// How many jobs of all tenants the queue has not been given yet.
    pub async fn count_jobs_to_relay(&self) -> StoreResult<u64> {
        let waiting = recorded::Column::State.eq(RecordedState::Waiting.as_str());
        Ok(recorded::Entity::find().filter(waiting).count(self.store.db()).await?)
    }

    /// Jobs of all tenants that the queue was given and that are not settled, oldest first, after a certain one.
    pub async fn list_jobs_relayed(
        &self,
        after: Option<JobId>,
        limit: u64,
    ) -> StoreResult<JobsRead> {
        self.list_jobs(RecordedState::Relayed, after, limit).await
    }

    async fn list_jobs(
        &self,
        state: RecordedState,
        after: Option<JobId>,
        limit: u64,
    ) -> StoreResult<JobsRead> {
        let mut query = recorded::Entity::find().filter(recorded::Column::State.eq(state.as_str()));
        if let Some(after) = after {
            query = query.filter(recorded::Column::Id.gt(after.uuid()));
        }
        let rows =
            query.order_by_asc(recorded::Column::Id).limit(limit).all(self.store.db()).await?;
        let mut read = JobsRead::default();
        for row in rows {
            let (id, tenant) = (JobId::from_uuid(row.id), TenantId::from_uuid(row.tenant_id));
            match recorded_job(row) {
                Ok(job) => read.jobs.push(job),
                Err(error) => read.unreadable.push(UnreadableJob { id, tenant, error }),
            }
        }
        Ok(read)
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
            .filter(Column::State.eq(RecordedState::Cancelled.as_str()))
            .filter(Column::SettledAt.gte(since))
            .filter(Column::RelayedAt.is_not_null())
            .order_by_desc(Column::SettledAt)
            .limit(limit)
            .into_tuple()
            .all(self.store.db())
            .await?;
        Ok(ids.into_iter().map(JobId::from_uuid).collect())
    }

    /// Notes that the queue was given some jobs. One that was settled meanwhile stays so.
    pub async fn mark_jobs_relayed(&self, ids: &[JobId], now: Timestamp) -> StoreResult<()> {
        use recorded::Column;
        for chunk in ids.chunks(JOBS_PER_STATEMENT) {
            recorded::Entity::update_many()
                .col_expr(Column::State, Expr::value(RecordedState::Relayed.as_str()))
                .col_expr(Column::RelayedAt, Expr::value(Some(now)))
                .filter(Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
                .filter(Column::State.eq(RecordedState::Waiting.as_str()))
                .exec(self.store.db())
                .await?;
        }
        Ok(())
    }
}
