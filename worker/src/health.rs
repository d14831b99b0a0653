//! The port of a process that works: whether it lives, whether it gets on, with what, and what it counts.
//!
//! What lives here: four pages for machines on the inside.
//! What does not: what is told there (`process`), the API, and anything that changes something.

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
use jobs::{Queue, Timestamp, metrics as names};
use metrics_exporter_prometheus::PrometheusHandle;
use queue::Engine;
use serde::Serialize;
use store::worker::{Doing, WorkerRow};
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot};

use crate::process::Process;

/// How long a part has to say that it is there.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// What the port tells of.
#[derive(Clone)]
pub struct Health {
    /// The process itself.
    pub process: Process,
    /// Its queue.
    pub engine: Arc<dyn Engine>,
    /// What it counts.
    pub metrics: PrometheusHandle,
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
    version: String,
    started_at: Timestamp,
    #[serde(flatten)]
    doing: Doing,
}

async fn status(State(health): State<Health>) -> Json<Status> {
    let WorkerRow { instance, version, started_at, seen_at: _, doing } = health.process.row();
    Json(Status { instance, version, started_at, doing })
}

async fn metrics(State(health): State<Health>) -> Response {
    health.measure().await;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, health.metrics.render()).into_response()
}

impl Health {
    async fn judge(&self) -> Ready {
        let reasons = self.process.judge().await;
        Ready { is_ready: reasons.is_empty(), reasons }
    }

    async fn measure(&self) {
        let is_ready = self.judge().await.is_ready;
        metrics::gauge!(names::WORKER_READY).set(if is_ready { 1.0 } else { 0.0 });
        for it in self.process.pulse.standing().unwrap_or_default().queues {
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
        let outbox =
            self.process.store.system().look_at_outbox().await.map_err(|it| it.to_string())?;
        queue::measure_outbox(outbox.jobs, outbox.oldest_at, self.process.clock.now());
        Ok(())
    }

    async fn measure_queues(&self) -> Result<(), String> {
        let now = self.process.clock.now();
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
