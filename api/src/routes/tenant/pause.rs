//! The kill switch: from the next letter on, nothing is done for the tenant.

use aide::axum::{ApiRouter, routing::put_with};
use axum::extract::State;
use domain::{action::Actor, id::TenantId};
use jobs::Pause;

use super::profile::{View, view};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{Operator, Tagged},
    resource::{named, problem},
    state::AppState,
};

pub fn routes() -> ApiRouter<AppState> {
    let of_pause = put_with(pause, |op| {
        named(op, "pause", "tenant", "tenant", "Does nothing more for")
            .description("From the next letter on, until it is resumed.")
    });
    let of_pause = of_pause.delete_with(resume, |op| {
        let op = named(op, "resume", "tenant", "tenant", "Goes on working for")
            .description("What it missed is made up for.");
        problem(op, 409, "The installation has paused it")
    });
    ApiRouter::new().api_route("/v1/tenant/pause", of_pause)
}

async fn shown(app: &AppState, tenant: TenantId) -> ApiResult<Tagged<View>> {
    let scope = app.store.tenant(tenant);
    Tagged::of(view(&scope, &scope.get_tenant().await?).await?)
}

async fn pause(caller: Operator, State(app): State<AppState>) -> ApiResult<Tagged<View>> {
    let (pause, by) = (Pause::Tenant(caller.tenant), caller.actor().to_string());
    app.store.system().insert_pause(&pause, &by, app.clock.now()).await?;
    shown(&app, caller.tenant).await
}

async fn resume(caller: Operator, State(app): State<AppState>) -> ApiResult<Tagged<View>> {
    let pause = Pause::Tenant(caller.tenant);
    let pauses = app.store.system().list_pauses().await?;
    if let Some(row) = pauses.iter().find(|row| row.pause == pause) {
        // Whoever looks after the installation had a reason that no tenant can end.
        let by_own_key = match row.paused_by.parse() {
            Ok(Actor::Key(id)) => match id.parse() {
                Ok(id) => app.store.tenant(caller.tenant).find_key(id).await?.is_some(),
                Err(_) => false,
            },
            _ => false,
        };
        if !by_own_key {
            let detail = "whoever looks after the installation has paused this tenant: ask them";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        app.store.system().delete_pause_of(&pause, &row.paused_by).await?;
    }
    shown(&app, caller.tenant).await
}
