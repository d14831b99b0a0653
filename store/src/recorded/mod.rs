//! Recorded jobs: written with the data that made them necessary, and settled with the data that they changed.
//!
//! What lives here: the one record that says whether a job is settled; and in files of their own the outbox, and what
//! people do to jobs.
//! What does not: where jobs wait and how they are handed out, which is the queue's.

mod many;
mod outbox;
mod people;

use std::{fmt, str::FromStr};

use domain::{id::TenantId, time::Timestamp};
use entity::recorded_jobs as recorded;
use jobs::{
    AHEAD_DAYS_MAX, AnyJob, Envelope, InvalidKey, Job, JobId, KEY_BYTES_MAX, Priority, Queue,
    TraceContext,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    prelude::Uuid,
    sea_query::{BinOper, CaseStatement, Expr, SimpleExpr},
};

pub use self::{
    many::{NewJob, RecordedEnd},
    outbox::{JobsRead, Outbox, UnreadableJob},
    people::JobFilter,
};
use crate::{Scope, StoreError, StoreResult, Transition, error::unreadable};

/// Where a recorded job is, as far as the database knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedState {
    /// The queue does not know it yet.
    Waiting,
    /// The queue was given it.
    Relayed,
    /// It is done.
    Completed,
    /// It failed for good.
    Dead,
    /// Somebody called it off.
    Cancelled,
}

impl RecordedState {
    const ALL: [Self; 5] =
        [Self::Waiting, Self::Relayed, Self::Completed, Self::Dead, Self::Cancelled];

    /// The name by which it is stored and spoken of.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Relayed => "relayed",
            Self::Completed => "completed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing follows by itself.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Cancelled)
    }

    /// Whether a job is there, in words that a planner can hold against what an index is of.
    ///
    /// As a parameter it would have to be guessed: for most of the table, as long as most of it was so when rows were
    /// last counted.
    fn in_words(self) -> SimpleExpr {
        Expr::cust(format!("\"recorded_jobs\".\"state\" = '{self}'"))
    }
}

impl fmt::Display for RecordedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecordedState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no state of a recorded job"))
    }
}

/// A recorded job, as it is stored.
#[derive(Clone, Debug)]
pub struct RecordedJob {
    /// Where it waits.
    pub queue: Queue,
    /// How pressing it is in its tenant's line.
    pub priority: Priority,
    /// Not before then.
    pub run_at: Timestamp,
    /// Where it is.
    pub state: RecordedState,
    /// When it was settled, if it is.
    pub settled_at: Option<Timestamp>,
    /// What went wrong, if it is dead.
    pub error: Option<String>,
    /// What travels.
    pub envelope: Envelope,
}

/// What makes another recorded job the same work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// Nothing.
    Never,
    /// The key, as long as the job is not settled.
    WhilePending(String),
    /// The key, for as long as the record is kept: a tick of a schedule happens once.
    Once(String),
}

/// What came of recording a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is recorded.
    New(JobId),
    /// The same work is recorded already.
    Duplicate(JobId),
}

/// How often a key is asked for that is just being freed.
const INSERTS_MAX: usize = 5;

/// Jobs that one statement touches.
pub const JOBS_PER_STATEMENT: usize = 500;

impl Scope<'_> {
    /// Records a job, to be handed to the queue once this is committed.
    pub async fn record_job<J: Job>(
        &self,
        job: &J,
        sameness: &Sameness,
        run_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Recorded> {
        let job = AnyJob::of(job).map_err(invalid)?;
        self.record_any_job(&job, sameness, run_at, now).await
    }

    /// The same for a job of whatever kind.
    pub async fn record_any_job(
        &self,
        job: &AnyJob,
        sameness: &Sameness,
        run_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Recorded> {
        let (id, row) = self.new_job_row(job, sameness, run_at, now)?;
        let Set(key) = row.dedup_key.clone() else { return Err(invalid("it has no key")) };
        for _ in 0..INSERTS_MAX {
            let inserted = recorded::Entity::insert(row.clone())
                .on_conflict_do_nothing_on([recorded::Column::TenantId, recorded::Column::DedupKey])
                .exec_without_returning(&self.conn)
                .await?;
            if Transition::of_insert(inserted) == Transition::Moved {
                return Ok(Recorded::New(id));
            }
            // None: the job that was in the way is settled by now, and its key is free.
            if let Some(there) = self.job_with_key(&key).await? {
                return Ok(Recorded::Duplicate(there));
            }
        }
        let because = "its unique key changes hands too fast; try again".to_owned();
        Err(StoreError::Invalid { field: "job", because })
    }

    /// A job as it is recorded, under an id of its own. Errors if it cannot be kept.
    fn new_job_row(
        &self,
        job: &AnyJob,
        sameness: &Sameness,
        run_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<(JobId, recorded::ActiveModel)> {
        let latest = now + chrono::TimeDelta::days(AHEAD_DAYS_MAX);
        if latest < run_at || run_at < Timestamp::UNIX_EPOCH {
            let because = format!("is before 1970 or more than {AHEAD_DAYS_MAX} days ahead");
            return Err(StoreError::Invalid { field: "run_at", because });
        }
        if job.tenant != Some(self.tenant) {
            return Err(invalid("its payload names another tenant, or none"));
        }
        let id: JobId = self.new_id(now);
        let (key, keeps_key) = dedup_key(id, job, sameness)?;
        let payload = serde_json::from_str(job.payload.get());
        let row = recorded::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            queue: Set(job.queue.to_string()),
            name: Set(job.name.to_owned()),
            version: Set(i32::from(job.version)),
            priority: Set(i32::from(job.priority.value())),
            payload: Set(payload.map_err(invalid)?),
            trace: Set(None),
            dedup_key: Set(key),
            keeps_key: Set(keeps_key),
            state: Set(RecordedState::Waiting.to_string()),
            run_at: Set(run_at),
            enqueued_at: Set(now),
            relayed_at: Set(None),
            settled_at: Set(None),
            error: Set(None),
        };
        Ok((id, row))
    }

    async fn job_with_key(&self, key: &str) -> StoreResult<Option<JobId>> {
        let there: Option<Uuid> = recorded::Entity::find()
            .select_only()
            .column(recorded::Column::Id)
            .filter(recorded::Column::TenantId.eq(self.tenant.uuid()))
            .filter(recorded::Column::DedupKey.eq(key))
            .into_tuple()
            .one(&self.conn)
            .await?;
        Ok(there.map(JobId::from_uuid))
    }

    /// A recorded job, if this tenant has it.
    pub async fn find_recorded_job(&self, id: JobId) -> StoreResult<Option<RecordedJob>> {
        let row = recorded::Entity::find()
            .filter(recorded::Column::TenantId.eq(self.tenant.uuid()))
            .filter(recorded::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(recorded_job).transpose()
    }

    /// Settles a job that is not settled yet: in the transaction of what it did, so that it is done once.
    ///
    /// A key that held while it was pending is free again.
    pub async fn mark_job_settled(
        &self,
        id: JobId,
        to: RecordedState,
        error: Option<&str>,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use recorded::Column;
        let freed =
            Expr::value(freed_key(id)).binary(BinOper::Custom("||"), Expr::col(Column::DedupKey));
        let key = CaseStatement::new()
            .case(Expr::col(Column::KeepsKey).eq(true), Expr::col(Column::DedupKey))
            .finally(freed);
        let open = [RecordedState::Waiting, RecordedState::Relayed].map(RecordedState::as_str);
        let moved = recorded::Entity::update_many()
            .col_expr(Column::State, Expr::value(to.as_str()))
            .col_expr(Column::SettledAt, Expr::value(Some(now)))
            .col_expr(Column::Error, Expr::value(error))
            .col_expr(Column::DedupKey, key.into())
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::State.is_in(open))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        let there = self.find_recorded_job(id).await?.map(|job| job.state);
        Ok(if there == Some(to) { Transition::AlreadyThere } else { Transition::Lost })
    }
}

/// The key under which a job is kept once, and whether it holds for good.
fn dedup_key(id: JobId, job: &AnyJob, sameness: &Sameness) -> StoreResult<(String, bool)> {
    let (text, keeps) = match sameness {
        // Nobody else ever has this key, so it need not be freed.
        Sameness::Never => return Ok((format!("id:{id}"), true)),
        Sameness::WhilePending(text) => (text, false),
        Sameness::Once(text) => (text, true),
    };
    if text.is_empty() {
        return Err(invalid(InvalidKey::Empty));
    }
    if KEY_BYTES_MAX < text.len() {
        return Err(invalid(InvalidKey::TooLong { bytes: text.len() }));
    }
    // Keys of different kinds never meet.
    Ok((format!("{}:{}:{text}", job.queue, job.name), keeps))
}

/// What stands before the key of a job that is settled and holds it no more.
fn freed_key(id: JobId) -> String {
    format!("settled:{id}:")
}

fn invalid(error: impl fmt::Display) -> StoreError {
    StoreError::Invalid { field: "job", because: error.to_string() }
}

fn recorded_job(row: recorded::Model) -> StoreResult<RecordedJob> {
    let trace: Option<TraceContext> = row
        .trace
        .map(serde_json::from_value)
        .transpose()
        .map_err(unreadable("recorded_jobs.trace"))?;
    let payload = serde_json::value::to_raw_value(&row.payload);
    let priority = u8::try_from(row.priority).unwrap_or(u8::MAX);
    Ok(RecordedJob {
        queue: row.queue.parse().map_err(unreadable("recorded_jobs.queue"))?,
        priority: Priority::new(priority).map_err(unreadable("recorded_jobs.priority"))?,
        run_at: row.run_at,
        settled_at: row.settled_at,
        state: row.state.parse().map_err(unreadable("recorded_jobs.state"))?,
        error: row.error,
        envelope: Envelope {
            id: JobId::from_uuid(row.id),
            name: row.name,
            version: u16::try_from(row.version).map_err(unreadable("recorded_jobs.version"))?,
            tenant: Some(TenantId::from_uuid(row.tenant_id)),
            payload: payload.map_err(unreadable("recorded_jobs.payload"))?,
            trace,
            enqueued_at: row.enqueued_at,
            is_recorded: true,
        },
    })
}
