//! What letters the records of a town call for at a moment, worked out from its tables and not by the gate.

use std::collections::{HashMap, HashSet};

use domain::{
    action::ActionKind,
    engagement::{
        ComplianceFacts, ComplianceStep, DealFacts, LastOrder, LetterFacts, Purpose, QuoteFacts,
        QuoteStatus, QuoteStep, compliance_step, follow_up_due, quote_step, render,
    },
    policy::PIPELINE,
    time::{Date, Timestamp},
};
use entity::{
    cases, clients, compliance_items, contacts, deals, engagement_clocks as clocks, orders, quotes,
    suppressions, tenants,
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, prelude::Uuid};

use crate::town::Town;

/// A letter in every word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    /// What it is.
    pub kind: ActionKind,
    /// About which row.
    pub about: Uuid,
    /// To whom.
    pub contact: Uuid,
    /// Its subject line.
    pub subject: String,
    /// Its text.
    pub body: String,
}

/// What may leave, as the tables have it.
#[derive(Default)]
pub struct Lawful {
    /// What the records would write, whether or not it is the time for it.
    pub texts: HashSet<Written>,
    /// For which rows it is the time.
    pub due: HashSet<(ActionKind, Uuid)>,
    /// Who can be written to: address and account.
    pub reachable: HashMap<Uuid, (String, Uuid)>,
}

/// The tables that decide about letters.
struct Tables {
    tenant: tenants::Model,
    clients: Vec<clients::Model>,
    contacts: Vec<contacts::Model>,
    clocks: Vec<clocks::Model>,
    orders: Vec<orders::Model>,
    deals: Vec<deals::Model>,
    quotes: Vec<quotes::Model>,
    items: Vec<compliance_items::Model>,
    cases: Vec<cases::Model>,
    suppressed: HashSet<String>,
    now: Timestamp,
    today: Date,
}

/// Reads the tables and works out what may leave.
pub async fn lawful(db: &DatabaseConnection, town: &Town, now: Timestamp) -> Lawful {
    let tables = Tables::read(db, town, now).await;
    let mut lawful = Lawful { reachable: tables.reachable(), ..Lawful::default() };
    for contact in &tables.contacts {
        lawful.texts.extend(tables.texts_to(contact));
    }
    lawful.due = tables.due();
    lawful
}

impl Tables {
    async fn read(db: &DatabaseConnection, town: &Town, now: Timestamp) -> Self {
        macro_rules! all {
            ($table:ident) => {
                $table::Entity::find()
                    .filter($table::Column::TenantId.eq(town.tenant.uuid()))
                    .all(db)
                    .await
                    .expect("the rows can be read")
            };
        }
        let tenant = tenants::Entity::find_by_id(town.tenant.uuid()).one(db).await;
        Self {
            tenant: tenant.expect("it can be read").expect("it is there"),
            clients: all!(clients),
            contacts: all!(contacts),
            clocks: all!(clocks),
            orders: all!(orders),
            deals: all!(deals),
            quotes: all!(quotes),
            items: all!(compliance_items),
            cases: all!(cases),
            suppressed: all!(suppressions).into_iter().map(|row| row.address).collect(),
            now,
            // Both zones of the towns are an hour or two ahead of UTC, and no letter leaves near midnight.
            today: now.date_naive(),
        }
    }

    fn reachable(&self) -> HashMap<Uuid, (String, Uuid)> {
        let has_case = |client: Uuid| {
            let is_grave = |row: &&cases::Model| ["complaint", "safety"].contains(&&*row.kind);
            let mut open = self.cases.iter().filter(|row| row.status == "open").filter(is_grave);
            open.any(|row| row.client_id == client && row.opened_at <= self.now)
        };
        let is_customer = |client: Uuid| {
            self.clients.iter().any(|row| row.id == client && row.is_active) && !has_case(client)
        };
        let rests = |contact: Uuid| {
            let mut resting = self.clocks.iter().filter(|row| row.entity_id == contact);
            resting.any(|row| row.paused_until.is_some_and(|until| self.now < until))
        };
        self.contacts
            .iter()
            .filter(|row| row.is_active && is_customer(row.client_id) && !rests(row.id))
            .filter_map(|row| Some((row.id, row.email.clone()?, row.client_id)))
            .filter(|(_, address, _)| !self.suppressed.contains(address))
            .map(|(contact, address, client)| (contact, (address, client)))
            .collect()
    }

    fn texts_to(&self, to: &contacts::Model) -> Vec<Written> {
        let mut texts = Vec::new();
        let of_client = to.client_id;
        let last_order = self.last_order(of_client);
        let clock = self.clocks.iter().find(|row| row.entity_id == to.id);
        let touch = Purpose::Touch {
            last_order: last_order
                .map(|row| LastOrder { number: &row.number, ordered_on: row.ordered_on }),
            open_deal: self.open_deal(of_client),
            never_touched: clock.is_none_or(|row| row.last_touch_at.is_none()),
        };
        texts.push(self.written(ActionKind::SendTouch, to.id, to, touch));
        for deal in self.deals.iter().filter(|row| row.client_id == of_client) {
            let (deal_name, stage_name) = (deal.name.as_str(), deal.stage_name.as_str());
            let purpose = Purpose::Deal { deal_name, stage_name, next_step: None };
            texts.push(self.written(ActionKind::FollowUpDeal, deal.id, to, purpose));
        }
        for quote in self.quotes.iter().filter(|row| row.client_id == of_client) {
            let Some(submitted_on) = quote.submitted_on else { continue };
            let purpose = Purpose::Quote {
                quote_number: &quote.number,
                submitted_on,
                valid_until: quote.valid_until,
                receipt_confirmed: quote.status == "confirmed" || quote.confirmed_on.is_some(),
            };
            texts.push(self.written(ActionKind::FollowUpQuote, quote.id, to, purpose));
        }
        for item in self.items.iter().filter(|row| row.client_id == of_client) {
            let purpose = Purpose::Compliance { item_name: &item.name, due_on: item.due_on };
            texts.push(self.written(ActionKind::RemindCompliance, item.id, to, purpose));
        }
        texts
    }

    fn written(
        &self,
        kind: ActionKind,
        about: Uuid,
        to: &contacts::Model,
        purpose: Purpose<'_>,
    ) -> Written {
        let client = self.clients.iter().find(|row| row.id == to.client_id);
        let letter = render(&LetterFacts {
            recipient_name: to.name.as_deref(),
            client_name: &client.expect("a contact has a client").name,
            tenant_name: &self.tenant.name,
            signature_name: &self.tenant.sender_name,
            purpose,
        });
        Written { kind, about, contact: to.id, subject: letter.subject, body: letter.body }
    }

    fn last_order(&self, client: Uuid) -> Option<&orders::Model> {
        let placed = self.orders.iter().filter(|row| row.client_id == client);
        let visible =
            placed.filter(|row| row.ordered_on <= self.today && row.status != "cancelled");
        visible.max_by_key(|row| (row.ordered_on, row.number.clone()))
    }

    fn open_deal(&self, client: Uuid) -> Option<&str> {
        let open = self.deals.iter().filter(|row| row.client_id == client);
        let visible = open.filter(|row| row.stage_entered_on <= self.today);
        let running = visible.filter(|row| ["open", "ongoing"].contains(&&*row.stage_type));
        running.min_by_key(|row| &row.external_id).map(|row| row.name.as_str())
    }

    fn due(&self) -> HashSet<(ActionKind, Uuid)> {
        let mut due = HashSet::new();
        for clock in self.clocks.iter().filter(|row| row.entity_type == "contact") {
            if clock.next_touch_due <= self.now {
                due.insert((ActionKind::SendTouch, clock.entity_id));
            }
        }
        for deal in &self.deals {
            if follow_up_due(&deal_facts(deal), &PIPELINE, self.today).is_some() {
                due.insert((ActionKind::FollowUpDeal, deal.id));
            }
        }
        for quote in &self.quotes {
            let step = quote_step(&quote_facts(quote), &PIPELINE, self.today);
            if matches!(step, QuoteStep::ConfirmReceipt | QuoteStep::FollowUp { .. }) {
                due.insert((ActionKind::FollowUpQuote, quote.id));
            }
        }
        for item in &self.items {
            let step = compliance_step(&compliance_facts(item), self.today);
            if matches!(step, ComplianceStep::Remind { .. }) {
                due.insert((ActionKind::RemindCompliance, item.id));
            }
        }
        due
    }
}

fn deal_facts(row: &deals::Model) -> DealFacts {
    DealFacts {
        stage_type: row.stage_type.parse().expect("it is a stage"),
        stage_entered_on: row.stage_entered_on,
        last_buyer_signal_on: row.last_buyer_signal_on,
        next_step_on: row.next_step_on,
        expected_close_on: row.expected_close_on,
        close_pushes: row.close_pushes,
        last_follow_up_on: row.last_follow_up_on,
        follow_ups_since_signal: row.follow_ups_since_signal,
    }
}

fn quote_facts(row: &quotes::Model) -> QuoteFacts {
    let status: QuoteStatus = row.status.parse().expect("it is a status");
    QuoteFacts {
        status,
        submitted_on: row.submitted_on,
        confirmed_on: row.confirmed_on,
        valid_until: row.valid_until,
        last_follow_up_on: row.last_follow_up_on,
        follow_ups: row.follow_ups,
    }
}

fn compliance_facts(row: &compliance_items::Model) -> ComplianceFacts {
    ComplianceFacts {
        due_on: row.due_on,
        status: row.status.parse().expect("it is a status"),
        last_reminder_on: row.last_reminder_on,
        reminders: row.reminders,
    }
}
