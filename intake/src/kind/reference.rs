//! References to rows that were imported before, resolved for a whole batch at once.

use std::collections::{HashMap, HashSet};

use domain::id::{ClientId, ContactId, DealId, Id, MessageId, OrderId, ProductId};
use store::{Scope, StoreResult};

use crate::fault::Fault;

/// Stands for a reference until its batch is looked up. No row has this id, so should one get through,
/// the database refuses it.
pub(crate) fn unresolved<K>() -> Id<K> {
    Id::from_uuid(Default::default())
}

/// References of one kind, looked up.
pub(crate) struct Known<K> {
    noun: &'static str,
    first: &'static str,
    ids: HashMap<String, Id<K>>,
}

impl<K> Known<K> {
    /// The row that a cell of `field` names.
    pub fn get(&self, field: &str, key: &str) -> Result<Id<K>, Fault> {
        let found = self.ids.get(key).copied();
        found.ok_or_else(|| Fault::unknown(field, self.noun, key, self.first))
    }

    /// The row that a cell of `field` names, if it names one.
    pub fn find(&self, field: &str, key: Option<&str>) -> Result<Option<Id<K>>, Fault> {
        key.map(|key| self.get(field, key)).transpose()
    }

    /// The row of this key, if there is one.
    pub fn try_get(&self, key: &str) -> Option<Id<K>> {
        self.ids.get(key).copied()
    }
}

/// Looks up the clients of a batch.
pub(crate) async fn clients<'k>(
    scope: &Scope<'_>,
    source: &str,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::ClientKey>> {
    let ids: HashMap<String, ClientId> = scope.client_ids(source, &distinct(keys)).await?;
    Ok(Known { noun: "client", first: "clients", ids })
}

/// Looks up the contacts of a batch.
pub(crate) async fn contacts<'k>(
    scope: &Scope<'_>,
    source: &str,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::ContactKey>> {
    let ids: HashMap<String, ContactId> = scope.contact_ids(source, &distinct(keys)).await?;
    Ok(Known { noun: "contact", first: "contacts", ids })
}

/// Looks up the deals of a batch.
pub(crate) async fn deals<'k>(
    scope: &Scope<'_>,
    source: &str,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::DealKey>> {
    let ids: HashMap<String, DealId> = scope.deal_ids(source, &distinct(keys)).await?;
    Ok(Known { noun: "deal", first: "deals", ids })
}

/// Looks up the orders of a batch.
pub(crate) async fn orders<'k>(
    scope: &Scope<'_>,
    source: &str,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::OrderKey>> {
    let ids: HashMap<String, OrderId> = scope.order_ids(source, &distinct(keys)).await?;
    Ok(Known { noun: "order", first: "orders", ids })
}

/// Looks up the messages of a batch, by their `Message-ID`.
pub(crate) async fn messages<'k>(
    scope: &Scope<'_>,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::MessageKey>> {
    let ids: HashMap<String, MessageId> = scope.message_ids(&distinct(keys)).await?;
    Ok(Known { noun: "message", first: "messages", ids })
}

/// Looks up the products of a batch: by their key in the source, else by article number.
pub(crate) async fn products<'k>(
    scope: &Scope<'_>,
    source: &str,
    keys: impl Iterator<Item = &'k str>,
) -> StoreResult<Known<domain::id::ProductKey>> {
    let keys = distinct(keys);
    let mut ids: HashMap<String, ProductId> = scope.product_ids_by_sku(&keys).await?;
    ids.extend(scope.product_ids(source, &keys).await?);
    Ok(Known { noun: "product", first: "products", ids })
}

fn distinct<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    keys.collect::<HashSet<_>>().into_iter().collect()
}
