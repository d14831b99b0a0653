//! Clients and their people.

mod client;
mod contact;

use aide::axum::ApiRouter;

use crate::{resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<client::Clients>())
        .merge(resource::routes::<contact::Contacts>())
}
