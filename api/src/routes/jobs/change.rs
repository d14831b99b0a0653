//! Calling jobs off and bringing them back.

use aide::axum::{ApiRouter, routing::post_with};
use axum::extract::State;
use domain::id::TenantId;
use jobs::JobId;
use queue::{CancelOutcome, Replayed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::recorded::{JobFilter, RecordedState};
use uuid::Uuid;

use super::{enqueue::recorded_job, list::find, view::View};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{Body, ById, Idempotency, Operator, Tagged},
    resource::{named, not_found, problem},
    state::{AppState, Reopened},
    wire::{Line, Whole, Word},
};

/// Dead jobs to bring back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Replay")]
struct Replay {
    /// Only those in this queue.
    #[serde(default)]
    queue: Option<Word<jobs::Queue>>,
    /// Only those of this kind.
    #[serde(default)]
    name: Option<Line<100>>,
    /// How many at most, newest first.
    #[serde(default = "hundred")]
    max: Whole<1, 1_000>,
}

fn hundred() -> Whole<1, 1_000> {
    Whole(100)
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Replayed")]
struct Told {
    /// Jobs that wait again, with all their attempts; 0 in the answer to a repeated request.
    brought_back: u64,
    /// Dead jobs that were left: the same work was enqueued meanwhile, or their end cannot be undone.
    left: u64,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/jobs/{id}/cancel",
            post_with(cancel, |op| {
                let op = named(op, "cancel", "job", "jobs", "Calls off")
                    .description("One that runs is told within a second.");
                problem(not_found(op, "job"), 409, "It has ended")
            }),
        )
        .api_route(
            "/v1/jobs/{id}/retry",
            post_with(retry, |op| {
                let op = named(op, "retry", "job", "jobs", "Brings back").description(
                    "One that is dead or was called off waits again, with all its attempts.",
                );
                problem(not_found(op, "job"), 409, "It is not over, or its end cannot be undone")
            }),
        )
        .api_route(
            "/v1/jobs/replay",
            post_with(replay, |op| {
                named(op, "replay", "jobs", "jobs", "Brings back dead").description(
                    "Newest first. Two such requests at the same moment may bring back twice as many.",
                )
            }),
        )
}

async fn cancel(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<View>> {
    let tenant = caller.tenant;
    find(&app, tenant, id).await?;
    idempotency.unless_done(&app, tenant, None, call_off(&app, tenant, id)).await?;
    Tagged::of(find(&app, tenant, id).await?)
}

async fn call_off(app: &AppState, tenant: TenantId, id: Uuid) -> ApiResult<()> {
    match recorded_job(app, tenant, id).await? {
        Some(job) => {
            let is_over = !app.jobs.cancel(&job).await?;
            let now = recorded_job(app, tenant, id).await?;
            // Called off before, or ended in another way meanwhile.
            if is_over && now.is_some_and(|it| it.state != RecordedState::Cancelled) {
                return Err(ended());
            }
        }
        None => match app.queue.engine()?.cancel(JobId::from_uuid(id)).await? {
            CancelOutcome::Cancelled | CancelOutcome::Requested => {}
            CancelOutcome::Ended => return Err(ended()),
            CancelOutcome::Unknown => return Err(ApiError::not_found("job")),
        },
    }
    Ok(())
}

fn ended() -> ApiError {
    ApiError::new(Code::Conflict, "this job has ended: there is nothing to call off")
}

async fn retry(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<View>> {
    let tenant = caller.tenant;
    find(&app, tenant, id).await?;
    idempotency.unless_done(&app, tenant, None, bring_back(&app, tenant, id)).await?;
    Tagged::of(find(&app, tenant, id).await?)
}

async fn bring_back(app: &AppState, tenant: TenantId, id: Uuid) -> ApiResult<()> {
    let refused = |detail: &str| Err(ApiError::new(Code::Conflict, detail));
    match recorded_job(app, tenant, id).await? {
        Some(job) => match app.jobs.reopen(&job).await? {
            Reopened::Waits => Ok(()),
            Reopened::Refused(because) => refused(because),
        },
        None => match app.queue.engine()?.retry(JobId::from_uuid(id)).await? {
            Replayed::Ready => Ok(()),
            Replayed::Duplicate(_) => refused("the same work was enqueued again meanwhile"),
            Replayed::NotWaiting => refused("it runs, or has ended well"),
            Replayed::Unknown => Err(ApiError::not_found("job")),
        },
    }
}

async fn replay(
    caller: Operator,
    State(app): State<AppState>,
    idempotency: Idempotency,
    body: Body<Replay>,
) -> ApiResult<Tagged<Told>> {
    let asked = body.value;
    let queue = asked.queue.map(|it| it.get()).transpose()?;
    let name = asked.name.map(Line::into_string);
    let of = JobFilter { state: Some(RecordedState::Dead), queue, name, before: None };
    let most = u64::try_from(asked.max.0).unwrap_or(0);
    let mut told = Told { brought_back: 0, left: 0 };
    let act = async {
        let (brought_back, left) = app.jobs.replay(caller.tenant, of, most).await?;
        told = Told { brought_back, left };
        Ok(())
    };
    idempotency.unless_done(&app, caller.tenant, Some(&body.digest), act).await?;
    Tagged::of(told)
}
