//! The outside world, in the vocabulary of our needs.
//!
//! What lives here: a trait per need, its live forms, and a stateful fake beside them.
//! What does not: when to call, and what to make of the answer (`agent`, `domain`).

pub mod mail;
