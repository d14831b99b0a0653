//! The queues, as far as they are this tenant's.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use jobs::{Pause, Queue};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::ApiResult,
    extract::{Tagged, Viewer},
    resource::named,
    state::AppState,
    wire::Word,
};

/// The queues.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Queues")]
struct View {
    /// Each of them.
    items: Vec<OfQueue>,
}

/// A queue, as far as it is this tenant's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TenantQueue")]
struct OfQueue {
    /// Which.
    queue: Word<Queue>,
    /// This tenant's jobs that wait for a worker.
    ready: u64,
    /// This tenant's jobs that a worker has.
    running: u64,
    /// Whether the queue is held back, for everybody.
    is_paused: bool,
    /// Jobs of one turn of this tenant's line.
    weight: u32,
    /// How many of this tenant's jobs may run at once; null for as many as there are workers.
    running_max: Option<u32>,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/v1/queues", get_with(list, |op| named(op, "list", "queues", "jobs", "Shows")))
}

async fn list(caller: Viewer, State(app): State<AppState>) -> ApiResult<Tagged<View>> {
    let pauses = app.store.system().list_pauses().await?;
    let limits = app.store.tenant(caller.tenant).list_line_limits().await?;
    let mut items = Vec::new();
    for queue in Queue::ALL {
        let load = app.queue.load(queue, caller.tenant).await?;
        let limit = limits.iter().find(|it| it.queue == queue);
        items.push(OfQueue {
            queue: Word::of(queue),
            ready: load.ready,
            running: load.running,
            is_paused: pauses.iter().any(|row| row.pause == Pause::Queue(queue)),
            weight: limit.map_or(1, |it| it.weight),
            running_max: limit.and_then(|it| it.running_max),
        });
    }
    Tagged::of(View { items })
}
