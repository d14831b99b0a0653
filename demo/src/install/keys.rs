//! From the world's keys to the ids that the database gave their rows.

use std::collections::HashMap;

use domain::id::{ClientId, ContactId, DealId, Id, IdKind, OrderId, ProductId};

use super::DemoError;

/// The ids of what was written so far.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) clients: HashMap<String, ClientId>,
    pub(super) contacts: HashMap<String, ContactId>,
    pub(super) products: HashMap<String, ProductId>,
    pub(super) orders: HashMap<String, OrderId>,
    pub(super) deals: HashMap<String, DealId>,
}

/// The id of a key, which was written before.
pub(super) fn id_of<K: IdKind>(
    ids: &HashMap<String, Id<K>>,
    key: &str,
) -> Result<Id<K>, DemoError> {
    let not_found = || DemoError::NotFound { what: K::NOUN, key: key.to_owned() };
    ids.get(key).copied().ok_or_else(not_found)
}

/// The id of a key that may be missing in the world, but not in the database.
pub(super) fn id_of_some<K: IdKind>(
    ids: &HashMap<String, Id<K>>,
    key: Option<&str>,
) -> Result<Option<Id<K>>, DemoError> {
    key.map(|key| id_of(ids, key)).transpose()
}
