//! From other people's keys to our ids, many at a time.
//!
//! What lives here: one query per table for all the references of a batch.
//! What does not: what to do about a key that is not known; the importer reports it with its row.

use std::collections::HashMap;

use domain::id::{
    ClientId, ContactId, DealId, Id, MailboxId, MessageId, OrderId, ProductId, ThreadId,
};
use entity::{clients, contacts, credit_profiles, deals, messages, orders, products, threads};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, Query},
};

use super::bulk::PARAMETERS_MAX;
use crate::{Scope, StoreResult, parameter::Among};

/// Who an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correspondent {
    /// The person.
    pub contact: ContactId,
    /// Their company.
    pub client: ClientId,
}

/// Which imported row a client's credit profile came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditProfileKey {
    /// Its source.
    pub source: String,
    /// Its key there.
    pub external_id: String,
}

/// The conversation that a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownThread {
    /// Which one.
    pub id: ThreadId,
    /// Its key in the mailbox.
    pub provider_id: String,
}

impl Scope<'_> {
    /// Clients by their external ids in one source.
    pub async fn client_ids(
        &self,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, ClientId>> {
        self.ids_of(clients::Entity, source, external_ids).await
    }

    /// Contacts by their external ids in one source.
    pub async fn contact_ids(
        &self,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, ContactId>> {
        self.ids_of(contacts::Entity, source, external_ids).await
    }

    /// Deals by their external ids in one source.
    pub async fn deal_ids(
        &self,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, DealId>> {
        self.ids_of(deals::Entity, source, external_ids).await
    }

    /// Orders by their external ids in one source.
    pub async fn order_ids(
        &self,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, OrderId>> {
        self.ids_of(orders::Entity, source, external_ids).await
    }

    /// Products by their external ids in one source.
    pub async fn product_ids(
        &self,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, ProductId>> {
        self.ids_of(products::Entity, source, external_ids).await
    }

    /// Products by article number, whatever their source; of two with one number, the one that came first.
    pub async fn product_ids_by_sku(
        &self,
        skus: &[&str],
    ) -> StoreResult<HashMap<String, ProductId>> {
        use products::Column;
        let mut found = HashMap::with_capacity(skus.len());
        let select = products::Entity::find()
            .select_only()
            .columns([Column::Sku, Column::Id])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .into_query();
        for row in self.find_among(select, Among::texts("sku", skus.iter().copied())).await? {
            let id: Uuid = row.try_get_by_index(1)?;
            let id = Id::from_uuid(id);
            let first: &mut ProductId = found.entry(row.try_get_by_index(0)?).or_insert(id);
            *first = Ord::min(*first, id);
        }
        Ok(found)
    }

    /// Which imported rows hold the credit profiles of these clients; `None` stands for the tenant's default.
    pub async fn credit_profile_keys(
        &self,
        clients: &[Option<ClientId>],
    ) -> StoreResult<HashMap<Option<ClientId>, CreditProfileKey>> {
        use credit_profiles::Column;
        let mut found = HashMap::new();
        let named: Vec<Uuid> = clients.iter().flatten().map(|client| client.uuid()).collect();
        let wants_default = clients.iter().any(Option::is_none);
        for chunk in named.chunks(PARAMETERS_MAX) {
            let whose = Column::ClientId.is_in(chunk.iter().copied());
            found.extend(self.credit_profiles_where(whose).await?);
        }
        if wants_default {
            found.extend(self.credit_profiles_where(Column::ClientId.is_null()).await?);
        }
        Ok(found)
    }

    async fn credit_profiles_where(
        &self,
        whose: Expr,
    ) -> StoreResult<Vec<(Option<ClientId>, CreditProfileKey)>> {
        use credit_profiles::Column;
        let rows: Vec<(Option<Uuid>, String, String)> = credit_profiles::Entity::find()
            .select_only()
            .columns([Column::ClientId, Column::Source, Column::ExternalId])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(whose)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let keyed = rows.into_iter().map(|(client, source, external_id)| {
            (client.map(Id::from_uuid), CreditProfileKey { source, external_id })
        });
        Ok(keyed.collect())
    }

    /// The people with these addresses, written in lower case.
    ///
    /// Where several share an address, one who is still there goes first, then the one who was known first.
    pub async fn correspondents(
        &self,
        addresses: &[&str],
    ) -> StoreResult<HashMap<String, Correspondent>> {
        use contacts::Column;
        let mut found = HashMap::with_capacity(addresses.len());
        for chunk in addresses.chunks(PARAMETERS_MAX) {
            let rows: Vec<(Option<String>, Uuid, Uuid)> = contacts::Entity::find()
                .select_only()
                .columns([Column::Email, Column::Id, Column::ClientId])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Email.is_in(chunk.iter().copied()))
                .order_by_desc(Column::IsActive)
                .order_by_asc(Column::Id)
                .into_tuple()
                .all(&self.conn)
                .await?;
            for (email, contact, client) in rows {
                let Some(email) = email else { continue };
                found.entry(email).or_insert(Correspondent {
                    contact: Id::from_uuid(contact),
                    client: Id::from_uuid(client),
                });
            }
        }
        Ok(found)
    }

    /// The clients with these domains, written in lower case; a domain that two clients share names neither.
    pub async fn client_ids_by_domain(
        &self,
        domains: &[&str],
    ) -> StoreResult<HashMap<String, ClientId>> {
        use clients::Column;
        let mut found: HashMap<String, Option<ClientId>> = HashMap::with_capacity(domains.len());
        for chunk in domains.chunks(PARAMETERS_MAX) {
            let rows: Vec<(Option<String>, Uuid)> = clients::Entity::find()
                .select_only()
                .columns([Column::Domain, Column::Id])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Domain.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(&self.conn)
                .await?;
            for (domain, id) in rows {
                let Some(domain) = domain else { continue };
                let only = Some(Id::from_uuid(id));
                found.entry(domain).and_modify(|client| *client = None).or_insert(only);
            }
        }
        Ok(found.into_iter().filter_map(|(domain, client)| Some((domain, client?))).collect())
    }

    /// Messages by their `Message-ID`, without angle brackets; of copies, the one that was stored first.
    pub async fn message_ids(
        &self,
        rfc_message_ids: &[&str],
    ) -> StoreResult<HashMap<String, MessageId>> {
        use messages::Column;
        let mut found = HashMap::with_capacity(rfc_message_ids.len());
        for chunk in rfc_message_ids.chunks(PARAMETERS_MAX) {
            let rows: Vec<(Option<String>, Uuid)> = messages::Entity::find()
                .select_only()
                .columns([Column::RfcMessageId, Column::Id])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::RfcMessageId.is_in(chunk.iter().copied()))
                .order_by_asc(Column::Id)
                .into_tuple()
                .all(&self.conn)
                .await?;
            for (rfc_message_id, id) in rows {
                let Some(rfc_message_id) = rfc_message_id else { continue };
                found.entry(rfc_message_id).or_insert(Id::from_uuid(id));
            }
        }
        Ok(found)
    }

    /// The conversations of a mailbox that hold the messages with these `Message-ID`s.
    pub async fn threads_of_messages(
        &self,
        mailbox: MailboxId,
        rfc_message_ids: &[&str],
    ) -> StoreResult<HashMap<String, KnownThread>> {
        let mut found = HashMap::with_capacity(rfc_message_ids.len());
        for chunk in rfc_message_ids.chunks(PARAMETERS_MAX) {
            let select = Query::select()
                .column((messages::Entity, messages::Column::RfcMessageId))
                .column((threads::Entity, threads::Column::Id))
                .column((threads::Entity, threads::Column::ProviderId))
                .from(messages::Entity)
                .inner_join(
                    threads::Entity,
                    Expr::col((threads::Entity, threads::Column::Id))
                        .eq(Expr::col((messages::Entity, messages::Column::ThreadId))),
                )
                .and_where(messages::Column::TenantId.eq(self.tenant.uuid()))
                .and_where(messages::Column::MailboxId.eq(mailbox.uuid()))
                .and_where(messages::Column::RfcMessageId.is_in(chunk.iter().copied()))
                .order_by((messages::Entity, messages::Column::Id), sea_orm::Order::Asc)
                .to_owned();
            for row in self.conn.query_all(&select).await? {
                let id: Uuid = row.try_get_by_index(1)?;
                let provider_id = row.try_get_by_index(2)?;
                let thread = KnownThread { id: Id::from_uuid(id), provider_id };
                found.entry(row.try_get_by_index(0)?).or_insert(thread);
            }
        }
        Ok(found)
    }

    async fn ids_of<E: EntityTrait, K>(
        &self,
        table: E,
        source: &str,
        external_ids: &[&str],
    ) -> StoreResult<HashMap<String, Id<K>>> {
        let mut found = HashMap::with_capacity(external_ids.len());
        let select = Query::select()
            .columns(["external_id", "id"])
            .from(table)
            .and_where(Expr::col("tenant_id").eq(self.tenant.uuid()))
            .and_where(Expr::col("source").eq(source))
            .to_owned();
        let among = Among::texts("external_id", external_ids.iter().copied());
        for row in self.find_among(select, among).await? {
            let id: Uuid = row.try_get_by_index(1)?;
            found.insert(row.try_get_by_index(0)?, Id::from_uuid(id));
        }
        Ok(found)
    }
}
