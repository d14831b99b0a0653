//! Keys that keep the same work from waiting twice.

use std::time::Duration;

use jobs::{Queue, Unique};
use queue::{Enqueued, Replayed, Verdict};

use crate::kit::{Kit, Wish, dead, retry, wish};

on_every_engine!(
    a_key_holds_until_its_job_has_ended,
    a_window_holds_whatever_becomes_of_the_job,
    keys_of_tenants_and_queues_never_meet,
    a_job_that_comes_back_takes_its_key_again,
    one_call_meets_its_own_keys,
);

fn keyed(key: &str) -> Wish {
    Wish { unique: Some(Unique::while_pending(key).unwrap()), ..wish() }
}

async fn a_key_holds_until_its_job_has_ended(kit: Kit) {
    for verdict in [Verdict::Completed, dead(), Verdict::Cancelled] {
        let id = kit.add(&keyed("sync")).await;
        assert_eq!(kit.enqueue(&keyed("sync")).await, Enqueued::Duplicate(id));
        let task = kit.take().await;
        assert_eq!(kit.enqueue(&keyed("sync")).await, Enqueued::Duplicate(id), "while it runs");
        kit.settle(task.lease, retry(1_000)).await;
        assert_eq!(kit.enqueue(&keyed("sync")).await, Enqueued::Duplicate(id), "while it rests");
        kit.pass(1_000);
        kit.engine().tend().await.unwrap();
        let task = kit.take().await;
        kit.settle(task.lease, verdict).await;
    }
    let id = kit.add(&keyed("sync")).await;
    kit.engine().cancel(id).await.unwrap();
    kit.add(&keyed("sync")).await;
}

async fn a_window_holds_whatever_becomes_of_the_job(kit: Kit) {
    let within = Unique::within("request-1", Duration::from_secs(60)).unwrap();
    let wish = Wish { unique: Some(within), ..wish() };
    let id = kit.add(&wish).await;
    let task = kit.take().await;
    kit.settle(task.lease, Verdict::Completed).await;
    kit.pass(59_999);
    assert_eq!(kit.enqueue(&wish).await, Enqueued::Duplicate(id));
    kit.pass(1);
    let second = kit.add(&wish).await;
    assert_eq!(kit.enqueue(&wish).await, Enqueued::Duplicate(second));
    kit.pass(60_000);
    kit.engine().tend().await.unwrap();
    kit.add(&wish).await;
}

async fn keys_of_tenants_and_queues_never_meet(kit: Kit) {
    kit.add(&keyed("sync")).await;
    kit.add(&Wish { tenant: Some(2), ..keyed("sync") }).await;
    kit.add(&Wish { tenant: None, ..keyed("sync") }).await;
    kit.add(&Wish { queue: Queue::Mail, ..keyed("sync") }).await;
    kit.add(&keyed("SYNC")).await;
}

async fn a_job_that_comes_back_takes_its_key_again(kit: Kit) {
    let old = kit.add(&keyed("sync")).await;
    let task = kit.take().await;
    kit.settle(task.lease, dead()).await;
    let new = kit.add(&keyed("sync")).await;
    assert_eq!(kit.engine().retry(old).await.unwrap(), Replayed::Duplicate(new));
    kit.engine().cancel(new).await.unwrap();
    assert_eq!(kit.engine().retry(old).await.unwrap(), Replayed::Ready);
    assert_eq!(kit.enqueue(&keyed("sync")).await, Enqueued::Duplicate(old));
}

async fn one_call_meets_its_own_keys(kit: Kit) {
    let tasks = vec![kit.task(&keyed("a")), kit.task(&keyed("b")), kit.task(&keyed("a"))];
    let first = tasks[0].id;
    let second = tasks[1].id;
    let kept = kit.engine().enqueue(tasks).await.unwrap();
    assert_eq!(kept, [Enqueued::New(first), Enqueued::New(second), Enqueued::Duplicate(first)]);
}
