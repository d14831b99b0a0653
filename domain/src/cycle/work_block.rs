//! The traceable record of a cycle: ids, figures and spans, never a person's own text.
//!
//! Names are put in when it is shown, so that a person can be erased without breaking the record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    action::{ActionKind, ActionStatus},
    id::{ActionId, ClientId, RunId},
    money::Score,
    policy::Reason,
    proposal::{Subject, hex},
    time::Timestamp,
};

use super::{Budgets, HypothesisState, MetricChange, Metrics, Observed, Phase, Spent};

/// The record of one run, written after each phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkBlock {
    /// Which run.
    pub run: RunId,
    /// Counted per tenant from 1.
    pub cycle_number: i32,
    /// The hour it stands for; none for a rehearsal.
    pub due_hour: Option<Timestamp>,
    /// The moment a rehearsal decides for.
    pub as_of: Option<Timestamp>,
    /// How many hours it stands for: more than one after hours were missed.
    pub hours_covered: i32,
    /// When it began, on the tenant's clock.
    pub started_at: Timestamp,
    /// The last phase that is written here.
    pub phase: Phase,
    /// What was seen and proposed.
    pub plan: Option<PlanOutput>,
    /// What was done.
    pub act: Option<ActOutput>,
    /// What came of it.
    pub react: Option<ReactOutput>,
    /// What was learnt.
    pub reflect: Option<ReflectOutput>,
}

/// How many rows each of the eight inputs had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputCounts {
    /// Goals, and how many of them are behind.
    pub goals: u32,
    /// Goals behind their pace.
    pub goals_behind: u32,
    /// Orders never checked.
    pub new_orders: u32,
    /// Orders held and due for another look.
    pub pending_orders: u32,
    /// Deals standing still.
    pub stale_deals: u32,
    /// Quotes waiting or lost.
    pub pending_quotes: u32,
    /// People whose clock is due, of those looked at.
    pub engagement_violations: u32,
    /// Messages not considered before.
    pub email_updates: u32,
    /// Compliance items near or past their day.
    pub vendor_compliance: u32,
    /// Contacts nobody can write to, by reason.
    pub unreachable: u32,
}

/// An action as a work block refers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRef {
    /// Which action.
    pub action: ActionId,
    /// What it is.
    pub kind: ActionKind,
    /// About what.
    pub subject: Subject,
    /// For whom.
    pub client: Option<ClientId>,
    /// Where it is now.
    pub status: ActionStatus,
    /// How pressing it was.
    pub score: Score,
    /// Why it was proposed, figures and ids only.
    pub reasons: Vec<String>,
    /// What the policy said, where it did not simply allow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdict: Vec<Reason>,
    /// What came of it, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// What Plan leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanOutput {
    /// What was looked at.
    pub inputs: InputCounts,
    /// The numbers before the cycle.
    pub metrics: Metrics,
    /// Actions that may run, most pressing first.
    pub queue: Vec<ActionRef>,
    /// Actions that wait for a person.
    pub awaiting: Vec<ActionRef>,
    /// Actions that the policy refused.
    pub blocked: Vec<ActionRef>,
    /// Proposals that an earlier cycle had made already.
    pub already_proposed: u32,
}

/// One fault of one order, as a person would quote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The order's number.
    pub order: String,
    /// Trade code.
    pub code: String,
    /// Where in the order.
    pub field_path: String,
    /// Whether it holds the order.
    pub severity: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What was found.
    pub actual: Option<String>,
}

/// What Act leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActOutput {
    /// Actions that were carried out (or would have been, in a rehearsal).
    pub done: Vec<ActionRef>,
    /// Actions that failed, or whose effect nobody can tell.
    pub failed: Vec<ActionRef>,
    /// Actions that were permitted when planned and are not any more.
    pub stopped: Vec<ActionRef>,
    /// Actions left for a later hour: budgets, quiet hours, order of work.
    pub deferred: Vec<ActionRef>,
    /// What was spent.
    pub spent: Spent,
    /// Of what could have been.
    pub budgets: Budgets,
    /// Orders that were checked.
    pub orders_checked: u32,
    /// Of them, accepted.
    pub orders_accepted: u32,
    /// Faults by trade code.
    pub faults: BTreeMap<String, u32>,
    /// SHA-256 over every finding in order: equal findings, equal digest, on any database.
    pub findings_digest: String,
    /// What a belief may grow from, for Reflect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
}

/// What React leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReactOutput {
    /// How many actions of each kind ended how: `send_touch` → `done` → 4.
    pub outcomes: BTreeMap<String, BTreeMap<String, u32>>,
    /// The numbers that moved.
    pub metric_changes: Vec<MetricChange>,
    /// The numbers after the cycle.
    pub metrics: Metrics,
}

/// What Reflect leaves behind: the specification's five questions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReflectOutput {
    /// What we did.
    pub what_we_did: Vec<String>,
    /// What moved.
    pub what_moved_metrics: Vec<MetricChange>,
    /// What was blocked, and by which rule.
    pub what_got_blocked: Vec<String>,
    /// What comes next.
    pub what_we_will_try_next: Vec<ActionRef>,
    /// What we believe, and what became of earlier beliefs.
    pub hypotheses: Vec<HypothesisNote>,
    /// Memories that reached their end.
    pub memories_expired: u32,
}

/// A hypothesis as a work block refers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HypothesisNote {
    /// Its key among the memories.
    pub key: String,
    /// What it is about.
    pub subject: Subject,
    /// Where it stands.
    pub state: HypothesisState,
    /// Why, in figures.
    pub because: String,
}

/// SHA-256 over findings, whatever order they were found in.
pub fn findings_digest(findings: &[Finding]) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for finding in sorted {
        let line = serde_json::to_string(finding).expect("a finding is plain text");
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_findings_have_one_digest_in_any_order() {
        let finding = |order: &str| Finding {
            order: order.to_owned(),
            code: "NO_PRICE".to_owned(),
            field_path: "lines[1].unit_price".to_owned(),
            severity: "error".to_owned(),
            expected: None,
            actual: Some("1.00 EUR".to_owned()),
        };
        let (a, b) = (finding("1"), finding("2"));
        assert_eq!(findings_digest(&[a.clone(), b.clone()]), findings_digest(&[b, a.clone()]));
        assert_ne!(findings_digest(&[a]), findings_digest(&[]));
    }
}
