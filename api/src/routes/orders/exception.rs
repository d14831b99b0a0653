//! What is wrong with orders, one by one: with what to do, and whose it is to do.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use domain::record::OpenOrClosed;
use schemars::JsonSchema;
use serde::Serialize;
use store::record;
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, ListOf, Listed, ListedPage, SortSpec, Viewer},
    resource::named,
    state::AppState,
    wire::{Moment, Word, Words},
};

/// Exceptions.
pub enum Exceptions {}

impl Listed for Exceptions {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("order_id", Holds::Id, "Of this order."),
        FilterSpec::is("status", Holds::Word(OpenOrClosed::names), "In this state."),
        FilterSpec::is("code", Holds::Text, "With this trade code, such as PRICE_MISMATCH."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// One fault of an order.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderException")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// Which order.
    order_id: Uuid,
    /// The cycle that found it.
    run_id: Option<Uuid>,
    /// What kind of check found it.
    #[serde(rename = "type")]
    exception_type: String,
    /// The trade's code for it.
    code: String,
    /// Whether it holds the order.
    severity: String,
    /// The line at fault, if it is one.
    line_no: Option<i32>,
    /// Where in the order.
    field_path: String,
    /// What was expected.
    expected: Option<String>,
    /// What was found.
    actual: Option<String>,
    /// How much of a difference would have passed.
    tolerance: Option<String>,
    /// What to do.
    suggested_fix: String,
    /// Whose it is to do.
    owner_role: String,
    /// Whether it may go away by itself.
    resolves_itself: bool,
    /// Whether it still holds.
    status: Word<OpenOrClosed>,
    /// When it was found.
    first_seen_at: Moment,
    /// When it was last found.
    last_seen_at: Moment,
    /// When it was gone.
    resolved_at: Option<Moment>,
}

/// A row as it is shown.
pub fn view(row: record::OrderException) -> View {
    View {
        id: row.id,
        order_id: row.order_id,
        run_id: row.run_id,
        exception_type: row.exception_type,
        code: row.code,
        severity: row.severity,
        line_no: row.line_no,
        field_path: row.field_path,
        expected: row.expected,
        actual: row.actual,
        tolerance: row.tolerance,
        suggested_fix: row.suggested_fix,
        owner_role: row.owner_role,
        resolves_itself: row.resolves_itself,
        status: Word::stored(row.status),
        first_seen_at: Moment(row.first_seen_at),
        last_seen_at: Moment(row.last_seen_at),
        resolved_at: row.resolved_at.map(Moment),
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/order-exceptions",
        get_with(list, |op| named(op, "list", "order_exceptions", "orders", "Lists")),
    )
}

async fn list(
    caller: Viewer,
    State(app): State<AppState>,
    list: ListOf<Exceptions>,
) -> ApiResult<ListedPage<View>> {
    let rows = app.store.tenant(caller.tenant).list_records(&list.page).await?;
    Ok(list.answer(rows, view))
}
