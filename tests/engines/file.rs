//! The embedded engine's file: deleted, foreign, newer, damaged, locked, read beside its owner.

use std::{fs, time::Duration};

use jobs::Queue;
use queue::{Engine, Filter, QueueError, State, embedded::Reader};

use crate::kit::{Kit, Wish, wish};

#[tokio::test]
async fn a_file_that_is_taken_away_is_begun_anew() {
    let kit = Kit::embedded();
    let lost = kit.add(&wish()).await;
    let task = kit.take().await;
    fs::remove_file(&kit.path).unwrap();
    // It rings for what a new file may hold.
    while kit.engine().known(vec![lost]).await.unwrap() == [lost] {
        let rings = tokio::time::timeout(Duration::from_secs(10), kit.engine().ready(Queue::Agent));
        rings.await.expect("the old file is still written to");
    }
    assert!(kit.path.exists());
    assert_eq!(kit.settle(task.lease, queue::Verdict::Completed).await, queue::Settled::Lost);
    let id = kit.add(&wish()).await;
    let again = kit.take().await;
    assert_eq!(again.lease.id, id);
    assert!(task.lease.token < again.lease.token, "a new file gives no token a second time");
}

/// A heart that is still about must not keep the engine from closing.
#[tokio::test]
async fn an_engine_closes_although_somebody_holds_its_heart() {
    let mut kit = Kit::embedded();
    let mut heart = kit.engine().heart().unwrap();
    kit.engine = None;
    assert!(heart.beat(&[], Duration::from_secs(15)).unwrap_err().is_passing());
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_left_alone() {
    let mut kit = Kit::embedded();
    kit.add(&wish()).await;
    kit.engine = None;
    let db = rusqlite::Connection::open(&kit.path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = fs::read(&kit.path).unwrap();
    let error = kit.open().err().unwrap();
    assert!(matches!(error, QueueError::NewerVersion { found: 99, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("recorded jobs are enqueued again"), "{error}");
    assert!(Reader::open(&kit.path).is_err());
    assert_eq!(fs::read(&kit.path).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_somebody_else_is_left_alone() {
    let mut kit = Kit::embedded();
    kit.engine = None;
    fs::remove_file(&kit.path).unwrap();
    fs::write(
        &kit.path,
        "no database at all, but long enough to be looked at as if it were one".repeat(99),
    )
    .unwrap();
    let error = kit.open().err().unwrap();
    assert!(matches!(error, QueueError::Unreadable { .. }), "{error}");
    fs::remove_file(&kit.path).unwrap();
    let db = rusqlite::Connection::open(&kit.path).unwrap();
    db.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    drop(db);
    let error = kit.open().err().unwrap();
    assert!(error.to_string().contains("it holds something else"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_missing_is_told_with_its_path() {
    let mut kit = Kit::embedded();
    kit.engine = None;
    kit.path = kit.path.parent().unwrap().join("missing/queue.db");
    let error = kit.open().err().unwrap();
    assert!(error.to_string().contains("missing/queue.db") && error.is_passing(), "{error}");
    assert!(Reader::open(&kit.path).unwrap().is_none());
}

#[tokio::test]
async fn a_lock_of_somebody_else_is_told_and_nothing_is_half_done() {
    let kit = Kit::embedded();
    let db = rusqlite::Connection::open(&kit.path).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = kit.engine().enqueue(vec![kit.task(&wish())]).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("locked"), "{error}");
    db.execute_batch("ROLLBACK").unwrap();
    assert_eq!(kit.count(State::Ready).await, 0);
    let id = kit.add(&wish()).await;
    assert_eq!(kit.take().await.lease.id, id);
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_and_nothing_is_lost() {
    let kit = Kit::embedded();
    let kept = kit.add(&wish()).await;
    // The same error, at the same place, as from a disk without room.
    let db = rusqlite::Connection::open(&kit.path).unwrap();
    db.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON tasks WHEN NEW.name = 'play' \
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    )
    .unwrap();
    let tasks = vec![kit.task(&wish()), kit.task(&Wish { name: "play", ..wish() })];
    let first = tasks[0].id;
    let error = kit.engine().enqueue(tasks).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("disk is full"), "{error}");
    assert_eq!(kit.engine().known(vec![first, kept]).await.unwrap(), [kept]);
    assert_eq!(kit.count(State::Ready).await, 1);
    db.execute_batch("DROP TRIGGER full").unwrap();
    let id = kit.add(&Wish { name: "play", ..wish() }).await;
    let all: Vec<_> = kit.claim(9).await.iter().map(|task| task.lease.id).collect();
    assert_eq!(all, [kept, id], "what stands in memory is what stands in the file");
}

#[tokio::test]
async fn somebody_may_look_beside_the_owner() {
    let kit = Kit::embedded();
    let id = kit.add(&wish()).await;
    let reader = Reader::open(&kit.path).unwrap().unwrap();
    assert_eq!(reader.find(id).unwrap(), Some(kit.found(id).await));
    kit.take().await;
    kit.add(&Wish { tenant: Some(2), ..wish() }).await;
    let seen = reader.stats(Queue::Agent).unwrap();
    assert_eq!(seen, kit.engine().stats(Queue::Agent).await.unwrap());
    let page = reader.list(&Filter::default(), State::Running, None, 9).unwrap();
    assert_eq!(page.jobs.len(), 1);
    let top = reader.top(Queue::Agent, 9).unwrap();
    assert_eq!(top, kit.engine().top(Queue::Agent, 9).await.unwrap());
}

/// Beyond the age that a test can wait for: the thread of a real engine does by itself what tests ask for.
#[tokio::test]
async fn an_engine_tends_itself() {
    use std::sync::Arc;

    use queue::{
        LiveTime, Retention,
        embedded::{Embedded, Options},
    };

    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(platform::SystemClock);
    let open = || Options {
        path: queue::embedded::file_in(folder.path()),
        time: Arc::new(LiveTime::new(clock.clone())),
        retention: Retention::default(),
        tends_itself: true,
    };
    let engine = Embedded::open(open()).unwrap();
    let kit = Kit::embedded();
    let now = domain::time::Clock::now(clock.as_ref());
    let mut task = kit.task(&wish());
    task.run_at = Some(now + chrono::TimeDelta::milliseconds(150));
    let id = task.id;
    engine.enqueue(vec![task]).await.unwrap();
    let claim = || queue::Claim {
        queue: Queue::Agent,
        worker: "here",
        max: 1,
        lease: Duration::from_secs(1),
        is_idle: true,
    };
    let mut claims = 0;
    // Once when its time comes, and once when its lease has run out.
    while claims < 2 {
        let wait = tokio::time::timeout(Duration::from_secs(20), engine.ready(Queue::Agent)).await;
        wait.expect("it rings by itself");
        claims += engine.claim(claim()).await.unwrap().tasks.len();
    }
    assert_eq!(engine.find(id).await.unwrap().unwrap().rescues, 1);
}
