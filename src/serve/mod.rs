//! The API's process.
//!
//! What lives here: how the API is put together, and what it leaves to the agent and the worker.
//! What does not: routes, which are `api`'s.

mod desk;
mod server;

pub use server::{Args, FrontDoor, run};
