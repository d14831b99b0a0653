//! Takes up an Act that was interrupted: what its run did before belongs to the same record and the same budgets.

use std::collections::HashSet;

use domain::{
    action::ActionStatus,
    cycle::{ActOutput, Finding, Observed},
    order::Fault,
    policy::Effect,
    proposal::Subject,
};
use store::action::ActionRow;

use super::{End, not_before_text, note};
use crate::{AgentError, cycle::Stage, gate::is_order_check};

/// Enters what this run carried out or refused before it was interrupted; returns the findings of orders among it.
pub(crate) async fn take_up(
    stage: &Stage<'_>,
    output: &mut ActOutput,
) -> Result<Vec<Finding>, AgentError> {
    if stage.is_rehearsal() {
        return Ok(Vec::new());
    }
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let actions = scope.list_actions_executed_by(stage.run).await?;
    let orders: HashSet<Subject> = actions
        .iter()
        .filter(|action| is_order_check(action.proposal.kind))
        .map(|action| action.proposal.subject)
        .collect();
    let numbers = scope.names_of(&orders).await?;
    let mut findings = Vec::new();
    for action in &actions {
        let is_done = action.status == ActionStatus::Done;
        if is_order_check(action.proposal.kind) && is_done {
            let number = numbers.get(&action.proposal.subject).cloned().unwrap_or_default();
            findings.extend(order_again(action, &number, output));
        }
        // What nobody can tell may have left, so it is spent.
        if is_done || action.status == ActionStatus::Unknown {
            output.spent.count(action.proposal.kind);
        }
        let error = action.error.clone().unwrap_or_default();
        let done = if is_done {
            End::Done { outcome: outcome_text(action) }
        } else {
            End::Failed { status: action.status, error }
        };
        note(output, action, done);
    }
    for action in scope.list_put_off_by(stage.run, stage.now).await? {
        let because = action.not_before.map(|at| not_before_text(stage, at)).unwrap_or_default();
        note(output, &action, End::Deferred { because });
    }
    for (action, effect, reasons) in scope.list_refused_by(stage.run).await? {
        let reasons = reasons.into_iter().filter(|reason| reason.argues == effect).collect();
        let end = match effect {
            Effect::Deny => End::Stopped { reasons },
            Effect::NeedsApproval => End::Held { reasons },
            Effect::Allow => continue,
        };
        note(output, &action, end);
    }
    Ok(findings)
}

fn outcome_text(action: &ActionRow) -> String {
    let outcome = action.outcome.as_ref();
    let text = outcome.and_then(|it| it.get("did").or_else(|| it.get("verdict")));
    text.and_then(|it| it.as_str()).unwrap_or("sent").to_owned()
}

/// Counts an order that was checked before, from what was kept with its action.
fn order_again(action: &ActionRow, number: &str, output: &mut ActOutput) -> Vec<Finding> {
    let outcome = action.outcome.as_ref();
    let kept = outcome.and_then(|it| it.get("faults")).cloned().unwrap_or_default();
    let faults: Vec<Fault> = serde_json::from_value(kept).unwrap_or_default();
    let is_accepted = outcome.is_some_and(|it| it["verdict"] == "accepted");
    output.orders_checked += 1;
    output.orders_accepted += u32::from(is_accepted);
    for fault in &faults {
        *output.faults.entry(fault.code.to_string()).or_default() += 1;
    }
    let kept = outcome.and_then(|it| it.get("observed")).cloned().unwrap_or_default();
    let observed: Vec<Observed> = serde_json::from_value(kept).unwrap_or_default();
    output.observed.extend(observed);
    faults.iter().map(|fault| super::orders::finding(number, fault)).collect()
}
