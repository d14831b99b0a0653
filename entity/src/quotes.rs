//! A quote or bid.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "quotes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text")]
    pub number: String,
    pub client_id: Uuid,
    pub contact_id: Option<Uuid>,
    pub deal_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub submitted_on: Option<Date>,
    pub confirmed_on: Option<Date>,
    pub valid_until: Option<Date>,
    pub amount_minor: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    pub last_follow_up_on: Option<Date>,
    pub follow_ups: i32,
    pub decided_on: Option<Date>,
    #[sea_orm(column_type = "Text", nullable)]
    pub lost_reason: Option<String>,
    pub loss_recorded_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
