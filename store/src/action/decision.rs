//! Verdicts on actions, and the violations among them.

use domain::{
    action::{ActionStatus, Actor},
    id::{ActionId, DecisionId, RunId},
    policy::{Effect, Moment, Reason, Verdict},
    proposal::Proposal,
    time::Timestamp,
};
use entity::{actions, agent_policy_violations as violations, decisions};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::ActionRow;
use crate::{Scope, StoreResult, error::unreadable, tenant::json};

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

/// A verdict on a proposal, with what it rests on.
pub(super) struct Judged<'j> {
    pub proposal: &'j Proposal,
    pub verdict: &'j Verdict,
    pub facts: &'j serde_json::Value,
}

impl Scope<'_> {
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
        let judged = [(action, verdict, facts)];
        let ids = self.insert_decisions(&judged, run, moment, now).await?;
        Ok(ids[0])
    }

    /// Keeps one verdict each on many actions that exist, and the violations among them; returns their ids in order.
    pub async fn insert_decisions(
        &self,
        judged: &[(&ActionRow, &Verdict, serde_json::Value)],
        run: Option<RunId>,
        moment: Moment,
        now: Timestamp,
    ) -> StoreResult<Vec<DecisionId>> {
        let mut rows = Vec::with_capacity(judged.len());
        let mut broken = Vec::new();
        let mut ids = Vec::with_capacity(judged.len());
        for (action, verdict, facts) in judged {
            let id: DecisionId = self.new_id(now);
            let judged = Judged { proposal: &action.proposal, verdict, facts };
            rows.push(self.decision(id, action.id, run, &judged, moment, now)?);
            for reason in verdict.violations() {
                broken.push(self.violation(id, action.id, run, &action.proposal, reason, now)?);
            }
            ids.push(id);
        }
        self.insert_rows(&rows).await?;
        self.insert_rows(&broken).await?;
        Ok(ids)
    }

    /// What a run's Act refused or held back when it came to it, with the verdict's reasons, in no particular order.
    pub async fn list_refused_by(
        &self,
        run: RunId,
    ) -> StoreResult<Vec<(ActionRow, Effect, Vec<Reason>)>> {
        use decisions::Column;
        let rows = decisions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::RunId.eq(run.uuid()))
            .filter(Column::Moment.eq(Moment::Execute.as_str()))
            .filter(Column::Effect.ne(Effect::Allow.as_str()))
            .all(&self.conn)
            .await?;
        let mut refused = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(action) = row.action_id else { continue };
            let Some(action) = self.find_action(ActionId::from_uuid(action)).await? else {
                continue;
            };
            let effect = row.effect.parse().map_err(unreadable("decisions.effect"))?;
            let reasons =
                serde_json::from_value(row.reasons).map_err(unreadable("decisions.reasons"))?;
            refused.push((action, effect, reasons));
        }
        Ok(refused)
    }

    /// What a run's Act permitted and put off to a later moment, which has not come yet.
    pub async fn list_put_off_by(&self, run: RunId, now: Timestamp) -> StoreResult<Vec<ActionRow>> {
        let permitted = decisions::Entity::find()
            .select_only()
            .column(decisions::Column::ActionId)
            .filter(decisions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(decisions::Column::RunId.eq(run.uuid()))
            .filter(decisions::Column::Moment.eq(Moment::Execute.as_str()))
            .filter(decisions::Column::Effect.eq(Effect::Allow.as_str()))
            .into_query();
        let waiting = [ActionStatus::Proposed, ActionStatus::Approved, ActionStatus::Executing];
        let rows = actions::Entity::find()
            .filter(actions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(actions::Column::Status.is_in(waiting.map(ActionStatus::as_str)))
            .filter(actions::Column::NotBefore.gt(now))
            .filter(actions::Column::Id.in_subquery(permitted))
            .order_by_desc(actions::Column::Score)
            .order_by_asc(actions::Column::ProposedAt)
            .order_by_asc(actions::Column::Rank)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(super::action_row).collect()
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

    pub(super) fn decision(
        &self,
        id: DecisionId,
        action: ActionId,
        run: Option<RunId>,
        it: &Judged<'_>,
        moment: Moment,
        now: Timestamp,
    ) -> StoreResult<decisions::ActiveModel> {
        Ok(decisions::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(run.map(|it| it.uuid())),
            action_id: Set(Some(action.uuid())),
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

    pub(super) fn violation(
        &self,
        decision: DecisionId,
        action: ActionId,
        run: Option<RunId>,
        proposal: &Proposal,
        reason: &Reason,
        now: Timestamp,
    ) -> StoreResult<violations::ActiveModel> {
        Ok(violations::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(run.map(|it| it.uuid())),
            action_id: Set(Some(action.uuid())),
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
