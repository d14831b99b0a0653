//! Cases, what accounts have to hand in, and tasks for people.

mod case;
mod compliance_item;
mod task;

use aide::axum::ApiRouter;

use crate::{resource, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(resource::routes::<case::Cases>())
        .merge(resource::routes::<compliance_item::ComplianceItems>())
        .merge(task::routes())
}
