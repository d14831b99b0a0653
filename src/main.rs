//! The `steward` command: one executable, many roles.
//!
//! What lives here: arguments, and how results are shown to a person or a program.
//! What does not: anything that is decided or queried; each subcommand is a thin file.

mod action;
mod app;
mod cycle;
mod doctor;
mod engagement;
mod fleet;
mod import;
mod inspect;
mod key;
mod migrate;
mod order;
mod output;
mod serve;
mod show;
mod tenant;
mod up;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::output::Output;

/// An autonomous account manager for companies that sell to other companies.
#[derive(Parser)]
#[command(name = "steward", version, about, max_term_width = 100)]
struct Cli {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in one process: cycles for every tenant, hour by hour.
    Up(up::Args),
    /// Serve the API.
    Api(serve::Args),
    /// Work on the queue.
    Worker(fleet::worker::Args),
    /// See which processes work, and what each of them does.
    Workers,
    /// Bring the database's schema up to date.
    Migrate(migrate::Args),
    /// Import clients, contacts, orders, messages and the rest from files.
    Import(import::Args),
    /// Make, list and set tenants.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Make, list, rotate and revoke keys to the API.
    #[command(subcommand)]
    Key(key::Command),
    /// Run cycles, or look at what they did.
    #[command(subcommand)]
    Cycle(cycle::Command),
    /// Look at orders and their exceptions.
    #[command(subcommand)]
    Order(order::Command),
    /// See who is due, who cannot be reached, and let clocks rest.
    #[command(subcommand)]
    Engagement(engagement::Command),
    /// List, show, approve and reject actions.
    #[command(subcommand)]
    Action(action::Command),
    /// Record, look at, call off and bring back jobs.
    #[command(subcommand)]
    Job(fleet::job::Command),
    /// See queues in figures, and hold them back.
    #[command(subcommand)]
    Queue(fleet::queue::Command),
    /// Read mails, and show what is understood of them and why.
    #[command(subcommand)]
    Inspect(inspect::Command),
    /// Check that everything that steward needs is there.
    Doctor(doctor::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&anyhow::anyhow!("cannot start: {error}")),
    };
    let code = match runtime.block_on(run(cli.command, &output)) {
        Ok(code) => code,
        Err(error) => output.failure(&error),
    };
    // Whoever reads what is printed may not do so any more, and a thread waits for that.
    runtime.shutdown_timeout(LAST_WORDS);
    code
}

/// How long threads have that are still at something when everything is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

async fn run(command: Command, output: &Output) -> anyhow::Result<ExitCode> {
    // It needs nothing but the files that it is given.
    if let Command::Inspect(command) = command {
        return inspect::run(&command, output);
    }
    let config = platform::config::Config::from_env()?;
    platform::telemetry::init(&config.log)?;
    match command {
        Command::Up(args) => up::run(args, &config, output).await,
        Command::Api(args) => serve::run(args, &config, output).await,
        Command::Worker(args) => fleet::worker::run(args, &config, output).await,
        Command::Workers => fleet::workers::run(&config, output).await,
        Command::Migrate(args) => migrate::run(args, &config, output).await,
        Command::Import(args) => import::run(args, &config, output).await,
        Command::Tenant(command) => tenant::run(command, &config, output).await,
        Command::Key(command) => key::run(command, &config, output).await,
        Command::Cycle(command) => cycle::run(command, &config, output).await,
        Command::Order(command) => order::run(command, &config, output).await,
        Command::Engagement(command) => engagement::run(command, &config, output).await,
        Command::Action(command) => action::run(command, &config, output).await,
        Command::Job(command) => fleet::job::run(command, &config, output).await,
        Command::Queue(command) => fleet::queue::run(command, &config, output).await,
        Command::Doctor(args) => doctor::run(args, &config, output).await,
        Command::Inspect(command) => inspect::run(&command, output),
    }
}
