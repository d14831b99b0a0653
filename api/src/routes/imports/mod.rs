//! Imports: files that are uploaded, read by a job, and reported on row by row.

mod asked;
mod rejects;
mod upload;
mod view;

use aide::axum::ApiRouter;

use crate::{kept, state::AppState};

pub fn routes() -> ApiRouter<AppState> {
    let path = kept::path::<view::Imports>();
    let of_all = kept::of_all::<view::Imports>().merge(upload::route());
    ApiRouter::new()
        .api_route(&path, of_all)
        .api_route(&format!("{path}/{{id}}"), kept::of_one::<view::Imports>())
        .merge(rejects::routes())
}
