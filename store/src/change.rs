//! What has changed lately, for those who watch.
//!
//! A change may become visible a little after its moment has passed, when its transaction is long: whoever watches
//! asks again for the last moments, and leaves out what was told before.

use domain::time::Timestamp;
use entity::{actions, recorded_jobs as jobs};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
};

use crate::{Scope, StoreResult};

/// Something that is in a state now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub id: Uuid,
    /// What kind of it.
    pub name: String,
    /// The state that it is in.
    pub state: String,
    /// Since when.
    pub at: Timestamp,
}

/// Where a list of changes goes on: behind this moment and id.
pub type Place = (Timestamp, Uuid);

type Row = (Uuid, String, String, Timestamp);

fn change((id, name, state, at): Row) -> Change {
    Change { id, name, state, at }
}

/// The least id of a row that is made at a moment: ids begin with theirs.
pub fn first_id(at: Timestamp) -> Uuid {
    domain::id::uuid_v7(u64::try_from(at.timestamp_millis()).unwrap_or(0), [0; 10])
}

fn behind<C: ColumnTrait>(at: C, id: C, (moment, last): Place) -> Condition {
    Condition::any().add(at.gt(moment)).add(at.eq(moment).and(id.gt(last)))
}

impl Scope<'_> {
    /// Actions that were changed behind a place, oldest first.
    pub async fn list_changed_actions(&self, after: Place, limit: u64) -> StoreResult<Vec<Change>> {
        use actions::Column;
        let rows: Vec<Row> = actions::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Kind, Column::Status, Column::UpdatedAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(behind(Column::UpdatedAt, Column::Id, after))
            .order_by_asc(Column::UpdatedAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// Recorded jobs with an id behind this one, oldest first.
    pub async fn list_new_jobs(&self, after: Uuid, limit: u64) -> StoreResult<Vec<Change>> {
        use jobs::Column;
        let rows: Vec<Row> = jobs::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::State, Column::EnqueuedAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// Recorded jobs that were settled behind a place, oldest first.
    pub async fn list_settled_jobs(&self, after: Place, limit: u64) -> StoreResult<Vec<Change>> {
        use jobs::Column;
        let rows: Vec<Row> = jobs::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::State, Column::SettledAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(behind(Column::SettledAt, Column::Id, after))
            .order_by_asc(Column::SettledAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }
}
