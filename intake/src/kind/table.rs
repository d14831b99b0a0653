//! The run that all one-table kinds share: read, batch, resolve, write, commit.

use std::collections::HashMap;

use domain::time::Date;
use store::{
    Scope, StoreResult, UnitOfWork,
    import::{Origin, UpsertCount},
};

use crate::{
    column::Column,
    dates::Dates,
    error::IntakeError,
    fault::{Fault, shown},
    ledger::{BATCH_ROWS, Next, Session, Sheet},
    row::Row,
    table::RawRow,
};

/// A kind of row that comes as one table.
pub(crate) trait TableKind {
    /// Its columns, required ones first.
    const COLUMNS: &'static [Column];
    /// A row that was read, with its references still in other people's words.
    type Draft: Send + Sync;

    /// Reads a row. `None` only if the row has a fault.
    fn read(row: &mut Row<'_>) -> Option<Self::Draft>;

    /// The row's own key.
    fn key(draft: &Self::Draft) -> &str;

    /// Resolves references, all rows at once, and writes the rows that have them.
    fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[Self::Draft],
    ) -> impl Future<Output = StoreResult<Outcome>> + Send;
}

/// What writing needs besides the rows.
pub(crate) struct Context<'a> {
    /// Where rows come from.
    pub origin: Origin<'a>,
    /// The tenant's local date.
    pub today: Date,
}

/// What came of writing a batch.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How many rows, by what happened to them.
    pub count: UpsertCount,
    /// The rows of the batch that were not written, and why.
    pub refused: Vec<(usize, Fault)>,
}

impl Outcome {
    /// The rows of which everything is known; the others are refused.
    pub fn sort<D, R>(
        &mut self,
        drafts: &[D],
        mut resolve: impl FnMut(&D) -> Result<R, Fault>,
    ) -> Vec<R> {
        let mut rows = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            match resolve(draft) {
                Ok(row) => rows.push(row),
                Err(fault) => self.refused.push((index, fault)),
            }
        }
        rows
    }
}

/// Imports the file of a session.
pub(crate) async fn run<K: TableKind>(session: &mut Session<'_>) -> Result<(), IntakeError> {
    let request = session.request;
    let map = request.map.for_file(request.kind)?;
    let discount_max = request.map.discount_max()?;
    let mut sheet = Sheet::open(&request.file, map, request, request.rejects_path())?;
    let mut batch =
        Batch::<K> { drafts: Vec::new(), raws: Vec::new(), first_lines: HashMap::new() };
    let mut raw = RawRow::default();
    loop {
        match sheet.next(&mut raw)? {
            Next::End => break,
            Next::Ragged(fault) | Next::Broken(fault) => {
                session.count_row(sheet.path)?;
                session.report.rejected += 1;
                sheet.refuse(session, &raw, vec![fault])?;
            }
            Next::Row => {
                session.count_row(sheet.path)?;
                batch.take(session, &mut sheet, &raw)?;
            }
        }
        if BATCH_ROWS <= batch.drafts.len() {
            batch.write(session, &mut sheet).await?;
        }
    }
    batch.write(session, &mut sheet).await?;
    if let Some(discount_max) = discount_max {
        let unit = begin(session).await?;
        let marked = unit.scope().mark_discount_max(discount_max, session.now).await;
        marked.map_err(|error| session.failed(error))?;
        unit.commit().await.map_err(|error| session.failed(error))?;
        session.report.discount_max = Some(discount_max);
    }
    session.report.rejects_file = sheet.finish()?;
    Ok(())
}

/// Begins the transaction of a batch.
pub(crate) async fn begin<'a>(session: &Session<'a>) -> Result<UnitOfWork<'a>, IntakeError> {
    session.store.begin(session.tenant).await.map_err(|error| session.failed(error))
}

/// Rows that are read and not yet written.
struct Batch<K: TableKind> {
    drafts: Vec<K::Draft>,
    raws: Vec<RawRow>,
    /// The lines on which keys stood first, of the whole file.
    first_lines: HashMap<Box<str>, u64>,
}

impl<K: TableKind> Batch<K> {
    fn take(
        &mut self,
        session: &mut Session<'_>,
        sheet: &mut Sheet<'_>,
        raw: &RawRow,
    ) -> Result<(), IntakeError> {
        let mut row = sheet.row(raw, session.request);
        let draft = K::read(&mut row);
        let (mut faults, warnings) = (row.faults, row.warnings);
        if let Some(draft) = &draft {
            let key = K::key(draft);
            if let Some(line) = self.first_lines.get(key) {
                faults.push(given_twice(key, *line));
            }
        }
        let draft = match draft {
            Some(draft) if faults.is_empty() => draft,
            _ => {
                session.report.rejected += 1;
                return sheet.refuse(session, raw, faults);
            }
        };
        for (column, message) in warnings {
            session.warn(sheet.path, raw.line, column, message);
        }
        self.first_lines.insert(K::key(&draft).into(), raw.line);
        self.drafts.push(draft);
        self.raws.push(raw.clone());
        Ok(())
    }

    async fn write(
        &mut self,
        session: &mut Session<'_>,
        sheet: &mut Sheet<'_>,
    ) -> Result<(), IntakeError> {
        if self.drafts.is_empty() {
            session.tell(sheet.bytes_read());
            return Ok(());
        }
        let today = Dates::new(session.request.zone(), HashMap::new()).local_date(session.now);
        let context = Context { origin: session.origin(), today };
        let unit = begin(session).await?;
        let written = K::write(&unit.scope(), &context, &self.drafts).await;
        let outcome = written.map_err(|error| session.failed(error))?;
        unit.commit().await.map_err(|error| session.failed(error))?;
        for (index, fault) in outcome.refused {
            session.report.rejected += 1;
            sheet.refuse(session, &self.raws[index], vec![fault])?;
        }
        session.keep(outcome.count, sheet.bytes_read());
        self.drafts.clear();
        self.raws.clear();
        Ok(())
    }
}

/// The fault of a key that stood on an earlier line already.
pub(crate) fn given_twice(key: &str, first_line: u64) -> Fault {
    Fault::new(
        "external_id",
        format!("`{}` is given twice, first on line {first_line}", shown(key)),
        "keep the row that is right; the first one was taken",
    )
}
