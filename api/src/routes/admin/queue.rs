//! The queues in figures, and holding them back for everybody.

use aide::axum::{
    ApiRouter,
    routing::{get_with, put_with},
};
use axum::extract::State;
use jobs::{Pause, Queue};
use queue::{QueueStats, State as JobState};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::ApiResult,
    extract::{Admin, AdminOwner, ByName, Tagged},
    resource::named,
    state::AppState,
    wire::{Moment, Word},
};

/// The queues.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminQueues")]
struct All {
    /// Each of them.
    items: Vec<View>,
    /// Recorded jobs that wait to be handed to the queue.
    waiting_for_relay: u64,
}

/// A queue in figures.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Queue")]
struct View {
    /// Which.
    queue: Word<Queue>,
    /// Jobs that wait for their time.
    scheduled: u64,
    /// Jobs that wait for a worker.
    ready: u64,
    /// Jobs that a worker has.
    running: u64,
    /// Jobs that are done, as far as the queue remembers.
    completed: u64,
    /// Jobs that failed for good.
    dead: u64,
    /// Jobs that were called off.
    cancelled: u64,
    /// Tenants with jobs that wait for a worker.
    tenants_waiting: u64,
    /// Since when the job waits that waits longest for a worker.
    oldest_ready_at: Option<Moment>,
    /// Whether it is held back.
    is_paused: bool,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/admin/queues",
            get_with(list, |op| {
                op.id("admin_list_queues").tag("admin").summary("Shows queues in figures")
            }),
        )
        .api_route(
            "/v1/admin/queues/{name}/pause",
            put_with(pause, |op| named(op, "pause", "queue", "admin", "Holds back"))
                .delete_with(resume, |op| named(op, "resume", "queue", "admin", "Lets go on")),
        )
}

fn view(stats: &QueueStats, is_paused: bool) -> View {
    let count = |state| stats.counts.get(&state).copied().unwrap_or(0);
    View {
        queue: Word::of(stats.queue),
        scheduled: count(JobState::Scheduled),
        ready: count(JobState::Ready),
        running: count(JobState::Running),
        completed: count(JobState::Completed),
        dead: count(JobState::Dead),
        cancelled: count(JobState::Cancelled),
        tenants_waiting: stats.lines,
        oldest_ready_at: stats.oldest_ready_at.map(Moment),
        is_paused,
    }
}

async fn all(app: &AppState) -> ApiResult<Tagged<All>> {
    let pauses = app.store.system().list_pauses().await?;
    let mut items = Vec::new();
    for queue in Queue::ALL {
        let stats = app.queue.stats(queue).await?;
        // What people want, which the queue knows within a second.
        let is_paused = pauses.iter().any(|row| row.pause == Pause::Queue(queue));
        items.push(view(&stats, is_paused));
    }
    let waiting_for_relay = app.store.system().look_at_outbox().await?.jobs;
    Tagged::of(All { items, waiting_for_relay })
}

async fn list(_: Admin, State(app): State<AppState>) -> ApiResult<Tagged<All>> {
    all(&app).await
}

async fn pause(
    caller: AdminOwner,
    State(app): State<AppState>,
    ByName(queue): ByName<Queue>,
) -> ApiResult<Tagged<All>> {
    let by = caller.caller.actor().to_string();
    app.store.system().insert_pause(&Pause::Queue(queue), &by, app.clock.now()).await?;
    all(&app).await
}

async fn resume(
    _: AdminOwner,
    State(app): State<AppState>,
    ByName(queue): ByName<Queue>,
) -> ApiResult<Tagged<All>> {
    app.store.system().delete_pause(&Pause::Queue(queue)).await?;
    all(&app).await
}
