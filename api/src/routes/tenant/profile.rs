//! The tenant of the key: what it is, and what an owner may change.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use domain::action::TenantMode;
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Scope,
    tenant::{Tenant, TenantChange},
};
use uuid::Uuid;

use super::fields::{Calendar, Fields, Settings};
use crate::{
    error::ApiResult,
    extract::{IfMatch, IfNoneMatch, MergePatch, Owner, Tagged, Viewer},
    resource::named,
    state::AppState,
    wire::{Currency, Line, Moment, Word},
};

/// A tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// Its short name.
    slug: String,
    /// Whether what leaves the system waits for a person.
    mode: Word<TenantMode>,
    /// The currency of its goals and bands of value.
    currency: Currency,
    /// Since when nothing is done for it; null if it is not paused.
    paused_at: Option<Moment>,
    /// Whether it lives on a clock of its own, as the demo does.
    is_simulated: bool,
    /// What an owner may change.
    profile: Fields,
}

/// A tenant as it is shown.
pub async fn view(scope: &Scope<'_>, tenant: &Tenant) -> ApiResult<View> {
    Ok(View {
        id: tenant.id.uuid(),
        slug: tenant.slug.clone(),
        mode: Word::of(tenant.mode),
        currency: Currency(tenant.currency),
        paused_at: scope.find_pause().await?.map(Moment),
        is_simulated: tenant.is_simulated(),
        profile: fields(tenant),
    })
}

fn fields(tenant: &Tenant) -> Fields {
    Fields {
        name: Line::stored(&tenant.name),
        sender_name: Line::stored(&tenant.sender_name),
        calendar: Calendar::of(&tenant.calendar),
        settings: Settings::of(&tenant.settings),
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/tenant",
        get_with(read, |op| named(op, "get", "tenant", "tenant", "Reads")).patch_with(
            update,
            |op| {
                named(op, "update", "tenant", "tenant", "Changes").description(
                    "Its name, its calendar and the policy's settings; the mode has a route of its own.",
                )
            },
        ),
    )
}

async fn read(
    caller: Viewer,
    State(app): State<AppState>,
    has: IfNoneMatch,
) -> ApiResult<Tagged<View>> {
    let scope = app.store.tenant(caller.tenant);
    Tagged::unless(view(&scope, &scope.get_tenant().await?).await?, &has)
}

async fn update(
    caller: Owner,
    State(app): State<AppState>,
    seen: IfMatch,
    patch: MergePatch<Fields>,
) -> ApiResult<Tagged<View>> {
    let work = app.begin(caller.tenant).await?;
    let scope = work.scope();
    let tenant = scope.get_tenant_to_change().await?;
    seen.check(&view(&scope, &tenant).await?)?;
    let fields = patch.apply(&fields(&tenant))?;
    let change = TenantChange {
        calendar: fields.calendar.read()?,
        settings: fields.settings.read(),
        name: fields.name.into_string(),
        sender_name: fields.sender_name.into_string(),
    };
    scope.mark_tenant_changed(&change, app.clock.now()).await?;
    let view = view(&scope, &scope.get_tenant().await?).await?;
    drop(scope);
    work.commit().await?;
    Tagged::of(view)
}
