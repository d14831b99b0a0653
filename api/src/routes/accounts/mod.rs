//! Clients and their people.

mod client;
mod contact;
mod privacy;

use aide::axum::ApiRouter;

use crate::{kept, resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<client::Clients>())
        .merge(resource::routes::<contact::Contacts>())
        .merge(privacy::routes())
        .merge(kept::routes::<privacy::PrivacyRequests>())
}
