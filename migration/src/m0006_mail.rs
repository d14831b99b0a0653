//! Migration 6: mailboxes, threads, messages and how they were read.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, TenantTable};

/// Creates `mailboxes`, `threads`, `messages` and `message_readings`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TenantTable::new("mailboxes")
            .required("kind", Kind::Text)
            .required("name", Kind::Text)
            .optional("address", Kind::Text)
            .optional("authserv_id", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["kind", "name"])
            .create(manager)
            .await?;
        TenantTable::new("threads")
            .reference("mailbox_id", "mailboxes")
            .required("provider_id", Kind::Text)
            .optional_reference("client_id", "clients")
            .required("last_message_at", Kind::Timestamp)
            .required("created_at", Kind::Timestamp)
            .required("updated_at", Kind::Timestamp)
            .unique(&["mailbox_id", "provider_id"])
            .create(manager)
            .await?;
        TenantTable::new("messages")
            .reference("mailbox_id", "mailboxes")
            .reference("thread_id", "threads")
            .required("provider_id", Kind::Text)
            .optional("rfc_message_id", Kind::Text)
            .required("direction", Kind::Text)
            .optional_reference("client_id", "clients")
            .optional_reference("contact_id", "contacts")
            .optional("from_name", Kind::Text)
            .optional("from_address", Kind::Text)
            .required("to_addresses", Kind::Json)
            .optional("subject", Kind::Text)
            .optional("sent_at", Kind::Timestamp)
            .required("received_at", Kind::Timestamp)
            .optional("handled_at", Kind::Timestamp)
            .required("raw_sha256", Kind::Text)
            .required("created_at", Kind::Timestamp)
            .required("raw", Kind::Blob)
            .unique(&["mailbox_id", "provider_id"])
            .index(&["received_at"])
            .index(&["handled_at", "received_at"])
            .index(&["client_id", "received_at"])
            .index(&["rfc_message_id"])
            .create(manager)
            .await?;
        TenantTable::new("message_readings")
            .reference("message_id", "messages")
            .required("reader_version", Kind::Integer)
            .required("kind", Kind::Text)
            .required("sender", Kind::Text)
            .required("findings", Kind::Json)
            .required("body", Kind::Text)
            .required("read_at", Kind::Timestamp)
            .unique(&["message_id", "reader_version"])
            .create(manager)
            .await?;
        Ok(())
    }
}
