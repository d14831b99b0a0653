//! Keys: how they are made, hashed, looked up and remembered for a moment.
//!
//! A key is 256 random bits. It is shown once, when it is made; what is kept is its SHA-256.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    access::{KeyFault, KeyRole, Permission, find_key_fault},
    action::Actor,
    id::{ApiKeyId, TenantId},
    proposal::hex,
    time::{Clock, Timestamp},
};
use moka::sync::Cache;
use platform::SECRET_BYTES;
use sha2::{Digest, Sha256};
use store::{
    Scope, Store, StoreResult,
    key::{KeyRow, NewKey},
};

use crate::error::{ApiError, ApiResult, Code};

/// What every key begins with, so that one that leaks is recognised by whoever looks for keys.
pub const KEY_PREFIX: &str = "stw_";
/// How long a key is remembered: one that was revoked elsewhere works no longer than this.
const REMEMBERED: Duration = Duration::from_secs(5);
/// How long a request waits for the note that its key was used.
const NOTE_TIME_MAX: Duration = Duration::from_millis(200);
/// Keys that are remembered.
const REMEMBERED_MAX: u64 = 10_000;
/// Characters of a key that are kept to tell it from others: the prefix, and four of its 43.
const HINT_CHARS: usize = 8;
/// Characters of a secret in base64.
const SECRET_CHARS: usize = (SECRET_BYTES * 8).div_ceil(6);

/// A key that was just made, with its secret; never kept and never logged.
pub struct Secret {
    key: String,
    sha256: String,
}

impl Secret {
    /// Makes one.
    pub fn random() -> Self {
        let key = format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(platform::random_secret()));
        let sha256 = hex(&digest(&key));
        Self { key, sha256 }
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.key
    }

    /// What is kept of it.
    pub fn to_keep<'k>(
        &'k self,
        name: &'k str,
        role: KeyRole,
        actor: &'k Actor,
        expires_at: Option<Timestamp>,
    ) -> NewKey<'k> {
        let (secret_sha256, hint) = (self.sha256.as_str(), &self.key[..HINT_CHARS]);
        NewKey { name, role, secret_sha256, hint, actor, expires_at }
    }

    /// The key that a tenant is made with, as it is kept.
    pub fn first_key<'k>(&'k self, actor: &'k Actor) -> NewKey<'k> {
        self.to_keep(FIRST_KEY, KeyRole::Owner, actor, None)
    }
}

/// The name of the key that a tenant is made with.
const FIRST_KEY: &str = "first key";

/// What came of a rotation.
pub enum Rotation {
    /// Another key stands beside the old one, which was like this.
    Made(ApiKeyId, KeyRow),
    /// The old one opens nothing any more.
    Ended,
    /// There is no such key.
    Unknown,
}

/// Puts another key in place of one of a tenant's, which goes on for a while.
pub async fn rotate_key(
    scope: &Scope<'_>,
    old: ApiKeyId,
    secret: &Secret,
    goes_on: TimeDelta,
    actor: &Actor,
    now: Timestamp,
) -> StoreResult<Rotation> {
    let Some(old) = scope.find_key(old).await? else { return Ok(Rotation::Unknown) };
    if find_key_fault(old.expires_at, old.revoked_at, now).is_some() {
        return Ok(Rotation::Ended);
    }
    let heir = secret.to_keep(&old.name, old.role, actor, old.expires_at);
    let id = scope.insert_key(&heir, now).await?;
    scope.mark_key_revoked(old.id, now + goes_on).await?;
    Ok(Rotation::Made(id, old))
}

/// SHA-256 of a key.
pub type KeyDigest = [u8; SECRET_BYTES];

fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

/// Whoever calls: a key that was taken.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Which key.
    pub key: ApiKeyId,
    /// Whose data it opens; none for a key that looks after the installation.
    pub tenant: Option<TenantId>,
    /// What it may do.
    pub role: KeyRole,
    /// Its hash, by which it is asked again whether it still opens anything.
    pub digest: KeyDigest,
}

impl Caller {
    /// The caller, for the record.
    pub fn actor(&self) -> Actor {
        Actor::Key(self.key.to_string())
    }

    /// Errors unless the key's role allows it.
    pub fn require(&self, permission: Permission) -> ApiResult<()> {
        if self.role.may(permission) {
            return Ok(());
        }
        let detail =
            format!("a key with the role `{}` may not do this: it takes `{permission}`", self.role);
        Err(ApiError::new(Code::Forbidden, detail))
    }

    /// The tenant of the key. Errors for one that has none.
    pub fn require_tenant(&self) -> ApiResult<TenantId> {
        self.tenant.ok_or_else(|| {
            ApiError::new(
                Code::Forbidden,
                "this key looks after the installation and opens no tenant's data: use a key of the tenant",
            )
        })
    }
}

/// The keys that are known.
pub(crate) struct Keys {
    store: Store,
    clock: Arc<dyn Clock>,
    remembered: Cache<KeyDigest, Arc<KeyRow>>,
}

impl Keys {
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let remembered =
            Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(REMEMBERED).build();
        Self { store, clock, remembered }
    }

    /// Whoever holds this key; `None` if nobody knows it.
    pub async fn caller(&self, key: &str) -> ApiResult<Option<Caller>> {
        // What cannot be a key is not looked up.
        let is_formed = key.strip_prefix(KEY_PREFIX).is_some_and(|it| it.len() == SECRET_CHARS);
        if !is_formed {
            return Ok(None);
        }
        self.of_digest(&digest(key)).await
    }

    /// Whoever holds the key with this hash; `None` if nobody knows it.
    pub async fn of_digest(&self, digest: &KeyDigest) -> ApiResult<Option<Caller>> {
        let row = match self.remembered.get(digest) {
            Some(row) => row,
            None => {
                let found = self.store.system().find_key(&hex(digest)).await?;
                let Some(found) = found else { return Ok(None) };
                self.note_used(&found).await;
                let row = Arc::new(found);
                self.remembered.insert(*digest, Arc::clone(&row));
                row
            }
        };
        match find_key_fault(row.expires_at, row.revoked_at, self.clock.now()) {
            None => {
                let (key, tenant, role) = (row.id, row.tenant, row.role);
                Ok(Some(Caller { key, tenant, role, digest: *digest }))
            }
            Some(KeyFault::Expired) => {
                Err(ApiError::new(Code::KeyExpired, "this key has expired: have another one made"))
            }
            Some(KeyFault::Revoked) => {
                Err(ApiError::new(Code::KeyRevoked, "this key was revoked: have another one made"))
            }
        }
    }

    /// Notes that a key was used. Nobody waits long for a note; the next use makes it.
    async fn note_used(&self, key: &KeyRow) {
        let system = self.store.system();
        let noted = system.note_key_used(key, self.clock.now());
        match tokio::time::timeout(NOTE_TIME_MAX, noted).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a key's use was not noted"),
            Err(_) => tracing::debug!("a key's use was not noted in time"),
        }
    }

    /// Forgets what is remembered: a key was changed here.
    pub fn forget(&self) {
        self.remembered.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_256_bits_that_no_two_share() {
        let (one, other) = (Secret::random(), Secret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), KEY_PREFIX.len() + SECRET_CHARS);
        let actor = Actor::Key("1".to_owned());
        let kept = one.to_keep("a till", KeyRole::Viewer, &actor, None);
        assert_eq!(kept.secret_sha256.len(), 64);
        assert!(one.reveal().starts_with(kept.hint) && kept.hint.starts_with(KEY_PREFIX));
        assert!(kept.hint.len() < KEY_PREFIX.len() + SECRET_CHARS / 8);
    }
}
