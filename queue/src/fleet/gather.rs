//! Gathers what many callers enqueue at the same time into one call.
//!
//! A script for one job costs the server nearly as much as one for fifty. While a call is on its way, those that come
//! wait for the next one, which takes them all; a caller who is alone waits for nobody.

use std::sync::Arc;

use jobs::Queue;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{problem::unavailable, set::Set};
use crate::{BATCH_MAX, Enqueued, NewTask, QueueResult};

/// Jobs of a caller that are gathered: more than these are worth a call of their own.
pub(super) const FEW: usize = 16;
/// Bytes of bodies in one call.
const BYTES_MAX: usize = 1024 * 1024;
/// Callers that wait at once; the next one waits for room.
const WAITING_MAX: usize = 10_000;
/// Calls on their way at once: while one is answered, the next is done.
const CALLS_MAX: usize = 2;

/// What a caller wants, and whom to tell.
struct Wish {
    queue: Queue,
    tasks: Vec<NewTask>,
    answer: oneshot::Sender<QueueResult<Vec<Enqueued>>>,
}

impl Wish {
    fn bytes(&self) -> usize {
        self.tasks.iter().map(|task| task.body.len()).sum()
    }
}

/// Takes wishes of few jobs.
pub(super) struct Gatherer {
    wishes: mpsc::Sender<Wish>,
    place: Arc<str>,
}

impl Gatherer {
    /// One, and what has to run for it.
    pub fn new(set: Arc<Set>) -> (Self, impl Future<Output = ()> + Send) {
        let (wishes, taken) = mpsc::channel(WAITING_MAX);
        let place = Arc::from(set.place());
        (Self { wishes, place }, run(set, taken))
    }

    pub async fn enqueue(&self, queue: Queue, tasks: Vec<NewTask>) -> QueueResult<Vec<Enqueued>> {
        let (answer, answered) = oneshot::channel();
        let gone = || unavailable(&self.place, "the engine is closed");
        self.wishes.send(Wish { queue, tasks, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn run(set: Arc<Set>, mut taken: mpsc::Receiver<Wish>) {
    let mut calls = JoinSet::new();
    let mut wishes: Vec<Wish> = Vec::new();
    loop {
        if CALLS_MAX <= calls.len() {
            calls.join_next().await;
        }
        if wishes.is_empty() && taken.recv_many(&mut wishes, BATCH_MAX).await == 0 {
            return;
        }
        let together = gathered(&mut wishes);
        let set = Arc::clone(&set);
        calls.spawn(async move { call(&set, together).await });
        while calls.try_join_next().is_some() {}
    }
}

/// Takes those that go together: of the first one's queue, as many as fit in a call.
fn gathered(wishes: &mut Vec<Wish>) -> Vec<Wish> {
    let (mut count, mut bytes, mut queue) = (0, 0, None);
    let goes = |wish: &mut Wish| {
        let is_its = *queue.get_or_insert(wish.queue) == wish.queue;
        let fits = count + wish.tasks.len() <= BATCH_MAX
            && (count == 0 || bytes + wish.bytes() <= BYTES_MAX);
        if is_its && fits {
            count += wish.tasks.len();
            bytes += wish.bytes();
        }
        is_its && fits
    };
    wishes.extract_if(.., goes).collect()
}

async fn call(set: &Set, mut together: Vec<Wish>) {
    let Some(queue) = together.first().map(|wish| wish.queue) else { return };
    let lengths: Vec<usize> = together.iter().map(|wish| wish.tasks.len()).collect();
    let tasks: Vec<NewTask> =
        together.iter_mut().flat_map(|wish| std::mem::take(&mut wish.tasks)).collect();
    let mut kept = set.enqueue(queue, &tasks).await.map(Vec::into_iter);
    for (wish, length) in together.into_iter().zip(lengths) {
        let answer = match &mut kept {
            Ok(kept) => Ok(kept.take(length).collect()),
            Err(error) => Err(error.clone()),
        };
        // Whoever does not wait any more is not told; the jobs are kept all the same.
        let _told = wish.answer.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use jobs::{JobId, Priority};
    use uuid::Uuid;

    use super::*;

    fn wish(queue: Queue, count: usize, bytes: usize) -> Wish {
        let task = NewTask {
            id: JobId::from_uuid(Uuid::from_u128(1)),
            queue,
            name: "work".to_owned(),
            tenant: None,
            priority: Priority::default(),
            run_at: None,
            unique: None,
            body: vec![0; bytes],
        };
        Wish { queue, tasks: vec![task; count], answer: oneshot::channel().0 }
    }

    #[test]
    fn a_call_takes_what_is_for_one_queue_and_fits() {
        let mut wishes =
            vec![wish(Queue::Mail, 1, 10), wish(Queue::Bulk, 1, 10), wish(Queue::Mail, 2, 10)];
        assert_eq!(gathered(&mut wishes).len(), 2);
        assert_eq!((wishes.len(), wishes[0].queue), (1, Queue::Bulk));
        let mut heavy: Vec<Wish> = (0..5).map(|_| wish(Queue::Mail, 4, 80_000)).collect();
        assert_eq!(gathered(&mut heavy).len(), 3, "as much as a call may hold");
        assert_eq!(heavy.len(), 2);
        let mut many: Vec<Wish> = (0..100).map(|_| wish(Queue::Mail, FEW, 1)).collect();
        assert_eq!(gathered(&mut many).len(), BATCH_MAX / FEW);
    }
}
