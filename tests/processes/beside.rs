//! Commands beside a process that works: what people want is heard, and nobody else may work.

use std::time::Duration;

use domain::time::Clock;

use crate::house::House;

/// How soon a pause has to be obeyed, and the cycle that was running is over.
const OBEYED_WITHIN: Duration = Duration::from_secs(2);
/// Longer than several hours of the demo take.
const SILENCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_stands_still_and_goes_on() {
    let mut house = House::new();
    let process = house.start();
    let open = house.open().await;
    open.until_completed(2).await;
    for (pause, resume) in [
        ("tenant pause demo", "tenant resume demo"),
        ("queue pause agent", "queue resume agent"),
        ("queue pause --job plan_cycle", "queue resume --job plan_cycle"),
    ] {
        house.says(pause);
        tokio::time::sleep(OBEYED_WITHIN).await;
        let before = open.completed().await;
        tokio::time::sleep(SILENCE).await;
        assert_eq!(open.completed().await, before, "`{pause}` is obeyed");
        house.says(resume);
        open.until_completed(before + 2).await;
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
        async move |_: &crate::house::Open| {
            house.says(&format!("job show {id}")).contains(&format!("state        {state}"))
        }
    };
    open.until(shows("scheduled")).await;
    house.says(&format!("job cancel {id}"));
    open.until(shows("cancelled")).await;
    let listed = async |_: &crate::house::Open| {
        house.says("job list --state scheduled").contains("no such job")
    };
    open.until(listed).await;
    house.says(&format!("job retry {id}"));
    open.until(shows("completed")).await;
    let refused = house.run(&format!("job cancel {id}"));
    assert!(!refused.status.success(), "it is over");
    assert!(house.says("queue stats").contains("maintenance"));
    assert!(process.stopped().success());
}
