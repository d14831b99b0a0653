//! Which processes work, and on what: each says so itself, every few seconds.

use std::time::Duration;

use domain::{id::TenantId, time::Timestamp};
use entity::workers;
use jobs::{JobId, Queue};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};

use crate::{StoreResult, system::System, tenant::json};

/// How often a process says that it works, and on what.
pub const SAY_EVERY: Duration = Duration::from_secs(5);
/// Whoever was not seen for so long is silent: three times it should have said something.
pub const SILENT_AFTER: Duration = Duration::from_secs(16);
/// Who was not seen for so long is not listed any more: it was killed, and others have its work.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Its row goes only then: a process whose clock is ahead is not to erase the others.
const DELETED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Processes that are listed.
const LISTED_MAX: u64 = 1_000;

/// A process that works.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRow {
    /// Which start of which process it is.
    pub instance: String,
    /// Its release.
    pub version: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it said so last.
    pub seen_at: Timestamp,
    /// What it did then.
    pub doing: Doing,
}

/// What a process does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Doing {
    /// Why it does not get on, if it does not.
    pub problems: Vec<String>,
    /// The queues that it works on.
    pub queues: Vec<DoingQueue>,
    /// Jobs that it has in hand, as far as they are named.
    pub jobs: Vec<DoingJob>,
    /// Handlers that do not stop and hold a thread each; their jobs are somebody else's by now.
    pub left_behind: usize,
}

impl Doing {
    /// What a process of another release said in other words.
    fn unreadable() -> Self {
        let problem = "another release, and what it does cannot be read here".to_owned();
        Self { problems: vec![problem], ..Self::default() }
    }
}

/// A queue that a process works on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoingQueue {
    /// Which.
    pub queue: Queue,
    /// Jobs that it runs at once.
    pub slots: usize,
    /// Jobs that it has in hand.
    pub in_hand: usize,
    /// Those of them whose time is over, and whose end cannot be written down.
    pub overdue: usize,
}

/// A job that a process has in hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoingJob {
    /// Which.
    pub id: JobId,
    /// What kind it is.
    pub name: String,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// Where it waited.
    pub queue: Queue,
    /// How long it has been in hand, in seconds.
    pub held_for_seconds: f64,
}

impl System<'_> {
    /// Says that a process works, and forgets those that have long said nothing.
    pub async fn upsert_worker(&self, row: &WorkerRow) -> StoreResult<()> {
        use workers::Column;
        let model = workers::ActiveModel {
            instance: Set(row.instance.clone()),
            version: Set(row.version.clone()),
            started_at: Set(row.started_at),
            seen_at: Set(row.seen_at),
            doing: Set(json(&row.doing)?),
        };
        let renew = OnConflict::column(Column::Instance)
            .update_columns([Column::SeenAt, Column::Doing])
            .to_owned();
        workers::Entity::insert(model)
            .on_conflict(renew)
            .exec_without_returning(self.store.db())
            .await?;
        workers::Entity::delete_many()
            .filter(Column::SeenAt.lt(row.seen_at - DELETED_AFTER))
            .exec(self.store.db())
            .await?;
        Ok(())
    }

    /// Says that a process works no more.
    pub async fn delete_worker(&self, instance: &str) -> StoreResult<()> {
        workers::Entity::delete_by_id(instance).exec(self.store.db()).await?;
        Ok(())
    }

    /// Processes that work, or did within [`FORGOTTEN_AFTER`] and did not say that they ended; oldest first.
    pub async fn list_workers(&self, now: Timestamp) -> StoreResult<Vec<WorkerRow>> {
        let mut rows = workers::Entity::find()
            .filter(workers::Column::SeenAt.gte(now - FORGOTTEN_AFTER))
            // Where many were killed, those that live are among the ones that are listed.
            .order_by_desc(workers::Column::SeenAt)
            .limit(LISTED_MAX)
            .all(self.store.db())
            .await?;
        rows.sort_by(|one, other| {
            (one.started_at, &one.instance).cmp(&(other.started_at, &other.instance))
        });
        let row = |row: workers::Model| WorkerRow {
            instance: row.instance,
            version: row.version,
            started_at: row.started_at,
            seen_at: row.seen_at,
            doing: serde_json::from_value(row.doing).unwrap_or_else(|_| Doing::unreadable()),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
