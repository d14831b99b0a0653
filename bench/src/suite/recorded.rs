//! Recorded jobs: from the transaction that records them to the one that settles them, on disks that are waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::ensure;
use jobs::{AnyJob, Clock, Queue, TenantId};
use platform::SystemClock;
use queue::Engine;
use store::{
    Store,
    recorded::{NewJob, Sameness},
};
use testkit::{database::Backend, redis::PrivateRedis};
use tokio::sync::watch;
use worker::runtime::{Records, Registry, Relay, Runtime, RuntimeOptions, Stopping};

use super::fleet::{Nothing, engine, options, until};
use crate::{
    database::Database,
    figure::{Aim, Printer},
    meter::rate,
    suite::{Suite, judge, tell},
    world::{self, Size},
};

/// Recorded jobs of a run.
const JOBS: usize = 50_000;
/// Jobs of one transaction of whoever records them.
const BATCH: usize = 500;
/// Whose they are.
const TENANTS: usize = 20;
/// Transactions with one job each, from this many callers.
const CALLERS: usize = 16;
/// How many jobs these record together.
const ALONE: usize = 4_000;
/// Jobs that run at once: they wait for the database, and not for a core.
const CONCURRENCY: usize = 128;
/// "Measure what one commit costs here": what the fleet is to reach on Postgres.
const PER_SECOND_MIN: f64 = 5_000.0;
const SMALL: Size = Size { clients: 1, contacts: 1, products: 1 };

/// Measures on each of these databases; with Redis as the queue where there is Postgres, as a fleet has it.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    for backend in backends {
        let database = Database::open_durable(*backend).await?;
        let tenants = tenants(&database).await?;
        recording(printer, &database, &tenants).await?;
        let folder = tempfile::tempdir()?;
        let embedded = engine(folder.path(), Arc::new(SystemClock))?;
        end_to_end(printer, &database, &tenants, "embedded", embedded).await?;
        if database.is_server() {
            let server = PrivateRedis::start(&[])?;
            let redis = super::queue::fleet(server.url()).await?;
            end_to_end(printer, &database, &tenants, "Redis", redis).await?;
        }
    }
    Ok(())
}

async fn tenants(database: &Database) -> anyhow::Result<Vec<TenantId>> {
    let mut tenants = Vec::with_capacity(TENANTS);
    for number in 0..TENANTS {
        let world = world::furnish(&database.store, &format!("t{number}"), SMALL).await?;
        tenants.push(world.tenant.id);
    }
    Ok(tenants)
}

/// What one commit costs: transactions that record a job each, from several callers.
async fn recording(
    printer: &Printer,
    database: &Database,
    tenants: &[TenantId],
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let (store, tenant) = (database.store.clone(), tenants[number % tenants.len()]);
        callers.spawn(async move {
            for _ in 0..ALONE / CALLERS {
                record(&store, tenant, 1).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    let per_second = rate(u64::try_from(ALONE)?, began.elapsed());
    let measure = format!("{}: transactions that record a job, {CALLERS} callers", database.name);
    tell(printer, Suite::Recorded, measure, per_second, "commits/s")?;
    let system = database.store.system();
    // None of these is to run.
    let now = SystemClock.now();
    let taken = system.take_jobs_to_relay(u64::try_from(ALONE)?, now, now).await?;
    let jobs: Vec<_> = taken.jobs.into_iter().map(|job| job.envelope).collect();
    for jobs in jobs.chunks(BATCH) {
        let ids: Vec<_> =
            jobs.iter().filter_map(|envelope| Some((envelope.tenant?, envelope.id))).collect();
        system.mark_jobs_completed(&ids, SystemClock.now()).await?;
    }
    Ok(())
}

async fn record(store: &Store, tenant: TenantId, count: usize) -> anyhow::Result<()> {
    let job = AnyJob::of(&Nothing { tenant: Some(tenant) })?;
    let work = store.begin(tenant).await?;
    let now = SystemClock.now();
    let new = NewJob { job: &job, sameness: Sameness::Never, run_at: now };
    for recorded in work.scope().record_jobs(&vec![new; count], now).await? {
        recorded?;
    }
    Ok(work.commit().await?)
}

async fn end_to_end(
    printer: &Printer,
    database: &Database,
    tenants: &[TenantId],
    name: &str,
    engine: Arc<dyn Engine>,
) -> anyhow::Result<()> {
    let done = Arc::new(AtomicUsize::new(0));
    let registry = Arc::new(Registry::new().with::<Nothing>()?);
    let clock = Arc::new(SystemClock);
    let records =
        Records::new(database.store.clone(), clock, Arc::clone(&registry), Arc::clone(&done));
    let relay = Relay::new(records.clone(), Arc::clone(&engine));
    let options = RuntimeOptions { concurrency: vec![(Queue::Agent, CONCURRENCY)], ..options() };
    let runtime = Runtime::new(engine, registry, Arc::clone(&done), options).with_records(records);
    let (stop, stopped) = watch::channel(Stopping::No);
    let began = Instant::now();
    let work = async {
        for number in 0..JOBS / BATCH {
            record(&database.store, tenants[number % tenants.len()], BATCH).await?;
        }
        let recorded = began.elapsed();
        until(async || Ok(JOBS <= done.load(Ordering::Relaxed))).await?;
        let system = database.store.system();
        until(async || Ok(system.list_jobs_relayed(None, 1).await?.is_empty())).await?;
        let took = began.elapsed();
        stop.send_replace(Stopping::Drain);
        anyhow::Ok((recorded, took))
    };
    let (ended, (), took) = tokio::join!(runtime.run(stopped.clone()), relay.run(stopped), work);
    ended?;
    let (recorded, took) = took?;
    ensure!(done.load(Ordering::Relaxed) == JOBS, "some ran twice, or not at all");
    let database = database.name;
    let measure = format!("{database}, {name}: recorded, {BATCH} to a transaction");
    tell(printer, Suite::Recorded, measure, rate(u64::try_from(JOBS)?, recorded), "jobs/s")?;
    let measure = format!("{database}, {name}: recorded, handed on, run and settled");
    let aim = Aim::AtLeast(PER_SECOND_MIN);
    judge(printer, Suite::Recorded, measure, rate(u64::try_from(JOBS)?, took), "jobs/s", aim)
}
