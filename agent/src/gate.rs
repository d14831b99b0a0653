//! The gate: loads the facts of one proposal and asks the policy. Every action passes it, whoever proposed it, twice.

use std::collections::HashMap;

use domain::{
    action::{ActionKind, SubjectKind},
    cycle::{GoalStatus, Metrics},
    id::{CaseId, ClientId, ComplianceItemId, ContactId, DealId, MessageId, OrderId, QuoteId},
    policy::{
        Approval, Moment, PolicyFacts, ProofFacts, RecipientFacts, ResearchFacts, SubjectFacts,
        Verdict, decide, with_approval,
    },
    proposal::{Justification, Payload, Proposal, payload_hash},
    record::{GoalMetric, OrderStatus},
    time::{Date, Timestamp},
};
use store::{
    Scope, StoreResult,
    person::{Mentions, Person},
    pipeline::{ComplianceRow, DealRow, QuoteRow},
    tenant::Tenant,
};

use crate::letters::{About, write_letter};

/// What the gate knows about the hour, whatever it is asked.
pub(crate) struct Gate<'t> {
    pub tenant: &'t Tenant,
    pub now: Timestamp,
    pub today: Date,
    pub research: ResearchFacts,
    /// The moment of a rehearsal, which does not see what came later.
    pub as_of: Option<Timestamp>,
}

/// The people whom some proposals name, and what letters to their accounts may mention.
pub(crate) struct Known {
    people: HashMap<ContactId, Person>,
    mentions: HashMap<ClientId, Mentions>,
}

/// A verdict with the facts it rests on.
pub(crate) struct Ruling {
    pub verdict: Verdict,
    /// The facts as JSON, without anybody's text.
    pub facts: serde_json::Value,
}

/// How many times the open pipeline should cover what is missing of a goal: a third of deals is won, as a rule of thumb.
const PIPELINE_COVERAGE: i64 = 3;

impl<'t> Gate<'t> {
    pub fn new(
        tenant: &'t Tenant,
        now: Timestamp,
        metrics: &Metrics,
        goals: &[GoalStatus],
    ) -> Self {
        let today = tenant.calendar.local_date(now);
        let missing: i64 = goals
            .iter()
            .filter(|goal| goal.metric == GoalMetric::DealsWon.as_str())
            .map(|goal| goal.target.saturating_sub(goal.actual).max(0))
            .sum();
        let research = ResearchFacts {
            compliance: metrics.engagement_compliance,
            goals_behind_pace: goals.iter().any(|goal| goal.is_behind(today)),
            pipeline_is_thin: metrics.deals_open < missing.saturating_mul(PIPELINE_COVERAGE),
        };
        Self { tenant, now, today, research, as_of: None }
    }

    /// Loads what is known about the people whom some proposals name.
    pub async fn load_known<'p>(
        &self,
        scope: &Scope<'_>,
        proposals: impl IntoIterator<Item = &'p Proposal>,
    ) -> StoreResult<Known> {
        let proposals: Vec<&Proposal> = proposals.into_iter().collect();
        let mut contacts: Vec<ContactId> =
            proposals.iter().flat_map(|it| contacts_of(it)).collect();
        contacts.sort();
        contacts.dedup();
        let people = scope.load_people(&contacts, self.now, self.as_of).await?;
        let touches = proposals.iter().filter(|it| it.kind == ActionKind::SendTouch);
        let mut clients: Vec<ClientId> = touches
            .flat_map(|it| contacts_of(it))
            .filter_map(|contact| people.get(&contact).map(|person| person.client))
            .collect();
        clients.sort();
        clients.dedup();
        let mentions = scope.load_mentions(&clients, self.today).await?;
        Ok(Known { people, mentions })
    }

    /// Asks the policy about a proposal whose people are known.
    pub async fn ask(
        &self,
        scope: &Scope<'_>,
        proposal: &Proposal,
        known: &Known,
        moment: Moment,
    ) -> StoreResult<Ruling> {
        let facts = self.load(scope, proposal, known, moment).await?;
        let verdict = decide(proposal, &facts, moment, self.now);
        Ok(Ruling { verdict, facts: facts_json(&facts) })
    }

    /// Asks the policy about an action that is about to happen, with the approval it may have.
    ///
    /// The hash is taken again from the payload as it is now, so an approval of other words counts for nothing.
    pub async fn ask_again(
        &self,
        scope: &Scope<'_>,
        proposal: &Proposal,
        known: &Known,
        approval: Option<&Approval>,
    ) -> StoreResult<Ruling> {
        let mut ruling = self.ask(scope, proposal, known, Moment::Execute).await?;
        let hash = payload_hash(proposal.kind, proposal.subject, &proposal.payload);
        ruling.verdict = with_approval(ruling.verdict, approval, &hash, self.now);
        Ok(ruling)
    }

    /// Asks about an order whose state is known already: orders come by the hundred.
    pub fn ask_order(&self, proposal: &Proposal, is_waiting: bool, moment: Moment) -> Ruling {
        let mut facts = self.bare(SubjectFacts::Order { is_waiting });
        facts.subject_is_of_client = true;
        let verdict = decide(proposal, &facts, moment, self.now);
        Ruling { verdict, facts: facts_json(&facts) }
    }

    fn bare(&self, subject: SubjectFacts) -> PolicyFacts {
        PolicyFacts {
            mode: self.tenant.mode,
            calendar: self.tenant.calendar.clone(),
            subject,
            subject_is_of_client: false,
            client_is_active: false,
            has_open_complaint: false,
            recipient: None,
            letter: None,
            proof: ProofFacts::None,
            rivals: 0,
            research: self.research,
        }
    }

    async fn load(
        &self,
        scope: &Scope<'_>,
        proposal: &Proposal,
        known: &Known,
        moment: Moment,
    ) -> StoreResult<PolicyFacts> {
        let SubjectRecord { facts: subject, owner, row } =
            self.subject(scope, proposal, known, moment).await?;
        let mut facts = self.bare(subject);
        facts.subject_is_of_client = owner.is_some() && owner == proposal.client;
        facts.proof = self.proof(scope, proposal).await?;
        facts.rivals = self.rivals(scope, proposal).await?;
        if let Payload::Letter(letter) = &proposal.payload
            && let Some(person) = known.people.get(&letter.contact)
        {
            facts.client_is_active = person.client_is_active;
            facts.has_open_complaint = person.has_open_case;
            let about = about(proposal.kind, &row, known.mentions.get(&person.client));
            facts.letter = about.and_then(|it| write_letter(self.tenant, person, it));
            facts.recipient = Some(recipient(person, proposal.client));
        }
        Ok(facts)
    }

    /// The subject as it is now, and whose it is.
    async fn subject(
        &self,
        scope: &Scope<'_>,
        proposal: &Proposal,
        known: &Known,
        moment: Moment,
    ) -> StoreResult<SubjectRecord> {
        let id = proposal.subject.id;
        let unknown = SubjectRecord { facts: SubjectFacts::Unknown, owner: None, row: Row::Other };
        let other = |facts, owner| SubjectRecord { facts, owner, row: Row::Other };
        Ok(match proposal.subject.kind {
            SubjectKind::Order => {
                let orders =
                    scope.load_orders_to_check(&[OrderId::from_uuid(id)], self.today).await?;
                orders.into_iter().next().map_or(unknown, |order| {
                    let is_waiting = matches!(order.status, OrderStatus::New | OrderStatus::Held);
                    other(SubjectFacts::Order { is_waiting }, Some(order.client))
                })
            }
            SubjectKind::Contact => {
                let person = known.people.get(&ContactId::from_uuid(id));
                match person.and_then(|it| Some((it, it.clock?))) {
                    Some((person, clock)) => {
                        let facts = SubjectFacts::Contact {
                            clock: clock.state,
                            next_touch_due: clock.next_touch_due,
                            // When it executes, the proposal that fired this epoch is this very one.
                            is_fired: clock.is_fired && moment == Moment::Propose,
                            epoch: clock.state.epoch,
                        };
                        other(facts, Some(person.client))
                    }
                    None => unknown,
                }
            }
            SubjectKind::Deal => {
                scope.find_deal(DealId::from_uuid(id)).await?.map_or(unknown, |deal| {
                    let facts = SubjectFacts::Deal { deal: deal.facts };
                    SubjectRecord { facts, owner: Some(deal.client), row: Row::Deal(deal) }
                })
            }
            SubjectKind::Quote => {
                scope.find_quote(QuoteId::from_uuid(id)).await?.map_or(unknown, |row| {
                    let facts = SubjectFacts::Quote {
                        quote: row.facts,
                        lost_reason: row.lost_reason.clone(),
                        is_loss_recorded: row.is_loss_recorded,
                    };
                    SubjectRecord { facts, owner: Some(row.client), row: Row::Quote(row) }
                })
            }
            SubjectKind::ComplianceItem => scope
                .find_compliance_item(ComplianceItemId::from_uuid(id))
                .await?
                .map_or(unknown, |row| {
                    let facts = SubjectFacts::Compliance { item: row.facts };
                    SubjectRecord { facts, owner: Some(row.client), row: Row::Compliance(row) }
                }),
            SubjectKind::Message => {
                let rows = scope.load_messages(&[MessageId::from_uuid(id)]).await?;
                rows.into_iter()
                    .next()
                    .map_or(unknown, |row| other(SubjectFacts::Message, row.client))
            }
            SubjectKind::Case => {
                let client = scope.find_case_client(CaseId::from_uuid(id)).await?;
                client.map_or(unknown, |client| other(SubjectFacts::Other, Some(client)))
            }
            SubjectKind::Client => {
                let client = ClientId::from_uuid(id);
                let is_known =
                    !scope.load_account_facts(&[client], self.now, self.today).await?.is_empty();
                if is_known { other(SubjectFacts::Other, Some(client)) } else { unknown }
            }
            // No action is about a product yet, so none is known to the gate.
            SubjectKind::Product => unknown,
        })
    }

    /// How many other rows of the client a message could mean: words name no ids.
    async fn rivals(&self, scope: &Scope<'_>, proposal: &Proposal) -> StoreResult<u32> {
        let Some(client) = proposal.client else { return Ok(0) };
        let candidates: Vec<_> = match &proposal.payload {
            Payload::Advance(_) => {
                let deals = scope.list_deals_of(&[client], self.today).await?;
                deals.into_iter().map(|deal| deal.id.uuid()).collect()
            }
            Payload::Loss(loss) if loss.message.is_some() => {
                let quotes = scope.list_waiting_quotes_of(&[client], self.today).await?;
                quotes.into_iter().map(|quote| quote.id.uuid()).collect()
            }
            Payload::Loss(_)
            | Payload::Plain
            | Payload::Letter(_)
            | Payload::Task(_)
            | Payload::Case(_) => return Ok(0),
        };
        let others = candidates.iter().filter(|id| **id != proposal.subject.id).count();
        Ok(u32::try_from(others).unwrap_or(u32::MAX))
    }

    async fn proof(&self, scope: &Scope<'_>, proposal: &Proposal) -> StoreResult<ProofFacts> {
        let client = proposal.client;
        if let Payload::Task(task) = &proposal.payload {
            match &task.justification {
                Justification::ComplianceDue { item } => {
                    let row = scope.find_compliance_item(*item).await?;
                    return Ok(row.map_or(ProofFacts::None, |row| ProofFacts::Compliance {
                        is_of_client: Some(row.client) == client,
                        item: row.facts,
                    }));
                }
                Justification::Safety { case } => {
                    let proof = scope.find_case_proof(*case, client, self.now).await?;
                    return Ok(proof.unwrap_or(ProofFacts::None));
                }
                Justification::ClientAsk { .. } | Justification::None => {}
            }
        }
        let Some(message) = proposal.payload.message() else { return Ok(ProofFacts::None) };
        let facts = scope.find_message_facts(message, client).await?;
        Ok(facts.map_or(ProofFacts::None, |facts| ProofFacts::Message(Box::new(facts))))
    }
}

/// A subject as it is now, and whose it is.
struct SubjectRecord {
    facts: SubjectFacts,
    owner: Option<ClientId>,
    row: Row,
}

/// A subject's row, if letters are written about its like.
enum Row {
    Deal(DealRow),
    Quote(QuoteRow),
    Compliance(ComplianceRow),
    Other,
}

/// What a letter of this kind would be about.
fn about<'r>(kind: ActionKind, row: &'r Row, mentions: Option<&'r Mentions>) -> Option<About<'r>> {
    match (kind, row) {
        (ActionKind::SendTouch, _) => Some(About::Touch(mentions)),
        (ActionKind::FollowUpDeal, Row::Deal(deal)) => Some(About::Deal(deal)),
        (ActionKind::FollowUpQuote, Row::Quote(quote)) => Some(About::Quote(quote)),
        (ActionKind::RemindCompliance, Row::Compliance(item)) => Some(About::Compliance(item)),
        _ => None,
    }
}

/// The people whom a proposal names: its subject, and whom it writes to.
fn contacts_of(proposal: &Proposal) -> impl Iterator<Item = ContactId> + use<> {
    let subject = (proposal.subject.kind == SubjectKind::Contact)
        .then(|| ContactId::from_uuid(proposal.subject.id));
    let recipient = match &proposal.payload {
        Payload::Letter(letter) => Some(letter.contact),
        _ => None,
    };
    subject.into_iter().chain(recipient)
}

fn recipient(person: &Person, client: Option<ClientId>) -> RecipientFacts {
    RecipientFacts {
        is_of_client: Some(person.client) == client,
        is_active: person.is_active,
        address: person.address.clone(),
        suppressed_because: person.suppressed_because.clone(),
        paused_until: person.clock.and_then(|it| it.state.paused_until),
        last_letter_at: person.last_letter_at,
    }
}

fn facts_json(facts: &PolicyFacts) -> serde_json::Value {
    serde_json::to_value(facts).expect("facts are plain data with string keys")
}

/// Whether a kind of action is about an order's check, which is asked for in bulk.
pub(crate) const fn is_order_check(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::ProcessOrder)
}
