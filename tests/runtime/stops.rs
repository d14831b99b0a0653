//! A process that stops.

use std::time::{Duration, Instant};

use jobs::Queue;
use queue::{Engine, State};
use worker::runtime::Stopping;

use crate::rig::{Do, LEASE, Rig};

/// With jobs running, buffered and queued: what runs is finished, the rest is as if nobody had touched it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_finishes_what_runs_and_begins_nothing() {
    let rig = Rig::new();
    let process = rig.start(2);
    let running = [rig.add(Do::Wait).await, rig.add(Do::Wait).await];
    rig.until_begun(2).await;
    let mut queued = Vec::new();
    for _ in 0..10 {
        queued.push(rig.add(Do::Succeed).await);
    }
    process.stop.send_replace(Stopping::Drain);
    // A lease lasts by the machine's own time, so a lease and a half of it has to go by.
    tokio::time::sleep(LEASE + LEASE / 2).await;
    for id in running {
        let found = rig.found(id).await;
        assert_eq!(
            (found.state, found.rescues),
            (State::Running, 0),
            "its lease goes on meanwhile"
        );
    }
    rig.stage.gate.add_permits(2);
    assert_eq!(process.ended().await.unfinished, 0);
    for id in running {
        assert_eq!(rig.found(id).await.state, State::Completed);
    }
    for id in queued {
        let found = rig.found(id).await;
        assert_eq!((found.state, found.attempt, rig.stage.begun(id)), (State::Ready, 0, 0));
    }
    assert_eq!(rig.engine.stats(Queue::Agent).await.unwrap().leases_lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_finish_in_time_is_given_back_with_its_attempt() {
    let rig = Rig::new();
    let process = rig.start_draining(2, Duration::from_millis(100));
    let long = rig.add(Do::Wait).await;
    rig.until_begun(1).await;
    assert_eq!(process.stop(Stopping::Drain).await.unfinished, 1);
    let found = rig.found(long).await;
    assert_eq!((found.state, found.attempt, found.rescues), (State::Ready, 0, 0));

    let process = rig.start(2);
    rig.stage.gate.add_permits(1);
    assert_eq!(rig.until(long, State::Completed).await.attempt, 1);
    process.stop(Stopping::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_waits_for_nothing() {
    let rig = Rig::new();
    let process = rig.start_draining(2, Duration::from_secs(600));
    let long = rig.add(Do::Forever).await;
    rig.until_begun(1).await;
    process.stop.send_replace(Stopping::Drain);
    let began = Instant::now();
    assert_eq!(process.stop(Stopping::AtOnce).await.unfinished, 1);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(rig.found(long).await.state, State::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_stops_at_once() {
    let rig = Rig::new();
    let process = rig.start(2);
    let began = Instant::now();
    assert_eq!(process.stop(Stopping::Drain).await.unfinished, 0);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Four processes in turn, each stopped in the midst of its work: every job is done once.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_nothing_and_doubles_nothing() {
    let rig = Rig::new();
    let mut all = Vec::new();
    for _ in 0..200 {
        all.push(rig.add(Do::Block { ms: 1 }).await);
    }
    for _ in 0..4 {
        let process = rig.start(8);
        let target = (rig.stage.total() + 30).min(200);
        rig.until_begun(target).await;
        process.stop(Stopping::Drain).await;
    }
    let process = rig.start(8);
    for id in all {
        rig.until(id, State::Completed).await;
        assert_eq!(rig.stage.begun(id), 1);
    }
    process.stop(Stopping::Drain).await;
}
