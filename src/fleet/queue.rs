//! `steward queue`

use std::process::ExitCode;

use jobs::{Pause, Queue};
use platform::config::Config;
use queue::{Counts, QueueStats, State, TenantLoad};
use serde_json::json;
use store::Transition;

use super::engine::Sight;
use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show every queue in figures.
    Stats,
    /// Hold back a queue, or every job of a name, within a second; what waits keeps its place.
    Pause(What),
    /// Let a queue, or the jobs of a name, go on.
    Resume(What),
    /// Show the tenants with the most jobs in a queue.
    Top(Top),
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// Which queue.
    queue: Option<Queue>,
    /// Every job of this name, such as `act_cycle`.
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    job: Option<String>,
}

#[derive(clap::Args)]
pub struct Top {
    /// Which queue.
    #[arg(default_value = "agent")]
    queue: Queue,
    /// How many at most.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
}

fn job_name(text: &str) -> Result<String, String> {
    let known = worker::handlers::registry().map_err(|error| error.to_string())?.names();
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("no job has this name: give one of {}", known.join(", ")))
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::Stats => stats(&app, output).await?,
        Command::Pause(what) => pause(&app, &what, output).await?,
        Command::Resume(what) => resume(&app, &what, output).await?,
        Command::Top(args) => top(&app, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn meant(what: &What) -> anyhow::Result<Pause> {
    match (what.queue, &what.job) {
        (Some(queue), _) => Ok(Pause::Queue(queue)),
        (None, Some(name)) => Ok(Pause::Name(name.clone())),
        (None, None) => anyhow::bail!("say which: a queue, or --job NAME"),
    }
}

async fn pause(app: &App, what: &What, output: &Output) -> anyhow::Result<()> {
    let pause = meant(what)?;
    let by = app.actor().to_string();
    let moved = app.store.system().insert_pause(&pause, &by, app.clock.now()).await?;
    let was = if moved == Transition::Moved { "is paused now" } else { "was paused already" };
    told(&pause, was, output)
}

async fn resume(app: &App, what: &What, output: &Output) -> anyhow::Result<()> {
    let pause = meant(what)?;
    let moved = app.store.system().delete_pause(&pause).await?;
    let was = if moved == Transition::Moved { "goes on" } else { "was not paused" };
    told(&pause, was, output)
}

fn told(pause: &Pause, was: &str, output: &Output) -> anyhow::Result<()> {
    let value = json!({ "kind": pause.kind(), "subject": pause.subject(), "outcome": was });
    let kind = if pause.kind() == "name" { "job" } else { pause.kind() };
    output.print(&value, || format!("{kind} {} {was}", pause.subject()))
}

async fn stats(app: &App, output: &Output) -> anyhow::Result<()> {
    let pauses = app.store.system().list_pauses().await?;
    let sight = Sight::open(app).await?;
    let mut all = Vec::new();
    for queue in Queue::ALL {
        let mut stats = sight.stats(queue).await?;
        // What people want, which the queue knows within a second.
        stats.is_paused = pauses.iter().any(|row| row.pause == Pause::Queue(queue));
        all.push(stats);
    }
    let others: Vec<_> = pauses
        .iter()
        .filter(|row| !matches!(row.pause, Pause::Queue(_)))
        .map(|row| json!({ "kind": row.pause.kind(), "subject": row.pause.subject(), "by": row.paused_by, "at": row.paused_at }))
        .collect();
    let rows: Vec<_> = all.iter().map(value).collect();
    let to_relay = app.store.system().look_at_outbox().await?.jobs;
    let value = json!({ "queues": rows, "paused": others, "waiting_for_relay": to_relay });
    output.print(&value, || {
        let mut lines = vec![format!(
            "{:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "queue", "scheduled", "ready", "running", "completed", "dead", "cancelled"
        )];
        lines.extend(all.iter().map(|it| line(it, app)));
        for row in pauses.iter().filter(|row| !matches!(row.pause, Pause::Queue(_))) {
            let since = row.paused_at.format("%Y-%m-%d %H:%M UTC");
            lines.push(format!("paused: {} by {} since {since}", row.pause, row.paused_by));
        }
        if 0 < to_relay {
            lines.push(format!("{to_relay} recorded jobs wait to be handed to the queue"));
        }
        if matches!(sight, Sight::Nothing) {
            lines.push(
                "no process has worked here yet: `steward up` or `steward worker`".to_owned(),
            );
        }
        lines.join("\n")
    })
}

fn count(counts: &Counts, state: State) -> u64 {
    counts.get(&state).copied().unwrap_or(0)
}

fn value(stats: &QueueStats) -> serde_json::Value {
    let counts: serde_json::Map<String, serde_json::Value> = State::ALL
        .map(|state| (state.to_string(), count(&stats.counts, state).into()))
        .into_iter()
        .collect();
    json!({
        "queue": stats.queue,
        "jobs": counts,
        "tenants_waiting": stats.lines,
        "oldest_ready_at": stats.oldest_ready_at,
        "is_paused": stats.is_paused,
    })
}

fn line(stats: &QueueStats, app: &App) -> String {
    let [scheduled, ready, running, completed, dead, cancelled] =
        State::ALL.map(|state| count(&stats.counts, state));
    let mut line = format!(
        "{:<12} {scheduled:>9} {ready:>9} {running:>9} {completed:>9} {dead:>9} {cancelled:>9}",
        stats.queue.as_str()
    );
    if let Some(since) = stats.oldest_ready_at {
        let waits = (app.clock.now() - since).num_seconds().max(0);
        line.push_str(&format!("  oldest waits {waits} s, {} tenants wait", stats.lines));
    }
    if stats.is_paused {
        line.push_str("  paused");
    }
    line
}

async fn top(app: &App, args: &Top, output: &Output) -> anyhow::Result<()> {
    let loads = Sight::open(app).await?.top(args.queue, usize::from(args.limit)).await?;
    let mut rows: Vec<(String, &TenantLoad)> = Vec::new();
    for load in &loads {
        let name = match load.tenant {
            None => "(the house)".to_owned(),
            Some(id) => match app.store.system().find_tenant(&id.to_string()).await? {
                Some(tenant) => tenant.slug,
                None => id.to_string(),
            },
        };
        rows.push((name, load));
    }
    let values: Vec<_> = rows
        .iter()
        .map(|(name, load)| json!({ "tenant": name, "ready": load.ready, "running": load.running }))
        .collect();
    output.print(&values, || {
        if rows.is_empty() {
            return format!("nobody has jobs that wait or run in queue {}", args.queue);
        }
        let mut lines = vec![format!("{:<30} {:>9} {:>9}", "tenant", "ready", "running")];
        lines.extend(
            rows.iter()
                .map(|(name, load)| format!("{name:<30} {:>9} {:>9}", load.ready, load.running)),
        );
        lines.join("\n")
    })
}
