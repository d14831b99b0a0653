//! The port of a process that works: whether it lives, whether it gets on, with what, and what it counts.
//!
//! What lives here: the judgement of whether something moves, and four pages for machines on the inside.
//! What does not: the API, and anything that changes something.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jobs::{Clock, Queue, Timestamp, metrics as names};
use metrics_exporter_prometheus::PrometheusHandle;
use queue::{
    Engine,
    desk::{Pulse, Standing},
};
use serde::Serialize;
use store::Store;
use tokio::{
    net::TcpListener,
    runtime::Builder,
    sync::{oneshot, watch},
};

use crate::runtime::Stopping;

/// How long the engine may not answer before this process counts as standing still: twice what it takes to give up a
/// call and connect again.
const STANDSTILL: Duration = Duration::from_secs(30);
/// How long a part has to say that it is there.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// What the port tells of.
#[derive(Clone)]
pub struct Health {
    /// What the process has in hand.
    pub pulse: Pulse,
    /// Its database.
    pub store: Store,
    /// Its queue.
    pub engine: Arc<dyn Engine>,
    /// The machine's time.
    pub clock: Arc<dyn Clock>,
    /// What it counts.
    pub metrics: PrometheusHandle,
    /// Whether it is to end.
    pub stopping: watch::Receiver<Stopping>,
    /// Which process this is.
    pub instance: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// Threads on which its handlers run.
    pub threads: usize,
}

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address}: {problem}; set STEWARD_WORKER_LISTEN to an address that is free"
)]
pub struct ListenError {
    address: SocketAddr,
    problem: std::io::Error,
}

/// The port, answered by a thread of its own, so that handlers that block all others cannot silence it. Dropped, it closes.
pub struct HealthPort {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HealthPort {
    /// Takes an address and answers from then on.
    pub fn open(address: SocketAddr, health: Health) -> Result<Self, ListenError> {
        let failed = |problem| ListenError { address, problem };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (end, ended) = oneshot::channel();
        let answer = move || {
            runtime.block_on(async {
                tokio::select! {
                    // An error means that nobody is left to end it, which is the end as well.
                    _ = ended => {}
                    answered = serve(listener, health) => if let Err(error) = answered {
                        tracing::error!(%error, "the health port is answered no more");
                    }
                }
            });
        };
        let thread = thread::Builder::new().name("health".to_owned()).spawn(answer);
        Ok(Self { address, end: Some(end), thread: Some(thread.map_err(failed)?) })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HealthPort {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the health port ended in a panic");
        }
    }
}

async fn serve(listener: std::net::TcpListener, health: Health) -> std::io::Result<()> {
    let router = Router::new()
        .route("/health/live", get(async || Json(Live { status: "live" })))
        .route("/health/ready", get(ready))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(health);
    axum::serve(TcpListener::from_std(listener)?, router).await
}

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

/// Whether the process gets on.
#[derive(Debug, Serialize)]
struct Ready {
    is_ready: bool,
    /// What is wrong.
    reasons: Vec<String>,
}

async fn ready(State(health): State<Health>) -> Response {
    let ready = health.judge().await;
    let status = if ready.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ready)).into_response()
}

/// What the process is, and what it is doing.
#[derive(Serialize)]
struct Status {
    instance: String,
    version: &'static str,
    started_at: Timestamp,
    queues: Vec<QueueStatus>,
    jobs: Vec<JobStatus>,
    /// Handlers that do not stop and hold a thread each; their jobs are somebody else's by now.
    left_behind: usize,
}

#[derive(Serialize)]
struct QueueStatus {
    queue: &'static str,
    slots: usize,
    in_hand: usize,
    overdue: usize,
}

#[derive(Serialize)]
struct JobStatus {
    id: String,
    name: String,
    tenant: Option<String>,
    queue: &'static str,
    held_for_seconds: f64,
}

/// Jobs that the status names.
const JOBS_SHOWN_MAX: usize = 100;

async fn status(State(health): State<Health>) -> Json<Status> {
    let standing = health.pulse.standing().unwrap_or_default();
    let queues = standing.queues.iter().map(|it| QueueStatus {
        queue: it.queue.as_str(),
        slots: it.slots,
        in_hand: it.in_hand,
        overdue: it.overdue,
    });
    let jobs = standing.jobs.iter().take(JOBS_SHOWN_MAX).map(|it| JobStatus {
        id: it.id.to_string(),
        name: it.name.clone(),
        tenant: it.tenant.map(|tenant| tenant.to_string()),
        queue: it.queue.as_str(),
        held_for_seconds: it.held_for.as_secs_f64(),
    });
    Json(Status {
        instance: health.instance.clone(),
        version: env!("CARGO_PKG_VERSION"),
        started_at: health.started_at,
        queues: queues.collect(),
        jobs: jobs.collect(),
        left_behind: standing.left_behind,
    })
}

async fn metrics(State(health): State<Health>) -> Response {
    health.measure().await;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, health.metrics.render()).into_response()
}

impl Health {
    /// Whether something moves here, or could.
    async fn judge(&self) -> Ready {
        let mut reasons = Vec::new();
        if *self.stopping.borrow() != Stopping::No {
            reasons.push("it is stopping".to_owned());
        }
        match self.pulse.standing() {
            Some(standing) => reasons.extend(standstill(&standing, self.threads)),
            None => reasons.push("nothing runs here: it waits for its lease".to_owned()),
        }
        match tokio::time::timeout(ASK_TIMEOUT, self.store.system().ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready: the database");
                reasons.push("the database refuses, or cannot be reached".to_owned());
            }
            Err(_) => reasons.push("the database does not answer in time".to_owned()),
        }
        Ready { is_ready: reasons.is_empty(), reasons }
    }

    async fn measure(&self) {
        let is_ready = self.judge().await.is_ready;
        metrics::gauge!(names::WORKER_READY).set(if is_ready { 1.0 } else { 0.0 });
        for it in self.pulse.standing().unwrap_or_default().queues {
            let queue = it.queue.as_str();
            metrics::gauge!(names::WORKER_JOBS, "queue" => queue).set(whole(it.in_hand));
            metrics::gauge!(names::WORKER_SLOTS, "queue" => queue).set(whole(it.slots));
        }
        for (what, measured) in [
            ("outbox", tokio::time::timeout(ASK_TIMEOUT, self.measure_outbox()).await),
            ("queues", tokio::time::timeout(ASK_TIMEOUT, self.measure_queues()).await),
        ] {
            // The rest is worth knowing all the more.
            match measured {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => tracing::warn!(what, problem, "not measured"),
                Err(_) => tracing::warn!(what, "not measured in time"),
            }
        }
    }

    async fn measure_outbox(&self) -> Result<(), String> {
        let outbox = self.store.system().look_at_outbox().await.map_err(|it| it.to_string())?;
        queue::measure_outbox(outbox.jobs, outbox.oldest_at, self.clock.now());
        Ok(())
    }

    async fn measure_queues(&self) -> Result<(), String> {
        let now = self.clock.now();
        for queue in Queue::ALL {
            let stats = self.engine.stats(queue).await.map_err(|it| it.to_string())?;
            queue::measure_queue(&stats, now);
        }
        Ok(())
    }
}

fn whole(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Why nothing moves, if nothing does.
fn standstill(standing: &Standing, threads: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    for it in &standing.queues {
        let queue = it.queue;
        if STANDSTILL < it.unanswered_for {
            let seconds = it.unanswered_for.as_secs();
            reasons.push(format!("the queue {queue} has not answered for {seconds} s"));
        }
        if 0 < it.slots && it.slots <= it.overdue {
            reasons.push(format!("nothing of what became of jobs of {queue} can be written down"));
        }
    }
    if 0 < threads && threads <= standing.left_behind {
        reasons.push("every thread is held by a handler that does not stop".to_owned());
    }
    if let Some(time) = standing.unsettled_for.filter(|time| STANDSTILL < *time) {
        let seconds = time.as_secs();
        reasons.push(format!("what became of jobs has been refused for {seconds} s"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use queue::desk::QueueStanding;

    use super::*;

    fn agent(change: impl FnOnce(&mut QueueStanding)) -> Standing {
        let mut queue = QueueStanding {
            queue: Queue::Agent,
            slots: 2,
            in_hand: 2,
            overdue: 1,
            unanswered_for: Duration::from_secs(5),
        };
        change(&mut queue);
        Standing { queues: vec![queue], ..Standing::default() }
    }

    #[test]
    fn a_process_stands_still_when_nothing_can_move() {
        let none: Vec<String> = Vec::new();
        assert_eq!(standstill(&Standing::default(), 2), none);
        assert_eq!(standstill(&agent(|_| {}), 2), none, "one place is left");
        let full = standstill(&agent(|it| it.overdue = 2), 2);
        assert_eq!(full, ["nothing of what became of jobs of agent can be written down"]);
        let silent = standstill(&agent(|it| it.unanswered_for = Duration::from_secs(31)), 2);
        assert_eq!(silent, ["the queue agent has not answered for 31 s"]);
        let refused = Standing { unsettled_for: Some(Duration::from_secs(40)), ..agent(|_| {}) };
        assert_eq!(standstill(&refused, 2), ["what became of jobs has been refused for 40 s"]);
        let held = Standing { left_behind: 2, ..agent(|_| {}) };
        assert_eq!(standstill(&held, 3), none, "one thread is left");
        assert_eq!(standstill(&held, 2), ["every thread is held by a handler that does not stop"]);
    }
}
