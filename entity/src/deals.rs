//! An opportunity.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub client_id: Uuid,
    pub contact_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub stage_name: String,
    #[sea_orm(column_type = "Text")]
    pub stage_type: String,
    pub stage_entered_on: Date,
    pub probability_bp: Option<i32>,
    pub value_minor: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub next_step: Option<String>,
    pub next_step_on: Option<Date>,
    pub opened_on: Option<Date>,
    pub expected_close_on: Option<Date>,
    pub close_pushes: i32,
    pub closed_on: Option<Date>,
    pub last_buyer_signal_on: Option<Date>,
    pub last_follow_up_on: Option<Date>,
    pub follow_ups_since_signal: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub lost_reason: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
