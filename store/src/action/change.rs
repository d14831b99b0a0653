//! An action's way through its states.

use std::collections::HashSet;

use domain::{
    action::{ActionStatus, Actor},
    id::{ActionId, RunId},
    time::Timestamp,
};
use entity::actions;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::Uuid,
    sea_query::{BinOper, Expr},
};

use super::{ActionRow, action_row};
use crate::{
    Scope, StoreResult, Transition,
    brought::{self, Holds},
    moment::storable,
};

/// What changes with an action's state.
#[derive(Clone, Debug)]
pub struct ActionChange {
    /// The state it goes to.
    pub to: ActionStatus,
    /// When, on the tenant's clock.
    pub at: Timestamp,
    /// The run that carried it out.
    pub executed_in: Option<RunId>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// What came of it.
    pub outcome: Option<serde_json::Value>,
    /// What went wrong, without anybody's text in it.
    pub error: Option<String>,
    /// Not before then.
    pub not_before: Option<Timestamp>,
    /// Nobody waits for it after that.
    pub expires_at: Option<Timestamp>,
    /// Whether the same may be proposed again.
    pub frees_key: bool,
}

impl ActionChange {
    /// A change of state and nothing else.
    pub fn to(to: ActionStatus, at: Timestamp) -> Self {
        Self {
            to,
            at,
            executed_in: None,
            decided_by: None,
            outcome: None,
            error: None,
            not_before: None,
            expires_at: None,
            frees_key: false,
        }
    }

    /// Adds the run that carried it out, and what came of it.
    pub fn executed(mut self, run: RunId, outcome: serde_json::Value) -> Self {
        self.executed_in = Some(run);
        self.outcome = Some(outcome);
        self
    }

    /// Adds what went wrong.
    pub fn because(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Adds who decided.
    pub fn decided_by(mut self, actor: Actor) -> Self {
        self.decided_by = Some(actor);
        self
    }

    /// Gives it a new end.
    pub fn expiring_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Puts it off.
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }
}

/// How an action that was carried out together with others ended.
#[derive(Clone, Debug)]
pub struct EndedAction {
    /// Which action.
    pub id: ActionId,
    /// The state it was in.
    pub from: ActionStatus,
    /// The state it goes to.
    pub to: ActionStatus,
    /// What came of it.
    pub outcome: serde_json::Value,
}

const EXECUTED: &str = "\
    UPDATE actions SET status = brought.status, outcome = brought.outcome, \
        executed_run_id = $3, executed_at = $2, updated_at = $2 \
    FROM brought \
    WHERE actions.tenant_id = $1 AND actions.id = brought.id AND actions.status = brought.was";

const BEGUN: &str = "\
    UPDATE actions SET status = $3, updated_at = $2 \
    FROM brought \
    WHERE actions.tenant_id = $1 AND actions.id = brought.id AND actions.status = brought.was \
    RETURNING actions.id";

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

impl Scope<'_> {
    /// Moves an action from one state to another, with what is known about it then.
    pub async fn mark_action(
        &self,
        id: ActionId,
        from: ActionStatus,
        change: &ActionChange,
    ) -> StoreResult<Transition> {
        use actions::Column;
        let mut update = actions::Entity::update_many()
            .col_expr(Column::Status, Expr::value(change.to.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(change.at))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(from.as_str()));
        if change.frees_key {
            let free = Expr::value(format!("expired:{id}:"))
                .binary(BinOper::Custom("||"), Expr::col(Column::DedupKey));
            update = update.col_expr(Column::DedupKey, free);
        }
        if let Some(run) = change.executed_in {
            update = update
                .col_expr(Column::ExecutedRunId, Expr::value(Some(run.uuid())))
                .col_expr(Column::ExecutedAt, Expr::value(Some(change.at)));
        }
        if let Some(actor) = &change.decided_by {
            update = update
                .col_expr(Column::DecidedBy, Expr::value(Some(actor.to_string())))
                .col_expr(Column::DecidedAt, Expr::value(Some(change.at)));
        }
        if let Some(outcome) = &change.outcome {
            update = update.col_expr(Column::Outcome, Expr::value(Some(outcome.clone())));
        }
        if let Some(error) = &change.error {
            update = update.col_expr(Column::Error, Expr::value(Some(error.as_str())));
        }
        if let Some(until) = change.not_before {
            update = update.col_expr(Column::NotBefore, Expr::value(Some(storable(until))));
        }
        if let Some(until) = change.expires_at {
            update = update.col_expr(Column::ExpiresAt, Expr::value(Some(storable(until))));
        }
        let moved = update.exec(&self.conn).await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        let now = self.find_action(id).await?.map(|row| row.status);
        Ok(if now == Some(change.to) { Transition::AlreadyThere } else { Transition::Lost })
    }

    /// Ends actions that were carried out together, each from the state it was in and with its own outcome.
    ///
    /// One that is in another state by now stays as it is.
    pub async fn mark_actions_executed(
        &self,
        run: RunId,
        ended: &[EndedAction],
        at: Timestamp,
    ) -> StoreResult<()> {
        for chunk in ended.chunks(brought::ROWS_PER_STATEMENT) {
            let row = |it: &EndedAction| {
                vec![
                    it.id.uuid().into(),
                    it.from.as_str().into(),
                    it.to.as_str().into(),
                    it.outcome.clone().into(),
                ]
            };
            let rows: Vec<_> = chunk.iter().map(row).collect();
            let fixed = vec![self.tenant.uuid().into(), at.into(), run.uuid().into()];
            let columns = &[
                ("id", Holds::Id),
                ("was", Holds::Text),
                ("status", Holds::Text),
                ("outcome", Holds::Json),
            ];
            let statement = brought::statement(self.backend(), columns, EXECUTED, fixed, &rows)?;
            self.conn.execute_raw(statement).await?;
        }
        Ok(())
    }

    /// Begins actions, each from the state it was in; says which of them were still in it.
    pub async fn mark_actions_executing(
        &self,
        begun: &[(ActionId, ActionStatus)],
        at: Timestamp,
    ) -> StoreResult<HashSet<ActionId>> {
        let mut moved = HashSet::with_capacity(begun.len());
        for chunk in begun.chunks(brought::ROWS_PER_STATEMENT) {
            let row =
                |it: &(ActionId, ActionStatus)| vec![it.0.uuid().into(), it.1.as_str().into()];
            let rows: Vec<_> = chunk.iter().map(row).collect();
            let executing = ActionStatus::Executing.as_str();
            let fixed = vec![self.tenant.uuid().into(), at.into(), executing.into()];
            let columns = &[("id", Holds::Id), ("was", Holds::Text)];
            let statement = brought::statement(self.backend(), columns, BEGUN, fixed, &rows)?;
            let ids = IdRow::find_by_statement(statement).all(&self.conn).await?;
            moved.extend(ids.into_iter().map(|row| ActionId::from_uuid(row.id)));
        }
        Ok(moved)
    }

    /// Ends what nobody decided on, or what waited too long for its turn; returns what was ended.
    pub async fn expire_actions(&self, now: Timestamp, limit: u64) -> StoreResult<Vec<ActionRow>> {
        use actions::Column;
        let states = [ActionStatus::Proposed, ActionStatus::Awaiting, ActionStatus::Approved];
        let rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Status.is_in(states.map(ActionStatus::as_str)))
            .filter(Column::ExpiresAt.lte(now))
            .order_by_asc(Column::ExpiresAt)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let mut ended = Vec::new();
        for row in rows {
            let row = action_row(row)?;
            let because = match row.status {
                ActionStatus::Awaiting => "nobody decided in time",
                ActionStatus::Approved => "it did not run in the time that it was approved for",
                _ => "its turn did not come in time",
            };
            let change = ActionChange {
                // It is proposed again from the facts of that day. A mail is read once: a person who passed over
                // what it asks for is not asked again.
                frees_key: row.proposal.payload.message().is_none(),
                ..ActionChange::to(ActionStatus::Expired, now).because(because)
            };
            if self.mark_action(row.id, row.status, &change).await? == Transition::Moved {
                ended.push(row);
            }
        }
        Ok(ended)
    }
}
