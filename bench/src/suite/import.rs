//! Rows imported in a second, from files on disk to committed rows.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::id::TenantId;
use intake::{ImportKind, ImportReport, ImportRequest};
use testkit::database::Backend;

use crate::{
    database::Database,
    figure::{Aim, Printer},
    meter::{median, rate},
    sheet::{self, Rows, Sheets},
    suite::{Suite, judge, tell},
    world::{self, LINES_PER_ORDER},
};

/// What the files hold.
const ROWS: Rows = Rows { clients: 5_000, contacts: 100_000, products: 500, orders: 30_000 };
/// Rows a second: a company's whole master data within a minute.
const RATE_MIN: f64 = 20_000.0;
/// Tenants that the files are imported for.
const ROUNDS: usize = 3;

/// What one tenant's imports took.
struct Taken {
    clients: Duration,
    contacts: Duration,
    contacts_again: Duration,
    orders: Duration,
    orders_again: Duration,
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
        let (report, time) = import(database, tenant, request).await?;
        check(&report, rows, 0)?;
        anyhow::Ok(time)
    };
    let again = async |request: &ImportRequest, rows: usize| {
        let (report, time) = import(database, tenant, request).await?;
        check(&report, 0, rows)?;
        anyhow::Ok(time)
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
) -> anyhow::Result<(ImportReport, Duration)> {
    let begin = Instant::now();
    let report =
        intake::import(&database.store, tenant, request, world::now(), &mut |_| {}).await?;
    Ok((report, begin.elapsed()))
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
    let middle = |rows: usize, of: fn(&Taken) -> Duration| {
        let times: Vec<Duration> = rounds.iter().map(of).collect();
        rate(u64::try_from(rows).unwrap_or(u64::MAX), median(&times))
    };
    let aim = Aim::AtLeast(RATE_MIN);
    let suite = Suite::Import;
    let order_rows = ROWS.orders * (1 + LINES_PER_ORDER);
    let measure = format!("{on}: {} clients", ROWS.clients);
    judge(printer, suite, measure, middle(ROWS.clients, |it| it.clients), "rows/s", aim)?;
    let measure = format!("{on}: {} contacts", ROWS.contacts);
    judge(printer, suite, measure, middle(ROWS.contacts, |it| it.contacts), "rows/s", aim)?;
    let measure = format!("{on}: {} orders with {LINES_PER_ORDER} lines each", ROWS.orders);
    judge(printer, suite, measure, middle(order_rows, |it| it.orders), "rows/s", aim)?;
    let measure = format!("{on}: the same contacts again");
    let value = middle(ROWS.contacts, |it| it.contacts_again);
    tell(printer, suite, measure, value, "rows/s")?;
    let measure = format!("{on}: the same orders again");
    tell(printer, suite, measure, middle(order_rows, |it| it.orders_again), "rows/s")
}
