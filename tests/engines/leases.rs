//! Leases: lost and kept, and what becomes of a job whose worker goes away.

use std::time::Duration;

use jobs::Queue;
use queue::{Beat, Settled, State, Verdict};

use crate::kit::{Kit, LEASE, Wish, dead, ids, retry, wish};

on_every_engine!(
    a_lost_lease_can_say_nothing_more,
    a_lease_goes_on_for_as_long_as_it_is_extended,
    a_clock_that_is_set_takes_no_job_from_its_worker,
    a_rescue_costs_no_attempt,
    a_job_that_takes_its_worker_along_ends_alone_and_dead,
    a_job_that_runs_alone_has_nothing_beside_it,
    a_worker_is_made_idle_for_a_job_that_waited_long_enough,
    a_job_that_lives_to_fail_is_forgiven,
    a_heart_beats_without_a_runtime,
);

async fn a_lost_lease_can_say_nothing_more(kit: Kit) {
    let id = kit.add(&wish()).await;
    let late = kit.take().await;
    assert_eq!(kit.lose_leases().await.rescued, 1);
    assert_eq!(kit.state(id).await, State::Ready, "recovered means claimable again");
    assert_eq!(kit.settle(late.lease, Verdict::Completed).await, Settled::Lost);
    let beats = kit.engine().extend(vec![late.lease], LEASE).await.unwrap();
    assert_eq!(beats, [Beat::Lost]);
    let new = kit.take().await;
    assert_eq!(
        kit.settle(late.lease, dead()).await,
        Settled::Lost,
        "nor when somebody else has it"
    );
    assert_eq!(kit.settle(new.lease, Verdict::Completed).await, Settled::Written);
    let stats = kit.engine().stats(Queue::Agent).await.unwrap();
    assert_eq!((stats.leases_lost, stats.rescues), (2, 1));
}

async fn a_lease_goes_on_for_as_long_as_it_is_extended(kit: Kit) {
    let id = kit.add(&wish()).await;
    let task = kit.take().await;
    for _ in 0..5 {
        kit.pass(14_000);
        assert_eq!(kit.engine().extend(vec![task.lease], LEASE).await.unwrap(), [Beat::Held]);
        assert_eq!(kit.engine().tend().await.unwrap().rescued, 0);
    }
    // A lease that ran out holds until somebody takes it.
    kit.pass(20_000);
    assert_eq!(kit.settle(task.lease, Verdict::Completed).await, Settled::Written);
    assert_eq!(kit.state(id).await, State::Completed);
}

async fn a_clock_that_is_set_takes_no_job_from_its_worker(kit: Kit) {
    let id = kit.add(&wish()).await;
    let task = kit.take().await;
    for step in [3_600_000, -7_200_000] {
        kit.step_wall(step);
        assert_eq!(kit.engine().tend().await.unwrap().rescued, 0);
        assert_eq!(kit.engine().extend(vec![task.lease], LEASE).await.unwrap(), [Beat::Held]);
    }
    assert_eq!(kit.state(id).await, State::Running);
}

async fn a_rescue_costs_no_attempt(kit: Kit) {
    let id = kit.add(&wish()).await;
    let first = kit.take().await;
    kit.lose_leases().await;
    let found = kit.found(id).await;
    assert_eq!((found.attempt, found.rescues), (0, 1));
    let second = kit.take().await;
    assert_eq!((first.attempt, second.attempt, second.is_alone), (1, 1, false));
}

async fn a_job_that_takes_its_worker_along_ends_alone_and_dead(kit: Kit) {
    let id = kit.add(&wish()).await;
    let mut alone = Vec::new();
    for _ in 0..queue::RESCUES_TOGETHER_MAX + queue::RESCUES_ALONE_MAX {
        alone.push(kit.take().await.is_alone);
        assert_eq!(kit.lose_leases().await.rescued, 1);
    }
    alone.push(kit.take().await.is_alone);
    assert_eq!(alone, [false, false, true, true, true]);
    let tended = kit.lose_leases().await;
    assert_eq!((tended.rescued, tended.poisoned), (0, 1));
    let found = kit.found(id).await;
    assert_eq!((found.state, found.rescues), (State::Dead, 5));
    assert!(found.error.unwrap().contains("went away 5 times"));
}

/// A job that was rescued twice.
async fn suspect(kit: &Kit) -> jobs::JobId {
    let id = kit.add(&wish()).await;
    for _ in 0..=queue::RESCUES_TOGETHER_MAX {
        kit.take().await;
        kit.lose_leases().await;
    }
    id
}

async fn a_job_that_runs_alone_has_nothing_beside_it(kit: Kit) {
    let id = suspect(&kit).await;
    let neighbour = kit.add(&wish()).await;
    let busy = kit.claim_as("busy", 9, false).await;
    assert_eq!((ids(&busy.tasks), busy.drain), (vec![neighbour], false));
    kit.settle(busy.tasks[0].lease, Verdict::Released).await;
    let idle = kit.claim_as("idle", 9, true).await;
    assert_eq!(ids(&idle.tasks), [id], "it comes first, and nothing with it");
    assert!(idle.tasks[0].is_alone);
    assert_eq!(ids(&kit.claim_as("busy", 9, false).await.tasks), [neighbour]);

    // Given back by a worker that stops, it goes on waiting to run alone.
    kit.settle(idle.tasks[0].lease, Verdict::Released).await;
    assert_eq!(kit.claim_as("busy", 9, false).await.tasks, []);
    assert_eq!(ids(&kit.claim_as("idle", 9, true).await.tasks), [id]);
}

async fn a_worker_is_made_idle_for_a_job_that_waited_long_enough(kit: Kit) {
    let id = suspect(&kit).await;
    let neighbour = kit.add(&wish()).await;
    kit.pass(queue::ALONE_PATIENCE_MS);
    let first = kit.claim_as("first", 9, false).await;
    assert!(first.drain && first.tasks.is_empty());
    let second = kit.claim_as("second", 9, false).await;
    assert!(!second.drain, "one worker is enough");
    assert_eq!(ids(&second.tasks), [neighbour]);
    let idle = kit.claim_as("second", 9, true).await;
    assert_eq!((idle.tasks, idle.drain), (vec![], false), "it is kept for the first");
    kit.pass(10_000);
    let renewed = kit.claim_as("first", 0, false).await;
    assert!(renewed.drain && renewed.tasks.is_empty(), "until it is idle");
    kit.pass(10_000);
    assert_eq!(kit.claim_as("second", 9, true).await.tasks, [], "as long as it asks");
    assert_eq!(ids(&kit.claim_as("first", 9, true).await.tasks), [id]);
}

async fn a_job_that_lives_to_fail_is_forgiven(kit: Kit) {
    let id = suspect(&kit).await;
    let task = kit.take().await;
    assert!(task.is_alone);
    kit.settle(task.lease, retry(1_000)).await;
    assert_eq!(kit.found(id).await.rescues, 0);
    kit.pass(1_000);
    kit.engine().tend().await.unwrap();
    let neighbour = kit.add(&Wish { tenant: Some(2), ..wish() }).await;
    assert_eq!(ids(&kit.claim_as("busy", 9, false).await.tasks), [id, neighbour]);
}

async fn a_heart_beats_without_a_runtime(kit: Kit) {
    let ids: Vec<_> = [kit.add(&wish()).await, kit.add(&wish()).await].to_vec();
    let tasks = kit.claim(2).await;
    kit.engine().cancel(ids[1]).await.unwrap();
    let mut heart = kit.engine().heart().unwrap();
    let leases: Vec<_> = tasks.iter().map(|task| task.lease).collect();
    let lost = queue::Lease { token: queue::Token(999), ..leases[0] };
    let all = [leases[0], leases[1], lost];
    let beats = std::thread::spawn(move || heart.beat(&all, Duration::from_secs(60))).join();
    assert_eq!(beats.unwrap().unwrap(), [Beat::Held, Beat::Cancel, Beat::Lost]);
    kit.lose_leases().await;
    assert_eq!(kit.state(ids[0]).await, State::Running, "its lease is the longer one");
}
