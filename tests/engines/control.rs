//! What people do to jobs and queues, and what they see.

use std::time::Duration;

use jobs::{Queue, Unique};
use queue::{CancelOutcome, Filter, Pause, Replayed, Retention, State, Verdict};

use crate::kit::{Kit, Wish, dead, ids, retry, tenant, wish};

on_every_engine!(
    what_waits_is_called_off_at_once_and_what_runs_is_told,
    a_job_that_was_told_to_stop_does_not_run_again,
    a_job_is_brought_back_with_all_its_attempts,
    dead_jobs_are_replayed_and_purged_by_filter,
    a_replay_goes_past_what_cannot_come_back,
    what_has_to_run_alone_obeys_the_limits_of_its_line,
    a_paused_queue_hands_nothing_out,
    a_paused_name_lets_others_pass,
    a_paused_tenant_keeps_its_place,
    jobs_are_listed_page_by_page,
    figures_are_right_in_every_state,
    what_ended_is_forgotten_by_age,
    jobs_that_go_the_same_way_together_are_told_apart,
);

async fn what_ended_is_forgotten_by_age(kit: Kit) {
    let done = kit.add(&wish()).await;
    let task = kit.take().await;
    kit.settle(task.lease, Verdict::Completed).await;
    let failed = kit.add(&wish()).await;
    let task = kit.take().await;
    kit.settle(task.lease, dead()).await;
    kit.pass(3_600_000 - 1);
    assert_eq!(kit.engine().tend().await.unwrap().pruned, 0);
    kit.pass(1);
    assert_eq!(kit.engine().tend().await.unwrap().pruned, 1);
    assert_eq!(kit.engine().known(vec![done, failed]).await.unwrap(), [failed]);
    kit.pass(30 * 24 * 3_600_000);
    assert_eq!(kit.engine().tend().await.unwrap().pruned, 1);
    assert!(kit.engine().known(vec![failed]).await.unwrap().is_empty());
}

/// What is kept in the tests of that.
const LITTLE: Retention = Retention {
    completed_age: Duration::from_secs(60 * 60),
    completed_max: 3,
    dead_age: Duration::from_secs(60 * 60),
    dead_max: 1,
};

#[tokio::test]
async fn the_embedded_engine_forgets_by_number_oldest_first() {
    let kit = Kit::keeping(LITTLE);
    assert_eq!(five_done(&kit).await, 2);
}

/// It forgets as it goes, so that what is kept does not grow, however fast jobs are done.
#[tokio::test]
async fn the_fleets_engine_forgets_by_number_oldest_first() {
    let kit = Kit::fleet_keeping(LITTLE);
    assert_eq!(five_done(&kit).await, 0);
}

/// Does five jobs, of which three are known in the end; says how many were forgotten in tending.
async fn five_done(kit: &Kit) -> usize {
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(kit.add(&wish()).await);
        let task = kit.take().await;
        kit.settle(task.lease, Verdict::Completed).await;
        kit.pass(1);
    }
    let pruned = kit.engine().tend().await.unwrap().pruned;
    assert_eq!(kit.engine().known(all.clone()).await.unwrap(), all[2..]);
    assert_eq!(kit.count(State::Completed).await, 3);
    assert_eq!(kit.engine().tend().await.unwrap().pruned, 0);
    pruned
}

async fn what_waits_is_called_off_at_once_and_what_runs_is_told(kit: Kit) {
    let engine = kit.engine();
    let later = kit.add(&Wish { after_ms: Some(1_000), ..wish() }).await;
    assert_eq!(engine.cancel(later).await.unwrap(), CancelOutcome::Cancelled);
    assert_eq!(engine.cancel(later).await.unwrap(), CancelOutcome::Ended);
    let waiting = kit.add(&wish()).await;
    let other = kit.add(&wish()).await;
    assert_eq!(engine.cancel(waiting).await.unwrap(), CancelOutcome::Cancelled);
    let task = kit.take().await;
    assert_eq!(task.lease.id, other);
    assert_eq!(engine.cancel(other).await.unwrap(), CancelOutcome::Requested);
    assert!(kit.found(other).await.is_cancelling);
    kit.settle(task.lease, Verdict::Cancelled).await;
    assert_eq!(kit.state(other).await, State::Cancelled);
    assert_eq!(engine.cancel(kit.task(&wish()).id).await.unwrap(), CancelOutcome::Unknown);
    assert_eq!(kit.count(State::Cancelled).await, 3);
}

async fn a_job_that_was_told_to_stop_does_not_run_again(kit: Kit) {
    for verdict in [retry(1_000), Verdict::Snooze { after: Duration::ZERO }, Verdict::Released] {
        let id = kit.add(&wish()).await;
        let task = kit.take().await;
        kit.engine().cancel(id).await.unwrap();
        kit.settle(task.lease, verdict).await;
        assert_eq!(kit.state(id).await, State::Cancelled);
    }
    let id = kit.add(&wish()).await;
    kit.take().await;
    kit.engine().cancel(id).await.unwrap();
    kit.lose_leases().await;
    assert_eq!(kit.state(id).await, State::Cancelled, "nor when its worker went away");
    let id = kit.add(&wish()).await;
    let task = kit.take().await;
    kit.engine().cancel(id).await.unwrap();
    kit.settle(task.lease, Verdict::Completed).await;
    assert_eq!(kit.state(id).await, State::Completed, "what was done is done");
}

async fn a_job_is_brought_back_with_all_its_attempts(kit: Kit) {
    let id = kit.add(&wish()).await;
    let task = kit.take().await;
    assert_eq!(kit.engine().retry(id).await.unwrap(), Replayed::NotWaiting);
    kit.settle(task.lease, retry(3_600_000)).await;
    assert_eq!(kit.engine().retry(id).await.unwrap(), Replayed::Ready, "now and not in an hour");
    let task = kit.take().await;
    assert_eq!(task.attempt, 2);
    kit.settle(task.lease, dead()).await;
    assert_eq!(kit.engine().retry(id).await.unwrap(), Replayed::Ready);
    let task = kit.take().await;
    assert_eq!(task.attempt, 1);
    kit.settle(task.lease, Verdict::Completed).await;
    assert_eq!(kit.engine().retry(id).await.unwrap(), Replayed::NotWaiting);
    assert_eq!(kit.engine().retry(kit.task(&wish()).id).await.unwrap(), Replayed::Unknown);
}

async fn dead_jobs_are_replayed_and_purged_by_filter(kit: Kit) {
    for (tenant, name) in [(1, "work"), (1, "play"), (2, "work"), (2, "work")] {
        kit.add(&Wish { tenant: Some(tenant), name, ..wish() }).await;
    }
    for task in kit.claim(9).await {
        kit.settle(task.lease, dead()).await;
    }
    let engine = kit.engine();
    let of = |number, name: Option<&str>| Filter {
        queue: Some(Queue::Agent),
        name: name.map(str::to_owned),
        tenant: Some(tenant(number)),
    };
    assert_eq!(engine.replay(of(1, Some("work")), 9).await.unwrap(), 1);
    assert_eq!(engine.replay(of(2, None), 1).await.unwrap(), 1, "no more than was asked for");
    assert_eq!((kit.count(State::Dead).await, kit.claim(9).await.len()), (2, 2));
    let elsewhere = Filter { queue: Some(Queue::Mail), ..Filter::default() };
    assert_eq!(engine.purge(elsewhere, 9).await.unwrap(), 0);
    assert_eq!(engine.purge(Filter::default(), 9).await.unwrap(), 2);
    assert_eq!(kit.count(State::Dead).await, 0);
}

async fn a_paused_queue_hands_nothing_out(mut kit: Kit) {
    let id = kit.add(&wish()).await;
    kit.engine().set_pauses(vec![Pause::Queue(Queue::Agent)]).await.unwrap();
    assert_eq!(kit.claim(9).await, []);
    assert!(kit.engine().stats(Queue::Agent).await.unwrap().is_paused);
    kit.reopen();
    assert_eq!(kit.claim(9).await, [], "also after a restart");
    kit.engine().set_pauses(Vec::new()).await.unwrap();
    assert_eq!(ids(&kit.claim(9).await), [id]);
}

async fn a_paused_name_lets_others_pass(mut kit: Kit) {
    let paused: Vec<_> = [kit.add(&wish()).await, kit.add(&wish()).await].to_vec();
    let other = kit.add(&Wish { name: "play", ..wish() }).await;
    kit.engine().set_pauses(vec![Pause::Name("work".to_owned())]).await.unwrap();
    assert_eq!(ids(&kit.claim(1).await), [other]);
    assert_eq!(kit.count(State::Ready).await, 2);
    kit.engine().tend().await.unwrap();
    kit.reopen();
    assert_eq!(kit.claim(9).await, []);
    assert_eq!(kit.engine().cancel(paused[1]).await.unwrap(), CancelOutcome::Cancelled);
    kit.engine().set_pauses(Vec::new()).await.unwrap();
    kit.engine().tend().await.unwrap();
    assert_eq!(ids(&kit.claim(9).await), [paused[0]]);
}

async fn a_paused_tenant_keeps_its_place(kit: Kit) {
    let first = kit.add(&wish()).await;
    let other = kit.add(&Wish { tenant: Some(2), ..wish() }).await;
    kit.engine().set_pauses(vec![Pause::Tenant(tenant(1))]).await.unwrap();
    let late = kit.add(&wish()).await;
    assert_eq!(ids(&kit.claim(9).await), [other]);
    kit.engine().set_pauses(Vec::new()).await.unwrap();
    assert_eq!(ids(&kit.claim(9).await), [first, late]);
}

async fn jobs_are_listed_page_by_page(kit: Kit) {
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(kit.add(&Wish { tenant: Some(number % 2 + 1), ..wish() }).await);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = kit.engine().list(Filter::default(), State::Ready, after, 2).await.unwrap();
        seen.extend(page.jobs.iter().map(|job| job.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    let of_one = Filter { tenant: Some(tenant(2)), ..Filter::default() };
    let page = kit.engine().list(of_one, State::Ready, None, 2).await.unwrap();
    assert_eq!(page.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [all[1], all[3]]);
    assert_eq!(page.next, None, "a page that is just full is the last");
    let none = kit.engine().list(Filter::default(), State::Dead, None, 2).await.unwrap();
    assert!(none.jobs.is_empty() && none.next.is_none());
}

async fn figures_are_right_in_every_state(kit: Kit) {
    for _ in 0..5 {
        kit.add(&wish()).await;
    }
    kit.add(&Wish { after_ms: Some(1_000), ..wish() }).await;
    kit.pass(500);
    let waiting = kit.add(&Wish { tenant: None, ..wish() }).await;
    let tasks = kit.claim(4).await;
    assert_eq!(tasks.len(), 4);
    assert_eq!(tasks[1].lease.id, waiting);
    kit.settle(tasks[0].lease, Verdict::Completed).await;
    kit.settle(tasks[2].lease, dead()).await;
    let stats = kit.engine().stats(Queue::Agent).await.unwrap();
    let counts: Vec<_> = stats.counts.into_iter().collect();
    assert_eq!(
        counts,
        [
            (State::Scheduled, 1),
            (State::Ready, 2),
            (State::Running, 2),
            (State::Completed, 1),
            (State::Dead, 1),
        ]
    );
    assert_eq!((stats.lines, stats.oldest_ready_at), (1, Some(kit.in_ms(-500))));
    let top = kit.engine().top(Queue::Agent, 9).await.unwrap();
    let top: Vec<_> = top.into_iter().map(|it| (it.tenant, it.ready, it.running)).collect();
    assert_eq!(top, [(Some(tenant(1)), 2, 1), (None, 0, 1)]);
    let other = kit.engine().stats(Queue::Bulk).await.unwrap();
    assert!(other.counts.is_empty() && other.oldest_ready_at.is_none());
}

/// Dead jobs whose key belongs to others by now stand before one that can come back.
async fn a_replay_goes_past_what_cannot_come_back(kit: Kit) {
    let keyed = || Wish { unique: Some(Unique::while_pending("k").unwrap()), ..wish() };
    for _ in 0..3 {
        kit.add(&keyed()).await;
        let task = kit.take().await;
        kit.settle(task.lease, dead()).await;
        kit.pass(1);
    }
    let free = kit.add(&wish()).await;
    let task = kit.take().await;
    kit.settle(task.lease, dead()).await;
    kit.add(&keyed()).await;
    assert_eq!(kit.engine().replay(Filter::default(), 1).await.unwrap(), 1);
    assert_eq!(kit.state(free).await, State::Ready);
    assert_eq!(kit.engine().replay(Filter::default(), 9).await.unwrap(), 0);
    assert_eq!(kit.count(State::Dead).await, 3, "they stay where they are");
}

/// A job that was rescued too often waits for its line's rest to be over like any other.
async fn what_has_to_run_alone_obeys_the_limits_of_its_line(kit: Kit) {
    let suspect = kit.add(&Wish { tenant: Some(1), ..wish() }).await;
    for _ in 0..2 {
        assert_eq!(kit.take().await.lease.id, suspect);
        kit.lose_leases().await;
    }
    kit.engine().park(Queue::Agent, Some(tenant(1)), kit.in_ms(60_000)).await.unwrap();
    let other = kit.add(&Wish { tenant: Some(2), ..wish() }).await;
    let claimed = kit.claim_as("worker", 9, true).await;
    assert_eq!(ids(&claimed.tasks), [other], "nobody waits for one that rests");
    kit.settle(claimed.tasks[0].lease, Verdict::Completed).await;
    kit.pass(60_000);
    let claimed = kit.claim_as("worker", 9, true).await;
    assert_eq!(ids(&claimed.tasks), [suspect]);
    assert!(claimed.tasks[0].is_alone);
}

/// Most jobs are handed out and done many at a time; each of them can still be asked for.
async fn jobs_that_go_the_same_way_together_are_told_apart(kit: Kit) {
    let mut all = Vec::new();
    for number in 0..40 {
        all.push(kit.add(&Wish { tenant: Some(number % 3 + 1), ..wish() }).await);
    }
    let tasks = kit.claim(30).await;
    assert_eq!(tasks.len(), 30);
    let done = |some: &[queue::Leased]| -> Vec<queue::Settlement> {
        let done = |task: &queue::Leased| queue::Settlement {
            lease: task.lease,
            verdict: Verdict::Completed,
        };
        some.iter().map(done).collect()
    };
    for some in [&tasks[..20], &tasks[20..23]] {
        kit.pass(1);
        let settled = kit.engine().settle(done(some)).await.unwrap();
        assert!(settled.iter().all(|it| *it == queue::Settled::Written));
    }
    // What is said again, beside what is news, is told from it.
    let again = kit.engine().settle(done(&tasks[18..25])).await.unwrap();
    let written: Vec<bool> = again.iter().map(|it| *it == queue::Settled::Written).collect();
    assert_eq!(written, [false, false, false, false, false, true, true]);
    kit.engine().cancel(tasks[25].lease.id).await.unwrap();
    let of = |task: &queue::Leased| task.lease.id;
    for (from, to, state) in [(0, 25, State::Completed), (25, 30, State::Running)] {
        let ids: Vec<_> = tasks[from..to].iter().map(of).collect();
        let states = kit.engine().states(ids.clone()).await.unwrap();
        assert!(states.iter().all(|it| *it == Some(state)), "{states:?}");
        for id in &ids {
            let found = kit.found(*id).await;
            assert_eq!((found.state, found.attempt), (state, 1));
        }
        let page = kit.engine().list(Filter::default(), state, None, 99).await.unwrap();
        let mut sorted = ids;
        sorted.sort_unstable();
        assert_eq!(page.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), sorted);
        assert_eq!(kit.count(state).await, u64::try_from(to - from).unwrap());
    }
    assert_eq!(kit.found(tasks[0].lease.id).await.at, Some(kit.in_ms(-1)));
    let late = kit.engine().states(vec![kit.task(&wish()).id, all[39]]).await.unwrap();
    assert_eq!(late, [None, Some(State::Ready)]);
    assert_eq!(kit.lose_leases().await.rescued, 5, "one of them as called off");
    assert_eq!(kit.state(tasks[25].lease.id).await, State::Cancelled);
    kit.pass(3_600_000);
    while kit.engine().tend().await.unwrap().has_more {}
    assert_eq!(kit.count(State::Completed).await, 0);
    assert_eq!(kit.count(State::Ready).await, 14);
}
