//! `steward import`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use domain::{import::ImportOptions, record::OrderStatus};
use indicatif::{ProgressBar, ProgressStyle};
use intake::{ColumnMap, ImportKind, ImportReport, ImportRequest, Progress};
use platform::config::Config;

use crate::{app::App, output::Output};

/// Import a file; what is refused goes into a rejects file, with line, field and reason.
#[derive(clap::Args)]
pub struct Args {
    /// clients, contacts, products, price-book, credit-profiles, requirements, orders, deals, quotes, cases,
    /// compliance, goals or messages.
    kind: ImportKind,
    /// The file; for messages an mbox, an .eml, or a folder of .eml files.
    file: PathBuf,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// How the file names and writes things, as TOML; see docs/import.md.
    #[arg(long)]
    map: Option<PathBuf>,
    /// The file with the lines of orders.
    #[arg(long)]
    lines: Option<PathBuf>,
    /// The status of orders that were not there before: new, open or done.
    #[arg(long = "as", value_name = "STATUS")]
    as_status: Option<OrderStatus>,
    /// The system that the external ids come from.
    #[arg(long, default_value = intake::DEFAULT_SOURCE)]
    source: String,
    /// Where refused rows go.
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// The time zone of times without one; the tenant's by default.
    #[arg(long)]
    zone: Option<String>,
    /// For messages: the mailbox they go to.
    #[arg(long)]
    mailbox: Option<String>,
    /// For messages: the authserv-id whose word on senders is trusted.
    #[arg(long)]
    authserv_id: Option<String>,
    /// For messages: the tenant's own address; what it sent is outbound.
    #[arg(long)]
    address: Option<String>,
}

/// Problems shown on the terminal; the rejects file has all of them.
const PROBLEMS_SHOWN: usize = 10;

pub async fn run(args: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let map = match &args.map {
        None => ColumnMap::default(),
        Some(path) => ColumnMap::load(path).with_context(|| format!("--map {}", path.display()))?,
    };
    let app = App::open(config).await?;
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let request = ImportRequest {
        kind: args.kind,
        file: args.file,
        lines: args.lines,
        map,
        source: args.source,
        rejects: args.rejects,
        tenant_zone: tenant.calendar.zone,
        currency: tenant.currency,
        actor: app.actor(),
        options: ImportOptions {
            as_status: args.as_status,
            zone: args.zone,
            mailbox: args.mailbox,
            authserv_id: args.authserv_id,
            address: args.address,
        },
    };
    let bar = if output.shows_progress() { bar() } else { ProgressBar::hidden() };
    let mut show = |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes);
        bar.set_message(format!("{} rows", progress.rows));
    };
    let report = intake::import(&app.store, tenant.id, &request, app.clock.now(), &mut show).await;
    bar.finish_and_clear();
    let report = report?;
    output.print(&report, || text(&report))?;
    Ok(ExitCode::SUCCESS)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent}% {msg} {elapsed}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn text(report: &ImportReport) -> String {
    let mut text = format!(
        "{}: {} read, {} new, {} updated, {} unchanged, {} refused",
        report.kind,
        report.read,
        report.inserted,
        report.updated,
        report.unchanged,
        report.rejected
    );
    if 0 < report.lines_read {
        text.push_str(&format!("; {} lines, {} refused", report.lines_read, report.lines_rejected));
    }
    for problem in report.problems.iter().take(PROBLEMS_SHOWN) {
        text.push_str(&format!(
            "\n  {}:{} {}: {} — {}",
            problem.file.display(),
            problem.line,
            problem.field,
            problem.reason,
            problem.way_out
        ));
    }
    for file in report.rejects_file.iter().chain(&report.line_rejects_file) {
        text.push_str(&format!("\nrefused rows are in {}", file.display()));
    }
    for warning in report.warnings.iter().take(PROBLEMS_SHOWN) {
        text.push_str(&format!(
            "\nwarning: {}:{} {}: {}",
            warning.file.display(),
            warning.line,
            warning.field,
            warning.message
        ));
    }
    let more = report.warnings_omitted.saturating_add(
        u64::try_from(report.warnings.len().saturating_sub(PROBLEMS_SHOWN)).unwrap_or(u64::MAX),
    );
    if 0 < more {
        text.push_str(&format!("\n… and {more} more warnings"));
    }
    text
}
