//! `steward up`: everything in one process.

use std::{collections::HashSet, net::SocketAddr, process::ExitCode, time::Duration};

use api::{QueueView, Secret, ServeError};
use domain::{cycle::RunStatus, time::due_hour};
use jobs::{
    ActCycle, CycleHour, Job, Pause, PlanCycle, Queue, ReactCycle, ReflectCycle, TenantId,
    Timestamp,
};
use platform::config::Config;
use queue::Replayed;
use store::{
    recorded::{JobFilter, RecordedJob},
    tenant::Tenant,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use worker::runtime::{Scheduler, Stopping};

use crate::{
    app::App,
    fleet::{
        lease,
        runner::{Runner, RunnerOptions},
    },
    output::Output,
    serve::FrontDoor,
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
    /// Where the API listens, such as 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    listen: Option<SocketAddr>,
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
    lease::take(&app, output).await?;
    let worked = work(&args, &app, output).await;
    let released = lease::release(&app).await;
    app.close().await;
    let code = worked?;
    released?;
    Ok(code)
}

async fn work(args: &Args, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
    let tenants = tenants(args, app, output).await?;
    let options = RunnerOptions {
        only: tenants.first().filter(|_| args.demo).map(|tenant| tenant.id),
        simulated_hour: HOUR / args.speed,
        at_once: args.once,
        ..RunnerOptions::default()
    };
    // Before anything is counted.
    platform::telemetry::metrics()?;
    let mut runner = Runner::open(app, output, options).await?;
    let hours = std::mem::replace(&mut runner.ended, mpsc::channel(1).1);
    let mut showing = JoinSet::new();
    showing.spawn(show_all(app.clone(), *output, hours));
    let scheduler = runner.scheduler()?;
    let (closing, closed) = watch::channel(false);
    let mut serving = JoinSet::new();
    if !args.once
        && let Some(front) = front_door(args, app, &runner, closed, output).await?
    {
        serving.spawn(front.serve());
    }
    // Whoever guides ends with the work, however that ended.
    let working = async {
        let worked = runner.work().await;
        runner.stop.send_replace(Stopping::AtOnce);
        worked
    };
    let mut waiting = HashSet::new();
    if args.once {
        let guided = async {
            let done = play_once(app, &runner, &scheduler, &tenants, output).await;
            runner.stop.send_modify(|stop| *stop = (*stop).max(Stopping::Drain));
            done
        };
        let (worked, guided) = tokio::join!(working, guided);
        worked?;
        waiting = guided?;
    } else {
        tell_what_comes(args, &tenants, output);
        let scheduling = scheduler.run(runner.stop.subscribe());
        let (worked, ()) = tokio::join!(working, scheduling);
        worked?;
    }
    closing.send_replace(true);
    while serving.join_next().await.is_some() {}
    // The last sender goes with it.
    drop(runner);
    let shown = match tokio::time::timeout(SHOW_LAST, showing.join_next()).await {
        Ok(Some(shown)) => shown?,
        Ok(None) | Err(_) => Shown::default(),
    };
    if args.once {
        let is_done = |id: &TenantId| !shown.tenants.contains(id) && !waiting.contains(id);
        for tenant in tenants.iter().filter(|tenant| is_done(&tenant.id)) {
            output.note(&format!("{}: this hour is done", tenant.slug));
        }
    } else {
        output.note("stopped");
    }
    Ok(if args.once && shown.any_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The API of this process. Without it the work goes on, unless it was asked for by its address.
async fn front_door(
    args: &Args,
    app: &App,
    runner: &Runner<'_>,
    closed: watch::Receiver<bool>,
    output: &Output,
) -> anyhow::Result<Option<FrontDoor>> {
    let queue = QueueView::Owned(runner.engine());
    match FrontDoor::open(app, args.listen, queue, closed).await {
        Ok(front) => {
            front.tell(output);
            Ok(Some(front))
        }
        Err(error) if args.listen.is_none() && error.is::<ServeError>() => {
            output.note(&format!("{error}; the work goes on without the API"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// How long whoever reads has for the last cycles that ended.
const SHOW_LAST: Duration = Duration::from_secs(5);

/// Shows cycles as they end. A task of its own: nothing waits for whoever reads.
async fn show_all(app: App, output: Output, mut hours: mpsc::Receiver<CycleHour>) -> Shown {
    let mut shown = Shown::default();
    while let Some(hour) = hours.recv().await {
        shown.note(&app, &hour, &output).await;
    }
    shown
}

/// The tenants that this process is started for; the demo's is made if it is missing.
async fn tenants(args: &Args, app: &App, output: &Output) -> anyhow::Result<Vec<Tenant>> {
    if args.demo {
        let installed = demo::install(&app.store, app.clock.now()).await?;
        if !installed.was_there {
            output
                .note("made the demo world: a distributor, its customers, orders, deals and mail");
            let secret = Secret::random();
            let work = app.store.begin(installed.tenant).await?;
            work.scope().insert_key(&secret.first_key(&app.actor()), app.clock.now()).await?;
            work.commit().await?;
            let key = secret.reveal();
            output.note(&format!("its key to the API, which is not shown again: {key}"));
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

/// Records what is due and waits until these tenants' hours have come to an end; gives those for whom they have not.
async fn play_once(
    app: &App,
    runner: &Runner<'_>,
    scheduler: &Scheduler,
    tenants: &[Tenant],
    output: &Output,
) -> anyhow::Result<HashSet<TenantId>> {
    let hour_of = |tenant: &Tenant| due_hour(tenant.now(app.clock.as_ref()));
    let hours = loop {
        let hours: Vec<_> = tenants.iter().map(|tenant| (tenant, hour_of(tenant))).collect();
        scheduler.pass().await?;
        // An hour that turned meanwhile was not recorded.
        if hours.iter().all(|(tenant, hour)| hour_of(tenant) == *hour) {
            break hours;
        }
    };
    let mut left: HashSet<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
    let mut hurried = HashSet::new();
    let mut stop = runner.stop.subscribe();
    for (tenant, hour) in hours {
        loop {
            let pauses = app.store.system().list_pauses().await?;
            if let Some(row) = pauses.iter().find(|row| holds_back(&row.pause, tenant)) {
                let (slug, what) = (&tenant.slug, &row.pause);
                output.note(&format!("{slug}: its cycle waits, because {what} is paused"));
                break;
            }
            let Some(waiting) = left_of(app, tenant, hour).await? else {
                left.remove(&tenant.id);
                break;
            };
            // Each once: what waits after a failure waits for a reason.
            let now = app.clock.now();
            for job in waiting.iter().filter(|job| now < job.run_at) {
                let id = job.envelope.id;
                if !hurried.contains(&id) && runner.engine().retry(id).await? != Replayed::Unknown {
                    hurried.insert(id);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(ASK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop != Stopping::No) => return Ok(left),
            }
        }
    }
    Ok(left)
}

/// The jobs of an hour's cycle that are not settled; none if its run is over, or has nothing left to do.
async fn left_of(
    app: &App,
    tenant: &Tenant,
    hour: Timestamp,
) -> anyhow::Result<Option<Vec<RecordedJob>>> {
    let scope = app.store.tenant(tenant.id);
    let run = scope.find_run_of_hour(hour).await?;
    if run.is_some_and(|run| run.status != RunStatus::Running) {
        return Ok(None);
    }
    let agents = JobFilter { queue: Some(Queue::Agent), ..JobFilter::default() };
    let mut jobs = scope.list_recorded_jobs(&agents, JOBS_SEEN_MAX).await?;
    jobs.retain(|job| {
        let of_hour = serde_json::from_str::<CycleHour>(job.envelope.payload.get());
        !job.state.is_settled() && of_hour.is_ok_and(|it| it.due_hour == hour)
    });
    Ok((!jobs.is_empty()).then_some(jobs))
}

fn holds_back(pause: &Pause, tenant: &Tenant) -> bool {
    match pause {
        Pause::Queue(queue) => *queue == Queue::Agent,
        Pause::Name(name) => CYCLE.contains(&name.as_str()),
        Pause::Tenant(id) => *id == tenant.id,
    }
}

/// The names of the phases' jobs.
const CYCLE: [&str; 4] = [PlanCycle::NAME, ActCycle::NAME, ReactCycle::NAME, ReflectCycle::NAME];
/// The newest jobs of a tenant, among which those of the present hour are.
const JOBS_SEEN_MAX: u64 = 100;

/// What has been shown of the cycles that ended.
#[derive(Default)]
struct Shown {
    tenants: HashSet<TenantId>,
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
            // Another job of its hour was called off, and it goes on.
            RunStatus::Running => Ok(()),
            RunStatus::Failed | RunStatus::Abandoned => {
                self.any_failed = true;
                let error = run.error.unwrap_or_default();
                let (slug, number, status) = (&tenant.slug, run.cycle_number, run.status);
                output.note(&format!("{slug}: cycle {number} is {status}: {error}"));
                Ok(())
            }
        }
    }
}
