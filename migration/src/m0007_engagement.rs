//! Migration 7: who was touched when, and who is due.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `engagement_clocks` and `engagement_touches`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("engagement_clocks")
            .required("entity_type", Kind::Text)
            .required("entity_id", Kind::Uuid)
            .required("entity_key", Kind::Text)
            .optional_reference("client_id", "clients")
            .optional("last_touch_at", Kind::Timestamp)
            .optional("last_touch_type", Kind::Text)
            .optional("last_touch_by", Kind::Text)
            .required("next_touch_due", Kind::Timestamp)
            .required("touch_count_30d", Kind::Integer)
            .required("priority_score", Kind::Integer)
            .required("standing_points", Kind::Integer)
            .required("epoch", Kind::Integer)
            .required("fired_epoch", Kind::Integer)
            .required("is_open", Kind::Boolean)
            .optional("unreachable_because", Kind::Text)
            .optional("paused_until", Kind::Timestamp)
            .optional("pause_reason", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["entity_type", "entity_id"])
            .index(&["next_touch_due"])
            .index(&["entity_type", "is_open", "standing_points", "next_touch_due", "entity_key"])
            .index(&["client_id"])
            .create(manager)
            .await?;
        TenantTable::new("engagement_touches")
            .optional_reference("contact_id", "contacts")
            .reference("client_id", "clients")
            .required("touched_at", Kind::Timestamp)
            .required("touch_type", Kind::Text)
            .required("touched_by", Kind::Text)
            .required("source_kind", Kind::Text)
            .required("source_id", Kind::Uuid)
            .required("created_at", Kind::Timestamp)
            .unique(&["source_kind", "source_id"])
            .index(&["contact_id", "touched_at"])
            .index(&["client_id", "touched_at"])
            .create(manager)
            .await?;
        Ok(())
    }
}
