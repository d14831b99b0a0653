//! What schedules have fired, so that each fire happens once.

use domain::{id::TenantId, time::Timestamp};
use entity::schedule_fires as fires;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{Scope, StoreResult, Transition, system::System};

/// The last fire of a tenant's schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFire {
    /// Whose.
    pub tenant: TenantId,
    /// Of which schedule.
    pub schedule: String,
    /// The moment that it is named by.
    pub at: Timestamp,
}

impl Scope<'_> {
    /// Moves a schedule's last fire on, from what it was when the caller decided: only one of many gets through.
    pub async fn mark_schedule_fired(
        &self,
        schedule: &str,
        from: Option<Timestamp>,
        to: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use fires::Column;
        let Some(from) = from else {
            let row = fires::ActiveModel {
                id: Set(self.new_id::<()>(now).uuid()),
                tenant_id: Set(self.tenant.uuid()),
                schedule: Set(schedule.to_owned()),
                last_fire_at: Set(to),
                recorded_at: Set(now),
            };
            let inserted = fires::Entity::insert(row)
                .on_conflict_do_nothing_on([Column::TenantId, Column::Schedule])
                .exec_without_returning(&self.conn)
                .await?;
            return Ok(Transition::of_insert(inserted));
        };
        let moved = fires::Entity::update_many()
            .col_expr(Column::LastFireAt, Expr::value(to))
            .col_expr(Column::RecordedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Schedule.eq(schedule))
            .filter(Column::LastFireAt.eq(from))
            .exec(&self.conn)
            .await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }
}

impl System<'_> {
    /// The last fires of all tenants' schedules.
    pub async fn list_last_fires(&self) -> StoreResult<Vec<LastFire>> {
        let rows = fires::Entity::find().all(self.store.db()).await?;
        let fires = rows.into_iter().map(|row| LastFire {
            tenant: TenantId::from_uuid(row.tenant_id),
            schedule: row.schedule,
            at: row.last_fire_at,
        });
        Ok(fires.collect())
    }
}
