//! What the agent did and why: cycles, actions, decisions, violations, mail, and whose turn it is.

mod action;
mod cycle;
mod decide;
mod decision;
mod engagement;
mod events;
mod message;
mod rest;
mod violation;

use aide::axum::ApiRouter;

use crate::{kept, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(kept::routes::<cycle::Cycles>())
        .merge(kept::routes::<action::Actions>())
        .merge(decide::routes())
        .merge(kept::routes::<decision::Decisions>())
        .merge(kept::routes::<violation::Violations>())
        .merge(message::routes())
        .merge(engagement::routes())
        .merge(events::routes())
        .merge(rest::routes())
}
