//! `steward up`: everything in one process.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use agent::{AgentError, CycleRequest};
use anyhow::Context;
use chrono::TimeDelta;
use domain::time::{Timestamp, due_hour};
use platform::config::Config;
use store::{StoreError, system::RunnerLease, tenant::Tenant};

use crate::{app::App, output::Output, show};

/// Run everything in one process: cycles for every tenant, hour by hour.
#[derive(clap::Args)]
pub struct Args {
    /// Build the demo world, if it is not there, and play its hours.
    #[arg(long)]
    demo: bool,
    /// Run the cycles that are due, and exit.
    #[arg(long)]
    once: bool,
}

/// How long this process may go without a sign before another may take over.
const LEASE_SECONDS: i64 = 60;
/// How often it gives one: three chances before the lease ends.
const HEARTBEAT: Duration = Duration::from_secs(20);

pub async fn run(args: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open_and_migrate(config).await?;
    take_lease(&app).await?;
    let worked = work(&args, &app, output).await;
    let released = app.store.system().release_runner(&app.instance, app.clock.now()).await;
    let code = worked?;
    released.context("the lease could not be given back; it ends by itself within a minute")?;
    Ok(code)
}

async fn work(args: &Args, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
    // Listened to from the start: the first listener takes the signals from the system for good.
    let stop = platform::shutdown::requested();
    tokio::pin!(stop);
    if args.demo {
        let installed = demo::install(&app.store, app.clock.now()).await?;
        if !installed.was_there {
            output
                .note("made the demo world: a distributor, its customers, orders, deals and mail");
        }
    }
    loop {
        let is_stopping = AtomicBool::new(false);
        let cycles = with_lease(app, cycles(args, app, output, &is_stopping));
        tokio::pin!(cycles);
        let all_ok = tokio::select! {
            done = &mut cycles => done?,
            () = &mut stop => {
                output.note("stopping after this cycle");
                is_stopping.store(true, Ordering::Relaxed);
                cycles.await?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        if args.once {
            return Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let next = due_hour(app.clock.now()) + TimeDelta::hours(1);
        output.note(&format!("next cycle at {}; Ctrl-C stops", next.format("%H:%M UTC")));
        tokio::select! {
            waited = with_lease(app, wait_until(app, next)) => waited?,
            () = &mut stop => {
                output.note("stopped");
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

async fn take_lease(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let expires_at = now + TimeDelta::seconds(LEASE_SECONDS);
    match app.store.system().acquire_runner(&app.instance, now, expires_at).await? {
        RunnerLease::Held { .. } => Ok(()),
        RunnerLease::Busy { holder, expires_at } => anyhow::bail!(
            "another process runs cycles on this database: {holder} (host/process), with a lease until {expires_at}; \
             stop it, or wait for the lease to end. Other commands work beside it"
        ),
    }
}

/// Gives signs of life beside some work; ends early only when another process holds the lease.
async fn with_lease<T>(
    app: &App,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(HEARTBEAT) => match take_lease(app).await {
                // A database that is gone for a moment ends nothing: the next sign of life may get through.
                Err(error) if error.downcast_ref::<StoreError>().is_some() => {
                    tracing::warn!(%error, "the lease could not be extended");
                }
                other => other?,
            },
        }
    }
}

async fn wait_until(app: &App, until: Timestamp) -> anyhow::Result<()> {
    loop {
        let left = (until - app.clock.now()).to_std().unwrap_or(Duration::ZERO);
        if left.is_zero() {
            return Ok(());
        }
        // In short steps: a machine that slept wakes to the right hour.
        tokio::time::sleep(left.min(HEARTBEAT)).await;
    }
}

/// Runs what is due for every tenant; one tenant's trouble is told and does not keep the others waiting.
async fn cycles(
    args: &Args,
    app: &App,
    output: &Output,
    is_stopping: &AtomicBool,
) -> anyhow::Result<bool> {
    let mut all_ok = true;
    let agent = app.agent();
    let mut tenants = match app.store.system().list_tenants().await {
        Ok(tenants) => tenants,
        Err(error) => {
            output.note(&format!("the tenants cannot be read: {error}"));
            return Ok(false);
        }
    };
    if args.demo {
        tenants.retain(|tenant| tenant.slug == demo::TENANT);
    }
    if tenants.is_empty() {
        output.note("there is no tenant yet: make one with `steward tenant create`, or see `steward up --demo`");
    }
    for tenant in tenants {
        if is_stopping.load(Ordering::Relaxed) {
            break;
        }
        match agent.run_cycle(&tenant, CycleRequest::Due).await {
            Ok(result) if result.was_there => {
                output.note(&format!("{}: this hour is done", tenant.slug));
            }
            Ok(result) => {
                show::work_block(&app.store, &tenant, &result.work_block, false, output).await?;
            }
            Err(error) => {
                all_ok = false;
                trouble(&tenant, &error, output);
            }
        }
    }
    Ok(all_ok)
}

fn trouble(tenant: &Tenant, error: &AgentError, output: &Output) {
    tracing::error!(tenant = %tenant.id, %error, "a cycle did not get through");
    output.note(&format!("{}: {error}", tenant.slug));
}
