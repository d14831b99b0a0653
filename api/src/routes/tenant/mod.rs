//! The tenant itself: its calendar, its settings, how freely the agent works for it, its keys, its kill switch.

mod fields;
mod key;
mod mode;
mod pause;
mod profile;

use aide::axum::ApiRouter;

use crate::state::AppState;

pub use fields::Calendar;
pub use profile::{View as TenantView, view as view_of};

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(profile::routes())
        .merge(mode::routes())
        .merge(pause::routes())
        .merge(key::routes())
}
