//! Gives back what became of jobs, many at a time.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::Shared;
use crate::{Settled, Settlement};

/// Answers of one call.
const TOGETHER_MAX: usize = 256;
/// First wait after an error.
const WAIT_MIN: Duration = Duration::from_millis(50);
/// Longest wait between two attempts to reach the engine.
const WAIT_MAX: Duration = Duration::from_secs(5);

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
    let mut wait = WAIT_MIN;
    loop {
        match shared.engine.settle(together.clone()).await {
            Ok(settled) => {
                let mut table = shared.table();
                for (it, settled) in together.iter().zip(settled) {
                    table.put_down(&it.lease);
                    if settled == Settled::Lost {
                        tracing::warn!(job = %it.lease.id, "its lease was lost; somebody else speaks for it");
                    }
                }
                drop(table);
                shared.changed.notify_waiters();
                return;
            }
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, count = together.len(), "answers cannot be given back for now");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(WAIT_MAX);
            }
            Err(error) => {
                tracing::error!(%error, "answers that the engine refuses; their leases will run out");
                let mut table = shared.table();
                together.iter().for_each(|it| table.put_down(&it.lease));
                drop(table);
                shared.changed.notify_waiters();
                return;
            }
        }
    }
}
