//! A tenant in a test database, and rows for it in as few words as a test can do with.
//!
//! What lives here: writing through the store's own functions, as imports and cycles do.
//! What does not: what rows say (`rows`), and anything that a test wants to assert.
//!
//! Whatever the store refuses ends the test: arranging is not what is tested.

use chrono::TimeDelta;
use domain::{
    action::{ActionKind, ActionStatus, Actor, SubjectKind, TenantMode},
    id::{
        ActionId, CaseId, ClientId, ComplianceItemId, ContactId, DealId, DecisionId, MessageId,
        OrderId, ProductId, QuoteId, RunId, TenantId,
    },
    money::Score,
    policy::{Effect, POLICY_VERSION, Verdict},
    proposal::{LetterPayload, Payload, Proposal, Subject},
    record::{MailboxKind, OrderStatus},
    tenant::TenantSettings,
    time::{BusinessCalendar, Date, Timestamp, Tz},
};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value, prelude::Uuid};
use store::{
    Scope,
    action::JudgedProposal,
    import::{
        CaseRow, ClientRow, ContactRow, MailboxRow, MessageRow, OrderRow, Origin, StoredMailbox,
        ThreadRow,
    },
    run::NewRun,
    tenant::NewTenant,
};

use crate::{
    database::TestDb,
    rows::{self, at, euro},
};

/// The moment that a world begins at: a Tuesday morning in the tenant's zone.
pub const BEGINNING: &str = "2026-03-03T09:30:00Z";

/// The source that rows come from; their external ids are the keys that tests give.
pub const SOURCE: &str = "crm";

static IMPORTER: Actor = Actor::Agent;

/// One tenant, and the moment at which everything is written.
pub struct World<'d> {
    /// The database it is in.
    pub test: &'d TestDb,
    /// Who it is.
    pub tenant: TenantId,
    /// When things happen, unless a test says otherwise.
    pub now: Timestamp,
}

/// What came of a write that a test only arranges.
trait Arranged<T> {
    fn arranged(self, what: &str) -> T;
}

impl<T, E: std::fmt::Display> Arranged<T> for Result<T, E> {
    fn arranged(self, what: &str) -> T {
        self.unwrap_or_else(|error| panic!("cannot arrange {what}: {error}"))
    }
}

/// A tenant to be made, with a name and nothing else of its own.
pub fn new_tenant(slug: &str) -> NewTenant {
    NewTenant {
        slug: slug.to_owned(),
        name: format!("{slug} Supplies"),
        sender_name: "Robin of Supplies".to_owned(),
        mode: TenantMode::Autonomous,
        currency: euro(),
        calendar: calendar(),
        settings: TenantSettings::default(),
        simulated_now: None,
    }
}

impl<'d> World<'d> {
    /// Makes a tenant that is autonomous and does business in Berlin.
    pub async fn new(test: &'d TestDb, slug: &str) -> Self {
        let now = at(BEGINNING);
        let new = new_tenant(slug);
        let tenant = test.store.system().create_tenant(new, now).await.arranged("a tenant");
        Self { test, tenant, now }
    }

    /// The tenant's rows, outside any transaction.
    pub fn scope(&self) -> Scope<'d> {
        self.test.store.tenant(self.tenant)
    }

    /// Where rows come from.
    pub fn origin(&self) -> Origin<'static> {
        Origin { source: SOURCE, actor: &IMPORTER, at: self.now }
    }

    /// The tenant's local day.
    pub fn today(&self) -> Date {
        calendar().local_date(self.now)
    }

    /// The moment that many hours after the world's.
    pub fn in_hours(&self, hours: i64) -> Timestamp {
        self.now + TimeDelta::hours(hours)
    }

    /// Makes an active client.
    pub async fn client(&self, key: &str) -> ClientId {
        self.client_row(&rows::client(key)).await
    }

    /// Makes or changes a client.
    pub async fn client_row(&self, row: &ClientRow) -> ClientId {
        let scope = self.scope();
        scope.upsert_clients(&self.origin(), std::slice::from_ref(row)).await.arranged("a client");
        let key = row.external_id.as_str();
        scope.client_ids(SOURCE, &[key]).await.arranged("a client's id")[key]
    }

    /// Makes a person with an address.
    pub async fn contact(&self, key: &str, client: ClientId) -> ContactId {
        self.contact_row(&rows::contact(key, client)).await
    }

    /// Makes or changes a person.
    pub async fn contact_row(&self, row: &ContactRow) -> ContactId {
        let scope = self.scope();
        scope
            .upsert_contacts(&self.origin(), std::slice::from_ref(row))
            .await
            .arranged("a contact");
        let key = row.external_id.as_str();
        scope.contact_ids(SOURCE, &[key]).await.arranged("a contact's id")[key]
    }

    /// Makes a product at ten euros.
    pub async fn product(&self, sku: &str) -> ProductId {
        let scope = self.scope();
        scope.upsert_products(&self.origin(), &[rows::product(sku)]).await.arranged("a product");
        scope.product_ids(SOURCE, &[sku]).await.arranged("a product's id")[sku]
    }

    /// Makes an order.
    pub async fn order(&self, status: OrderStatus, row: &OrderRow) -> OrderId {
        let scope = self.scope();
        scope
            .upsert_orders(&self.origin(), status, std::slice::from_ref(row))
            .await
            .arranged("an order");
        let key = row.external_id.as_str();
        scope.order_ids(SOURCE, &[key]).await.arranged("an order's id")[key]
    }

    /// Makes a deal that was opened a while ago.
    pub async fn deal(&self, key: &str, client: ClientId) -> DealId {
        let scope = self.scope();
        scope
            .upsert_deals(&self.origin(), self.today(), &[rows::deal(key, client)])
            .await
            .arranged("a deal");
        scope.deal_ids(SOURCE, &[key]).await.arranged("a deal's id")[key]
    }

    /// Makes a quote that waits for a decision.
    pub async fn quote(&self, key: &str, client: ClientId) -> QuoteId {
        let row = rows::quote(key, client);
        self.scope().upsert_quotes(&self.origin(), &[row]).await.arranged("a quote");
        QuoteId::from_uuid(self.id_of("quotes", key).await)
    }

    /// Makes a case.
    pub async fn case(&self, row: &CaseRow) -> CaseId {
        self.scope()
            .upsert_cases(&self.origin(), std::slice::from_ref(row))
            .await
            .arranged("a case");
        CaseId::from_uuid(self.id_of("cases", &row.external_id).await)
    }

    /// Makes a compliance item that is missing.
    pub async fn compliance_item(&self, key: &str, client: ClientId) -> ComplianceItemId {
        let row = rows::compliance_item(key, client);
        self.scope()
            .upsert_compliance_items(&self.origin(), &[row])
            .await
            .arranged("a compliance item");
        ComplianceItemId::from_uuid(self.id_of("compliance_items", key).await)
    }

    /// Makes the mailbox that messages of this world come from.
    pub async fn mailbox(&self) -> StoredMailbox {
        let row = MailboxRow {
            kind: MailboxKind::Import,
            name: "sales".to_owned(),
            address: Some("sales@us.example".to_owned()),
            authserv_id: None,
        };
        self.scope().find_or_create_mailbox(&self.origin(), &row).await.arranged("a mailbox")
    }

    /// Makes a message of a person, in a thread of its own; the key tells it from others.
    pub async fn message(
        &self,
        key: &str,
        from: Option<(ClientId, ContactId)>,
        received_at: Timestamp,
    ) -> MessageId {
        self.message_row(key, |thread| rows::message(key, thread, from, received_at)).await
    }

    /// Makes a message out of the thread that is made for it.
    pub async fn message_row(
        &self,
        key: &str,
        row: impl FnOnce(domain::id::ThreadId) -> MessageRow,
    ) -> MessageId {
        let (scope, origin) = (self.scope(), self.origin());
        let mailbox = self.mailbox().await.id;
        let thread =
            ThreadRow { provider_id: key.to_owned(), client: None, last_message_at: self.now };
        let threads = scope.upsert_threads(&origin, mailbox, &[thread]).await.arranged("a thread");
        let row = row(threads[key]);
        scope.upsert_messages(&origin, mailbox, vec![row]).await.arranged("a message");
        let name = format!("{key}@mail.example");
        scope.message_ids(&[name.as_str()]).await.arranged("a message's id")[&name]
    }

    /// Begins the run of an hour.
    pub async fn run(&self, due_hour: Option<Timestamp>) -> RunId {
        let id = self.test.store.new_run_id(self.now);
        let new = NewRun { due_hour, as_of: None, hours_covered: 1, started_at: self.now };
        self.scope().insert_run(id, &new).await.arranged("a run");
        id
    }

    /// Keeps proposals as a run would, all in one state, and gives the actions' ids in their order.
    pub async fn actions(
        &self,
        run: RunId,
        status: ActionStatus,
        proposals: &[Proposal],
    ) -> Vec<ActionId> {
        let judged: Vec<_> = proposals.iter().map(|it| self.judged(it.clone(), status)).collect();
        self.scope().insert_proposals(run, &judged, true, self.now).await.arranged("actions")
    }

    /// A proposal that the policy allows, for two days.
    pub fn judged(&self, proposal: Proposal, status: ActionStatus) -> JudgedProposal {
        JudgedProposal {
            proposal,
            verdict: allow(),
            facts: serde_json::json!({ "is": "arranged" }),
            status,
            expires_at: self.in_hours(48),
        }
    }

    /// The decision that an action was proposed under.
    pub async fn decision_of(&self, action: ActionId) -> DecisionId {
        let decisions = self.scope().list_decisions(action).await.arranged("a decision");
        decisions.first().map(|it| it.id).ok_or("there is none").arranged("a decision")
    }

    /// The id of a row by its external id, looked up behind the store's back.
    pub async fn id_of(&self, table: &str, key: &str) -> Uuid {
        let sql = format!("SELECT id FROM {table} WHERE tenant_id = $1 AND external_id = $2");
        let found: Vec<IdRow> = self.rows(&sql, [self.tenant.uuid().into(), key.into()]).await;
        found.first().map(|row| row.id).ok_or("there is no such row").arranged(table)
    }

    /// Rows of a statement that goes around the store.
    pub async fn rows<T: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Vec<T> {
        T::find_by_statement(self.statement(sql, values))
            .all(&self.test.db)
            .await
            .arranged("a look behind the store")
    }

    /// Runs a statement that goes around the store, and says how many rows it changed.
    pub async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> u64 {
        self.test
            .db
            .execute_raw(self.statement(sql, values))
            .await
            .arranged("a change behind the store")
            .rows_affected()
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.test.db.get_database_backend(), sql, values)
    }
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// When the tenants of the tests do business.
pub fn calendar() -> BusinessCalendar {
    BusinessCalendar::weekdays(Tz::Europe__Berlin)
}

/// A verdict without a word of doubt.
pub fn allow() -> Verdict {
    Verdict {
        effect: Effect::Allow,
        reasons: Vec::new(),
        obligations: Vec::new(),
        policy_version: POLICY_VERSION,
    }
}

/// Where an action is on its way, for a plain wish about any row.
pub fn plain(kind: ActionKind, subject: (SubjectKind, Uuid), dedup_key: &str) -> Proposal {
    Proposal {
        kind,
        subject: Subject { kind: subject.0, id: subject.1 },
        client: None,
        payload: Payload::Plain,
        dedup_key: dedup_key.to_owned(),
        score: Score::points(50),
        reasons: vec!["arranged".to_owned()],
        evidence: Vec::new(),
    }
}

/// A wish to write to somebody.
pub fn letter(client: ClientId, contact: ContactId, dedup_key: &str) -> Proposal {
    let letter = LetterPayload {
        contact,
        to: "ada@buyer.example".to_owned(),
        template: "touch/1".to_owned(),
        subject: "A short question".to_owned(),
        body: "Dear Ada Buyer,\n\nis there anything that we can do?\n".to_owned(),
        epoch: Some(0),
    };
    let subject = (SubjectKind::Contact, contact.uuid());
    Proposal {
        client: Some(client),
        payload: Payload::Letter(letter),
        ..plain(ActionKind::SendTouch, subject, dedup_key)
    }
}
