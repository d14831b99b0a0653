//! The threads that keep leases, whatever the handlers do: one asks for more time, the other gives up in time.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Shared, Stop};
use crate::{BATCH_MAX, Beat, Heart, Lease, QueueError, QueueResult};

/// Beats in the time of a lease: three may be missed.
const BEATS_PER_LEASE: u32 = 5;
/// A lease is given up so many beats before it is over: nobody else is to have the job while it still runs here.
const BEATS_EARLY: u32 = 1;
/// How often it is looked whether a lease is about to be over.
const WATCH_EVERY: Duration = Duration::from_millis(50);
/// Longest time between two beats, so that a cancellation is heard within a second.
const BEAT_MAX: Duration = Duration::from_millis(900);

/// The threads; dropped, they end.
pub(super) struct HeartThread {
    ends: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl HeartThread {
    pub fn start(shared: Arc<Shared>, heart: Box<dyn Heart>) -> QueueResult<Self> {
        let every = (shared.lease / BEATS_PER_LEASE).min(BEAT_MAX);
        let watched = Arc::clone(&shared);
        let mut heart = heart;
        let mut threads = Self { ends: Vec::new(), threads: Vec::new() };
        threads.spawn("heart", every, move || beat(&shared, heart.as_mut()))?;
        // On a thread that never waits for the engine: one that does not answer takes its time to say so.
        let early = every * BEATS_EARLY;
        threads.spawn("leases", WATCH_EVERY, move || give_up(&watched, early))?;
        Ok(threads)
    }

    /// Does something every so often.
    fn spawn(
        &mut self,
        name: &str,
        every: Duration,
        mut act: impl FnMut() + Send + 'static,
    ) -> QueueResult<()> {
        let (end, ended) = mpsc::channel();
        let run = move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                act();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(thread.map_err(|error| QueueError::Unavailable {
            problem: format!("the thread `{name}` could not be started: {error}"),
        })?);
        self.ends.push(end);
        Ok(())
    }
}

impl Drop for HeartThread {
    fn drop(&mut self) {
        self.ends.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that keeps leases ended in a panic");
            }
        }
    }
}

fn beat(shared: &Shared, heart: &mut dyn Heart) {
    let now = Instant::now();
    let leases: Vec<Lease> = {
        let table = shared.table();
        let is_extended = |until: Option<Instant>| until.is_none_or(|until| now < until);
        let kept = table.in_hand.iter().filter(|(_, it)| is_extended(it.until));
        kept.map(|(lease, _)| *lease).collect()
    };
    for leases in leases.chunks(BATCH_MAX) {
        match heart.beat(leases, shared.lease) {
            Ok(beats) => {
                let unheard = beats.iter().filter(|it| **it == Beat::Unheard).count();
                if 0 < unheard {
                    tracing::warn!(unheard, "some leases cannot be extended for now");
                }
                extend(shared, leases, &beats, now + shared.lease);
                leases.iter().zip(beats).for_each(|(lease, beat)| hear(shared, lease, beat));
            }
            Err(error) => {
                tracing::warn!(%error, count = leases.len(), "leases cannot be extended for now")
            }
        }
    }
}

/// Gives up what will be over before it could be heard of: whoever reaches the engine may have the job then.
fn give_up(shared: &Shared, early: Duration) {
    let over = Instant::now() + early;
    let lost: Vec<Lease> = {
        let table = shared.table();
        let lost = table.in_hand.iter().filter(|(_, it)| it.held_until <= over);
        lost.map(|(lease, _)| *lease).collect()
    };
    lost.iter().for_each(|lease| hear(shared, lease, Beat::Lost));
}

/// Notes until when leases go on, counted from before the engine was asked.
fn extend(shared: &Shared, leases: &[Lease], beats: &[Beat], until: Instant) {
    let mut table = shared.table();
    for (lease, _) in
        leases.iter().zip(beats).filter(|(_, beat)| matches!(beat, Beat::Held | Beat::Cancel))
    {
        if let Some(it) = table.in_hand.get_mut(lease) {
            it.held_until = until;
        }
    }
}

fn hear(shared: &Shared, lease: &Lease, beat: Beat) {
    let stop = match beat {
        Beat::Held | Beat::Unheard => return,
        Beat::Cancel => Stop::Cancelled,
        Beat::Lost => Stop::LeaseLost,
    };
    if let Some(it) = shared.table().in_hand.get(lease) {
        // The first reason stays, but for a lost lease, after which nothing may be done any more.
        it.stop.send_if_modified(|told| {
            let is_news = told.is_none() || (stop == Stop::LeaseLost && *told != Some(stop));
            if is_news {
                *told = Some(stop);
            }
            is_news
        });
    }
}
