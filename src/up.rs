//! `steward up`: everything in one process.

use std::{process::ExitCode, time::Duration};

use domain::cycle::RunStatus;
use jobs::{CycleHour, Queue, TenantId};
use platform::config::Config;
use store::{
    recorded::{JobFilter, RecordedState},
    tenant::Tenant,
};
use worker::runtime::Stopping;

use crate::{
    app::App,
    fleet::runner::{self, Runner, RunnerOptions},
    output::Output,
    show,
};

/// Run everything in one process: cycles for every tenant, hour by hour.
#[derive(clap::Args)]
pub struct Args {
    /// Build the demo world, if it is not there, and play its hours.
    #[arg(long)]
    demo: bool,
    /// Run the cycles that are due, and exit.
    #[arg(long)]
    once: bool,
    /// Let the demo's hours pass faster, such as 60x: an hour in a minute.
    #[arg(long, requires = "demo", value_parser = speed, default_value = "1x")]
    speed: u32,
}

/// Fastest a demo goes: an hour in a tenth of a second, which is about as long as it takes.
const SPEED_MAX: u32 = 36_000;
const HOUR: Duration = Duration::from_secs(60 * 60);

fn speed(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix(['x', 'X']).unwrap_or(text).parse().ok();
    let speed = number.filter(|speed| (1..=SPEED_MAX).contains(speed));
    speed.ok_or_else(|| format!("give a whole number from 1x to {SPEED_MAX}x, such as 60x"))
}

pub async fn run(args: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open_and_migrate(config).await?;
    runner::take_lease(&app, output).await?;
    let worked = work(&args, &app, output).await;
    let released = runner::release_lease(&app).await;
    app.close().await;
    let code = worked?;
    released?;
    Ok(code)
}

async fn work(args: &Args, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
    let tenants = tenants(args, app, output).await?;
    let only = tenants.first().filter(|_| args.demo).map(|tenant| tenant.id);
    let options = RunnerOptions {
        only,
        simulated_hour: HOUR / args.speed,
        at_once: args.once,
        ..RunnerOptions::default()
    };
    let mut runner = Runner::open(app, output, options).await?;
    let mut hours = std::mem::replace(&mut runner.ended, tokio::sync::mpsc::channel(1).1);
    let scheduler = runner.scheduler()?;
    let working = runner.work();
    let guided = async {
        if args.once {
            scheduler.pass().await?;
            until_done(app, &runner, &tenants).await?;
            runner.stop.send_if_modified(|stop| {
                let is_news = *stop == Stopping::No;
                *stop = (*stop).max(Stopping::Drain);
                is_news
            });
        } else {
            tell_what_comes(args, &tenants, output);
            scheduler.run(runner.stop.subscribe()).await;
        }
        anyhow::Ok(())
    };
    let mut shown = Shown::default();
    let mut working = std::pin::pin!(working);
    let mut guided = std::pin::pin!(guided);
    let mut is_guided = false;
    loop {
        tokio::select! {
            ended = &mut working => { ended?; break; }
            done = &mut guided, if !is_guided => { done?; is_guided = true; }
            Some(hour) = hours.recv() => shown.note(app, &hour, output).await,
        }
    }
    while let Ok(hour) = hours.try_recv() {
        shown.note(app, &hour, output).await;
    }
    if args.once {
        for tenant in tenants.iter().filter(|tenant| !shown.tenants.contains(&tenant.id)) {
            output.note(&format!("{}: this hour is done", tenant.slug));
        }
    } else {
        output.note("stopped");
    }
    Ok(if args.once && shown.any_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The tenants that this process is started for; the demo's is made if it is missing.
async fn tenants(args: &Args, app: &App, output: &Output) -> anyhow::Result<Vec<Tenant>> {
    if args.demo {
        let installed = demo::install(&app.store, app.clock.now()).await?;
        if !installed.was_there {
            output
                .note("made the demo world: a distributor, its customers, orders, deals and mail");
        }
        return Ok(vec![app.store.tenant(installed.tenant).get_tenant().await?]);
    }
    let tenants = app.store.system().list_tenants().await?;
    if tenants.is_empty() {
        output.note(
            "there is no tenant yet: make one with `steward tenant create`, or see `steward up --demo`",
        );
    }
    Ok(tenants)
}

fn tell_what_comes(args: &Args, tenants: &[Tenant], output: &Output) {
    if args.demo {
        let seconds = HOUR.as_secs_f64() / f64::from(args.speed);
        output.note(&format!("an hour of the demo takes {seconds} s; Ctrl-C stops"));
    } else if !tenants.is_empty() {
        output.note("each tenant's cycle comes every hour, at a minute of its own; Ctrl-C stops");
    }
}

/// How often it is asked whether everything is done.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Waits until every job of these tenants' cycles is settled, and lets none wait for its turn in the hour.
async fn until_done(app: &App, runner: &Runner<'_>, tenants: &[Tenant]) -> anyhow::Result<()> {
    let mut stop = runner.stop.subscribe();
    for tenant in tenants {
        let scope = app.store.tenant(tenant.id);
        while scope.count_open_jobs(Queue::Agent).await? != 0 {
            let relayed =
                JobFilter { queue: Some(Queue::Agent), ..JobFilter::of(RecordedState::Relayed) };
            let now = app.clock.now();
            for job in scope.list_recorded_jobs(&relayed, JOBS_HURRIED_MAX).await? {
                if now < job.run_at {
                    runner.engine().retry(job.envelope.id).await?;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(ASK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop != Stopping::No) => return Ok(()),
            }
        }
    }
    Ok(())
}

/// A tenant has far fewer cycles that wait for their turn.
const JOBS_HURRIED_MAX: u64 = 100;

/// What has been shown of the cycles that ended.
#[derive(Default)]
struct Shown {
    tenants: std::collections::HashSet<TenantId>,
    any_failed: bool,
}

impl Shown {
    /// Showing is a courtesy: what cannot be shown stands in the record, and the work goes on.
    async fn note(&mut self, app: &App, hour: &CycleHour, output: &Output) {
        if let Err(error) = self.show(app, hour, output).await {
            tracing::warn!(%error, "a cycle that ended cannot be shown");
        }
    }

    async fn show(&mut self, app: &App, hour: &CycleHour, output: &Output) -> anyhow::Result<()> {
        let scope = app.store.tenant(hour.tenant_id);
        let tenant = scope.get_tenant().await?;
        self.tenants.insert(tenant.id);
        let Some(run) = scope.find_run_of_hour(hour.due_hour).await? else { return Ok(()) };
        match run.status {
            RunStatus::Completed => {
                show::work_block(&app.store, &tenant, &run.work_block, false, output).await
            }
            RunStatus::Failed | RunStatus::Abandoned | RunStatus::Running => {
                self.any_failed = true;
                let error = run.error.unwrap_or_default();
                let (slug, number, status) = (&tenant.slug, run.cycle_number, run.status);
                output.note(&format!("{slug}: cycle {number} is {status}: {error}"));
                Ok(())
            }
        }
    }
}
