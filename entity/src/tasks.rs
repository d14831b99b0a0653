//! Something for a person of the tenant to do, with the proof that it may be asked of them.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub client_id: Uuid,
    pub contact_id: Option<Uuid>,
    pub action_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub due_at: Option<DateTimeUtc>,
    /// What the task rests on; unique, so that one ask, deadline or case gives one task.
    #[sea_orm(column_type = "Text")]
    pub proof_key: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub justification: Json,
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
