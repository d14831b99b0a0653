//! Sends letters through the outbound ledger: intent and verdict, commit; claim; call; result.
//!
//! Never send first and record later.
//! Whoever finds a claimed intent asks the transport before trying again, and what nobody can tell is never sent again.

use domain::{
    action::{ActionKind, ActionStatus, OutboundStatus},
    cycle::{ActOutput, Observed, Spent},
    engagement::TouchKind,
    id::{ComplianceItemId, DealId, QuoteId},
    policy::Moment,
    proposal::Payload,
    record::TouchSource,
};
use serde_json::json;
use store::{
    Transition,
    action::{ActionChange, ActionRow},
    engagement::Touch,
    outbound::{NewOutbound, OutboundRow},
};

use connectors::mail::{MailError, OutgoingMail, Whereabouts};

use super::{End, fail, permitted};
use crate::{
    AgentError,
    cycle::Stage,
    gate::{Gate, Ruling},
    upkeep::{self, REARM_DAYS},
};

/// Writes the intent down with its verdict, then sends.
pub(crate) async fn begin(
    stage: &Stage<'_>,
    action: &ActionRow,
    ruling: Ruling,
) -> Result<End, AgentError> {
    let Payload::Letter(letter) = &action.proposal.payload else {
        return fail(stage, action, "the payload is no letter").await;
    };
    let Some(client) = action.proposal.client else {
        return fail(stage, action, "the letter is for nobody's account").await;
    };
    let work = stage.begin().await?;
    let scope = work.scope();
    let change = ActionChange::to(ActionStatus::Executing, stage.now);
    if scope.mark_action(action.id, action.status, &change).await? == Transition::Lost {
        return Ok(End::Gone);
    }
    let decision = scope
        .insert_decision(
            action,
            Some(stage.run),
            &ruling.verdict,
            ruling.facts,
            Moment::Execute,
            stage.now,
        )
        .await?;
    let new = NewOutbound {
        action: action.id,
        decision,
        client,
        letter,
        transport: stage.agent.transport.name(),
        // A file reaches nobody: only in a simulation, where nobody is to be reached, does it count as a touch.
        touches_clock: stage.agent.transport.name() != FILE || stage.tenant.is_simulated(),
    };
    let intent = scope.insert_outbound(&new, stage.now).await?;
    drop(scope);
    work.commit().await?;
    claim_and_send(stage, action, &intent).await
}

/// The transport that writes to a folder.
const FILE: &str = "file";

/// Goes on with an intent that an interruption left behind, from whatever state it is in.
///
/// What has certainly not left is asked about again: hours may have passed, and facts with them.
pub(crate) async fn finish(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    action: &ActionRow,
    spent: &mut Spent,
) -> Result<End, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let Some(intent) = scope.find_outbound_of(action.id).await? else {
        // The state was changed and the intent was not written: they are written together, so this is a damaged record.
        return fail_executing(stage, action, "the intent is missing from the ledger").await;
    };
    // What this run had handed over before it was interrupted is spent.
    let is_of_this_run = intent.claimed_at == Some(stage.now);
    let spend = |spent: &mut Spent| {
        if is_of_this_run {
            spent.count(action.proposal.kind);
        }
    };
    match intent.status {
        OutboundStatus::Intended => permitted(stage, gate, action, spent).await,
        OutboundStatus::Claimed => match stage.agent.transport.find(intent.id).await {
            Ok(Whereabouts::Sent { reference }) => {
                spend(spent);
                settle_sent(stage, action, &intent, &reference).await
            }
            Ok(Whereabouts::NotSent) => {
                release(stage, &intent).await?;
                permitted(stage, gate, action, spent).await
            }
            Ok(Whereabouts::Unknown) => {
                spend(spent);
                settle_unknown(stage, action, &intent).await
            }
            Err(error) => {
                spend(spent);
                Ok(End::Deferred { because: error.to_string() })
            }
        },
        OutboundStatus::Sent | OutboundStatus::Failed | OutboundStatus::Unknown => {
            // Result and action are recorded together, so this is another worker's finished work.
            Ok(End::Gone)
        }
    }
}

/// Gives a claim back: the letter has certainly not left, and nobody is kept waiting for it.
async fn release(stage: &Stage<'_>, intent: &OutboundRow) -> Result<(), AgentError> {
    let work = stage.begin().await?;
    work.scope().mark_outbound_released(intent.id).await?;
    work.commit().await?;
    Ok(())
}

async fn claim_and_send(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
) -> Result<End, AgentError> {
    let work = stage.begin().await?;
    let claimed =
        work.scope().mark_outbound_claimed(intent.id, &stage.agent.instance, stage.now).await?;
    work.commit().await?;
    match claimed {
        Transition::Moved => send(stage, action, intent).await,
        Transition::AlreadyThere | Transition::Lost => Ok(End::Gone),
    }
}

async fn send(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
) -> Result<End, AgentError> {
    let mail = OutgoingMail {
        intent: intent.id,
        from_name: stage.tenant.sender_name.clone(),
        from_address: format!("{}@localhost", stage.tenant.slug),
        to_address: intent.to_address.clone(),
        subject: intent.subject.clone(),
        body: intent.body.clone(),
        date: stage.now,
    };
    match stage.agent.transport.send(&mail).await {
        Ok(reference) => settle_sent(stage, action, intent, &reference).await,
        Err(MailError::Refused(because)) => settle_failed(stage, action, intent, &because).await,
        Err(error @ MailError::Unavailable(_)) => {
            release(stage, intent).await?;
            Ok(End::Deferred { because: error.to_string() })
        }
        // It stays claimed; the next Act asks the transport what became of it.
        Err(error @ MailError::Unanswered(_)) => Ok(End::Deferred { because: error.to_string() }),
    }
}

async fn settle_sent(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
    reference: &str,
) -> Result<End, AgentError> {
    // Found only now, it left when it was claimed, and the clocks count from then.
    let left_at = intent.claimed_at.unwrap_or(stage.now);
    let work = stage.begin().await?;
    let scope = work.scope();
    let sent = OutboundStatus::Sent;
    let moved = scope.mark_outbound_result(intent.id, sent, Some(reference), None, left_at).await?;
    if moved != Transition::Moved {
        return Ok(End::Gone);
    }
    let outcome = json!({ "outbound": intent.id, "transport": stage.agent.transport.name() });
    let change = ActionChange::to(ActionStatus::Done, stage.now).executed(stage.run, outcome);
    scope.mark_action(action.id, ActionStatus::Executing, &change).await?;
    if intent.touches_clock {
        let touch = Touch {
            contact: Some(intent.contact),
            client: intent.client,
            at: left_at,
            kind: TouchKind::Email,
            by: "agent",
            source: (TouchSource::Outbound, intent.id.uuid()),
        };
        scope.record_touch(&touch, &stage.tenant.calendar, stage.now).await?;
    } else {
        let again_at = stage.now
            + chrono::TimeDelta::days(
                i64::try_from(domain::engagement::ENGAGEMENT_DAYS).unwrap_or(21),
            );
        upkeep::rearm(&scope, action, again_at, stage.now).await?;
    }
    let id = action.proposal.subject.id;
    match action.proposal.kind {
        ActionKind::FollowUpDeal => {
            scope.mark_deal_followed_up(DealId::from_uuid(id), stage.today(), stage.now).await?;
        }
        ActionKind::FollowUpQuote => {
            scope.mark_quote_followed_up(QuoteId::from_uuid(id), stage.today(), stage.now).await?;
        }
        ActionKind::RemindCompliance => {
            let item = ComplianceItemId::from_uuid(id);
            scope.mark_compliance_reminded(item, stage.today(), stage.now).await?;
        }
        _ => {}
    }
    drop(scope);
    work.commit().await?;
    Ok(End::Done { outcome: format!("sent by {}", stage.agent.transport.name()) })
}

async fn settle_failed(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
    because: &str,
) -> Result<End, AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let failed = OutboundStatus::Failed;
    scope.mark_outbound_result(intent.id, failed, None, Some(because), stage.now).await?;
    let change = ActionChange::to(ActionStatus::Failed, stage.now)
        .executed(stage.run, json!({ "outbound": intent.id }))
        .because(because);
    scope.mark_action(action.id, ActionStatus::Executing, &change).await?;
    let again_at = stage.now + chrono::TimeDelta::days(REARM_DAYS);
    upkeep::rearm(&scope, action, again_at, stage.now).await?;
    drop(scope);
    work.commit().await?;
    Ok(End::Failed { status: ActionStatus::Failed, error: because.to_owned() })
}

async fn settle_unknown(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
) -> Result<End, AgentError> {
    let because = "nobody can tell whether it left; it is never sent again by itself";
    let work = stage.begin().await?;
    let scope = work.scope();
    let unknown = OutboundStatus::Unknown;
    scope.mark_outbound_result(intent.id, unknown, None, Some(because), stage.now).await?;
    let change = ActionChange::to(ActionStatus::Unknown, stage.now)
        .executed(stage.run, json!({ "outbound": intent.id }))
        .because(because);
    scope.mark_action(action.id, ActionStatus::Executing, &change).await?;
    // The person is not forgotten over it: another letter falls due later, under an intent of its own.
    let again_at = stage.now + chrono::TimeDelta::days(REARM_DAYS);
    upkeep::rearm(&scope, action, again_at, stage.now).await?;
    drop(scope);
    work.commit().await?;
    Ok(End::Failed { status: ActionStatus::Unknown, error: because.to_owned() })
}

async fn fail_executing(
    stage: &Stage<'_>,
    action: &ActionRow,
    because: &str,
) -> Result<End, AgentError> {
    let executing = ActionRow { status: ActionStatus::Executing, ..action.clone() };
    fail(stage, &executing, because).await
}

/// What letters that left give reason to watch for.
pub(crate) fn observe(output: &mut ActOutput) {
    for it in &output.done {
        let is_at_risk = it.reasons.iter().any(|because| because.starts_with("churn_risk"));
        match (it.kind, it.client) {
            (ActionKind::SendTouch, Some(client)) if is_at_risk => {
                output.observed.push(Observed::TouchedAtRisk { client });
            }
            (ActionKind::FollowUpDeal, _) => {
                output
                    .observed
                    .push(Observed::FollowedUp { deal: DealId::from_uuid(it.subject.id) });
            }
            _ => {}
        }
    }
}
