//! Commands beside a process that works: what people want is heard, and nobody else may work.

use domain::time::Clock;
use store::recorded::RecordedState;

use crate::house::{House, Open};

/// Jobs of somebody else that come and go without an hour of the demo: together they take as long as several.
const STILL: usize = 8;
/// Such jobs at most, until a pause has been heard of.
const PROBES_MAX: usize = 200;

/// Has somebody else's job run, one after the other, until no hour of the demo ends beside them any more.
async fn until_still(house: &House, open: &Open) -> usize {
    let (mut hours, mut still) = (open.completed().await, 0);
    for _ in 0..PROBES_MAX {
        let told = house.says("job enqueue forget_settled_jobs --tenant other --json");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let id = told["job"].as_str().unwrap().parse().unwrap();
        open.until(async |open| {
            let job = open.store.system().find_recorded_job(id).await.unwrap();
            job.unwrap().state == RecordedState::Completed
        })
        .await;
        let now = open.completed().await;
        still = if now == hours { still + 1 } else { 0 };
        hours = now;
        if still == STILL {
            return hours;
        }
    }
    panic!("the demo's hours go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_stands_still_and_goes_on() {
    let mut house = House::new();
    let process = house.start();
    let open = house.open().await;
    open.until_completed(2).await;
    house.says("tenant create other");
    for (pause, resume) in [
        ("tenant pause demo", "tenant resume demo"),
        ("queue pause agent", "queue resume agent"),
        ("queue pause --job plan_cycle", "queue resume --job plan_cycle"),
    ] {
        house.says(pause);
        let hours = until_still(&house, &open).await;
        house.says(resume);
        open.until_completed(hours + 2).await;
    }
    let runs = open.runs().await;
    assert!(runs.iter().all(|run| run.hours_covered == 1), "the demo's own clock stood still too");
    assert!(process.stopped().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_told_who_works() {
    let mut house = House::new();
    let process = house.start();
    house.open().await.until_completed(1).await;
    for command in ["worker", "up --demo"] {
        let refused = house.run(command);
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success());
        assert!(told.contains("another process works on this database"), "{told}");
    }
    assert!(process.stopped().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_is_called_off_and_brought_back_beside_a_process() {
    let mut house = House::new();
    let process = house.start();
    let open = house.open().await;
    open.until_completed(1).await;
    let later = (platform::SystemClock.now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    let told = house.says(&format!("job enqueue forget_settled_jobs --at {later} --json"));
    let id = serde_json::from_str::<serde_json::Value>(&told).unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned();
    let shows = |state: &'static str| {
        let (house, id) = (&house, id.clone());
        async move |_: &Open| {
            house.says(&format!("job show {id}")).contains(&format!("state        {state}"))
        }
    };
    open.until(shows("scheduled")).await;
    house.says(&format!("job cancel {id}"));
    open.until(shows("cancelled")).await;
    let listed = async |_: &Open| house.says("job list --state scheduled").contains("no such job");
    open.until(listed).await;
    house.says(&format!("job retry {id}"));
    open.until(shows("completed")).await;
    let refused = house.run(&format!("job cancel {id}"));
    assert!(!refused.status.success(), "it is over");
    assert!(house.says("queue stats").contains("maintenance"));
    assert!(process.stopped().success());
}
