//! What has changed lately, for those who watch.
//!
//! A change may become visible a little after its moment has passed, when its transaction is long: whoever watches
//! asks again for the last moments, and leaves out what was told before.

use domain::{id::Id, time::Timestamp};
use entity::{actions, recorded_jobs as jobs};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid};

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

type Row = (Uuid, String, String, Timestamp);

fn change((id, name, state, at): Row) -> Change {
    Change { id, name, state, at }
}

impl Scope<'_> {
    /// Actions that were changed at a moment or later, oldest first.
    pub async fn list_changed_actions(
        &self,
        since: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<Change>> {
        use actions::Column;
        let rows: Vec<Row> = actions::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Kind, Column::Status, Column::UpdatedAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::UpdatedAt.gte(since))
            .order_by_asc(Column::UpdatedAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// Recorded jobs that were recorded at a moment or later, oldest first.
    pub async fn list_new_jobs(&self, since: Timestamp, limit: u64) -> StoreResult<Vec<Change>> {
        use jobs::Column;
        // Ids begin with their moment, and are the index.
        let first: Id<()> = Id::from_uuid(domain::id::uuid_v7(
            u64::try_from(since.timestamp_millis()).unwrap_or(0),
            [0; 10],
        ));
        let rows: Vec<Row> = jobs::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::State, Column::EnqueuedAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.gte(first.uuid()))
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// Recorded jobs that were settled at a moment or later, oldest first.
    pub async fn list_settled_jobs(
        &self,
        since: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<Change>> {
        use jobs::Column;
        let rows: Vec<Row> = jobs::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::State, Column::SettledAt])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::SettledAt.gte(since))
            .order_by_asc(Column::SettledAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(change).collect())
    }
}
