//! Jobs: enqueue one or thousands, look at them, call them off, bring them back.

mod batch;
mod body;
mod change;
mod enqueue;
mod list;
mod queue;
mod view;

use aide::axum::ApiRouter;

use crate::state::AppState;

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(enqueue::routes())
        .merge(batch::routes())
        .merge(list::routes())
        .merge(change::routes())
        .merge(queue::routes())
}
