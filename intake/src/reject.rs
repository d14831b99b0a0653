//! The file with the refused rows, each with its reason in front.
//!
//! Mended, it can be imported again as it is: its first four columns are known and left out.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use csv::{Writer, WriterBuilder};

use crate::{cell::looks_like_formula, error::IntakeError, fault::Fault, table::RawRow};

/// The columns that stand before the row's own.
pub(crate) const OWN_COLUMNS: [&str; 4] = ["file", "line", "field", "reason"];
/// Spreadsheets take UTF-8 for something else unless it begins like this.
const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
/// Between the reasons of one row.
const BETWEEN_REASONS: &str = " | ";

/// Refused rows on their way to a file, which is only made when there is one.
pub(crate) struct Rejects {
    path: PathBuf,
    header: Vec<String>,
    delimiter: u8,
    writer: Option<Writer<File>>,
}

impl Rejects {
    pub fn new(path: PathBuf, header: Vec<String>, delimiter: u8) -> Self {
        Self { path, header, delimiter, writer: None }
    }

    /// Adds a row with everything that is wrong with it.
    pub fn add(
        &mut self,
        file: &Path,
        faults: &[Fault],
        row: &RawRow,
        own_cells: usize,
    ) -> Result<(), IntakeError> {
        let joined = |parts: Vec<String>| parts.join(BETWEEN_REASONS);
        let fields = joined(faults.iter().map(|fault| fault.field.clone()).collect());
        let reasons = faults.iter().map(|fault| format!("{}: {}", fault.reason, fault.way_out));
        // Its own folder goes without saying.
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let file = file.strip_prefix(folder).unwrap_or(file);
        let front =
            [file.display().to_string(), row.line.to_string(), fields, joined(reasons.collect())];
        let cells = row.cells().skip(own_cells).map(shown_safely);
        let record: Vec<String> = front.into_iter().chain(cells).collect();
        self.write(&record)
            .map_err(|source| IntakeError::Rejects { path: self.path.clone(), source })
    }

    /// Makes sure that everything is in the file, and gives its path if there is one.
    pub fn finish(mut self) -> Result<Option<PathBuf>, IntakeError> {
        let Some(writer) = &mut self.writer else { return Ok(None) };
        match writer.flush() {
            Ok(()) => Ok(Some(self.path)),
            Err(source) => Err(IntakeError::Rejects { path: self.path, source }),
        }
    }

    fn write(&mut self, record: &[String]) -> io::Result<()> {
        if self.writer.is_none() {
            let mut file = File::create(&self.path)?;
            file.write_all(UTF_8_MARK)?;
            // Rows with too few or too many cells are here for just that.
            let mut writer =
                WriterBuilder::new().delimiter(self.delimiter).flexible(true).from_writer(file);
            let header = OWN_COLUMNS.iter().copied().chain(self.header.iter().map(String::as_str));
            writer.write_record(header)?;
            self.writer = Some(writer);
        }
        if let Some(writer) = &mut self.writer {
            writer.write_record(record)?;
        }
        Ok(())
    }
}

/// A refused formula must not run in the program that the file is opened with to mend it.
fn shown_safely(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell).into_owned();
    if looks_like_formula(text.trim()) { format!("'{text}") } else { text }
}
