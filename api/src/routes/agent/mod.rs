//! What the agent did and why: cycles, actions, decisions, violations, mail, and whose turn it is.

mod action;
mod cycle;
mod decide;
mod decision;
mod engagement;
mod message;
mod rest;
mod violation;

use aide::axum::ApiRouter;

use crate::state::AppState;

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(cycle::routes())
        .merge(action::routes())
        .merge(decide::routes())
        .merge(decision::routes())
        .merge(violation::routes())
        .merge(message::routes())
        .merge(engagement::routes())
        .merge(rest::routes())
}
