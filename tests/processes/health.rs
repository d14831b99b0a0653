//! What a worker tells of itself.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use domain::metrics as names;
use serde_json::Value;

use crate::house::{House, PATIENCE};

/// What stands in a worker's log before the address of its port.
const TOLD_ON: &str = "its health is told on ";

/// What a worker counts once it has run a cycle.
const COUNTED: [&str; 21] = [
    names::LETTERS,
    names::LOCK_CONTENTION,
    names::QUEUE_JOBS,
    names::QUEUE_OLDEST_SECONDS,
    names::QUEUE_RESCUES,
    names::QUEUE_LEASES_LOST,
    names::OUTBOX_JOBS,
    names::OUTBOX_OLDEST_SECONDS,
    names::JOB_ATTEMPTS,
    names::JOB_SECONDS,
    names::JOB_WAIT_SECONDS,
    names::WORKER_JOBS,
    names::WORKER_SLOTS,
    names::WORKER_READY,
    names::JOBS_RELAYED,
    names::SCHEDULE_FIRES,
    names::CYCLES,
    names::CYCLE_ACTIONS,
    names::ACTIONS,
    names::ENGAGEMENT_COMPLIANCE,
    names::ORDERS_CHECKED,
];

fn ask(base: &str, path: &str) -> (u16, String) {
    let asked = ureq::get(format!("{base}{path}")).config().http_status_as_error(false).build();
    let mut answer = asked.call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// What the image asks.
fn is_answering(base: &str) -> bool {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/image/answers");
    let port = base.rsplit(':').next().unwrap();
    let asked = Command::new(script).args([port, "/health/ready"]).output();
    asked.unwrap().status.success()
}

/// Looks again and again until something is so.
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it did not come to be");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn address(house: &House, number: usize) -> String {
    until(|| {
        let log = std::fs::read_to_string(house.log(number)).unwrap();
        let line = log.lines().find_map(|line| line.split_once(TOLD_ON))?;
        Some(line.1.trim().to_owned())
    })
}

#[test]
fn a_worker_tells_whether_it_gets_on_what_it_does_and_what_it_counts() {
    for is_fleet in [false, true] {
        let mut house = if is_fleet { House::of_fleet() } else { House::new() };
        house.says("up --demo --once");
        let worker = house.start_as("worker --queues agent,maintenance --listen 127.0.0.1:0");
        let base = address(&house, 1);
        assert_eq!(ask(&base, "/health/live"), (200, r#"{"status":"live"}"#.to_owned()));
        until(|| (ask(&base, "/health/ready").0 == 200).then_some(()));
        let (_, status) = ask(&base, "/status");
        let status: Value = serde_json::from_str(&status).unwrap();
        assert!(status["instance"].as_str().unwrap().contains('/'), "{status}");
        let queues: Vec<_> = status["queues"].as_array().unwrap().iter().collect();
        assert_eq!(queues.len(), 2, "{status}");
        assert_eq!(queues[0]["slots"], 4, "{status}");

        let listed = until(|| {
            let all: Value = serde_json::from_str(&house.says("workers --json")).unwrap();
            let all = all["workers"].as_array().unwrap().clone();
            // What it did when it was seen first is said again within seconds.
            let works = all
                .iter()
                .any(|it| it["doing"]["queues"].as_array().is_some_and(|it| it.len() == 2));
            works.then_some(all)
        });
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["instance"], status["instance"]);
        assert!(house.says("workers").contains("jobs in hand: agent "));

        // The demo's next hour is there at once.
        let counted = until(|| {
            let (_, text) = ask(&base, "/metrics");
            text.contains("steward_cycles_total{outcome=\"completed\"} 1").then_some(text)
        });
        for name in COUNTED {
            let is_there = counted.lines().any(|line| line.starts_with(name));
            assert!(is_there, "{name} is not counted: {counted}");
        }
        assert!(counted.contains("steward_worker_ready 1\n"), "{counted}");
        assert!(!counted.contains("example"), "no address stands in a metric");
        assert!(is_answering(&base), "the image's own health check says so too");
        assert!(worker.stopped().success());
        assert!(!is_answering(&base), "nobody is there any more");
        assert_eq!(house.says("workers"), "nobody works: `steward up`, or `steward worker`\n");
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_the_way_out() {
    let house = House::new();
    house.says("up --demo --once");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = house.run(&format!("worker --listen {address}"));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(told.contains(&format!("cannot listen on {address}")), "{told}");
    assert!(told.contains("STEWARD_WORKER_LISTEN"), "{told}");
}
