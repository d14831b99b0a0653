//! How jobs end.

use std::time::{Duration, Instant};

use jobs::Queue;
use queue::{CancelOutcome, Claim, Engine, State};
use worker::runtime::Stopping;

use crate::rig::{Do, LEASE, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_an_attempt_becomes_its_state() {
    let rig = Rig::new();
    let process = rig.start(4);
    let done = rig.add(Do::Succeed).await;
    let skipped = rig.add(Do::Skip).await;
    let again = rig.add(Do::FailOnce).await;
    let snoozed = rig.add(Do::SnoozeOnce).await;
    let failed = rig.add(Do::Fail).await;
    let buried = rig.add(Do::Bury).await;
    rig.until(done, State::Completed).await;
    rig.until(skipped, State::Completed).await;
    assert_eq!(rig.until(again, State::Completed).await.attempt, 2);
    let found = rig.until(snoozed, State::Completed).await;
    assert_eq!((found.attempt, found.snoozes), (1, 1));
    let found = rig.until(failed, State::Dead).await;
    assert_eq!((found.attempt, rig.stage.begun(failed)), (3, 3));
    assert_eq!(found.error.as_deref(), Some("failed 3 times, at last: no answer"));
    let found = rig.until(buried, State::Dead).await;
    assert_eq!((found.attempt, found.error.as_deref()), (1, Some("no such thing")));
    assert_eq!(process.stop(Stopping::Drain).await.unfinished, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_parked_with_its_reason() {
    let rig = Rig::new();
    let process = rig.start(4);
    let retired = rig.keep(rig.task(|it| it.name = "sync_fax".to_owned())).await;
    let newer = rig.keep(rig.task(|it| it.version = 99)).await;
    let other = rig.task(|it| it.payload = serde_json::value::to_raw_value(&7).unwrap());
    let other = rig.keep(other).await;
    let broken =
        rig.keep(queue::NewTask { body: b"no envelope".to_vec(), ..rig.task(|_| {}) }).await;
    let good = rig.add(Do::Succeed).await;
    for (id, reason) in [
        (retired, "it is retired, or newer (`sync_fax`)"),
        (newer, "99 of `act` is newer than 1"),
        (other, "it is no JSON, or of another form"),
        (broken, "cannot be read as an envelope"),
    ] {
        let error = rig.until(id, State::Dead).await.error.unwrap();
        assert!(error.contains(reason), "{error}");
    }
    rig.until(good, State::Completed).await;
    process.stop(Stopping::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failure_and_takes_nobody_along() {
    let rig = Rig::new();
    let process = rig.start(4);
    let neighbour = rig.add(Do::Wait).await;
    let panics = rig.add(Do::Panic).await;
    let found = rig.until(panics, State::Dead).await;
    assert_eq!(found.attempt, 3);
    assert_eq!(found.error.as_deref(), Some("failed 3 times, at last: its handler panicked"));
    rig.stage.gate.add_permits(1);
    assert_eq!(rig.until(neighbour, State::Completed).await.attempt, 1);
    process.stop(Stopping::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_never_ends_is_ended() {
    let rig = Rig::new();
    let process = rig.start(4);
    let endless = rig.add(Do::Forever).await;
    let began = Instant::now();
    let found = rig.until(endless, State::Dead).await;
    assert_eq!((found.attempt, found.rescues), (3, 0), "{found:?}");
    assert_eq!(found.error.as_deref(), Some("failed 3 times, at last: it took longer than 3 s"));
    assert!(Duration::from_secs(9) <= began.elapsed());
    process.stop(Stopping::Drain).await;
}

/// Every thread of the runtime is held for three leases: no job is taken from this worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_block_cost_no_lease() {
    let rig = Rig::new();
    let process = rig.start(6);
    let waiting = rig.add(Do::Wait).await;
    rig.until_begun(1).await;
    let mut all = vec![waiting];
    for _ in 0..4 {
        all.push(rig.add(Do::Block { ms: 2_000 }).await);
    }
    rig.stage.gate.add_permits(1);
    for id in all {
        let found = rig.until(id, State::Completed).await;
        assert_eq!((found.attempt, found.rescues), (1, 0), "{found:?}");
        assert_eq!(rig.stage.begun(id), 1);
    }
    let stats = rig.engine.stats(Queue::Agent).await.unwrap();
    assert_eq!((stats.leases_lost, stats.rescues), (0, 0));
    process.stop(Stopping::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_called_off_within_a_second() {
    let rig = Rig::new();
    let process = rig.start(4);
    let listens = rig.add(Do::Listen).await;
    let deaf = rig.add(Do::Wait).await;
    rig.until_begun(2).await;
    for id in [listens, deaf] {
        assert_eq!(rig.engine.cancel(id).await.unwrap(), CancelOutcome::Requested);
    }
    let began = Instant::now();
    rig.until(listens, State::Completed).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    rig.until(deaf, State::Cancelled).await;
    process.stop(Stopping::Drain).await;
}

/// A job whose worker went away twice runs with nothing beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspect_runs_alone() {
    let rig = Rig::new();
    let suspect = rig.add(Do::Block { ms: 300 }).await;
    for rescues in 1..=2 {
        let claim =
            Claim { queue: Queue::Agent, worker: "gone", max: 1, lease: LEASE, is_idle: true };
        let claimed = rig.engine.claim(claim).await.unwrap();
        assert_eq!(claimed.tasks.len(), 1);
        assert_eq!(rig.until(suspect, State::Ready).await.rescues, rescues);
    }
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(rig.add(Do::Block { ms: 20 }).await);
    }
    let process = rig.start(4);
    rig.until(suspect, State::Completed).await;
    for id in others {
        rig.until(id, State::Completed).await;
    }
    let together = rig.stage.together.lock().unwrap().clone();
    assert_eq!(together[&suspect], 1, "it began beside others");
    process.stop(Stopping::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_run_at_once_than_may() {
    let rig = Rig::new();
    for _ in 0..50 {
        rig.add(Do::Block { ms: 2 }).await;
    }
    let process = rig.start(3);
    rig.until_begun(50).await;
    process.stop(Stopping::Drain).await;
    let together = rig.stage.together.lock().unwrap();
    assert!(together.values().all(|it| *it <= 3), "{together:?}");
}
