//! Calling an order off.

use aide::axum::{ApiRouter, routing::post_with};
use axum::{extract::State, http::StatusCode};
use domain::id::OrderId;
use store::Transition;

use super::order::{Orders, View};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{ById, Idempotency, Once, Operator, Tagged},
    kept,
    resource::{named, not_found, problem},
    state::AppState,
};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/orders/{id}/cancel",
        post_with(cancel, |op| {
            let op = named(op, "cancel", "order", "orders", "Calls off")
                .description("What is wrong with it is closed. An order that is done stays done.");
            problem(not_found(op, "order"), 409, "It is done")
        }),
    )
}

async fn cancel(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<View>> {
    let tenant = app.tenant(caller.tenant).await?;
    if let Once::First(doing) = idempotency.begin(&app, caller.tenant, None).await? {
        let now = tenant.now(app.clock.as_ref());
        let moved = doing.scope().mark_order_cancelled(OrderId::from_uuid(id), now).await?;
        if moved == Transition::Lost {
            kept::find::<Orders>(&doing.scope(), id).await?;
            return Err(ApiError::new(
                Code::Conflict,
                "this order is done: it cannot be called off",
            ));
        }
        doing.finish(StatusCode::OK, Some(id)).await?;
    }
    Tagged::of(kept::find::<Orders>(&app.store.tenant(caller.tenant), id).await?)
}
