//! The lease of the one process that works on a database, without Redis. A fleet needs none, and has none.
//!
//! What lives here: taking it, keeping it, and noticing by one's own clock that it is over.
//! What does not: what is done under it (`runner`).

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use jobs::Timestamp;
use store::{StoreError, system::RunnerLease};
use tokio::time::Instant;

use crate::{app::App, output::Output};

/// Signs of life in the time of a lease.
const BEATS_PER_LEASE: u32 = 5;
/// The lease is given up so many of them before it is over: nobody else is to begin while something runs here.
const BEATS_EARLY: u32 = 1;
/// A lease is over a moment after it ends, however clocks are rounded.
const AFTER_LEASE: Duration = Duration::from_millis(100);
/// Longest lease that somebody else may have been given.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// How a lease came to an end.
pub enum LeaseEnd {
    /// It could not be extended in time.
    Lapsed,
    /// Another process has it.
    TakenBy(String),
}

/// What is told to whoever is not the one.
pub fn taken(holder: &str) -> anyhow::Error {
    anyhow::anyhow!("another process works on this database by now: {holder} (host/process)")
}

struct Busy {
    holder: String,
    expires_at: Timestamp,
}

/// Takes the lease.
///
/// One that went away keeps it until it ends: that long is waited, and one that still gives signs of life is told of.
pub async fn take(app: &App, output: &Output) -> anyhow::Result<()> {
    if app.is_fleet() {
        return wait_for_runner(app, output).await;
    }
    let Err(first) = try_lease(app).await? else { return Ok(()) };
    let left = (first.expires_at - app.clock.now()).to_std().unwrap_or(Duration::ZERO);
    let wait = left.min(WAIT_MAX) + AFTER_LEASE;
    output.note(&format!(
        "{} has the lease of this database; waiting {} s, in case it is gone",
        first.holder,
        wait.as_secs().max(1)
    ));
    tokio::time::sleep(wait).await;
    match try_lease(app).await? {
        Ok(()) => Ok(()),
        Err(Busy { holder, expires_at }) => anyhow::bail!(
            "another process works on this database: {holder} (host/process), with a lease until {}; \
             stop it first. Other commands work beside it",
            expires_at.format("%Y-%m-%d %H:%M:%S UTC")
        ),
    }
}

/// A fleet does not begin beside a process that works without Redis: both would run the same jobs.
async fn wait_for_runner(app: &App, output: &Output) -> anyhow::Result<()> {
    let find = async || app.store.system().find_runner(app.clock.now()).await;
    let Some(RunnerLease::Busy { holder, expires_at }) = find().await? else { return Ok(()) };
    let left = (expires_at - app.clock.now()).to_std().unwrap_or(Duration::ZERO);
    output.note(&format!("{holder} works here without Redis; waiting, in case it is gone"));
    tokio::time::sleep(left.min(WAIT_MAX) + AFTER_LEASE).await;
    match find().await? {
        Some(RunnerLease::Busy { holder, .. }) => anyhow::bail!(
            "another process works on this database without Redis: {holder} (host/process); stop it first"
        ),
        _ => Ok(()),
    }
}

/// Takes or extends the lease.
async fn try_lease(app: &App) -> Result<Result<(), Busy>, StoreError> {
    let now = app.clock.now();
    let lease = TimeDelta::from_std(app.lease()).unwrap_or(TimeDelta::seconds(60));
    match app.store.system().acquire_runner(&app.instance, now, now + lease).await? {
        RunnerLease::Held { .. } => Ok(Ok(())),
        RunnerLease::Busy { holder, expires_at } => Ok(Err(Busy { holder, expires_at })),
    }
}

/// Gives signs of life, for as long as they are heard; says how that came to an end.
pub async fn keep(app: &App) -> LeaseEnd {
    if app.is_fleet() {
        return std::future::pending().await;
    }
    let every = app.lease() / BEATS_PER_LEASE;
    let mut held = Held::since(app);
    loop {
        // By both clocks, before asking and after: a machine that slept, or a database that is slow, takes its time.
        let Some(left) = held.left(app, every * BEATS_EARLY) else {
            tracing::error!("the lease is over: nothing runs here until it is held again");
            return LeaseEnd::Lapsed;
        };
        let asked = Held::since(app);
        match tokio::time::timeout(every.min(left), try_lease(app)).await {
            Ok(Ok(Ok(()))) => held = asked,
            Ok(Ok(Err(Busy { holder, .. }))) => {
                tracing::error!(%holder, "the lease of this database was lost");
                return LeaseEnd::TakenBy(holder);
            }
            // A database that is gone for a moment ends nothing: the next sign of life may get through.
            Ok(Err(error)) => tracing::warn!(%error, "the lease could not be extended"),
            Err(_) => tracing::warn!("the lease could not be extended in time"),
        }
        let left = held.left(app, every * BEATS_EARLY).unwrap_or(Duration::ZERO);
        tokio::time::sleep(every.min(left)).await;
    }
}

/// Since when a lease is held, by the clock that only goes on and by the wall's.
struct Held {
    steady: Instant,
    wall: Timestamp,
}

impl Held {
    fn since(app: &App) -> Self {
        Self { steady: Instant::now(), wall: app.clock.now() }
    }

    /// How long it may still be relied on; none if no longer.
    fn left(&self, app: &App, early: Duration) -> Option<Duration> {
        let by_wall = (app.clock.now() - self.wall).to_std().unwrap_or(Duration::ZERO);
        let passed = by_wall.max(self.steady.elapsed());
        let left = app.lease().checked_sub(passed + early)?;
        (!left.is_zero()).then_some(left)
    }
}

/// Waits until the lease is held again. Errors if another process has it.
pub async fn regain(app: &App) -> anyhow::Result<()> {
    if app.is_fleet() {
        return Ok(());
    }
    loop {
        match try_lease(app).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Busy { holder, .. })) => return Err(taken(&holder)),
            Err(error) => tracing::warn!(%error, "the lease cannot be taken for now"),
        }
        tokio::time::sleep(app.lease() / BEATS_PER_LEASE).await;
    }
}

/// Gives the lease back.
pub async fn release(app: &App) -> anyhow::Result<()> {
    if app.is_fleet() {
        return Ok(());
    }
    let released = app.store.system().release_runner(&app.instance, app.clock.now()).await;
    released.context("the lease could not be given back; it ends by itself")
}
