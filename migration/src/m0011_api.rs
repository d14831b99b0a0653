//! Migration 11: keys to the API, requests that may be repeated, and indexes for lists in several orders.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable, index_columns};

/// Creates `api_keys`, `admin_keys`, `idempotency_keys` and `line_limits`; indexes what lists are filtered and sorted by.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Tables, and the columns that a list of their rows is read by; `tenant_id` leads and `id` ends each index.
const LISTS: &[(&str, &[&str])] = &[
    ("clients", &["name", "id"]),
    ("clients", &["is_active", "id"]),
    ("contacts", &["is_active", "id"]),
    ("products", &["name", "id"]),
    ("products", &["is_discontinued", "id"]),
    ("price_book_entries", &["client_id", "id"]),
    ("price_book_entries", &["valid_from", "id"]),
    ("requirements", &["client_id", "id"]),
    ("orders", &["ordered_on", "id"]),
    ("orders", &["status", "id"]),
    ("orders", &["number"]),
    ("order_exceptions", &["status", "id"]),
    ("order_exceptions", &["code", "id"]),
    ("deals", &["stage_type", "id"]),
    ("deals", &["stage_entered_on", "id"]),
    ("quotes", &["status", "id"]),
    ("quotes", &["number"]),
    ("quotes", &["deal_id"]),
    ("compliance_items", &["client_id"]),
    ("compliance_items", &["due_on", "id"]),
    ("compliance_items", &["status", "id"]),
    ("cases", &["status", "id"]),
    ("cases", &["opened_at", "id"]),
    ("cases", &["order_id"]),
    ("tasks", &["status", "id"]),
    ("tasks", &["client_id"]),
    ("messages", &["contact_id"]),
    ("messages", &["thread_id"]),
    ("messages", &["received_at", "id"]),
    ("actions", &["status", "id"]),
    ("actions", &["client_id", "id"]),
    ("actions", &["kind", "id"]),
    ("actions", &["updated_at", "id"]),
    ("decisions", &["effect", "id"]),
    ("decisions", &["subject_id"]),
    ("agent_policy_violations", &["rule_id", "id"]),
    ("agent_policy_violations", &["action_id"]),
    ("agent_autonomous_runs", &["status", "id"]),
    ("outbound_messages", &["contact_id"]),
    ("recorded_jobs", &["settled_at", "id"]),
    ("recorded_jobs", &["name", "id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("api_keys")
            .required("name", Kind::Text)
            .required("role", Kind::Text)
            .required("secret_sha256", Kind::Text)
            .required("hint", Kind::Text)
            .required("created_by", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .optional("expires_at", Kind::Timestamp)
            .optional("revoked_at", Kind::Timestamp)
            .optional("last_used_at", Kind::Timestamp)
            .index_across_tenants(&["secret_sha256"])
            .create(manager)
            .await?;
        TenantTable::root("admin_keys")
            .required("name", Kind::Text)
            .required("role", Kind::Text)
            .required("secret_sha256", Kind::Text)
            .required("hint", Kind::Text)
            .required("created_by", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .optional("expires_at", Kind::Timestamp)
            .optional("revoked_at", Kind::Timestamp)
            .optional("last_used_at", Kind::Timestamp)
            .unique(&["secret_sha256"])
            .create(manager)
            .await?;
        TenantTable::new("idempotency_keys")
            .required("key", Kind::Text)
            .required("operation", Kind::Text)
            .required("request_sha256", Kind::Text)
            .optional("status", Kind::Integer)
            .optional("subject_id", Kind::Uuid)
            .required("created_at", Kind::Timestamp)
            .unique(&["key"])
            .index(&["created_at"])
            .create(manager)
            .await?;
        TenantTable::new("line_limits")
            .required("queue", Kind::Text)
            .required("weight", Kind::Integer)
            .optional("running_max", Kind::Integer)
            .optional("rate_per_minute", Kind::Integer)
            .optional("rate_burst", Kind::Integer)
            .required("set_by", Kind::Text)
            .required("updated_at", Kind::Timestamp)
            .unique(&["queue"])
            .create(manager)
            .await?;
        for (table, columns) in LISTS {
            index_columns(manager, table, columns).await?;
        }
        Ok(())
    }
}
