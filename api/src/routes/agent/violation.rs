//! Violations: proposals that the policy forbids.

use domain::action::{ActionKind, SubjectKind};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    kept::Kept,
    wire::{Moment, Word},
};

/// Violations.
pub enum Violations {}

impl Listed for Violations {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("rule_id", Holds::Text, "Of this rule, such as `no-human-tasks`."),
        FilterSpec::is("action_id", Holds::Id, "By this action."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// That something was proposed which the policy forbids.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Violation")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// The rule.
    rule_id: String,
    /// What was proposed.
    action_kind: Word<ActionKind>,
    /// About what kind of thing.
    subject_kind: Word<SubjectKind>,
    /// Which one.
    subject_id: Uuid,
    /// The action that was blocked.
    action_id: Option<Uuid>,
    /// The decision that blocked it.
    decision_id: Uuid,
    /// In which cycle.
    run_id: Option<Uuid>,
    /// Why.
    reasons: serde_json::Value,
    /// When, on the tenant's clock.
    occurred_at: Moment,
}

fn view(row: record::Violation) -> View {
    View {
        id: row.id,
        rule_id: row.rule_id,
        action_kind: Word::stored(row.action_kind),
        subject_kind: Word::stored(row.subject_kind),
        subject_id: row.subject_id,
        action_id: row.action_id,
        decision_id: row.decision_id,
        run_id: row.run_id,
        reasons: row.reasons,
        occurred_at: Moment(row.occurred_at),
    }
}

impl Kept for Violations {
    type Row = record::Violation;
    type Item = View;
    type View = View;

    const NOUN: &'static str = "violation";
    const PLURAL: &'static str = "violations";

    fn item(row: record::Violation) -> View {
        view(row)
    }

    async fn view(_: &Scope<'_>, row: record::Violation) -> ApiResult<View> {
        Ok(view(row))
    }
}
