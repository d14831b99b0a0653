//! Letting a contact's clock rest, and ending its rest.

use aide::axum::{ApiRouter, routing::put_with};
use axum::extract::State;
use domain::id::ContactId;
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Transition, UnitOfWork};

use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, ById, NoContent, Operator},
    resource::{named, not_found},
    state::AppState,
    wire::Day,
};

/// A rest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rest")]
struct Rest {
    /// The first day on which the contact may be written to again.
    until: Day,
}

/// Why a clock rests that was stopped here; a phrase of ours, since it is repeated in decisions.
const REASON: &str = "set over the API";

pub fn routes() -> ApiRouter<AppState> {
    let of_rest = put_with(pause, |op| {
        let op = named(op, "pause", "contact", "engagement", "Writes no letters to");
        not_found(op, "contact").description("Until a day; nobody is made up for.")
    });
    let of_rest = of_rest.delete_with(resume, |op| {
        not_found(named(op, "resume", "contact", "engagement", "Ends the rest of"), "contact")
    });
    ApiRouter::new().api_route("/v1/contacts/{id}/pause", of_rest)
}

async fn pause(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    body: Body<Rest>,
) -> ApiResult<NoContent> {
    let tenant = app.tenant(caller.tenant).await?;
    let now = tenant.now(app.clock.as_ref());
    let until = tenant.calendar.opening_of(body.value.until.0);
    if until <= now {
        let today = tenant.calendar.local_date(now);
        let detail = format!(
            "that day has begun or is over (it is {today} at the tenant): name a later one"
        );
        return Err(ApiError::field("until", detail));
    }
    let work = app.begin(caller.tenant).await?;
    let moved = work.scope().mark_paused(ContactId::from_uuid(id), until, REASON, now).await?;
    ended(work, moved).await
}

async fn resume(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<NoContent> {
    let tenant = app.tenant(caller.tenant).await?;
    let now = tenant.now(app.clock.as_ref());
    let work = app.begin(caller.tenant).await?;
    let moved = work.scope().mark_resumed(ContactId::from_uuid(id), &tenant.calendar, now).await?;
    ended(work, moved).await
}

async fn ended(work: UnitOfWork<'_>, moved: Transition) -> ApiResult<NoContent> {
    if moved == Transition::Lost {
        return Err(ApiError::not_found("contact"));
    }
    work.commit().await?;
    Ok(NoContent)
}
