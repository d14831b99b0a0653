//! Importers: other people's files become rows, and each row that does not has its reason.
//!
//! What lives here: reading CSV and mail as a stream, translating column names through a map, turning text
//! into types, resolving references, and the report of what was refused.
//! What does not: queries (`store::import`), decisions about what was imported (`domain`), and the command line.
//!
//! Batches are committed one by one, and writing a row again changes nothing: an import that was
//! interrupted is completed by running it again.
//! Files are read where the import is awaited, a batch at a time; run it apart from what must answer quickly.

mod bind;
mod cell;
mod column;
mod dates;
mod error;
mod fault;
mod kind;
mod ledger;
mod map;
mod message;
mod order;
mod reject;
mod report;
mod request;
mod row;
mod run;
mod source;
mod table;

pub use column::Column;
pub use domain::import::ImportKind;
pub use error::IntakeError;
pub use map::{ColumnMap, MapError};
pub use report::{ImportReport, Progress, RowProblem, Warning};
pub use request::{DEFAULT_SOURCE, ImportRequest, columns_of, line_columns_of};
pub use run::import;
