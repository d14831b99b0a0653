//! The tenants of the installation.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    access::KeyRole, action::TenantMode, id::TenantId, tenant::TenantSettings,
    time::BusinessCalendar,
};
use jobs::Pause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    StoreError,
    key::NewKey,
    tenant::{NewTenant, Tenant},
};
use uuid::Uuid;

use crate::{
    auth::Secret,
    error::{ApiError, ApiResult, Code},
    extract::{Admin, AdminOwner, Body, ById, Idempotency, Tagged},
    made::Created,
    resource::{named, problem},
    routes::tenant::{Calendar, TenantView, view_of},
    state::AppState,
    wire::{Currency, Formed, Line, Slug, Word},
};

/// A tenant to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTenant")]
struct New {
    /// Its short name, unique; makes the request safe to repeat.
    slug: Slug,
    /// Its name in letters; the short name if left out.
    #[serde(default)]
    name: Option<Line<200>>,
    /// The name under letters; its name if left out.
    #[serde(default)]
    sender_name: Option<Line<200>>,
    /// The currency of its goals and bands of value.
    currency: Currency,
    /// When it does business.
    calendar: Calendar,
}

/// A tenant that was just made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CreatedTenant")]
struct CreatedTenant {
    /// Its id.
    id: Uuid,
    /// Its first key, with the role `owner`, shown this once.
    key: String,
    /// The tenant: in approval mode, in which what leaves waits for a person.
    tenant: TenantView,
}

/// A tenant among others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TenantHead")]
struct Item {
    /// Its id.
    id: Uuid,
    /// Its short name.
    slug: String,
    /// Its name in letters.
    name: String,
    /// Whether what leaves the system waits for a person.
    mode: Word<TenantMode>,
    /// Whether nothing is done for it.
    is_paused: bool,
}

/// All tenants.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tenants")]
struct All {
    /// By short name.
    items: Vec<Item>,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/admin/tenants",
            get_with(list, |op| named(op, "list", "tenants", "admin", "Lists"))
                .post_with(create, |op| named(op, "create", "tenant", "admin", "Makes a")),
        )
        .api_route(
            "/v1/admin/tenants/{id}",
            get_with(read, |op| no_tenant(named(op, "read", "tenant", "admin", "Reads a"))),
        )
        .api_route(
            "/v1/admin/tenants/{id}/pause",
            post_with(pause, |op| {
                let op = op.id("admin_pause_tenant").tag("admin");
                no_tenant(
                    op.summary("Does nothing more for a tenant; no key of its own can resume it"),
                )
            }),
        )
        .api_route(
            "/v1/admin/tenants/{id}/resume",
            post_with(resume, |op| {
                let op = op.id("admin_resume_tenant").tag("admin");
                no_tenant(op.summary("Goes on working for a tenant"))
            }),
        )
}

/// Adds that there may be no such tenant.
pub fn no_tenant(
    op: aide::transform::TransformOperation<'_>,
) -> aide::transform::TransformOperation<'_> {
    problem(op, 404, "There is no such tenant")
}

/// A tenant by its id.
pub async fn require(app: &AppState, id: Uuid) -> ApiResult<Tenant> {
    match app.store.tenant(TenantId::from_uuid(id)).get_tenant().await {
        Err(StoreError::UnknownTenant(_)) => {
            Err(ApiError::new(Code::NotFound, "there is no such tenant"))
        }
        other => Ok(other?),
    }
}

async fn list(_: Admin, State(app): State<AppState>) -> ApiResult<Tagged<All>> {
    let pauses = app.store.system().list_pauses().await?;
    let tenants = app.store.system().list_tenants().await?;
    let items = tenants.into_iter().map(|it| Item {
        id: it.id.uuid(),
        mode: Word::of(it.mode),
        is_paused: pauses.iter().any(|row| row.pause == Pause::Tenant(it.id)),
        slug: it.slug,
        name: it.name,
    });
    Tagged::of(All { items: items.collect() })
}

async fn shown(app: &AppState, tenant: &Tenant) -> ApiResult<TenantView> {
    view_of(&app.store.tenant(tenant.id), tenant).await
}

async fn read(
    _: Admin,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<Tagged<TenantView>> {
    let tenant = require(&app, id).await?;
    Tagged::of(shown(&app, &tenant).await?)
}

async fn create(
    caller: AdminOwner,
    State(app): State<AppState>,
    _: Idempotency,
    body: Body<New>,
) -> ApiResult<Created<CreatedTenant>> {
    let new = body.value;
    let slug = new.slug.into_string();
    let name = new.name.map_or_else(|| slug.clone(), Line::into_string);
    let calendar: BusinessCalendar = new.calendar.read()?;
    let tenant = NewTenant {
        sender_name: new.sender_name.map_or_else(|| name.clone(), Line::into_string),
        name,
        mode: TenantMode::Approval,
        currency: new.currency.0,
        calendar,
        settings: TenantSettings::default(),
        simulated_now: None,
        slug,
    };
    let now = app.clock.now();
    let made = app.store.system().create_tenant(tenant, now).await;
    let id = made.map_err(|error| match error {
        StoreError::AlreadyExists(_) => {
            let detail = "there is a tenant with this short name already";
            ApiError::new(Code::AlreadyExists, detail).at("slug")
        }
        other => other.into(),
    })?;
    let secret = Secret::random();
    let (sha256, actor) = (secret.sha256(), caller.caller.actor());
    let key = NewKey {
        name: "first key",
        role: KeyRole::Owner,
        secret_sha256: &sha256,
        hint: secret.hint(),
        actor: &actor,
        expires_at: None,
    };
    let work = app.store.begin(id).await?;
    work.scope().insert_key(&key, now).await?;
    work.commit().await?;
    let tenant = require(&app, id.uuid()).await?;
    let view = CreatedTenant {
        id: id.uuid(),
        key: secret.reveal().to_owned(),
        tenant: shown(&app, &tenant).await?,
    };
    Created::of(StatusCode::CREATED, format!("/v1/admin/tenants/{id}"), view)
}

async fn pause(
    caller: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
    _: Idempotency,
) -> ApiResult<Tagged<TenantView>> {
    let tenant = require(&app, id).await?;
    let pause = Pause::Tenant(tenant.id);
    // A pause of the tenant's own becomes one that it cannot end.
    app.store.system().delete_pause(&pause).await?;
    let by = caller.caller.actor().to_string();
    app.store.system().insert_pause(&pause, &by, app.clock.now()).await?;
    Tagged::of(shown(&app, &tenant).await?)
}

async fn resume(
    _: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
    _: Idempotency,
) -> ApiResult<Tagged<TenantView>> {
    let tenant = require(&app, id).await?;
    app.store.system().delete_pause(&Pause::Tenant(tenant.id)).await?;
    Tagged::of(shown(&app, &tenant).await?)
}
