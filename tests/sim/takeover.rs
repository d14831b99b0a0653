//! Who may work on a tenant's hour: one at a time, the dead are followed, and the late write nothing.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use agent::{Agent, AgentError, CycleRequest, LOCK_TTL_SECONDS, Planner, PlannerError};
use async_trait::async_trait;
use chrono::TimeDelta;
use connectors::mail::{FakeTransport, MailError, MailTransport, OutgoingMail, Whereabouts};
use domain::{
    cycle::{PlanInputs, RunStatus, plan},
    id::OutboundId,
    proposal::Proposal,
    time::{Clock, Timestamp, due_hour},
};
use platform::{SeededIds, database::connect};
use store::{Store, StoreError, lock::TenantLock, run::RunRow, tenant::Tenant};
use testkit::database::{Backend, FixedClock};
use tokio::sync::Semaphore;

use crate::{
    crash::undisturbed,
    effects::{assert_same, effects, letters, told},
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// A gate that holds whoever comes by until it is opened.
struct Gate {
    waiting: Semaphore,
    open: Semaphore,
}

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Self { waiting: Semaphore::new(0), open: Semaphore::new(0) })
    }

    async fn pass(&self) {
        self.waiting.add_permits(1);
        self.open.acquire().await.expect("nobody closes it for good").forget();
    }

    /// Waits until somebody stands before it.
    async fn somebody_waits(&self) {
        self.waiting.acquire().await.expect("nobody closes it for good").forget();
    }

    fn let_all_pass(&self) {
        self.open.add_permits(1_000);
    }
}

/// Plans by the rules, once it is let through.
struct SlowPlanner(Arc<Gate>);

#[async_trait]
impl Planner for SlowPlanner {
    async fn propose(&self, inputs: &PlanInputs) -> Result<Vec<Proposal>, PlannerError> {
        self.0.pass().await;
        Ok(plan(inputs))
    }
}

/// Lets some letters through, and takes so long over the next that the line has gone dead by then.
struct DeadLine {
    good_for: Mutex<usize>,
    gate: Arc<Gate>,
    shared: Arc<FakeTransport>,
}

impl DeadLine {
    fn after(letters: usize, gate: &Arc<Gate>, rig: &Rig) -> Arc<Self> {
        let (gate, shared) = (gate.clone(), rig.transport.clone());
        Arc::new(Self { good_for: Mutex::new(letters), gate, shared })
    }

    fn is_good(&self) -> bool {
        let mut good_for = self.good_for.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = 0 < *good_for;
        *good_for = good_for.saturating_sub(1);
        is_good
    }
}

#[async_trait]
impl MailTransport for DeadLine {
    fn name(&self) -> &'static str {
        self.shared.name()
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        if self.is_good() {
            return self.shared.send(mail).await;
        }
        self.gate.pass().await;
        Err(MailError::Unavailable("the line is dead".to_owned()))
    }

    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError> {
        self.shared.find(intent).await
    }
}

/// Where a worker goes away.
#[derive(Clone, Copy, Debug)]
enum DiesIn {
    /// While it plans.
    Plan,
    /// While it hands over the letter after so many.
    Letter(usize),
}

const DEATHS: [DiesIn; 3] = [DiesIn::Plan, DiesIn::Letter(0), DiesIn::Letter(3)];

/// Begins the cycle and goes away in the midst of it; gives the run that is left behind.
async fn die(rig: &Rig, town: &Town, place: DiesIn) -> RunRow {
    let gate = Gate::closed();
    let doomed = match place {
        DiesIn::Plan => rig.agent_with(Arc::new(SlowPlanner(gate.clone()))),
        DiesIn::Letter(sent) => {
            Agent { transport: DeadLine::after(sent, &gate, rig), ..rig.agent() }
        }
    };
    tokio::select! {
        early = rig.try_cycle(&doomed, town.slug) => panic!("it lives: {early:?}"),
        () = gate.somebody_waits() => {}
    }
    let left = runs(rig, town).await.pop().expect("it had begun");
    assert_eq!(left.status, RunStatus::Running);
    left
}

async fn fresh(backend: Backend) -> (Rig, Town) {
    let rig = Rig::on(backend, at(OPENING)).await;
    let town = Town::build(&rig, "ahorn", &Setup::default()).await;
    (rig, town)
}

fn elsewhere(rig: &Rig) -> Agent {
    Agent { instance: "second".to_owned(), ..rig.agent() }
}

fn lapse(rig: &Rig) {
    rig.clock.advance(TimeDelta::seconds(LOCK_TTL_SECONDS));
}

async fn runs(rig: &Rig, town: &Town) -> Vec<RunRow> {
    rig.test.store.tenant(town.tenant).list_runs(100).await.expect("runs can be read")
}

#[tokio::test]
async fn a_tenant_whose_lock_is_held_is_busy_and_nothing_happens() {
    for backend in Backend::ALL {
        let (rig, town) = fresh(backend).await;
        let now = rig.clock.now();
        let before = effects(&rig, &town).await;
        let store = &rig.test.store;
        let ends_at = now + TimeDelta::seconds(LOCK_TTL_SECONDS);
        let run = store.new_run_id(now);
        let lock =
            store.acquire_tenant(town.tenant, run, "second", None, now, ends_at).await.unwrap();
        assert!(matches!(lock, TenantLock::Held(_)));

        let busy = rig.try_cycle(&rig.agent(), town.slug).await;
        let Err(AgentError::Busy { locked_by, expires_at }) = busy else { panic!("{busy:?}") };
        assert_eq!((locked_by.as_str(), expires_at), ("second", ends_at));
        assert!(runs(&rig, &town).await.is_empty());
        assert_same(&effects(&rig, &town).await, &before, "a tenant that is busy");

        lapse(&rig);
        rig.cycle(&rig.agent(), town.slug).await;
    }
}

/// A worker dies in the midst of the cycle: within the hour somebody else goes on with the same run.
#[tokio::test]
async fn a_run_of_the_dead_is_taken_up_within_its_hour() {
    for backend in Backend::ALL {
        let (whole, of_whole, block, _) = undisturbed(backend).await;
        let expected = effects(&whole, &of_whole).await;
        for place in DEATHS {
            let (rig, town) = fresh(backend).await;
            let left = die(&rig, &town, place).await;
            let busy = rig.try_cycle(&elsewhere(&rig), town.slug).await;
            assert!(matches!(busy, Err(AgentError::Busy { .. })), "it may live yet: {busy:?}");
            lapse(&rig);
            let result = rig.try_cycle(&elsewhere(&rig), town.slug).await.unwrap();
            assert_eq!(result.work_block.run, left.id, "{place:?}");
            assert_eq!(result.work_block.started_at, left.started_at);
            assert_same(&effects(&rig, &town).await, &expected, "what was done");
            assert_same(&told(&result.work_block), &told(&block), "what is on record");
        }
    }
}

/// What an abandoned run would have come to believe is lost with it; what it did is not.
///
/// Two touches of an account count as one if they bear one moment, so its clock depends on who sent when.
pub fn without_beliefs(effects: BTreeSet<String>) -> BTreeSet<String> {
    let is_lost =
        |line: &str| line.starts_with("memory: hypothesis") || line.starts_with("clock account");
    effects.into_iter().filter(|line| !is_lost(line)).collect()
}

/// Nobody comes within the hour: the next hour's run closes the old one, stands for both, and goes on from there.
#[tokio::test]
async fn a_run_of_the_dead_is_abandoned_by_the_next_hour() {
    for backend in Backend::ALL {
        let (whole, of_whole, ..) = undisturbed(backend).await;
        for _ in 0..3 {
            whole.next_hour();
            whole.cycle(&whole.agent(), of_whole.slug).await;
        }
        let expected = without_beliefs(effects(&whole, &of_whole).await);
        for place in DEATHS {
            let (rig, town) = fresh(backend).await;
            let left = die(&rig, &town, place).await;

            rig.next_hour();
            let block = rig.cycle(&elsewhere(&rig), town.slug).await;
            assert_ne!(block.run, left.id);
            assert_eq!((block.hours_covered, block.cycle_number), (2, 2));
            let closed = rig.test.store.tenant(town.tenant).find_run(left.id).await.unwrap();
            let closed = closed.unwrap();
            assert_eq!(closed.status, RunStatus::Abandoned);
            assert!(closed.error.unwrap().contains("went away"));
            for _ in 0..2 {
                rig.next_hour();
                assert_eq!(rig.cycle(&elsewhere(&rig), town.slug).await.hours_covered, 1);
            }
            assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
            let found = without_beliefs(effects(&rig, &town).await);
            assert_same(&found, &expected, "what was done in the end");
        }
    }
}

/// A worker freezes before its plan is written down, and wakes when somebody else has done the work.
#[tokio::test]
async fn a_worker_that_wakes_late_plans_nothing() {
    for backend in Backend::ALL {
        let (whole, of_whole, ..) = undisturbed(backend).await;
        let expected = effects(&whole, &of_whole).await;
        let (rig, town) = fresh(backend).await;
        let gate = Gate::closed();
        let slow = rig.agent_with(Arc::new(SlowPlanner(gate.clone())));
        let mut frozen = Box::pin(rig.try_cycle(&slow, town.slug));
        tokio::select! {
            early = &mut frozen => panic!("it was not held: {early:?}"),
            () = gate.somebody_waits() => {}
        }
        lapse(&rig);
        let result = rig.try_cycle(&elsewhere(&rig), town.slug).await.unwrap();
        gate.let_all_pass();
        let late = frozen.await;
        assert!(
            matches!(late, Err(AgentError::Store(StoreError::FenceLost { .. }))),
            "it wrote although it was late: {late:?}"
        );
        assert_same(&effects(&rig, &town).await, &expected, "what was done");
        let there = runs(&rig, &town).await;
        assert_eq!(there.len(), 1);
        assert_eq!((there[0].status, there[0].id), (RunStatus::Completed, result.work_block.run));
        assert_eq!(there[0].work_block, result.work_block);
    }
}

/// A worker freezes while it hands a letter over, and the line is dead when it wakes.
#[tokio::test]
async fn a_worker_that_wakes_late_sends_and_records_nothing() {
    for backend in Backend::ALL {
        let (whole, of_whole, ..) = undisturbed(backend).await;
        let expected = effects(&whole, &of_whole).await;
        let (rig, town) = fresh(backend).await;
        let gate = Gate::closed();
        let slow = Agent { transport: DeadLine::after(2, &gate, &rig), ..rig.agent() };
        let mut frozen = Box::pin(rig.try_cycle(&slow, town.slug));
        tokio::select! {
            early = &mut frozen => panic!("it was not held: {early:?}"),
            () = gate.somebody_waits() => {}
        }
        lapse(&rig);
        rig.try_cycle(&elsewhere(&rig), town.slug).await.unwrap();
        gate.let_all_pass();
        let late = frozen.await;
        assert!(
            matches!(late, Err(AgentError::Store(StoreError::FenceLost { .. }))),
            "it wrote although it was late: {late:?}"
        );
        assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
        assert_same(&effects(&rig, &town).await, &expected, "what was done");
    }
}

/// Two processes ask for the same hour at once: one does it, and the other is told so.
#[tokio::test]
async fn of_two_who_begin_at_once_one_does_the_work() {
    for backend in Backend::ALL {
        let (whole, of_whole, ..) = undisturbed(backend).await;
        let expected = effects(&whole, &of_whole).await;
        for _ in 0..5 {
            let (rig, town) = fresh(backend).await;
            let (here, there) = (rig.agent(), elsewhere(&rig));
            let (one, other) =
                tokio::join!(rig.try_cycle(&here, town.slug), rig.try_cycle(&there, town.slug));
            let mut worked = 0;
            for result in [one, other] {
                match result {
                    Ok(result) => worked += i32::from(!result.was_there),
                    Err(AgentError::Busy { .. }) => {}
                    Err(error) => panic!("neither done nor busy: {error}"),
                }
            }
            assert_eq!(worked, 1);
            assert_eq!(runs(&rig, &town).await.len(), 1);
            assert_same(&effects(&rig, &town).await, &expected, "what was done");
        }
    }
}

/// What happens while a worker looks at the clock.
type Happening = Box<dyn Fn() + Send + Sync>;

/// Shows the time, and lets something else happen when it is looked at for the given time.
struct Interruptions {
    clock: Arc<FixedClock>,
    looks: Mutex<u32>,
    then: Vec<(u32, Happening)>,
}

/// What an agent looks at the clock for.
mod look {
    /// When it takes the lock.
    pub const LOCK: u32 = 2;
    /// When it renews the lock between Plan and Act.
    pub const ACT: u32 = 3;
    /// When it renews the lock between Act and React.
    pub const REACT: u32 = 4;
}

impl Clock for Interruptions {
    fn now(&self) -> Timestamp {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        *looks += 1;
        for (_, happen) in self.then.iter().filter(|(look, _)| look == &*looks) {
            happen();
        }
        self.clock.now()
    }
}

/// Something that another process does, with a thread, a runtime and connections of its own, since this one's runtime
/// waits for it.
fn apart(
    rig: &Rig,
    tenant: &Tenant,
    look: impl Fn(Result<bool, AgentError>) + Send + Sync + 'static,
) -> Happening {
    let (other, of_other) = (elsewhere(rig), tenant.clone());
    let config = rig.test.config().clone();
    Box::new(move || {
        let (agent, tenant, config) = (other.clone(), of_other.clone(), config.clone());
        let apart = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let db = connect(&config).await.expect("the database answers");
                let store = Store::new(db, Arc::new(SeededIds::new(8)));
                let agent = Agent { store, ..agent };
                agent.run_cycle(&tenant, CycleRequest::Due).await.map(|it| it.was_there)
            })
        });
        look(apart.join().expect("it does not panic"));
    })
}

fn interrupted(rig: &Rig, then: Vec<(u32, Happening)>) -> Agent {
    let (clock, looks) = (rig.clock.clone(), Mutex::default());
    Agent { clock: Arc::new(Interruptions { clock, looks, then }), ..rig.agent() }
}

/// Another process does the whole hour between this one's first look at the records and its lock.
#[tokio::test]
async fn an_hour_that_was_done_meanwhile_is_not_done_again() {
    for backend in Backend::ALL {
        let (rig, town) = fresh(backend).await;
        let tenant = rig.tenant(town.slug).await;
        let then = apart(&rig, &tenant, |was_there| {
            assert!(!was_there.expect("it gets through"), "it was done before");
        });
        let late = interrupted(&rig, vec![(look::LOCK, then)]);
        let result = late.run_cycle(&tenant, CycleRequest::Due).await.unwrap();
        assert!(result.was_there);
        assert_eq!(runs(&rig, &town).await.len(), 1);
        assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
    }
}

/// A worker freezes between two phases; when it wakes, the hour was done by another, and it does nothing more.
#[tokio::test]
async fn a_worker_that_wakes_between_two_phases_does_nothing_more() {
    for backend in Backend::ALL {
        let (rig, town) = fresh(backend).await;
        let tenant = rig.tenant(town.slug).await;
        let clock = rig.clock.clone();
        let hour = apart(&rig, &tenant, |was_there| {
            assert!(!was_there.expect("it gets through"), "it was done before");
        });
        let then: Happening = Box::new(move || {
            clock.advance(TimeDelta::seconds(LOCK_TTL_SECONDS));
            hour();
        });
        let late = interrupted(&rig, vec![(look::ACT, then)]);
        let error = late.run_cycle(&tenant, CycleRequest::Due).await.map(|_| ()).unwrap_err();
        let is_lost = matches!(error, AgentError::Store(StoreError::FenceLost { .. }));
        assert!(is_lost, "{error:?}");
        let there = runs(&rig, &town).await;
        assert_eq!(there.len(), 1);
        assert_eq!(there[0].status, RunStatus::Completed);
        assert!(there[0].work_block.reflect.is_some(), "the other's record stands");
        assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
    }
}

/// Phases that together take longer than a hold on the lock keep it all the same.
#[tokio::test]
async fn a_long_cycle_keeps_its_lock() {
    let (rig, town) = fresh(Backend::Sqlite).await;
    let tenant = rig.tenant(town.slug).await;
    let part = TimeDelta::seconds(LOCK_TTL_SECONDS * 2 / 3);
    let (clock, second) = (rig.clock.clone(), rig.clock.clone());
    let other = apart(&rig, &tenant, |result| {
        assert!(matches!(result, Err(AgentError::Busy { .. })), "{result:?}");
    });
    let goes_by: Happening = Box::new(move || {
        clock.advance(part);
    });
    let goes_on: Happening = Box::new(move || {
        second.advance(part);
        other();
    });
    let long = interrupted(&rig, vec![(look::ACT, goes_by), (look::REACT, goes_on)]);
    let result = long.run_cycle(&tenant, CycleRequest::Due).await.unwrap();
    assert!(!result.was_there);
    assert!(result.work_block.reflect.is_some());
}

/// A run that failed stays failed for its hour, and the next hour's stands for both.
#[tokio::test]
async fn a_failed_hour_is_told_and_made_up_for() {
    struct Broken;
    #[async_trait]
    impl Planner for Broken {
        async fn propose(&self, _: &PlanInputs) -> Result<Vec<Proposal>, PlannerError> {
            Err(PlannerError::Unavailable("no model".to_owned()))
        }
    }
    let (rig, town) = fresh(Backend::Sqlite).await;
    let failed = rig.try_cycle(&rig.agent_with(Arc::new(Broken)), town.slug).await;
    assert!(matches!(failed, Err(AgentError::Planner(_))), "{failed:?}");
    let closed = rig.try_cycle(&rig.agent(), town.slug).await.map(|_| ()).unwrap_err();
    assert!(matches!(closed, AgentError::HourIsClosed { .. }), "{closed:?}");
    assert!(closed.to_string().contains("no model"), "{closed}");
    assert!(rig.transport.sent().is_empty());

    rig.next_hour();
    let block = rig.cycle(&rig.agent(), town.slug).await;
    assert_eq!((block.hours_covered, block.cycle_number), (2, 2));
    assert!(!rig.transport.sent().is_empty());
    assert_eq!(block.due_hour, Some(due_hour(rig.clock.now())));
    let again = rig.agent().run_cycle(&rig.tenant(town.slug).await, CycleRequest::Due).await;
    assert!(again.unwrap().was_there);
}
