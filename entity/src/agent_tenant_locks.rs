//! Who may write for a tenant now; the fence never goes back and the row is never deleted.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_tenant_locks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    pub locked_at: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub locked_by: String,
    pub expires_at: DateTimeUtc,
    pub fence: i64,
    pub run_id: Option<Uuid>,
    pub held_by_job: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
