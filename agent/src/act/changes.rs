//! Changes to the records, each in one unit of work with its verdict and the action's end.

use domain::{
    action::{ActionKind, ActionStatus},
    engagement::QuoteStatus,
    id::{DealId, MessageId, QuoteId},
    proposal::{Evidence, Justification, Payload, hex},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{
    Scope, StoreResult, Transition,
    action::{ActionChange, ActionRow},
    care::NewCase,
    memory::Pattern,
};

use super::{End, fail, keep};
use crate::{AgentError, cycle::Stage, gate::Ruling};

/// A pattern that nobody saw again for this long is let go.
const PATTERN_DAYS: i64 = 180;

/// Applies a change. What the records refuse, because they moved on, fails with that reason.
pub(crate) async fn apply(
    stage: &Stage<'_>,
    action: &ActionRow,
    ruling: Ruling,
) -> Result<End, AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let changed = change(stage, &scope, action).await?;
    let Some(outcome) = changed else {
        drop(scope);
        drop(work);
        return fail(stage, action, "the records moved on meanwhile").await;
    };
    keep(stage, &scope, action, ruling).await?;
    let end = ActionChange::to(ActionStatus::Done, stage.now)
        .executed(stage.run, json!({ "did": outcome }));
    if scope.mark_action(action.id, action.status, &end).await? == Transition::Lost {
        return Ok(End::Gone);
    }
    if let Some(client) = action.proposal.client {
        scope.mark_standing_stale(&[client]).await?;
    }
    drop(scope);
    work.commit().await?;
    Ok(End::Done { outcome })
}

async fn change(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    action: &ActionRow,
) -> StoreResult<Option<String>> {
    let now = stage.now;
    let today = stage.today();
    let Some(client) = action.proposal.client else { return Ok(None) };
    match (&action.proposal.payload, action.proposal.kind) {
        (Payload::Advance(advance), ActionKind::AdvanceDeal) => {
            let deal = scope.find_deal(DealId::from_uuid(action.proposal.subject.id)).await?;
            let Some(deal) = deal.filter(|it| it.facts.stage_type == advance.from) else {
                return Ok(None);
            };
            let moved = scope.mark_deal_advanced(&deal, advance.to, action.id, today, now).await?;
            Ok((moved == Transition::Moved).then(|| format!("{} → {}", advance.from, advance.to)))
        }
        (Payload::Loss(loss), ActionKind::RecordQuoteLoss) => {
            let id = QuoteId::from_uuid(action.proposal.subject.id);
            let Some(quote) = scope.find_quote(id).await? else { return Ok(None) };
            let reason =
                loss.reason.clone().or(quote.lost_reason).unwrap_or_else(|| "not told".to_owned());
            if scope.mark_quote_lost(id, &reason, today, now).await? != Transition::Moved {
                return Ok(None);
            }
            keep_loss(stage, scope, &reason, id, quote.facts.status).await?;
            Ok(Some("loss kept as a pattern".to_owned()))
        }
        (Payload::Task(task), ActionKind::CreateTask) => {
            let contact = match &task.justification {
                Justification::ClientAsk { message, .. } => sender(scope, *message).await?,
                Justification::ComplianceDue { .. }
                | Justification::Safety { .. }
                | Justification::None => None,
            };
            let given = scope.insert_task(action.id, client, contact, task, now).await?;
            Ok((given == Transition::Moved).then(|| format!("task: {}", task.task)))
        }
        (Payload::Case(case), ActionKind::OpenCase) => {
            let evidence = [Evidence::Words { message: case.message, span: case.span }];
            let new = NewCase {
                kind: case.case,
                client,
                contact: sender(scope, case.message).await?,
                message: case.message,
                evidence: &evidence,
                action: action.id,
            };
            scope.insert_case(&new, now).await?;
            Ok(Some(format!("{} case opened", case.case)))
        }
        _ => Ok(None),
    }
}

async fn sender(
    scope: &Scope<'_>,
    message: MessageId,
) -> StoreResult<Option<domain::id::ContactId>> {
    let rows = scope.load_messages(&[message]).await?;
    Ok(rows.into_iter().next().and_then(|row| row.contact))
}

/// One pattern per reason: the field's words for a loss are few, and imported ones are kept as they are.
async fn keep_loss(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    reason: &str,
    quote: QuoteId,
    was: QuoteStatus,
) -> StoreResult<()> {
    // Hashed: a reason is somebody's words, of any length, and a key has to be neither.
    let words = reason.trim().to_lowercase();
    let key = format!("pattern:quote_lost:{}", hex(&Sha256::digest(words.as_bytes())));
    let pattern = Pattern {
        key: &key,
        content: json!({ "pattern": "quote_lost", "was": was }),
        evidence: json!([quote]),
        expires_at: stage.now + chrono::TimeDelta::days(PATTERN_DAYS),
    };
    scope.upsert_pattern(stage.run, &pattern, stage.now).await
}
