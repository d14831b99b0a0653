//! The runtime over a real engine: jobs that work, fail, panic, never end, block, and a process that stops.
//!
//! What lives here: what the worker's process promises, with handlers of the test.
//! What does not: the engine's own promises (`engines`), and the product's handlers.
#![expect(
    clippy::unwrap_used,
    reason = "all of this is tests, which clippy sees only inside of a function that is marked as one"
)]

mod catalogue;
mod crew;
mod cut_off;
mod cycle;
mod ends;
mod poison;
mod recorded;
mod rig;
mod schedule;
mod stops;
