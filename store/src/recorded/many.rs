//! Many recorded jobs in one statement: a commit costs the same for one as for hundreds.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{id::TenantId, time::Timestamp};
use entity::recorded_jobs as recorded;
use jobs::{AnyJob, JobId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    QueryTrait,
    prelude::Uuid,
    sea_query::{BinOper, Expr, SimpleExpr},
};

use super::{JOBS_PER_STATEMENT, Recorded, RecordedState, Sameness};
use crate::{Scope, StoreError, StoreResult, Transition, error::unreadable, system::System};

/// A job that is to be recorded.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// What.
    pub job: &'a AnyJob,
    /// What makes another one the same work.
    pub sameness: Sameness,
    /// Not before then.
    pub run_at: Timestamp,
}

/// What a record says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEnd {
    /// Where it is.
    pub state: RecordedState,
    /// What went wrong, if it is dead.
    pub error: Option<String>,
    /// Not before then.
    pub run_at: Timestamp,
}

impl Scope<'_> {
    /// Records many jobs, to be handed to the queue once this is committed; answers for each.
    ///
    /// One that cannot be kept has its error among the answers, and keeps no other back.
    pub async fn record_jobs(
        &self,
        jobs: &[NewJob<'_>],
        now: Timestamp,
    ) -> StoreResult<Vec<StoreResult<Recorded>>> {
        let mut answers = Vec::with_capacity(jobs.len());
        for chunk in jobs.chunks(JOBS_PER_STATEMENT) {
            answers.extend(self.record_chunk(chunk, now).await?);
        }
        Ok(answers)
    }

    async fn record_chunk(
        &self,
        jobs: &[NewJob<'_>],
        now: Timestamp,
    ) -> StoreResult<Vec<StoreResult<Recorded>>> {
        use recorded::Column;
        let rows: Vec<_> =
            jobs.iter().map(|it| self.new_job_row(it.job, &it.sameness, it.run_at, now)).collect();
        let new: Vec<_> =
            rows.iter().filter_map(|row| Some(row.as_ref().ok()?.1.clone())).collect();
        let kept: HashSet<Uuid> = self
            .insert_new(&new, &[Column::TenantId, Column::DedupKey])
            .await?
            .into_iter()
            .collect();
        let mut answers = Vec::with_capacity(jobs.len());
        for (row, it) in rows.into_iter().zip(jobs) {
            answers.push(match row {
                Err(error) => Err(error),
                Ok((id, _)) if kept.contains(&id.uuid()) => Ok(Recorded::New(id)),
                // The same work stands there, or among these.
                Ok(_) => match self.record_any_job(it.job, &it.sameness, it.run_at, now).await {
                    Err(error) if !matches!(error, StoreError::Invalid { .. }) => {
                        return Err(error);
                    }
                    answer => answer,
                },
            });
        }
        Ok(answers)
    }
}

impl System<'_> {
    /// What the records of some jobs say; a job that is not there, or is not this tenant's, is left out.
    pub async fn list_job_ends(
        &self,
        jobs: &[(TenantId, JobId)],
    ) -> StoreResult<HashMap<JobId, RecordedEnd>> {
        use recorded::Column;
        let whose: HashMap<JobId, TenantId> =
            jobs.iter().map(|(whose, id)| (*id, *whose)).collect();
        let mut ends = HashMap::with_capacity(jobs.len());
        for chunk in jobs.chunks(JOBS_PER_STATEMENT) {
            let rows: Vec<(Uuid, Uuid, String, Option<String>, Timestamp)> =
                recorded::Entity::find()
                    .select_only()
                    .columns([
                        Column::Id,
                        Column::TenantId,
                        Column::State,
                        Column::Error,
                        Column::RunAt,
                    ])
                    .filter(Column::Id.is_in(chunk.iter().map(|(_, id)| id.uuid())))
                    .into_tuple()
                    .all(self.store.db())
                    .await?;
            for (id, tenant, state, error, run_at) in rows {
                let id = JobId::from_uuid(id);
                if whose.get(&id) == Some(&TenantId::from_uuid(tenant)) {
                    let state = state.parse().map_err(unreadable("recorded_jobs.state"))?;
                    ends.insert(id, RecordedEnd { state, error, run_at });
                }
            }
        }
        Ok(ends)
    }

    /// Settles jobs as completed that are not settled yet, at most [`JOBS_PER_STATEMENT`]; answers for each.
    pub async fn mark_jobs_completed(
        &self,
        jobs: &[(TenantId, JobId)],
        now: Timestamp,
    ) -> StoreResult<Vec<Transition>> {
        use recorded::Column;
        let completed = RecordedState::Completed;
        let [waiting, relayed] =
            [RecordedState::Waiting, RecordedState::Relayed].map(RecordedState::as_str);
        let mut of_tenants: BTreeMap<TenantId, Vec<Uuid>> = BTreeMap::new();
        for (tenant, id) in jobs {
            of_tenants.entry(*tenant).or_default().push(id.uuid());
        }
        let these = of_tenants.into_iter().fold(Condition::any(), |these, (tenant, ids)| {
            these.add(is_just(Column::TenantId, tenant.uuid()).and(Column::Id.is_in(ids)))
        });
        let mut update = recorded::Entity::update_many()
            .col_expr(Column::State, Expr::value(completed.as_str()))
            .col_expr(Column::SettledAt, Expr::value(Some(now)))
            .filter(these)
            .filter(is_just(Column::State, waiting).or(is_just(Column::State, relayed)))
            // One whose key is to be freed is settled by itself.
            .filter(Column::KeepsKey.eq(true))
            .into_query();
        let moved = self.store.db().query_all(update.returning_col(Column::Id)).await?;
        let moved: HashSet<Uuid> =
            moved.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let left: Vec<_> =
            jobs.iter().filter(|(_, id)| !moved.contains(&id.uuid())).copied().collect();
        let ends = if left.is_empty() { HashMap::new() } else { self.list_job_ends(&left).await? };
        let mut answers = Vec::with_capacity(jobs.len());
        for (tenant, id) in jobs {
            let answer = match ends.get(id).map(|end| end.state) {
                _ if moved.contains(&id.uuid()) => Transition::Moved,
                Some(RecordedState::Completed) => Transition::AlreadyThere,
                Some(RecordedState::Dead | RecordedState::Cancelled) | None => Transition::Lost,
                Some(RecordedState::Waiting | RecordedState::Relayed) => {
                    let scope = self.store.tenant(*tenant);
                    scope.mark_job_settled(*id, completed, None, now).await?
                }
            };
            answers.push(answer);
        }
        Ok(answers)
    }
}

/// Whether a column holds a value, asked so that Postgres looks for the rows by nothing but their ids.
///
/// Of a tenant or a state that it has not counted yet it expects a row or two, and goes through all of them. Seen on
/// Postgres 15, which uses no index for this comparison.
fn is_just(column: recorded::Column, value: impl Into<SimpleExpr>) -> SimpleExpr {
    column.into_expr().binary(BinOper::Custom("IS NOT DISTINCT FROM"), value)
}
