//! One hour's cycle of one tenant, or a rehearsal.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_autonomous_runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub cycle_number: i32,
    pub due_hour: Option<DateTimeUtc>,
    pub as_of: Option<DateTimeUtc>,
    pub hours_covered: i32,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text")]
    pub phase: String,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub metrics: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub work_block: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub plan_output: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub act_output: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub react_output: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub reflect_output: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub fence: i64,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
