//! Cycles, and the work block of each: what was looked at, done, blocked and left, with reasons.

use domain::cycle::{Phase, RunStatus};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    kept::Kept,
    wire::{Moment, Word, Words},
};

/// Cycles.
pub enum Cycles {}

impl Listed for Cycles {
    const FILTERS: &'static [FilterSpec] =
        &[FilterSpec::is("status", Holds::Word(RunStatus::names), "In this state.")];
    const SORTS: &'static [SortSpec] = &[];
}

/// One hour's cycle, or a rehearsal.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CycleHead")]
pub struct Item {
    /// Its id.
    id: Uuid,
    /// Counted per tenant from 1.
    cycle_number: i32,
    /// The hour it stands for, by its beginning; null for a rehearsal.
    due_hour: Option<Moment>,
    /// The moment a rehearsal decides for; null for a cycle that acts.
    as_of: Option<Moment>,
    /// Hours it stands for: more than one after hours were missed.
    hours_covered: i32,
    /// The phase it is in, or ended in.
    phase: Word<Phase>,
    /// Where it is.
    status: Word<RunStatus>,
    /// When it began, on the tenant's clock.
    started_at: Moment,
    /// When it ended, on the tenant's clock.
    ended_at: Option<Moment>,
    /// What went wrong, if something did.
    error: Option<String>,
}

/// A cycle with its work block.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Cycle")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// The cycle, as it stands among others.
    cycle: Item,
    /// What was looked at, done, blocked and left, phase by phase, with reasons; ids, and no names.
    work_block: serde_json::Value,
    /// The tenant's numbers after it.
    metrics: serde_json::Value,
}

fn item(row: &record::Run) -> Item {
    Item {
        id: row.id,
        cycle_number: row.cycle_number,
        due_hour: row.due_hour.map(Moment),
        as_of: row.as_of.map(Moment),
        hours_covered: row.hours_covered,
        phase: Word::stored(&row.phase),
        status: Word::stored(&row.status),
        started_at: Moment(row.started_at),
        ended_at: row.ended_at.map(Moment),
        error: row.error.clone(),
    }
}

impl Kept for Cycles {
    type Row = record::Run;
    type Item = Item;
    type View = View;

    const NOUN: &'static str = "cycle";
    const PLURAL: &'static str = "cycles";
    const ABOUT: &'static str = "With its work block.";

    fn item(row: record::Run) -> Item {
        item(&row)
    }

    async fn view(_: &Scope<'_>, row: record::Run) -> ApiResult<View> {
        let (id, cycle) = (row.id, item(&row));
        Ok(View { id, cycle, work_block: row.work_block, metrics: row.metrics })
    }
}
