//! What every route works with.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    action::Actor,
    id::{ActionId, TenantId},
    time::Clock,
};
use metrics_exporter_prometheus::PrometheusHandle;
use queue::{Engine, QueueError};
use store::{
    Store, UnitOfWork,
    action::ActionRow,
    recorded::{JobFilter, RecordedJob},
    tenant::Tenant,
};
use tokio::sync::watch;

use crate::{
    auth::Keys,
    error::ApiError,
    limit::{RateLimits, Uploads},
    watch::Watches,
};

/// How the API is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Requests that a key may make in a second, on average.
    pub requests_per_second: u32,
    /// Pages of these origins may call from a browser; none by default.
    pub cors_origins: Vec<String>,
}

/// What a person decides about an action, and how it is carried out: the agent's business.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// Approves an action; `seen_hash` is that of the payload that was seen.
    async fn approve(
        &self,
        tenant: &Tenant,
        id: ActionId,
        seen_hash: &str,
        actor: Actor,
    ) -> Result<ActionRow, ApiError>;

    /// Rejects an action.
    async fn reject(
        &self,
        tenant: &Tenant,
        id: ActionId,
        reason: Option<&str>,
        actor: Actor,
    ) -> Result<ActionRow, ApiError>;
}

/// What becomes of recorded jobs that somebody changes: the worker's business.
#[async_trait]
pub trait JobKeeper: Send + Sync {
    /// Calls a job off, and puts right what it leaves behind. Says whether there was anything to call off.
    async fn cancel(&self, job: &RecordedJob) -> Result<bool, ApiError>;

    /// Brings back a job that has ended; repeating it changes nothing.
    async fn reopen(&self, job: &RecordedJob) -> Result<Reopened, ApiError>;

    /// Brings back a tenant's dead jobs, newest first and at most so many.
    /// Says how many wait again, and how many were left.
    async fn replay(
        &self,
        tenant: TenantId,
        of: JobFilter,
        max: u64,
    ) -> Result<(u64, u64), ApiError>;
}

/// What came of bringing a job back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopened {
    /// It waits again, with all its attempts.
    Waits,
    /// It stays where it is, because of this.
    Refused(&'static str),
}

/// Where the queue is seen.
#[derive(Clone)]
pub enum QueueView {
    /// This process owns it.
    Owned(Arc<dyn Engine>),
    /// Another process owns it, and its file is read.
    Beside(std::path::PathBuf),
}

/// The parts that the API is made of.
#[derive(Clone)]
pub struct Parts {
    /// Where the records are.
    pub store: Store,
    /// The machine's time; a simulated tenant has its own.
    pub clock: Arc<dyn Clock>,
    /// Where the queue is seen.
    pub queue: QueueView,
    /// Decisions on actions.
    pub approvals: Arc<dyn Approvals>,
    /// Changes to recorded jobs.
    pub jobs: Arc<dyn JobKeeper>,
    /// What counts.
    pub metrics: PrometheusHandle,
    /// Turns true when the process is to stop: streams end then.
    pub stopping: watch::Receiver<bool>,
}

/// The state of the router.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

pub(crate) struct Inner {
    pub parts: Parts,
    pub keys: Keys,
    pub limits: RateLimits,
    pub watches: Watches,
    pub uploads: Uploads,
    pub document: std::sync::OnceLock<String>,
}

impl std::ops::Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl AppState {
    /// Puts the state together.
    pub fn new(parts: Parts, options: &Options) -> Self {
        let keys = Keys::new(parts.store.clone(), Arc::clone(&parts.clock));
        let limits = RateLimits::new(options.requests_per_second);
        let (watches, uploads) = (Watches::default(), Uploads::default());
        Self(Arc::new(Inner {
            parts,
            keys,
            limits,
            watches,
            uploads,
            document: std::sync::OnceLock::new(),
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Begins writes of a tenant. Errors if others write for longer than a caller should wait.
    pub async fn begin(&self, tenant: TenantId) -> Result<UnitOfWork<'_>, ApiError> {
        match tokio::time::timeout(WRITE_WAIT_MAX, self.store.begin(tenant)).await {
            Ok(begun) => Ok(begun?),
            Err(_) => {
                let detail = "the database does not take writes at the moment; nothing was done";
                Err(ApiError::unavailable(detail, WRITE_RETRY))
            }
        }
    }

    /// The tenant of a key.
    pub async fn tenant(&self, tenant: TenantId) -> Result<Tenant, ApiError> {
        Ok(self.store.tenant(tenant).get_tenant().await?)
    }
}

/// How long a request waits for others who write.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(5);
/// When to try a write again that was not taken.
const WRITE_RETRY: Duration = Duration::from_secs(2);
/// When to try a queue again that could not be asked.
const QUEUE_RETRY: Duration = Duration::from_secs(1);

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Invalid { field, problem } => Self::field(field, problem),
            other => {
                tracing::warn!(error = %other, "the queue is not available");
                Self::unavailable("the queue is not available; nothing was done", QUEUE_RETRY)
            }
        }
    }
}
