//! One fault of an order, structured.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_exceptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub order_id: Uuid,
    pub run_id: Option<Uuid>,
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub exception_type: String,
    #[sea_orm(column_type = "Text")]
    pub code: String,
    #[sea_orm(column_type = "Text")]
    pub severity: String,
    pub line_no: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub field_path: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub expected: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub actual: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub tolerance: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub suggested_fix: String,
    #[sea_orm(column_type = "Text")]
    pub owner_role: String,
    pub resolves_itself: bool,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub first_seen_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub resolved_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
