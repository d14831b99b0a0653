//! The conformance of the engines: the same tests on each of them, and a plain model beside them.
//!
//! What lives here: what every engine must do, seen through its contract; and what the embedded one must do with
//! its file.
//! What does not: whose turn it is in every detail, which is tested beside that code.
#![expect(
    clippy::unwrap_used,
    reason = "all of this is tests, which clippy sees only inside of a function that is marked as one"
)]

/// Runs each test on every engine, each on a fresh one.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn embedded() {
                super::$name(crate::kit::Kit::embedded()).await;
            }

            #[tokio::test]
            async fn fleet() {
                super::$name(crate::kit::Kit::fleet()).await;
            }
        }
    )+};
}

mod control;
mod file;
mod kit;
mod leases;
mod lines;
mod model;
mod redis;
mod several;
mod states;
mod unique;
mod upstream;
