//! Every query there is, tenant first.
//!
//! What lives here: reads that return domain types, writes that say whether they moved anything,
//! units of work, the tenant lock and its fence.
//! What does not: decisions (`domain`) and calls to the outside (`connectors`).
//!
//! A [`Scope`] is the only way to a tenant's rows; [`system`] alone looks across tenants.

pub mod action;
mod brought;
pub mod care;
pub mod change;
pub mod deletion;
pub mod engagement;
mod error;
pub mod idempotency;
pub mod import;
mod insert;
pub mod key;
pub mod line;
pub mod lock;
pub mod mail;
mod measure;
pub mod memory;
mod moment;
pub mod order;
pub mod order_facts;
pub mod outbound;
mod parameter;
pub mod pause;
pub mod person;
pub mod pipeline;
pub mod privacy;
pub mod record;
pub mod recorded;
pub mod run;
pub mod schedule;
mod scope;
pub mod standing;
pub mod system;
pub mod tenant;
pub mod upload;
mod work;
pub mod worker;

pub use error::{StoreError, StoreResult, Transition};
pub use scope::{Scope, Store};
pub use work::{Fence, UnitOfWork};
