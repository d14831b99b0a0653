//! Sends letters through the outbound ledger: intent and verdict, commit; claim; call; result.
//!
//! Never send first and record later.
//! Whoever finds a claimed intent asks the transport before trying again, and what nobody can tell is never sent again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::{
    action::{ActionKind, ActionStatus, OutboundStatus},
    cycle::{ActOutput, Observed, Spent},
    engagement::TouchKind,
    id::{ActionId, ClientId, ComplianceItemId, DealId, QuoteId},
    policy::Moment,
    proposal::{LetterPayload, Payload},
    record::TouchSource,
    time::Timestamp,
};
use serde_json::json;
use store::{
    Scope, Transition,
    action::{ActionChange, ActionRow},
    engagement::Touch,
    outbound::{NewOutbound, OutboundRow},
};

use connectors::mail::{MailError, OutgoingMail, Whereabouts};

use super::{End, Step, fail, permitted, used_up};
use crate::{
    AgentError,
    cycle::Stage,
    gate::{Gate, Ruling},
    upkeep::{self, REARM_DAYS},
};

/// A letter that the policy lets leave now.
pub(crate) struct Departing<'a> {
    action: &'a ActionRow,
    letter: &'a LetterPayload,
    client: ClientId,
    ruling: Ruling,
}

impl<'a> Departing<'a> {
    /// A letter, or why the action is none.
    pub fn new(action: &'a ActionRow, ruling: Ruling) -> Result<Self, &'static str> {
        let Payload::Letter(letter) = &action.proposal.payload else {
            return Err("the payload is no letter");
        };
        let client = action.proposal.client.ok_or("the letter is for nobody's account")?;
        Ok(Self { action, letter, client, ruling })
    }
}

/// What a transport said about a letter that was handed over.
enum Answer {
    Sent {
        reference: String,
    },
    Refused {
        because: String,
    },
    /// It has certainly not left.
    Unavailable {
        error: String,
    },
    /// It stays claimed; the next Act asks the transport what became of it.
    Unanswered {
        error: String,
    },
}

/// Writes the intents of some letters down with their verdicts, then sends them one by one.
///
/// The answer to one is written down together with the claim of the next.
pub(crate) async fn send(
    stage: &Stage<'_>,
    departing: Vec<(usize, Departing<'_>)>,
) -> Result<Vec<(usize, End)>, AgentError> {
    if departing.is_empty() {
        return Ok(Vec::new());
    }
    let (places, letters): (Vec<usize>, Vec<_>) = departing.into_iter().unzip();
    let intents = write_down(stage, &letters).await?;
    let mut ends = Vec::with_capacity(letters.len());
    let mut answered = None;
    for ((place, it), intent) in places.into_iter().zip(&letters).zip(&intents) {
        let Some(intent) = intent else {
            ends.push((place, End::Gone));
            continue;
        };
        let began = Instant::now();
        let work = stage.begin().await?;
        let scope = work.scope();
        if let Some(before) = answered.take() {
            ends.push(settle(stage, &scope, before).await?);
        }
        // Asked before each letter: whoever pauses a tenant wants silence, and not at the end of a batch.
        let paused = stage.agent.check_not_paused(&scope).await;
        let claimed = match paused {
            Ok(()) => {
                let by = &stage.agent.instance;
                scope.mark_outbound_claimed(intent.id, by, stage.now).await?
            }
            Err(_) => Transition::Lost,
        };
        drop(scope);
        work.commit().await?;
        paused?;
        match claimed {
            Transition::Moved => {
                let answer = hand_over_at_once(stage, intent, began).await;
                answered = Some((place, it.action, intent, answer));
            }
            Transition::AlreadyThere | Transition::Lost => ends.push((place, End::Gone)),
        }
    }
    if let Some(last) = answered {
        let work = stage.begin().await?;
        let scope = work.scope();
        ends.push(settle(stage, &scope, last).await?);
        drop(scope);
        work.commit().await?;
    }
    Ok(ends)
}

/// Intents and verdicts in one unit of work; none where somebody else had moved the action meanwhile.
async fn write_down(
    stage: &Stage<'_>,
    letters: &[Departing<'_>],
) -> Result<Vec<Option<OutboundRow>>, AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let begun: Vec<_> = letters.iter().map(|it| (it.action.id, it.action.status)).collect();
    let moved = scope.mark_actions_executing(&begun, stage.now).await?;
    let ours: Vec<_> = letters.iter().filter(|it| moved.contains(&it.action.id)).collect();
    let judged: Vec<_> =
        ours.iter().map(|it| (it.action, &it.ruling.verdict, it.ruling.facts.clone())).collect();
    let decisions =
        scope.insert_decisions(&judged, Some(stage.run), Moment::Execute, stage.now).await?;
    let transport = stage.agent.transport.name();
    let new: Vec<_> = ours
        .iter()
        .zip(decisions)
        .map(|(it, decision)| NewOutbound {
            action: it.action.id,
            decision,
            client: it.client,
            letter: it.letter,
            transport,
            // A file reaches nobody: only in a simulation, where nobody is to be reached, does it count as a touch.
            touches_clock: transport != FILE || stage.tenant.is_simulated(),
        })
        .collect();
    let intents = scope.insert_outbound(&new, stage.now).await?;
    drop(scope);
    work.commit().await?;
    let mut of_action: HashMap<ActionId, OutboundRow> =
        intents.into_iter().map(|intent| (intent.action, intent)).collect();
    Ok(letters.iter().map(|it| of_action.remove(&it.action.id)).collect())
}

/// How old a claim may be when its letter is handed over. A process that stood still for longer may have lost its job to
/// another one, which has asked the transport by now, and heard that the letter was not sent.
const CLAIM_FRESH: Duration = Duration::from_secs(10);

async fn hand_over_at_once(stage: &Stage<'_>, intent: &OutboundRow, claimed: Instant) -> Answer {
    if CLAIM_FRESH < claimed.elapsed() {
        return Answer::Unanswered { error: "this process stood still after its claim".to_owned() };
    }
    hand_over(stage, intent).await
}

async fn hand_over(stage: &Stage<'_>, intent: &OutboundRow) -> Answer {
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
        Ok(reference) => Answer::Sent { reference },
        Err(MailError::Refused(because)) => Answer::Refused { because },
        Err(error @ MailError::Unavailable(_)) => Answer::Unavailable { error: error.to_string() },
        Err(error @ MailError::Unanswered(_)) => Answer::Unanswered { error: error.to_string() },
    }
}

/// Writes an answer down.
async fn settle(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    (place, action, intent, answer): (usize, &ActionRow, &OutboundRow, Answer),
) -> Result<(usize, End), AgentError> {
    let end = match answer {
        Answer::Sent { reference } => {
            // Claimed a moment ago, by this very run.
            settle_sent(stage, scope, action, intent, &reference, stage.now).await?
        }
        Answer::Refused { because } => {
            settle_failed(stage, scope, action, intent, &because).await?
        }
        Answer::Unavailable { error } => {
            scope.mark_outbound_released(intent.id).await?;
            End::Deferred { because: error }
        }
        Answer::Unanswered { error } => End::Deferred { because: error },
    };
    Ok((place, end))
}

/// The transport that writes to a folder.
const FILE: &str = "file";

/// Goes on with an intent that an interruption left behind, from whatever state it is in.
///
/// What has certainly not left is asked about again: hours may have passed, and facts with them.
pub(crate) async fn finish<'a>(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    action: &'a ActionRow,
    spent: &mut Spent,
) -> Result<Step<'a>, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let Some(intent) = scope.find_outbound_of(action.id).await? else {
        // The state was changed and the intent was not written: they are written together, so this is a damaged record.
        let because = "the intent is missing from the ledger";
        return Ok(Step::Ended(fail(stage, action, because).await?));
    };
    // What this run had handed over before it was interrupted is spent.
    let is_of_this_run = intent.claimed_at == Some(stage.now);
    let spend = |spent: &mut Spent| {
        if is_of_this_run {
            spent.count(action.proposal.kind);
        }
    };
    let end = match intent.status {
        OutboundStatus::Intended => return ask_once_more(stage, gate, action, spent).await,
        OutboundStatus::Claimed => match stage.agent.transport.find(intent.id).await {
            Ok(Whereabouts::Sent { reference }) => {
                spend(spent);
                found_sent(stage, action, &intent, &reference).await?
            }
            Ok(Whereabouts::NotSent) => {
                release(stage, &intent).await?;
                return ask_once_more(stage, gate, action, spent).await;
            }
            Ok(Whereabouts::Unknown) => {
                spend(spent);
                settle_unknown(stage, action, &intent).await?
            }
            Err(error) => {
                spend(spent);
                End::Deferred { because: error.to_string() }
            }
        },
        // Result and action are recorded together, so this is another worker's finished work.
        OutboundStatus::Sent | OutboundStatus::Failed | OutboundStatus::Unknown => End::Gone,
    };
    Ok(Step::Ended(end))
}

/// Asks about a letter that has certainly not left, by what is known now: its own claim counts no more.
async fn ask_once_more<'a>(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    action: &'a ActionRow,
    spent: &mut Spent,
) -> Result<Step<'a>, AgentError> {
    if let Some(end) = used_up(stage, action, spent) {
        return Ok(Step::Ended(end));
    }
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let known = gate.load_known(&scope, [&action.proposal]).await?;
    permitted(stage, gate, action, &known, spent).await
}

/// Writes down that a letter had left before the interruption.
async fn found_sent(
    stage: &Stage<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
    reference: &str,
) -> Result<End, AgentError> {
    // Found only now, it left when it was claimed, and the clocks count from then.
    let left_at = intent.claimed_at.unwrap_or(stage.now);
    let work = stage.begin().await?;
    let scope = work.scope();
    let end = settle_sent(stage, &scope, action, intent, reference, left_at).await?;
    drop(scope);
    work.commit().await?;
    Ok(end)
}

/// Gives a claim back: the letter has certainly not left, and nobody is kept waiting for it.
async fn release(stage: &Stage<'_>, intent: &OutboundRow) -> Result<(), AgentError> {
    let work = stage.begin().await?;
    work.scope().mark_outbound_released(intent.id).await?;
    work.commit().await?;
    Ok(())
}

async fn settle_sent(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
    reference: &str,
    left_at: Timestamp,
) -> Result<End, AgentError> {
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
        upkeep::rearm(scope, action, again_at, stage.now).await?;
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
    Ok(End::Done { outcome: format!("sent by {}", stage.agent.transport.name()) })
}

async fn settle_failed(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    action: &ActionRow,
    intent: &OutboundRow,
    because: &str,
) -> Result<End, AgentError> {
    let failed = OutboundStatus::Failed;
    scope.mark_outbound_result(intent.id, failed, None, Some(because), stage.now).await?;
    let change = ActionChange::to(ActionStatus::Failed, stage.now)
        .executed(stage.run, json!({ "outbound": intent.id }))
        .because(because);
    scope.mark_action(action.id, ActionStatus::Executing, &change).await?;
    let again_at = stage.now + chrono::TimeDelta::days(REARM_DAYS);
    upkeep::rearm(scope, action, again_at, stage.now).await?;
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
