//! Actions: what was proposed, with the verdict on it.

mod change;
mod decision;

use std::collections::HashSet;

use domain::{
    action::{ActionKind, ActionStatus, Actor},
    id::{ActionId, ClientId, DecisionId, RunId},
    money::Score,
    policy::{Moment, Verdict},
    proposal::{Evidence, Payload, Proposal, Subject},
    time::Timestamp,
};
use entity::actions;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub use change::{ActionChange, EndedAction};
pub use decision::DecisionRow;
use decision::Judged;

use crate::{Scope, StoreResult, error::unreadable, moment::storable, tenant::json};

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

/// Keys that one statement looks for.
const KEYS_PER_STATEMENT: usize = 5_000;

impl Scope<'_> {
    /// Which of some dedup keys are taken, or were by a moment that a rehearsal looks from.
    pub async fn known_dedup_keys(
        &self,
        keys: &[String],
        as_of: Option<Timestamp>,
    ) -> StoreResult<HashSet<String>> {
        let mut known = HashSet::new();
        for chunk in keys.chunks(KEYS_PER_STATEMENT) {
            let mut taken = actions::Entity::find()
                .select_only()
                .column(actions::Column::DedupKey)
                .filter(actions::Column::TenantId.eq(self.tenant.uuid()))
                .filter(actions::Column::DedupKey.is_in(chunk.iter().map(String::as_str)));
            if let Some(moment) = as_of {
                taken = taken.filter(actions::Column::ProposedAt.lte(moment));
            }
            let rows: Vec<String> = taken.into_tuple().all(&self.conn).await?;
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
        let mut rows = Vec::with_capacity(judged.len());
        let mut verdicts = Vec::with_capacity(judged.len());
        let mut broken = Vec::new();
        for (rank, it) in judged.iter().enumerate() {
            let id: ActionId = self.new_id(now);
            let decision: DecisionId = self.new_id(now);
            rows.push(self.action(id, run, it, rank, now)?);
            let verdict = Judged { proposal: &it.proposal, verdict: &it.verdict, facts: &it.facts };
            verdicts.push(self.decision(
                decision,
                id,
                Some(run),
                &verdict,
                Moment::Propose,
                now,
            )?);
            for reason in it.verdict.violations().filter(|_| keep_violations) {
                broken.push(self.violation(decision, id, Some(run), &it.proposal, reason, now)?);
            }
            ids.push(id);
        }
        self.insert_rows(&rows).await?;
        self.insert_rows(&verdicts).await?;
        self.insert_rows(&broken).await?;
        Ok(ids)
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
            not_before: Set(it.verdict.not_before().map(storable)),
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
