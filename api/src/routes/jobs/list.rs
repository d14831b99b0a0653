//! Jobs, one by one and by state.

use aide::{
    OperationInput,
    axum::{ApiRouter, routing::get_with},
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use jobs::{JobId, Queue};
use queue::{Filter, State as QueueState};
use schemars::json_schema;
use store::recorded::{JobFilter, RecordedState};
use uuid::Uuid;

use super::{
    enqueue::recorded_job,
    view::{self, View},
};
use crate::{
    error::{ApiError, ApiResult, shown},
    extract::{
        ById, ListedPage, Tagged, Viewer, describe_paging, query, read_limit, read_query, refusals,
    },
    resource::{named, not_found},
    state::AppState,
    wire::Words,
};

/// States that the records know.
const RECORDED: [RecordedState; 5] = [
    RecordedState::Waiting,
    RecordedState::Relayed,
    RecordedState::Completed,
    RecordedState::Dead,
    RecordedState::Cancelled,
];
const LIMIT_DEFAULT: u64 = 50;

/// Which jobs are asked for.
struct Asked {
    limit: u64,
    cursor: Option<Uuid>,
    queue: Option<Queue>,
    name: Option<String>,
    of: Of,
}

/// From where.
enum Of {
    /// The records, newest first.
    Records(Option<RecordedState>),
    /// The queue, oldest first.
    Queue(QueueState),
}

fn states() -> Vec<&'static str> {
    let of_queue = QueueState::ALL.map(QueueState::as_str);
    let mut all: Vec<&str> = RECORDED.map(RecordedState::as_str).to_vec();
    all.extend(of_queue.into_iter().filter(|it| !RECORDED.iter().any(|of| of.as_str() == *it)));
    all
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let known = ["limit", "cursor", "state", "queue", "name", "volatile"];
        let mut asked = Self {
            limit: LIMIT_DEFAULT,
            cursor: None,
            queue: None,
            name: None,
            of: Of::Records(None),
        };
        let (mut state, mut is_volatile) = (None, false);
        for (name, text) in read_query(parts, &known)? {
            let refuse = |what: String| {
                Err(ApiError::parameter(&name, format!("`{}` is {what}", shown(&text))))
            };
            match name.as_str() {
                "limit" => asked.limit = read_limit(&text)?,
                "cursor" => match Uuid::try_parse(&text) {
                    Ok(id) => asked.cursor = Some(id),
                    Err(_) => return refuse("none of this list: give `next_cursor`".to_owned()),
                },
                "state" if states().contains(&text.as_str()) => state = Some(text),
                "state" => return refuse(format!("none of {}", states().join(", "))),
                "queue" => match text.parse() {
                    Ok(queue) => asked.queue = Some(queue),
                    Err(_) => return refuse(format!("none of {}", Queue::names().join(", "))),
                },
                "volatile" => match text.as_str() {
                    "true" => is_volatile = true,
                    "false" => {}
                    _ => return refuse("neither true nor false".to_owned()),
                },
                _ if text.chars().any(char::is_control) => {
                    return refuse("no name of a job".to_owned());
                }
                _ => asked.name = Some(text),
            }
        }
        let in_records = state.as_deref().and_then(|it| it.parse().ok());
        let in_queue = state.as_deref().and_then(|it| it.parse().ok());
        asked.of = match (is_volatile, in_records, in_queue) {
            (false, Some(state), _) => Of::Records(Some(state)),
            (_, None, Some(state)) | (true, Some(_), Some(state)) => Of::Queue(state),
            (false, None, None) => Of::Records(None),
            (true, _, None) => {
                let detail = "of volatile jobs, give a `state` that the queue knows: scheduled, ready, \
                              running, completed, dead or cancelled";
                return Err(ApiError::parameter("state", detail));
            }
        };
        Ok(asked)
    }
}

impl OperationInput for Asked {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        describe_paging(operation);
        let text =
            "In this state. scheduled, ready and running are the queue's word, oldest first.";
        query(operation, "state", text, json_schema!({ "type": "string", "enum": states() }));
        let queues = json_schema!({ "type": "string", "enum": Queue::names() });
        query(operation, "queue", "In this queue.", queues);
        let name =
            json_schema!({ "type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" });
        query(operation, "name", "Of this kind.", name);
        let text = "Also those that live in the queue alone; a `state` is needed then.";
        let flag = json_schema!({ "type": "boolean", "default": false });
        query(operation, "volatile", text, flag);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/v1/jobs", get_with(list, |op| named(op, "list", "jobs", "jobs", "Lists")))
        .api_route(
            "/v1/jobs/{id}",
            get_with(read, |op| not_found(named(op, "get", "job", "jobs", "Reads"), "job")),
        )
}

async fn list(
    caller: Viewer,
    State(app): State<AppState>,
    asked: Asked,
) -> ApiResult<ListedPage<View>> {
    let tenant = caller.tenant;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    match asked.of {
        Of::Records(state) => {
            let before = asked.cursor.map(JobId::from_uuid);
            let filter = JobFilter { state, queue: asked.queue, name: asked.name, before };
            let scope = app.store.tenant(tenant);
            let mut jobs = scope.list_recorded_jobs(&filter, asked.limit + 1).await?;
            let has_more = limit < jobs.len();
            jobs.truncate(limit);
            let last = jobs.last().filter(|_| has_more);
            let next_cursor = last.map(|it| it.envelope.id.uuid().to_string());
            let items = jobs.iter().map(|job| view::recorded(job, None)).collect();
            Ok(ListedPage { items, next_cursor })
        }
        Of::Queue(state) => {
            let filter = Filter { queue: asked.queue, name: asked.name, tenant: Some(tenant) };
            let after = asked.cursor.map(JobId::from_uuid);
            let page = app.queue.list(filter, state, after, limit).await?;
            let scope = app.store.tenant(tenant);
            let mut items = Vec::with_capacity(page.jobs.len());
            for found in &page.jobs {
                items.push(match scope.find_recorded_job(found.id).await? {
                    Some(job) => view::recorded(&job, Some(found)),
                    None => view::volatile(found),
                });
            }
            Ok(ListedPage { items, next_cursor: page.next.map(|it| it.uuid().to_string()) })
        }
    }
}

/// A job as it is shown.
pub async fn find(app: &AppState, tenant: domain::id::TenantId, id: Uuid) -> ApiResult<View> {
    let found = app.queue.find(tenant, JobId::from_uuid(id)).await?;
    match (recorded_job(app, tenant, id).await?, found) {
        (Some(job), found) => Ok(view::recorded(&job, found.as_ref())),
        (None, Some(found)) => Ok(view::volatile(&found)),
        (None, None) => Err(ApiError::not_found("job")),
    }
}

async fn read(
    caller: Viewer,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<Tagged<View>> {
    Tagged::of(find(&app, caller.tenant, id).await?)
}
