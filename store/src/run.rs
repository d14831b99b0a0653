//! Runs: one hour's cycle each, and the record of it.

use domain::{
    cycle::{Phase, RunStatus, WorkBlock},
    id::RunId,
    time::Timestamp,
};
use entity::agent_autonomous_runs as runs;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{Fence, Scope, StoreResult, Transition, error::unreadable, tenant::json};

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Which run.
    pub id: RunId,
    /// Counted per tenant from 1.
    pub cycle_number: i32,
    /// The hour it stands for.
    pub due_hour: Option<Timestamp>,
    /// The moment a rehearsal decides for.
    pub as_of: Option<Timestamp>,
    /// Hours it stands for.
    pub hours_covered: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The phase it is in, or ended in.
    pub phase: Phase,
    /// Where it is.
    pub status: RunStatus,
    /// Its record.
    pub work_block: WorkBlock,
    /// What went wrong.
    pub error: Option<String>,
}

/// A run to begin.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The hour it stands for; none for a rehearsal.
    pub due_hour: Option<Timestamp>,
    /// The moment a rehearsal decides for.
    pub as_of: Option<Timestamp>,
    /// Hours it stands for.
    pub hours_covered: i32,
    /// When it begins, on the tenant's clock.
    pub started_at: Timestamp,
}

impl Scope<'_> {
    /// The newest run that is no rehearsal, whatever its state.
    pub async fn find_latest_run(&self) -> StoreResult<Option<RunRow>> {
        let row = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .filter(runs::Column::DueHour.is_not_null())
            .order_by_desc(runs::Column::DueHour)
            .one(&self.conn)
            .await?;
        row.map(run_row).transpose()
    }

    /// The newest hour before a certain one that a completed run stands for; before the first of these, the hour before the first run.
    pub async fn find_covered_hour(&self, hour: Timestamp) -> StoreResult<Option<Timestamp>> {
        use runs::Column;
        let of_hours = runs::Entity::find()
            .select_only()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::DueHour.lt(hour));
        let completed: Option<Option<Timestamp>> = of_hours
            .clone()
            .column_as(Column::DueHour.max(), "hour")
            .filter(Column::Status.eq(RunStatus::Completed.as_str()))
            .into_tuple()
            .one(&self.conn)
            .await?;
        if let Some(hour) = completed.flatten() {
            return Ok(Some(hour));
        }
        let first: Option<Option<Timestamp>> =
            of_hours.column_as(Column::DueHour.min(), "hour").into_tuple().one(&self.conn).await?;
        Ok(first.flatten().map(|hour| hour - chrono::TimeDelta::hours(1)))
    }

    /// The run of an hour.
    pub async fn find_run_of_hour(&self, due_hour: Timestamp) -> StoreResult<Option<RunRow>> {
        let row = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .filter(runs::Column::DueHour.eq(due_hour))
            .one(&self.conn)
            .await?;
        row.map(run_row).transpose()
    }

    /// One run.
    pub async fn find_run(&self, id: RunId) -> StoreResult<Option<RunRow>> {
        let row = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .filter(runs::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(run_row).transpose()
    }

    /// The run with this number.
    pub async fn find_run_by_number(&self, cycle_number: i32) -> StoreResult<Option<RunRow>> {
        let row = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .filter(runs::Column::CycleNumber.eq(cycle_number))
            .one(&self.conn)
            .await?;
        row.map(run_row).transpose()
    }

    /// Runs, newest first.
    pub async fn list_runs(&self, limit: u64) -> StoreResult<Vec<RunRow>> {
        let rows = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .order_by_desc(runs::Column::CycleNumber)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(run_row).collect()
    }

    /// Runs that still say they are running.
    pub async fn list_running(&self) -> StoreResult<Vec<RunRow>> {
        let rows = runs::Entity::find()
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .filter(runs::Column::Status.eq(RunStatus::Running.as_str()))
            .order_by_asc(runs::Column::CycleNumber)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(run_row).collect()
    }

    /// Begins a run under the next number; the hour's uniqueness makes it the only one.
    pub async fn insert_run(&self, id: RunId, new: &NewRun) -> StoreResult<RunRow> {
        let last: Option<Option<i32>> = runs::Entity::find()
            .select_only()
            .column_as(runs::Column::CycleNumber.max(), "last")
            .filter(runs::Column::TenantId.eq(self.tenant.uuid()))
            .into_tuple()
            .one(&self.conn)
            .await?;
        let cycle_number = last.flatten().unwrap_or(0).saturating_add(1);
        let work_block = WorkBlock {
            run: id,
            cycle_number,
            due_hour: new.due_hour,
            as_of: new.as_of,
            hours_covered: new.hours_covered,
            started_at: new.started_at,
            phase: Phase::Plan,
            plan: None,
            act: None,
            react: None,
            reflect: None,
        };
        let row = runs::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            cycle_number: Set(cycle_number),
            due_hour: Set(new.due_hour),
            as_of: Set(new.as_of),
            hours_covered: Set(new.hours_covered),
            started_at: Set(new.started_at),
            ended_at: Set(None),
            phase: Set(Phase::Plan.to_string()),
            status: Set(RunStatus::Running.to_string()),
            metrics: Set(serde_json::json!({})),
            work_block: Set(json(&work_block)?),
            plan_output: Set(None),
            act_output: Set(None),
            react_output: Set(None),
            reflect_output: Set(None),
            error: Set(None),
            fence: Set(0),
            created_at: Set(new.started_at),
        };
        runs::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(RunRow {
            id,
            cycle_number,
            due_hour: new.due_hour,
            as_of: new.as_of,
            hours_covered: new.hours_covered,
            started_at: new.started_at,
            ended_at: None,
            phase: Phase::Plan,
            status: RunStatus::Running,
            work_block,
            error: None,
        })
    }

    /// Writes a phase's output and the work block, and moves the run to the next phase.
    pub async fn mark_phase_done(
        &self,
        fence: Fence,
        phase: Phase,
        block: &WorkBlock,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use runs::Column;
        let (column, output) = match phase {
            Phase::Plan => (Column::PlanOutput, json(&block.plan)?),
            Phase::Act => (Column::ActOutput, json(&block.act)?),
            Phase::React => (Column::ReactOutput, json(&block.react)?),
            Phase::Reflect => (Column::ReflectOutput, json(&block.reflect)?),
        };
        let mut update = runs::Entity::update_many()
            .col_expr(column, Expr::value(Some(output)))
            .col_expr(Column::WorkBlock, Expr::value(json(block)?))
            .col_expr(Column::Fence, Expr::value(fence.number))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(fence.run.uuid()))
            .filter(Column::Status.eq(RunStatus::Running.as_str()))
            .filter(Column::Phase.eq(phase.as_str()));
        update = match phase.next() {
            Some(next) => update.col_expr(Column::Phase, Expr::value(next.as_str())),
            None => update
                .col_expr(Column::Status, Expr::value(RunStatus::Completed.as_str()))
                .col_expr(Column::EndedAt, Expr::value(Some(now))),
        };
        if let Some(react) = &block.react {
            update = update.col_expr(Column::Metrics, Expr::value(json(&react.metrics)?));
        }
        let moved = update.exec(&self.conn).await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Keeps an error with a run that goes on: its phase is tried again.
    pub async fn mark_run_troubled(&self, run: RunId, error: &str) -> StoreResult<Transition> {
        use runs::Column;
        let moved = runs::Entity::update_many()
            .col_expr(Column::Error, Expr::value(Some(error)))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(run.uuid()))
            .filter(Column::Status.eq(RunStatus::Running.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Closes a run that did not get through, with what went wrong.
    pub async fn mark_run_closed(
        &self,
        run: RunId,
        status: RunStatus,
        error: &str,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use runs::Column;
        let moved = runs::Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::Error, Expr::value(Some(error)))
            .col_expr(Column::EndedAt, Expr::value(Some(now)))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(run.uuid()))
            .filter(Column::Status.eq(RunStatus::Running.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::AlreadyThere })
    }
}

fn run_row(row: runs::Model) -> StoreResult<RunRow> {
    Ok(RunRow {
        id: RunId::from_uuid(row.id),
        cycle_number: row.cycle_number,
        due_hour: row.due_hour,
        as_of: row.as_of,
        hours_covered: row.hours_covered,
        started_at: row.started_at,
        ended_at: row.ended_at,
        phase: row.phase.parse().map_err(unreadable("agent_autonomous_runs.phase"))?,
        status: row.status.parse().map_err(unreadable("agent_autonomous_runs.status"))?,
        work_block: serde_json::from_value(row.work_block)
            .map_err(unreadable("agent_autonomous_runs.work_block"))?,
        error: row.error,
    })
}
