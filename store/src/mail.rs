//! Messages, as the cycle reads them.

use std::collections::HashMap;

use domain::{
    id::{ClientId, ContactId, MessageId},
    mail::Findings,
    policy::MessageFacts,
    record::Direction,
    time::Timestamp,
};
use entity::{message_readings as readings, messages};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::Expr,
};

use crate::{Scope, StoreResult, error::unreadable};

/// A message with the newest reading of it.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Which message.
    pub id: MessageId,
    /// Its key in the mailbox.
    pub key: String,
    /// Which way it went.
    pub direction: Direction,
    /// The account.
    pub client: Option<ClientId>,
    /// The person, if known.
    pub contact: Option<ContactId>,
    /// When it came or went.
    pub received_at: Timestamp,
    /// What was understood.
    pub findings: Findings,
    /// The text that the findings point into.
    pub body: String,
}

const COLUMNS: [messages::Column; 7] = [
    messages::Column::Id,
    messages::Column::ProviderId,
    messages::Column::Direction,
    messages::Column::ClientId,
    messages::Column::ContactId,
    messages::Column::ReceivedAt,
    messages::Column::TenantId,
];

type HeadTuple = (Uuid, String, String, Option<Uuid>, Option<Uuid>, Timestamp, Uuid);

impl Scope<'_> {
    /// Messages that no cycle has considered, up to `now`, oldest first.
    ///
    /// `since` leaves out what is too old to matter for a rehearsal, which marks nothing as considered.
    pub async fn list_unhandled_messages(
        &self,
        since: Option<Timestamp>,
        now: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<MessageRow>> {
        use messages::Column;
        let mut which = Condition::all()
            .add(Column::TenantId.eq(self.tenant.uuid()))
            .add(Column::ReceivedAt.lte(now));
        which = match since {
            Some(since) => which.add(Column::ReceivedAt.gt(since)),
            None => which.add(Column::HandledAt.is_null()),
        };
        let heads: Vec<HeadTuple> = messages::Entity::find()
            .select_only()
            .columns(COLUMNS)
            .filter(which)
            .order_by_asc(Column::ReceivedAt)
            .order_by_asc(Column::ProviderId)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        self.with_readings(heads).await
    }

    /// Some messages, by id.
    pub async fn load_messages(&self, ids: &[MessageId]) -> StoreResult<Vec<MessageRow>> {
        let heads: Vec<HeadTuple> = messages::Entity::find()
            .select_only()
            .columns(COLUMNS)
            .filter(messages::Column::TenantId.eq(self.tenant.uuid()))
            .filter(messages::Column::Id.is_in(ids.iter().map(|it| it.uuid())))
            .into_tuple()
            .all(&self.conn)
            .await?;
        self.with_readings(heads).await
    }

    async fn with_readings(&self, heads: Vec<HeadTuple>) -> StoreResult<Vec<MessageRow>> {
        let ids: Vec<Uuid> = heads.iter().map(|head| head.0).collect();
        let rows = readings::Entity::find()
            .filter(readings::Column::TenantId.eq(self.tenant.uuid()))
            .filter(readings::Column::MessageId.is_in(ids))
            .order_by_asc(readings::Column::ReaderVersion)
            .all(&self.conn)
            .await?;
        // The newest reader's word stands: later versions overwrite earlier ones here.
        let mut newest: HashMap<Uuid, readings::Model> =
            rows.into_iter().map(|row| (row.message_id, row)).collect();
        let mut found = Vec::with_capacity(heads.len());
        for (id, key, direction, client, contact, received_at, _) in heads {
            let Some(reading) = newest.remove(&id) else { continue };
            found.push(MessageRow {
                id: MessageId::from_uuid(id),
                key,
                direction: direction.parse().map_err(unreadable("messages.direction"))?,
                client: client.map(ClientId::from_uuid),
                contact: contact.map(ContactId::from_uuid),
                received_at,
                findings: serde_json::from_value(reading.findings)
                    .map_err(unreadable("message_readings.findings"))?,
                body: reading.body,
            });
        }
        Ok(found)
    }

    /// A message as a witness for what is proposed for `client`.
    pub async fn find_message_facts(
        &self,
        id: MessageId,
        client: Option<ClientId>,
    ) -> StoreResult<Option<MessageFacts>> {
        let row = self.load_messages(&[id]).await?.into_iter().next();
        Ok(row.map(|row| MessageFacts {
            is_inbound: row.direction == Direction::Inbound,
            is_from_client_person: row.contact.is_some()
                && row.client.is_some()
                && row.client == client,
            findings: row.findings,
            body: row.body,
            received_at: row.received_at,
        }))
    }

    /// Notes that a cycle has considered some messages.
    pub async fn mark_messages_handled(
        &self,
        ids: &[MessageId],
        now: Timestamp,
    ) -> StoreResult<()> {
        use messages::Column;
        for chunk in ids.chunks(MESSAGES_PER_STATEMENT) {
            messages::Entity::update_many()
                .col_expr(Column::HandledAt, Expr::value(Some(now)))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(chunk.iter().map(|it| it.uuid())))
                .filter(Column::HandledAt.is_null())
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }
}

/// Messages marked in one statement.
const MESSAGES_PER_STATEMENT: usize = 5_000;
