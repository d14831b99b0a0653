//! The ground that the parts stand on: configuration, time, ids, the database pool, telemetry, stopping.
//!
//! What lives here: the live forms of what the other crates take as arguments.
//! What does not: anything that knows accounts, orders or mail.

mod clock;
pub mod config;
pub mod database;
mod ids;
mod instance;
mod secret;
pub mod shutdown;
pub mod telemetry;

pub use clock::SystemClock;
pub use ids::{RandomIds, SeededIds};
pub use instance::instance_name;
pub use secret::{SECRET_BYTES, random_secret};
