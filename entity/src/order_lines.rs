//! A line of an order.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub order_id: Uuid,
    pub line_no: i32,
    pub product_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub sku: String,
    pub quantity_milli: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub unit: Option<String>,
    pub unit_price_minor: i64,
    pub discount_bp: i32,
    pub declared_total_minor: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
