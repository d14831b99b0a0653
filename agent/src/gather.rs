//! Gathers the specification's eight inputs of a plan, as they are at one moment.

use std::collections::HashMap;

use chrono::{Days, TimeDelta};
use domain::{
    cycle::{
        Addressee, ComplianceRef, DealRef, MessageRef, PlanInputs, QuoteRef, TenantFacts,
        TouchTarget,
    },
    engagement::{
        ComplianceStep, QuoteStep, StageType, compliance_step, follow_up_due, quote_step, score,
    },
    id::{ClientId, ComplianceItemId, ContactId, QuoteId},
    money::Score,
    policy::{ASK_AGE_DAYS_MAX, PIPELINE},
    time::{Date, Timestamp},
};
use store::{
    Scope, StoreResult,
    engagement::DueClock,
    mail::MessageRow,
    person::Person,
    pipeline::{ComplianceRow, QuoteRow},
    standing::AccountFacts,
    tenant::Tenant,
};

use crate::{
    letters::{About, write_letter},
    upkeep,
};

/// Orders that one cycle checks: checks are cheap, but a plan has to end.
pub(crate) const ORDERS_MAX: u64 = 5_000;
/// Held orders that one cycle looks at again.
const HELD_ORDERS_MAX: u64 = 500;
/// A held order is looked at again once a day.
const RECHECK_HOURS: i64 = 20;
/// Messages that one cycle reads.
pub(crate) const MESSAGES_MAX: u64 = 2_000;
/// Open deals that one cycle looks at, in the order of their last follow-up or else of their stage's beginning.
const DEALS_MAX: u64 = 10_000;
/// Quotes that one cycle looks at.
const QUOTES_MAX: u64 = 5_000;
/// Compliance items that one cycle looks at.
const COMPLIANCE_MAX: u64 = 5_000;
/// Compliance items nearer than this are looked at; the reminder's own horizon is shorter.
const COMPLIANCE_HORIZON_DAYS: u64 = 45;
/// Goals that one cycle looks at.
const GOALS_MAX: u64 = 100;
/// Safety cases that one cycle looks at.
const CASES_MAX: u64 = 100;
/// Letters of one kind that one plan writes: twice what a cycle's budget sends, so that refusals leave no gap.
const LETTERS_MAX: usize = 40;

/// Where inputs come from and how they are to be read.
pub(crate) struct Gather<'a> {
    pub scope: &'a Scope<'a>,
    pub tenant: &'a Tenant,
    pub now: Timestamp,
    /// A rehearsal reads what is on record and relies on no upkeep.
    pub is_rehearsal: bool,
}

impl Gather<'_> {
    fn today(&self) -> Date {
        self.tenant.calendar.local_date(self.now)
    }

    fn as_of(&self) -> Option<Timestamp> {
        self.is_rehearsal.then_some(self.now)
    }

    /// Loads all inputs.
    pub async fn inputs(&self) -> StoreResult<PlanInputs> {
        let today = self.today();
        let checked_before = self.now - TimeDelta::hours(RECHECK_HOURS);
        let horizon = today.checked_add_days(Days::new(COMPLIANCE_HORIZON_DAYS)).unwrap_or(today);
        Ok(PlanInputs {
            tenant: TenantFacts { mode: self.tenant.mode, calendar: self.tenant.calendar.clone() },
            now: self.now,
            goals: self.scope.list_goals(today, GOALS_MAX).await?,
            new_orders: self.scope.list_orders_waiting(today, ORDERS_MAX).await?,
            pending_orders: self
                .scope
                .list_orders_held(today, checked_before, HELD_ORDERS_MAX)
                .await?,
            stale_deals: self.stale_deals(today).await?,
            pending_quotes: self.pending_quotes(today).await?,
            engagement_violations: self.due_touches().await?,
            email_updates: self.messages(today).await?,
            vendor_compliance: self.compliance(today, horizon).await?,
            safety_cases: self.scope.list_open_safety_cases(self.now, CASES_MAX).await?,
        })
    }

    async fn stale_deals(&self, today: Date) -> StoreResult<Vec<DealRef>> {
        let deals = self.scope.list_open_deals(today, DEALS_MAX).await?;
        let stale =
            deals.into_iter().filter(|deal| follow_up_due(&deal.facts, &PIPELINE, today).is_some());
        let stale: Vec<_> = stale.collect();
        let wanted: Vec<_> = stale.iter().map(|deal| (deal.client, deal.contact)).collect();
        let people = self.people(&wanted).await?;
        let mut found = Vec::with_capacity(stale.len());
        // Counted by letters, so that deals at which nobody can be written to hide none behind them.
        let reachable = stale.into_iter().zip(people).filter(|(_, person)| {
            person.as_ref().is_some_and(|person| person.unreachable().is_none())
        });
        for (deal, person) in reachable.take(LETTERS_MAX) {
            found.push(DealRef {
                addressee: self.addressee(person.as_ref(), About::Deal(&deal)),
                id: deal.id,
                key: deal.key,
                client: deal.client,
                facts: deal.facts,
                value: deal.value,
            });
        }
        Ok(found)
    }

    async fn pending_quotes(&self, today: Date) -> StoreResult<Vec<QuoteRef>> {
        let quotes = self.scope.list_pending_quotes(today, QUOTES_MAX).await?;
        let wants_letter = |quote: &&QuoteRow| {
            let step = quote_step(&quote.facts, &PIPELINE, today);
            matches!(step, QuoteStep::ConfirmReceipt | QuoteStep::FollowUp { .. })
        };
        let writing: Vec<&QuoteRow> =
            quotes.iter().filter(wants_letter).take(LETTERS_MAX).collect();
        let wanted: Vec<_> = writing.iter().map(|quote| (quote.client, quote.contact)).collect();
        let people = self.people(&wanted).await?;
        let addressed = writing.iter().zip(&people);
        let mut addressees: HashMap<QuoteId, Addressee> = addressed
            .filter_map(|(quote, person)| {
                Some((quote.id, self.addressee(person.as_ref(), About::Quote(quote))?))
            })
            .collect();
        let mut found = Vec::with_capacity(quotes.len());
        for quote in quotes {
            found.push(QuoteRef {
                addressee: addressees.remove(&quote.id),
                id: quote.id,
                key: quote.key,
                client: quote.client,
                facts: quote.facts,
                lost_reason: quote.lost_reason,
                is_loss_recorded: quote.is_loss_recorded,
            });
        }
        Ok(found)
    }

    async fn compliance(&self, today: Date, horizon: Date) -> StoreResult<Vec<ComplianceRef>> {
        let items = self.scope.list_compliance_due(horizon, COMPLIANCE_MAX).await?;
        let wants_letter = |item: &&ComplianceRow| {
            matches!(compliance_step(&item.facts, today), ComplianceStep::Remind { .. })
        };
        let writing: Vec<_> = items.iter().filter(wants_letter).take(LETTERS_MAX).collect();
        let wanted: Vec<_> = writing.iter().map(|item| (item.client, item.contact)).collect();
        let people = self.people(&wanted).await?;
        let addressed = writing.iter().zip(&people);
        let mut addressees: HashMap<ComplianceItemId, Addressee> = addressed
            .filter_map(|(item, person)| {
                Some((item.id, self.addressee(person.as_ref(), About::Compliance(item))?))
            })
            .collect();
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            found.push(ComplianceRef {
                addressee: addressees.remove(&item.id),
                id: item.id,
                key: item.key,
                client: item.client,
                facts: item.facts,
            });
        }
        Ok(found)
    }

    /// The people to write to: the one named if reachable, otherwise the account's first who is.
    async fn people(
        &self,
        wanted: &[(ClientId, Option<ContactId>)],
    ) -> StoreResult<Vec<Option<Person>>> {
        let named: Vec<ContactId> = wanted.iter().filter_map(|(_, contact)| *contact).collect();
        let mut people = self.scope.load_people(&named, self.now, self.as_of()).await?;
        let is_reachable = |contact: Option<ContactId>, people: &HashMap<ContactId, Person>| {
            contact.is_some_and(|it| {
                people.get(&it).is_some_and(|person| person.unreachable().is_none())
            })
        };
        let orphaned: Vec<ClientId> = wanted
            .iter()
            .filter(|(_, contact)| !is_reachable(*contact, &people))
            .map(|(client, _)| *client)
            .collect();
        let stand_ins = self.scope.default_contacts(&orphaned).await?;
        let others: Vec<ContactId> = stand_ins.values().copied().collect();
        people.extend(self.scope.load_people(&others, self.now, self.as_of()).await?);
        Ok(wanted
            .iter()
            .map(|(client, contact)| {
                let chosen = if is_reachable(*contact, &people) {
                    *contact
                } else {
                    stand_ins.get(client).copied()
                };
                chosen.and_then(|it| people.get(&it).cloned())
            })
            .collect())
    }

    fn addressee(&self, person: Option<&Person>, about: About<'_>) -> Option<Addressee> {
        let person = person.filter(|it| it.unreachable().is_none())?;
        let address = person.address.clone()?;
        let letter = write_letter(self.tenant, person, about)?;
        Some(Addressee { contact: person.contact, address, letter })
    }

    async fn due_touches(&self) -> StoreResult<Vec<TouchTarget>> {
        let limit = self.tenant.settings.budgets.letters_per_cycle.saturating_mul(2);
        let due = if self.is_rehearsal {
            self.rank_in_memory(limit).await?
        } else {
            self.scope.select_next_contacts_to_touch(self.now, limit).await?
        };
        let contacts: Vec<ContactId> = due.iter().map(|it| it.contact).collect();
        let people = self.scope.load_people(&contacts, self.now, self.as_of()).await?;
        let clients: Vec<ClientId> = due.iter().map(|it| it.client).collect();
        let accounts = self.scope.load_account_facts(&clients, self.now, self.today()).await?;
        let mentions = self.scope.load_mentions(&clients, self.today()).await?;
        let mut targets = Vec::with_capacity(due.len());
        for clock in due {
            let Some(person) = people.get(&clock.contact) else { continue };
            let about = About::Touch(mentions.get(&clock.client));
            let addressee = self.addressee(Some(person), about);
            let Some(addressee) = addressee else { continue };
            let reasons = self.reasons(&clock, accounts.get(&clock.client));
            targets.push(TouchTarget {
                addressee,
                key: clock.key,
                client: clock.client,
                epoch: clock.epoch,
                due: clock.due,
                is_never_touched: clock.last_touch_at.is_none(),
                score: clock.score,
                reasons,
            });
        }
        Ok(targets)
    }

    /// The parts of a priority that count for something, the weightiest first, in words.
    fn reasons(&self, clock: &DueClock, account: Option<&AccountFacts>) -> Vec<String> {
        let Some(account) = account else { return Vec::new() };
        let facts = upkeep::standing_facts(self.tenant, account, self.today());
        let priority = score(&facts, clock.due, clock.last_touch_at.is_none(), self.now);
        let mut counted: Vec<_> =
            priority.parts.into_iter().filter(|part| Score(0) < part.points).collect();
        counted.sort_by_key(|part| std::cmp::Reverse(part.points));
        counted
            .into_iter()
            .map(|part| format!("{} +{}: {}", part.factor, part.points, part.because))
            .collect()
    }

    /// A rehearsal computes standings for itself, since it writes none.
    async fn rank_in_memory(&self, limit: u32) -> StoreResult<Vec<DueClock>> {
        let mut due = self.scope.list_due_clocks(self.now, REHEARSED_CLOCKS_MAX).await?;
        let mut clients: Vec<ClientId> = due.iter().map(|it| it.client).collect();
        clients.sort();
        clients.dedup();
        let updates = upkeep::standings(self.scope, self.tenant, &clients, self.now).await?;
        let by_entity: HashMap<_, _> = updates.iter().map(|it| (it.entity, it)).collect();
        due.retain_mut(|clock| {
            let Some(update) = by_entity.get(&clock.contact.uuid()) else { return false };
            clock.rescore(update.points, self.now);
            update.unreachable.is_none()
        });
        store::engagement::sort_due(&mut due);
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(due)
    }

    async fn messages(&self, today: Date) -> StoreResult<Vec<MessageRef>> {
        let since = self.is_rehearsal.then(|| self.now - TimeDelta::days(ASK_AGE_DAYS_MAX));
        let rows = self.scope.list_unhandled_messages(since, self.now, MESSAGES_MAX).await?;
        let mut clients: Vec<ClientId> = rows.iter().filter_map(|row| row.client).collect();
        clients.sort();
        clients.dedup();
        let deals = self.scope.list_deals_of(&clients, today).await?;
        let quotes = self.scope.list_waiting_quotes_of(&clients, today).await?;
        let inbound =
            rows.into_iter().filter(|row| row.direction == domain::record::Direction::Inbound);
        Ok(inbound
            .map(|row: MessageRow| {
                let is_theirs = |client: ClientId| Some(client) == row.client;
                let open_deals: Vec<(_, StageType)> = deals
                    .iter()
                    .filter(|deal| is_theirs(deal.client))
                    .map(|deal| (deal.id, deal.facts.stage_type))
                    .collect();
                let waiting_quotes: Vec<QuoteId> =
                    quotes.iter().filter(|it| is_theirs(it.client)).map(|it| it.id).collect();
                MessageRef {
                    id: row.id,
                    key: row.key,
                    client: row.client,
                    received_at: row.received_at,
                    findings: row.findings,
                    body: row.body,
                    open_deals,
                    waiting_quotes,
                }
            })
            .collect())
    }
}

/// Clocks that a rehearsal ranks in memory.
const REHEARSED_CLOCKS_MAX: u64 = 50_000;
