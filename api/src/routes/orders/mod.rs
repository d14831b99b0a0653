//! Orders with their lines, and what is wrong with them.

mod cancel;
mod exception;
mod fields;
mod order;

use aide::axum::ApiRouter;

use crate::{resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<order::Orders>())
        .merge(cancel::routes())
        .merge(exception::routes())
}
