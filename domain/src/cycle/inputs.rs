//! The specification's eight inputs of a plan, as they were loaded.

use crate::{
    action::TenantMode,
    engagement::{ComplianceFacts, DealFacts, QuoteFacts, RenderedLetter},
    id::{
        CaseId, ClientId, ComplianceItemId, ContactId, DealId, GoalId, MessageId, OrderId, QuoteId,
    },
    mail::Findings,
    money::{Money, Score},
    time::{BusinessCalendar, Date, Timestamp},
};

/// The tenant, as far as a plan needs to know it.
#[derive(Clone, Debug)]
pub struct TenantFacts {
    /// Whether what leaves waits for a person.
    pub mode: TenantMode,
    /// When it does business.
    pub calendar: BusinessCalendar,
}

/// Everything a planner looks at.
///
/// Keys beside the ids are the names that people know the rows by; they break ties, so that the same world
/// gives the same plan on every database.
#[derive(Clone, Debug)]
pub struct PlanInputs {
    /// Whose plan.
    pub tenant: TenantFacts,
    /// The moment that every decision is made for.
    pub now: Timestamp,
    /// Order and revenue goals against their pace.
    pub goals: Vec<GoalStatus>,
    /// Orders that were never checked.
    pub new_orders: Vec<OrderRef>,
    /// Orders that are held and due for another look.
    pub pending_orders: Vec<OrderRef>,
    /// Deals that stand still.
    pub stale_deals: Vec<DealRef>,
    /// Quotes that wait, or were lost.
    pub pending_quotes: Vec<QuoteRef>,
    /// People whose clock is due, most pressing first.
    pub engagement_violations: Vec<TouchTarget>,
    /// Messages that no cycle has considered yet.
    pub email_updates: Vec<MessageRef>,
    /// Compliance items that are near or past their day.
    pub vendor_compliance: Vec<ComplianceRef>,
    /// Safety cases that nobody was given yet.
    pub safety_cases: Vec<CaseRef>,
}

/// A goal and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalStatus {
    /// Which goal.
    pub goal: GoalId,
    /// What is counted.
    pub metric: String,
    /// What is to be reached by the end.
    pub target: i64,
    /// What is reached now.
    pub actual: i64,
    /// First day that counts.
    pub starts_on: Date,
    /// Last day that counts.
    pub ends_on: Date,
}

impl GoalStatus {
    /// What should be reached by today, were the way walked evenly.
    pub fn pace(&self, today: Date) -> i64 {
        let whole = self.ends_on.signed_duration_since(self.starts_on).num_days() + 1;
        let gone =
            (today.signed_duration_since(self.starts_on).num_days() + 1).clamp(0, whole.max(0));
        if whole <= 0 {
            return self.target;
        }
        let due = i128::from(self.target) * i128::from(gone) / i128::from(whole);
        i64::try_from(due).unwrap_or(self.target)
    }

    /// Whether less was reached than an even pace would have.
    pub fn is_behind(&self, today: Date) -> bool {
        self.starts_on <= today && today <= self.ends_on && self.actual < self.pace(today)
    }
}

/// An order that waits for its check.
#[derive(Clone, Debug)]
pub struct OrderRef {
    /// Which order.
    pub id: OrderId,
    /// Its number, as people know it.
    pub number: String,
    /// Whose it is.
    pub client: ClientId,
    /// The day it was ordered.
    pub ordered_on: Date,
    /// The day it is wanted.
    pub required_on: Option<Date>,
    /// When it was last written: an order that was imported again is another order to check.
    pub revision: Timestamp,
    /// Whether it was checked before.
    pub is_recheck: bool,
}

/// A person a letter can go to, with the letter that the records would write.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// Which contact.
    pub contact: ContactId,
    /// The address in the records.
    pub address: String,
    /// What the records would write now.
    pub letter: RenderedLetter,
}

/// A person whose clock is due.
#[derive(Clone, Debug)]
pub struct TouchTarget {
    /// Where the letter goes.
    pub addressee: Addressee,
    /// The contact's key with the people who imported it.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// The clock's epoch.
    pub epoch: i32,
    /// Since when a touch is due.
    pub due: Timestamp,
    /// Whether there never was a touch.
    pub is_never_touched: bool,
    /// The priority.
    pub score: Score,
    /// Its parts, in words.
    pub reasons: Vec<String>,
}

/// A deal that stands still.
#[derive(Clone, Debug)]
pub struct DealRef {
    /// Which deal.
    pub id: DealId,
    /// Its key.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// Its state.
    pub facts: DealFacts,
    /// What it is worth.
    pub value: Option<Money>,
    /// The person to write to, if anybody can be written to.
    pub addressee: Option<Addressee>,
}

/// A quote that waits or was lost.
#[derive(Clone, Debug)]
pub struct QuoteRef {
    /// Which quote.
    pub id: QuoteId,
    /// Its key.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// Its state.
    pub facts: QuoteFacts,
    /// Why it was lost, as recorded with it.
    pub lost_reason: Option<String>,
    /// Whether that has been kept as a pattern.
    pub is_loss_recorded: bool,
    /// The person to write to, if anybody can be written to.
    pub addressee: Option<Addressee>,
}

/// A message that no cycle has considered.
#[derive(Clone, Debug)]
pub struct MessageRef {
    /// Which message.
    pub id: MessageId,
    /// Its key in the mailbox.
    pub key: String,
    /// The account that its sender or domain points to.
    pub client: Option<ClientId>,
    /// When it came.
    pub received_at: Timestamp,
    /// What was understood.
    pub findings: Findings,
    /// The text that the findings point into.
    pub body: String,
    /// The account's deals that a buyer's words could move: only a single one is unmistakable.
    pub open_deals: Vec<(DealId, crate::engagement::StageType)>,
    /// The account's quotes that wait for a decision.
    pub waiting_quotes: Vec<QuoteId>,
}

/// A compliance item that is near or past its day.
#[derive(Clone, Debug)]
pub struct ComplianceRef {
    /// Which item.
    pub id: ComplianceItemId,
    /// Its key.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// Its state.
    pub facts: ComplianceFacts,
    /// The person to write to, if anybody can be written to.
    pub addressee: Option<Addressee>,
}

/// An open safety case.
#[derive(Clone, Debug)]
pub struct CaseRef {
    /// Which case.
    pub id: CaseId,
    /// Its key.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// When it was opened.
    pub opened_at: Timestamp,
}

impl PlanInputs {
    /// Whether any goal is behind its pace today.
    pub fn goals_behind_pace(&self) -> bool {
        let today = self.tenant.calendar.local_date(self.now);
        self.goals.iter().any(|goal| goal.is_behind(today))
    }
}
