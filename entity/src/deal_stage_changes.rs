//! That a deal went from one stage to another, and how long it had been there.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deal_stage_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub deal_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub from_stage: String,
    #[sea_orm(column_type = "Text")]
    pub to_stage: String,
    pub changed_on: Date,
    pub days_in_stage: i32,
    #[sea_orm(column_type = "Text")]
    pub changed_by: String,
    pub action_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
