//! The tenants of the installation.

use aide::{
    OperationInput,
    axum::{
        ApiRouter,
        routing::{ApiMethodRouter, get_with, put_with},
    },
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use domain::{action::TenantMode, id::TenantId, tenant::TenantSettings, time::BusinessCalendar};
use jobs::{DeleteTenant, Pause};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};
use store::{
    StoreError,
    recorded::Sameness,
    tenant::{NewTenant, Tenant},
};
use uuid::Uuid;

use crate::{
    auth::Secret,
    error::{ApiError, ApiResult, Code},
    extract::{
        Admin, AdminOwner, Body, ById, Idempotency, NoContent, Once, Tagged, read_query, refusals,
        required_query,
    },
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
    /// Its first key, with the role `owner`, shown this once; null in the answer to a repeated request.
    key: Option<String>,
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
                .post_with(create, |op| {
                    named(op, "create", "tenant", "admin", "Makes")
                        .description("Its `Idempotency-Key` is kept with the tenant that it makes.")
                }),
        )
        .api_route(
            "/v1/admin/tenants/{id}",
            get_with(read, |op| no_tenant(named(op, "read", "tenant", "admin", "Reads")))
                .delete_with(delete, |op| {
                    let op = named(op, "delete", "tenant", "admin", "Deletes").description(
                        "For ever, and everything of its. Its keys open nothing from now on; a job deletes its rows.",
                    );
                    no_tenant(op)
                }),
        )
        .api_route("/v1/admin/tenants/{id}/pause", of_pause())
}

fn of_pause() -> ApiMethodRouter<AppState> {
    let of_pause = put_with(pause, |op| {
        let op = op.id("admin_pause_tenant").tag("admin");
        no_tenant(op.summary("Does nothing more for a tenant; no key of its own can resume it"))
    });
    of_pause.delete_with(resume, |op| {
        let op = op.id("admin_resume_tenant").tag("admin");
        no_tenant(op.summary("Goes on working for a tenant"))
    })
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
    idempotency: Idempotency,
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
        slug: slug.clone(),
    };
    let now = app.clock.now();
    match app.store.system().begin_tenant(tenant, now).await {
        Ok(work) => {
            let (secret, actor) = (Secret::random(), caller.caller.actor());
            let scope = work.scope();
            scope.insert_key(&secret.first_key(&actor), now).await?;
            let id = scope.tenant_id();
            drop(scope);
            if let Once::First(doing) = idempotency.within(&app, work, Some(&body.digest)).await? {
                doing.finish(StatusCode::CREATED, Some(id.uuid())).await?;
            }
            created(&app, id, Some(secret.reveal().to_owned())).await
        }
        Err(StoreError::AlreadyExists(_)) => {
            // A request's key is kept with the tenant that the request made.
            let there = app.store.system().find_tenant(&slug).await?;
            let there = there.ok_or_else(|| {
                let detail = "a tenant with this short name is being deleted: try again later";
                ApiError::new(Code::AlreadyExists, detail).at("slug")
            })?;
            if idempotency.is_done(&app, there.id, Some(&body.digest)).await? {
                return created(&app, there.id, None).await;
            }
            let detail = "there is a tenant with this short name already";
            Err(ApiError::new(Code::AlreadyExists, detail).at("slug"))
        }
        Err(error) => Err(error.into()),
    }
}

async fn created(
    app: &AppState,
    id: TenantId,
    key: Option<String>,
) -> ApiResult<Created<CreatedTenant>> {
    let tenant = require(app, id.uuid()).await?;
    let view = CreatedTenant { id: id.uuid(), key, tenant: shown(app, &tenant).await? };
    Created::of(StatusCode::CREATED, format!("/v1/admin/tenants/{id}"), view)
}

async fn pause(
    caller: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<Tagged<TenantView>> {
    let tenant = require(&app, id).await?;
    let pause = Pause::Tenant(tenant.id);
    // A pause of the tenant's own becomes one that it cannot end.
    let by = caller.caller.actor().to_string();
    app.store.system().upsert_pause(&pause, &by, app.clock.now()).await?;
    Tagged::of(shown(&app, &tenant).await?)
}

async fn resume(
    _: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<Tagged<TenantView>> {
    let tenant = require(&app, id).await?;
    app.store.system().delete_pause(&Pause::Tenant(tenant.id)).await?;
    Tagged::of(shown(&app, &tenant).await?)
}

/// The short name of the tenant, so that a wrong id deletes nobody.
struct Confirmed(String);

impl FromRequestParts<AppState> for Confirmed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let given = read_query(parts, &["slug"])?.pop();
        let missing = || ApiError::parameter("slug", "is missing: name the tenant that is to go");
        given.map(|(_, slug)| Self(slug)).ok_or_else(missing)
    }
}

impl OperationInput for Confirmed {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let text = "The tenant's short name, so that a wrong id deletes nobody.";
        required_query(operation, "slug", text, json_schema!({ "type": "string" }));
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}

async fn delete(
    caller: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
    Confirmed(slug): Confirmed,
) -> ApiResult<NoContent> {
    let tenant_id = TenantId::from_uuid(id);
    // Whoever asks again has a deletion go on that ran out of attempts.
    let is_asked_again = match app.store.system().find_deletion(tenant_id).await? {
        Some((_, None)) => true,
        Some((_, Some(_))) => return Ok(NoContent),
        None => false,
    };
    if !is_asked_again && require(&app, id).await?.slug != slug {
        return Err(ApiError::parameter("slug", "is not the short name of this tenant"));
    }
    let (actor, now) = (caller.caller.actor(), app.clock.now());
    let work = app.begin(tenant_id).await?;
    let scope = work.scope();
    scope.mark_tenant_deleted(&actor, now).await?;
    let sameness = Sameness::WhilePending("delete_tenant".to_owned());
    scope.record_job(&DeleteTenant { tenant_id }, &sameness, now, now).await?;
    drop(scope);
    work.commit().await?;
    app.inner().keys.forget();
    Ok(NoContent)
}
