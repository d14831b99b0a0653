//! Claims jobs of one queue, as many as there are hands free.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jobs::{Jitter, Queue};

use super::{ENGINE_AWAY, Shared, Table};
use crate::{BATCH_MAX, Claim, Claimed, QueueResult};

/// How long at most until it is asked again, whatever the engine says: a call that was missed costs no more.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What to wait for before the next claim.
enum Next {
    /// Nothing: there may be more.
    AtOnce,
    /// Something new in the queue.
    News,
    /// Something that is put down.
    Room,
}

/// Claims until the desk stops. The engine may go away and come back in the meantime.
pub(super) async fn run(shared: Arc<Shared>, queue: Queue, concurrency: usize) {
    let mut misses = 0;
    loop {
        // Asked for before looking, so that nothing that happens in between is missed.
        let changed = shared.changed.notified();
        if shared.table().is_stopping {
            return;
        }
        match claim(&shared, queue, concurrency).await {
            Ok(next) => {
                misses = 0;
                let asleep = tokio::time::sleep(ASK_AGAIN);
                match next {
                    Next::AtOnce => {}
                    Next::Room => tokio::select! { () = changed => {}, () = asleep => {} },
                    Next::News => tokio::select! {
                        () = shared.engine.ready(queue) => {},
                        () = changed => {},
                        () = asleep => {},
                    },
                }
            }
            Err(error) => {
                misses += 1;
                let wait = ENGINE_AWAY.wait(misses, Jitter::MOST);
                tracing::warn!(%queue, %error, wait_ms = wait.as_millis(), "no jobs can be claimed for now");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// The engine has said whether there is work, or had not to be asked.
fn answered(table: &mut Table, queue: Queue) {
    if let Some(shelf) = table.shelves.get_mut(&queue) {
        shelf.answered_at = Instant::now();
    }
}

async fn claim(shared: &Arc<Shared>, queue: Queue, concurrency: usize) -> QueueResult<Next> {
    let _one_at_a_time = shared.claiming.lock().await;
    let (room, is_idle) = {
        let table = shared.table();
        let is_idle = table.in_hand.is_empty();
        let in_hand = table.shelves.get(&queue).map_or(0, |shelf| shelf.in_hand);
        let room = concurrency.saturating_sub(in_hand);
        let room = match table.draining_for {
            _ if table.runs_alone() => None,
            Some(of) if of != queue => None,
            // Asks for nothing, so that the job is kept for this worker while it finishes what it has.
            Some(_) if !is_idle => Some(0),
            _ => Some(room).filter(|room| 0 < *room),
        };
        (room, is_idle)
    };
    let Some(room) = room else {
        answered(&mut shared.table(), queue);
        return Ok(Next::Room);
    };
    let max = room.min(BATCH_MAX);
    let claim = Claim { queue, worker: &shared.worker, max, lease: shared.lease, is_idle };
    let asked_at = Instant::now();
    let Claimed { tasks, drain } = shared.engine.claim(claim).await?;
    let count = tasks.len();
    let mut table = shared.table();
    answered(&mut table, queue);
    // It came to run alone, or what was to run alone is gone.
    table.draining_for = drain.then_some(queue);
    let waker = table.take(shared, queue, tasks, asked_at);
    let is_stopping = table.is_stopping;
    let late: Vec<_> = if is_stopping {
        table.shelves.get_mut(&queue).map(|shelf| shelf.buffer.drain(..).collect())
    } else {
        None
    }
    .unwrap_or_default();
    drop(table);
    // The desk was stopped while the engine was asked: what came goes back.
    drop(late);
    if let Some(waker) = waker {
        waker.wake();
    }
    Ok(match count {
        _ if drain => Next::Room,
        0 => Next::News,
        _ if count == max => Next::AtOnce,
        _ => Next::News,
    })
}
