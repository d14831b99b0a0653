//! Orders: a file of heads and a file of lines.
//!
//! The lines are read first and held as they stand, because they need not be sorted; an order is then
//! written with all of its lines or not at all.

mod held;
mod read;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use domain::record::OrderStatus;
use store::{
    Scope, StoreResult,
    import::{OrderRow, Origin},
};

pub(crate) use read::{HEAD_COLUMNS, LINE_COLUMNS};

use crate::{
    error::IntakeError,
    fault::{Fault, shown},
    kind::{
        reference,
        table::{Outcome, begin, given_twice},
    },
    ledger::{BATCH_ROWS, Next, Session, Sheet},
    table::RawRow,
};

use held::HeldLines;
use read::{OrderDraft, read_head, read_line};

/// Most lines of one order: a year's releases of a framework contract have some thousands.
const ORDER_LINES_MAX: usize = 100_000;
/// Lines of one transaction, unless a single order has more: some tenths of a second of writing.
const BATCH_LINES: usize = 20_000;
/// Lines read between two calls of the progress.
const LINES_BETWEEN_CALLS: u64 = 20_000;

/// Imports the two files of a session.
pub(crate) async fn run(session: &mut Session<'_>) -> Result<(), IntakeError> {
    let request = session.request;
    let lines_path = request.lines.as_deref().unwrap_or(Path::new(""));
    let head_map = request.map.for_file(request.kind)?;
    let line_map = request.map.for_lines(request.kind)?;
    let line_rejects = request.line_rejects_path().unwrap_or_default();
    let heads = Sheet::open(&request.file, head_map, request, request.rejects_path())?;
    let mut lines = Sheet::open(lines_path, line_map, request, line_rejects)?;
    let held = hold_lines(session, &mut lines)?;
    session.bytes_before = lines.bytes_read();

    let mut run = OrderRun {
        heads,
        lines,
        held,
        first_lines: HashMap::new(),
        drafts: Vec::new(),
        raws: Vec::new(),
        batch_lines: 0,
    };
    run.read_heads(session).await?;
    run.refuse_orphans(session)?;
    session.report.line_rejects_file = run.lines.finish()?;
    session.report.rejects_file = run.heads.finish()?;
    Ok(())
}

/// Reads all lines and sorts them by order.
fn hold_lines(session: &mut Session<'_>, lines: &mut Sheet<'_>) -> Result<HeldLines, IntakeError> {
    let mut held = HeldLines::default();
    let mut raw = RawRow::default();
    loop {
        let fault = match lines.next(&mut raw)? {
            Next::End => return Ok(held),
            Next::Broken(fault) => return Err(broken(lines.path, raw.line, fault)),
            Next::Row => None,
            Next::Ragged(fault) => Some(fault),
        };
        session.report.lines_read += 1;
        if session.report.lines_read.is_multiple_of(LINES_BETWEEN_CALLS) {
            session.tell(lines.bytes_read());
        }
        let mut row = lines.row(&raw, session.request);
        let order = row.need("order", crate::row::Row::key);
        let mut faults = row.faults;
        if let Some(fault) = fault {
            faults = vec![fault];
        }
        if faults.is_empty() {
            let order = order.unwrap_or_default();
            if !held.hold(&order, &raw, ORDER_LINES_MAX) {
                let limit = format!("{} bytes of lines", held::BYTES_MAX);
                return Err(IntakeError::TooMuch { path: lines.path.to_owned(), limit });
            }
        } else {
            order.iter().for_each(|order| held.taint(order));
            session.report.lines_rejected += 1;
            lines.refuse(session, &raw, faults)?;
        }
    }
}

fn broken(path: &Path, line: u64, fault: Fault) -> IntakeError {
    let Fault { field, reason, way_out } = fault;
    IntakeError::BrokenLines { path: path.to_owned(), line, field, reason, way_out }
}

/// The heads on their way, each meeting its lines.
struct OrderRun<'a> {
    heads: Sheet<'a>,
    lines: Sheet<'a>,
    held: HeldLines,
    first_lines: HashMap<Box<str>, u64>,
    drafts: Vec<OrderDraft>,
    raws: Vec<RawRow>,
    batch_lines: usize,
}

impl OrderRun<'_> {
    async fn read_heads(&mut self, session: &mut Session<'_>) -> Result<(), IntakeError> {
        let mut raw = RawRow::default();
        loop {
            match self.heads.next(&mut raw)? {
                Next::End => break,
                Next::Ragged(fault) | Next::Broken(fault) => {
                    session.count_row(self.heads.path)?;
                    self.pass_over_lines(&raw, session);
                    session.report.rejected += 1;
                    self.heads.refuse(session, &raw, vec![fault])?;
                }
                Next::Row => {
                    session.count_row(self.heads.path)?;
                    self.take(session, &raw)?;
                }
            }
            if BATCH_ROWS <= self.drafts.len() || BATCH_LINES <= self.batch_lines {
                self.write(session).await?;
            }
        }
        self.write(session).await
    }

    /// Reads a head with its lines; the order waits for its batch, or is refused.
    fn take(&mut self, session: &mut Session<'_>, raw: &RawRow) -> Result<(), IntakeError> {
        let mut row = self.heads.row(raw, session.request);
        let head = read_head(&mut row);
        let mut faults = row.faults;
        let key = head.as_ref().map(|head| head.row.external_id.clone());
        let first_line = key.as_deref().and_then(|key| self.first_lines.get(key));
        if let (Some(key), Some(line)) = (&key, first_line) {
            faults.push(given_twice(key, *line));
        } else if let Some(mut head) = head {
            match self.lines_of(session, &head)? {
                Ok(lines) => head.lines = lines,
                Err(fault) => faults.push(fault),
            }
            if faults.is_empty() {
                self.first_lines.insert(head.row.external_id.as_str().into(), raw.line);
                self.batch_lines += head.lines.len();
                self.drafts.push(head);
                self.raws.push(raw.clone());
                return Ok(());
            }
        } else {
            self.pass_over_lines(raw, session);
        }
        session.report.rejected += 1;
        self.heads.refuse(session, raw, faults)
    }

    /// The lines of an order, or why it cannot have them.
    fn lines_of(
        &mut self,
        session: &mut Session<'_>,
        head: &OrderDraft,
    ) -> Result<Result<Vec<read::LineDraft>, Fault>, IntakeError> {
        let Some(group) = self.held.take(&head.row.external_id) else {
            let reason = format!("no line of {} belongs to this order", self.lines.path.display());
            return Ok(Err(Fault::new(
                "lines",
                reason,
                "add its lines, or mend the key of the order",
            )));
        };
        if ORDER_LINES_MAX < group.count {
            let reason =
                format!("the order has {} lines, more than {ORDER_LINES_MAX}", group.count);
            return Ok(Err(Fault::new("lines", reason, "split the order where it comes from")));
        }
        let mut drafts = Vec::with_capacity(group.rows.len());
        let mut numbers: HashMap<i32, u64> = HashMap::with_capacity(group.rows.len());
        let mut refused = group.refused;
        let mut raw = RawRow::default();
        for (index, held) in group.rows.iter().enumerate() {
            self.held.fill(*held, &mut raw);
            let mut row = self.lines.row(&raw, session.request);
            let draft = read_line(&mut row, head.row.currency, index);
            let mut faults = row.faults;
            let number = draft.as_ref().map(|draft| draft.row.line_no);
            if let Some(first) = number.and_then(|number| numbers.insert(number, raw.line)) {
                let reason = format!("the number stands twice in the order, first on line {first}");
                faults.push(Fault::new(
                    "line_no",
                    reason,
                    "give each line its own number, or none",
                ));
            }
            match draft {
                Some(draft) if faults.is_empty() => drafts.push(draft),
                _ => {
                    refused += 1;
                    session.report.lines_rejected += 1;
                    self.lines.refuse(session, &raw, faults)?;
                }
            }
        }
        if refused == 0 {
            return Ok(Ok(drafts));
        }
        let reason = format!(
            "{refused} of its lines are refused, and an order is imported whole or not at all"
        );
        Ok(Err(Fault::new("lines", reason, "mend the lines, and import both files again")))
    }

    /// The lines of a refused head are not to be reported as lines without a head.
    fn pass_over_lines(&mut self, raw: &RawRow, session: &Session<'_>) {
        let mut row = self.heads.row(raw, session.request);
        if let Some(key) = row.key("external_id") {
            self.held.take(&key);
        }
    }

    async fn write(&mut self, session: &mut Session<'_>) -> Result<(), IntakeError> {
        if self.drafts.is_empty() {
            session.tell(self.heads.bytes_read());
            return Ok(());
        }
        let status = session.request.options.as_status.unwrap_or(OrderStatus::New);
        let unit = begin(session).await?;
        let written = write_orders(&unit.scope(), &session.origin(), status, &self.drafts).await;
        let outcome = written.map_err(|error| session.failed(error))?;
        unit.commit().await.map_err(|error| session.failed(error))?;
        for (index, fault) in outcome.refused {
            session.report.rejected += 1;
            self.heads.refuse(session, &self.raws[index], vec![fault])?;
        }
        session.keep(outcome.count, self.heads.bytes_read());
        self.drafts.clear();
        self.raws.clear();
        self.batch_lines = 0;
        Ok(())
    }

    /// Refuses the lines that no head claimed.
    fn refuse_orphans(&mut self, session: &mut Session<'_>) -> Result<(), IntakeError> {
        let mut raw = RawRow::default();
        for (order, held) in self.held.rest() {
            self.held.fill(held, &mut raw);
            let reason =
                format!("order `{}` is not in {}", shown(&order), file_name(self.heads.path));
            let fault = Fault::new("order", reason, "add the order's head, or mend the reference");
            session.report.lines_rejected += 1;
            self.lines.refuse(session, &raw, vec![fault])?;
        }
        Ok(())
    }
}

/// Resolves the references of a batch and writes the orders that have them.
///
/// A product that is not known is no fault of the row: the check of the order finds and names it.
async fn write_orders(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    status: OrderStatus,
    drafts: &[OrderDraft],
) -> StoreResult<Outcome> {
    let keys = drafts.iter().map(|draft| draft.client.as_str());
    let clients = reference::clients(scope, origin.source, keys).await?;
    let keys = drafts.iter().filter_map(|draft| draft.contact.as_deref());
    let contacts = reference::contacts(scope, origin.source, keys).await?;
    let lines = drafts.iter().flat_map(|draft| &draft.lines);
    let keys =
        lines.flat_map(|line| line.product.as_deref().into_iter().chain([line.row.sku.as_str()]));
    let products = reference::products(scope, origin.source, keys).await?;
    let mut outcome = Outcome::default();
    let rows = outcome.sort(drafts, |draft| {
        let client = clients.get("client", &draft.client)?;
        let contact = contacts.find("contact", draft.contact.as_deref())?;
        let lines = draft.lines.iter().map(|line| {
            let named = line.product.as_deref().and_then(|key| products.try_get(key));
            let product = named.or_else(|| products.try_get(&line.row.sku));
            store::import::OrderLineRow { product, ..line.row.clone() }
        });
        Ok(OrderRow { client, contact, lines: lines.collect(), ..draft.row.clone() })
    });
    outcome.count = scope.upsert_orders(origin, status, &rows).await?;
    Ok(outcome)
}

fn file_name(path: &Path) -> String {
    PathBuf::from(path.file_name().unwrap_or_default()).display().to_string()
}
