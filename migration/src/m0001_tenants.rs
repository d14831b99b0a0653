//! Migration 1: who Steward works for, and who runs it.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `tenants` and `runner_leases`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::root("tenants")
            .required("slug", Kind::Text)
            .required("name", Kind::Text)
            .required("mode", Kind::Text)
            .required("currency", Kind::Text)
            .required("calendar", Kind::Json)
            .required("settings", Kind::Json)
            .required("sender_name", Kind::Text)
            .optional("simulated_now", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["slug"])
            .create(manager)
            .await?;
        TenantTable::keyed("runner_leases", "name")
            .required("holder", Kind::Text)
            .required("acquired_at", Kind::Timestamp)
            .required("expires_at", Kind::Timestamp)
            .create(manager)
            .await?;
        Ok(())
    }
}
