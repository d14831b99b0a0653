//! Migration 14: which processes work, and on what.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `workers`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::keyed("workers", "instance")
            .required("version", Kind::Text)
            .required("started_at", Kind::Timestamp)
            .required("seen_at", Kind::Timestamp)
            .required("doing", Kind::Json)
            .create(manager)
            .await
    }
}
