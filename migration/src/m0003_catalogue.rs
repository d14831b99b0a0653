//! Migration 3: what is sold, for how much, to whom on credit, under which requirements.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `products`, `price_book_entries`, `credit_profiles` and `requirements`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("products")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("sku", Kind::Text)
            .required("name", Kind::Text)
            .optional("unit", Kind::Text)
            .required("is_discontinued", Kind::Boolean)
            .optional("discontinued_on", Kind::Date)
            .optional("list_price_minor", Kind::BigInteger)
            .optional("currency", Kind::Text)
            .optional("quantity_min_milli", Kind::BigInteger)
            .optional("pack_multiple_milli", Kind::BigInteger)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["sku"])
            .create(manager)
            .await?;
        TenantTable::new("price_book_entries")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("book", Kind::Text)
            .reference("product_id", "products")
            .optional_reference("client_id", "clients")
            .required("currency", Kind::Text)
            .required("unit_price_minor", Kind::BigInteger)
            .required("quantity_min_milli", Kind::BigInteger)
            .required("valid_from", Kind::Date)
            .optional("valid_to", Kind::Date)
            .optional("discount_max_bp", Kind::Integer)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["product_id", "valid_from"])
            .create(manager)
            .await?;
        TenantTable::new("credit_profiles")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .optional_reference("client_id", "clients")
            .required("currency", Kind::Text)
            .required("limit_minor", Kind::BigInteger)
            .optional("terms_days", Kind::Integer)
            .required("is_on_hold", Kind::Boolean)
            .optional("hold_reason", Kind::Text)
            .required("outstanding_minor", Kind::BigInteger)
            .required("overdue_minor", Kind::BigInteger)
            .optional("known_on", Kind::Date)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .unique(&["client_id"])
            .create(manager)
            .await?;
        TenantTable::new("requirements")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .optional_reference("client_id", "clients")
            .required("kind", Kind::Text)
            .required("name", Kind::Text)
            .required("from_vendor", Kind::Boolean)
            .required("is_evidence_held", Kind::Boolean)
            .optional("valid_until", Kind::Date)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["client_id"])
            .create(manager)
            .await?;
        Ok(())
    }
}
