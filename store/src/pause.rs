//! What is not to run for now: rows that every process copies to its queue.

use domain::{id::TenantId, time::Timestamp};
use entity::job_pauses as pauses;
use jobs::Pause;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict,
};

use crate::{Scope, StoreResult, Transition, system::System};

/// A pause, and whose word it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseRow {
    /// What is paused.
    pub pause: Pause,
    /// By whom.
    pub paused_by: String,
    /// Since when.
    pub paused_at: Timestamp,
}

impl System<'_> {
    /// Everything that is paused, as far as this version knows of such things.
    pub async fn list_pauses(&self) -> StoreResult<Vec<PauseRow>> {
        let rows =
            pauses::Entity::find().order_by_asc(pauses::Column::Name).all(self.store.db()).await?;
        let mut pauses = Vec::with_capacity(rows.len());
        for row in rows {
            match Pause::of(&row.kind, &row.subject) {
                Ok(pause) => pauses.push(PauseRow {
                    pause,
                    paused_by: row.paused_by,
                    paused_at: row.paused_at,
                }),
                // One of a newer release pauses what there is not here.
                Err(error) => {
                    tracing::warn!(name = row.name, %error, "a pause that means nothing here")
                }
            }
        }
        Ok(pauses)
    }

    /// Pauses something; whoever did so first stays named.
    pub async fn insert_pause(
        &self,
        pause: &Pause,
        by: &str,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        let inserted = pauses::Entity::insert(row_of(pause, by, now))
            .on_conflict_do_nothing_on([pauses::Column::Name])
            .exec_without_returning(self.store.db())
            .await?;
        Ok(Transition::of_insert(inserted))
    }

    /// Pauses something in the name of whoever looks after the installation: nobody else's pause stays.
    pub async fn upsert_pause(&self, pause: &Pause, by: &str, now: Timestamp) -> StoreResult<()> {
        let renewed = OnConflict::column(pauses::Column::Name)
            .update_columns([pauses::Column::PausedBy, pauses::Column::PausedAt])
            .to_owned();
        pauses::Entity::insert(row_of(pause, by, now))
            .on_conflict(renewed)
            .exec_without_returning(self.store.db())
            .await?;
        Ok(())
    }

    /// Ends a pause, if it is still this one's.
    pub async fn delete_pause_of(&self, pause: &Pause, by: &str) -> StoreResult<Transition> {
        let gone = pauses::Entity::delete_many()
            .filter(pauses::Column::Name.eq(pause.to_string()))
            .filter(pauses::Column::PausedBy.eq(by))
            .exec(self.store.db())
            .await?;
        Ok(if gone.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Ends a pause.
    pub async fn delete_pause(&self, pause: &Pause) -> StoreResult<Transition> {
        let gone = pauses::Entity::delete_by_id(pause.to_string()).exec(self.store.db()).await?;
        Ok(if gone.rows_affected == 1 { Transition::Moved } else { Transition::AlreadyThere })
    }
}

impl Scope<'_> {
    /// The pause of the tenant itself, if somebody has paused it.
    pub async fn find_pause(&self) -> StoreResult<Option<Timestamp>> {
        let row = pauses::Entity::find_by_id(name_of(self.tenant)).one(&self.conn).await?;
        Ok(row.map(|row| row.paused_at))
    }
}

fn row_of(pause: &Pause, by: &str, now: Timestamp) -> pauses::ActiveModel {
    pauses::ActiveModel {
        name: Set(pause.to_string()),
        kind: Set(pause.kind().to_owned()),
        subject: Set(pause.subject()),
        paused_by: Set(by.to_owned()),
        paused_at: Set(now),
    }
}

fn name_of(tenant: TenantId) -> String {
    Pause::Tenant(tenant).to_string()
}
