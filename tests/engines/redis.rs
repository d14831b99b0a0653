//! The fleet's engine and its server: full, read-only, gone, emptied, foreign, newer, with its scripts forgotten.

use std::{sync::Arc, time::Duration};

use jobs::{Clock, Queue, Timestamp};
use queue::{
    Claim, Engine, Enqueued, NewTask, QueueError, QueueResult, Retention, Settled, Settlement,
    State, Verdict,
    fleet::{self, Fleet, TOGETHER_MIN},
};
use testkit::{proxy::Proxy, redis::PrivateRedis};

use crate::kit::{Kit, LEASE, wish};

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        platform::SystemClock.now()
    }
}

async fn open(url: &str) -> QueueResult<Fleet> {
    Fleet::open(fleet::Options {
        url: url.to_owned(),
        prefix: fleet::PREFIX.to_owned(),
        retention: Retention::default(),
        tends_itself: true,
        together_min: TOGETHER_MIN,
        clock: Arc::new(Now),
        times: None,
    })
    .await
}

/// Jobs that differ from those of every other call.
fn tasks(kit: &Kit, count: usize) -> Vec<NewTask> {
    (0..count).map(|_| kit.task(&wish())).collect()
}

fn claim(max: usize) -> Claim<'static> {
    Claim { queue: Queue::Agent, worker: "here", max, lease: LEASE, is_idle: true }
}

async fn count(engine: &Fleet, state: State) -> u64 {
    let stats = engine.stats(Queue::Agent).await.unwrap();
    stats.counts.get(&state).copied().unwrap_or(0)
}

/// Tries until it works, as everybody does who calls an engine.
async fn in_time<T>(mut call: impl AsyncFnMut() -> QueueResult<T>) -> T {
    for _ in 0..400 {
        match call().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_passing(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not come to work again");
}

#[tokio::test]
async fn scripts_that_were_forgotten_are_given_again() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    engine.enqueue(tasks(&kit, 1)).await.unwrap();
    server.say_to("SCRIPT FLUSH").unwrap();
    engine.enqueue(tasks(&kit, 40)).await.unwrap();
    let tasks = engine.claim(claim(100)).await.unwrap().tasks;
    assert_eq!(tasks.len(), 41);
    let mut heart = engine.heart().unwrap();
    server.say_to("SCRIPT FLUSH").unwrap();
    let leases: Vec<_> = tasks.iter().map(|task| task.lease).collect();
    let beat = move || heart.beat(&leases, LEASE);
    let beats = tokio::task::spawn_blocking(beat).await.unwrap().unwrap();
    assert!(beats.iter().all(|beat| *beat == queue::Beat::Held));
}

#[tokio::test]
async fn a_lock_has_one_holder_until_it_lapses() {
    let server = PrivateRedis::start(&[]).unwrap();
    let engine = open(server.url()).await.unwrap();
    let take = |holder, ms| engine.take_lock("north", holder, Duration::from_millis(ms));
    assert!(take("first", 60_000).await.unwrap());
    assert!(take("first", 60_000).await.unwrap(), "it is kept by whoever has it");
    assert!(!take("second", 60_000).await.unwrap());
    engine.release_lock("north", "second").await.unwrap();
    assert!(!take("second", 60_000).await.unwrap(), "nobody lets go of another one's");
    engine.release_lock("north", "first").await.unwrap();
    assert!(take("second", 20).await.unwrap());
    in_time(async || match take("first", 60_000).await? {
        true => Ok(()),
        false => Err(QueueError::Unavailable { problem: "it has not lapsed yet".to_owned() }),
    })
    .await;
    assert!(take("first", 0).await.unwrap_err().to_string().starts_with("time: "));
    assert!(engine.take_lock("", "first", LEASE).await.is_err());
}

#[tokio::test]
async fn a_full_server_takes_no_jobs_and_lets_go_of_those_it_has() {
    let server = PrivateRedis::start(&["--maxmemory-policy", "noeviction"]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    engine.enqueue(tasks(&kit, 100)).await.unwrap();
    server.say_to("CONFIG SET maxmemory 1mb").unwrap();
    let error = engine.enqueue(tasks(&kit, 20)).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("raise maxmemory"), "{error}");
    assert_eq!(count(&engine, State::Ready).await, 100, "nothing of a refused call is kept");
    let claimed = engine.claim(claim(100)).await.unwrap().tasks;
    assert_eq!(claimed.len(), 100);
    let done = claimed
        .iter()
        .map(|task| Settlement { lease: task.lease, verdict: Verdict::Completed })
        .collect();
    let settled = engine.settle(done).await.unwrap();
    assert!(settled.iter().all(|it| *it == Settled::Written));
    server.say_to("CONFIG SET maxmemory 0").unwrap();
    assert!(matches!(engine.enqueue(tasks(&kit, 1)).await.unwrap()[0], Enqueued::New(_)));
}

#[tokio::test]
async fn a_replica_takes_nothing_until_it_is_the_master_again() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    server.say_to("REPLICAOF 127.0.0.1 1").unwrap();
    let error = engine.enqueue(tasks(&kit, 1)).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("replica"), "{error}");
    let found = in_time(async || engine.examine().await.remove(0)).await;
    assert!(found.warnings().iter().any(|it| it.contains("name the master")));
    server.say_to("REPLICAOF NO ONE").unwrap();
    let batch = tasks(&kit, 1);
    in_time(async || engine.enqueue(batch.clone()).await).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_at_once_and_waited_for() {
    let server = PrivateRedis::start(&["--appendonly", "yes", "--appendfsync", "always"]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    engine.enqueue(tasks(&kit, 3)).await.unwrap();
    server.kill().unwrap();
    let error = engine.enqueue(tasks(&kit, 1)).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    let began = std::time::Instant::now();
    assert!(engine.claim(claim(9)).await.unwrap_err().is_passing());
    assert!(began.elapsed() < Duration::from_secs(1), "nobody waits for what is not there");
    // One that is opened meanwhile waits too.
    let second = open(server.url()).await.unwrap();
    server.start_again().unwrap();
    let claimed = in_time(async || engine.claim(claim(2)).await).await;
    assert_eq!(claimed.tasks.len(), 2, "the file has them");
    let rest = in_time(async || second.claim(claim(9)).await).await;
    assert_eq!(rest.tasks.len(), 1);
}

/// An engine that sleeps hears of jobs again after its server was away.
#[tokio::test]
async fn news_are_heard_again_after_the_line_was_down() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    engine.ready(Queue::Agent).await;
    server.kill().unwrap();
    server.start_again().unwrap();
    // Whenever it begins to hear again there may be news.
    tokio::time::timeout(Duration::from_secs(10), engine.ready(Queue::Agent)).await.unwrap();
    let other = open(server.url()).await.unwrap();
    in_time(async || other.enqueue(tasks(&kit, 1)).await).await;
    tokio::time::timeout(Duration::from_secs(10), engine.ready(Queue::Agent)).await.unwrap();
}

#[tokio::test]
async fn what_an_emptied_server_has_lost_can_be_given_again() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    let jobs = tasks(&kit, 40);
    engine.enqueue(jobs.clone()).await.unwrap();
    let before = engine.claim(claim(20)).await.unwrap().tasks;
    server.flush().unwrap();
    assert_eq!(engine.known(jobs.iter().map(|job| job.id).collect()).await.unwrap(), []);
    engine.enqueue(jobs).await.unwrap();
    let again = engine.claim(claim(40)).await.unwrap().tasks;
    assert_eq!(again.len(), 40);
    // Who had a job before speaks for nobody, although the job is the same and runs again.
    let late: Vec<Settlement> = before
        .iter()
        .map(|task| Settlement { lease: task.lease, verdict: Verdict::Completed })
        .collect();
    assert!(engine.settle(late).await.unwrap().iter().all(|it| *it == Settled::Lost));
    assert_eq!(count(&engine, State::Running).await, 40);
    assert!(before[0].lease.token < again[0].lease.token, "no token is given twice");
}

#[tokio::test]
async fn jobs_in_another_layout_are_left_alone() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (kit, engine) = (Kit::embedded(), open(server.url()).await.unwrap());
    engine.enqueue(tasks(&kit, 1)).await.unwrap();
    for queue in Queue::ALL {
        server.say_to(&format!("HSET steward:{{{queue}}}:meta layout 99")).unwrap();
    }
    let error = engine.enqueue(tasks(&kit, 1)).await.unwrap_err();
    assert!(matches!(error, QueueError::OtherLayout { known: 1, .. }), "{error}");
    assert!(error.to_string().contains("layout 99"), "{error}");
    assert!(open(server.url()).await.is_err(), "nor is it opened");
}

#[tokio::test]
async fn what_is_no_server_is_told_without_its_password() {
    let error = open("redis://:secret@").await.err().unwrap();
    assert!(error.to_string().starts_with("url: ") && !error.to_string().contains("secret"));
    let server = PrivateRedis::start(&["--requirepass", "right"]).unwrap();
    let url = server.url().replace("redis://", "redis://:wrong-secret@");
    let engine = open(&url).await.unwrap();
    let error = engine.stats(Queue::Agent).await.unwrap_err().to_string();
    assert!(!error.contains("wrong-secret"), "{error}");
}

#[tokio::test]
async fn a_line_that_is_stuck_or_cut_loses_nothing_and_doubles_nothing() {
    let server = PrivateRedis::start(&[]).unwrap();
    let (line, url) = Proxy::before(server.url()).unwrap();
    let (kit, engine) = (Kit::embedded(), open(&url).await.unwrap());
    line.stick(true);
    let stuck = tasks(&kit, 20);
    let waiting = engine.enqueue(stuck.clone());
    let freed = async {
        tokio::time::timeout(Duration::from_millis(500), std::future::pending::<()>()).await
    };
    let (kept, _) = tokio::join!(waiting, async {
        let _passed = freed.await;
        line.stick(false);
    });
    assert_eq!(kept.unwrap().len(), 20, "what is late is late");
    line.cut();
    let cut = tasks(&kit, 20);
    // Whether a call that was cut off was done nobody knows: it is made again.
    in_time(async || engine.enqueue(cut.clone()).await).await;
    let claimed = in_time(async || engine.claim(claim(100)).await).await.tasks;
    assert_eq!(claimed.len(), 40);
}
