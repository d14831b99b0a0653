//! The front door: other systems bring data, enqueue work and read results over HTTP.
//!
//! What lives here: routes, what they take and show, keys, limits, the OpenAPI document, the server.
//! What does not: decisions (`domain`), queries (`store`), and the work itself. The API records intent and enqueues.

mod auth;
mod edge;
mod error;
mod extract;
mod kept;
mod limit;
mod made;
mod openapi;
mod probe;
mod queue_view;
mod resource;
mod routes;
mod server;
mod state;
mod unread;
mod watch;
mod wire;

pub use auth::{KEY_PREFIX, Rotation, Secret, rotate_key};
pub use error::{ApiError, Code};
pub use openapi::document;
pub use probe::{Answer, ask};
pub use server::{ServeError, Server};
pub use state::{AppState, Approvals, JobKeeper, Options, Parts, QueueView, Reopened};

/// The router with everything around it.
pub fn router(app: AppState, options: &Options) -> axum::Router {
    edge::wrap(openapi::router(&app), app, options)
}
