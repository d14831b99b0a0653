//! A unit of work: what is written together or not at all.

use domain::id::{RunId, TenantId};
use entity::agent_tenant_locks as locks;
use sea_orm::{
    ColumnTrait, DatabaseExecutor, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};

use crate::{Scope, Store, StoreError, StoreResult};

/// The right to write for a tenant on behalf of one run.
///
/// The number comes from the tenant's lock row and never goes back, so a worker that was frozen and
/// wakes late finds a higher one and writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Whose run.
    pub run: RunId,
    /// The number drawn when the lock was taken.
    pub number: i64,
}

/// A transaction of one tenant. Dropped without [`UnitOfWork::commit`], it leaves no trace.
pub struct UnitOfWork<'s> {
    txn: DatabaseTransaction,
    tenant: TenantId,
    store: &'s Store,
}

impl<'s> UnitOfWork<'s> {
    pub(crate) async fn begin(
        store: &'s Store,
        tenant: TenantId,
        fence: Option<Fence>,
    ) -> StoreResult<Self> {
        let txn = store.begin_immediate().await?;
        if let Some(fence) = fence {
            let held = fence.number;
            // `FOR SHARE` keeps another run from taking the lock before this commits; SQLite has the whole file.
            let current = locks::Entity::find()
                .filter(locks::Column::TenantId.eq(tenant.uuid()))
                .lock_shared()
                .one(&txn)
                .await?
                .map_or(0, |row| row.fence);
            if current != held {
                return Err(StoreError::FenceLost { held, current });
            }
        }
        Ok(Self { txn, tenant, store })
    }

    /// The tenant's rows as this transaction sees and changes them.
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            conn: DatabaseExecutor::from(&self.txn),
            tenant: self.tenant,
            ids: self.store.ids(),
        }
    }

    /// Makes everything written here visible and durable at once.
    pub async fn commit(self) -> StoreResult<()> {
        Ok(self.txn.commit().await?)
    }
}
