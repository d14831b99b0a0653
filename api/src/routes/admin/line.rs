//! How a tenant's jobs are served beside those of the others: weights and limits, queue by queue.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use jobs::Queue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::line::LineRow;

use super::tenant::{no_tenant, require};
use crate::{
    error::ApiResult,
    extract::{Admin, AdminOwner, Body, ById, ByName, Tagged},
    resource::named,
    state::AppState,
    wire::{Whole, Word},
};

/// How a tenant's line in a queue is served.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineLimits")]
struct Limits {
    /// Jobs of one turn; others of the same weight get as many.
    #[serde(default = "one")]
    weight: Whole<1, 100>,
    /// Jobs that may run at once; null for as many as there are workers.
    #[serde(default)]
    running_max: Option<Whole<1, 1_000_000>>,
    /// Jobs that may begin in a minute; null for any number.
    #[serde(default)]
    per_minute: Option<Whole<1, 1_000_000>>,
    /// How many of them may begin at once; as many as in a minute if left out.
    #[serde(default)]
    burst: Option<Whole<1, 1_000_000>>,
}

fn one() -> Whole<1, 100> {
    Whole(1)
}

/// A tenant's lines.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Lines")]
struct All {
    /// Queue by queue.
    items: Vec<OfQueue>,
}

/// A tenant's line in a queue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Line")]
struct OfQueue {
    /// Which queue.
    queue: Word<Queue>,
    /// How it is served.
    limits: Limits,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/admin/tenants/{id}/lines",
            get_with(list, |op| no_tenant(named(op, "list", "lines", "admin", "Shows"))),
        )
        .api_route(
            "/v1/admin/tenants/{id}/lines/{name}",
            aide::axum::routing::put_with(set, |op| {
                let op = named(op, "set", "line", "admin", "Sets");
                no_tenant(op).description(
                    "Within a second; PUT what is usual (`{}`) to have it served as others are.",
                )
            }),
        )
}

fn number<const MIN: i64, const MAX: i64>(it: Whole<MIN, MAX>) -> u32 {
    u32::try_from(it.0).unwrap_or(u32::MAX)
}

fn shown(rows: &[LineRow]) -> All {
    let items = Queue::ALL.map(|queue| {
        let row = rows.iter().find(|it| it.queue == queue);
        let limits = Limits {
            weight: Whole(row.map_or(1, |it| it.weight.into())),
            running_max: row.and_then(|it| it.running_max).map(|it| Whole(it.into())),
            per_minute: row.and_then(|it| it.rate).map(|it| Whole(it.0.into())),
            burst: row.and_then(|it| it.rate).map(|it| Whole(it.1.into())),
        };
        OfQueue { queue: Word::of(queue), limits }
    });
    All { items: items.into() }
}

async fn list(_: Admin, State(app): State<AppState>, ById(id): ById) -> ApiResult<Tagged<All>> {
    let tenant = require(&app, id).await?;
    Tagged::of(shown(&app.store.tenant(tenant.id).list_line_limits().await?))
}

async fn set(
    caller: AdminOwner,
    State(app): State<AppState>,
    ById(id): ById,
    ByName(queue): ByName<Queue>,
    body: Body<Limits>,
) -> ApiResult<Tagged<All>> {
    let tenant = require(&app, id).await?;
    let limits = body.value;
    let per_minute = limits.per_minute.map(number);
    let row = LineRow {
        tenant: tenant.id,
        queue,
        weight: number(limits.weight),
        running_max: limits.running_max.map(number),
        rate: per_minute.map(|it| (it, limits.burst.map_or(it, number))),
    };
    let work = app.begin(tenant.id).await?;
    let by = caller.caller.actor().to_string();
    work.scope().upsert_line_limits(&row, &by, app.clock.now()).await?;
    work.commit().await?;
    Tagged::of(shown(&app.store.tenant(tenant.id).list_line_limits().await?))
}
