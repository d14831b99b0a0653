//! Deals, quotes and goals.

mod deal;
mod goal;
mod quote;

use aide::axum::ApiRouter;

use crate::{resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<deal::Deals>())
        .merge(resource::routes::<quote::Quotes>())
        .merge(resource::routes::<goal::Goals>())
}
