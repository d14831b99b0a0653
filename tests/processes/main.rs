//! Real processes that are killed, stopped and looked over the shoulder.
//!
//! What lives here: what survives the end of a process, seen in the database, the outbox and the processes' own logs.
//! What does not: failures at every single commit, which `sim` and `runtime` bring about within one process.

#![cfg(test)]

mod beside;
mod fleet;
mod health;
mod house;
mod kills;
mod ledger;
mod stops;
