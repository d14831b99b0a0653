//! What is sold, for how much, on what credit, and what an order has to come with.

mod credit_profile;
mod price;
mod product;
mod requirement;

use aide::axum::ApiRouter;

use crate::{resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<product::Products>())
        .merge(resource::routes::<price::Prices>())
        .merge(resource::routes::<credit_profile::CreditProfiles>())
        .merge(resource::routes::<requirement::Requirements>())
}
