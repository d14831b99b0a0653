//! The policy engine: what the agent may do.
//!
//! Default deny; a forbid overrides every permit; the order of the rules does not matter.
//! It is asked twice, when an action is proposed and again when it executes, each time on facts
//! that were loaded then and that the proposer had no hand in.

mod facts;
mod proof;
mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    named::named_enum,
    proposal::{Evidence, Proposal},
    time::Timestamp,
};

pub use proof::ASK_AGE_DAYS_MAX;
pub use rules::{LETTER_GAP_DAYS, PIPELINE};

pub use facts::{
    MessageFacts, PolicyFacts, ProofFacts, RecipientFacts, ResearchFacts, SubjectFacts,
};

/// Counted up whenever a rule changes its meaning; stored beside each decision.
pub const POLICY_VERSION: i32 = 1;

named_enum! {
    /// What the policy says.
    pub enum Effect, "policy effect" {
        /// It may happen, with the obligations kept.
        Allow = "allow",
        /// A person has to agree first.
        NeedsApproval = "needs_approval",
        /// It may not happen.
        Deny = "deny",
    }
}

named_enum! {
    /// When the policy was asked.
    pub enum Moment, "moment" {
        /// The action was about to be queued.
        Propose = "propose",
        /// A person was about to approve it.
        Approve = "approve",
        /// The action was about to happen.
        Execute = "execute",
    }
}

/// What a rule has to say about one proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// The rule is about something else.
    Silent,
    /// The rule would let it happen.
    Permit(String),
    /// The rule wants a person to agree.
    Hold(String),
    /// The rule forbids it.
    Forbid(String),
    /// The rule lets it happen on a condition.
    Oblige(Obligation, String),
}

/// A condition on an allowed action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "must", rename_all = "snake_case")]
pub enum Obligation {
    /// Wait until then.
    NotBefore {
        /// The first permitted moment.
        at: Timestamp,
    },
    /// Never: there is no permitted moment within the calendar's reach.
    FindOpening,
}

/// One reason of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// Which rule speaks.
    pub rule: String,
    /// What it argues for.
    pub argues: Effect,
    /// Why, in a sentence of figures and ids.
    pub because: String,
    /// Whether ignoring it would be a violation, rather than a fact that changed in the meantime.
    pub is_violation: bool,
}

/// What the policy says about one proposal, and every reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The outcome.
    pub effect: Effect,
    /// Every opinion of every rule that was not silent, in a fixed order.
    pub reasons: Vec<Reason>,
    /// What must be kept to if it happens.
    pub obligations: Vec<Obligation>,
    /// Which policy spoke.
    pub policy_version: i32,
}

impl Verdict {
    /// The earliest moment that every obligation permits.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.obligations
            .iter()
            .map(|obligation| match obligation {
                Obligation::NotBefore { at } => *at,
                Obligation::FindOpening => Timestamp::MAX_UTC,
            })
            .max()
    }

    /// The reasons that argue for the outcome, the ones worth showing first.
    pub fn decisive(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.argues == self.effect)
    }

    /// The rules that were violated.
    pub fn violations(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.argues == Effect::Deny && reason.is_violation)
    }
}

/// A rule: a name for ever and a pure opinion.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Stable id, as stored with violations.
    pub id: &'static str,
    /// Whether a forbid of this rule is the proposer's fault even when facts have moved since.
    pub is_hard: bool,
    /// The opinion.
    pub ask: fn(&Proposal, &PolicyFacts, Timestamp) -> Opinion,
}

/// Every rule there is. Their order has no meaning.
pub const RULES: &[Rule] = rules::ALL;

/// Asks every rule and combines their opinions.
pub fn decide(proposal: &Proposal, facts: &PolicyFacts, moment: Moment, now: Timestamp) -> Verdict {
    combine(RULES, proposal, facts, moment, now)
}

/// Combines the opinions of some rules; a function of the *set* of rules, not of their order.
pub fn combine(
    rules: &[Rule],
    proposal: &Proposal,
    facts: &PolicyFacts,
    moment: Moment,
    now: Timestamp,
) -> Verdict {
    let mut reasons = Vec::new();
    let mut obligations = Vec::new();
    for rule in rules {
        let (argues, because) = match (rule.ask)(proposal, facts, now) {
            Opinion::Silent => continue,
            Opinion::Permit(because) => (Effect::Allow, because),
            Opinion::Hold(because) => (Effect::NeedsApproval, because),
            Opinion::Forbid(because) => (Effect::Deny, because),
            Opinion::Oblige(obligation, because) => {
                obligations.push(obligation);
                (Effect::Allow, because)
            }
        };
        // What is proposed against a rule is a violation; what went stale on the way is not.
        let is_violation = argues == Effect::Deny && (rule.is_hard || moment == Moment::Propose);
        reasons.push(Reason { rule: rule.id.to_owned(), argues, because, is_violation });
    }
    let says = |effect: Effect| reasons.iter().any(|reason| reason.argues == effect);
    // A hold speaks for an action only if its rule could have permitted it: tenants that approve what
    // leaves are not thereby offered what nobody may do.
    let is_spoken_for = reasons
        .iter()
        .any(|reason| reason.argues != Effect::Deny && PERMITTING.contains(&reason.rule.as_str()));
    let effect = if says(Effect::Deny) {
        Effect::Deny
    } else if !is_spoken_for {
        let because = "no rule permits it".to_owned();
        let rule = DEFAULT_DENY.to_owned();
        reasons.push(Reason { rule, argues: Effect::Deny, because, is_violation: true });
        Effect::Deny
    } else if says(Effect::NeedsApproval) {
        Effect::NeedsApproval
    } else {
        Effect::Allow
    };
    reasons.sort();
    obligations.sort();
    obligations.dedup();
    Verdict { effect, reasons, obligations, policy_version: POLICY_VERSION }
}

/// The reason given when every rule is silent.
pub const DEFAULT_DENY: &str = "default-deny";
/// The rules whose permit is enough; an obligation alone permits nothing.
const PERMITTING: &[&str] = &["action-class", "no-human-tasks"];

/// A person's agreement to one exact payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The hash of the payload that was shown.
    pub payload_hash: String,
    /// When the agreement ends.
    pub expires_at: Timestamp,
}

/// Applies a person's agreement to a verdict.
///
/// It answers a hold and nothing else: what is forbidden stays forbidden, and an agreement to other
/// words or from too long ago is none.
pub fn with_approval(
    mut verdict: Verdict,
    approval: Option<&Approval>,
    payload_hash: &str,
    now: Timestamp,
) -> Verdict {
    if verdict.effect != Effect::NeedsApproval {
        return verdict;
    }
    let Some(approval) = approval else { return verdict };
    let is_for_this = approval.payload_hash == payload_hash;
    let is_current = now < approval.expires_at;
    if is_for_this && is_current {
        verdict.effect = Effect::Allow;
        verdict.reasons.push(Reason {
            rule: "approval".to_owned(),
            argues: Effect::Allow,
            because: "a person approved exactly this".to_owned(),
            is_violation: false,
        });
        verdict.reasons.sort();
    }
    verdict
}

/// The words that a proposal rests on, if any.
pub fn cited(proposal: &Proposal) -> Option<&Evidence> {
    proposal.evidence.iter().find(|evidence| matches!(evidence, Evidence::Words { .. }))
}
