//! An order of a client.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text")]
    pub number: String,
    pub client_id: Uuid,
    pub contact_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub ordered_on: Date,
    pub required_on: Option<Date>,
    pub shipped_on: Option<Date>,
    pub delivered_on: Option<Date>,
    pub billed_on: Option<Date>,
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    pub declared_total_minor: Option<i64>,
    pub computed_total_minor: Option<i64>,
    pub freight_minor: i64,
    pub discount_bp: i32,
    pub is_bill: bool,
    pub terms_days: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub po_number: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub attachments: Json,
    pub checked_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
