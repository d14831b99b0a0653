//! The world as plain rows: every row bears a key, and points to others by theirs.
//!
//! What lives here: the shape of the world, and its making out of its parts.
//! What does not: what is in it (the other files), and the way into a database
//! ([`crate::install`]).

use domain::{
    engagement::{ComplianceFacts, DealFacts, QuoteFacts, TouchKind},
    money::{BasisPoints, Money},
    order::{CreditFacts, OrderHead, OrderLine, PriceEntry, RequirementFacts},
    proposal::CaseKind,
    record::{Direction, OrderStatus},
    time::{Date, Timestamp},
};
use store::import::{ClientRow, GoalRow, ProductRow, SuppressionRow};

use crate::{care, catalogue, orders, people, pipeline, post};

/// The key of a row among those of its kind.
pub type Key = String;

/// Everything there is at the start, and everything that will become visible in the days after it.
///
/// Making it twice makes the same: no clock, no dice but seeded ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Companies.
    pub clients: Vec<ClientRow>,
    /// Their people.
    pub contacts: Vec<Contact>,
    /// Addresses that must not be written to.
    pub suppressions: Vec<SuppressionRow>,
    /// What is sold.
    pub products: Vec<ProductRow>,
    /// For how much.
    pub prices: Vec<Price>,
    /// To whom on credit.
    pub credit: Vec<Credit>,
    /// What orders have to come with.
    pub requirements: Vec<Requirement>,
    /// Orders of the past, new ones, and those that are dated ahead.
    pub orders: Vec<Order>,
    /// Opportunities.
    pub deals: Vec<Deal>,
    /// Quotes.
    pub quotes: Vec<Quote>,
    /// What accounts have to hand in.
    pub compliance_items: Vec<ComplianceItem>,
    /// What the tenant wants to reach.
    pub goals: Vec<GoalRow>,
    /// Matters that are or were looked after.
    pub cases: Vec<Case>,
    /// Mail of the last two weeks, and mail that is dated ahead.
    pub messages: Vec<Message>,
    /// Who was in touch with whom before the start.
    pub touches: Vec<PastTouch>,
}

/// A person at a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its key.
    pub key: Key,
    /// Key of the client.
    pub client: Key,
    /// First and last name.
    pub name: String,
    /// As it would stand on a card.
    pub title: String,
    /// What they decide about.
    pub role: String,
    /// Their address; some have none.
    pub email: Option<String>,
    /// A number that is nobody's, from the ranges that are kept free for films.
    pub phone: String,
    /// Since when they are known.
    pub known_since: Date,
    /// Whether they still work there.
    pub is_active: bool,
}

/// An entry of the price book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Its key.
    pub key: Key,
    /// The book's name.
    pub book: String,
    /// What is sold, by article number.
    pub sku: String,
    /// Key of the client it was agreed with; `None` for everybody.
    pub client: Option<Key>,
    /// The price.
    pub entry: PriceEntry,
}

/// A client's credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its key.
    pub key: Key,
    /// Key of the client.
    pub client: Key,
    /// Limit, hold and what is owed; the orders that are open are not in it.
    pub facts: CreditFacts,
    /// The day on which all this was so.
    pub known_on: Date,
}

/// Something that orders have to come with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its key.
    pub key: Key,
    /// Key of the client whose orders are meant; `None` for every client's.
    pub client: Option<Key>,
    /// What is asked for, and what there is of it.
    pub facts: RequirementFacts,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number, which is its key too.
    pub number: Key,
    /// Key of the client.
    pub client: Key,
    /// Key of the person who ordered.
    pub contact: Key,
    /// Where it is on its way.
    pub status: OrderStatus,
    /// What it says about itself.
    pub head: OrderHead,
    /// Its lines; products are found by article number when it is put into a database.
    pub lines: Vec<OrderLine>,
    /// When it left.
    pub shipped_on: Option<Date>,
    /// When it arrived.
    pub delivered_on: Option<Date>,
    /// When it was billed.
    pub billed_on: Option<Date>,
}

/// An opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Its key.
    pub key: Key,
    /// Its name, as the client knows it.
    pub name: String,
    /// Key of the client.
    pub client: Key,
    /// Key of the person it is with.
    pub contact: Key,
    /// The name of its stage.
    pub stage_name: String,
    /// How likely it is to be won.
    pub probability: BasisPoints,
    /// What it is worth.
    pub value: Money,
    /// What was agreed to happen next.
    pub next_step: Option<String>,
    /// When it was opened.
    pub opened_on: Date,
    /// When it was won or lost.
    pub closed_on: Option<Date>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
    /// Its state.
    pub facts: DealFacts,
}

/// A quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its number, which is its key too.
    pub number: Key,
    /// Key of the client.
    pub client: Key,
    /// Key of the person it went to.
    pub contact: Key,
    /// Key of the deal it is part of.
    pub deal: Option<Key>,
    /// What it comes to.
    pub amount: Money,
    /// When it was decided.
    pub decided_on: Option<Date>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
    /// Its state.
    pub facts: QuoteFacts,
}

/// Something that an account has to hand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplianceItem {
    /// Its key.
    pub key: Key,
    /// Key of the client.
    pub client: Key,
    /// Key of the person who is reminded.
    pub contact: Key,
    /// What it is called.
    pub name: String,
    /// The vendor manager's own word for its state.
    pub vendor_status: String,
    /// Its state.
    pub facts: ComplianceFacts,
}

/// A matter that is or was looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its key.
    pub key: Key,
    /// Key of the client.
    pub client: Key,
    /// Key of the person who raised it.
    pub contact: Key,
    /// Number of the order it is about.
    pub order: Option<Key>,
    /// What about.
    pub kind: CaseKind,
    /// How grave.
    pub severity: String,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// When it was settled.
    pub closed_at: Option<Timestamp>,
}

/// A message as it came or went, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its key, which is also the local part of its `Message-ID`.
    pub key: Key,
    /// Which way it went.
    pub direction: Direction,
    /// When.
    pub received_at: Timestamp,
    /// The whole message (RFC 5322).
    pub raw: Vec<u8>,
}

/// A touch from before the start, of which no message was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTouch {
    /// Its key.
    pub key: Key,
    /// Key of the client.
    pub client: Key,
    /// Key of the person.
    pub contact: Key,
    /// When.
    pub at: Timestamp,
    /// How.
    pub kind: TouchKind,
}

/// Makes the world.
pub fn world() -> World {
    let clients = people::clients();
    let contacts = people::contacts();
    let products = catalogue::products();
    let prices = catalogue::prices();
    let orders = orders::all(&catalogue::PriceList::new(&products, &prices));
    let messages = post::messages(&contacts);
    World {
        suppressions: people::suppressions(&contacts),
        touches: people::touches(&contacts),
        credit: people::credit(),
        requirements: care::requirements(),
        deals: pipeline::deals(),
        quotes: pipeline::quotes(),
        compliance_items: care::compliance_items(),
        goals: care::goals(),
        cases: care::cases(),
        clients,
        contacts,
        products,
        prices,
        orders,
        messages,
    }
}
