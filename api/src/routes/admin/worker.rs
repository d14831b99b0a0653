//! The processes that work, and what each of them does.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use jobs::{Queue, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::worker::{DoingJob, DoingQueue, SILENT_AFTER, WorkerRow};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{Admin, Tagged},
    state::AppState,
    wire::{Moment, Word},
};

/// Processes that work.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminWorkers")]
struct All {
    /// Each of them, oldest first; whoever was silent for an hour is left out.
    items: Vec<View>,
}

/// A process that works.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Worker")]
struct View {
    /// Which start of which process it is.
    instance: String,
    /// Its release.
    version: String,
    /// When it was started.
    started_at: Moment,
    /// When it said last what it does.
    seen_at: Moment,
    /// Whether it has said nothing for too long: it is gone, or stands still.
    is_silent: bool,
    /// Why it does not get on, if it does not.
    problems: Vec<String>,
    /// The queues that it works on.
    queues: Vec<InQueue>,
    /// Jobs that it has in hand, at most 100 of them.
    jobs: Vec<InHand>,
    /// Handlers that do not stop and hold a thread each.
    left_behind: usize,
}

/// A queue that a process works on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WorkerQueue")]
struct InQueue {
    /// Which.
    queue: Word<Queue>,
    /// Jobs that it runs at once.
    slots: usize,
    /// Jobs that it has in hand.
    in_hand: usize,
    /// Those of them whose time is over, and whose end cannot be written down.
    overdue: usize,
}

/// A job that a process has in hand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WorkerJob")]
struct InHand {
    /// Which.
    id: Uuid,
    /// What kind it is.
    name: String,
    /// Whose it is; nobody's, if it is a chore of the installation.
    tenant_id: Option<Uuid>,
    /// Where it waited.
    queue: Word<Queue>,
    /// How long it has been in hand, in seconds.
    held_for_seconds: f64,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/admin/workers",
        get_with(list, |op| {
            op.id("admin_list_workers").tag("admin").summary("Shows the processes that work")
        }),
    )
}

fn view(row: WorkerRow, now: Timestamp) -> View {
    let is_silent = (now - row.seen_at).to_std().is_ok_and(|since| SILENT_AFTER < since);
    let in_queue = |it: DoingQueue| InQueue {
        queue: Word::of(it.queue),
        slots: it.slots,
        in_hand: it.in_hand,
        overdue: it.overdue,
    };
    let in_hand = |it: DoingJob| InHand {
        id: it.id.uuid(),
        name: it.name,
        tenant_id: it.tenant.map(|tenant| tenant.uuid()),
        queue: Word::of(it.queue),
        held_for_seconds: it.held_for_seconds,
    };
    View {
        instance: row.instance,
        version: row.version,
        started_at: Moment(row.started_at),
        seen_at: Moment(row.seen_at),
        is_silent,
        problems: row.doing.problems,
        queues: row.doing.queues.into_iter().map(in_queue).collect(),
        jobs: row.doing.jobs.into_iter().map(in_hand).collect(),
        left_behind: row.doing.left_behind,
    }
}

async fn list(_: Admin, State(app): State<AppState>) -> ApiResult<Tagged<All>> {
    let now = app.clock.now();
    let rows = app.store.system().list_workers(now).await?;
    Tagged::of(All { items: rows.into_iter().map(|row| view(row, now)).collect() })
}
