//! The conformance of the store: the same tests on SQLite and on Postgres.
//!
//! What lives here: what every database must do for the store, seen through the store's own functions.
//! What does not: decisions, which are tested beside the code in `domain`, and whole cycles, which
//! are in `sim`.
#![expect(
    clippy::unwrap_used,
    reason = "all of this is tests, which clippy sees only inside of a function that is marked as one"
)]

/// Runs each test on both databases: `name::sqlite` and `name::postgres`, each on a fresh one.
///
/// A function cannot declare tests, and a test that runs on one database by mistake says "passed".
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                let test = testkit::database::open(testkit::database::Backend::Sqlite).await;
                super::$name(test).await;
            }

            #[tokio::test]
            async fn postgres() {
                let test = testkit::database::open(testkit::database::Backend::Postgres).await;
                super::$name(test).await;
            }
        }
    )+};
}

mod actions;
mod bulk;
mod catalog;
mod checks;
mod clocks;
mod dice;
mod faults;
mod full;
mod isolation;
mod lock;
mod mail;
mod memory;
mod moments;
mod orders;
mod outbound;
mod personal;
mod pipeline;
mod privacy;
mod reads;
mod recorded;
mod runs;
mod schedules;
mod schema;
mod selection;
mod standing;
mod workers;
