//! Migration 10: what schedules have fired, what is paused, and locks that jobs hold.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `schedule_fires` and `job_pauses`; adds `agent_tenant_locks.held_by_job`, and finds recorded jobs by their end.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("schedule_fires")
            .required("schedule", Kind::Text)
            .required("last_fire_at", Kind::Timestamp)
            .required("recorded_at", Kind::Timestamp)
            .unique(&["schedule"])
            .create(manager)
            .await?;
        TenantTable::keyed("job_pauses", "name")
            .required("kind", Kind::Text)
            .required("subject", Kind::Text)
            .required("paused_by", Kind::Text)
            .required("paused_at", Kind::Timestamp)
            .create(manager)
            .await?;
        let held_by_job = ColumnDef::new("held_by_job").uuid().take();
        let locks = Table::alter().table("agent_tenant_locks").add_column(held_by_job).take();
        manager.alter_table(locks).await?;
        let by_end = Index::create()
            .name("ax_recorded_jobs_state_settled_at")
            .table("recorded_jobs")
            .col("state")
            .col("settled_at")
            .take();
        manager.create_index(by_end).await
    }
}
