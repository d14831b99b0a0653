//! Decisions: what the policy said, why, and on which facts.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use domain::policy::Effect;
use schemars::JsonSchema;
use serde::Serialize;
use store::{action::DecisionRow, record};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{
        ById, FilterSpec, Holds, IfNoneMatch, ListOf, Listed, ListedPage, SortSpec, Tagged, Viewer,
    },
    resource::{named, not_found},
    state::AppState,
    wire::{Moment, Words},
};

/// Decisions.
pub enum Decisions {}

impl Listed for Decisions {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("action_id", Holds::Id, "On this action."),
        FilterSpec::is("subject_id", Holds::Id, "About this order, contact, deal, quote, …"),
        FilterSpec::is("run_id", Holds::Id, "In this cycle."),
        FilterSpec::is("effect", Holds::Word(Effect::names), "With this effect."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// A verdict of the policy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// When in an action's life the policy was asked.
    moment: String,
    /// What it said.
    effect: String,
    /// What each rule said, and why.
    reasons: serde_json::Value,
    /// On which conditions.
    obligations: serde_json::Value,
    /// The facts it saw.
    facts: serde_json::Value,
    /// Which policy spoke.
    policy_version: i32,
    /// When, on the tenant's clock.
    decided_at: Moment,
}

/// A verdict as it stands with its action.
pub fn of_action(row: DecisionRow) -> View {
    View {
        id: row.id.uuid(),
        moment: row.moment,
        effect: row.effect,
        reasons: serde_json::to_value(row.reasons).unwrap_or_default(),
        obligations: row.obligations,
        facts: row.facts,
        policy_version: row.policy_version,
        decided_at: Moment(row.decided_at),
    }
}

fn view(row: record::Decision) -> View {
    View {
        id: row.id,
        moment: row.moment,
        effect: row.effect,
        reasons: row.reasons,
        obligations: row.obligations,
        facts: row.facts,
        policy_version: row.policy_version,
        decided_at: Moment(row.decided_at),
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/decisions",
            get_with(list, |op| named(op, "list", "decisions", "decisions", "Lists")),
        )
        .api_route(
            "/v1/decisions/{id}",
            get_with(read, |op| {
                not_found(named(op, "get", "decision", "decisions", "Reads a"), "decision")
            }),
        )
}

async fn list(
    caller: Viewer,
    State(app): State<AppState>,
    list: ListOf<Decisions>,
) -> ApiResult<ListedPage<View>> {
    let rows = app.store.tenant(caller.tenant).list_records(&list.page).await?;
    Ok(list.answer(rows, view))
}

async fn read(
    caller: Viewer,
    State(app): State<AppState>,
    ById(id): ById,
    has: IfNoneMatch,
) -> ApiResult<Tagged<View>> {
    let row = app.store.tenant(caller.tenant).find_record::<record::Decision>(id).await?;
    Tagged::unless(view(row.ok_or_else(|| ApiError::not_found("decision"))?), &has)
}
