//! The store, and a view of it that is bound to one tenant.

use std::sync::Arc;

use domain::{
    id::{Id, IdSource, RunId, TenantId},
    time::Timestamp,
};
use sea_orm::{DatabaseConnection, DatabaseExecutor, DbBackend, TransactionTrait};

use crate::{StoreResult, UnitOfWork, system::System, work::Fence};

/// A database with our schema in it.
#[derive(Clone)]
pub struct Store {
    db: DatabaseConnection,
    ids: Arc<dyn IdSource>,
}

impl Store {
    /// Wraps a connection pool; the schema is the migrations' business.
    pub fn new(db: DatabaseConnection, ids: Arc<dyn IdSource>) -> Self {
        Self { db, ids }
    }

    /// Queries that look across tenants.
    pub fn system(&self) -> System<'_> {
        System { store: self }
    }

    /// Reads of one tenant, outside any transaction.
    pub fn tenant(&self, tenant: TenantId) -> Scope<'_> {
        Scope { conn: DatabaseExecutor::from(&self.db), tenant, ids: self.ids.as_ref() }
    }

    /// Begins writes of one tenant that no cycle has to be fenced from: imports, approvals, settings.
    pub async fn begin(&self, tenant: TenantId) -> StoreResult<UnitOfWork<'_>> {
        UnitOfWork::begin(self, tenant, None).await
    }

    /// Begins writes of a cycle: they commit only while the run still holds the tenant's fence.
    pub async fn begin_fenced(
        &self,
        tenant: TenantId,
        fence: Fence,
    ) -> StoreResult<UnitOfWork<'_>> {
        UnitOfWork::begin(self, tenant, Some(fence)).await
    }

    /// A fresh id of no kind in particular.
    pub fn new_uuid(&self, at: Timestamp) -> sea_orm::prelude::Uuid {
        self.ids.next_uuid(at)
    }

    /// A fresh id for a run, which has to be known before its lock can be taken.
    pub fn new_run_id(&self, at: Timestamp) -> RunId {
        self.ids.next(at)
    }

    /// Closes the pool. The embedded database writes its log back, and leaves one tidy file.
    pub async fn close(&self) -> StoreResult<()> {
        Ok(self.db.close_by_ref().await?)
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        self.ids.as_ref()
    }

    pub(crate) async fn begin_immediate(&self) -> StoreResult<sea_orm::DatabaseTransaction> {
        // On SQLite a writer that begins by reading may find itself unable to write; immediate avoids that.
        let options = sea_orm::TransactionOptions {
            sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.db.begin_with_options(options).await?)
    }
}

/// One tenant's rows, over a connection or inside a transaction.
///
/// Every query in this crate outside [`crate::system`] is a method of this type, one file per aggregate.
pub struct Scope<'c> {
    pub(crate) conn: DatabaseExecutor<'c>,
    pub(crate) tenant: TenantId,
    pub(crate) ids: &'c dyn IdSource,
}

impl Scope<'_> {
    /// Whose rows these are.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn new_id<K>(&self, at: Timestamp) -> Id<K> {
        self.ids.next(at)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        use sea_orm::ConnectionTrait;
        self.conn.get_database_backend()
    }
}
