//! Calling jobs off and bringing them back.

use aide::axum::{ApiRouter, routing::post_with};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::id::TenantId;
use jobs::JobId;
use queue::{CancelOutcome, Replayed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    StoreError, Transition,
    recorded::{JobFilter, RecordedJob, RecordedState},
};

use super::{enqueue::recorded_job, list::find, view::View};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{Body, ById, Idempotency, Operator, Tagged},
    resource::{named, not_found, problem},
    state::AppState,
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
    /// Jobs that wait again, with all their attempts.
    brought_back: u64,
    /// Dead jobs that were left: the same work was enqueued meanwhile, or their end cannot be undone.
    left: u64,
}

/// Dead jobs that are looked at together …
const PAGE: u64 = 200;
/// … and how often, for the sake of those that cannot come back.
const PAGES_MAX: usize = 20;

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/jobs/{id}/cancel",
            post_with(cancel, |op| {
                let op = named(op, "cancel", "job", "jobs", "Calls off a")
                    .description("One that runs is told within a second.");
                problem(not_found(op, "job"), 409, "It has ended")
            }),
        )
        .api_route(
            "/v1/jobs/{id}/retry",
            post_with(retry, |op| {
                let op = named(op, "retry", "job", "jobs", "Brings back a").description(
                    "One that is dead or was called off waits again, with all its attempts.",
                );
                problem(not_found(op, "job"), 409, "It is not over, or its end cannot be undone")
            }),
        )
        .api_route(
            "/v1/jobs/replay",
            post_with(replay, |op| named(op, "replay", "jobs", "jobs", "Brings back dead")),
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
    idempotency.bind(&app, tenant, None).await?;
    match recorded_job(&app, tenant, id).await? {
        Some(job) => {
            let is_over = !app.jobs.cancel(&job).await?;
            let now = recorded_job(&app, tenant, id).await?;
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
    Tagged::of(find(&app, tenant, id).await?)
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
    idempotency.bind(&app, tenant, None).await?;
    let conflict = |detail: &str| Err(ApiError::new(Code::Conflict, detail));
    match recorded_job(&app, tenant, id).await? {
        Some(job) if !app.jobs.can_come_back(&job.envelope.name) => {
            return conflict(
                "its end has closed its hour, and the next hour's cycle makes up for it",
            );
        }
        Some(job) => match reopen(&app, tenant, &job).await? {
            Reopened::Waits => {}
            Reopened::Duplicate => return conflict("the same work was enqueued again meanwhile"),
            Reopened::NotOver => {
                return conflict("only a job that is dead or was called off can be brought back");
            }
        },
        None => match app.queue.engine()?.retry(JobId::from_uuid(id)).await? {
            Replayed::Ready => {}
            Replayed::Duplicate(_) => {
                return conflict("the same work was enqueued again meanwhile");
            }
            Replayed::NotWaiting => return conflict("it runs, or has ended well"),
            Replayed::Unknown => return Err(ApiError::not_found("job")),
        },
    }
    Tagged::of(find(&app, tenant, id).await?)
}

enum Reopened {
    Waits,
    Duplicate,
    NotOver,
}

async fn reopen(app: &AppState, tenant: TenantId, job: &RecordedJob) -> ApiResult<Reopened> {
    let work = app.store.begin(tenant).await?;
    let moved = work.scope().mark_job_reopened(job.envelope.id, app.clock.now()).await;
    match moved {
        Ok(Transition::Moved) => {
            work.commit().await?;
            Ok(Reopened::Waits)
        }
        // Repeating a retry changes nothing.
        Ok(Transition::AlreadyThere) if job.state == RecordedState::Waiting => Ok(Reopened::Waits),
        Ok(Transition::AlreadyThere | Transition::Lost) => Ok(Reopened::NotOver),
        Err(StoreError::AlreadyExists(_)) => Ok(Reopened::Duplicate),
        Err(error) => Err(error.into()),
    }
}

async fn replay(
    caller: Operator,
    State(app): State<AppState>,
    idempotency: Idempotency,
    body: Body<Replay>,
) -> ApiResult<Response> {
    let tenant = caller.tenant;
    idempotency.bind(&app, tenant, Some(&body.digest)).await?;
    let asked = body.value;
    let queue = asked.queue.map(|it| it.get()).transpose()?;
    let name = asked.name.map(Line::into_string);
    let mut dead = JobFilter { state: Some(RecordedState::Dead), queue, name, before: None };
    let most = u64::try_from(asked.max.0).unwrap_or(0);
    let mut told = Told { brought_back: 0, left: 0 };
    for _ in 0..PAGES_MAX {
        let page = app.store.tenant(tenant).list_recorded_jobs(&dead, PAGE).await?;
        let Some(last) = page.last() else { break };
        dead.before = Some(last.envelope.id);
        for job in &page {
            if told.brought_back == most {
                break;
            }
            let may = app.jobs.can_come_back(&job.envelope.name);
            match may && matches!(reopen(&app, tenant, job).await?, Reopened::Waits) {
                true => told.brought_back += 1,
                false => told.left += 1,
            }
        }
        if told.brought_back == most {
            break;
        }
    }
    Ok(Tagged::of(told)?.into_response())
}
