//! One hour of account management: Plan → Act → React → Reflect, as values.
//!
//! What lives here: what a plan looks at, how it is ranked, what the phases hand to each other, the work block
//! that records them, and hypotheses that later cycles confirm or drop.
//! What does not: loading the inputs (`store`), and doing anything (`agent`).

mod budget;
mod inputs;
mod metrics;
mod plan;
#[cfg(test)]
mod plan_tests;
mod reflect;
mod work_block;

use crate::named::named_enum;

pub use budget::{Budgets, Spent};
pub use inputs::{
    Addressee, CaseRef, ComplianceRef, DealRef, GoalStatus, MessageRef, OrderRef, PlanInputs,
    QuoteRef, TenantFacts, TouchTarget,
};
pub use metrics::{MetricChange, Metrics, changes};
pub use plan::{MESSAGE_ACTIONS_MAX, letter_proposal, plan, rank};
pub use reflect::{
    Hypothesis, HypothesisState, Observed, Prediction, hypotheses_from, judge, settled_confidence,
};
pub use work_block::{
    ActOutput, ActionRef, Finding, HypothesisNote, InputCounts, PlanOutput, ReactOutput,
    ReflectOutput, WorkBlock, findings_digest,
};

named_enum! {
    /// The four phases of a cycle, in their order.
    pub enum Phase, "phase" {
        /// Gather inputs and propose actions.
        Plan = "plan",
        /// Do what the policy allows.
        Act = "act",
        /// See what came of it.
        React = "react",
        /// Write down what was learnt.
        Reflect = "reflect",
    }
}

named_enum! {
    /// Where a run is on its way.
    pub enum RunStatus, "run status" {
        /// A phase is being worked on, or waits to be.
        Running = "running",
        /// All four phases are written down.
        Completed = "completed",
        /// An error ended it, and is recorded.
        Failed = "failed",
        /// Its worker went away and a later run took the tenant over.
        Abandoned = "abandoned",
    }
}

impl Phase {
    /// The phase that follows, if any.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Plan => Some(Self::Act),
            Self::Act => Some(Self::React),
            Self::React => Some(Self::Reflect),
            Self::Reflect => None,
        }
    }
}
