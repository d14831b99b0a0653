//! Decisions of an account manager, as pure functions.
//!
//! What lives here: values with meaning (money, time, ids), and every decision about them with its reasons.
//! What does not: clocks, dice, files, sockets, databases, and any error but a returned value.

pub mod access;
pub mod action;
pub mod cycle;
pub mod engagement;
pub mod id;
pub mod import;
pub mod mail;
pub mod metrics;
pub mod money;
mod named;
pub mod order;
pub mod policy;
pub mod privacy;
pub mod proposal;
pub mod record;
pub mod schedule;
pub mod tenant;
pub mod time;

pub use named::UnknownName;
