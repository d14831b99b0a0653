//! Keys to the API: only the SHA-256 of a key's secret is kept, and no way leads back from it.
//!
//! What lives here: making, finding, renewing and revoking keys, of one tenant and of the installation.
//! What does not: secrets, which are made and hashed by the API, and what a role may do (`domain::access`).

use chrono::TimeDelta;
use domain::{
    access::KeyRole,
    action::Actor,
    id::{ApiKeyId, TenantId},
    time::Timestamp,
};
use entity::{admin_keys, api_keys};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition, error::unreadable, system::System};

/// A key as it is known: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Which key.
    pub id: ApiKeyId,
    /// Whose data it opens; none for a key that looks after the installation.
    pub tenant: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: KeyRole,
    /// The first characters of it, to tell it from others.
    pub hint: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A key to keep.
#[derive(Clone, Debug)]
pub struct NewKey<'k> {
    /// What people call it.
    pub name: &'k str,
    /// What it may do.
    pub role: KeyRole,
    /// SHA-256 of the whole key, in hex.
    pub secret_sha256: &'k str,
    /// The first characters of it.
    pub hint: &'k str,
    /// Who makes it.
    pub actor: &'k Actor,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// A key's use is written down at most so often.
const USED_EVERY_SECONDS: i64 = 60;

impl System<'_> {
    /// The key with this hash, whosever it is.
    pub async fn find_key(&self, secret_sha256: &str) -> StoreResult<Option<KeyRow>> {
        let of_tenant = api_keys::Entity::find()
            .filter(api_keys::Column::SecretSha256.eq(secret_sha256))
            .one(self.store.db())
            .await?;
        if let Some(row) = of_tenant {
            return of_api(row).map(Some);
        }
        let of_admin = admin_keys::Entity::find()
            .filter(admin_keys::Column::SecretSha256.eq(secret_sha256))
            .one(self.store.db())
            .await?;
        of_admin.map(of_installation).transpose()
    }

    /// Keeps a key that looks after the installation.
    pub async fn insert_admin_key(
        &self,
        new: &NewKey<'_>,
        now: Timestamp,
    ) -> StoreResult<ApiKeyId> {
        let id: ApiKeyId = self.store.ids().next(now);
        let row = admin_keys::ActiveModel {
            id: Set(id.uuid()),
            name: Set(new.name.to_owned()),
            role: Set(new.role.to_string()),
            secret_sha256: Set(new.secret_sha256.to_owned()),
            hint: Set(new.hint.to_owned()),
            created_by: Set(new.actor.to_string()),
            created_at: Set(now),
            expires_at: Set(new.expires_at),
            revoked_at: Set(None),
            last_used_at: Set(None),
        };
        admin_keys::Entity::insert(row).exec_without_returning(self.store.db()).await?;
        Ok(id)
    }

    /// The keys that look after the installation, newest first.
    pub async fn list_admin_keys(&self, limit: u64) -> StoreResult<Vec<KeyRow>> {
        let rows = admin_keys::Entity::find()
            .order_by_desc(admin_keys::Column::Id)
            .limit(limit)
            .all(self.store.db())
            .await?;
        rows.into_iter().map(of_installation).collect()
    }

    /// Takes a key of the installation back.
    pub async fn revoke_admin_key(&self, id: ApiKeyId, now: Timestamp) -> StoreResult<Transition> {
        use admin_keys::Column;
        let moved = admin_keys::Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(Some(now)))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::RevokedAt.is_null())
            .exec(self.store.db())
            .await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        let there = admin_keys::Entity::find_by_id(id.uuid()).one(self.store.db()).await?;
        Ok(there.map_or(Transition::Lost, |_| Transition::AlreadyThere))
    }

    /// Notes that a key was used; a use within the same minute is not written again.
    pub async fn note_key_used(&self, key: &KeyRow, now: Timestamp) -> StoreResult<()> {
        let recent = now - TimeDelta::seconds(USED_EVERY_SECONDS);
        if key.last_used_at.is_some_and(|at| recent < at) {
            return Ok(());
        }
        let id = key.id.uuid();
        match key.tenant {
            Some(tenant) => {
                use api_keys::Column;
                api_keys::Entity::update_many()
                    .col_expr(Column::LastUsedAt, Expr::value(Some(now)))
                    .filter(Column::TenantId.eq(tenant.uuid()))
                    .filter(Column::Id.eq(id))
                    .filter(Column::LastUsedAt.is_null().or(Column::LastUsedAt.lte(recent)))
                    .exec(self.store.db())
                    .await?;
            }
            None => {
                use admin_keys::Column;
                admin_keys::Entity::update_many()
                    .col_expr(Column::LastUsedAt, Expr::value(Some(now)))
                    .filter(Column::Id.eq(id))
                    .filter(Column::LastUsedAt.is_null().or(Column::LastUsedAt.lte(recent)))
                    .exec(self.store.db())
                    .await?;
            }
        }
        Ok(())
    }
}

impl Scope<'_> {
    /// Keeps a key of this tenant.
    pub async fn insert_key(&self, new: &NewKey<'_>, now: Timestamp) -> StoreResult<ApiKeyId> {
        let id: ApiKeyId = self.new_id(now);
        let row = api_keys::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            name: Set(new.name.to_owned()),
            role: Set(new.role.to_string()),
            secret_sha256: Set(new.secret_sha256.to_owned()),
            hint: Set(new.hint.to_owned()),
            created_by: Set(new.actor.to_string()),
            created_at: Set(now),
            expires_at: Set(new.expires_at),
            revoked_at: Set(None),
            last_used_at: Set(None),
        };
        api_keys::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(id)
    }

    /// The tenant's keys, newest first.
    pub async fn list_keys(&self, limit: u64) -> StoreResult<Vec<KeyRow>> {
        let rows = api_keys::Entity::find()
            .filter(api_keys::Column::TenantId.eq(self.tenant.uuid()))
            .order_by_desc(api_keys::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(of_api).collect()
    }

    /// A key of this tenant.
    pub async fn find_key(&self, id: ApiKeyId) -> StoreResult<Option<KeyRow>> {
        let row = api_keys::Entity::find()
            .filter(api_keys::Column::TenantId.eq(self.tenant.uuid()))
            .filter(api_keys::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(of_api).transpose()
    }

    /// Takes a key back: at once, or from a moment on, so that its heir can be put in place.
    pub async fn mark_key_revoked(&self, id: ApiKeyId, from: Timestamp) -> StoreResult<Transition> {
        use api_keys::Column;
        let moved = api_keys::Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(Some(from)))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            // A later moment does not put off an earlier one.
            .filter(Column::RevokedAt.is_null().or(Column::RevokedAt.gt(from)))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        Ok(self.find_key(id).await?.map_or(Transition::Lost, |_| Transition::AlreadyThere))
    }
}

fn of_api(row: api_keys::Model) -> StoreResult<KeyRow> {
    Ok(KeyRow {
        id: ApiKeyId::from_uuid(row.id),
        tenant: Some(TenantId::from_uuid(row.tenant_id)),
        name: row.name,
        role: row.role.parse().map_err(unreadable("api_keys.role"))?,
        hint: row.hint,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    })
}

fn of_installation(row: admin_keys::Model) -> StoreResult<KeyRow> {
    Ok(KeyRow {
        id: ApiKeyId::from_uuid(row.id),
        tenant: None,
        name: row.name,
        role: row.role.parse().map_err(unreadable("admin_keys.role"))?,
        hint: row.hint,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    })
}
