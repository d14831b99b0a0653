//! The account that an import keeps while it runs: counts, problems, warnings, refused rows, progress.

use std::path::Path;

use domain::{id::TenantId, time::Timestamp};
use store::{
    Store, StoreError,
    import::{Origin, UpsertCount},
};

use crate::{
    bind::Bound,
    error::IntakeError,
    fault::Fault,
    reject::Rejects,
    report::{ImportReport, Progress, RowProblem, Warning},
    request::ImportRequest,
    row::Row,
    source::Source,
    table::{Found, ROW_BYTES_MAX, ROW_CELLS_MAX, RawRow, TableReader},
};

/// Problems that a report lists: a screen or two. The rejects file has all of them.
const PROBLEMS_MAX: usize = 100;
/// Warnings that a report lists.
const WARNINGS_MAX: usize = 100;
/// Rows of one transaction: enough that commits do not count, few enough to lose nothing worth waiting for.
pub(crate) const BATCH_ROWS: usize = 5_000;
/// Rows of one file: its keys are held in memory to notice one that is given twice.
pub(crate) const ROWS_MAX: u64 = 2_000_000;

/// One import on its way.
pub(crate) struct Session<'a> {
    /// Where the rows go.
    pub store: &'a Store,
    /// Whose rows they are.
    pub tenant: TenantId,
    /// What was asked for.
    pub request: &'a ImportRequest,
    /// The moment of the import.
    pub now: Timestamp,
    /// What there is to report so far.
    pub report: ImportReport,
    /// Bytes of all files.
    pub bytes_total: u64,
    /// Bytes of the files that were read before the present one.
    pub bytes_before: u64,
    /// Who wants to know how far it is.
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
}

impl<'a> Session<'a> {
    /// Where rows come from.
    pub fn origin(&self) -> Origin<'a> {
        Origin { source: &self.request.source, actor: &self.request.actor, at: self.now }
    }

    /// Adds what came of a batch, and tells how far the import is.
    pub fn keep(&mut self, count: UpsertCount, bytes_read: u64) {
        self.report.inserted += count.inserted;
        self.report.updated += count.updated;
        self.report.unchanged += count.unchanged;
        self.tell(bytes_read);
    }

    /// Tells how far the import is.
    pub fn tell(&mut self, bytes_read: u64) {
        let bytes = self.bytes_before + bytes_read;
        let bytes_total = self.bytes_total.max(bytes);
        (self.progress)(Progress { rows: self.report.read, bytes, bytes_total });
    }

    /// Counts a row that was read, and ends an import that is larger than one may be.
    pub fn count_row(&mut self, path: &Path) -> Result<(), IntakeError> {
        self.report.read += 1;
        if self.report.read <= ROWS_MAX {
            return Ok(());
        }
        Err(IntakeError::TooMuch { path: path.to_owned(), limit: format!("{ROWS_MAX} rows") })
    }

    /// A database error, with what is safe already.
    pub fn failed(&self, source: StoreError) -> IntakeError {
        let report = &self.report;
        IntakeError::Store {
            source,
            rows_kept: report.inserted + report.updated + report.unchanged,
        }
    }

    /// Notes what is wrong with a row, or with a message.
    pub fn list_problems(&mut self, file: &Path, line: u64, faults: Vec<Fault>) {
        for fault in faults {
            if PROBLEMS_MAX <= self.report.problems.len() {
                self.report.problems_omitted += 1;
                continue;
            }
            let Fault { field, reason, way_out } = fault;
            let file = file.to_owned();
            self.report.problems.push(RowProblem { file, line, field, reason, way_out });
        }
    }

    /// Notes something odd.
    pub fn warn(&mut self, file: &Path, line: u64, field: &str, message: String) {
        if WARNINGS_MAX <= self.report.warnings.len() {
            self.report.warnings_omitted += 1;
            return;
        }
        let (file, field) = (file.to_owned(), field.to_owned());
        self.report.warnings.push(Warning { file, line, field, message });
    }
}

/// What comes next in a sheet.
pub(crate) enum Next {
    /// A row with as many cells as the header.
    Row,
    /// A row with too few cells or too many.
    Ragged(Fault),
    /// Something whose end is not where a row's end should be, so that it may have swallowed others.
    Broken(Fault),
    /// Nothing.
    End,
}

/// A CSV file with its header understood, and the file for its refused rows.
pub(crate) struct Sheet<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its header.
    pub bound: Bound,
    reader: TableReader,
    rejects: Rejects,
}

impl<'a> Sheet<'a> {
    /// Opens a file and reads its header.
    pub fn open(
        path: &'a Path,
        map: crate::map::TableMap,
        request: &ImportRequest,
        rejects: std::path::PathBuf,
    ) -> Result<Self, IntakeError> {
        let delimiter = map.delimiter;
        let mut reader = TableReader::new(Source::open(path, map.encoding)?, delimiter);
        let mut header = RawRow::default();
        let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
        match reader.read(&mut header).map_err(unreadable)? {
            Found::Row | Found::Unclosed => {}
            Found::End => return Err(IntakeError::Empty(path.to_owned())),
            Found::TooLarge { .. } => {
                let path = path.to_owned();
                return Err(IntakeError::HeaderTooLarge { path, bytes_max: ROW_BYTES_MAX });
            }
        }
        let bound = Bound::new(path, map, request.zone(), &header)?;
        let rejects = Rejects::new(rejects, bound.file_header().to_vec(), delimiter);
        Ok(Self { path, bound, reader, rejects })
    }

    /// Bytes of the file that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    /// Reads the next row that is not blank.
    pub fn next(&mut self, raw: &mut RawRow) -> Result<Next, IntakeError> {
        loop {
            let found = self
                .reader
                .read(raw)
                .map_err(|source| IntakeError::Unreadable { path: self.path.to_owned(), source })?;
            return Ok(match found {
                Found::Row if raw.is_blank() => continue,
                Found::Row => self.ragged(raw).map_or(Next::Row, Next::Ragged),
                Found::TooLarge { cell } => Next::Broken(self.too_large(cell)),
                Found::Unclosed => Next::Broken(Fault::new(
                    "row",
                    "opens a quote that is never closed, so it goes on to the end of the file",
                    "close the quote, and write a quote within quotes twice",
                )),
                Found::End => Next::End,
            });
        }
    }

    /// Reads a row with a reader of its kind.
    pub fn row<'r>(&'r self, raw: &'r RawRow, request: &ImportRequest) -> Row<'r> {
        Row::new(&self.bound, raw, request.currency)
    }

    /// Writes a refused row down, with our columns named as its file does.
    pub fn refuse(
        &mut self,
        session: &mut Session<'_>,
        raw: &RawRow,
        mut faults: Vec<Fault>,
    ) -> Result<(), IntakeError> {
        for fault in &mut faults {
            fault.field = self.bound.label(&fault.field);
        }
        self.rejects.add(self.path, &faults, raw, self.bound.own_cells())?;
        session.list_problems(self.path, raw.line, faults);
        Ok(())
    }

    /// Ends the file with the refused rows, and gives its path if there is one.
    pub fn finish(self) -> Result<Option<std::path::PathBuf>, IntakeError> {
        self.rejects.finish()
    }

    fn ragged(&self, raw: &RawRow) -> Option<Fault> {
        let (cells, width) = (raw.len(), self.bound.width());
        if cells == width {
            return None;
        }
        let field = match self.bound.header_at(cells) {
            Some(first_missing) => first_missing.to_owned(),
            None => format!("cell {}", width + 1),
        };
        let way_out =
            "put cells that hold the delimiter or a line break in quotes, and keep empty cells";
        Some(Fault::new(
            field,
            format!("the row has {cells} cells, and the header has {width}"),
            way_out,
        ))
    }

    fn too_large(&self, cell: usize) -> Fault {
        let field = self.bound.header_at(cell).unwrap_or("row");
        let reason =
            format!("the row is larger than {ROW_BYTES_MAX} bytes or {ROW_CELLS_MAX} cells");
        Fault::new(field, reason, "shorten it; is a quote opened and never closed?")
    }
}
