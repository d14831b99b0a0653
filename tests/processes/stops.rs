//! Asked to stop, again and again, with jobs running and jobs that wait: nothing is begun twice.

use std::fs;

use domain::cycle::RunStatus;
use store::run::RunRow;

use crate::{
    house::{House, Open, gist},
    ledger::Ledger,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_finishes_what_it_has() {
    let mut house = House::new();
    for stop in 1..=5 {
        let process = house.start();
        let open = house.open().await;
        let enough = open.completed().await + 2;
        open.until_completed(enough).await;
        assert!(process.stopped().success(), "a stop that was asked for is no failure");
        let log = fs::read_to_string(house.log(stop)).unwrap();
        assert!(!log.contains("has the lease"), "the one before gave the lease back: {log}");
        let runs = open.runs().await;
        let wrong: Vec<_> = runs.iter().filter(|run| run.hours_covered != 1).map(gist).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    let ledger = Ledger::read(&house);
    assert_eq!(ledger.repeats(), 0, "what ran was finished, and the rest was not begun");
}

/// The disk is full for a while: nothing is lost, and the process is still there when it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_nothing_but_time() {
    let mut house = House::new();
    let process = house.start();
    let open = house.open().await;
    open.until_completed(2).await;
    open.store.close().await.unwrap();
    assert!(process.stopped().success());

    // No file may grow beyond what the database has by now.
    let bytes = fs::metadata(house.path().join("data/steward.db")).unwrap().len();
    assert!(!house.path().join("data/steward.db-wal").exists(), "the log is written back");
    let mut process = house.start_limited(bytes + 200_000);
    let open = house.open().await;
    open.until(async |_| house.has_logged(&["disk"])).await;
    // It stops what it runs, and tries again and again to have its lease back.
    open.until(async |_| house.has_logged(&["the lease is over"])).await;
    open.until(async |_| house.has_logged(&["the lease cannot be taken"])).await;
    let log = fs::read_to_string(house.log(house.started)).unwrap();
    assert!(process.is_alive(), "a full disk ends no process: {log}");
    process.kill_9();
    let before = open.completed().await;

    let process = house.start();
    open.until_completed(before + 3).await;
    let ended = process.stopped();
    assert!(ended.success(), "{}", fs::read_to_string(house.log(house.started)).unwrap());
    check_whole(&house, &open).await;
}

/// No hour was missed or failed, and every letter of the ledger lies in the outbox.
async fn check_whole(house: &House, open: &Open) {
    let runs = open.runs().await;
    let is_whole = |run: &&RunRow| run.hours_covered == 1 && run.status == RunStatus::Completed;
    let wrong: Vec<_> = runs.iter().filter(|run| !is_whole(run)).map(gist).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(open.letters().await.values().sum::<usize>(), house.letters());
}

/// Frozen for longer than its lease, as a machine that sleeps: another one has taken over when it wakes.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_wakes_late_finds_another_one_and_ends() {
    let mut house = House::new();
    let frozen = house.start();
    let open = house.open().await;
    open.until_completed(2).await;
    frozen.signal("STOP");
    let before = open.completed().await;

    let other = house.start();
    open.until_completed(before + 3).await;
    frozen.signal("CONT");
    assert!(!frozen.ended().success(), "it is told that it is not the one any more");
    let log = fs::read_to_string(house.log(1)).unwrap();
    assert!(log.contains("another process works on this database"), "{log}");

    let meanwhile = open.completed().await;
    open.until_completed(meanwhile + 3).await;
    assert!(other.stopped().success());
    check_whole(&house, &open).await;
    assert_eq!(
        Ledger::read(&house).needless(),
        Vec::<&str>::new(),
        "what had ended, or ran already"
    );
}
