//! Migration 13: what was done about a person's data at whose wish, and tenants that are being deleted.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `privacy_requests` and `deleted_tenants`; adds `tenants.deleted_at`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("privacy_requests")
            .required("kind", Kind::Text)
            .reference("contact_id", "contacts")
            .required("requested_by", Kind::Text)
            .required("counts", Kind::Json)
            .required("created_at", Kind::Timestamp)
            .index(&["contact_id", "id"])
            .create(manager)
            .await?;
        // It outlives the tenant, and holds nothing of it but the id.
        TenantTable::root("deleted_tenants")
            .required("requested_by", Kind::Text)
            .required("requested_at", Kind::Timestamp)
            .optional("done_at", Kind::Timestamp)
            .create(manager)
            .await?;
        let mut deleted_at = ColumnDef::new("deleted_at");
        let tenants = Table::alter()
            .table("tenants")
            .add_column(deleted_at.timestamp_with_time_zone())
            .to_owned();
        manager.alter_table(tenants).await
    }
}
