//! What proposes actions. The rules' planner lives here; a language model will answer to the same trait.

use async_trait::async_trait;
use domain::{
    cycle::{PlanInputs, plan},
    proposal::Proposal,
};

/// Why nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum PlannerError {
    /// Trying later may work.
    #[error("not available: {0}")]
    Unavailable(String),
}

/// Proposes; decides nothing. Whatever it says, the gate asks the policy about each proposal.
#[async_trait]
pub trait Planner: Send + Sync {
    /// What the inputs call for, most pressing first.
    async fn propose(&self, inputs: &PlanInputs) -> Result<Vec<Proposal>, PlannerError>;
}

/// The deterministic planner of `domain::cycle`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RulePlanner;

#[async_trait]
impl Planner for RulePlanner {
    async fn propose(&self, inputs: &PlanInputs) -> Result<Vec<Proposal>, PlannerError> {
        Ok(plan(inputs))
    }
}
