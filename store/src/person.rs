//! People as a letter needs to know them.

use std::collections::{HashMap, HashSet};

use domain::{
    id::{ClientId, ContactId},
    record::{ClockOwner, OrderStatus, Unreachable, unreachable_because},
    time::{Date, Timestamp},
};
use entity::{
    clients, contacts, deals, engagement_clocks as clocks, orders, outbound_messages as outbound,
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, Func},
};

use crate::{Scope, StoreResult, outbound::MAY_HAVE_LEFT};

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
    /// Until when the clock rests.
    pub paused_until: Option<Timestamp>,
    /// When the last letter of ours left.
    pub last_letter_at: Option<Timestamp>,
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

/// What a letter to somebody may mention.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// The newest order: number and date.
    pub last_order: Option<(String, Date)>,
    /// A deal that is open.
    pub open_deal: Option<String>,
}

impl Scope<'_> {
    /// Some contacts as they are at a moment, by id; those that are not this tenant's are missing.
    pub async fn load_people(
        &self,
        ids: &[ContactId],
        now: Timestamp,
    ) -> StoreResult<HashMap<ContactId, Person>> {
        let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows = contacts::Entity::find()
            .filter(contacts::Column::TenantId.eq(self.tenant.uuid()))
            .filter(contacts::Column::Id.is_in(uuids.iter().copied()))
            .all(&self.conn)
            .await?;
        let client_ids: Vec<Uuid> =
            rows.iter().map(|row| row.client_id).collect::<HashSet<_>>().into_iter().collect();
        let accounts: HashMap<Uuid, clients::Model> = clients::Entity::find()
            .filter(clients::Column::TenantId.eq(self.tenant.uuid()))
            .filter(clients::Column::Id.is_in(client_ids.iter().copied()))
            .all(&self.conn)
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let addresses: Vec<&String> = rows.iter().filter_map(|row| row.email.as_ref()).collect();
        let suppressed = self.suppressed_among(&addresses).await?;
        let with_case = self.clients_with_open_case(&client_ids, now).await?;
        let pauses = self.pauses(&uuids).await?;
        let letters = self.last_letters(&uuids, now).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let account = accounts.get(&row.client_id)?;
                let client = ClientId::from_uuid(row.client_id);
                let suppressed_because =
                    row.email.as_ref().and_then(|address| suppressed.get(address)).cloned();
                let person = Person {
                    contact: ContactId::from_uuid(row.id),
                    client,
                    name: row.name,
                    title: row.title,
                    address: row.email,
                    is_active: row.is_active,
                    client_name: account.name.clone(),
                    client_is_active: account.is_active,
                    suppressed_because,
                    has_open_case: with_case.contains(&client),
                    paused_until: pauses.get(&row.id).copied(),
                    last_letter_at: letters.get(&row.id).copied(),
                };
                Some((person.contact, person))
            })
            .collect())
    }

    async fn pauses(&self, contacts: &[Uuid]) -> StoreResult<HashMap<Uuid, Timestamp>> {
        let rows: Vec<(Uuid, Option<Timestamp>)> = clocks::Entity::find()
            .select_only()
            .columns([clocks::Column::EntityId, clocks::Column::PausedUntil])
            .filter(clocks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(clocks::Column::EntityType.eq(ClockOwner::Contact.as_str()))
            .filter(clocks::Column::EntityId.is_in(contacts.iter().copied()))
            .filter(clocks::Column::PausedUntil.is_not_null())
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().filter_map(|(contact, until)| Some((contact, until?))).collect())
    }

    async fn last_letters(
        &self,
        contacts: &[Uuid],
        now: Timestamp,
    ) -> StoreResult<HashMap<Uuid, Timestamp>> {
        // One that was handed over and not answered for may have left: the person is not written to again at once.
        let sent_or_claimed =
            [outbound::Column::SentAt, outbound::Column::ClaimedAt].map(Expr::col);
        let left_at = Expr::from(Func::coalesce(sent_or_claimed));
        let rows: Vec<(Uuid, Option<Timestamp>)> = outbound::Entity::find()
            .select_only()
            .column(outbound::Column::ContactId)
            .column_as(left_at.clone().max(), "left_at")
            .filter(outbound::Column::TenantId.eq(self.tenant.uuid()))
            .filter(outbound::Column::ContactId.is_in(contacts.iter().copied()))
            .filter(
                outbound::Column::SentAt
                    .is_not_null()
                    .or(outbound::Column::Status.is_in(MAY_HAVE_LEFT)),
            )
            .filter(left_at.lte(now))
            .group_by(outbound::Column::ContactId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().filter_map(|(contact, at)| Some((contact, at?))).collect())
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
        let uuids: Vec<Uuid> = clients.iter().map(|it| it.uuid()).collect();
        let mut mentions: HashMap<ClientId, Mentions> = HashMap::new();
        let newest: Vec<(Uuid, Option<Date>)> = orders::Entity::find()
            .select_only()
            .column(orders::Column::ClientId)
            .column_as(orders::Column::OrderedOn.max(), "newest")
            .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
            .filter(orders::Column::ClientId.is_in(uuids.iter().copied()))
            .filter(orders::Column::Status.ne(OrderStatus::Cancelled.as_str()))
            .filter(orders::Column::OrderedOn.lte(today))
            .group_by(orders::Column::ClientId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        for (client, day) in newest {
            let Some(day) = day else { continue };
            let number: Option<String> = orders::Entity::find()
                .select_only()
                .column_as(orders::Column::Number.max(), "number")
                .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
                .filter(orders::Column::ClientId.eq(client))
                .filter(orders::Column::Status.ne(OrderStatus::Cancelled.as_str()))
                .filter(orders::Column::OrderedOn.eq(day))
                .into_tuple()
                .one(&self.conn)
                .await?;
            if let Some(number) = number {
                mentions.entry(ClientId::from_uuid(client)).or_default().last_order =
                    Some((number, day));
            }
        }
        let open: Vec<(Uuid, String)> = deals::Entity::find()
            .select_only()
            .columns([deals::Column::ClientId, deals::Column::Name])
            .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(deals::Column::ClientId.is_in(uuids.iter().copied()))
            .filter(deals::Column::StageType.is_in(["open", "ongoing"]))
            .filter(deals::Column::StageEnteredOn.lte(today))
            .order_by_desc(deals::Column::ExternalId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        for (client, name) in open {
            mentions.entry(ClientId::from_uuid(client)).or_default().open_deal = Some(name);
        }
        Ok(mentions)
    }
}
