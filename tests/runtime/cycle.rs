//! The cycle as a chain of jobs: as good as the phases one after the other, and over any interruption.

use std::{sync::Arc, time::Duration};

use agent::{Agent, AgentError, CycleRequest, PhaseEnd, PhaseJob, RulePlanner};
use async_trait::async_trait;
use connectors::mail::{FakeTransport, MailError, MailTransport, OutgoingMail, Whereabouts};
use domain::{
    cycle::{Phase, RunStatus, WorkBlock},
    id::{OutboundId, TenantId},
    time::{Clock, Timestamp},
};
use entity::recorded_jobs;
use jobs::{Pause, Queue};
use platform::SystemClock;
use queue::Engine;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use store::{
    Store, Transition,
    recorded::{JobFilter, RecordedJob, RecordedState},
    run::RunRow,
};
use testkit::database::{Backend, TestDb, open};
use tokio::sync::watch;
use worker::{
    handlers::{self, App, SCHEDULES},
    runtime::{Records, Relay, Runtime, RuntimeOptions, Scheduler, Stopping},
};

use crate::rig::{LEASE, Rig, eventually};

/// The demo's company, which has a clock of its own, and a queue.
struct Firm {
    test: TestDb,
    tenant: TenantId,
    transport: Arc<FakeTransport>,
    rig: Rig,
}

impl Firm {
    async fn open(backend: Backend) -> Self {
        let test = open(backend).await;
        let tenant = demo::install(&test.store, SystemClock.now()).await.unwrap().tenant;
        Self { test, tenant, transport: Arc::new(FakeTransport::default()), rig: Rig::new() }
    }

    fn agent(&self, instance: &str) -> Agent {
        Agent {
            store: self.test.store.clone(),
            clock: Arc::new(SystemClock),
            transport: self.transport.clone(),
            planner: Arc::new(RulePlanner),
            turnstile: None,
            instance: instance.to_owned(),
        }
    }

    fn app(&self, instance: &str) -> Arc<App> {
        Arc::new(App { agent: self.agent(instance), ended: None })
    }

    fn records(&self) -> Records {
        let registry = Arc::new(handlers::registry().unwrap());
        let (store, clock) = (self.test.store.clone(), Arc::new(SystemClock));
        Records::new(store, clock, registry, self.app("records"))
    }

    /// As a process that was just started does.
    async fn record_hour(&self) {
        let hourly = &SCHEDULES[..1];
        let (store, clock) = (self.test.store.clone(), Arc::new(SystemClock));
        Scheduler::new(store, clock, hourly).unwrap().pass().await.unwrap();
    }

    async fn latest(&self) -> Option<RunRow> {
        self.test.store.tenant(self.tenant).find_latest_run().await.unwrap()
    }

    /// Works as one process for so long, or until nothing is recorded that is not settled; then goes away in haste.
    async fn work_for(&self, instance: &str, time: Duration) {
        let options = RuntimeOptions {
            worker: instance.to_owned(),
            concurrency: vec![(Queue::Agent, 2)],
            lease: LEASE,
            drain: Duration::ZERO,
        };
        let (app, registry) = (self.app(instance), Arc::new(handlers::registry().unwrap()));
        let engine: Arc<dyn Engine> = self.rig.engine.clone();
        let runtime =
            Runtime::new(engine.clone(), registry, app, options).with_records(self.records());
        let relay = Relay::new(self.records(), engine);
        let (stop, stopped) = watch::channel(Stopping::No);
        let watching = async {
            let _in_time = tokio::time::timeout(time, self.until_settled()).await;
            stop.send_replace(Stopping::AtOnce);
        };
        let (ended, (), ()) =
            tokio::join!(runtime.run(stopped.clone()), relay.run(stopped), watching);
        ended.unwrap();
    }

    async fn until_settled(&self) {
        let open = [RecordedState::Waiting, RecordedState::Relayed].map(RecordedState::as_str);
        // Asked in one statement: a job is settled and the next one recorded in one transaction.
        let left =
            recorded_jobs::Entity::find().filter(recorded_jobs::Column::State.is_in(open)).limit(1);
        eventually(async || {
            let left = left.clone().all(&self.test.db).await.unwrap();
            left.is_empty().then_some(())
        })
        .await;
    }
}

/// What a cycle did, without the ids and moments that differ from run to run.
fn gist(block: &WorkBlock) -> String {
    let (plan, act) = (block.plan.as_ref().unwrap(), block.act.as_ref().unwrap());
    let (react, reflect) = (block.react.as_ref().unwrap(), block.reflect.as_ref().unwrap());
    format!(
        "{:?} {} queued {} awaiting {} blocked, {} {:?} checked {} accepted {} done {} failed {} stopped \
         {} deferred, {:?} {:?}, {} hypotheses",
        plan.inputs,
        plan.queue.len(),
        plan.awaiting.len(),
        plan.blocked.len(),
        act.findings_digest,
        act.faults,
        act.orders_checked,
        act.orders_accepted,
        act.done.len(),
        act.failed.len(),
        act.stopped.len(),
        react.outcomes,
        react.metrics,
        reflect.hypotheses.len(),
    ) + &format!(" {} deferred", act.deferred.len())
}

async fn in_one_process(backend: Backend) -> (Firm, WorkBlock, Timestamp) {
    let firm = Firm::open(backend).await;
    let tenant = firm.test.store.tenant(firm.tenant).get_tenant().await.unwrap();
    let result = firm.agent("whole").run_cycle(&tenant, CycleRequest::Due).await.unwrap();
    let hour = result.work_block.due_hour.unwrap();
    (firm, result.work_block, hour)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_jobs_does_what_the_phases_do_one_after_the_other() {
    for backend in Backend::ALL {
        let (whole, expected, hour) = in_one_process(backend).await;
        let firm = Firm::open(backend).await;
        firm.record_hour().await;
        firm.record_hour().await;
        firm.work_for("here", Duration::from_secs(30)).await;
        let run = firm.latest().await.unwrap();
        assert_eq!((run.status, run.due_hour), (RunStatus::Completed, Some(hour)));
        assert_eq!(gist(&run.work_block), gist(&expected));
        assert_eq!(firm.transport.sent().len(), whole.transport.sent().len());
        let scope = firm.test.store.tenant(firm.tenant);
        let completed = JobFilter::of(RecordedState::Completed);
        let mut done = scope.list_recorded_jobs(&completed, 100).await.unwrap();
        done.reverse();
        let names: Vec<_> = done.iter().map(|job| job.envelope.name.as_str()).collect();
        assert_eq!(names, ["plan_cycle", "act_cycle", "react_cycle", "reflect_cycle"]);

        firm.record_hour().await;
        firm.work_for("here", Duration::from_secs(30)).await;
        let next = firm.latest().await.unwrap();
        assert_eq!((next.cycle_number, next.status), (2, RunStatus::Completed));
        assert_eq!(next.work_block.hours_covered, 1);
    }
}

/// Process after process goes away in the midst of it: the last one ends the same run, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_on_over_any_number_of_processes() {
    let (whole, expected, _) = in_one_process(Backend::Sqlite).await;
    for step_ms in [15, 40, 90, 160] {
        let firm = Firm::open(Backend::Sqlite).await;
        firm.record_hour().await;
        let mut processes = 0;
        while firm.latest().await.is_none_or(|run| run.status != RunStatus::Completed) {
            processes += 1;
            assert!(processes < 60, "it does not come to an end");
            // Longer each time: a plan is one step, and has to fit in.
            let time = Duration::from_millis(step_ms * (1 + processes * processes / 8));
            // Each is somebody else, and goes on with the lock of the one before it.
            firm.work_for(&format!("process {processes}"), time).await;
        }
        let runs = firm.test.store.tenant(firm.tenant).list_runs(9).await.unwrap();
        assert_eq!(runs.len(), 1, "one hour has one run");
        assert_eq!(gist(&runs[0].work_block), gist(&expected), "steps of {step_ms} ms");
        let sent = firm.transport.sent();
        assert_eq!(sent.len(), whole.transport.sent().len());
        assert!(sent.iter().all(|(_, times)| *times == 1), "a letter left twice");
    }
}

/// Whatever becomes of a phase's job, its hour has an end, and the next one stands for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_nobody_will_finish_closes_its_run() {
    for backend in Backend::ALL {
        let firm = Firm::open(backend).await;
        let scope = firm.test.store.tenant(firm.tenant);
        let began_at = scope.get_tenant().await.unwrap().simulated_now.unwrap();
        let open = JobFilter::of(RecordedState::Waiting);

        // Before the run was even begun.
        firm.record_hour().await;
        let plan = scope.list_recorded_jobs(&open, 9).await.unwrap().remove(0);
        let dead = (RecordedState::Dead, Some("it took its process along"));
        let end = async |job: &RecordedJob| {
            firm.records().end(&job.envelope, dead.0, dead.1).await.unwrap()
        };
        assert_eq!(end(&plan).await, Transition::Moved);
        assert_eq!(end(&plan).await, Transition::Lost);
        let run = firm.latest().await.unwrap();
        assert_eq!((run.status, run.error.as_deref()), (RunStatus::Failed, dead.1));
        let now = scope.get_tenant().await.unwrap().simulated_now.unwrap();
        assert_eq!(now, began_at + chrono::TimeDelta::hours(1), "its clock goes on");

        // In the midst of it: Plan is done, and Act is called off.
        firm.record_hour().await;
        let hour = now;
        let job = PhaseJob {
            job: scope.list_recorded_jobs(&open, 9).await.unwrap()[0].envelope.id,
            due_hour: hour,
            phase: Phase::Plan,
            is_last_attempt: false,
        };
        let tenant = scope.get_tenant().await.unwrap();
        let done = firm.agent("first").run_phase(&tenant, &job).await.unwrap();
        assert_eq!(done, PhaseEnd::Done);
        let act = scope.list_recorded_jobs(&open, 9).await.unwrap().remove(0);
        assert_eq!(act.envelope.name, "act_cycle");
        let cancelled = RecordedState::Cancelled;
        firm.records().end(&act.envelope, cancelled, None).await.unwrap();
        let run = firm.latest().await.unwrap();
        assert_eq!((run.status, run.cycle_number), (RunStatus::Failed, 2));
        assert_eq!(run.error.as_deref(), Some("its job was called off"));

        // The hour after that stands for all three, and does what was left.
        firm.record_hour().await;
        firm.work_for("here", Duration::from_secs(30)).await;
        let run = firm.latest().await.unwrap();
        assert_eq!((run.status, run.hours_covered), (RunStatus::Completed, 3));
        assert!(!firm.transport.sent().is_empty());
    }
}

/// Pauses its tenant when so many letters have left.
struct Hushed {
    transport: Arc<FakeTransport>,
    store: Store,
    tenant: TenantId,
    after: usize,
}

#[async_trait]
impl MailTransport for Hushed {
    fn name(&self) -> &'static str {
        self.transport.name()
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let sent = self.transport.send(mail).await;
        if self.transport.sent().len() == self.after {
            let pause = Pause::Tenant(self.tenant);
            self.store.system().insert_pause(&pause, "cli:test", SystemClock.now()).await.unwrap();
        }
        sent
    }

    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError> {
        self.transport.find(intent).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_paused_amid_its_letters_has_none_leave_until_it_goes_on() {
    for backend in Backend::ALL {
        let (whole, expected, _) = in_one_process(backend).await;
        let firm = Firm::open(backend).await;
        let tenant = firm.test.store.tenant(firm.tenant).get_tenant().await.unwrap();
        let hushed = Hushed {
            transport: firm.transport.clone(),
            store: firm.test.store.clone(),
            tenant: firm.tenant,
            after: 3,
        };
        let agent = Agent { transport: Arc::new(hushed), ..firm.agent("here") };
        let stopped = agent.run_cycle(&tenant, CycleRequest::Due).await.map(|_| ()).unwrap_err();
        assert!(matches!(stopped, AgentError::Paused { .. }), "{stopped:?}");
        assert_eq!(firm.transport.sent().len(), 3, "the next letter stays");
        let again = agent.run_cycle(&tenant, CycleRequest::Due).await.map(|_| ()).unwrap_err();
        assert!(matches!(again, AgentError::Paused { .. }), "{again:?}");

        firm.test.store.system().delete_pause(&Pause::Tenant(firm.tenant)).await.unwrap();
        let result = firm.agent("here").run_cycle(&tenant, CycleRequest::Due).await.unwrap();
        assert_eq!(gist(&result.work_block), gist(&expected));
        let sent = firm.transport.sent();
        assert_eq!(sent.len(), whole.transport.sent().len());
        assert!(sent.iter().all(|(_, times)| *times == 1), "a letter left twice");
    }
}
