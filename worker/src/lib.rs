//! Does the work: takes jobs from an engine and runs their handlers.
//!
//! What lives here: the runtime, which alone knows the worker framework, the handlers, a file for each area, and the port
//! that says how the process gets on.
//! What does not: what waits and whose turn it is (`queue`), and what a job is (`jobs`).

pub mod handlers;
pub mod health;
pub mod process;
pub mod runtime;
