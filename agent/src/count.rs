//! What cycles come to, as it is counted for dashboards and alerts.
//!
//! Counted after a phase is committed, and once: a phase that is begun again finds nothing left of what it had done.

use domain::{
    action::{ActionKind, ActionStatus},
    cycle::{ActionRef, Phase, RunStatus, WorkBlock},
    metrics as names,
};
use metrics::{counter, histogram};

/// Begins at nothing what wakes somebody the first time it happens: a count that is not there yet cannot have risen.
pub fn begin_counting() {
    for status in [RunStatus::Completed, RunStatus::Failed, RunStatus::Abandoned] {
        counter!(names::CYCLES, "outcome" => status.as_str()).increment(0);
    }
    for outcome in ["sent", "failed", "unknown"] {
        counter!(names::LETTERS, "outcome" => outcome).increment(0);
    }
    for rule in domain::policy::RULES {
        counter!(names::POLICY_VIOLATIONS, "rule" => rule.id).increment(0);
    }
    for known_by in ["queue", "database"] {
        counter!(names::LOCK_CONTENTION, "known_by" => known_by).increment(0);
    }
}

/// Counts what a phase has written down.
pub(crate) fn phase(phase: Phase, block: &WorkBlock) {
    match phase {
        Phase::Plan => plan(block),
        Phase::Act => act(block),
        Phase::React => react(block),
        Phase::Reflect => closed(RunStatus::Completed),
    }
}

/// A run came to its end.
pub(crate) fn closed(status: RunStatus) {
    counter!(names::CYCLES, "outcome" => status.as_str()).increment(1);
}

/// Another run had the tenant's lock.
pub(crate) fn contended(known_by: &'static str) {
    counter!(names::LOCK_CONTENTION, "known_by" => known_by).increment(1);
}

fn plan(block: &WorkBlock) {
    let Some(plan) = &block.plan else { return };
    for it in &plan.awaiting {
        ended(it.kind, "awaiting");
    }
    for it in &plan.blocked {
        ended(it.kind, "blocked");
        refused(it);
    }
}

fn act(block: &WorkBlock) {
    let Some(act) = &block.act else { return };
    for it in act.done.iter().chain(&act.failed) {
        ended(it.kind, it.status.as_str());
        letter(it);
    }
    for it in &act.stopped {
        ended(it.kind, "stopped");
        refused(it);
    }
    for it in &act.deferred {
        ended(it.kind, "deferred");
    }
    let held = act.orders_checked.saturating_sub(act.orders_accepted);
    counter!(names::ORDERS_CHECKED, "outcome" => "accepted").increment(act.orders_accepted.into());
    counter!(names::ORDERS_CHECKED, "outcome" => "held").increment(held.into());
    let carried_out = u32::try_from(act.done.len()).unwrap_or(u32::MAX);
    histogram!(names::CYCLE_ACTIONS).record(carried_out);
}

fn react(block: &WorkBlock) {
    let Some(react) = &block.react else { return };
    let share = f64::from(react.metrics.engagement_compliance.0) / 10_000.0;
    histogram!(names::ENGAGEMENT_COMPLIANCE).record(share);
}

fn ended(kind: ActionKind, outcome: &'static str) {
    counter!(names::ACTIONS, "kind" => kind.as_str(), "outcome" => outcome).increment(1);
}

/// Every rule counts that it would have broken; a fact that changed in the meantime is none.
/// Without the kind of action: each rule begins at nothing, so that its first burst is seen.
fn refused(it: &ActionRef) {
    for reason in it.verdict.iter().filter(|reason| reason.is_violation) {
        counter!(names::POLICY_VIOLATIONS, "rule" => reason.rule.clone()).increment(1);
    }
}

fn letter(it: &ActionRef) {
    let outcome = match it.status {
        _ if !it.kind.leaves_system() => return,
        ActionStatus::Done => "sent",
        ActionStatus::Unknown => "unknown",
        _ => "failed",
    };
    counter!(names::LETTERS, "outcome" => outcome).increment(1);
}
