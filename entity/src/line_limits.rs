//! How a tenant's line in a queue is served, where that is other than usual.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "line_limits")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    pub weight: i32,
    pub running_max: Option<i32>,
    pub rate_per_minute: Option<i32>,
    pub rate_burst: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub set_by: String,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
