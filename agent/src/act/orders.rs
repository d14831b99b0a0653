//! Checks orders, many at a time: pricing, credit, requirements, then accepted or held with every exception.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    action::ActionStatus,
    cycle::{ActOutput, Finding, Observed},
    id::{ClientId, OrderId},
    order::{Fault, FaultCode, OrderVerdict, check_order},
    policy::{Effect, Moment},
    record::OrderStatus,
};
use serde_json::json;
use store::{
    action::{ActionRow, EndedAction},
    order::CheckedOrder,
    order_facts::OrderToCheck,
};

use super::{End, note};
use crate::{AgentError, cycle::Stage, gate::Gate};

/// Orders checked and committed together: large enough to be quick, small enough that a crash repeats little.
const ORDERS_PER_WORK: usize = 250;
/// Faults kept with an action's outcome; the exceptions themselves are all kept.
const FAULTS_SHOWN_MAX: usize = 50;

/// Checks every order; returns every finding.
pub(crate) async fn check(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    actions: Vec<ActionRow>,
    output: &mut ActOutput,
) -> Result<Vec<Finding>, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let ids: Vec<OrderId> =
        actions.iter().map(|action| OrderId::from_uuid(action.proposal.subject.id)).collect();
    let mut by_order: HashMap<OrderId, ActionRow> = ids.iter().copied().zip(actions).collect();
    // Sorted by date and number, so that credit is used up in the order in which it was asked for.
    let mut sorted: Vec<(domain::time::Date, String, OrderId)> = scope.order_keys(&ids).await?;
    sorted.sort();
    let mut findings = Vec::new();
    let mut accepted: HashMap<ClientId, i64> = HashMap::new();
    for chunk in sorted.chunks(ORDERS_PER_WORK) {
        let ids: Vec<OrderId> = chunk.iter().map(|(_, _, id)| *id).collect();
        let orders = scope.load_orders_to_check(&ids, stage.today()).await?;
        if !stage.is_rehearsal() {
            // What earlier chunks accepted stands in the records by now.
            accepted.clear();
        }
        let batch: Vec<(ActionRow, OrderToCheck)> = orders
            .into_iter()
            .filter_map(|order| Some((by_order.remove(&order.id)?, order)))
            .collect();
        check_batch(stage, gate, batch, &mut accepted, output, &mut findings).await?;
    }
    Ok(findings)
}

async fn check_batch(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    batch: Vec<(ActionRow, OrderToCheck)>,
    accepted: &mut HashMap<ClientId, i64>,
    output: &mut ActOutput,
    findings: &mut Vec<Finding>,
) -> Result<(), AgentError> {
    let policy = stage.tenant.settings.order_policy();
    let mut rulings = Vec::with_capacity(batch.len());
    let mut checked = Vec::with_capacity(batch.len());
    for (action, mut order) in batch {
        let is_waiting = matches!(order.status, OrderStatus::New | OrderStatus::Held);
        let ruling = gate.ask_order(&action.proposal, is_waiting, Moment::Execute);
        if ruling.verdict.effect != Effect::Allow {
            let done = super::stop(stage, &action, ruling).await?;
            note(output, &action, done);
            continue;
        }
        order.add_exposure(accepted.get(&order.client).copied().unwrap_or(0));
        let verdict = check_order(&order.facts(), &policy);
        if order.is_bill() && !verdict.holds() {
            let minor = verdict.total.map_or(0, |total| total.minor);
            let used = accepted.entry(order.client).or_default();
            *used = used.saturating_add(minor);
        }
        rulings.push(ruling);
        checked.push((action, order, verdict));
    }
    let work = stage.begin().await?;
    let scope = work.scope();
    if !stage.is_rehearsal() {
        let decisions: Vec<_> = rulings
            .iter()
            .zip(&checked)
            .map(|(ruling, (action, ..))| (action, &ruling.verdict, ruling.facts.clone()))
            .collect();
        scope.insert_decisions(&decisions, Some(stage.run), Moment::Execute, stage.now).await?;
    }
    let mut to = ActionStatus::WouldDo;
    if !stage.is_rehearsal() {
        to = ActionStatus::Done;
        let verdicts: Vec<CheckedOrder> = checked
            .iter()
            .map(|(_, order, verdict)| CheckedOrder {
                id: order.id,
                from: order.status,
                verdict: verdict.clone(),
            })
            .collect();
        let moved = scope.mark_orders_checked(&verdicts, stage.run, stage.now).await?;
        // Whoever else moved an order meanwhile speaks for it.
        checked.retain(|(_, order, _)| moved.contains(&order.id));
        let clients: BTreeSet<ClientId> =
            checked.iter().map(|(_, order, _)| order.client).collect();
        scope.mark_standing_stale(&clients.into_iter().collect::<Vec<_>>()).await?;
    }
    let ended: Vec<EndedAction> = checked
        .iter()
        .map(|(action, order, verdict)| EndedAction {
            id: action.id,
            from: action.status,
            to,
            outcome: outcome_json(order, verdict),
        })
        .collect();
    scope.mark_actions_executed(stage.run, &ended, stage.now).await?;
    for (action, order, verdict) in checked {
        collect(&order, &verdict, output, findings);
        note(output, &action, End::Done { outcome: outcome_text(&verdict) });
    }
    drop(scope);
    work.commit().await?;
    Ok(())
}

fn collect(
    order: &OrderToCheck,
    verdict: &OrderVerdict,
    output: &mut ActOutput,
    findings: &mut Vec<Finding>,
) {
    output.orders_checked += 1;
    output.orders_accepted += u32::from(!verdict.holds());
    for fault in &verdict.faults {
        *output.faults.entry(fault.code.to_string()).or_default() += 1;
        findings.push(finding(&order.number, fault));
    }
    output.observed.extend(observed(order, verdict));
}

/// What may be more than a slip: the prices that an order names instead of the book's.
fn observed(order: &OrderToCheck, verdict: &OrderVerdict) -> Vec<Observed> {
    let other_prices = verdict.faults.iter().filter(|fault| fault.code == FaultCode::PriceMismatch);
    let seen = other_prices.filter_map(|fault| {
        let line = order.lines().iter().find(|line| Some(line.line_no) == fault.line_no)?;
        let (product, unit_price_minor) = (line.product?, line.unit_price_minor);
        Some(Observed::PriceMismatch { product, unit_price_minor })
    });
    seen.collect()
}

/// A fault as a person would quote it.
pub(super) fn finding(number: &str, fault: &Fault) -> Finding {
    Finding {
        order: number.to_owned(),
        code: fault.code.to_string(),
        field_path: fault.field_path.clone(),
        severity: fault.severity.to_string(),
        expected: fault.expected.clone(),
        actual: fault.actual.clone(),
    }
}

/// What is kept of a check, also for a phase that is taken up after an interruption.
fn outcome_json(order: &OrderToCheck, verdict: &OrderVerdict) -> serde_json::Value {
    let shown: Vec<_> = verdict.faults.iter().take(FAULTS_SHOWN_MAX).collect();
    let mut observed = observed(order, verdict);
    observed.truncate(FAULTS_SHOWN_MAX);
    json!({
        "verdict": if verdict.holds() { "held" } else { "accepted" },
        "total": verdict.total,
        "faults": shown,
        "observed": observed,
        "faults_not_shown": verdict.faults.len().saturating_sub(shown.len()) + verdict.faults_omitted,
    })
}

fn outcome_text(verdict: &OrderVerdict) -> String {
    let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
    for fault in &verdict.faults {
        *codes.entry(fault.code.as_str()).or_default() += 1;
    }
    let codes: Vec<String> = codes
        .into_iter()
        .map(|(code, count)| if count == 1 { code.to_owned() } else { format!("{code} ×{count}") })
        .collect();
    match (verdict.holds(), codes.is_empty()) {
        (false, true) => "accepted".to_owned(),
        (false, false) => format!("accepted, with {}", codes.join(", ")),
        (true, _) => format!("held: {}", codes.join(", ")),
    }
}
