//! What a product costs, from one day to another, for everybody or for one client.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "price_book_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text")]
    pub book: String,
    pub product_id: Uuid,
    pub client_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    pub unit_price_minor: i64,
    pub quantity_min_milli: i64,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    pub discount_max_bp: Option<i32>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
