//! The queue and those who work on it: what `steward worker`, `job` and `queue` do.

pub mod engine;
pub mod job;
pub mod lease;
pub mod queue;
pub mod runner;
mod turnstile;
pub mod worker;
pub mod workers;
