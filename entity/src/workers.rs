//! Processes that work, and what each of them did when it was last seen.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub instance: String,
    #[sea_orm(column_type = "Text")]
    pub version: String,
    pub started_at: DateTimeUtc,
    pub seen_at: DateTimeUtc,
    #[sea_orm(column_type = "JsonBinary")]
    pub doing: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
