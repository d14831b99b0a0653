//! Migration 12: imports whose files are uploaded, and their files, in pieces.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `imports` and `import_chunks`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("imports")
            .required("kind", Kind::Text)
            .required("state", Kind::Text)
            .required("source", Kind::Text)
            .required("options", Kind::Json)
            .required("bytes", Kind::BigInteger)
            .required("created_by", Kind::Text)
            .optional("report", Kind::Json)
            .optional("error", Kind::Text)
            .optional("ended_at", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .index(&["state", "id"])
            .index(&["kind", "id"])
            .index(&["created_at"])
            .create(manager)
            .await?;
        TenantTable::new("import_chunks")
            .reference("import_id", "imports")
            .required("part", Kind::Text)
            .required("position", Kind::Integer)
            .required("bytes", Kind::Blob)
            .unique(&["import_id", "part", "position"])
            .create(manager)
            .await
    }
}
