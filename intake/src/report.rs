//! What an import says of itself, while it runs and afterwards.

use std::path::PathBuf;

use domain::{import::ImportKind, money::BasisPoints};
use serde::Serialize;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows or messages read so far.
    pub rows: u64,
    /// Bytes read so far, of all its files.
    pub bytes: u64,
    /// Bytes of all its files.
    pub bytes_total: u64,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// What was imported.
    pub kind: ImportKind,
    /// Rows or messages that were read; the lines of orders are not among them.
    pub read: u64,
    /// Lines of orders that were read.
    pub lines_read: u64,
    /// Rows that were not there before.
    pub inserted: u64,
    /// Rows that were there and say something else now.
    pub updated: u64,
    /// Rows that were there and say the same, or that may not be changed any more.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Lines of orders that were refused; their orders are among `rejected`.
    pub lines_rejected: u64,
    /// What is odd and was imported all the same; the first hundred.
    pub warnings: Vec<Warning>,
    /// How many more warnings there were.
    pub warnings_omitted: u64,
    /// What is wrong with refused rows; the first hundred.
    pub problems: Vec<RowProblem>,
    /// How many more problems there were; the rejects files have all of them.
    pub problems_omitted: u64,
    /// Where the refused rows are.
    pub rejects_file: Option<PathBuf>,
    /// Where the refused lines of orders are.
    pub line_rejects_file: Option<PathBuf>,
    /// The authorised discount that the map set for the tenant.
    pub discount_max: Option<BasisPoints>,
}

/// Why a row was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    /// The file.
    pub file: PathBuf,
    /// The physical line on which the row begins, from 1; 0 for a file that is one message.
    pub line: u64,
    /// The column, by our name and, if it differs, by the file's.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub way_out: String,
}

/// Something odd that did not keep a row out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// The physical line on which the row begins, from 1; 0 for a file that is one message.
    pub line: u64,
    /// The column, by our name.
    pub field: String,
    /// What is odd, and what follows from it.
    pub message: String,
}
