//! What people do to recorded jobs: look them up, bring them back, and in the end forget them.

use domain::{id::TenantId, time::Timestamp};
use entity::recorded_jobs as recorded;
use jobs::{JobId, Queue};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::Expr,
};

use super::{RecordedJob, RecordedState, freed_key, recorded_job};
use crate::{Scope, StoreError, StoreResult, Transition, system::System};

/// Which recorded jobs; what is not given matters not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Where they are.
    pub state: Option<RecordedState>,
    /// In which queue.
    pub queue: Option<Queue>,
    /// Of which kind.
    pub name: Option<String>,
    /// Recorded before this one.
    pub before: Option<JobId>,
}

impl JobFilter {
    /// Those in a state.
    pub fn of(state: RecordedState) -> Self {
        Self { state: Some(state), ..Self::default() }
    }

    fn query(&self, tenant: Option<TenantId>) -> Select<recorded::Entity> {
        use recorded::Column;
        let (state, queue, name) = (self.state, self.queue, self.name.as_deref());
        recorded::Entity::find()
            .apply_if(self.before, |query, before| query.filter(Column::Id.lt(before.uuid())))
            .apply_if(tenant, |query, tenant| query.filter(Column::TenantId.eq(tenant.uuid())))
            .apply_if(state, |query, state| query.filter(state.in_words()))
            .apply_if(queue, |query, queue| query.filter(Column::Queue.eq(queue.as_str())))
            .apply_if(name, |query, name| query.filter(Column::Name.eq(name)))
            .order_by_desc(Column::Id)
    }
}

impl System<'_> {
    /// A recorded job, whosever it is.
    pub async fn find_recorded_job(&self, id: JobId) -> StoreResult<Option<RecordedJob>> {
        let row = recorded::Entity::find_by_id(id.uuid()).one(self.store.db()).await?;
        row.map(recorded_job).transpose()
    }

    /// Recorded jobs of one tenant or of all, newest first.
    pub async fn list_recorded_jobs(
        &self,
        tenant: Option<TenantId>,
        filter: &JobFilter,
        limit: u64,
    ) -> StoreResult<Vec<RecordedJob>> {
        let rows = filter.query(tenant).limit(limit).all(self.store.db()).await?;
        Ok(readable(rows))
    }
}

/// What can be read of some rows; one that cannot is told of, and hides no other.
fn readable(rows: Vec<recorded::Model>) -> Vec<RecordedJob> {
    let mut jobs = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        match recorded_job(row) {
            Ok(job) => jobs.push(job),
            Err(error) => tracing::warn!(job = %id, %error, "a recorded job that cannot be read"),
        }
    }
    jobs
}

impl Scope<'_> {
    /// Recorded jobs, newest first.
    pub async fn list_recorded_jobs(
        &self,
        filter: &JobFilter,
        limit: u64,
    ) -> StoreResult<Vec<RecordedJob>> {
        let rows = filter.query(Some(self.tenant)).limit(limit).all(&self.conn).await?;
        Ok(readable(rows))
    }

    /// Brings back a job that is dead or was called off: it waits again, from now on and with all its attempts.
    ///
    /// Errors with [`StoreError::AlreadyExists`] if the same work was recorded again meanwhile.
    pub async fn mark_job_reopened(&self, id: JobId, now: Timestamp) -> StoreResult<Transition> {
        use recorded::Column;
        let row = recorded::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        let Some(row) = row else { return Ok(Transition::Lost) };
        let key = row.dedup_key.strip_prefix(&freed_key(id)).unwrap_or(&row.dedup_key).to_owned();
        let over = [RecordedState::Dead, RecordedState::Cancelled].map(RecordedState::as_str);
        let moved = recorded::Entity::update_many()
            .col_expr(Column::State, Expr::value(RecordedState::Waiting.as_str()))
            .col_expr(Column::DedupKey, Expr::value(key))
            .col_expr(Column::RunAt, Expr::value(now))
            .col_expr(Column::RelayedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::SettledAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::Error, Expr::value(None::<String>))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::State.is_in(over))
            .exec(&self.conn)
            .await
            .map_err(|error| match StoreError::from(error) {
                StoreError::AlreadyExists(_) => {
                    StoreError::AlreadyExists("another job for the same work".to_owned())
                }
                other => other,
            })?;
        Ok(match (moved.rows_affected, row.state.as_str()) {
            (1, _) => Transition::Moved,
            (_, "waiting" | "relayed") => Transition::AlreadyThere,
            _ => Transition::Lost,
        })
    }

    /// Forgets jobs that were settled before a moment, at most so many; says how many.
    pub async fn expire_recorded_jobs(&self, before: Timestamp, limit: u64) -> StoreResult<u64> {
        use recorded::Column;
        let settled = [RecordedState::Completed, RecordedState::Dead, RecordedState::Cancelled]
            .map(RecordedState::as_str);
        let old = recorded::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::State.is_in(settled))
            .filter(Column::SettledAt.lt(before))
            .limit(limit)
            .into_query();
        let gone = recorded::Entity::delete_many()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.in_subquery(old))
            .exec(&self.conn)
            .await?;
        Ok(gone.rows_affected)
    }
}
