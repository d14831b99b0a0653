//! Migration 11: keys to the API, requests that may be repeated, and indexes for lists in several orders.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable, drop_index, index_columns};

/// Creates `api_keys`, `admin_keys`, `idempotency_keys` and `line_limits`; indexes what lists are filtered and sorted by.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Tables, and the columns that a list of their rows is read by; `tenant_id` leads and `id` ends each index.
const LISTS: &[(&str, &[&str])] = &[
    ("clients", &["name", "id"]),
    ("clients", &["is_active", "id"]),
    ("clients", &["domain", "id"]),
    ("contacts", &["is_active", "id"]),
    ("contacts", &["client_id", "id"]),
    ("contacts", &["email", "id"]),
    ("products", &["name", "id"]),
    ("products", &["is_discontinued", "id"]),
    ("products", &["sku", "id"]),
    ("price_book_entries", &["client_id", "id"]),
    ("price_book_entries", &["valid_from", "id"]),
    ("price_book_entries", &["product_id", "id"]),
    ("requirements", &["client_id", "id"]),
    ("orders", &["ordered_on", "id"]),
    ("orders", &["status", "id"]),
    ("orders", &["number", "id"]),
    ("orders", &["client_id", "id"]),
    ("order_exceptions", &["status", "id"]),
    ("order_exceptions", &["code", "id"]),
    ("order_exceptions", &["order_id", "id"]),
    ("deals", &["stage_type", "id"]),
    ("deals", &["stage_entered_on", "id"]),
    ("deals", &["client_id", "id"]),
    ("quotes", &["status", "id"]),
    ("quotes", &["number", "id"]),
    ("quotes", &["deal_id", "id"]),
    ("quotes", &["client_id", "id"]),
    ("compliance_items", &["client_id", "id"]),
    ("compliance_items", &["due_on", "id"]),
    ("compliance_items", &["status", "id"]),
    ("cases", &["status", "id"]),
    ("cases", &["opened_at", "id"]),
    ("cases", &["order_id", "id"]),
    ("cases", &["client_id", "id"]),
    ("tasks", &["status", "id"]),
    ("tasks", &["client_id", "id"]),
    ("messages", &["contact_id", "id"]),
    ("messages", &["thread_id", "id"]),
    ("messages", &["received_at", "id"]),
    ("messages", &["client_id", "id"]),
    ("messages", &["direction", "id"]),
    ("actions", &["status", "id"]),
    ("actions", &["client_id", "id"]),
    ("actions", &["kind", "id"]),
    ("actions", &["subject_id", "id"]),
    ("actions", &["run_id", "id"]),
    ("actions", &["updated_at", "id"]),
    ("decisions", &["effect", "id"]),
    ("decisions", &["subject_id", "id"]),
    ("decisions", &["action_id", "id"]),
    ("decisions", &["run_id", "id"]),
    ("agent_policy_violations", &["rule_id", "id"]),
    ("agent_policy_violations", &["action_id", "id"]),
    ("agent_autonomous_runs", &["status", "id"]),
    ("outbound_messages", &["contact_id"]),
    ("recorded_jobs", &["settled_at", "id"]),
    ("recorded_jobs", &["name", "id"]),
];

/// Indexes that one of the above does the work of: it ends with the id, by which lists go on.
const REPLACED: &[(&str, &str)] = &[
    ("actions", "run_id"),
    ("actions", "subject_id"),
    ("clients", "domain"),
    ("contacts", "client_id"),
    ("contacts", "email"),
    ("deals", "client_id"),
    ("decisions", "action_id"),
    ("decisions", "run_id"),
    ("products", "sku"),
    ("quotes", "client_id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        of_keys(TenantTable::new("api_keys"))
            .index_across_tenants(&["secret_sha256"])
            .create(manager)
            .await?;
        of_keys(TenantTable::root("admin_keys")).unique(&["secret_sha256"]).create(manager).await?;
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
        for (table, column) in REPLACED {
            drop_index(manager, table, &[column]).await?;
        }
        Ok(())
    }
}

/// The columns of a key, whosever it is.
fn of_keys(table: TenantTable) -> TenantTable {
    table
        .required("name", Kind::Text)
        .required("role", Kind::Text)
        .required("secret_sha256", Kind::Text)
        .required("hint", Kind::Text)
        .required("created_by", Kind::Text)
        .required("created_at", Kind::Timestamp)
        .optional("expires_at", Kind::Timestamp)
        .optional("revoked_at", Kind::Timestamp)
        .optional("last_used_at", Kind::Timestamp)
}
