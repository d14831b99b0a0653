//! People as a letter needs to know them.

use std::collections::HashMap;

use domain::{
    engagement::{ClockState, StageType},
    id::{ClientId, ContactId},
    proposal::CaseKind,
    record::{ClockOwner, OpenOrClosed, OrderStatus, Unreachable, unreachable_because},
    time::{Date, Timestamp},
};
use entity::contacts;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
    Value, prelude::Uuid,
};

use crate::{Scope, StoreResult, error::unreadable, moment::storable, outbound::MAY_HAVE_LEFT};

/// A contact with everything that decides whether and how to write to them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub contact: ContactId,
    /// Where.
    pub client: ClientId,
    /// The person's name, if known.
    pub name: Option<String>,
    /// The person's title, if known.
    pub title: Option<String>,
    /// The address, if known.
    pub address: Option<String>,
    /// Whether the person is still there.
    pub is_active: bool,
    /// The account's name.
    pub client_name: String,
    /// Whether the account is a customer at present.
    pub client_is_active: bool,
    /// Why the address must not be written to.
    pub suppressed_because: Option<String>,
    /// Whether a complaint or safety case is open for the account.
    pub has_open_case: bool,
    /// When the last letter of ours left.
    pub last_letter_at: Option<Timestamp>,
    /// The person's clock; everybody who was imported has one.
    pub clock: Option<PersonClock>,
}

/// A person's clock, as far as a letter needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct PersonClock {
    /// Its state.
    pub state: ClockState,
    /// When the next touch is due.
    pub next_touch_due: Timestamp,
    /// Whether a touch of this epoch was proposed already.
    pub is_fired: bool,
}

impl Person {
    /// Why this person cannot be written to, if so.
    pub fn unreachable(&self) -> Option<Unreachable> {
        unreachable_because(
            self.address.is_some(),
            self.suppressed_because.is_some(),
            self.is_active,
            self.client_is_active,
            self.has_open_case,
        )
    }
}

#[derive(FromQueryResult)]
struct PersonRow {
    id: Uuid,
    client_id: Uuid,
    name: Option<String>,
    title: Option<String>,
    email: Option<String>,
    is_active: bool,
    client_name: String,
    client_is_active: bool,
    suppressed_because: Option<String>,
    has_open_case: bool,
    last_letter_at: Option<Timestamp>,
    epoch: Option<i32>,
    fired_epoch: Option<i32>,
    next_touch_due: Option<Timestamp>,
    last_touch_at: Option<Timestamp>,
    last_touch_type: Option<String>,
    paused_until: Option<Timestamp>,
}

impl PersonRow {
    fn clock(&self) -> StoreResult<Option<PersonClock>> {
        let (Some(epoch), Some(next_touch_due)) = (self.epoch, self.next_touch_due) else {
            return Ok(None);
        };
        let kind = self.last_touch_type.as_deref().map(str::parse).transpose();
        let state = ClockState {
            last_touch_at: self.last_touch_at,
            last_touch_kind: kind.map_err(unreadable("engagement_clocks.last_touch_type"))?,
            paused_until: self.paused_until,
            epoch,
        };
        let is_fired = self.fired_epoch == Some(epoch);
        Ok(Some(PersonClock { state, next_touch_due, is_fired }))
    }

    fn person(self) -> StoreResult<Person> {
        let clock = self.clock()?;
        Ok(Person {
            contact: ContactId::from_uuid(self.id),
            client: ClientId::from_uuid(self.client_id),
            name: self.name,
            title: self.title,
            address: self.email,
            is_active: self.is_active,
            client_name: self.client_name,
            client_is_active: self.client_is_active,
            suppressed_because: self.suppressed_because,
            has_open_case: self.has_open_case,
            last_letter_at: self.last_letter_at,
            clock,
        })
    }
}

#[derive(FromQueryResult)]
struct MentionRow {
    id: Uuid,
    last_number: Option<String>,
    last_day: Option<Date>,
    open_deal: Option<String>,
}

/// What a letter to somebody may mention.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// The newest order: number and date.
    pub last_order: Option<(String, Date)>,
    /// A deal that is open.
    pub open_deal: Option<String>,
}

/// People, or accounts, asked for in one statement.
const IDS_PER_STATEMENT: usize = 1_024;

/// Everything about some people in one statement: a statement's way to the database and back costs more than what
/// it does there.
fn people_sql() -> String {
    let quoted = |names: &[&str]| {
        let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        quoted.join(", ")
    };
    let grave = quoted(&[CaseKind::Complaint.as_str(), CaseKind::Safety.as_str()]);
    let open = OpenOrClosed::Open;
    // A letter that was handed over and not answered for may have left: nobody is written to again at once.
    let may_have_left = quoted(&MAY_HAVE_LEFT);
    let contact = ClockOwner::Contact;
    format!(
        "SELECT person.id, person.client_id, person.name, person.title, person.email, \
            person.is_active, account.name AS client_name, account.is_active AS client_is_active, \
            (SELECT reason FROM suppressions WHERE tenant_id = person.tenant_id \
                AND address = person.email) AS suppressed_because, \
            EXISTS (SELECT 1 FROM cases WHERE tenant_id = person.tenant_id \
                AND client_id = person.client_id AND kind IN ({grave}) AND opened_at <= $2 \
                AND (status = '{open}' OR closed_at > $2)) AS has_open_case, \
            (SELECT MAX(COALESCE(sent_at, claimed_at)) FROM outbound_messages \
                WHERE tenant_id = person.tenant_id AND contact_id = person.id \
                AND (sent_at IS NOT NULL OR status IN ({may_have_left})) \
                AND COALESCE(sent_at, claimed_at) <= $3) AS last_letter_at, \
            clock.epoch, clock.fired_epoch, clock.next_touch_due, \
            clock.last_touch_at, clock.last_touch_type, clock.paused_until \
        FROM contacts AS person \
        JOIN clients AS account \
            ON account.tenant_id = person.tenant_id AND account.id = person.client_id \
        LEFT JOIN engagement_clocks AS clock \
            ON clock.tenant_id = person.tenant_id AND clock.entity_type = '{contact}' \
                AND clock.entity_id = person.id \
        WHERE person.tenant_id = $1 AND person.id IN "
    )
}

fn mentions_sql() -> String {
    let (cancelled, open, ongoing) = (OrderStatus::Cancelled, StageType::Open, StageType::Ongoing);
    let of_account = "tenant_id = account.tenant_id AND client_id = account.id";
    let ordered = format!("{of_account} AND status <> '{cancelled}' AND ordered_on <= $2");
    format!(
        "SELECT account.id, \
            (SELECT number FROM orders WHERE {ordered} \
                ORDER BY ordered_on DESC, number DESC LIMIT 1) AS last_number, \
            (SELECT MAX(ordered_on) FROM orders WHERE {ordered}) AS last_day, \
            (SELECT name FROM deals WHERE {of_account} \
                AND stage_type IN ('{open}', '{ongoing}') AND stage_entered_on <= $2 \
                ORDER BY external_id LIMIT 1) AS open_deal \
        FROM clients AS account WHERE account.tenant_id = $1 AND account.id IN "
    )
}

impl Scope<'_> {
    /// Some contacts as they are at a moment, by id; those that are not this tenant's are missing.
    ///
    /// A rehearsal looks from `as_of` and does not see later letters. In a real cycle the newest counts, whatever
    /// its date: a clock that was set back must not let a second one leave.
    pub async fn load_people(
        &self,
        ids: &[ContactId],
        now: Timestamp,
        as_of: Option<Timestamp>,
    ) -> StoreResult<HashMap<ContactId, Person>> {
        let mut people = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let ids = chunk.iter().map(|id| id.uuid());
            let letters_until = storable(as_of.unwrap_or(Timestamp::MAX_UTC));
            let fixed = vec![now.into(), letters_until.into()];
            let statement = self.statement_for_ids(&people_sql(), fixed, ids);
            for row in PersonRow::find_by_statement(statement).all(&self.conn).await? {
                let person = row.person()?;
                people.insert(person.contact, person);
            }
        }
        Ok(people)
    }

    /// For each account the person to write to when nobody is named: the first one by key who has an address that
    /// may be written to.
    ///
    /// Read from the records and not from the clocks, which a rehearsal on a fresh import finds unset.
    pub async fn default_contacts(
        &self,
        clients: &[ClientId],
    ) -> StoreResult<HashMap<ClientId, ContactId>> {
        use contacts::Column;
        let rows: Vec<(Uuid, Uuid, Option<String>)> = contacts::Entity::find()
            .select_only()
            .columns([Column::ClientId, Column::Id, Column::Email])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ClientId.is_in(clients.iter().map(|it| it.uuid())))
            .filter(Column::IsActive.eq(true))
            .filter(Column::Email.is_not_null())
            .order_by_asc(Column::ExternalId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let addresses: Vec<&String> = rows.iter().filter_map(|(_, _, it)| it.as_ref()).collect();
        let suppressed = self.suppressed_among(&addresses).await?;
        let mut first = HashMap::new();
        for (client, contact, address) in rows {
            if address.is_none_or(|it| suppressed.contains_key(&it)) {
                continue;
            }
            first.entry(ClientId::from_uuid(client)).or_insert(ContactId::from_uuid(contact));
        }
        Ok(first)
    }

    /// What letters to some accounts may mention; `today` hides what is dated later.
    pub async fn load_mentions(
        &self,
        clients: &[ClientId],
        today: Date,
    ) -> StoreResult<HashMap<ClientId, Mentions>> {
        let mut mentions = HashMap::with_capacity(clients.len());
        for chunk in clients.chunks(IDS_PER_STATEMENT) {
            let ids = chunk.iter().map(|id| id.uuid());
            let statement = self.statement_for_ids(&mentions_sql(), vec![today.into()], ids);
            for row in MentionRow::find_by_statement(statement).all(&self.conn).await? {
                let last_order = row.last_number.zip(row.last_day);
                let it = Mentions { last_order, open_deal: row.open_deal };
                if it.last_order.is_some() || it.open_deal.is_some() {
                    mentions.insert(ClientId::from_uuid(row.id), it);
                }
            }
        }
        Ok(mentions)
    }

    /// A statement of this tenant, `$1`, with some fixed values after it and a list of ids at its end.
    ///
    /// The list is filled up to a power of two with its own last id, so that a connection meets few different
    /// texts and has each of them prepared already.
    fn statement_for_ids(
        &self,
        sql: &str,
        fixed: Vec<Value>,
        ids: impl Iterator<Item = Uuid>,
    ) -> Statement {
        let mut ids: Vec<Uuid> = ids.collect();
        let last = ids.last().copied().unwrap_or_default();
        ids.resize(ids.len().next_power_of_two(), last);
        let mut values: Vec<Value> = vec![self.tenant.uuid().into()];
        values.extend(fixed);
        let first = values.len().saturating_add(1);
        let places: Vec<String> =
            (first..first.saturating_add(ids.len())).map(|it| format!("${it}")).collect();
        values.extend(ids.into_iter().map(Value::from));
        let sql = format!("{sql}({})", places.join(", "));
        Statement::from_sql_and_values(self.backend(), sql, values)
    }
}
