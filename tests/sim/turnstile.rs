//! The turnstile in front of the database's lock: it spares questions, and keeps nobody out for long.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agent::{Agent, AgentError, Turnstile};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    id::{RunId, TenantId},
    time::{Clock, Timestamp},
};
use testkit::database::{Backend, FixedClock};

use crate::{
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// What a tenant may be held up by a process that went away, until it is asked for again.
const HELD_UP_MAX: TimeDelta = TimeDelta::seconds(10);

/// One for one tenant, by the test's clock.
struct Memory {
    clock: Arc<FixedClock>,
    inside: Mutex<Option<(RunId, Timestamp)>>,
    entered: AtomicUsize,
}

impl Memory {
    fn of(rig: &Rig) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::clone(&rig.clock),
            inside: Mutex::new(None),
            entered: AtomicUsize::new(0),
        })
    }

    fn inside(&self) -> Option<RunId> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.filter(|(_, until)| self.clock.now() < *until).map(|(run, _)| run)
    }
}

#[async_trait]
impl Turnstile for Memory {
    async fn enter(&self, _tenant: TenantId, run: RunId, time: Duration) -> bool {
        if self.inside().is_some_and(|inside| inside != run) {
            return false;
        }
        self.entered.fetch_add(1, Ordering::Relaxed);
        let until = self.clock.now() + TimeDelta::from_std(time).expect("seconds");
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = Some((run, until));
        true
    }

    async fn leave(&self, _tenant: TenantId, run: RunId) {
        if self.inside() == Some(run) {
            *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

async fn fresh(backend: Backend) -> (Rig, Town, Arc<Memory>, Agent) {
    let rig = Rig::on(backend, at(OPENING)).await;
    let town = Town::build(&rig, "ahorn", &Setup::default()).await;
    let turnstile = Memory::of(&rig);
    let agent = Agent { turnstile: Some(Arc::clone(&turnstile) as _), ..rig.agent() };
    (rig, town, turnstile, agent)
}

#[tokio::test]
async fn a_cycle_leaves_the_turnstile_behind_it() {
    for backend in Backend::ALL {
        let (rig, town, turnstile, agent) = fresh(backend).await;
        rig.cycle(&agent, town.slug).await;
        assert_eq!((turnstile.entered.load(Ordering::Relaxed), turnstile.inside()), (1, None));
    }
}

/// A process that is killed just when its run is over, or stands still there, leaves the turnstile to nobody.
#[tokio::test]
async fn one_that_went_away_without_leaving_does_not_hold_up_the_next_hour() {
    for backend in Backend::ALL {
        let (rig, town, turnstile, agent) = fresh(backend).await;
        let over = rig.cycle(&agent, town.slug).await.run;
        // As a real one enters it: for as long as the agent asks for.
        let spy = Arc::new(Spy::default());
        rig.next_hour();
        let asks = Agent { turnstile: Some(Arc::clone(&spy) as _), ..rig.agent() };
        let busy = rig.try_cycle(&asks, town.slug).await;
        assert!(matches!(busy, Err(AgentError::Busy { .. })), "{busy:?}");
        let time = spy.0.lock().unwrap_or_else(PoisonError::into_inner).expect("it asked");
        assert!(turnstile.enter(town.tenant, over, time).await);

        let busy = rig.try_cycle(&agent, town.slug).await;
        assert!(matches!(busy, Err(AgentError::Busy { .. })), "{busy:?}");
        rig.clock.advance(HELD_UP_MAX);
        rig.cycle(&agent, town.slug).await;
    }
}

/// Lets nobody through, and remembers for how long they would have been inside.
#[derive(Default)]
struct Spy(Mutex<Option<Duration>>);

#[async_trait]
impl Turnstile for Spy {
    async fn enter(&self, _tenant: TenantId, _run: RunId, time: Duration) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
        false
    }

    async fn leave(&self, _tenant: TenantId, _run: RunId) {}
}
