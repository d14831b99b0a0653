//! The routes, by area; each file tells its whole story: fields, filters, permissions, refusals.

mod accounts;
mod admin;
mod agent;
mod care;
mod catalogue;
mod health;
mod imports;
mod jobs;
mod orders;
mod pipeline;
mod tenant;

use aide::axum::ApiRouter;

use crate::state::AppState;

/// Every route of the document.
pub fn all() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(accounts::routes())
        .merge(catalogue::routes())
        .merge(orders::routes())
        .merge(pipeline::routes())
        .merge(care::routes())
        .merge(agent::routes())
        .merge(imports::routes())
        .merge(jobs::routes())
        .merge(tenant::routes())
        .merge(admin::routes())
        .merge(health::routes())
}
