//! Why a file cannot be imported at all. What is wrong with single rows is in the report.

use std::{io, path::PathBuf};

use store::StoreError;

use crate::map::MapError;

/// Why an import did not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The request contradicts itself.
    #[error("{0}")]
    BadRequest(String),
    /// There is no such file.
    #[error("{} does not exist: check the path", .0.display())]
    NotFound(PathBuf),
    /// A folder stands where a file is needed.
    #[error("{} is a folder: name a file; only messages may come as a folder of .eml files", .0.display())]
    IsDirectory(PathBuf),
    /// There is nothing in it.
    #[error("{} is empty: export it again, with its header", .0.display())]
    Empty(PathBuf),
    /// It could not be read.
    #[error("{} could not be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The header's bytes are not text in the encoding that the map gives.
    #[error(
        "column {column} of the header of {} is not {encoding}: save the file as UTF-8, or set \
         encoding in the map, such as encoding = \"windows-1252\"", path.display()
    )]
    HeaderEncoding {
        /// Which file.
        path: PathBuf,
        /// The column's place, from 1.
        column: usize,
        /// What was expected.
        encoding: String,
    },
    /// The first row is longer than any row may be.
    #[error(
        "the first row of {} is larger than {bytes_max} bytes: it should be a header; is it a text \
         file, and is the delimiter right?", path.display()
    )]
    HeaderTooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit.
        bytes_max: usize,
    },
    /// A column that every row needs is in neither the header nor the map.
    #[error(
        "{} has no column {}: its header has {}. Name the columns under [columns] in the map, or give \
         a value for all rows under [constants]; if the first row is not a header, add one",
        path.display(), quoted(missing), quoted(header)
    )]
    MissingColumns {
        /// Which file.
        path: PathBuf,
        /// What is missing, by our names.
        missing: Vec<String>,
        /// What the file has.
        header: Vec<String>,
    },
    /// The header has columns that nothing is known about.
    #[error(
        "{} has columns that are not known: {}. Name them under [columns] in the map, or leave them \
         out with ignore = [{}]. Known are {}",
        path.display(), quoted(unknown), toml_list(unknown), quoted(known)
    )]
    UnknownColumns {
        /// Which file.
        path: PathBuf,
        /// What is unknown, by the file's names.
        unknown: Vec<String>,
        /// What is known, by our names.
        known: Vec<String>,
    },
    /// Two columns of the header have one name, and the import needs it.
    #[error("{} has the column `{column}` twice: rename one of them", path.display())]
    TwiceInHeader {
        /// Which file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// The map cannot be used for this file.
    #[error(transparent)]
    BadMap(#[from] MapError),
    /// The lines of orders cannot be told apart from some place on, so no order can be known to be whole.
    #[error(
        "line {line} of {}, at {field}: {reason}; no order was imported, because lines of any of them \
         may be missing: {way_out}", path.display()
    )]
    BrokenLines {
        /// Which file.
        path: PathBuf,
        /// The physical line on which the row begins.
        line: u64,
        /// The column.
        field: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        way_out: String,
    },
    /// There is more in it than one import holds.
    #[error("{} has more than {limit}: split it", path.display())]
    TooMuch {
        /// Which file.
        path: PathBuf,
        /// The limit, with its unit.
        limit: String,
    },
    /// The refused rows could not be written down.
    #[error("{} could not be written: {source}. Name another file for the refused rows", path.display())]
    Rejects {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database did not take a batch. What was committed before it stays.
    #[error("{source}{}", kept(*rows_kept))]
    Store {
        /// What the store says.
        source: StoreError,
        /// Rows of the batches that were committed.
        rows_kept: u64,
    },
}

/// What is safe already, as the end of a sentence.
fn kept(rows: u64) -> String {
    match rows {
        0 => String::new(),
        rows => format!(
            "; {rows} rows were read and kept before that, and the same import run again goes on"
        ),
    }
}

/// Names of a list that a message shows.
const SHOWN_NAMES_MAX: usize = 40;

fn quoted(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(SHOWN_NAMES_MAX)
        .map(|name| format!("`{}`", crate::fault::shown(name)))
        .collect::<Vec<_>>()
        .join(", ");
    if SHOWN_NAMES_MAX < names.len() {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_NAMES_MAX));
    }
    text
}

fn toml_list(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN_NAMES_MAX);
    shown.map(|name| format!("{:?}", crate::fault::shown(name))).collect::<Vec<_>>().join(", ")
}
