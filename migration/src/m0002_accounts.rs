//! Migration 2: the companies at the other end and their people.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `clients`, `contacts` and `suppressions`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("clients")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .required("name", Kind::Text)
            .required("is_active", Kind::Boolean)
            .optional("client_type", Kind::Text)
            .optional("country", Kind::Text)
            .optional("domain", Kind::Text)
            .optional("annual_value_minor", Kind::BigInteger)
            .optional("churn_risk", Kind::Integer)
            .optional("known_since", Kind::Date)
            .optional("standing_at", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["domain"])
            .index(&["standing_at"])
            .create(manager)
            .await?;
        TenantTable::new("contacts")
            .reference("client_id", "clients")
            .required("source", Kind::Text)
            .required("external_id", Kind::Text)
            .optional("name", Kind::Text)
            .optional("title", Kind::Text)
            .optional("role", Kind::Text)
            .optional("email", Kind::Text)
            .optional("phone", Kind::Text)
            .optional("known_since", Kind::Date)
            .required("is_active", Kind::Boolean)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["source", "external_id"])
            .index(&["client_id"])
            .index(&["email"])
            .create(manager)
            .await?;
        TenantTable::new("suppressions")
            .required("address", Kind::Text)
            .required("reason", Kind::Text)
            .required("since", Kind::Timestamp)
            .required("created_by", Kind::Text)
            .unique(&["address"])
            .create(manager)
            .await?;
        Ok(())
    }
}
