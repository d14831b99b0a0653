//! The handlers: what each job does.

mod cycle;

use agent::Agent;
use jobs::{ActCycle, PlanCycle, ReactCycle, ReflectCycle};

use crate::runtime::{Registry, RegistryError};

/// What the handlers work with.
pub struct App {
    /// The account manager.
    pub agent: Agent,
}

/// Every job that this release can run.
pub fn registry() -> Result<Registry<App>, RegistryError> {
    Registry::new()
        .with::<PlanCycle>()?
        .with::<ActCycle>()?
        .with::<ReactCycle>()?
        .with::<ReflectCycle>()
}
