//! Cron without a leader: any number of processes ask what is due, and each fire is recorded once.
//!
//! What lives here: asking, and recording what fires in one transaction with the fact that it fired.
//! What does not: which fires are due (`domain::schedule`), and which schedules there are (`handlers`).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use domain::schedule::{Fire, InvalidTiming, Missed, Timing, due, spread};
use jobs::{
    AnyJob, Backoff, Clock, EnvelopeError, Jitter, Pause, TenantId, Timestamp, metrics as names,
};
use store::{Store, StoreError, Transition, recorded::Sameness, tenant::Tenant};
use tokio::{sync::watch, time::Instant};

use super::{Stopping, told};

/// A line of cron: when, and what is then recorded for each tenant.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Its name, a promise for ever: its fires are known by it.
    pub name: &'static str,
    /// Five fields of cron.
    pub cron: &'static str,
    /// Where these are read.
    pub zone: Zone,
    /// What becomes of fires that nobody was there for.
    pub missed: Missed,
    /// Tenants take their turns within this time after a fire.
    pub spread: TimeDelta,
    /// What is recorded.
    pub job: fn(&Tenant, &Fire) -> Result<AnyJob, EnvelopeError>,
}

/// Where a schedule's hours are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The same moment for everybody.
    Utc,
    /// The wall clock of the tenant's business.
    Tenants,
}

/// What a pass over all tenants did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Jobs that were recorded.
    pub recorded: usize,
    /// When something fires next, as far as that is known.
    pub next: Option<Timestamp>,
    /// How soon a simulated tenant may come to its next hour.
    pub simulated_in: Option<Duration>,
}

/// Tenants whose clock is their own, and how fast it goes.
struct Simulated {
    /// How long an hour of theirs takes.
    hour: Duration,
    /// None of them fires before then.
    not_before: Mutex<HashMap<TenantId, Instant>>,
}

/// Asks what is due, again and again.
pub struct Scheduler {
    store: Store,
    clock: Arc<dyn Clock>,
    schedules: Vec<(Schedule, Timing)>,
    only: Option<TenantId>,
    is_at_once: bool,
    simulated: Simulated,
}

/// How often tenants are looked at, if nothing is due before: a new one waits for so long at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The same while a simulated tenant works at its hour: it comes to the next one by itself.
const AWAIT_EVERY: Duration = Duration::from_millis(200);
/// Shortest pause between two passes.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Missed fires are made up for in less time than usual ones are spread over.
const HURRY: i32 = 10;
/// How long a database that cannot be reached is left alone.
const AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(200), cap: Duration::from_secs(5) };

impl Scheduler {
    /// One with these schedules, for all tenants. Errors if a timing cannot be read.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        schedules: &[Schedule],
    ) -> Result<Self, InvalidTiming> {
        let timed = schedules.iter().map(|it| Ok((*it, it.cron.parse()?)));
        let simulated =
            Simulated { hour: Duration::from_secs(60 * 60), not_before: Mutex::default() };
        Ok(Self {
            store,
            clock,
            schedules: timed.collect::<Result<_, InvalidTiming>>()?,
            only: None,
            is_at_once: false,
            simulated,
        })
    }

    /// Looks after one tenant alone.
    pub fn only(mut self, tenant: TenantId) -> Self {
        self.only = Some(tenant);
        self
    }

    /// Lets nobody wait for a turn within the hour.
    pub fn at_once(mut self) -> Self {
        self.is_at_once = true;
        self
    }

    /// Lets an hour of tenants with a clock of their own take so long.
    pub fn with_simulated_hour(mut self, hour: Duration) -> Self {
        self.simulated.hour = hour;
        self
    }

    /// Works until it is told to stop. The database may go away and come back in the meantime.
    pub async fn run(&self, mut stop: watch::Receiver<Stopping>) {
        let mut misses = 0;
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                () = told(&mut stop, Stopping::Drain) => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = match self.pass().await {
                Ok(pass) => {
                    misses = 0;
                    self.rests_for(&pass)
                }
                Err(error) => {
                    tracing::warn!(%error, "what is due cannot be recorded for now");
                    misses += 1;
                    AWAY.wait(misses, Jitter::MOST)
                }
            };
        }
    }

    fn rests_for(&self, pass: &Pass) -> Duration {
        let longest =
            pass.simulated_in.map_or(LOOK_EVERY, |rest| rest.clamp(AWAIT_EVERY, LOOK_EVERY));
        let until = pass.next.and_then(|next| (next - self.clock.now()).to_std().ok());
        until.unwrap_or(LOOK_EVERY).clamp(PAUSE_MIN, longest)
    }

    /// Records what is due for every tenant; one tenant's trouble is told and does not keep the others waiting.
    pub async fn pass(&self) -> Result<Pass, StoreError> {
        let system = self.store.system();
        let tenants = system.list_tenants().await?;
        let paused: HashSet<Pause> =
            system.list_pauses().await?.into_iter().map(|row| row.pause).collect();
        let mut last: HashMap<TenantId, BTreeMap<String, Timestamp>> = HashMap::new();
        for fire in system.list_last_fires().await? {
            last.entry(fire.tenant).or_default().insert(fire.schedule, fire.at);
        }
        let mut pass = Pass::default();
        for tenant in tenants {
            // One that is paused makes up for what it missed when it goes on.
            let is_left_out = self.only.is_some_and(|only| only != tenant.id)
                || paused.contains(&Pause::Tenant(tenant.id));
            if is_left_out {
                continue;
            }
            let fired = last.remove(&tenant.id).unwrap_or_default();
            match self.look_at(&tenant, &fired, &mut pass).await {
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant = %tenant.id, %error, "a tenant's schedules cannot be kept");
                }
                Ok(()) => {}
            }
        }
        Ok(pass)
    }

    async fn look_at(
        &self,
        tenant: &Tenant,
        fired: &BTreeMap<String, Timestamp>,
        pass: &mut Pass,
    ) -> Result<(), StoreError> {
        if tenant.is_simulated() {
            let rest = self.simulated.rests_for(tenant.id);
            pass.simulated_in = pass.simulated_in.into_iter().chain([rest]).min();
            if !rest.is_zero() {
                return Ok(());
            }
        }
        let now = tenant.now(self.clock.as_ref());
        for (schedule, timing) in &self.schedules {
            let zone = match schedule.zone {
                Zone::Utc => chrono_tz::UTC,
                Zone::Tenants => tenant.calendar.zone,
            };
            let last = fired.get(schedule.name).copied();
            let due = due(timing, zone, last, now, schedule.missed);
            if !due.fires.is_empty() {
                pass.recorded += self.record(tenant, schedule, last, &due.fires).await?;
                if tenant.is_simulated() {
                    self.simulated.rest(tenant.id);
                }
            }
            if !tenant.is_simulated() {
                pass.next = [pass.next, due.next].into_iter().flatten().min();
            }
        }
        Ok(())
    }

    /// The fact that a schedule fired, and what follows from it, together; nothing if another process was faster.
    async fn record(
        &self,
        tenant: &Tenant,
        schedule: &Schedule,
        last: Option<Timestamp>,
        fires: &[Fire],
    ) -> Result<usize, StoreError> {
        let Some(newest) = fires.last() else { return Ok(0) };
        let now = self.clock.now();
        let work = self.store.begin(tenant.id).await?;
        let scope = work.scope();
        let moved = scope.mark_schedule_fired(schedule.name, last, newest.at, now).await?;
        if moved != Transition::Moved {
            return Ok(0);
        }
        for fire in fires {
            let job = (schedule.job)(tenant, fire).map_err(|error| StoreError::Invalid {
                field: "schedule",
                because: error.to_string(),
            })?;
            let once = Sameness::Once(format!("{}:{}", schedule.name, fire.at.to_rfc3339()));
            // A simulated tenant's hours are no times of the queue's clock; and somebody waits for the first one ever.
            let is_at_once = self.is_at_once || tenant.is_simulated() || last.is_none();
            let run_at = if is_at_once { now } else { turn_of(tenant, schedule, fire).max(now) };
            scope.record_any_job(&job, &once, run_at, now).await?;
            if 1 < fire.stands_for {
                tracing::info!(
                    schedule = schedule.name, tenant = %tenant.id, stands_for = fire.stands_for,
                    "fires were missed; one stands for all"
                );
            }
        }
        drop(scope);
        work.commit().await?;
        let fired = u64::try_from(fires.len()).unwrap_or(u64::MAX);
        metrics::counter!(names::SCHEDULE_FIRES, "schedule" => schedule.name).increment(fired);
        Ok(fires.len())
    }
}

/// When a tenant's turn comes after a fire.
fn turn_of(tenant: &Tenant, schedule: &Schedule, fire: &Fire) -> Timestamp {
    let turn = spread(tenant.id.uuid().as_u128(), schedule.spread);
    fire.at + if 1 < fire.stands_for { turn / HURRY } else { turn }
}

impl Simulated {
    fn rests_for(&self, tenant: TenantId) -> Duration {
        let not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        let at = not_before.get(&tenant);
        at.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()))
    }

    fn rest(&self, tenant: TenantId) {
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        not_before.insert(tenant, Instant::now() + self.hour);
    }
}
