//! Whose turn it is, and how many are touched in time.

use aide::axum::{ApiRouter, routing::get_with};
use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use domain::{engagement::in_time_since, id::ContactId};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{Tagged, Viewer, query, read_limit, read_query, refusals},
    resource::named,
    state::AppState,
    wire::Moment,
};

/// How many are asked for.
pub struct Limit(u64);

/// People that are listed unless another number is asked for.
const LIMIT_DEFAULT: u64 = 50;

impl FromRequestParts<AppState> for Limit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let given = read_query(parts, &["limit"])?;
        let limit = given.first().map(|(_, text)| read_limit(text)).transpose()?;
        Ok(Self(limit.unwrap_or(LIMIT_DEFAULT)))
    }
}

impl OperationInput for Limit {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({
            "type": "integer", "minimum": 1, "maximum": 200, "default": LIMIT_DEFAULT,
        });
        query(operation, "limit", "How many people at most.", schema);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}

/// People whose turn it is, most pressing first.
#[derive(Debug, Serialize, JsonSchema)]
struct Due {
    /// The people.
    items: Vec<DueContact>,
}

/// A person whose turn it is.
#[derive(Debug, Serialize, JsonSchema)]
struct DueContact {
    /// Who.
    contact_id: Uuid,
    /// Where they work.
    client_id: Uuid,
    /// Their name.
    name: Option<String>,
    /// Their company's.
    client_name: Option<String>,
    /// How pressing it is, in hundredths of a point of 100.
    score: i32,
    /// Since when.
    due_at: Moment,
    /// When they were last touched; null if never.
    last_touch_at: Option<Moment>,
}

/// How many people were touched within 21 days, and who cannot be reached.
#[derive(Debug, Serialize, JsonSchema)]
struct Compliance {
    /// The share in time of all who can be reached and do not rest, in basis points.
    rate_bp: i32,
    /// Touched within 21 days.
    in_time: u64,
    /// Touched longer ago.
    overdue: u64,
    /// Never touched.
    never_touched: u64,
    /// Whose clocks rest.
    paused: u64,
    /// Who cannot be written to.
    unreachable: u64,
    /// Some of those, with the reason.
    unreachable_contacts: Vec<Unreachable>,
}

/// A person who cannot be written to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UnreachableContact")]
struct Unreachable {
    /// Who.
    contact_id: Uuid,
    /// Where they work.
    client_id: Uuid,
    /// Why: no_address, suppressed, inactive, client_inactive or open_case.
    because: String,
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/engagement/due",
            get_with(due, |op| {
                let op = named(op, "get", "engagement_due", "engagement", "");
                op.summary("Lists whose turn it is, most pressing first")
            }),
        )
        .api_route(
            "/v1/engagement/compliance",
            get_with(compliance, |op| {
                let op = named(op, "get", "engagement_compliance", "engagement", "");
                op.summary("Counts who was touched within 21 days, and who cannot be reached")
            }),
        )
}

async fn due(
    caller: Viewer,
    State(app): State<AppState>,
    Limit(limit): Limit,
) -> ApiResult<Tagged<Due>> {
    let tenant = app.tenant(caller.tenant).await?;
    let now = tenant.now(app.clock.as_ref());
    let scope = app.store.tenant(caller.tenant);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let due = scope.select_next_contacts_to_touch(now, limit).await?;
    let contacts: Vec<ContactId> = due.iter().map(|it| it.contact).collect();
    let people = scope.load_people(&contacts, now, None).await?;
    let items = due.into_iter().map(|it| {
        let person = people.get(&it.contact);
        DueContact {
            contact_id: it.contact.uuid(),
            client_id: it.client.uuid(),
            name: person.and_then(|it| it.name.clone()),
            client_name: person.map(|it| it.client_name.clone()),
            score: it.score.0,
            due_at: Moment(it.due),
            last_touch_at: it.last_touch_at.map(Moment),
        }
    });
    Tagged::of(Due { items: items.collect() })
}

async fn compliance(
    caller: Viewer,
    State(app): State<AppState>,
    Limit(limit): Limit,
) -> ApiResult<Tagged<Compliance>> {
    let tenant = app.tenant(caller.tenant).await?;
    let now = tenant.now(app.clock.as_ref());
    let scope = app.store.tenant(caller.tenant);
    let count = scope.count_compliance(now, in_time_since(now, &tenant.calendar)).await?;
    let unreachable = scope.list_unreachable(limit).await?;
    let unreachable_contacts =
        unreachable.into_iter().map(|(contact, client, because)| Unreachable {
            contact_id: contact.uuid(),
            client_id: client.uuid(),
            because: because.to_string(),
        });
    Tagged::of(Compliance {
        rate_bp: count.rate().0,
        in_time: count.in_time,
        overdue: count.overdue,
        never_touched: count.never_touched,
        paused: count.paused,
        unreachable: count.unreachable,
        unreachable_contacts: unreachable_contacts.collect(),
    })
}
