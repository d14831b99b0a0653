//! Letting a contact's clock rest, and ending its rest.

use aide::axum::{ApiRouter, routing::post_with};
use axum::{extract::State, http::StatusCode};
use domain::id::ContactId;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Transition;

use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, ById, Idempotency, NoContent, Once, Operator},
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
    ApiRouter::new()
        .api_route(
            "/v1/contacts/{id}/pause",
            post_with(pause, |op| {
                let op = named(op, "pause", "contact", "engagement", "Writes no letters to a");
                not_found(op, "contact").description("Until a day; nobody is made up for.")
            }),
        )
        .api_route(
            "/v1/contacts/{id}/resume",
            post_with(resume, |op| {
                let op = named(op, "resume", "contact", "engagement", "Ends the rest of a");
                not_found(op, "contact")
            }),
        )
}

async fn pause(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
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
    if let Once::First(doing) = idempotency.begin(&app, caller.tenant, Some(&body.digest)).await? {
        let moved = doing.scope().mark_paused(ContactId::from_uuid(id), until, REASON, now).await?;
        if moved == Transition::Lost {
            return Err(ApiError::not_found("contact"));
        }
        doing.finish(StatusCode::NO_CONTENT, Some(id)).await?;
    }
    Ok(NoContent)
}

async fn resume(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<NoContent> {
    let tenant = app.tenant(caller.tenant).await?;
    let now = tenant.now(app.clock.as_ref());
    if let Once::First(doing) = idempotency.begin(&app, caller.tenant, None).await? {
        let contact = ContactId::from_uuid(id);
        let moved = doing.scope().mark_resumed(contact, &tenant.calendar, now).await?;
        if moved == Transition::Lost {
            return Err(ApiError::not_found("contact"));
        }
        doing.finish(StatusCode::NO_CONTENT, Some(id)).await?;
    }
    Ok(NoContent)
}
