//! Fairness: whose job is next, and who has to wait although it is there.

use jobs::Queue;
use queue::{LineLimits, Verdict};

use crate::kit::{Kit, Wish, tenant, wish};

on_every_engine!(
    a_flood_of_one_is_not_felt_by_the_others,
    a_weight_is_a_share,
    no_more_runs_of_a_tenant_than_may,
    no_more_begins_of_a_tenant_than_may,
    a_parked_tenant_waits_and_holds_nobody_up,
    limits_and_rests_outlive_a_restart,
    limits_that_mean_nothing_are_refused,
    what_was_called_off_holds_nobody_up,
    a_job_that_comes_back_after_it_was_forgotten_is_itself,
);

fn of(number: u128) -> Wish {
    Wish { tenant: Some(number), ..wish() }
}

async fn add_many(kit: &Kit, wish: &Wish, count: usize) {
    let mut left = count;
    while 0 < left {
        let batch = left.min(queue::BATCH_MAX);
        let tasks = (0..batch).map(|_| kit.task(wish)).collect();
        kit.engine().enqueue(tasks).await.unwrap();
        left -= batch;
    }
}

async fn claimed(kit: &Kit, max: usize) -> Vec<u128> {
    let tasks = kit.claim(max).await;
    tasks.iter().map(|task| task.tenant.map_or(0, |it| it.uuid().as_u128())).collect()
}

async fn limit(kit: &Kit, number: u128, limits: LineLimits) {
    kit.engine().set_limits(Queue::Agent, Some(tenant(number)), Some(limits)).await.unwrap();
}

async fn a_flood_of_one_is_not_felt_by_the_others(kit: Kit) {
    add_many(&kit, &of(1), 5_000).await;
    kit.add(&of(2)).await;
    kit.add(&Wish { tenant: None, priority: 9, ..wish() }).await;
    assert_eq!(claimed(&kit, 4).await, [1, 2, 0, 1]);
    kit.add(&of(2)).await;
    assert_eq!(claimed(&kit, 2).await, [1, 2], "whoever comes anew is next but one");
}

async fn a_weight_is_a_share(kit: Kit) {
    limit(&kit, 2, LineLimits { weight: 3, ..LineLimits::default() }).await;
    add_many(&kit, &of(1), 10).await;
    add_many(&kit, &of(2), 10).await;
    let first = claimed(&kit, 8).await;
    assert_eq!(first.iter().filter(|it| **it == 2).count(), 6, "{first:?}");
}

async fn no_more_runs_of_a_tenant_than_may(kit: Kit) {
    limit(&kit, 1, LineLimits { running_max: Some(2), ..LineLimits::default() }).await;
    add_many(&kit, &of(1), 5).await;
    let two = kit.claim(9).await;
    assert_eq!(two.len(), 2);
    assert_eq!(claimed(&kit, 9).await, []);
    kit.settle(two[0].lease, Verdict::Completed).await;
    assert_eq!(claimed(&kit, 9).await, [1]);
    kit.lose_leases().await;
    assert_eq!(claimed(&kit, 9).await.len(), 2, "what was lost runs no more");
}

async fn no_more_begins_of_a_tenant_than_may(kit: Kit) {
    limit(&kit, 1, LineLimits { rate: Some((60, 2)), ..LineLimits::default() }).await;
    add_many(&kit, &of(1), 9).await;
    assert_eq!(claimed(&kit, 9).await.len(), 2, "a burst");
    assert_eq!(claimed(&kit, 9).await.len(), 0);
    kit.pass(1_000);
    assert_eq!(claimed(&kit, 9).await.len(), 1, "and one a second");
    kit.pass(3_600_000);
    assert_eq!(claimed(&kit, 9).await.len(), 2, "nothing is saved beyond a burst");
}

async fn a_parked_tenant_waits_and_holds_nobody_up(kit: Kit) {
    add_many(&kit, &of(1), 2).await;
    add_many(&kit, &of(2), 2).await;
    let engine = kit.engine();
    engine.park(Queue::Agent, Some(tenant(1)), kit.in_ms(5_000)).await.unwrap();
    engine.park(Queue::Agent, Some(tenant(1)), kit.in_ms(1_000)).await.unwrap();
    assert_eq!(claimed(&kit, 9).await, [2, 2]);
    kit.pass(4_999);
    assert_eq!(claimed(&kit, 9).await, [], "the longer rest counts");
    kit.pass(1);
    assert_eq!(claimed(&kit, 9).await, [1, 1]);
}

async fn limits_and_rests_outlive_a_restart(mut kit: Kit) {
    limit(&kit, 1, LineLimits { running_max: Some(1), ..LineLimits::default() }).await;
    add_many(&kit, &of(1), 3).await;
    add_many(&kit, &of(2), 1).await;
    kit.engine().park(Queue::Agent, Some(tenant(2)), kit.in_ms(1_000)).await.unwrap();
    let running = kit.claim(9).await;
    kit.reopen();
    assert_eq!((running.len(), claimed(&kit, 9).await), (1, vec![]));
    kit.pass(1_000);
    assert_eq!(claimed(&kit, 9).await, [2]);
    kit.settle(running[0].lease, Verdict::Completed).await;
    kit.engine().set_limits(Queue::Agent, Some(tenant(1)), None).await.unwrap();
    assert_eq!(claimed(&kit, 9).await, [1, 1]);
}

async fn limits_that_mean_nothing_are_refused(kit: Kit) {
    let usual = LineLimits::default();
    for (limits, field) in [
        (LineLimits { weight: 0, ..usual }, "weight"),
        (LineLimits { weight: 101, ..usual }, "weight"),
        (LineLimits { running_max: Some(0), ..usual }, "running_max"),
        (LineLimits { rate: Some((0, 1)), ..usual }, "rate"),
        (LineLimits { rate: Some((1, 0)), ..usual }, "rate"),
    ] {
        let error = kit.engine().set_limits(Queue::Agent, None, Some(limits)).await.unwrap_err();
        assert!(error.to_string().starts_with(field), "{error}");
    }
    let far = kit.in_ms(400 * 86_400_000);
    let error = kit.engine().park(Queue::Agent, None, far).await.unwrap_err();
    assert!(error.to_string().starts_with("until"), "{error}");
}

/// More jobs than a call looks through were called off before the first that is to run.
async fn what_was_called_off_holds_nobody_up(kit: Kit) {
    limit(&kit, 1, LineLimits { running_max: Some(2), ..LineLimits::default() }).await;
    let tasks: Vec<_> = (0..1_500).map(|_| kit.task(&of(1))).collect();
    for some in tasks.chunks(queue::BATCH_MAX) {
        kit.engine().enqueue(some.to_vec()).await.unwrap();
    }
    for task in &tasks[1..1_400] {
        kit.engine().cancel(task.id).await.unwrap();
    }
    let first = kit.claim(1).await;
    assert_eq!(first[0].lease.id, tasks[0].id);
    kit.settle(first[0].lease, Verdict::Completed).await;
    let mut done = Vec::new();
    for _ in 0..60 {
        for task in kit.claim(9).await {
            done.push(task.lease.id);
            kit.settle(task.lease, Verdict::Completed).await;
        }
    }
    let left: Vec<_> = tasks[1_400..].iter().map(|task| task.id).collect();
    assert_eq!(done, left);
    assert_eq!(kit.engine().load(Queue::Agent, Some(tenant(1))).await.unwrap().ready, 0);
}

/// It was called off while its line rested, and its place there may still be known.
async fn a_job_that_comes_back_after_it_was_forgotten_is_itself(kit: Kit) {
    let engine = kit.engine();
    engine.park(Queue::Agent, Some(tenant(1)), kit.in_ms(8_000_000)).await.unwrap();
    let (first, other) = (kit.task(&of(1)), kit.task(&of(1)));
    engine.enqueue(vec![first.clone(), other.clone()]).await.unwrap();
    for _ in 0..2 {
        engine.cancel(first.id).await.unwrap();
        kit.pass(3_600_000);
        engine.tend().await.unwrap();
        assert_eq!(engine.known(vec![first.id]).await.unwrap(), []);
        engine.enqueue(vec![first.clone()]).await.unwrap();
    }
    kit.pass(1_000_000);
    assert_eq!(engine.load(Queue::Agent, Some(tenant(1))).await.unwrap().ready, 2);
    let claimed = kit.claim(9).await;
    let mut ids: Vec<_> = claimed.iter().map(|task| task.lease.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [first.id, other.id]);
    assert!(kit.claim(9).await.is_empty());
}
