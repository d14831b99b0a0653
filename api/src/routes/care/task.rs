//! Things for people of the tenant to do; the agent makes them, people end them.

use aide::axum::{ApiRouter, routing::post_with};
use axum::{extract::State, http::StatusCode};
use domain::{id::TaskId, record::OpenOrClosed};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, Transition, record};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{ById, FilterSpec, Holds, Idempotency, Listed, Once, Operator, SortSpec, Tagged},
    kept::{self, Kept},
    resource::{named, not_found},
    state::AppState,
    wire::{Moment, Word, Words},
};

/// Tasks.
pub enum Tasks {}

impl Listed for Tasks {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "About this client."),
        FilterSpec::is("status", Holds::Word(OpenOrClosed::names), "In this state."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// Something for a person of the tenant to do, with the proof that it may be asked of them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Task")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// About which client.
    client_id: Uuid,
    /// On whose wish.
    contact_id: Option<Uuid>,
    /// The action that made it.
    action_id: Uuid,
    /// What is to be done.
    kind: String,
    /// Whether it still is.
    status: Word<OpenOrClosed>,
    /// By when.
    due_at: Option<Moment>,
    /// Why it may be asked of a person: the client's own words, a deadline, or a case.
    justification: serde_json::Value,
    /// When it was made.
    created_at: Moment,
    /// When it was last changed.
    updated_at: Moment,
}

fn view(row: record::Task) -> View {
    View {
        id: row.id,
        client_id: row.client_id,
        contact_id: row.contact_id,
        action_id: row.action_id,
        kind: row.kind,
        status: Word::stored(row.status),
        due_at: row.due_at.map(Moment),
        justification: row.justification,
        created_at: Moment(row.created_at),
        updated_at: Moment(row.updated_at),
    }
}

impl Kept for Tasks {
    type Row = record::Task;
    type Item = View;
    type View = View;

    const NOUN: &'static str = "task";
    const PLURAL: &'static str = "tasks";

    fn item(row: record::Task) -> View {
        view(row)
    }

    async fn view(_: &Scope<'_>, row: record::Task) -> ApiResult<View> {
        Ok(view(row))
    }
}

pub fn routes() -> ApiRouter<AppState> {
    kept::routes::<Tasks>().api_route(
        "/v1/tasks/{id}/close",
        post_with(close, |op| {
            not_found(named(op, "close", "task", "tasks", "Says that somebody did"), "task")
        }),
    )
}

async fn close(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<View>> {
    let tenant = app.tenant(caller.tenant).await?;
    if let Once::First(doing) = idempotency.begin(&app, caller.tenant, None).await? {
        let now = tenant.now(app.clock.as_ref());
        let moved = doing.scope().mark_task_closed(TaskId::from_uuid(id), now).await?;
        if moved == Transition::Lost {
            return Err(ApiError::not_found("task"));
        }
        doing.finish(StatusCode::OK, Some(id)).await?;
    }
    Tagged::of(kept::find::<Tasks>(&app.store.tenant(caller.tenant), id).await?)
}
