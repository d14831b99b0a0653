//! What tests of every crate share: private servers, and later builders and a started application.
//!
//! What lives here: the means to arrange a test.
//! What does not: the tests themselves (beside the code, or in `it/` next door), and the fakes of the
//! outside world, which live beside the real thing in `connectors`.

pub mod database;
pub mod poison;
pub mod postgres;
pub mod proxy;
pub mod redis;
pub mod rows;
mod supervisor;
pub mod world;
