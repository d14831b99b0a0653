//! A person's decision on an action that waits for one.
//!
//! It is bound to the hash of the exact payload, and the action is checked again when it executes, in the next Act.

use chrono::TimeDelta;
use domain::{
    action::{ActionStatus, Actor},
    id::ActionId,
    policy::{Effect, Moment},
    time::Timestamp,
};
use store::{
    Store, Transition,
    action::{ActionChange, ActionRow},
    tenant::Tenant,
};

use crate::{
    AgentError,
    gate::Gate,
    upkeep::{self, REARM_DAYS},
};

/// What came of a decision.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The action as it is now.
    pub action: ActionRow,
    /// Whether somebody had decided the same before.
    pub was_there: bool,
}

/// Approves an action. `seen_hash`, if given, must be the beginning of the payload's hash.
pub async fn approve(
    store: &Store,
    tenant: &Tenant,
    id: ActionId,
    seen_hash: Option<&str>,
    actor: Actor,
    now: Timestamp,
) -> Result<Decided, AgentError> {
    let action = awaiting(store, tenant, id, ActionStatus::Approved).await?;
    let action = match action {
        Ok(action) => action,
        Err(there) => return Ok(Decided { action: there, was_there: true }),
    };
    if action.expires_at.is_some_and(|end| end <= now) {
        return Err(AgentError::Forbidden("its time to be decided on is over".to_owned()));
    }
    let hash = action.proposal.payload_hash();
    let is_what_was_seen =
        seen_hash.is_none_or(|seen| SEEN_DIGITS_MIN <= seen.len() && hash.starts_with(seen));
    if hash != action.payload_hash || !is_what_was_seen {
        return Err(AgentError::OtherPayload { actual: hash.chars().take(SHOWN_DIGITS).collect() });
    }
    let work = store.begin(tenant.id).await?;
    let scope = work.scope();
    let goals = scope.list_goals(tenant.calendar.local_date(now), 100).await?;
    let since = domain::engagement::in_time_since(now, &tenant.calendar);
    let metrics = scope.measure(now, since, tenant.calendar.local_date(now)).await?;
    let gate = Gate::new(tenant, now, &metrics, &goals);
    // Asked as if it were to execute: an approval of what is forbidden by now would promise what cannot be kept.
    let known = gate.load_known(&scope, [&action.proposal]).await?;
    let ruling = gate.ask(&scope, &action.proposal, &known, Moment::Execute).await?;
    let effect = ruling.verdict.effect;
    let because: Vec<_> = ruling.verdict.decisive().map(|it| it.because.clone()).collect();
    scope
        .insert_decision(&action, None, &ruling.verdict, ruling.facts, Moment::Approve, now)
        .await?;
    if effect == Effect::Deny {
        drop(scope);
        work.commit().await?;
        return Err(AgentError::Forbidden(because.join("; ")));
    }
    // An approval has its own time to run: over quiet hours, or a weekend.
    let until = now + TimeDelta::hours(i64::from(tenant.settings.proposal_hours));
    let change = ActionChange::to(ActionStatus::Approved, now).decided_by(actor).expiring_at(until);
    let moved = scope.mark_action(id, ActionStatus::Awaiting, &change).await?;
    drop(scope);
    work.commit().await?;
    finish(store, tenant, id, moved).await
}

/// Rejects an action; a touch's clock may fire again after a week.
pub async fn reject(
    store: &Store,
    tenant: &Tenant,
    id: ActionId,
    reason: Option<&str>,
    actor: Actor,
    now: Timestamp,
) -> Result<Decided, AgentError> {
    let action = match awaiting(store, tenant, id, ActionStatus::Rejected).await? {
        Ok(action) => action,
        Err(there) => return Ok(Decided { action: there, was_there: true }),
    };
    let work = store.begin(tenant.id).await?;
    let scope = work.scope();
    let mut change = ActionChange::to(ActionStatus::Rejected, now).decided_by(actor);
    if let Some(reason) = reason {
        change = change.because(
            reason.chars().filter(|it| !it.is_control()).take(REASON_CHARS_MAX).collect::<String>(),
        );
    }
    let moved = scope.mark_action(id, ActionStatus::Awaiting, &change).await?;
    if moved == Transition::Moved {
        upkeep::rearm(&scope, &action, now + TimeDelta::days(REARM_DAYS), now).await?;
    }
    drop(scope);
    work.commit().await?;
    finish(store, tenant, id, moved).await
}

/// Digits of a hash that a person has to repeat at least: eight tell a million payloads apart.
const SEEN_DIGITS_MIN: usize = 8;
/// Digits of a hash that are shown.
const SHOWN_DIGITS: usize = 12;
/// Longest reason that is kept with a rejection.
const REASON_CHARS_MAX: usize = 500;

/// The action if it awaits a decision, or as it is if that decision was made before.
async fn awaiting(
    store: &Store,
    tenant: &Tenant,
    id: ActionId,
    wanted: ActionStatus,
) -> Result<Result<ActionRow, ActionRow>, AgentError> {
    let action =
        store.tenant(tenant.id).find_action(id).await?.ok_or(AgentError::UnknownAction(id))?;
    match action.status {
        ActionStatus::Awaiting => Ok(Ok(action)),
        status if status == wanted => Ok(Err(action)),
        status => Err(AgentError::NotAwaiting { id, status }),
    }
}

async fn finish(
    store: &Store,
    tenant: &Tenant,
    id: ActionId,
    moved: Transition,
) -> Result<Decided, AgentError> {
    let action =
        store.tenant(tenant.id).find_action(id).await?.ok_or(AgentError::UnknownAction(id))?;
    match moved {
        Transition::Moved => Ok(Decided { action, was_there: false }),
        Transition::AlreadyThere => Ok(Decided { action, was_there: true }),
        Transition::Lost => Err(AgentError::NotAwaiting { id, status: action.status }),
    }
}
