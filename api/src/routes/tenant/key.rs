//! The tenant's keys: made and shown once, rotated, taken back.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use axum::{extract::State, http::StatusCode};
use chrono::TimeDelta;
use domain::{access::KeyRole, id::ApiKeyId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Transition, key::KeyRow};
use uuid::Uuid;

use crate::{
    auth::{Rotation, Secret, rotate_key},
    error::{ApiError, ApiResult, Code},
    extract::{Body, ById, Idempotency, Once, Owner, Tagged},
    made::Created,
    resource::{named, not_found, problem},
    state::AppState,
    wire::{Line, Moment, Whole, Word},
};

/// Keys that are listed; more than any tenant has in use.
const LISTED_MAX: u64 = 1_000;

/// A key to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewKey")]
struct New {
    /// What people call it, such as the system that will use it.
    name: Line<100>,
    /// What it may do.
    role: Word<KeyRole>,
    /// From when on it opens nothing; never if left out.
    #[serde(default)]
    expires_at: Option<Moment>,
}

/// How a key is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rotation")]
struct Rotate {
    /// Hours for which the old key goes on.
    #[serde(default = "a_day")]
    hours: Whole<0, 744>,
}

fn a_day() -> Whole<0, 744> {
    Whole(24)
}

/// A key: everything but its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// What it may do.
    role: Word<KeyRole>,
    /// Its first characters.
    hint: String,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Moment,
    /// From when on it opens nothing.
    expires_at: Option<Moment>,
    /// When it was taken back, or will be.
    revoked_at: Option<Moment>,
    /// When it was last used, to the minute.
    last_used_at: Option<Moment>,
}

/// A key that was just made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CreatedKey")]
pub struct CreatedKey {
    /// Its id.
    id: Uuid,
    /// The key, shown this once; null in the answer to a repeated request.
    key: Option<String>,
    /// Everything else.
    about: View,
}

/// All keys.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Keys")]
struct All {
    /// Newest first.
    items: Vec<View>,
}

/// A key as it is shown.
pub fn view(row: KeyRow) -> View {
    View {
        id: row.id.uuid(),
        name: row.name,
        role: Word::of(row.role),
        hint: row.hint,
        created_by: row.created_by,
        created_at: Moment(row.created_at),
        expires_at: row.expires_at.map(Moment),
        revoked_at: row.revoked_at.map(Moment),
        last_used_at: row.last_used_at.map(Moment),
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/keys",
            get_with(list, |op| named(op, "list", "keys", "keys", "Lists"))
                .post_with(create, |op| named(op, "create", "key", "keys", "Makes")),
        )
        .api_route(
            "/v1/keys/{id}/revoke",
            post_with(revoke, |op| {
                let op = named(op, "revoke", "key", "keys", "Takes back");
                not_found(op, "key").description(
                    "Within five seconds it opens nothing any more, here or elsewhere.",
                )
            }),
        )
        .api_route(
            "/v1/keys/{id}/rotate",
            post_with(rotate, |op| {
                let op = named(op, "rotate", "key", "keys", "Makes another key in place of");
                let op = op.description(
                    "With the same name, role and end; the old one goes on for a while.",
                );
                problem(not_found(op, "key"), 409, "It opens nothing any more")
            }),
        )
}

async fn list(caller: Owner, State(app): State<AppState>) -> ApiResult<Tagged<All>> {
    let rows = app.store.tenant(caller.tenant).list_keys(LISTED_MAX).await?;
    Tagged::of(All { items: rows.into_iter().map(view).collect() })
}

async fn created(
    app: &AppState,
    caller: &Owner,
    id: Uuid,
    status: StatusCode,
    key: Option<String>,
) -> ApiResult<Created<CreatedKey>> {
    let row = app.store.tenant(caller.tenant).find_key(ApiKeyId::from_uuid(id)).await?;
    let about = view(row.ok_or_else(|| ApiError::not_found("key"))?);
    Created::of(status, "/v1/keys".to_owned(), CreatedKey { id, key, about })
}

async fn create(
    caller: Owner,
    State(app): State<AppState>,
    idempotency: Idempotency,
    body: Body<New>,
) -> ApiResult<Created<CreatedKey>> {
    let now = app.clock.now();
    let new = body.value;
    if new.expires_at.is_some_and(|it| it.0 <= now) {
        return Err(ApiError::field("expires_at", "is past: name a later moment"));
    }
    match idempotency.begin(&app, caller.tenant, Some(&body.digest)).await? {
        Once::Repeated { subject, status } => {
            created(&app, &caller, subject.unwrap_or_default(), status, None).await
        }
        Once::First(doing) => {
            let (secret, actor, role) = (Secret::random(), caller.actor(), new.role.get()?);
            let expires_at = new.expires_at.map(|it| it.0);
            let key = secret.to_keep(new.name.as_str(), role, &actor, expires_at);
            let id = doing.scope().insert_key(&key, now).await?.uuid();
            doing.finish(StatusCode::CREATED, Some(id)).await?;
            let secret = Some(secret.reveal().to_owned());
            created(&app, &caller, id, StatusCode::CREATED, secret).await
        }
    }
}

async fn revoke(
    caller: Owner,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<View>> {
    let key = ApiKeyId::from_uuid(id);
    if let Once::First(doing) = idempotency.begin(&app, caller.tenant, None).await? {
        if doing.scope().mark_key_revoked(key, app.clock.now()).await? == Transition::Lost {
            return Err(ApiError::not_found("key"));
        }
        doing.finish(StatusCode::OK, Some(id)).await?;
        app.inner().keys.forget();
    }
    let row = app.store.tenant(caller.tenant).find_key(key).await?;
    Tagged::of(view(row.ok_or_else(|| ApiError::not_found("key"))?))
}

async fn rotate(
    caller: Owner,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
    body: Body<Rotate>,
) -> ApiResult<Created<CreatedKey>> {
    let now = app.clock.now();
    match idempotency.begin(&app, caller.tenant, Some(&body.digest)).await? {
        Once::Repeated { subject, status } => {
            created(&app, &caller, subject.unwrap_or_default(), status, None).await
        }
        Once::First(doing) => {
            let (secret, old) = (Secret::random(), ApiKeyId::from_uuid(id));
            let (goes_on, actor) = (TimeDelta::hours(body.value.hours.0), caller.actor());
            let scope = doing.scope();
            let heir = match rotate_key(&scope, old, &secret, goes_on, &actor, now).await? {
                Rotation::Made(heir, _) => heir.uuid(),
                Rotation::Unknown => return Err(ApiError::not_found("key")),
                Rotation::Ended => {
                    let detail = "this key opens nothing any more: make one anew";
                    return Err(ApiError::new(Code::Conflict, detail));
                }
            };
            drop(scope);
            doing.finish(StatusCode::CREATED, Some(heir)).await?;
            app.inner().keys.forget();
            let secret = Some(secret.reveal().to_owned());
            created(&app, &caller, heir, StatusCode::CREATED, secret).await
        }
    }
}
