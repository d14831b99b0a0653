//! Migration 5: deals, quotes, compliance items and goals.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `deals`, `quotes`, `compliance_items` and `goals`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    #[expect(clippy::too_many_lines, reason = "a list of tables reads best in one piece")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("deals")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("name", Kind::Text)
            .reference("client_id", "clients")
            .optional_reference("contact_id", "contacts")
            .required("stage_name", Kind::Text)
            .required("stage_type", Kind::Text)
            .required("stage_entered_on", Kind::Date)
            .optional("probability_bp", Kind::Integer)
            .optional("value_minor", Kind::BigInteger)
            .optional("currency", Kind::Text)
            .optional("next_step", Kind::Text)
            .optional("next_step_on", Kind::Date)
            .optional("opened_on", Kind::Date)
            .optional("expected_close_on", Kind::Date)
            .required("close_pushes", Kind::Integer)
            .optional("closed_on", Kind::Date)
            .optional("last_buyer_signal_on", Kind::Date)
            .optional("last_follow_up_on", Kind::Date)
            .required("follow_ups_since_signal", Kind::Integer)
            .optional("lost_reason", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["stage_type", "stage_entered_on"])
            .index(&["client_id"])
            .create(manager)
            .await?;
        TenantTable::new("quotes")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("number", Kind::Text)
            .reference("client_id", "clients")
            .optional_reference("contact_id", "contacts")
            .optional_reference("deal_id", "deals")
            .required("status", Kind::Text)
            .optional("submitted_on", Kind::Date)
            .optional("confirmed_on", Kind::Date)
            .optional("valid_until", Kind::Date)
            .optional("amount_minor", Kind::BigInteger)
            .optional("currency", Kind::Text)
            .optional("last_follow_up_on", Kind::Date)
            .required("follow_ups", Kind::Integer)
            .optional("decided_on", Kind::Date)
            .optional("lost_reason", Kind::Text)
            .optional("loss_recorded_at", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["status", "submitted_on"])
            .index(&["client_id"])
            .create(manager)
            .await?;
        TenantTable::new("compliance_items")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .reference("client_id", "clients")
            .optional_reference("contact_id", "contacts")
            .required("name", Kind::Text)
            .required("due_on", Kind::Date)
            .required("status", Kind::Text)
            .optional("vendor_status", Kind::Text)
            .optional("last_reminder_on", Kind::Date)
            .required("reminders", Kind::Integer)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["status", "due_on"])
            .create(manager)
            .await?;
        TenantTable::new("goals")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("metric", Kind::Text)
            .required("target", Kind::BigInteger)
            .optional("currency", Kind::Text)
            .required("starts_on", Kind::Date)
            .required("ends_on", Kind::Date)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .create(manager)
            .await?;
        Ok(())
    }
}
