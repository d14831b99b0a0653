//! Imports as they are shown: how far they are, and what came of them.

use domain::import::{ImportKind, ImportState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Scope, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    kept::Kept,
    wire::{Moment, Word, Words},
};

/// Imports.
pub enum Imports {}

impl Listed for Imports {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("state", Holds::Word(ImportState::names), "In this state."),
        FilterSpec::is("kind", Holds::Word(ImportKind::names), "Of this kind."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

/// An import among others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportHead")]
pub struct Item {
    /// Its id.
    id: Uuid,
    /// What its files hold.
    kind: Word<ImportKind>,
    /// How far it is.
    state: Word<ImportState>,
    /// The system that its keys belong to.
    source: String,
    /// Bytes of its files.
    bytes: i64,
    /// When it was asked for.
    created_at: Moment,
    /// When it came to its end.
    ended_at: Option<Moment>,
}

/// An import, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Import")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// The import, as it stands among others.
    import: Item,
    /// Why it failed, if it did.
    error: Option<String>,
    /// What came of it; null until it is done, and once people's words in it were forgotten.
    report: Option<Report>,
}

/// What came of an import.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ImportReport")]
struct Report {
    /// Rows or messages that were read.
    read: u64,
    /// Lines of orders that were read.
    lines_read: u64,
    /// Rows that were not there before.
    inserted: u64,
    /// Rows that were there and say something else now.
    updated: u64,
    /// Rows that were there and say the same, or that may not be changed any more.
    unchanged: u64,
    /// Rows that were refused.
    rejected: u64,
    /// Lines of orders that were refused; their orders are among `rejected`.
    lines_rejected: u64,
    /// What is wrong with refused rows; the first hundred.
    problems: Vec<Problem>,
    /// How many more problems there were; `/rejects` has them with their rows, up to 64 MiB.
    problems_omitted: u64,
    /// What is odd and was imported all the same; the first hundred.
    warnings: Vec<Oddity>,
    /// How many more warnings there were.
    warnings_omitted: u64,
}

/// Why a row was refused.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ImportProblem")]
struct Problem {
    /// Which file.
    file: String,
    /// The line on which the row begins, from 1; 0 for a file that is one message.
    line: u64,
    /// The column.
    field: String,
    /// What is wrong.
    reason: String,
    /// What to do.
    way_out: String,
}

/// Something odd that did not keep a row out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ImportWarning")]
struct Oddity {
    /// Which file.
    file: String,
    /// The line on which the row begins, from 1; 0 for a file that is one message.
    line: u64,
    /// The column.
    field: String,
    /// What is odd, and what follows from it.
    message: String,
}

fn item(row: &record::Import) -> Item {
    Item {
        id: row.id,
        kind: Word::stored(&row.kind),
        state: Word::stored(&row.state),
        source: row.source.clone(),
        bytes: row.bytes,
        created_at: Moment(row.created_at),
        ended_at: row.ended_at.map(Moment),
    }
}

impl Kept for Imports {
    type Row = record::Import;
    type Item = Item;
    type View = View;

    const NOUN: &'static str = "import";
    const PLURAL: &'static str = "imports";
    const ABOUT: &'static str = "With its report, once it is done.";

    fn item(row: record::Import) -> Item {
        item(&row)
    }

    async fn view(_: &Scope<'_>, row: record::Import) -> ApiResult<View> {
        let import = item(&row);
        let report = row.report.and_then(|it| serde_json::from_value(it).ok());
        Ok(View { id: row.id, import, error: row.error, report })
    }
}
