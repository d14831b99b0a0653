//! The queue that the configuration names: in Redis, or in a file of the one process that works.
//!
//! What lives here: opening it, to work on it, to bring jobs, or to look at it.
//! What does not: who may work where there is no Redis (`lease`).

use std::{path::PathBuf, sync::Arc};

use agent::Turnstile;
use anyhow::Context;
use jobs::{JobId, Queue};
use platform::config::RedisConfig;
use queue::{
    Engine, Filter, Found, ListPage, LiveTime, QueueResult, QueueStats, Retention, State,
    TenantLoad,
    embedded::{Embedded, Options, Reader, file_in},
    fleet::{self, Fleet},
};

use super::turnstile::SharedTurnstile;
use crate::app::App;

/// The queue's file, where there is no Redis.
pub fn queue_file(app: &App) -> PathBuf {
    file_in(app.data_dir())
}

/// What a process works on.
pub struct ToWork {
    /// The queue.
    pub engine: Arc<dyn Engine>,
    /// What is asked before a tenant's lock, if there are other processes.
    pub turnstile: Option<Arc<dyn Turnstile>>,
}

/// The engine, for a process that works on the queue. Without Redis the caller has the lease.
pub async fn open_to_work(app: &App) -> anyhow::Result<ToWork> {
    if let Some(redis) = &app.config().redis {
        let fleet = open_fleet(app, redis, true).await?;
        let turnstile: Arc<dyn Turnstile> = Arc::new(SharedTurnstile(Arc::clone(&fleet)));
        return Ok(ToWork { engine: fleet, turnstile: Some(turnstile) });
    }
    let path = queue_file(app);
    std::fs::create_dir_all(app.data_dir())
        .with_context(|| format!("cannot make the folder {}", app.data_dir().display()))?;
    let time = Arc::new(LiveTime::new(Arc::clone(&app.clock)));
    let retention = Retention::default();
    let engine = Embedded::open(Options { path, time, retention, tends_itself: true })?;
    Ok(ToWork { engine: Arc::new(engine), turnstile: None })
}

/// The engine, for a process that brings jobs and works on none; none without Redis.
pub async fn open_to_enqueue(app: &App) -> anyhow::Result<Option<Arc<dyn Engine>>> {
    match &app.config().redis {
        Some(redis) => Ok(Some(open_fleet(app, redis, false).await?)),
        None => Ok(None),
    }
}

/// Looks over every server that has queues.
pub async fn examine(app: &App) -> anyhow::Result<Vec<QueueResult<fleet::Examination>>> {
    let redis = app.config().redis.as_ref().context("REDIS_URL is not set")?;
    Ok(open_fleet(app, redis, false).await?.examine().await)
}

async fn open_fleet(
    app: &App,
    redis: &RedisConfig,
    tends_itself: bool,
) -> anyhow::Result<Arc<Fleet>> {
    let engine = Fleet::open(fleet::Options {
        url: redis.url.clone(),
        prefix: redis.prefix.clone(),
        retention: Retention::default(),
        tends_itself,
        together_min: fleet::TOGETHER_MIN,
        clock: Arc::clone(&app.clock),
        times: None,
    });
    let engine = engine.await.context("REDIS_URL and STEWARD_REDIS_PREFIX name no usable queue")?;
    Ok(Arc::new(engine))
}

/// The queue, to look at.
pub enum Sight {
    /// In Redis, where whoever sees a job may also change it.
    Fleet(Arc<dyn Engine>),
    /// The file of the process that works.
    File(Reader),
    /// No process has worked here yet.
    Nothing,
}

impl Sight {
    /// Opens what there is to look at.
    pub async fn open(app: &App) -> anyhow::Result<Self> {
        if let Some(engine) = open_to_enqueue(app).await? {
            return Ok(Self::Fleet(engine));
        }
        Ok(Reader::open(&queue_file(app))?.map_or(Self::Nothing, Self::File))
    }

    /// A job, if it is known.
    pub async fn find(&self, id: JobId) -> anyhow::Result<Option<Found>> {
        Ok(match self {
            Self::Fleet(engine) => engine.find(id).await?,
            Self::File(reader) => reader.find(id)?,
            Self::Nothing => None,
        })
    }

    /// Jobs in a state, oldest first.
    pub async fn list(&self, filter: Filter, state: State, max: usize) -> anyhow::Result<ListPage> {
        Ok(match self {
            Self::Fleet(engine) => engine.list(filter, state, None, max).await?,
            Self::File(reader) => reader.list(&filter, state, None, max)?,
            Self::Nothing => ListPage::default(),
        })
    }

    /// A queue in figures.
    pub async fn stats(&self, queue: Queue) -> anyhow::Result<QueueStats> {
        Ok(match self {
            Self::Fleet(engine) => engine.stats(queue).await?,
            Self::File(reader) => reader.stats(queue)?,
            Self::Nothing => QueueStats::empty(queue),
        })
    }

    /// The tenants with the most jobs in a queue, most first.
    pub async fn top(&self, queue: Queue, max: usize) -> anyhow::Result<Vec<TenantLoad>> {
        Ok(match self {
            Self::Fleet(engine) => engine.top(queue, max).await?,
            Self::File(reader) => reader.top(queue, max)?,
            Self::Nothing => Vec::new(),
        })
    }
}
