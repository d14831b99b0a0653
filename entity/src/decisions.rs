//! A verdict of the policy, with the facts it saw.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub run_id: Option<Uuid>,
    pub action_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub subject_kind: String,
    pub subject_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub moment: String,
    #[sea_orm(column_type = "Text")]
    pub effect: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub reasons: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub obligations: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub facts: Json,
    #[sea_orm(column_type = "Text")]
    pub payload_hash: String,
    pub policy_version: i32,
    pub decided_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
