//! That something was proposed which the policy forbids.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_policy_violations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub run_id: Option<Uuid>,
    pub action_id: Option<Uuid>,
    pub decision_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub rule_id: String,
    #[sea_orm(column_type = "Text")]
    pub action_kind: String,
    #[sea_orm(column_type = "Text")]
    pub subject_kind: String,
    pub subject_id: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub reasons: Json,
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    pub occurred_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
