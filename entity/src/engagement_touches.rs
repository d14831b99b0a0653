//! One touch, whatever made it; the clocks are derived from these.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "engagement_touches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub contact_id: Option<Uuid>,
    pub client_id: Uuid,
    pub touched_at: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub touch_type: String,
    #[sea_orm(column_type = "Text")]
    pub touched_by: String,
    #[sea_orm(column_type = "Text")]
    pub source_kind: String,
    pub source_id: Uuid,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
