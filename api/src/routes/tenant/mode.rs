//! How freely the agent works: an explicit act, apart from everything else.

use aide::axum::{ApiRouter, routing::put_with};
use axum::extract::State;
use domain::action::TenantMode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::profile::{View, view};
use crate::{
    error::ApiResult,
    extract::{Body, Owner, Tagged},
    resource::named,
    state::AppState,
    wire::Word,
};

/// How freely the agent works.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mode")]
struct Mode {
    /// `approval`: what leaves the system waits for a person. `autonomous`: it leaves by itself, held by the policy.
    mode: Word<TenantMode>,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/tenant/mode",
        put_with(set, |op| {
            named(op, "set", "tenant_mode", "tenant", "")
                .summary("Sets whether what leaves the system waits for a person")
        }),
    )
}

async fn set(
    caller: Owner,
    State(app): State<AppState>,
    body: Body<Mode>,
) -> ApiResult<Tagged<View>> {
    let work = app.begin(caller.tenant).await?;
    let scope = work.scope();
    scope.mark_mode(body.value.mode.get()?, app.clock.now()).await?;
    let view = view(&scope, &scope.get_tenant().await?).await?;
    drop(scope);
    work.commit().await?;
    Tagged::of(view)
}
