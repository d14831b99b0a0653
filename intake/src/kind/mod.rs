//! The kinds of rows that come as one table: for each its columns, its reading and its writing.
//!
//! What lives here: one file per kind, and the run that they share.
//! What does not: orders, which come as two tables, and messages, which are no table.

pub(crate) mod cases;
pub(crate) mod clients;
pub(crate) mod compliance;
pub(crate) mod contacts;
pub(crate) mod credit_profiles;
pub(crate) mod deals;
pub(crate) mod goals;
pub(crate) mod price_book;
pub(crate) mod products;
pub(crate) mod quotes;
pub(crate) mod reference;
pub(crate) mod requirements;
pub(crate) mod table;
