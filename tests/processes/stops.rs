//! Asked to stop, again and again, with jobs running and jobs that wait: nothing is begun twice.

use std::{fs, time::Instant};

use crate::{
    house::{House, gist},
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

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_is_obeyed_at_once() {
    let mut house = House::new();
    let process = house.start();
    house.open().await.until_completed(1).await;
    let asked = Instant::now();
    process.signal("TERM");
    process.signal("INT");
    assert!(process.ended().success());
    assert!(asked.elapsed().as_secs() < 10, "it took {:?}", asked.elapsed());
}
