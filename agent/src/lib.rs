//! The account manager: Plan → Act → React → Reflect, over a store, a clock, a planner and a transport.
//!
//! What lives here: the order in which things are loaded, decided, done and recorded.
//! What does not: the decisions (`domain`), the queries (`store`), the outside (`connectors`), and any server or queue.

mod act;
mod approval;
mod chain;
mod count;
mod cycle;
mod error;
mod gate;
mod gather;
mod letters;
mod plan;
mod planner;
mod react;
mod reflect;
mod screen;
mod turnstile;
mod upkeep;

use std::sync::Arc;

use connectors::mail::MailTransport;
use domain::time::Clock;
use store::Store;

pub use approval::{Decided, approve, reject};
pub use chain::{PhaseEnd, PhaseJob};
pub use count::begin_counting;
pub use cycle::{CycleRequest, CycleResult, LOCK_TTL_SECONDS};
pub use error::AgentError;
pub use planner::{Planner, PlannerError, RulePlanner};
pub use turnstile::Turnstile;

/// Everything that a cycle works with.
#[derive(Clone)]
pub struct Agent {
    /// Where the records are.
    pub store: Store,
    /// The machine's time; a simulated tenant has its own.
    pub clock: Arc<dyn Clock>,
    /// What takes letters.
    pub transport: Arc<dyn MailTransport>,
    /// What proposes.
    pub planner: Arc<dyn Planner>,
    /// What is asked before a tenant's lock, where many processes work.
    pub turnstile: Option<Arc<dyn Turnstile>>,
    /// Which process this is, for locks.
    pub instance: String,
}
