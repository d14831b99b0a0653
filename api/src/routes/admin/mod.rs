//! The installation: its tenants, how their jobs are served, and its queues. Keys of tenants open none of this.

mod line;
mod queue;
mod tenant;
mod worker;

use aide::axum::ApiRouter;

use crate::state::AppState;

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(tenant::routes())
        .merge(line::routes())
        .merge(queue::routes())
        .merge(worker::routes())
}
