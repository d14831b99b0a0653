//! A fleet of real processes on Redis and Postgres, and what happens to fleets.
//!
//! In each case no job is lost, a job runs again at most once for each blow and never after it was completed, and the
//! hours are those of a house that nobody disturbed. `STEWARD_TEST_BLOWS` makes it longer, `STEWARD_TEST_SEED` another
//! one; the seed is printed.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::{
    house::{House, Open, Process},
    kills::{HOURS, check_effects, from_environment, hours, undisturbed},
    ledger::Ledger,
};

/// Processes that work at once.
const CREW: usize = 3;
/// Blows, unless the environment wants another number.
const BLOWS: usize = ALL.len();
/// The lease that processes have here, in milliseconds.
const LEASE_MS: u64 = 2_000;
/// How soon after a blow work goes on: a turnstile that nobody left, the next time that somebody asks, and what a busy
/// machine takes beside it.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

/// What happens to a fleet.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// One of its processes is killed, and another one comes.
    Kill,
    /// One of them stands still for three leases, and goes on late.
    Freeze,
    /// Redis is killed, and comes back with its file.
    RedisKilled,
    /// Redis is emptied.
    RedisEmptied,
    /// Redis stands still for longer than a call waits.
    RedisFrozen,
    /// Every line to Redis is cut.
    LineCut,
    /// Whatever goes to Redis or comes from there takes half a second, for some seconds.
    LineSlow,
    /// Postgres ends as with its machine, and begins again.
    PostgresRestarted,
    /// Another release is rolled out: each process is asked to stop, and another one comes.
    Rolling,
}

const ALL: [Blow; 9] = [
    Blow::Kill,
    Blow::RedisEmptied,
    Blow::LineCut,
    Blow::Freeze,
    Blow::PostgresRestarted,
    Blow::RedisKilled,
    Blow::LineSlow,
    Blow::Rolling,
    Blow::RedisFrozen,
];

async fn strike(blow: Blow, house: &mut House, crew: &mut Vec<Process>, dice: &mut SmallRng) {
    match blow {
        Blow::Kill => {
            crew.swap_remove(dice.random_range(0..crew.len())).kill_9();
            crew.push(house.start());
        }
        Blow::Freeze => {
            let process = &crew[dice.random_range(0..crew.len())];
            process.signal("STOP");
            tokio::time::sleep(Duration::from_millis(3 * LEASE_MS)).await;
            process.signal("CONT");
        }
        Blow::RedisKilled => {
            house.servers().redis.kill().unwrap();
            tokio::time::sleep(Duration::from_millis(dice.random_range(0..1_000))).await;
            house.servers().redis.start_again().unwrap();
        }
        Blow::RedisEmptied => house.servers().redis.flush().unwrap(),
        Blow::RedisFrozen => {
            house.servers().redis.freeze().unwrap();
            tokio::time::sleep(Duration::from_secs(6)).await;
            house.servers().redis.thaw().unwrap();
        }
        Blow::LineCut => house.servers().line.cut(),
        Blow::LineSlow => {
            house.servers().line.delay(Duration::from_millis(500));
            tokio::time::sleep(Duration::from_secs(4)).await;
            house.servers().line.delay(Duration::ZERO);
        }
        Blow::PostgresRestarted => house.servers().postgres.restart().unwrap(),
        Blow::Rolling => {
            for process in crew {
                let old = std::mem::replace(process, house.start());
                assert!(old.stopped().success(), "a process that is asked to stop does");
            }
        }
    }
}

/// How long it takes until one more cycle is completed.
async fn recovered(open: &Open) -> Duration {
    let (began, before) = (Instant::now(), open.completed().await);
    open.until_completed(before + 1).await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_loses_nothing_whatever_happens_to_it() {
    let seed = from_environment("STEWARD_TEST_SEED").unwrap_or(2_026);
    println!("STEWARD_TEST_SEED={seed}");
    let mut dice = SmallRng::seed_from_u64(seed);
    let mut house = House::of_fleet();
    let mut crew = vec![house.start()];
    let open = house.open().await;
    open.until_completed(1).await;
    crew.extend((1..CREW).map(|_| house.start()));
    let blows: usize = from_environment("STEWARD_TEST_BLOWS").unwrap_or(BLOWS);
    let mut worst = Duration::ZERO;
    for number in 0..blows {
        let blow = ALL[number % ALL.len()];
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..500))).await;
        strike(blow, &mut house, &mut crew, &mut dice).await;
        let took = recovered(&open).await;
        worst = worst.max(took);
        println!("{blow:?}: work went on after {} ms", took.as_millis());
        if RECOVERY_MAX <= took {
            panic!("after {blow:?} it took {took:?}");
        }
    }
    open.until_completed(open.completed().await.max(HOURS) + 1).await;
    assert!(crew.iter_mut().all(Process::is_alive), "a process gave up");
    for process in crew {
        assert!(process.stopped().success());
    }

    let (_calm, expected) = undisturbed().await;
    assert_eq!(hours(open.runs().await), hours(expected.runs().await));
    check_effects(&house, &open).await;
    let ledger = Ledger::read(&house);
    println!(
        "{} jobs, {blows} blows, {} repeats, worst recovery {} ms",
        ledger.begun.len(),
        ledger.repeats(),
        worst.as_millis()
    );
    assert_eq!(ledger.begun_after_their_end(), Vec::<&str>::new());
    // One tenant's chain has one job at a time; its daily chores may run beside it.
    assert!(ledger.repeats() <= 3 * blows, "{} repeats for {blows} blows", ledger.repeats());
}
