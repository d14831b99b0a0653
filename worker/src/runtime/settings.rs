//! Copies what is paused, and how lines are served, from the database to the queue.

use std::{sync::Arc, time::Duration};

use jobs::{Backoff, Jitter, Pause};
use queue::{Engine, LineLimits};
use store::{Store, line::LineRow};
use tokio::{sync::watch, time::Instant};

use super::{RelayError, Stopping, told};

/// How often the rows are read: whoever pauses something is obeyed within a second.
const COPY_EVERY: Duration = Duration::from_millis(400);
/// How often limits are written though they have not changed: a queue may have been emptied.
const REPEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a database or a queue that cannot be reached is left alone.
const AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(200), cap: Duration::from_secs(2) };

/// Which limits the queue was told last, and when.
type Written = Option<(Vec<LineRow>, Instant)>;

/// Copies what people have set: pauses, and how lines are served.
pub struct SettingsCopier {
    store: Store,
    engine: Arc<dyn Engine>,
}

impl SettingsCopier {
    /// From a database to a queue.
    pub fn new(store: Store, engine: Arc<dyn Engine>) -> Self {
        Self { store, engine }
    }

    /// Copies once, so that nothing that is paused begins before [`Self::run`] comes to it.
    pub async fn copy(&self) -> Result<(), RelayError> {
        self.step(&mut None).await
    }

    /// Works until it is told to stop. Either side may go away and come back in the meantime.
    pub async fn run(&self, mut stop: watch::Receiver<Stopping>) {
        let mut misses = 0;
        let mut written: Written = None;
        loop {
            let wait = if misses == 0 { COPY_EVERY } else { AWAY.wait(misses, Jitter::MOST) };
            tokio::select! {
                () = told(&mut stop, Stopping::Drain) => return,
                () = tokio::time::sleep(wait) => {}
            }
            match self.step(&mut written).await {
                Ok(()) => misses = 0,
                Err(error) => {
                    tracing::warn!(%error, "pauses and limits cannot be copied for now");
                    misses += 1;
                }
            }
        }
    }

    async fn step(&self, written: &mut Written) -> Result<(), RelayError> {
        let rows = self.store.system().list_pauses().await?;
        let pauses: Vec<Pause> = rows.into_iter().map(|row| row.pause).collect();
        let lines = self.store.system().list_line_limits().await?;
        // Told each time: a queue that was emptied must not hand out what is paused, and one that knows does nothing.
        self.engine.set_pauses(pauses).await?;
        let is_written = written
            .as_ref()
            .is_some_and(|(served, at)| *served == lines && at.elapsed() < REPEAT_EVERY);
        if !is_written {
            for line in &lines {
                let (weight, running_max, rate) = (line.weight, line.running_max, line.rate);
                let limits = LineLimits { weight, running_max, rate };
                self.engine.set_limits(line.queue, Some(line.tenant), Some(limits)).await?;
            }
            *written = Some((lines, Instant::now()));
        }
        Ok(())
    }
}
