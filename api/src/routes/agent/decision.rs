//! Decisions: what the policy said, why, and on which facts.

use domain::policy::Effect;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, action::DecisionRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    kept::Kept,
    wire::{Moment, Words},
};

/// Decisions.
pub enum Decisions {}

impl Listed for Decisions {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("action_id", Holds::Id, "On this action."),
        FilterSpec::is("subject_id", Holds::Id, "About this order, contact, deal, quote, …"),
        FilterSpec::is("run_id", Holds::Id, "In this cycle."),
        FilterSpec::is("effect", Holds::Word(Effect::names), "With this effect."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// A verdict of the policy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// When in an action's life the policy was asked.
    moment: String,
    /// What it said.
    effect: String,
    /// What each rule said, and why.
    reasons: serde_json::Value,
    /// On which conditions.
    obligations: serde_json::Value,
    /// The facts it saw.
    facts: serde_json::Value,
    /// Which policy spoke.
    policy_version: i32,
    /// When, on the tenant's clock.
    decided_at: Moment,
}

/// A verdict as it stands with its action.
pub fn of_action(row: DecisionRow) -> View {
    View {
        id: row.id.uuid(),
        moment: row.moment,
        effect: row.effect,
        reasons: serde_json::to_value(row.reasons).unwrap_or_default(),
        obligations: row.obligations,
        facts: row.facts,
        policy_version: row.policy_version,
        decided_at: Moment(row.decided_at),
    }
}

fn view(row: record::Decision) -> View {
    View {
        id: row.id,
        moment: row.moment,
        effect: row.effect,
        reasons: row.reasons,
        obligations: row.obligations,
        facts: row.facts,
        policy_version: row.policy_version,
        decided_at: Moment(row.decided_at),
    }
}

impl Kept for Decisions {
    type Row = record::Decision;
    type Item = View;
    type View = View;

    const NOUN: &'static str = "decision";
    const PLURAL: &'static str = "decisions";

    fn item(row: record::Decision) -> View {
        view(row)
    }

    async fn view(_: &Scope<'_>, row: record::Decision) -> ApiResult<View> {
        Ok(view(row))
    }
}
