//! The queue as far as it is seen from here: through its engine where this process owns it, or beside its owner.

use std::{sync::Arc, time::Duration};

use domain::id::TenantId;
use jobs::{JobId, Queue};
use queue::{
    Engine, Filter, Found, ListPage, QueueResult, QueueStats, State, TenantLoad, embedded::Reader,
};

use crate::{
    error::{ApiError, ApiResult},
    state::QueueView,
};

/// When to try again, where only another process can do it.
const OTHER_PROCESS: Duration = Duration::from_secs(30);

impl QueueView {
    /// The engine. Errors where another process owns it.
    pub fn engine(&self) -> ApiResult<&Arc<dyn Engine>> {
        match self {
            Self::Owned(engine) => Ok(engine),
            Self::Beside(_) => Err(ApiError::unavailable(
                "this job is volatile, and without Redis only the process that works on the queue takes those: \
                 ask the API of `steward up`, or enqueue a recorded job",
                OTHER_PROCESS,
            )),
        }
    }

    /// A job, if the queue knows it and it is this tenant's.
    pub async fn find(&self, tenant: TenantId, id: JobId) -> ApiResult<Option<Found>> {
        let found = match self {
            Self::Owned(engine) => engine.find(id).await?,
            Self::Beside(_) => self.read(move |it| it.find(id)).await?.flatten(),
        };
        Ok(found.filter(|it| it.tenant == Some(tenant)))
    }

    /// A tenant's jobs in a state, oldest first.
    pub async fn list(
        &self,
        filter: Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> ApiResult<ListPage> {
        match self {
            Self::Owned(engine) => Ok(engine.list(filter, state, after, max).await?),
            Self::Beside(_) => {
                let page = self.read(move |it| it.list(&filter, state, after, max)).await?;
                Ok(page.unwrap_or_default())
            }
        }
    }

    /// How much of a queue is a tenant's.
    pub async fn load(&self, queue: Queue, tenant: TenantId) -> ApiResult<TenantLoad> {
        let tenant = Some(tenant);
        match self {
            Self::Owned(engine) => Ok(engine.load(queue, tenant).await?),
            Self::Beside(_) => {
                let load = self.read(move |it| it.load(queue, tenant)).await?;
                Ok(load.unwrap_or(TenantLoad { tenant, ready: 0, running: 0 }))
            }
        }
    }

    /// A queue in figures.
    pub async fn stats(&self, queue: Queue) -> ApiResult<QueueStats> {
        match self {
            Self::Owned(engine) => Ok(engine.stats(queue).await?),
            Self::Beside(_) => {
                let stats = self.read(move |it| it.stats(queue)).await?;
                Ok(stats.unwrap_or_else(|| QueueStats::empty(queue)))
            }
        }
    }

    /// Looks into the file, on a thread that may wait for it; nothing if there is no file yet.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Reader) -> QueueResult<T> + Send + 'static,
    ) -> ApiResult<Option<T>> {
        let Self::Beside(path) = self else { return Ok(None) };
        let path = path.clone();
        let looked = tokio::task::spawn_blocking(move || {
            Reader::open(&path)?.map(|reader| look(&reader)).transpose()
        });
        let looked = looked.await.map_err(|error| ApiError::internal(&error))?;
        Ok(looked?)
    }
}
