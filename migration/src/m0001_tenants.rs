//! Migration 1: who Steward works for, who runs it, and when it ran.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `tenants`, `runner_leases`, `agent_tenant_locks` and `agent_autonomous_runs`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

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
        TenantTable::new("agent_autonomous_runs")
            .required("cycle_number", Kind::Integer)
            .optional("due_hour", Kind::Timestamp)
            .optional("as_of", Kind::Timestamp)
            .required("hours_covered", Kind::Integer)
            .required("started_at", Kind::Timestamp)
            .optional("ended_at", Kind::Timestamp)
            .required("phase", Kind::Text)
            .required("status", Kind::Text)
            .required("metrics", Kind::Json)
            .required("work_block", Kind::Json)
            .optional("plan_output", Kind::Json)
            .optional("act_output", Kind::Json)
            .optional("react_output", Kind::Json)
            .optional("reflect_output", Kind::Json)
            .optional("error", Kind::Text)
            .required("fence", Kind::BigInteger)
            .required("created_at", Kind::Timestamp)
            .unique(&["due_hour"])
            .unique(&["cycle_number"])
            .index(&["started_at"])
            .create(manager)
            .await?;
        TenantTable::one_per_tenant("agent_tenant_locks")
            .required("locked_at", Kind::Timestamp)
            .required("locked_by", Kind::Text)
            .required("expires_at", Kind::Timestamp)
            .required("fence", Kind::BigInteger)
            .optional("run_id", Kind::Uuid)
            .create(manager)
            .await?;
        Ok(())
    }
}
