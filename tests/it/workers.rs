//! Processes that work say so, and are forgotten when they say nothing more.

use chrono::TimeDelta;
use jobs::Queue;
use store::worker::{Doing, DoingQueue, WorkerRow};
use testkit::{database::TestDb, rows::at};

on_both!(a_process_is_listed_until_it_says_goodbye_or_is_silent_for_long);

async fn a_process_is_listed_until_it_says_goodbye_or_is_silent_for_long(test: TestDb) {
    let system = test.store.system();
    let now = at("2026-05-04T09:00:00Z");
    let queue = DoingQueue { queue: Queue::Agent, slots: 4, in_hand: 1, overdue: 0 };
    let first = WorkerRow {
        instance: "north/1/a".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: now,
        seen_at: now,
        doing: Doing { queues: vec![queue], ..Doing::default() },
    };
    let second = WorkerRow { instance: "north/2/b".to_owned(), ..first.clone() };
    system.upsert_worker(&first).await.unwrap();
    system.upsert_worker(&second).await.unwrap();
    let listed =
        async |minutes| system.list_workers(now + TimeDelta::minutes(minutes)).await.unwrap();
    assert_eq!(listed(0).await, [first.clone(), second.clone()]);
    system.delete_worker(&second.instance).await.unwrap();

    let later = WorkerRow { seen_at: now + TimeDelta::minutes(50), ..first.clone() };
    system.upsert_worker(&later).await.unwrap();
    let third = WorkerRow {
        instance: "north/3/c".to_owned(),
        started_at: now + TimeDelta::minutes(90),
        seen_at: now + TimeDelta::minutes(90),
        ..first
    };
    system.upsert_worker(&third).await.unwrap();
    assert_eq!(listed(90).await, [later.clone(), third.clone()]);
    assert_eq!(listed(111).await, std::slice::from_ref(&third), "silent for longer than an hour");
    assert_eq!(listed(200).await, [], "also where nobody works any more");
    // A clock that is ahead hides nobody from those whose clocks are right.
    let ahead = WorkerRow { seen_at: now + TimeDelta::hours(5), ..third };
    system.upsert_worker(&ahead).await.unwrap();
    assert_eq!(listed(100).await, [later, ahead]);
}
