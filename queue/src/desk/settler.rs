//! Gives back what became of jobs, many at a time.

use std::{sync::Arc, time::Instant};

use jobs::Jitter;
use tokio::sync::mpsc;

use super::{ENGINE_AWAY, Shared};
use crate::{Settled, Settlement, measure};

/// Answers of one call.
const TOGETHER_MAX: usize = 256;

/// Settles until nobody can send an answer any more.
pub(super) async fn run(shared: Arc<Shared>, mut answers: mpsc::UnboundedReceiver<Settlement>) {
    let mut together = Vec::with_capacity(TOGETHER_MAX);
    while 0 < answers.recv_many(&mut together, TOGETHER_MAX).await {
        settle(&shared, std::mem::take(&mut together)).await;
    }
}

/// Tries until it is written: the leases are extended meanwhile, and a job that was done must not be done again
/// because the engine was away for a moment.
async fn settle(shared: &Shared, together: Vec<Settlement>) {
    let mut misses = 0;
    loop {
        match shared.engine.settle(together.clone()).await {
            Ok(settled) => {
                let mut table = shared.table();
                table.unsettled_since = None;
                for (it, settled) in together.iter().zip(settled) {
                    let queue = table.put_down(&it.lease);
                    if settled == Settled::Lost {
                        queue.into_iter().for_each(measure::lease_lost);
                        tracing::warn!(job = %it.lease.id, "its lease was lost; somebody else speaks for it");
                    }
                }
                drop(table);
                shared.changed.notify_waiters();
                return;
            }
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, count = together.len(), "answers cannot be given back for now");
                misses += 1;
                shared.table().unsettled_since.get_or_insert_with(Instant::now);
                tokio::time::sleep(ENGINE_AWAY.wait(misses, Jitter::MOST)).await;
            }
            Err(error) => {
                tracing::error!(%error, "answers that the engine refuses; their leases will run out");
                let mut table = shared.table();
                table.unsettled_since = None;
                for it in &together {
                    table.put_down(&it.lease);
                }
                drop(table);
                shared.changed.notify_waiters();
                return;
            }
        }
    }
}
