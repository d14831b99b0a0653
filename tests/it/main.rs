//! The conformance of the store: the same tests on SQLite and on Postgres.
//!
//! What lives here: what every database must do for the store, seen through the store's own functions.
//! What does not: decisions, which are tested beside the code in `domain`, and whole cycles, which are in `sim`.
