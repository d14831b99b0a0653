//! Migration 4: orders, their lines, and what is wrong with them.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `orders`, `order_lines` and `order_exceptions`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("orders")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("number", Kind::Text)
            .reference("client_id", "clients")
            .optional_reference("contact_id", "contacts")
            .required("status", Kind::Text)
            .required("ordered_on", Kind::Date)
            .optional("required_on", Kind::Date)
            .optional("shipped_on", Kind::Date)
            .optional("delivered_on", Kind::Date)
            .optional("billed_on", Kind::Date)
            .required("currency", Kind::Text)
            .optional("declared_total_minor", Kind::BigInteger)
            .optional("computed_total_minor", Kind::BigInteger)
            .required("freight_minor", Kind::BigInteger)
            .required("discount_bp", Kind::Integer)
            .required("is_bill", Kind::Boolean)
            .optional("terms_days", Kind::Integer)
            .optional("po_number", Kind::Text)
            .required("attachments", Kind::Json)
            .optional("checked_at", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["status", "ordered_on"])
            .index(&["client_id", "ordered_on"])
            .index(&["client_id", "po_number"])
            .create(manager)
            .await?;
        TenantTable::new("order_lines")
            .reference("order_id", "orders")
            .required("line_no", Kind::Integer)
            .optional_reference("product_id", "products")
            .required("sku", Kind::Text)
            .required("quantity_milli", Kind::BigInteger)
            .optional("unit", Kind::Text)
            .required("unit_price_minor", Kind::BigInteger)
            .required("discount_bp", Kind::Integer)
            .optional("declared_total_minor", Kind::BigInteger)
            .unique(&["order_id", "line_no"])
            .create(manager)
            .await?;
        TenantTable::new("order_exceptions")
            .reference("order_id", "orders")
            .optional_reference("run_id", "agent_autonomous_runs")
            .required("type", Kind::Text)
            .required("code", Kind::Text)
            .required("severity", Kind::Text)
            .optional("line_no", Kind::Integer)
            .required("field_path", Kind::Text)
            .optional("expected", Kind::Text)
            .optional("actual", Kind::Text)
            .optional("tolerance", Kind::Text)
            .required("suggested_fix", Kind::Text)
            .required("owner_role", Kind::Text)
            .required("resolves_itself", Kind::Boolean)
            .required("status", Kind::Text)
            .required("first_seen_at", Kind::Timestamp)
            .required("last_seen_at", Kind::Timestamp)
            .optional("resolved_at", Kind::Timestamp)
            .unique(&["order_id", "code", "field_path"])
            .index(&["status", "first_seen_at"])
            .create(manager)
            .await?;
        Ok(())
    }
}
