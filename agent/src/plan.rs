//! Plan: put in order, gather, propose, ask the policy, write down.

use std::collections::HashSet;

use chrono::TimeDelta;
use domain::{
    action::ActionStatus,
    cycle::{ActionRef, InputCounts, Metrics, Phase, PlanInputs, PlanOutput, WorkBlock},
    engagement::in_time_since,
    id::{ActionId, MessageId},
    policy::{ASK_AGE_DAYS_MAX, Effect, Moment, Reason},
    proposal::{Payload, Proposal},
    record::Direction,
    tenant::TenantSettings,
    time::Timestamp,
};
use store::{Scope, action::JudgedProposal, mail::MessageRow};

use crate::{
    AgentError,
    cycle::{Stage, finish_phase},
    gate::{Gate, Ruling, is_order_check},
    gather::{Gather, MESSAGES_MAX},
    screen, upkeep,
};

/// Unreachable contacts that are counted for a work block.
const UNREACHABLE_MAX: u64 = 10_000;

pub(crate) async fn run(stage: &Stage<'_>, block: &mut WorkBlock) -> Result<(), AgentError> {
    let seen = put_in_order(stage).await?;
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let gather = Gather {
        scope: &scope,
        tenant: stage.tenant,
        now: stage.now,
        is_rehearsal: stage.is_rehearsal(),
    };
    let inputs = gather.inputs().await?;
    let handled = considered(&seen, &inputs);
    let metrics = measure(&scope, stage).await?;
    let proposals = stage.agent.planner.propose(&inputs).await?;
    let (fresh, already_proposed) = leave_out_known(&scope, stage, proposals).await?;
    let judged = judge(&scope, stage, &inputs, &metrics, fresh).await?;
    let unreachable = if stage.is_rehearsal() {
        upkeep::count_unreachable(&scope, stage.tenant, stage.now).await?
    } else {
        scope.list_unreachable(UNREACHABLE_MAX).await?.len()
    };

    let work = stage.begin().await?;
    let writes = work.scope();
    let ids = writes.insert_proposals(stage.run, &judged, !stage.is_rehearsal(), stage.now).await?;
    if !stage.is_rehearsal() {
        mark_fired(&writes, &judged, stage.now).await?;
        writes.mark_messages_handled(&handled, stage.now).await?;
    }
    let refs = judged.iter().zip(ids).map(|(it, id)| (it.verdict.effect, action_ref(it, id)));
    let mut output = PlanOutput { metrics, already_proposed, ..PlanOutput::default() };
    output.inputs = counts(&inputs, unreachable);
    for (effect, it) in refs {
        match effect {
            Effect::Allow => output.queue.push(it),
            Effect::NeedsApproval => output.awaiting.push(it),
            Effect::Deny => output.blocked.push(it),
        }
    }
    block.plan = Some(output);
    finish_phase(stage, &writes, Phase::Plan, block).await?;
    drop(writes);
    work.commit().await?;
    Ok(())
}

/// Upkeep in one unit of work; returns the messages that this plan considers.
async fn put_in_order(stage: &Stage<'_>) -> Result<Vec<MessageRow>, AgentError> {
    if stage.is_rehearsal() {
        return Ok(Vec::new());
    }
    let work = stage.begin().await?;
    let scope = work.scope();
    upkeep::expire(&scope, stage.now).await?;
    let messages = scope.list_unhandled_messages(None, stage.now, MESSAGES_MAX).await?;
    upkeep::apply_inbound(&scope, stage.tenant, &messages, stage.now).await?;
    upkeep::refresh_standings(&scope, stage.tenant, stage.now).await?;
    drop(scope);
    work.commit().await?;
    Ok(messages)
}

/// What this plan has really looked at: mail that was imported between two reads waits for the next one.
fn considered(seen: &[MessageRow], inputs: &PlanInputs) -> Vec<MessageId> {
    let planned: HashSet<MessageId> = inputs.email_updates.iter().map(|it| it.id).collect();
    let is_done =
        |row: &&MessageRow| row.direction == Direction::Outbound || planned.contains(&row.id);
    seen.iter().filter(is_done).map(|row| row.id).collect()
}

pub(crate) async fn measure(scope: &Scope<'_>, stage: &Stage<'_>) -> Result<Metrics, AgentError> {
    let since = in_time_since(stage.now, &stage.tenant.calendar);
    Ok(scope.measure(stage.now, since, stage.today()).await?)
}

/// Drops what an earlier cycle proposed, and what a planner proposed twice.
async fn leave_out_known(
    scope: &Scope<'_>,
    stage: &Stage<'_>,
    proposals: Vec<Proposal>,
) -> Result<(Vec<Proposal>, u32), AgentError> {
    let all = proposals.len();
    let mut seen = HashSet::new();
    let mut fresh: Vec<Proposal> = proposals
        .into_iter()
        .take(screen::PROPOSALS_MAX)
        .map(screen::fit)
        .filter(|it| seen.insert(it.dedup_key.clone()))
        .collect();
    let keys: Vec<String> = fresh.iter().map(|it| it.dedup_key.clone()).collect();
    let known = scope.known_dedup_keys(&keys, stage.as_of()).await?;
    fresh.retain(|it| !known.contains(&it.dedup_key));
    let left_out = u32::try_from(all - fresh.len()).unwrap_or(u32::MAX);
    if stage.is_rehearsal() {
        // A rehearsal's actions stand beside the real ones, each under its own run.
        for proposal in &mut fresh {
            proposal.dedup_key = format!("as_of:{}:{}", stage.run, proposal.dedup_key);
        }
    }
    Ok((fresh, left_out))
}

async fn judge(
    scope: &Scope<'_>,
    stage: &Stage<'_>,
    inputs: &PlanInputs,
    metrics: &Metrics,
    proposals: Vec<Proposal>,
) -> Result<Vec<JudgedProposal>, AgentError> {
    let gate =
        Gate { as_of: stage.as_of(), ..Gate::new(stage.tenant, stage.now, metrics, &inputs.goals) };
    // Orders come by the hundred, and their state was just loaded.
    let waiting: HashSet<_> = inputs
        .new_orders
        .iter()
        .chain(&inputs.pending_orders)
        .map(|order| (order.id.uuid(), order.client))
        .collect();
    let settings = &stage.tenant.settings;
    let known = gate.load_known(scope, &proposals).await?;
    let known_clients = screen::known_clients(scope, &proposals).await?;
    let mut judged = Vec::with_capacity(proposals.len());
    for mut proposal in proposals {
        let is_known_order = is_order_check(proposal.kind)
            && proposal.payload == Payload::Plain
            && proposal.subject.kind == domain::action::SubjectKind::Order
            && proposal
                .client
                .is_some_and(|client| waiting.contains(&(proposal.subject.id, client)));
        let Ruling { verdict, facts } = if is_known_order {
            gate.ask_order(&proposal, true, Moment::Propose)
        } else {
            gate.ask(scope, &proposal, &known, Moment::Propose).await?
        };
        let (status, hours) = match verdict.effect {
            _ if stage.is_rehearsal() => (ActionStatus::WouldDo, settings.proposal_hours),
            Effect::Allow => (ActionStatus::Proposed, hours_to_run(&proposal, settings)),
            Effect::NeedsApproval => (ActionStatus::Awaiting, settings.approval_hours),
            Effect::Deny => (ActionStatus::Blocked, settings.proposal_hours),
        };
        // Judged with the account that it names; kept without, if that is nobody of the tenant's.
        proposal.client = proposal.client.filter(|client| known_clients.contains(client));
        let expires_at = stage.now + TimeDelta::hours(i64::from(hours));
        let mut proposal = proposal;
        if status == ActionStatus::Blocked {
            // What was refused takes no key: or a junk proposal could shut the honest one out for ever.
            proposal.dedup_key = format!("blocked:{}:{}", stage.run, proposal.dedup_key);
        }
        judged.push(JudgedProposal { proposal, verdict, facts, status, expires_at });
    }
    Ok(judged)
}

/// How long a permitted action waits for its turn.
///
/// A mail is read once, so what it asks for waits for as long as the policy lets its words count; anything else is
/// proposed again from fresher facts.
fn hours_to_run(proposal: &Proposal, settings: &TenantSettings) -> u32 {
    let hours = settings.proposal_hours;
    let ask_hours = u32::try_from(ASK_AGE_DAYS_MAX * 24).unwrap_or(hours);
    if proposal.payload.message().is_some() { hours.max(ask_hours) } else { hours }
}

/// A touch fires once per epoch of its clock, whatever becomes of the proposal.
async fn mark_fired(
    scope: &Scope<'_>,
    judged: &[JudgedProposal],
    now: Timestamp,
) -> Result<(), AgentError> {
    let permitted = judged.iter().filter(|it| it.verdict.effect != Effect::Deny);
    let fired: Vec<_> = permitted
        .filter_map(|it| match &it.proposal.payload {
            Payload::Letter(letter) => Some((letter.contact, letter.epoch?)),
            _ => None,
        })
        .collect();
    scope.mark_fired(&fired, now).await?;
    Ok(())
}

fn action_ref(it: &JudgedProposal, action: ActionId) -> ActionRef {
    let proposal = &it.proposal;
    let verdict: Vec<Reason> = match it.verdict.effect {
        Effect::Allow => Vec::new(),
        Effect::NeedsApproval | Effect::Deny => it.verdict.decisive().cloned().collect(),
    };
    ActionRef {
        action,
        kind: proposal.kind,
        subject: proposal.subject,
        client: proposal.client,
        status: it.status,
        score: proposal.score,
        reasons: proposal.reasons.clone(),
        verdict,
        outcome: None,
    }
}

fn counts(inputs: &PlanInputs, unreachable: usize) -> InputCounts {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let today = inputs.tenant.calendar.local_date(inputs.now);
    InputCounts {
        goals: count(inputs.goals.len()),
        goals_behind: count(inputs.goals.iter().filter(|goal| goal.is_behind(today)).count()),
        new_orders: count(inputs.new_orders.len()),
        pending_orders: count(inputs.pending_orders.len()),
        stale_deals: count(inputs.stale_deals.len()),
        pending_quotes: count(inputs.pending_quotes.len()),
        engagement_violations: count(inputs.engagement_violations.len()),
        email_updates: count(inputs.email_updates.len()),
        vendor_compliance: count(inputs.vendor_compliance.len()),
        unreachable: count(unreachable),
    }
}
