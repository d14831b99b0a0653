//! Rows imported in a second, from files on disk to committed rows.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use domain::id::TenantId;
use intake::{ImportKind, ImportReport, ImportRequest};
use testkit::database::Backend;

use crate::{
    database::Database,
    figure::{Aim, Printer},
    meter::{Bill, median, rate},
    sheet::{self, Rows, Sheets},
    suite::{Suite, judge, tell},
    world::{self, LINES_PER_ORDER},
};

/// Which part of what was taken a figure is about.
type Share = fn(&Taken) -> Bill;

/// What the files hold.
const ROWS: Rows = Rows { clients: 5_000, contacts: 100_000, products: 500, orders: 30_000 };
/// Rows a second: a company's whole master data within a minute.
const RATE_MIN: f64 = 20_000.0;
/// Tenants that the files are imported for.
const ROUNDS: usize = 3;

/// What one tenant's imports took.
struct Taken {
    clients: Bill,
    contacts: Bill,
    contacts_again: Bill,
    orders: Bill,
    orders_again: Bill,
}

/// Measures on each of these databases.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let sheets = sheet::write(folder.path(), ROWS)?;
    for backend in backends {
        let database = Database::open(*backend).await?;
        let mut rounds = Vec::with_capacity(ROUNDS);
        for round in 0..ROUNDS {
            rounds.push(measure(&database, round, &sheets, folder.path()).await?);
        }
        report(printer, database.name, &rounds)?;
    }
    Ok(())
}

async fn measure(
    database: &Database,
    round: usize,
    sheets: &Sheets,
    folder: &Path,
) -> anyhow::Result<Taken> {
    let tenant = world::make_tenant(&database.store, &format!("import-{round}")).await?.id;
    let one = |kind, file: &Path| request(kind, file, folder);
    let clients = one(ImportKind::Clients, &sheets.clients);
    let contacts = one(ImportKind::Contacts, &sheets.contacts);
    let products = one(ImportKind::Products, &sheets.products);
    let mut orders = one(ImportKind::Orders, &sheets.orders);
    orders.lines = Some(sheets.lines.clone());
    let timed = async |request: &ImportRequest, rows: usize| {
        let (report, bill) = import(database, tenant, request).await?;
        check(&report, rows, 0)?;
        anyhow::Ok(bill)
    };
    let again = async |request: &ImportRequest, rows: usize| {
        let (report, bill) = import(database, tenant, request).await?;
        check(&report, 0, rows)?;
        anyhow::Ok(bill)
    };
    timed(&products, ROWS.products).await?;
    Ok(Taken {
        clients: timed(&clients, ROWS.clients).await?,
        contacts: timed(&contacts, ROWS.contacts).await?,
        contacts_again: again(&contacts, ROWS.contacts).await?,
        orders: timed(&orders, ROWS.orders).await?,
        orders_again: again(&orders, ROWS.orders).await?,
    })
}

fn request(kind: ImportKind, file: &Path, folder: &Path) -> ImportRequest {
    let mut request =
        ImportRequest::new(kind, file, world::actor(), world::ZONE, world::currency());
    request.rejects = Some(folder.join(format!("{kind}.rejects.csv")));
    request
}

async fn import(
    database: &Database,
    tenant: TenantId,
    request: &ImportRequest,
) -> anyhow::Result<(ImportReport, Bill)> {
    let gauge = database.gauge();
    let report =
        intake::import(&database.store, tenant, request, world::now(), &mut |_| {}).await?;
    Ok((report, gauge.read()))
}

/// A rate of rows that were refused would be worth nothing.
fn check(report: &ImportReport, inserted: usize, unchanged: usize) -> anyhow::Result<()> {
    let refused = report.rejected + report.lines_rejected;
    let counts = [report.inserted, report.unchanged, report.updated, refused];
    let wanted = [u64::try_from(inserted)?, u64::try_from(unchanged)?, 0, 0];
    ensure!(
        counts == wanted,
        "{}: new, unchanged, changed and refused are {counts:?}, and {wanted:?} were to be: {:?}",
        report.kind,
        report.problems.first()
    );
    Ok(())
}

fn report(printer: &Printer, on: &str, rounds: &[Taken]) -> anyhow::Result<()> {
    let order_rows = ROWS.orders * (1 + LINES_PER_ORDER);
    let first: [(String, usize, Share); 3] = [
        (format!("{} clients", ROWS.clients), ROWS.clients, |it| it.clients),
        (format!("{} contacts", ROWS.contacts), ROWS.contacts, |it| it.contacts),
        (format!("{} orders of {LINES_PER_ORDER} lines", ROWS.orders), order_rows, |it| it.orders),
    ];
    let again: [(&str, usize, Share); 2] = [
        ("the same contacts again", ROWS.contacts, |it| it.contacts_again),
        ("the same orders again", order_rows, |it| it.orders_again),
    ];
    let middle = |rows: usize, of: fn(&Taken) -> Bill, time: fn(&Bill) -> Duration| {
        let times: Vec<Duration> = rounds.iter().map(|it| time(&of(it))).collect();
        rate(u64::try_from(rows).unwrap_or(u64::MAX), median(&times))
    };
    let suite = Suite::Import;
    for (name, rows, of) in first {
        let value = middle(rows, of, |it| it.ours.wall);
        judge(printer, suite, format!("{on}: {name}"), value, "rows/s", Aim::AtLeast(RATE_MIN))?;
        let value = middle(rows, of, Bill::all_processors);
        tell(printer, suite, format!("{on}: {name}, of processor time"), value, "rows/s")?;
    }
    for (name, rows, of) in again {
        let value = middle(rows, of, |it| it.ours.wall);
        tell(printer, suite, format!("{on}: {name}"), value, "rows/s")?;
    }
    Ok(())
}
