//! A job's way through its states.

use std::time::Duration;

use jobs::{Priority, Queue};
use queue::{Enqueued, QueueError, Settled, State, Verdict};

use crate::kit::{Kit, Wish, dead, ids, retry, tenant, wish};

on_every_engine!(
    a_job_is_kept_handed_out_and_done,
    a_job_is_kept_once_under_its_id,
    a_job_that_is_put_off_waits_for_its_time,
    what_is_pressing_goes_first_and_what_waits_gains,
    a_failed_job_is_tried_again_until_it_is_dead,
    a_snooze_and_a_release_cost_no_attempt,
    what_cannot_be_meant_is_refused_by_its_field,
    a_queue_hears_of_what_it_may_hand_out,
    everything_is_there_after_a_restart,
);

async fn a_job_is_kept_handed_out_and_done(kit: Kit) {
    let id = kit.add(&wish()).await;
    let found = kit.found(id).await;
    assert_eq!((found.state, found.attempt, found.at), (State::Ready, 0, Some(kit.now())));
    assert_eq!(
        (found.name.as_str(), found.tenant, found.queue),
        ("work", Some(tenant(1)), Queue::Agent)
    );

    let task = kit.take().await;
    assert_eq!((task.lease.id, task.attempt, task.is_alone), (id, 1, false));
    assert_eq!(task.body, found.body);
    assert_eq!(kit.claim(9).await, [], "it is handed out once");
    let found = kit.found(id).await;
    assert_eq!((found.state, found.worker.as_deref()), (State::Running, Some("here")));

    kit.pass(10);
    assert_eq!(kit.settle(task.lease, Verdict::Completed).await, Settled::Written);
    let found = kit.found(id).await;
    assert_eq!((found.state, found.attempt, found.worker), (State::Completed, 1, None));
    assert_eq!(found.at, Some(kit.now()));
    assert_eq!(kit.settle(task.lease, dead()).await, Settled::Lost, "it is said once");
    assert_eq!(kit.state(id).await, State::Completed);
}

async fn a_job_is_kept_once_under_its_id(kit: Kit) {
    let task = kit.task(&wish());
    let both = kit.engine().enqueue(vec![task.clone(), task.clone()]).await.unwrap();
    assert_eq!(both, [Enqueued::New(task.id), Enqueued::Duplicate(task.id)]);
    let taken = kit.take().await;
    kit.settle(taken.lease, Verdict::Completed).await;
    let again = kit.engine().enqueue(vec![task.clone()]).await.unwrap();
    assert_eq!(again, [Enqueued::Duplicate(task.id)], "as long as it is remembered");
    assert_eq!(kit.engine().known(vec![task.id, kit.task(&wish()).id]).await.unwrap(), [task.id]);
}

async fn a_job_that_is_put_off_waits_for_its_time(kit: Kit) {
    let late = kit.add(&Wish { after_ms: Some(2_000), ..wish() }).await;
    let soon = kit.add(&Wish { after_ms: Some(1_000), ..wish() }).await;
    let past = kit.add(&Wish { after_ms: Some(-1_000), ..wish() }).await;
    assert_eq!(kit.state(late).await, State::Scheduled);
    assert_eq!(kit.found(late).await.at, Some(kit.in_ms(2_000)));
    assert_eq!(ids(&kit.claim(9).await), [past]);

    kit.pass(999);
    assert_eq!(kit.engine().tend().await.unwrap().promoted, 0);
    kit.pass(1);
    assert_eq!(kit.engine().tend().await.unwrap().promoted, 1);
    assert_eq!(ids(&kit.claim(9).await), [soon]);
    kit.step_wall(3_600_000);
    kit.engine().tend().await.unwrap();
    assert_eq!(ids(&kit.claim(9).await), [late], "times to run are the wall's");
}

async fn what_is_pressing_goes_first_and_what_waits_gains(kit: Kit) {
    let plain = kit.add(&wish()).await;
    let pressing = kit.add(&Wish { priority: 1, ..wish() }).await;
    assert_eq!(ids(&kit.claim(1).await), [pressing]);
    kit.pass(queue::AGEING_MS + 1);
    let newer = kit.add(&Wish { priority: 1, ..wish() }).await;
    assert_eq!(
        ids(&kit.claim(9).await),
        [plain, newer],
        "it has waited longer than a step is worth"
    );
}

async fn a_failed_job_is_tried_again_until_it_is_dead(kit: Kit) {
    let id = kit.add(&wish()).await;
    let first = kit.take().await;
    kit.settle(first.lease, retry(5_000)).await;
    let found = kit.found(id).await;
    assert_eq!((found.state, found.error.as_deref()), (State::Scheduled, Some("it failed")));
    assert_eq!(found.at, Some(kit.in_ms(5_000)));
    kit.pass(5_000);
    kit.engine().tend().await.unwrap();
    let second = kit.take().await;
    assert_eq!(second.attempt, 2);
    assert!(first.lease.token < second.lease.token);
    kit.settle(second.lease, dead()).await;
    let found = kit.found(id).await;
    assert_eq!((found.state, found.error.as_deref()), (State::Dead, Some("it failed for good")));
}

async fn a_snooze_and_a_release_cost_no_attempt(kit: Kit) {
    let id = kit.add(&wish()).await;
    let other = kit.add(&wish()).await;
    let task = kit.claim(1).await.remove(0);
    kit.settle(task.lease, Verdict::Snooze { after: Duration::from_secs(1) }).await;
    kit.pass(1_000);
    kit.engine().tend().await.unwrap();
    let both = kit.claim(9).await;
    assert_eq!(ids(&both), [other, id], "it stands where its new time puts it");
    assert_eq!((both[1].attempt, both[1].snoozes), (1, 1));

    kit.settle(both[0].lease, Verdict::Released).await;
    kit.settle(both[1].lease, Verdict::Released).await;
    let again = kit.claim(9).await;
    assert_eq!(ids(&again), [other, id], "a release gives the place back");
    assert_eq!((again[0].attempt, again[1].attempt, again[1].snoozes), (1, 1, 1));
}

async fn what_cannot_be_meant_is_refused_by_its_field(kit: Kit) {
    let good = kit.task(&wish());
    let far = Wish { after_ms: Some(367 * 86_400_000), ..wish() };
    let long_ago = Wish { after_ms: Some(-kit.now().timestamp_millis() - 1), ..wish() };
    let bad = [
        ("run_at", kit.task(&far)),
        ("run_at", kit.task(&long_ago)),
        ("body", queue::NewTask { body: vec![0; 200_000], ..kit.task(&wish()) }),
        ("name", queue::NewTask { name: String::new(), ..kit.task(&wish()) }),
    ];
    for (field, task) in bad {
        let error = kit.engine().enqueue(vec![good.clone(), task]).await.unwrap_err();
        assert!(matches!(&error, QueueError::Invalid { field: it, .. } if *it == field), "{error}");
    }
    assert_eq!(
        kit.engine().find(good.id).await.unwrap(),
        None,
        "nothing of a refused call is kept"
    );
    let many = (0..=queue::BATCH_MAX).map(|_| kit.task(&wish())).collect();
    let error = kit.engine().enqueue(many).await.unwrap_err();
    assert_eq!(error.to_string(), "tasks: 1001 in one call; give at most 1000");
    let claim =
        |worker, lease| queue::Claim { queue: Queue::Mail, worker, max: 1, lease, is_idle: true };
    let error = kit.engine().claim(claim("", crate::kit::LEASE)).await.unwrap_err();
    assert!(error.to_string().starts_with("worker: "), "{error}");
    let error = kit.engine().claim(claim("here", Duration::from_millis(1))).await.unwrap_err();
    assert_eq!(error.to_string(), "lease: 1 ms; give 1 to 300 s");
    assert!(Priority::new(10).is_err());
}

async fn a_queue_hears_of_what_it_may_hand_out(kit: Kit) {
    let engine = kit.engine();
    // What was there when it was opened counts as news.
    engine.ready(Queue::Agent).await;
    assert_eq!(kit.claim(1).await, []);
    let waiting = engine.ready(Queue::Agent);
    tokio::pin!(waiting);
    assert!(futures_ready(&mut waiting).await.is_none(), "there is nothing yet");
    kit.add(&Wish { queue: Queue::Mail, ..wish() }).await;
    assert!(futures_ready(&mut waiting).await.is_none(), "that was another queue");
    kit.add(&wish()).await;
    waiting.await;
    let late = kit.add(&Wish { after_ms: Some(50), ..wish() }).await;
    assert_eq!(kit.claim(9).await.len(), 1);
    kit.pass(50);
    engine.tend().await.unwrap();
    engine.ready(Queue::Agent).await;
    assert_eq!(ids(&kit.claim(9).await), [late]);
}

/// What a future gives if it is asked now, and once more after everybody else was.
async fn futures_ready<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::time::timeout(Duration::from_millis(20), future).await.ok()
}

async fn everything_is_there_after_a_restart(mut kit: Kit) {
    let waiting = kit.add(&wish()).await;
    let later = kit.add(&Wish { after_ms: Some(60_000), ..wish() }).await;
    let other = kit.add(&Wish { tenant: None, ..wish() }).await;
    let taken = kit.claim(1).await.remove(0);
    assert_eq!(taken.lease.id, waiting);
    kit.reopen();
    assert_eq!(kit.count(State::Running).await, 1);
    assert_eq!(kit.count(State::Scheduled).await, 1);
    assert_eq!(ids(&kit.claim(9).await), [other]);
    assert_eq!(kit.settle(taken.lease, Verdict::Completed).await, Settled::Written);
    kit.pass(60_000);
    kit.engine().tend().await.unwrap();
    let claimed = kit.claim(9).await;
    assert!(ids(&claimed).contains(&later), "{claimed:?}");
    assert!(taken.lease.token < claimed[0].lease.token, "no token is given twice");
}
