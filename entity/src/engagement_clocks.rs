//! When a contact or account was last touched and is due again.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "engagement_clocks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub entity_type: String,
    pub entity_id: Uuid,
    /// The external id of the contact or account, so that ties sort the same on every database.
    #[sea_orm(column_type = "Text")]
    pub entity_key: String,
    pub client_id: Option<Uuid>,
    pub last_touch_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_touch_type: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_touch_by: Option<String>,
    pub next_touch_due: DateTimeUtc,
    pub touch_count_30d: i32,
    pub priority_score: i32,
    pub standing_points: i32,
    pub epoch: i32,
    /// The epoch in which a touch was last proposed; -1 before the first proposal.
    pub fired_epoch: i32,
    pub is_open: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub unreachable_because: Option<String>,
    pub paused_until: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub pause_reason: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
