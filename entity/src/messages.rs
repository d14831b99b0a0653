//! A message as it arrived; its raw bytes are kept.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub mailbox_id: Uuid,
    pub thread_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub provider_id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub rfc_message_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub direction: String,
    pub client_id: Option<Uuid>,
    pub contact_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub from_name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub from_address: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub to_addresses: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    pub sent_at: Option<DateTimeUtc>,
    pub received_at: DateTimeUtc,
    pub handled_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text")]
    pub raw_sha256: String,
    pub created_at: DateTimeUtc,
    pub raw: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
