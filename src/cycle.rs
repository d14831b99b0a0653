//! `steward cycle`

use std::process::ExitCode;

use agent::CycleRequest;
use anyhow::Context;
use domain::{
    id::RunId,
    time::{Date, Timestamp},
};
use platform::config::Config;
use serde_json::json;
use store::{run::RunRow, tenant::Tenant};

use crate::{app::App, output::Output, show};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Run the cycle of the present hour, or rehearse one for another moment.
    Run(Run),
    /// Show what a cycle did.
    Show(Show),
    /// List cycles, newest first.
    List(List),
}

#[derive(clap::Args)]
pub struct Run {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// Decide for this moment and change nothing: a date (its midday) or an RFC 3339 time.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<String>,
    /// List every order that was held, and why.
    #[arg(long)]
    findings: bool,
}

#[derive(clap::Args)]
pub struct Show {
    /// The cycle's number or id; the newest by default.
    cycle: Option<String>,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// List every order that was held, and why.
    #[arg(long)]
    findings: bool,
}

#[derive(clap::Args)]
pub struct List {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 20)]
    limit: u64,
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::Run(args) => {
            let tenant = app.tenant(args.tenant.as_deref()).await?;
            let request = match &args.as_of {
                None => CycleRequest::Due,
                Some(text) => CycleRequest::AsOf(moment(text, &tenant)?),
            };
            let result = app.agent().run_cycle(&tenant, request).await?;
            if result.was_there {
                output.note("this hour's cycle was completed before; here is its record");
            }
            show::work_block(&app.store, &tenant, &result.work_block, args.findings, output)
                .await?;
        }
        Command::Show(args) => {
            let tenant = app.tenant(args.tenant.as_deref()).await?;
            let row = find(&app, &tenant, args.cycle.as_deref()).await?;
            if let Some(error) = &row.error {
                output.note(&format!("this cycle is {}: {error}", row.status));
            }
            show::work_block(&app.store, &tenant, &row.work_block, args.findings, output).await?;
        }
        Command::List(args) => {
            let tenant = app.tenant(args.tenant.as_deref()).await?;
            let rows = app.store.tenant(tenant.id).list_runs(args.limit).await?;
            let values: Vec<_> = rows.iter().map(value).collect();
            output.print(&values, || {
                if rows.is_empty() {
                    return "no cycle yet: `steward cycle run`".to_owned();
                }
                rows.iter().map(|row| line(row, &tenant)).collect::<Vec<_>>().join("\n")
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A date means its local midday: the middle of that day's business.
fn moment(text: &str, tenant: &Tenant) -> anyhow::Result<Timestamp> {
    if let Ok(date) = text.parse::<Date>() {
        let midday =
            chrono::NaiveTime::from_hms_opt(12, 0, 0).context("twelve is an hour of the day")?;
        return Ok(tenant.calendar.moment(date, midday));
    }
    let parsed = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| {
        anyhow::anyhow!("--as-of `{text}` is neither a date such as 1998-05-06 nor a time such as 1998-05-06T12:00:00Z")
    })?;
    Ok(parsed.to_utc())
}

async fn find(app: &App, tenant: &Tenant, wanted: Option<&str>) -> anyhow::Result<RunRow> {
    let scope = app.store.tenant(tenant.id);
    let (row, text) = match wanted {
        None => (scope.list_runs(1).await?.pop(), "no cycle yet: `steward cycle run`".to_owned()),
        Some(wanted) => {
            let row = match (wanted.parse::<i32>(), wanted.parse::<RunId>()) {
                (Ok(number), _) => scope.find_run_by_number(number).await?,
                (_, Ok(id)) => scope.find_run(id).await?,
                (Err(_), Err(_)) => {
                    anyhow::bail!("`{wanted}` is neither a cycle's number nor its id")
                }
            };
            (row, format!("there is no cycle {wanted} of this tenant: see `steward cycle list`"))
        }
    };
    row.ok_or_else(|| anyhow::anyhow!(text))
}

fn value(row: &RunRow) -> serde_json::Value {
    json!({
        "run": row.id,
        "cycle_number": row.cycle_number,
        "due_hour": row.due_hour,
        "as_of": row.as_of,
        "hours_covered": row.hours_covered,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "phase": row.phase,
        "status": row.status,
        "error": row.error,
    })
}

fn line(row: &RunRow, tenant: &Tenant) -> String {
    let local = row.started_at.with_timezone(&tenant.calendar.zone).format("%Y-%m-%d %H:%M");
    let act = row.work_block.act.as_ref();
    let done = act.map_or(0, |act| act.done.len());
    let what = match row.as_of {
        Some(_) => "rehearsal",
        None => "",
    };
    format!("{:>6}  {local}  {:<10} {done:>5} done  {what}", row.cycle_number, row.status)
}
