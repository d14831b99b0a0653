//! `steward job`

use std::{io::Read, process::ExitCode, str::FromStr, sync::Arc};

use anyhow::Context;
use jobs::{AnyJob, JobId, PAYLOAD_BYTES_MAX, Queue, TenantId, Timestamp};
use platform::config::Config;
use queue::{CancelOutcome, Engine, Filter, Found, State};
use serde_json::{Value, json};
use store::{
    Transition,
    recorded::{JobFilter, Recorded, RecordedJob, RecordedState, Sameness},
    tenant::Tenant,
};
use worker::runtime::{Reopened, Replayed};

use super::{engine::Sight, runner::records_of};
use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Record a job, to be run as soon as a worker is free.
    Enqueue(Enqueue),
    /// Show a job: its record, and where it is in the queue.
    Show(Which),
    /// List jobs, newest first; those that the queue has in a state, oldest first.
    List(List),
    /// Call a job off: at once if it waits, within a second if it runs.
    Cancel(Which),
    /// Bring back a job that is dead or was called off, with all its attempts.
    Retry(Which),
    /// Bring back all jobs that are dead.
    Replay(Replay),
}

#[derive(clap::Args)]
pub struct Enqueue {
    /// What kind, such as `plan_cycle`.
    name: String,
    /// The payload as JSON, or `-` to read it; the tenant's id is put in if it is missing.
    #[arg(long, default_value = "{}")]
    payload: String,
    /// Whose work it is; not needed if there is only one tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Not before this time, such as 2026-05-04T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Nothing is recorded while another job with this key is not settled.
    #[arg(long, value_name = "KEY")]
    unique: Option<String>,
}

#[derive(clap::Args)]
pub struct Which {
    /// The job's id.
    id: JobId,
}

#[derive(clap::Args)]
pub struct List {
    /// Only those in this state: waiting, relayed, scheduled, ready, running, completed, dead or cancelled.
    #[arg(long)]
    state: Option<AnyState>,
    #[command(flatten)]
    of: Of,
    /// How many at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
}

#[derive(clap::Args)]
pub struct Replay {
    #[command(flatten)]
    of: Of,
    /// How many at most.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    max: u16,
}

#[derive(clap::Args)]
pub struct Of {
    /// Only those in this queue.
    #[arg(long)]
    queue: Option<Queue>,
    /// Only those of this kind.
    #[arg(long)]
    name: Option<String>,
    /// Only this tenant's.
    #[arg(long)]
    tenant: Option<String>,
}

/// Where a job may be: by its record, or by the queue.
#[derive(Clone, Copy)]
enum AnyState {
    Recorded(RecordedState),
    Queued(State),
}

impl FromStr for AnyState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(state) = text.parse() {
            return Ok(Self::Recorded(state));
        }
        text.parse().map(Self::Queued).map_err(|_| {
            "give one of waiting, relayed, scheduled, ready, running, completed, dead, cancelled"
                .to_owned()
        })
    }
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::Enqueue(args) => enqueue(&app, &args, output).await?,
        Command::Show(args) => show(&app, args.id, output).await?,
        Command::List(args) => list(&app, &args, output).await?,
        Command::Cancel(args) => cancel(&app, args.id, output).await?,
        Command::Retry(args) => retry(&app, args.id, output).await?,
        Command::Replay(args) => replay(&app, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn enqueue(app: &App, args: &Enqueue, output: &Output) -> anyhow::Result<()> {
    let (registry, _) = records_of(app)?;
    let names = registry.names();
    if !names.contains(&args.name.as_str()) {
        anyhow::bail!("no job is named `{}`: give one of {}", args.name, names.join(", "));
    }
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let run_at = args.at.as_deref().map(moment).transpose()?;
    let payload = with_tenant(&read_payload(&args.payload)?, &tenant)?;
    let read = registry.read(&args.name, &payload);
    let job: AnyJob = read.with_context(|| format!("no job is named `{}`", args.name))??;
    let sameness = match &args.unique {
        None => Sameness::Never,
        Some(key) => Sameness::WhilePending(key.clone()),
    };
    let now = app.clock.now();
    let work = app.store.begin(tenant.id).await?;
    let recorded = work.scope().record_any_job(&job, &sameness, run_at.unwrap_or(now), now).await?;
    work.commit().await?;
    let (id, is_new) = match recorded {
        Recorded::New(id) => (id, true),
        Recorded::Duplicate(id) => (id, false),
    };
    output.print(&json!({ "job": id, "is_new": is_new }), || match is_new {
        true => format!("recorded {} {id}", args.name),
        false => format!("{} {id} is there already, under the same key", args.name),
    })
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text);
    let parsed = parsed
        .map_err(|_| anyhow::anyhow!("--at `{text}` is not a time such as 2026-05-04T09:00:00Z"))?;
    Ok(parsed.to_utc())
}

fn read_payload(text: &str) -> anyhow::Result<String> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let most = u64::try_from(PAYLOAD_BYTES_MAX).unwrap_or(u64::MAX);
    let mut read = String::new();
    // One byte more than is allowed, so that too much is told from just enough.
    let length = std::io::stdin().lock().take(most + 1).read_to_string(&mut read);
    if PAYLOAD_BYTES_MAX < length.context("--payload: standard input cannot be read as text")? {
        anyhow::bail!(
            "--payload: more than {PAYLOAD_BYTES_MAX} bytes; store the data and give its id"
        );
    }
    Ok(read)
}

fn with_tenant(payload: &str, tenant: &Tenant) -> anyhow::Result<String> {
    let mut payload: Value = serde_json::from_str(payload)
        .map_err(|error| anyhow::anyhow!("--payload is no JSON: {error}"))?;
    if let Value::Object(fields) = &mut payload {
        fields.entry("tenant_id").or_insert_with(|| tenant.id.to_string().into());
    }
    Ok(payload.to_string())
}

/// A job as far as it is known: its record, and what the queue says.
struct Known {
    record: Option<RecordedJob>,
    found: Option<Found>,
    tenant: String,
}

/// What is known of a job; none if nothing is.
async fn find(app: &App, sight: &Sight, id: JobId) -> anyhow::Result<Option<Known>> {
    let record = app.store.system().find_recorded_job(id).await?;
    let found = sight.find(id).await?;
    let tenant = record.as_ref().and_then(|it| it.envelope.tenant);
    let tenant = match tenant.or(found.as_ref().and_then(|it| it.tenant)) {
        Some(id) => app.store.system().find_tenant(&id.to_string()).await?,
        None => None,
    };
    let tenant = tenant.map_or_else(String::new, |tenant| tenant.slug);
    let is_known = record.is_some() || found.is_some();
    Ok(is_known.then_some(Known { record, found, tenant }))
}

async fn known(app: &App, id: JobId) -> anyhow::Result<Known> {
    let found = find(app, &Sight::open(app).await?, id).await?;
    found.ok_or_else(|| anyhow::anyhow!("there is no job {id}: see `steward job list`"))
}

async fn recorded(app: &App, id: JobId) -> anyhow::Result<RecordedJob> {
    let known = known(app, id).await?;
    known.record.ok_or_else(|| {
        anyhow::anyhow!("job {id} is volatile: it lives in the queue alone, and only the process that owns the queue changes it")
    })
}

impl Known {
    /// One word for where it is: the record's, and while the queue has it, the queue's.
    fn state(&self) -> String {
        match (&self.record, &self.found) {
            (Some(record), Some(found)) if record.state == RecordedState::Relayed => {
                found.state.to_string()
            }
            (Some(record), _) => record.state.to_string(),
            (None, Some(found)) => found.state.to_string(),
            (None, None) => String::new(),
        }
    }

    fn value(&self) -> Value {
        let (record, found) = (self.record.as_ref(), self.found.as_ref());
        let envelope = record.map(|it| &it.envelope);
        json!({
            "job": envelope.map(|it| it.id).or(found.map(|it| it.id)),
            "name": envelope.map(|it| it.name.clone()).or(found.map(|it| it.name.clone())),
            "queue": record.map(|it| it.queue).or(found.map(|it| it.queue)),
            "tenant": self.tenant,
            "state": self.state(),
            "is_recorded": record.is_some(),
            "run_at": record.map(|it| it.run_at),
            "enqueued_at": envelope.map(|it| it.enqueued_at).or(found.map(|it| it.enqueued_at)),
            "settled_at": record.and_then(|it| it.settled_at),
            "attempt": found.map(|it| it.attempt),
            "rescues": found.map(|it| it.rescues),
            "snoozes": found.map(|it| it.snoozes),
            "worker": found.and_then(|it| it.worker.clone()),
            "error": record.and_then(|it| it.error.clone()).or(found.and_then(|it| it.error.clone())),
            "payload": envelope.map(|it| it.payload.clone()),
        })
    }
}

async fn show(app: &App, id: JobId, output: &Output) -> anyhow::Result<()> {
    let value = known(app, id).await?.value();
    output.print(&value, || {
        let Value::Object(fields) = &value else { return String::new() };
        let shown = fields.iter().filter(|(_, it)| !it.is_null()).map(|(name, it)| {
            let text = it.as_str().map_or_else(|| it.to_string(), str::to_owned);
            format!("{:<12} {text}", name.replace('_', " "))
        });
        shown.collect::<Vec<_>>().join("\n")
    })
}

impl Of {
    async fn tenant(&self, app: &App) -> anyhow::Result<Option<TenantId>> {
        match &self.tenant {
            Some(name) => Ok(Some(app.tenant(Some(name)).await?.id)),
            None => Ok(None),
        }
    }

    fn recorded(&self, state: Option<RecordedState>) -> JobFilter {
        JobFilter { state, queue: self.queue, name: self.name.clone(), before: None }
    }
}

async fn list(app: &App, args: &List, output: &Output) -> anyhow::Result<()> {
    let sight = Sight::open(app).await?;
    let tenant = args.of.tenant(app).await?;
    let in_records = async |state| {
        let system = app.store.system();
        let filter = args.of.recorded(state);
        let jobs = system.list_recorded_jobs(tenant, &filter, args.limit.into()).await?;
        anyhow::Ok(jobs.into_iter().map(|job| job.envelope.id).collect::<Vec<_>>())
    };
    let ids: Vec<JobId> = match args.state {
        None => in_records(None).await?,
        Some(AnyState::Recorded(state)) => in_records(Some(state)).await?,
        Some(AnyState::Queued(state)) => {
            let filter = Filter { queue: args.of.queue, name: args.of.name.clone(), tenant };
            let most = usize::from(args.limit);
            let page = sight.list(filter, state, most).await?;
            page.jobs.into_iter().map(|job| job.id).collect()
        }
    };
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        all.extend(find(app, &sight, id).await?);
    }
    let values: Vec<_> = all.iter().map(Known::value).collect();
    output.print(&values, || {
        if all.is_empty() {
            return "no such job".to_owned();
        }
        all.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn line(known: &Known) -> String {
    let value = known.value();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let attempt = value["attempt"].as_u64().map_or_else(String::new, |it| format!("attempt {it}"));
    let at = text("enqueued_at");
    format!(
        "{}  {:<19}  {:<10} {:<20} {:<16} {:<10} {}",
        text("job"),
        at.get(..SECONDS_CHARS).unwrap_or(&at),
        known.state(),
        text("name"),
        known.tenant,
        attempt,
        text("error"),
    )
    .trim_end()
    .to_owned()
}

/// A time to the second, as RFC 3339 writes it.
const SECONDS_CHARS: usize = "2026-05-04T09:00:00".len();

/// The engine that has a volatile job, where every process reaches it.
async fn volatile(app: &App, id: JobId) -> anyhow::Result<Option<(Arc<dyn Engine>, Found)>> {
    let Sight::Fleet(engine) = Sight::open(app).await? else { return Ok(None) };
    if app.store.system().find_recorded_job(id).await?.is_some() {
        return Ok(None);
    }
    Ok(engine.find(id).await?.map(|found| (engine, found)))
}

async fn cancel(app: &App, id: JobId, output: &Output) -> anyhow::Result<()> {
    if let Some((engine, found)) = volatile(app, id).await? {
        if engine.cancel(id).await? == CancelOutcome::Ended {
            anyhow::bail!("job {id} is {} already: there is nothing to call off", found.state);
        }
        return called_off(id, &found.name, output);
    }
    let job = recorded(app, id).await?;
    let (_, records) = records_of(app)?;
    let ended = records.end(&job.envelope, RecordedState::Cancelled, None).await?;
    let state = recorded(app, id).await?.state;
    if ended != Transition::Moved && state != RecordedState::Cancelled {
        anyhow::bail!("job {id} is {state} already: there is nothing to call off");
    }
    called_off(id, &job.envelope.name, output)
}

fn called_off(id: JobId, name: &str, output: &Output) -> anyhow::Result<()> {
    let state = RecordedState::Cancelled;
    output.print(&json!({ "job": id, "state": state.as_str() }), || {
        format!("{name} {id} is called off; if it runs, it is told within a second")
    })
}

async fn retry(app: &App, id: JobId, output: &Output) -> anyhow::Result<()> {
    if let Some((engine, found)) = volatile(app, id).await? {
        return match engine.retry(id).await? {
            queue::Replayed::Ready => waits_again(id, &found.name, output),
            queue::Replayed::Duplicate(other) => {
                anyhow::bail!("job {id}: the same work was enqueued again meanwhile, as {other}")
            }
            queue::Replayed::NotWaiting | queue::Replayed::Unknown => anyhow::bail!(
                "job {id} is {}: only one that waits for its time, is dead or was called off can be brought back",
                found.state
            ),
        };
    }
    let job = recorded(app, id).await?;
    let (_, records) = records_of(app)?;
    match records.reopen(&job).await? {
        Reopened::Waits if job.state != RecordedState::Waiting => {}
        Reopened::Closed => anyhow::bail!(
            "job {id} is a {}: its end has closed its hour, and the next hour's cycle makes up for it",
            job.envelope.name
        ),
        Reopened::Duplicate => anyhow::bail!(
            "job {id}: the same work was recorded again meanwhile; see `steward job list --name {}`",
            job.envelope.name
        ),
        // One that waits already had nothing to be brought back from.
        Reopened::NotOver | Reopened::Waits => anyhow::bail!(
            "job {id} is {}: only one that is dead or was called off can be brought back",
            job.state
        ),
    }
    waits_again(id, &job.envelope.name, output)
}

fn waits_again(id: JobId, name: &str, output: &Output) -> anyhow::Result<()> {
    output.print(&json!({ "job": id, "state": RecordedState::Waiting.as_str() }), || {
        format!("{name} {id} waits again, with all its attempts")
    })
}

async fn replay(app: &App, args: &Replay, output: &Output) -> anyhow::Result<()> {
    let tenant = args.of.tenant(app).await?;
    let (_, records) = records_of(app)?;
    let dead = args.of.recorded(Some(RecordedState::Dead));
    let Replayed { brought_back: back, left } =
        records.replay(tenant, dead, args.max.into()).await?;
    output.print(&json!({ "brought_back": back, "left": left }), || match (back, left) {
        (0, 0) => "no such job is dead".to_owned(),
        (_, 0) => format!("{back} jobs wait again"),
        _ => format!(
            "{back} jobs wait again; {left} were left: the same work was recorded meanwhile, or their hour is closed"
        ),
    })
}
