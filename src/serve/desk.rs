//! What the API leaves to others: decisions on actions are the agent's, changes to recorded jobs the worker's.
//!
//! The API may know neither, so that it cannot do their work; it is given them here.

use std::sync::Arc;

use agent::AgentError;
use api::{ApiError, Approvals, Code, JobKeeper, Parts, QueueView, Reopened};
use async_trait::async_trait;
use domain::{
    action::Actor,
    id::{ActionId, TenantId},
    time::Clock,
};
use metrics_exporter_prometheus::PrometheusHandle;
use store::{
    Store, Transition,
    action::ActionRow,
    recorded::{JobFilter, RecordedJob, RecordedState},
    tenant::Tenant,
};
use tokio::sync::watch;
use worker::runtime::{self, Records};

use crate::{app::App, fleet::runner::records_of};

/// The parts of the API of this process.
pub fn parts(
    app: &App,
    queue: QueueView,
    metrics: PrometheusHandle,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<Parts> {
    let (_, records) = records_of(app)?;
    let (store, clock) = (app.store.clone(), Arc::clone(&app.clock));
    Ok(Parts {
        approvals: Arc::new(Desk { store: store.clone(), clock: Arc::clone(&clock) }),
        jobs: Arc::new(Keeper(records)),
        store,
        clock,
        queue,
        metrics,
        stopping,
    })
}

struct Desk {
    store: Store,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Approvals for Desk {
    async fn approve(
        &self,
        tenant: &Tenant,
        id: ActionId,
        seen_hash: &str,
        actor: Actor,
    ) -> Result<ActionRow, ApiError> {
        let now = tenant.now(self.clock.as_ref());
        let decided = agent::approve(&self.store, tenant, id, Some(seen_hash), actor, now).await;
        decided.map(|it| it.action).map_err(refused)
    }

    async fn reject(
        &self,
        tenant: &Tenant,
        id: ActionId,
        reason: Option<&str>,
        actor: Actor,
    ) -> Result<ActionRow, ApiError> {
        let now = tenant.now(self.clock.as_ref());
        let decided = agent::reject(&self.store, tenant, id, reason, actor, now).await;
        decided.map(|it| it.action).map_err(refused)
    }
}

fn refused(error: AgentError) -> ApiError {
    match error {
        AgentError::Store(error) => error.into(),
        AgentError::UnknownAction(_) => ApiError::not_found("action"),
        AgentError::OtherPayload { .. } => {
            let detail =
                "the payload is not the one you saw: read the action again, and decide anew";
            ApiError::new(Code::Conflict, detail).at("payload_hash")
        }
        error @ (AgentError::NotAwaiting { .. } | AgentError::Forbidden(_)) => {
            ApiError::new(Code::Conflict, error.to_string())
        }
        other => ApiError::internal(&other),
    }
}

struct Keeper(Records);

#[async_trait]
impl JobKeeper for Keeper {
    async fn cancel(&self, job: &RecordedJob) -> Result<bool, ApiError> {
        let ended = self.0.end(&job.envelope, RecordedState::Cancelled, None).await;
        match ended {
            Ok(moved) => Ok(moved == Transition::Moved),
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "a job cannot be called off for now");
                let after = std::time::Duration::from_secs(2);
                Err(ApiError::unavailable("the job cannot be called off at the moment", after))
            }
            Err(error) => Err(ApiError::internal(&error)),
        }
    }

    async fn reopen(&self, job: &RecordedJob) -> Result<Reopened, ApiError> {
        Ok(match self.0.reopen(job).await? {
            runtime::Reopened::Waits => Reopened::Waits,
            runtime::Reopened::Duplicate => {
                Reopened::Refused("the same work was enqueued again meanwhile")
            }
            runtime::Reopened::NotOver => {
                Reopened::Refused("only a job that is dead or was called off can be brought back")
            }
            runtime::Reopened::Closed => Reopened::Refused(
                "its end has closed its hour, and the next hour's cycle makes up for it",
            ),
        })
    }

    async fn replay(
        &self,
        tenant: TenantId,
        of: JobFilter,
        max: u64,
    ) -> Result<(u64, u64), ApiError> {
        let replayed = self.0.replay(Some(tenant), of, max).await?;
        Ok((replayed.brought_back, replayed.left))
    }
}
