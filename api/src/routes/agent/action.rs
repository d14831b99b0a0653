//! Actions: what the agent proposed, what became of it, and why.

use domain::{
    action::{ActionKind, ActionStatus, SubjectKind},
    id::ActionId,
    proposal::Evidence,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, record};
use uuid::Uuid;

use super::decision;
use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    kept::Kept,
    wire::{Moment, Word, Words},
};

/// Actions.
pub enum Actions {}

impl Listed for Actions {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is(
            "status",
            Holds::Word(ActionStatus::names),
            "In this state; `awaiting` waits for a person.",
        ),
        FilterSpec::is("kind", Holds::Word(ActionKind::names), "Of this kind."),
        FilterSpec::is("client_id", Holds::Id, "For this client."),
        FilterSpec::is("subject_id", Holds::Id, "About this order, contact, deal, quote, …"),
        FilterSpec::is("run_id", Holds::Id, "Proposed by this cycle."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// Something the agent proposed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ActionHead")]
pub struct Item {
    /// Its id.
    id: Uuid,
    /// What is to be done.
    kind: Word<ActionKind>,
    /// Where it is on its way.
    status: Word<ActionStatus>,
    /// What kind of thing it is about.
    subject_kind: Word<SubjectKind>,
    /// Which one.
    subject_id: Uuid,
    /// For which client.
    client_id: Option<Uuid>,
    /// The cycle that proposed it.
    run_id: Option<Uuid>,
    /// How pressing it is, in hundredths of a point of 100.
    score: i32,
    /// Why, one sentence each.
    reasons: Vec<String>,
    /// When it was proposed, on the tenant's clock.
    proposed_at: Moment,
    /// Nobody waits for it after that.
    expires_at: Option<Moment>,
    /// Who decided on it.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<Moment>,
    /// When it was done.
    executed_at: Option<Moment>,
    /// What went wrong, or why it was rejected.
    error: Option<String>,
}

/// An action with everything that a decision on it needs, and why it was decided as it was.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Action")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// The action, as it stands among others.
    action: Item,
    /// Exactly what is to be done: a letter word for word, a task with its proof.
    payload: serde_json::Value,
    /// The hash of that; an approval names it, and approves nothing else.
    payload_hash: String,
    /// What it rests on.
    evidence: Vec<Witness>,
    /// Every verdict of the policy on it, with every reason.
    decisions: Vec<decision::View>,
    /// What came of it.
    outcome: Option<serde_json::Value>,
}

/// Something that an action rests on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Evidence")]
pub struct Witness {
    /// Where it can be looked up.
    #[serde(rename = "ref")]
    reference: serde_json::Value,
    /// The very words, if it is a part of a message.
    words: Option<String>,
}

/// A row as it is shown among others.
fn item(row: &record::Action) -> Item {
    Item {
        id: row.id,
        kind: Word::stored(&row.kind),
        status: Word::stored(&row.status),
        subject_kind: Word::stored(&row.subject_kind),
        subject_id: row.subject_id,
        client_id: row.client_id,
        run_id: row.run_id,
        score: row.score,
        reasons: serde_json::from_value(row.reasons.clone()).unwrap_or_default(),
        proposed_at: Moment(row.proposed_at),
        expires_at: row.expires_at.map(Moment),
        decided_by: row.decided_by.clone(),
        decided_at: row.decided_at.map(Moment),
        executed_at: row.executed_at.map(Moment),
        error: row.error.clone(),
    }
}

async fn witness(scope: &Scope<'_>, evidence: &Evidence) -> ApiResult<Witness> {
    let reference = serde_json::to_value(evidence).unwrap_or_default();
    let Evidence::Words { message, span } = evidence else {
        return Ok(Witness { reference, words: None });
    };
    let message = scope.load_messages(&[*message]).await?.pop();
    let range = usize::try_from(span.start).ok().zip(usize::try_from(span.end).ok());
    let words = message
        .zip(range)
        .and_then(|(it, (start, end))| it.body.get(start..end).map(str::to_owned));
    Ok(Witness { reference, words })
}

impl Kept for Actions {
    type Row = record::Action;
    type Item = Item;
    type View = View;

    const NOUN: &'static str = "action";
    const PLURAL: &'static str = "actions";
    const ABOUT: &'static str = "With its payload, and why it was decided as it was.";

    fn item(row: record::Action) -> Item {
        item(&row)
    }

    async fn view(scope: &Scope<'_>, row: record::Action) -> ApiResult<View> {
        let mut evidence = Vec::new();
        let known: Vec<Evidence> = serde_json::from_value(row.evidence.clone()).unwrap_or_default();
        for one in known {
            evidence.push(witness(scope, &one).await?);
        }
        let decisions = scope.list_decisions(ActionId::from_uuid(row.id)).await?;
        let action = item(&row);
        Ok(View {
            id: row.id,
            action,
            payload: row.payload,
            payload_hash: row.payload_hash,
            evidence,
            decisions: decisions.into_iter().map(decision::of_action).collect(),
            outcome: row.outcome,
        })
    }
}
