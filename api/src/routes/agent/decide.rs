//! A person's decision on an action: bound to the hash of exactly what was seen.

use aide::axum::{ApiRouter, routing::post_with};
use axum::extract::State;
use domain::id::ActionId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{Actions, View};
use crate::{
    error::ApiResult,
    extract::{Body, ById, Idempotency, Operator, Tagged},
    kept,
    resource::{named, not_found, problem},
    state::AppState,
    wire::Line,
};

/// An approval.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Approval")]
struct Approval {
    /// `payload_hash` of the action, as it was read: nothing else is approved.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    payload_hash: Line<64>,
}

/// A rejection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rejection")]
struct Rejection {
    /// Why; kept with the action.
    #[serde(default)]
    reason: Option<Line<500>>,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/actions/{id}/approve",
            post_with(approve, |op| {
                let op = named(op, "approve", "action", "actions", "Approves").description(
                    "The policy is asked at once, and once more when the next cycle does it. Approving twice changes nothing.",
                );
                problem(not_found(op, "action"), 409, "It waits for nobody, is forbidden, or is not what was seen")
            }),
        )
        .api_route(
            "/v1/actions/{id}/reject",
            post_with(reject, |op| {
                let op = named(op, "reject", "action", "actions", "Rejects");
                problem(not_found(op, "action"), 409, "It waits for nobody")
            }),
        )
}

async fn approve(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
    body: Body<Approval>,
) -> ApiResult<Tagged<View>> {
    let tenant = app.tenant(caller.tenant).await?;
    let hash = body.value.payload_hash.as_str();
    let approve = app.approvals.approve(&tenant, ActionId::from_uuid(id), hash, caller.actor());
    let act = async { approve.await.map(drop) };
    idempotency.unless_done(&app, caller.tenant, Some(&body.digest), act).await?;
    Tagged::of(kept::find::<Actions>(&app.store.tenant(caller.tenant), id).await?)
}

async fn reject(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
    body: Body<Rejection>,
) -> ApiResult<Tagged<View>> {
    let tenant = app.tenant(caller.tenant).await?;
    let reason = body.value.reason.as_ref().map(Line::as_str);
    let reject = app.approvals.reject(&tenant, ActionId::from_uuid(id), reason, caller.actor());
    let act = async { reject.await.map(drop) };
    idempotency.unless_done(&app, caller.tenant, Some(&body.digest), act).await?;
    Tagged::of(kept::find::<Actions>(&app.store.tenant(caller.tenant), id).await?)
}
