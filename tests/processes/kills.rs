//! Killed at every border of a phase, amid its letters, and at random: no cycle is lost, and nothing happens twice.
//!
//! `STEWARD_TEST_KILLS` makes it longer, `STEWARD_TEST_SEED` another one; the seed is printed.

use std::time::Duration;

use jobs::Queue;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use store::recorded::{JobFilter, RecordedState};

use crate::{
    house::{House, Open, gist},
    ledger::Ledger,
};

/// Kills at random, unless the environment wants another number.
const KILLS: usize = 10;
/// Hours that are compared with those of a house where nobody is killed.
pub(crate) const HOURS: usize = 12;
/// Longest time between the first sign of work and a kill at random.
const AT_RANDOM_MAX: Duration = Duration::from_millis(900);

/// Longest time between the start of a phase and a kill within it.
const WITHIN_MAX: Duration = Duration::from_millis(30);

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as one more job of this name is done.
    After(&'static str),
    /// As soon as one more letter lies in the outbox: its result is hardly written down.
    AmidLetters,
    /// So long after a job of this name has begun: within it, more often than not.
    Within(&'static str, Duration),
    /// So long after one more job is done.
    AtRandom(Duration),
}

pub(crate) fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a test runs is no configuration of the product"
    )]
    let text = std::env::var(name).ok()?;
    text.parse().ok()
}

async fn done(open: &Open, name: Option<&str>) -> usize {
    let filter = JobFilter {
        queue: Some(Queue::Agent),
        name: name.map(str::to_owned),
        ..JobFilter::of(RecordedState::Completed)
    };
    open.store.tenant(open.tenant.id).list_recorded_jobs(&filter, 100_000).await.unwrap().len()
}

async fn wait_for(moment: Moment, house: &House, open: &Open) {
    match moment {
        Moment::After(name) => {
            let before = done(open, Some(name)).await;
            open.until(async |open| before < done(open, Some(name)).await).await;
        }
        Moment::AmidLetters => {
            // Later hours have few letters, and none of some.
            let (letters, cycles) = (house.letters(), open.completed().await);
            open.until(async |open| {
                letters < house.letters() || cycles + 2 < open.completed().await
            })
            .await;
        }
        Moment::Within(name, after) => {
            let begun = |house: &House| house.has_logged(&["job begins", name]);
            open.until(async |_| begun(house)).await;
            tokio::time::sleep(after).await;
        }
        Moment::AtRandom(after) => {
            let before = done(open, None).await;
            open.until(async |open| before < done(open, None).await).await;
            tokio::time::sleep(after).await;
        }
    }
}

fn moments(seed: u64) -> Vec<Moment> {
    let mut dice = SmallRng::seed_from_u64(seed);
    let kills = from_environment("STEWARD_TEST_KILLS").unwrap_or(KILLS);
    let phases = ["plan_cycle", "act_cycle", "react_cycle", "reflect_cycle"];
    let mut moments = vec![Moment::AmidLetters, Moment::AmidLetters];
    moments.extend(phases.map(Moment::After));
    let mut up_to = |most: Duration| {
        let most = u64::try_from(most.as_millis()).unwrap();
        Duration::from_millis(dice.random_range(0..most))
    };
    for number in 0..kills {
        moments.push(match number % 2 {
            0 => Moment::Within(phases[number / 2 % phases.len()], up_to(WITHIN_MAX)),
            _ => Moment::AtRandom(up_to(AT_RANDOM_MAX)),
        });
    }
    moments
}

/// What a house looks like in which nobody was killed.
pub(crate) async fn undisturbed() -> (House, Open) {
    let mut house = House::new();
    let process = house.start();
    let open = house.open().await;
    open.until_completed(HOURS).await;
    assert!(process.stopped().success());
    (house, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cycle_is_lost_and_nothing_happens_twice_however_often_it_is_killed() {
    let seed = from_environment("STEWARD_TEST_SEED").unwrap_or(1_998);
    println!("STEWARD_TEST_SEED={seed}");
    let mut house = House::new();
    let moments = moments(seed);
    for (number, moment) in moments.iter().enumerate() {
        let process = house.start();
        let open = house.open().await;
        wait_for(*moment, &house, &open).await;
        process.kill_9();
        println!("killed {moment:?}, {} cycles so far", open.completed().await);
        if number % 5 == 3 {
            house.lose_queue();
        }
    }
    let process = house.start();
    let open = house.open().await;
    let enough = open.completed().await.max(HOURS) + 1;
    open.until_completed(enough).await;
    assert!(process.stopped().success());

    let (_calm, expected) = undisturbed().await;
    assert_eq!(hours(open.runs().await), hours(expected.runs().await));
    let runs = open.runs().await;
    assert!(runs.iter().all(|run| run.hours_covered == 1), "no hour was missed");
    check_effects(&house, &open).await;
    let first = expected.letters().await;
    let all = open.letters().await;
    for (letter, times) in first {
        let there = all.get(&letter).copied().unwrap_or(0);
        assert!(times <= there, "a letter that leaves in peace did not leave: {letter:?}");
    }
    check_ledger(&house, moments.len());
}

/// What the first hours did.
pub(crate) fn hours(runs: Vec<store::run::RunRow>) -> Vec<String> {
    runs.iter().take(HOURS).map(gist).collect()
}

/// Every letter of the ledger lies in the outbox, and no other does.
pub(crate) async fn check_effects(house: &House, open: &Open) {
    let letters = open.letters().await;
    assert_eq!(letters.values().sum::<usize>(), house.letters(), "ledger and outbox differ");
    let scope = open.store.tenant(open.tenant.id);
    for name in ["plan_cycle", "act_cycle", "react_cycle", "reflect_cycle"] {
        let filter = JobFilter { name: Some(name.to_owned()), ..JobFilter::default() };
        let jobs = scope.list_recorded_jobs(&filter, 100_000).await.unwrap();
        let dead = jobs.iter().filter(|job| job.state == RecordedState::Dead).count();
        assert_eq!(dead, 0, "a kill costs no job its life");
    }
}

/// A job runs again at most once for each kill, and only if it was running.
fn check_ledger(house: &House, kills: usize) {
    let ledger = Ledger::read(house);
    println!("{} jobs, {kills} kills, {} repeats", ledger.begun.len(), ledger.repeats());
    assert!(4 * HOURS < ledger.begun.len(), "the logs tell of the jobs");
    assert!(0 < ledger.repeats(), "the kills hit jobs that were running");
    assert_eq!(ledger.needless(), Vec::<&str>::new(), "these had ended, or ran already");
    // One tenant's chain has one job at a time; its daily chore may run beside it.
    assert!(ledger.repeats() <= 2 * kills, "{} repeats for {kills} kills", ledger.repeats());
}
