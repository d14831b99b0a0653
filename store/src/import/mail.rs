//! Mailboxes, conversations, messages and how they were read.

use std::collections::HashMap;

use domain::{
    id::{ClientId, ContactId, Id, MailboxId, ThreadId},
    mail::{READER_VERSION, Reading},
    record::{Direction, MailboxKind},
    time::Timestamp,
};
use entity::{mailboxes, message_readings, messages, threads};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    prelude::Uuid,
    sea_query::{CaseStatement, Expr},
};

use super::{
    Origin, UpsertCount,
    bulk::{Merge, PARAMETERS_MAX, brought, stored},
};
use crate::{Scope, StoreResult, error::unreadable};

/// A mailbox, as it is named at an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxRow {
    /// Where its messages come from.
    pub kind: MailboxKind,
    /// Its name; with the kind, its key.
    pub name: String,
    /// The tenant's own address in it, in lower case.
    pub address: Option<String>,
    /// The authserv-id whose word on senders is trusted.
    pub authserv_id: Option<String>,
}

/// A mailbox, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMailbox {
    /// Which one.
    pub id: MailboxId,
    /// The tenant's own address in it.
    pub address: Option<String>,
    /// The authserv-id whose word on senders is trusted.
    pub authserv_id: Option<String>,
}

/// A conversation in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its key in the mailbox.
    pub provider_id: String,
    /// Who it is with, if that is known.
    pub client: Option<ClientId>,
    /// When its last message came.
    pub last_message_at: Timestamp,
}

/// A message, raw and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its conversation.
    pub thread: ThreadId,
    /// Its key in the mailbox.
    pub provider_id: String,
    /// Which way it went.
    pub direction: Direction,
    /// The account it belongs to, if that is known.
    pub client: Option<ClientId>,
    /// The person at the other end, if that is known.
    pub contact: Option<ContactId>,
    /// When it came.
    pub received_at: Timestamp,
    /// SHA-256 of the raw bytes, in hex.
    pub raw_sha256: String,
    /// The message as it came.
    pub raw: Vec<u8>,
    /// What was understood.
    pub reading: Reading,
}

impl Scope<'_> {
    /// Finds a mailbox by kind and name, or makes it. An address or authserv-id that is given replaces the stored one.
    pub async fn find_or_create_mailbox(
        &self,
        origin: &Origin<'_>,
        row: &MailboxRow,
    ) -> StoreResult<StoredMailbox> {
        use mailboxes::{Column, Entity};
        let model = mailboxes::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            kind: Set(row.kind.to_string()),
            name: Set(row.name.clone()),
            address: Set(row.address.clone()),
            authserv_id: Set(row.authserv_id.clone()),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        };
        let given_or_stored = |column| {
            CaseStatement::new()
                .case(brought(column).is_not_null(), brought(column))
                .finally(stored::<Entity>(column))
                .into()
        };
        let merge = Merge::on([Column::TenantId, Column::Kind, Column::Name])
            .set(Column::Address, given_or_stored(Column::Address))
            .set(Column::AuthservId, given_or_stored(Column::AuthservId))
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        self.write_many(vec![model], &merge).await?;
        let found = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Kind.eq(row.kind.as_str()))
            .filter(Column::Name.eq(row.name.as_str()))
            .one(&self.conn)
            .await?
            .ok_or("it was written and is not there")
            .map_err(unreadable("mailboxes row"))?;
        Ok(StoredMailbox {
            id: Id::from_uuid(found.id),
            address: found.address,
            authserv_id: found.authserv_id,
        })
    }

    /// Writes conversations and gives their ids by key; one that is known keeps its client.
    pub async fn upsert_threads(
        &self,
        origin: &Origin<'_>,
        mailbox: MailboxId,
        rows: &[ThreadRow],
    ) -> StoreResult<HashMap<String, ThreadId>> {
        use threads::{Column, Entity};
        let models = rows.iter().map(|row| threads::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            mailbox_id: Set(mailbox.uuid()),
            provider_id: Set(row.provider_id.clone()),
            client_id: Set(row.client.map(|client| client.uuid())),
            last_message_at: Set(row.last_message_at),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let later = CaseStatement::new()
            .case(
                stored::<Entity>(Column::LastMessageAt).lt(brought(Column::LastMessageAt)),
                brought(Column::LastMessageAt),
            )
            .finally(stored::<Entity>(Column::LastMessageAt));
        let merge = Merge::on([Column::TenantId, Column::MailboxId, Column::ProviderId])
            .fill([Column::ClientId])
            .set(Column::LastMessageAt, later.into())
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        self.write_many(models.collect(), &merge).await?;
        let keys: Vec<&str> = rows.iter().map(|row| row.provider_id.as_str()).collect();
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(PARAMETERS_MAX) {
            let pairs: Vec<(String, Uuid)> = Entity::find()
                .select_only()
                .columns([Column::ProviderId, Column::Id])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::MailboxId.eq(mailbox.uuid()))
                .filter(Column::ProviderId.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(&self.conn)
                .await?;
            found.extend(pairs.into_iter().map(|(key, id)| (key, Id::from_uuid(id))));
        }
        Ok(found)
    }

    /// Writes messages with their readings.
    ///
    /// A message that is known stays as it came; it gains the people it was missing, and this reader's reading.
    pub async fn upsert_messages(
        &self,
        origin: &Origin<'_>,
        mailbox: MailboxId,
        rows: Vec<MessageRow>,
    ) -> StoreResult<UpsertCount> {
        use messages::Column;
        let mut models = Vec::with_capacity(rows.len());
        let mut readings = Vec::with_capacity(rows.len());
        for row in rows {
            let reading = (row.provider_id.clone(), row.reading.findings.clone());
            readings.push((reading, row.reading.body.clone()));
            models.push(self.message(origin, mailbox, row));
        }
        let merge = Merge::on([Column::TenantId, Column::MailboxId, Column::ProviderId])
            .fill([Column::ClientId, Column::ContactId]);
        let written = self.write_many(models, &merge).await?;

        let keys: Vec<&str> = readings.iter().map(|((key, _), _)| key.as_str()).collect();
        let ids = self.message_ids_in(mailbox, &keys).await?;
        let mut models = Vec::with_capacity(readings.len());
        for ((key, findings), body) in &readings {
            let Some(message) = ids.get(key) else { continue };
            models.push(message_readings::ActiveModel {
                id: Set(self.ids.next_uuid(origin.at)),
                tenant_id: Set(self.tenant.uuid()),
                message_id: Set(*message),
                reader_version: Set(READER_VERSION),
                kind: Set(findings.kind.to_string()),
                sender: Set(findings.sender.to_string()),
                findings: Set(serde_json::to_value(findings)
                    .map_err(unreadable("message_readings.findings"))?),
                body: Set(body.clone()),
                read_at: Set(origin.at),
            });
        }
        use message_readings::Column as ReadingColumn;
        let once = Merge::on([
            ReadingColumn::TenantId,
            ReadingColumn::MessageId,
            ReadingColumn::ReaderVersion,
        ]);
        self.write_many(models, &once).await?;
        Ok(written.count)
    }

    async fn message_ids_in(
        &self,
        mailbox: MailboxId,
        provider_ids: &[&str],
    ) -> StoreResult<HashMap<String, Uuid>> {
        use messages::Column;
        let mut found = HashMap::with_capacity(provider_ids.len());
        for chunk in provider_ids.chunks(PARAMETERS_MAX) {
            let pairs: Vec<(String, Uuid)> = messages::Entity::find()
                .select_only()
                .columns([Column::ProviderId, Column::Id])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::MailboxId.eq(mailbox.uuid()))
                .filter(Column::ProviderId.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(&self.conn)
                .await?;
            found.extend(pairs);
        }
        Ok(found)
    }

    fn message(
        &self,
        origin: &Origin<'_>,
        mailbox: MailboxId,
        row: MessageRow,
    ) -> messages::ActiveModel {
        let headers = row.reading.headers;
        let (from_name, from_address) =
            headers.from.map_or((None, None), |from| (from.name, Some(from.address)));
        let to_addresses = headers.to.into_iter().chain(headers.cc).map(|to| to.address);
        messages::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            mailbox_id: Set(mailbox.uuid()),
            thread_id: Set(row.thread.uuid()),
            provider_id: Set(row.provider_id),
            rfc_message_id: Set(headers.rfc_message_id),
            direction: Set(row.direction.to_string()),
            client_id: Set(row.client.map(|client| client.uuid())),
            contact_id: Set(row.contact.map(|contact| contact.uuid())),
            from_name: Set(from_name),
            from_address: Set(from_address),
            to_addresses: Set(to_addresses.collect()),
            subject: Set(headers.subject),
            sent_at: Set(headers.sent_at),
            received_at: Set(row.received_at),
            handled_at: Set(None),
            raw_sha256: Set(row.raw_sha256),
            created_at: Set(origin.at),
            raw: Set(row.raw),
        }
    }
}
