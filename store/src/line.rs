//! How tenants' lines in queues are served: rows that the process with the queue copies to it.

use domain::{id::TenantId, time::Timestamp};
use entity::line_limits as limits;
use jobs::Queue;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict,
};

use crate::{Scope, StoreResult, error::unreadable, system::System};

/// How a line is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// Whose.
    pub tenant: TenantId,
    /// In which queue.
    pub queue: Queue,
    /// Jobs of one turn.
    pub weight: u32,
    /// Jobs that may run at once.
    pub running_max: Option<u32>,
    /// Jobs that may begin in a minute, and how many of them at once.
    pub rate: Option<(u32, u32)>,
}

impl System<'_> {
    /// Every line that is served in another way than the usual one, or was once.
    pub async fn list_line_limits(&self) -> StoreResult<Vec<LineRow>> {
        let rows =
            limits::Entity::find().order_by_asc(limits::Column::Id).all(self.store.db()).await?;
        rows.into_iter().map(line).collect()
    }
}

impl Scope<'_> {
    /// The tenant's lines that are served in another way than the usual one, or were once.
    pub async fn list_line_limits(&self) -> StoreResult<Vec<LineRow>> {
        let rows = limits::Entity::find()
            .filter(limits::Column::TenantId.eq(self.tenant.uuid()))
            .order_by_asc(limits::Column::Queue)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(line).collect()
    }

    /// Says how a line of this tenant is served. What is usual is said too, and never forgotten: the queue keeps it.
    pub async fn upsert_line_limits(
        &self,
        row: &LineRow,
        by: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        use limits::Column;
        let number = |it: u32| i32::try_from(it).unwrap_or(i32::MAX);
        let model = limits::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            queue: Set(row.queue.to_string()),
            weight: Set(number(row.weight)),
            running_max: Set(row.running_max.map(number)),
            rate_per_minute: Set(row.rate.map(|it| number(it.0))),
            rate_burst: Set(row.rate.map(|it| number(it.1))),
            set_by: Set(by.to_owned()),
            updated_at: Set(now),
        };
        let renew = OnConflict::columns([Column::TenantId, Column::Queue])
            .update_columns([Column::Weight, Column::RunningMax, Column::RatePerMinute])
            .update_columns([Column::RateBurst, Column::SetBy, Column::UpdatedAt])
            .to_owned();
        limits::Entity::insert(model).on_conflict(renew).exec_without_returning(&self.conn).await?;
        Ok(())
    }
}

fn line(row: limits::Model) -> StoreResult<LineRow> {
    let number = |it: i32| u32::try_from(it).unwrap_or(0);
    Ok(LineRow {
        tenant: TenantId::from_uuid(row.tenant_id),
        queue: row.queue.parse().map_err(unreadable("line_limits.queue"))?,
        weight: number(row.weight),
        running_max: row.running_max.map(number),
        rate: row
            .rate_per_minute
            .zip(row.rate_burst)
            .map(|(per, burst)| (number(per), number(burst))),
    })
}
