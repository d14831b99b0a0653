//! `steward order`

use std::process::ExitCode;

use domain::{
    action::SubjectKind,
    money::{Currency, Money},
    proposal::Subject,
    record::OrderStatus,
};
use platform::config::Config;

use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List orders, newest first.
    List(List),
    /// List what is wrong with orders.
    Exceptions(Exceptions),
}

#[derive(clap::Args)]
pub struct List {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// Only new, open, held, done or cancelled ones.
    #[arg(long)]
    status: Option<OrderStatus>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

#[derive(clap::Args)]
pub struct Exceptions {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// Only of the order with this number.
    #[arg(long)]
    order: Option<String>,
    /// Closed ones too.
    #[arg(long)]
    all: bool,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::List(args) => list(&app, &args, output).await?,
        Command::Exceptions(args) => exceptions(&app, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, args: &List, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let today = tenant.calendar.local_date(tenant.now(app.clock.as_ref()));
    let rows = scope.list_orders(args.status, today, args.limit).await?;
    let subject = |id: domain::id::ClientId| Subject { kind: SubjectKind::Client, id: id.uuid() };
    let names = scope.names_of(&rows.iter().map(|row| subject(row.client)).collect()).await?;
    output.print(&rows, || {
        if rows.is_empty() {
            return "no such orders".to_owned();
        }
        let lines = rows.iter().map(|row| {
            let client = names.get(&subject(row.client)).map_or("", String::as_str);
            let total = match (row.total_minor, Currency::parse(&row.currency)) {
                (Some(minor), Ok(currency)) => Money::new(minor, currency).to_string(),
                _ => String::new(),
            };
            format!(
                "{:<14} {:<10} {:<10} {total:>16}  {client}",
                row.number, row.ordered_on, row.status
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn exceptions(app: &App, args: &Exceptions, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let order = match &args.order {
        None => None,
        Some(number) => {
            let found = scope.find_order_by_number(number).await?;
            let found = found
                .ok_or_else(|| anyhow::anyhow!("there is no order `{number}` of this tenant"))?;
            Some(found.0)
        }
    };
    let rows = scope.list_exceptions(order, !args.all, args.limit).await?;
    output.print(&rows, || {
        if rows.is_empty() {
            return "no exceptions".to_owned();
        }
        let lines = rows.iter().map(|row| {
            let found = match (&row.expected, &row.actual) {
                (Some(expected), Some(actual)) => format!("expected {expected}, found {actual}"),
                (None, Some(actual)) => format!("found {actual}"),
                (Some(expected), None) => format!("expected {expected}"),
                (None, None) => String::new(),
            };
            format!(
                "{:<14} {:<8} {:<24} {:<24} {found}\n{:14} {} ({})",
                row.order_number,
                row.severity,
                row.code,
                row.field_path,
                "",
                row.suggested_fix,
                row.owner_role
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}
