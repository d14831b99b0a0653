//! The few queries that look across tenants: which there are, and who runs cycles here.

use domain::time::Timestamp;
use entity::runner_leases;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use crate::{Store, StoreError, StoreResult};

/// See the module's words.
pub struct System<'s> {
    pub(crate) store: &'s Store,
}

/// The one name of the lease of the process that runs cycles on this database.
const RUNNER: &str = "runner";

/// Who runs cycles on this database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunnerLease {
    /// The caller does, until then.
    Held {
        /// When the lease ends unless it is extended.
        expires_at: Timestamp,
    },
    /// Somebody else does.
    Busy {
        /// Host and process.
        holder: String,
        /// When that lease ends unless it is extended.
        expires_at: Timestamp,
    },
}

impl System<'_> {
    /// Takes or extends the runner's lease; at most one holder has it at any time.
    ///
    /// `now` is the machine's time: this lease is about processes, not about any tenant's day.
    pub async fn acquire_runner(
        &self,
        holder: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<RunnerLease> {
        use runner_leases::Column;
        let row = runner_leases::ActiveModel {
            name: Set(RUNNER.to_owned()),
            holder: Set(holder.to_owned()),
            acquired_at: Set(now),
            expires_at: Set(expires_at),
        };
        // One statement decides: the row is written if it is new, ours, or has lapsed.
        let overwrite = OnConflict::column(Column::Name)
            .update_columns([Column::Holder, Column::AcquiredAt, Column::ExpiresAt])
            .action_and_where(
                Expr::col((runner_leases::Entity, Column::Holder)).eq(holder).or(Expr::col((
                    runner_leases::Entity,
                    Column::ExpiresAt,
                ))
                .lte(now)),
            )
            .to_owned();
        runner_leases::Entity::insert(row)
            .on_conflict(overwrite)
            .exec_without_returning(self.store.db())
            .await?;
        let row = runner_leases::Entity::find_by_id(RUNNER).one(self.store.db()).await?;
        let row = row.ok_or_else(|| StoreError::UnknownTenant(RUNNER.to_owned()))?;
        Ok(if row.holder == holder {
            RunnerLease::Held { expires_at: row.expires_at }
        } else {
            RunnerLease::Busy { holder: row.holder, expires_at: row.expires_at }
        })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> StoreResult<()> {
        Ok(self.store.db().ping().await?)
    }

    /// Gives the runner's lease back, if this holder has it.
    pub async fn release_runner(&self, holder: &str, now: Timestamp) -> StoreResult<()> {
        use runner_leases::Column;
        runner_leases::Entity::update_many()
            .col_expr(Column::ExpiresAt, Expr::value(now))
            .filter(Column::Holder.eq(holder))
            .exec(self.store.db())
            .await?;
        Ok(())
    }

    /// Whose lease it is at present, if anybody's.
    pub async fn find_runner(&self, now: Timestamp) -> StoreResult<Option<RunnerLease>> {
        let row = runner_leases::Entity::find_by_id(RUNNER).one(self.store.db()).await?;
        Ok(row
            .filter(|row| now < row.expires_at)
            .map(|row| RunnerLease::Busy { holder: row.holder, expires_at: row.expires_at }))
    }
}
