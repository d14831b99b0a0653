//! Actions, the verdicts on them, and their way through the states.

use std::collections::HashSet;

use domain::{
    action::{ActionKind, ActionStatus, Actor},
    id::{ActionId, ClientId, DecisionId, RunId},
    money::Score,
    policy::{Moment, Reason, Verdict},
    proposal::{Evidence, Payload, Proposal, Subject},
    time::Timestamp,
};
use entity::{actions, agent_policy_violations as violations, decisions};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition, error::unreadable, tenant::json};

/// An action as it is stored.
#[derive(Clone, Debug)]
pub struct ActionRow {
    /// Which action.
    pub id: ActionId,
    /// Where it is.
    pub status: ActionStatus,
    /// What was proposed.
    pub proposal: Proposal,
    /// The hash that an approval is bound to.
    pub payload_hash: String,
    /// The run that proposed it.
    pub run: Option<RunId>,
    /// When.
    pub proposed_at: Timestamp,
    /// Not before then.
    pub not_before: Option<Timestamp>,
    /// Nobody waits for it after that.
    pub expires_at: Option<Timestamp>,
    /// Who decided on it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// When it ran.
    pub executed_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<serde_json::Value>,
    /// What went wrong.
    pub error: Option<String>,
}

/// A proposal with its verdict, ready to be kept.
#[derive(Clone, Debug)]
pub struct JudgedProposal {
    /// What was proposed.
    pub proposal: Proposal,
    /// What the policy said.
    pub verdict: Verdict,
    /// The facts it saw, as JSON without personal text.
    pub facts: serde_json::Value,
    /// The state that follows.
    pub status: ActionStatus,
    /// Nobody waits for it after that.
    pub expires_at: Timestamp,
}

/// A verdict as it is stored.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DecisionRow {
    /// Which decision.
    pub id: DecisionId,
    /// When the policy was asked.
    pub moment: String,
    /// What it said.
    pub effect: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// On which conditions.
    pub obligations: serde_json::Value,
    /// What it saw.
    pub facts: serde_json::Value,
    /// Which policy spoke.
    pub policy_version: i32,
    /// When.
    pub decided_at: Timestamp,
}

/// Rows of one insert; an action has 26 columns, and SQLite takes 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 500;

impl Scope<'_> {
    /// Which of some dedup keys are taken.
    pub async fn known_dedup_keys(&self, keys: &[String]) -> StoreResult<HashSet<String>> {
        let mut known = HashSet::new();
        for chunk in keys.chunks(ROWS_PER_STATEMENT * 10) {
            let rows: Vec<String> = actions::Entity::find()
                .select_only()
                .column(actions::Column::DedupKey)
                .filter(actions::Column::TenantId.eq(self.tenant.uuid()))
                .filter(actions::Column::DedupKey.is_in(chunk.iter().map(String::as_str)))
                .into_tuple()
                .all(&self.conn)
                .await?;
            known.extend(rows);
        }
        Ok(known)
    }

    /// Keeps judged proposals: the actions, the decisions on them, and the violations among these.
    ///
    /// A rehearsal keeps no violations, since nothing was really proposed.
    pub async fn insert_proposals(
        &self,
        run: RunId,
        judged: &[JudgedProposal],
        keep_violations: bool,
        now: Timestamp,
    ) -> StoreResult<Vec<ActionId>> {
        let mut ids = Vec::with_capacity(judged.len());
        for chunk in judged.chunks(ROWS_PER_STATEMENT) {
            let mut rows = Vec::with_capacity(chunk.len());
            let mut verdicts = Vec::with_capacity(chunk.len());
            let mut broken = Vec::new();
            for (rank, it) in chunk.iter().enumerate() {
                let id: ActionId = self.new_id(now);
                let decision: DecisionId = self.new_id(now);
                rows.push(self.action(id, run, it, ids.len().saturating_add(rank), now)?);
                verdicts.push(self.decision(
                    decision,
                    Some(id),
                    Some(run),
                    it,
                    Moment::Propose,
                    now,
                )?);
                for reason in it.verdict.violations().filter(|_| keep_violations) {
                    broken.push(self.violation(
                        decision,
                        Some(id),
                        Some(run),
                        &it.proposal,
                        reason,
                        now,
                    )?);
                }
            }
            ids.extend(
                rows.iter().filter_map(|row| row.id.clone().take().map(ActionId::from_uuid)),
            );
            actions::Entity::insert_many(rows).exec_without_returning(&self.conn).await?;
            decisions::Entity::insert_many(verdicts).exec_without_returning(&self.conn).await?;
            if !broken.is_empty() {
                violations::Entity::insert_many(broken).exec_without_returning(&self.conn).await?;
            }
        }
        Ok(ids)
    }

    /// Keeps a verdict on an action that exists, and its violations.
    pub async fn insert_decision(
        &self,
        action: &ActionRow,
        run: Option<RunId>,
        verdict: &Verdict,
        facts: serde_json::Value,
        moment: Moment,
        now: Timestamp,
    ) -> StoreResult<DecisionId> {
        let id: DecisionId = self.new_id(now);
        let judged = JudgedProposal {
            proposal: action.proposal.clone(),
            verdict: verdict.clone(),
            facts,
            status: action.status,
            expires_at: now,
        };
        let row = self.decision(id, Some(action.id), run, &judged, moment, now)?;
        decisions::Entity::insert(row).exec_without_returning(&self.conn).await?;
        for reason in verdict.violations() {
            let row = self.violation(id, Some(action.id), run, &action.proposal, reason, now)?;
            violations::Entity::insert(row).exec_without_returning(&self.conn).await?;
        }
        Ok(id)
    }

    /// Keeps one verdict each on many actions at once; none of them may hold a violation.
    pub async fn insert_decisions(
        &self,
        judged: &[(ActionRow, Verdict, serde_json::Value)],
        run: RunId,
        moment: Moment,
        now: Timestamp,
    ) -> StoreResult<()> {
        for chunk in judged.chunks(ROWS_PER_STATEMENT) {
            let mut rows = Vec::with_capacity(chunk.len());
            for (action, verdict, facts) in chunk {
                let it = JudgedProposal {
                    proposal: action.proposal.clone(),
                    verdict: verdict.clone(),
                    facts: facts.clone(),
                    status: action.status,
                    expires_at: now,
                };
                rows.push(self.decision(
                    self.new_id(now),
                    Some(action.id),
                    Some(run),
                    &it,
                    moment,
                    now,
                )?);
            }
            if !rows.is_empty() {
                decisions::Entity::insert_many(rows).exec_without_returning(&self.conn).await?;
            }
        }
        Ok(())
    }

    /// Actions that may run now: proposed or approved, not put off, most pressing first.
    pub async fn list_runnable(&self, now: Timestamp, limit: u64) -> StoreResult<Vec<ActionRow>> {
        use actions::Column;
        let is_time =
            Condition::any().add(Column::NotBefore.is_null()).add(Column::NotBefore.lte(now));
        let states = [ActionStatus::Proposed, ActionStatus::Approved, ActionStatus::Executing];
        let rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Status.is_in(states.map(ActionStatus::as_str)))
            .filter(is_time)
            .order_by_desc(Column::Score)
            .order_by_asc(Column::ProposedAt)
            .order_by_asc(Column::Rank)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(action_row).collect()
    }

    /// Actions in some states, newest first.
    pub async fn list_actions(
        &self,
        states: &[ActionStatus],
        limit: u64,
    ) -> StoreResult<Vec<ActionRow>> {
        use actions::Column;
        let mut query = actions::Entity::find().filter(Column::TenantId.eq(self.tenant.uuid()));
        if !states.is_empty() {
            query = query.filter(Column::Status.is_in(states.iter().map(|it| it.as_str())));
        }
        let rows = query
            .order_by_desc(Column::ProposedAt)
            .order_by_asc(Column::Rank)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(action_row).collect()
    }

    /// Actions of a run, in their rank.
    pub async fn list_actions_of_run(&self, run: RunId) -> StoreResult<Vec<ActionRow>> {
        use actions::Column;
        let rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::RunId.eq(run.uuid()))
            .order_by_asc(Column::Rank)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(action_row).collect()
    }

    /// Actions that a run carried out, whoever proposed them.
    pub async fn list_actions_executed_by(&self, run: RunId) -> StoreResult<Vec<ActionRow>> {
        use actions::Column;
        let rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ExecutedRunId.eq(run.uuid()))
            .order_by_desc(Column::Score)
            .order_by_asc(Column::ProposedAt)
            .order_by_asc(Column::Rank)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(action_row).collect()
    }

    /// One action.
    pub async fn find_action(&self, id: ActionId) -> StoreResult<Option<ActionRow>> {
        let row = actions::Entity::find()
            .filter(actions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(actions::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(action_row).transpose()
    }

    /// Every verdict on an action, oldest first: why it happened, or did not.
    pub async fn list_decisions(&self, action: ActionId) -> StoreResult<Vec<DecisionRow>> {
        let rows = decisions::Entity::find()
            .filter(decisions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(decisions::Column::ActionId.eq(action.uuid()))
            .order_by_asc(decisions::Column::DecidedAt)
            .order_by_asc(decisions::Column::Id)
            .all(&self.conn)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(DecisionRow {
                    id: DecisionId::from_uuid(row.id),
                    moment: row.moment,
                    effect: row.effect,
                    reasons: serde_json::from_value(row.reasons)
                        .map_err(unreadable("decisions.reasons"))?,
                    obligations: row.obligations,
                    facts: row.facts,
                    policy_version: row.policy_version,
                    decided_at: row.decided_at,
                })
            })
            .collect()
    }

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
            update = update.col_expr(Column::NotBefore, Expr::value(Some(until)));
        }
        let moved = update.exec(&self.conn).await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        let now = self.find_action(id).await?.map(|row| row.status);
        Ok(if now == Some(change.to) { Transition::AlreadyThere } else { Transition::Lost })
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
            let change =
                ActionChange::to(ActionStatus::Expired, now).because("nobody decided in time");
            if self.mark_action(row.id, row.status, &change).await? == Transition::Moved {
                ended.push(row);
            }
        }
        Ok(ended)
    }

    fn action(
        &self,
        id: ActionId,
        run: RunId,
        it: &JudgedProposal,
        rank: usize,
        now: Timestamp,
    ) -> StoreResult<actions::ActiveModel> {
        let proposal = &it.proposal;
        Ok(actions::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(Some(run.uuid())),
            kind: Set(proposal.kind.to_string()),
            subject_kind: Set(proposal.subject.kind.to_string()),
            subject_id: Set(proposal.subject.id),
            client_id: Set(proposal.client.map(|it| it.uuid())),
            status: Set(it.status.to_string()),
            payload: Set(json(&proposal.payload)?),
            payload_hash: Set(proposal.payload_hash()),
            dedup_key: Set(proposal.dedup_key.clone()),
            score: Set(proposal.score.0),
            rank: Set(i32::try_from(rank).unwrap_or(i32::MAX)),
            reasons: Set(json(&proposal.reasons)?),
            evidence: Set(json(&proposal.evidence)?),
            proposed_by: Set(Actor::Agent.to_string()),
            proposed_at: Set(now),
            not_before: Set(it.verdict.not_before()),
            expires_at: Set(Some(it.expires_at)),
            decided_by: Set(None),
            decided_at: Set(None),
            executed_run_id: Set(None),
            executed_at: Set(None),
            outcome: Set(None),
            error: Set(None),
            updated_at: Set(now),
        })
    }

    fn decision(
        &self,
        id: DecisionId,
        action: Option<ActionId>,
        run: Option<RunId>,
        it: &JudgedProposal,
        moment: Moment,
        now: Timestamp,
    ) -> StoreResult<decisions::ActiveModel> {
        Ok(decisions::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(run.map(|it| it.uuid())),
            action_id: Set(action.map(|it| it.uuid())),
            kind: Set(it.proposal.kind.to_string()),
            subject_kind: Set(it.proposal.subject.kind.to_string()),
            subject_id: Set(it.proposal.subject.id),
            moment: Set(moment.to_string()),
            effect: Set(it.verdict.effect.to_string()),
            reasons: Set(json(&it.verdict.reasons)?),
            obligations: Set(json(&it.verdict.obligations)?),
            facts: Set(it.facts.clone()),
            payload_hash: Set(it.proposal.payload_hash()),
            policy_version: Set(it.verdict.policy_version),
            decided_at: Set(now),
        })
    }

    fn violation(
        &self,
        decision: DecisionId,
        action: Option<ActionId>,
        run: Option<RunId>,
        proposal: &Proposal,
        reason: &Reason,
        now: Timestamp,
    ) -> StoreResult<violations::ActiveModel> {
        Ok(violations::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(run.map(|it| it.uuid())),
            action_id: Set(action.map(|it| it.uuid())),
            decision_id: Set(decision.uuid()),
            rule_id: Set(reason.rule.clone()),
            action_kind: Set(proposal.kind.to_string()),
            subject_kind: Set(proposal.subject.kind.to_string()),
            subject_id: Set(proposal.subject.id),
            reasons: Set(json(reason)?),
            actor: Set(Actor::Agent.to_string()),
            occurred_at: Set(now),
        })
    }
}

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

    /// Puts it off.
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }
}

fn action_row(row: actions::Model) -> StoreResult<ActionRow> {
    let kind: ActionKind = row.kind.parse().map_err(unreadable("actions.kind"))?;
    let subject_kind = row.subject_kind.parse().map_err(unreadable("actions.subject_kind"))?;
    let payload: Payload =
        serde_json::from_value(row.payload).map_err(unreadable("actions.payload"))?;
    let reasons = serde_json::from_value(row.reasons).map_err(unreadable("actions.reasons"))?;
    let evidence: Vec<Evidence> =
        serde_json::from_value(row.evidence).map_err(unreadable("actions.evidence"))?;
    Ok(ActionRow {
        id: ActionId::from_uuid(row.id),
        status: row.status.parse().map_err(unreadable("actions.status"))?,
        proposal: Proposal {
            kind,
            subject: Subject { kind: subject_kind, id: row.subject_id },
            client: row.client_id.map(ClientId::from_uuid),
            payload,
            dedup_key: row.dedup_key,
            score: Score(row.score),
            reasons,
            evidence,
        },
        payload_hash: row.payload_hash,
        run: row.run_id.map(RunId::from_uuid),
        proposed_at: row.proposed_at,
        not_before: row.not_before,
        expires_at: row.expires_at,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        executed_at: row.executed_at,
        outcome: row.outcome,
        error: row.error,
    })
}
