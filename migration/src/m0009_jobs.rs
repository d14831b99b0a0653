//! Migration 9: jobs that are recorded with the data that made them necessary.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `recorded_jobs`: the outbox, and what is known of each job until it is settled.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("recorded_jobs")
            .required("queue", Kind::Text)
            .required("name", Kind::Text)
            .required("version", Kind::Integer)
            .required("priority", Kind::Integer)
            .required("payload", Kind::Json)
            .optional("trace", Kind::Json)
            .required("dedup_key", Kind::Text)
            .required("keeps_key", Kind::Boolean)
            .required("state", Kind::Text)
            .required("run_at", Kind::Timestamp)
            .required("enqueued_at", Kind::Timestamp)
            .optional("relayed_at", Kind::Timestamp)
            .optional("settled_at", Kind::Timestamp)
            .optional("error", Kind::Text)
            .unique(&["dedup_key"])
            .index(&["state", "id"])
            .index_across_tenants(&["state", "id"])
            .create(manager)
            .await
    }
}
