//! The peer that was tried first. A test here that fails brings good news: see `docs/decisions/0010-redis-engine.md`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use apalis_core::{backend::TaskSink, error::BoxDynError, worker::builder::WorkerBuilder};
use apalis_redis::RedisStorage;
use testkit::redis::PrivateRedis;

/// Due jobs that are too many for one call of it.
const WEDGE: u32 = 8_000;
/// How long it has for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Jobs of such a backlog that a worker gets done before the patience is over, or it gives up.
async fn done_of(backlog: u32) -> usize {
    let server = PrivateRedis::start(&[]).unwrap();
    let mut storage = RedisStorage::<u32>::new(apalis_redis::connect(server.url()).await.unwrap());
    storage.push_bulk((0..backlog).collect()).await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let work = move |_: u32| {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<(), BoxDynError>(())
        }
    };
    let worker = WorkerBuilder::new("canary").backend(storage).build(work);
    let until = async {
        while done.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        // What it says when it gives up is its own business.
        _ = worker.run() => {}
        () = until => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
    done.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread")]
async fn apalis_redis_is_still_wedged_by_eight_thousand_jobs() {
    assert!(0 < done_of(WEDGE - 1).await, "the canary itself is ill: fewer jobs are done");
    assert_eq!(
        done_of(WEDGE).await,
        0,
        "apalis-redis works off a backlog of {WEDGE} now: it is time to look at decision 10 again"
    );
}
