//! How much credit a client has; without a client, the tenant's default.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_profiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    pub client_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    pub limit_minor: i64,
    pub terms_days: Option<i32>,
    pub is_on_hold: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub hold_reason: Option<String>,
    pub outstanding_minor: i64,
    pub overdue_minor: i64,
    pub known_on: Option<Date>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
