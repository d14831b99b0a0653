//! What is put in order before a plan: touches that arrived, standings that aged, proposals that nobody decided on.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{
    action::ActionKind,
    engagement::{OrderRhythm, StandingFacts, TouchKind, churn_risk, standing_points},
    id::ClientId,
    mail::{MessageKind, SenderProof},
    money::Score,
    proposal::Payload,
    record::{ClockOwner, Direction, TouchSource, unreachable_because},
    time::{Date, Timestamp},
};
use store::{
    Scope, StoreResult,
    action::ActionRow,
    engagement::Touch,
    mail::MessageRow,
    standing::{AccountFacts, StandingUpdate},
    tenant::Tenant,
};

/// Accounts whose standing one cycle computes anew; a million of them are gone through in three weeks of hours,
/// and whatever changes comes first.
pub(crate) const REFRESH_CLIENTS_MAX: u64 = 2_000;
/// Accounts that one statement asks about: a rehearsal asks about all whose clocks are due.
const CLIENTS_PER_STATEMENT: usize = 2_000;
/// How old a standing may be: it changes with orders and with days, not with hours.
const STANDING_AGE_HOURS: i64 = 24;
/// Proposals that one cycle lets expire.
const EXPIRE_MAX: u64 = 1_000;
/// A letter that a person refused, or that failed, is not proposed again sooner.
pub(crate) const REARM_DAYS: i64 = 7;

/// Ends what waited too long, and lets the clocks behind it fire again.
pub(crate) async fn expire(scope: &Scope<'_>, now: Timestamp) -> StoreResult<()> {
    for action in scope.expire_actions(now, EXPIRE_MAX).await? {
        // Nobody refused it: it is planned again at once, from today's facts.
        rearm(scope, &action, now, now).await?;
    }
    Ok(())
}

/// Lets the clock behind a touch fire again at `at`.
pub(crate) async fn rearm(
    scope: &Scope<'_>,
    action: &ActionRow,
    at: Timestamp,
    now: Timestamp,
) -> StoreResult<()> {
    if action.proposal.kind != ActionKind::SendTouch {
        return Ok(());
    }
    let Payload::Letter(letter) = &action.proposal.payload else { return Ok(()) };
    let Some(epoch) = letter.epoch else { return Ok(()) };
    scope.mark_rearmed(letter.contact, epoch, at, now).await?;
    Ok(())
}

/// Winds the clocks for what people wrote, and notes that buyers are not quiet.
pub(crate) async fn apply_inbound(
    scope: &Scope<'_>,
    tenant: &Tenant,
    messages: &[MessageRow],
    now: Timestamp,
) -> StoreResult<()> {
    for message in messages {
        // A From header that the provider itself disbelieves touches nobody: forged mail could
        // otherwise keep a client silent. Where nobody vouches either way, it counts.
        let counts = message.findings.kind == MessageKind::Person
            && (message.direction == Direction::Outbound
                || message.findings.sender != SenderProof::Failed);
        let (Some(client), Some(contact), true) = (message.client, message.contact, counts) else {
            continue;
        };
        let (kind, by) = match message.direction {
            Direction::Inbound => (TouchKind::InboundEmail, "contact"),
            Direction::Outbound => (TouchKind::Email, "person"),
        };
        let touch = Touch {
            contact: Some(contact),
            client,
            at: message.received_at,
            kind,
            by,
            source: (TouchSource::Message, message.id.uuid()),
        };
        scope.record_touch(&touch, &tenant.calendar, now).await?;
        if message.direction == Direction::Inbound {
            let day = tenant.calendar.local_date(message.received_at);
            scope.mark_buyer_signal(client, day, now).await?;
        }
    }
    Ok(())
}

/// Computes the standing of accounts that changed or aged, and who can be reached there.
pub(crate) async fn refresh_standings(
    scope: &Scope<'_>,
    tenant: &Tenant,
    now: Timestamp,
) -> StoreResult<usize> {
    let stale_before = now - TimeDelta::hours(STANDING_AGE_HOURS);
    let clients = scope.list_clients_to_refresh(stale_before, REFRESH_CLIENTS_MAX).await?;
    if clients.is_empty() {
        return Ok(0);
    }
    let updates = standings(scope, tenant, &clients, now).await?;
    scope.mark_standing(&clients, &updates, now).await?;
    Ok(clients.len())
}

/// What the clocks of some accounts are to say.
pub(crate) async fn standings(
    scope: &Scope<'_>,
    tenant: &Tenant,
    clients: &[ClientId],
    now: Timestamp,
) -> StoreResult<Vec<StandingUpdate>> {
    let mut updates = Vec::new();
    for chunk in clients.chunks(CLIENTS_PER_STATEMENT) {
        updates.extend(standings_of(scope, tenant, chunk, now).await?);
    }
    Ok(updates)
}

async fn standings_of(
    scope: &Scope<'_>,
    tenant: &Tenant,
    clients: &[ClientId],
    now: Timestamp,
) -> StoreResult<Vec<StandingUpdate>> {
    let today = tenant.calendar.local_date(now);
    let facts = scope.load_account_facts(clients, now, today).await?;
    let points: HashMap<ClientId, i32> = facts
        .iter()
        .map(|(client, it)| {
            (*client, standing_points(&standing_facts(tenant, it, today)).points.value())
        })
        .collect();
    let mut updates = Vec::new();
    for person in scope.load_reach_facts(clients).await? {
        let Some(account) = facts.get(&person.client) else { continue };
        updates.push(StandingUpdate {
            owner: ClockOwner::Contact,
            entity: person.contact.uuid(),
            points: points.get(&person.client).copied().unwrap_or(0),
            unreachable: unreachable_because(
                person.has_address,
                person.is_suppressed,
                person.is_active,
                account.is_active,
                account.has_open_case,
            ),
        });
    }
    updates.extend(points.iter().map(|(client, points)| StandingUpdate {
        owner: ClockOwner::Account,
        entity: client.uuid(),
        points: *points,
        unreachable: None,
    }));
    Ok(updates)
}

/// How many people cannot be written to, for a rehearsal, which keeps no standings to count.
pub(crate) async fn count_unreachable(
    scope: &Scope<'_>,
    tenant: &Tenant,
    now: Timestamp,
) -> StoreResult<usize> {
    let clients = scope.list_clients_to_refresh(Timestamp::MAX_UTC, REFRESH_CLIENTS_MAX).await?;
    let updates = standings(scope, tenant, &clients, now).await?;
    Ok(updates.iter().filter(|it| it.unreachable.is_some()).count())
}

/// An account's facts as the priority takes them.
pub(crate) fn standing_facts(tenant: &Tenant, facts: &AccountFacts, today: Date) -> StandingFacts {
    let minor = facts.annual_value_minor.unwrap_or(facts.ordered_minor);
    let scale = 10_i64.pow(tenant.currency.decimals());
    let churn_risk = match facts.churn_risk {
        Some(imported) => Score(imported),
        None => churn_risk(&OrderRhythm { order_dates: &facts.order_dates }, today).score,
    };
    StandingFacts {
        annual_value_major: minor / scale,
        churn_risk,
        open_orders: facts.open_orders,
        open_deals: facts.open_deals,
        has_quote_pending: facts.has_quote_pending,
    }
}
