//! `steward worker`

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use jobs::{CycleHour, Queue};
use platform::config::Config;

use tokio::{sync::mpsc, task::JoinSet};
use worker::{health::HealthPort, runtime::Stopping};

use super::{
    lease,
    runner::{DRAIN, Runner, RunnerOptions, concurrency},
};
use crate::{app::App, output::Output};

/// Work on the queue: run jobs, hand on recorded ones, and record what schedules fire.
///
/// With REDIS_URL there may be any number of such processes. Without it there is one for a database, `up` or `worker`.
#[derive(clap::Args)]
pub struct Args {
    /// Queues to work on, with commas between, such as agent,mail; all if none is named.
    #[arg(long, value_name = "QUEUES", value_delimiter = ',')]
    queues: Vec<Queue>,
    /// Jobs of each queue that run at once; as many as is usual for the queue, if it is not given.
    #[arg(long, value_name = "NUMBER", value_parser = jobs_at_once)]
    concurrency: Option<usize>,
    /// Where to tell how the process gets on, and what it counts, such as 127.0.0.1:9100; port 0 takes a free one. Nowhere,
    /// if it is not given.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Seconds that jobs have to finish after the process was asked to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = DRAIN.as_secs(), value_parser = clap::value_parser!(u64).range(..=DRAIN_SECONDS_MAX))]
    drain: u64,
}

/// Far more than a machine runs at once.
const CONCURRENCY_MAX: usize = 256;
/// Longer than any job may take.
const DRAIN_SECONDS_MAX: u64 = 3_600;

fn jobs_at_once(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=CONCURRENCY_MAX).contains(number));
    number.ok_or_else(|| format!("give a whole number from 1 to {CONCURRENCY_MAX}"))
}

pub async fn run(args: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    lease::take(&app, output).await?;
    let worked = work(&args, &app, output).await;
    let released = lease::release(&app).await;
    app.close().await;
    worked?;
    released?;
    output.note("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn work(args: &Args, app: &App, output: &Output) -> anyhow::Result<()> {
    let mut queues = if args.queues.is_empty() { Queue::ALL.to_vec() } else { args.queues.clone() };
    queues.sort_unstable();
    queues.dedup();
    let options = RunnerOptions {
        concurrency: concurrency(&queues, args.concurrency),
        drain: Duration::from_secs(args.drain),
        ..RunnerOptions::default()
    };
    // Before anything is counted.
    platform::telemetry::metrics()?;
    let mut runner = Runner::open(app, output, options).await?;
    let mut hours = std::mem::replace(&mut runner.ended, mpsc::channel(1).1);
    let (told_app, told_output) = (app.clone(), *output);
    // A task of its own, which ends with this function: nothing waits for whoever reads.
    let mut telling = JoinSet::new();
    telling.spawn(async move {
        while let Some(hour) = hours.recv().await {
            tell(&told_app, &hour, &told_output).await;
        }
    });
    let address = args.listen.or(app.config().worker_listen);
    let port = match address {
        None => None,
        Some(address) => Some(HealthPort::open(address, runner.health()?)?),
    };
    if let Some(port) = &port {
        output.note(&format!("its health is told on http://{}", port.address()));
    }
    let scheduler = runner.scheduler()?;
    output.note(&format!("{} works; Ctrl-C stops", app.instance));
    let (worked, ()) = tokio::join!(
        async {
            let worked = runner.work().await;
            // The scheduler ends with it, however it ended.
            runner.stop.send_replace(Stopping::AtOnce);
            worked
        },
        scheduler.run(runner.stop.subscribe())
    );
    worked
}

/// A line for each cycle; what cannot be told stands in the record.
async fn tell(app: &App, hour: &CycleHour, output: &Output) {
    let scope = app.store.tenant(hour.tenant_id);
    let found = async {
        let tenant = scope.get_tenant().await?;
        Ok::<_, store::StoreError>((tenant, scope.find_run_of_hour(hour.due_hour).await?))
    };
    match found.await {
        Ok((tenant, Some(run))) => {
            output.note(&format!("{}: cycle {} {}", tenant.slug, run.cycle_number, run.status));
        }
        Ok((_, None)) => {}
        Err(error) => tracing::warn!(%error, "a cycle that ended cannot be told of"),
    }
}
