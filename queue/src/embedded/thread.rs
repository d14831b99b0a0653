//! The thread that owns the file, and the hand by which it is reached.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jobs::Queue;
use tokio::sync::{Notify, oneshot};

use super::core::{Core, Sql, unavailable};
use crate::{
    Beat, Heart, Lease, QueueError, QueueResult,
    check::{check_batch, checked_lease},
    time::Time,
};

/// Calls that share a transaction.
const CALLS_TOGETHER_MAX: usize = 64;
/// How often leases and the file itself are looked after, whatever else happens.
const TICK: Duration = Duration::from_millis(500);
/// Shortest pause between two tendings: what is due within it is done together.
const TEND_PAUSE: Duration = Duration::from_millis(1);

type Deliver = Box<dyn FnOnce() + Send>;
/// Done once more, alone, if a transaction that it shared did not get through.
type Work = Box<dyn FnMut(&mut Core) -> Sql<Deliver> + Send>;
type Answer<T> = Box<dyn FnOnce(QueueResult<T>) + Send>;

/// A call on its way: what to do, and whom to tell that it failed.
struct Call {
    work: Work,
    fail: Box<dyn FnOnce(QueueError) + Send>,
}

impl Call {
    fn new<T: Send + 'static>(
        mut work: impl FnMut(&mut Core) -> Sql<T> + Send + 'static,
        answer: Answer<T>,
    ) -> Self {
        let answer = Arc::new(Mutex::new(Some(answer)));
        let take =
            |answer: &Mutex<Option<Answer<T>>>| answer.lock().ok().and_then(|mut it| it.take());
        let to_fail = Arc::clone(&answer);
        Self {
            work: Box::new(move |core| {
                let done = work(core)?;
                let answer = Arc::clone(&answer);
                let deliver = move || {
                    if let Some(answer) = take(&answer) {
                        answer(Ok(done));
                    }
                };
                Ok(Box::new(deliver))
            }),
            fail: Box::new(move |error| {
                if let Some(answer) = take(&to_fail) {
                    answer(Err(error));
                }
            }),
        }
    }
}

/// Whom to tell that a queue may have something to hand out.
type Bells = Arc<HashMap<Queue, Notify>>;

/// Reaches the thread; dropped, it lets the thread finish.
pub(super) struct Hand {
    inbox: Sender<Option<Call>>,
    bells: Bells,
    time: Arc<dyn Time>,
    thread: Option<JoinHandle<()>>,
}

impl Hand {
    pub fn start(core: Core, path: PathBuf, tends_itself: bool) -> QueueResult<Self> {
        let (inbox, calls) = mpsc::channel();
        let bells: Bells = Arc::new(Queue::ALL.map(|queue| (queue, Notify::new())).into());
        let time = Arc::clone(&core.time);
        let owner = Owner {
            core,
            calls,
            bells: Arc::clone(&bells),
            path,
            tends_itself,
            has_more: false,
            is_closing: false,
        };
        let thread = thread::Builder::new()
            .name("queue".to_owned())
            .spawn(move || owner.run())
            .map_err(|error| gone(format!("its thread could not be started: {error}")))?;
        Ok(Self { inbox, bells, time, thread: Some(thread) })
    }

    pub fn wall_ms(&self) -> i64 {
        self.time.wall_ms()
    }

    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Core) -> Sql<T> + Send + 'static,
    ) -> QueueResult<T> {
        let (answer, answered) = oneshot::channel();
        // Whoever does not wait any more is not told; the work is done all the same.
        let answer = Box::new(move |result| drop(answer.send(result)));
        self.send(Call::new(work, answer))?;
        answered.await.map_err(|_| gone("its thread ended".to_owned()))?
    }

    fn send(&self, call: Call) -> QueueResult<()> {
        self.inbox.send(Some(call)).map_err(|_| gone("its thread ended".to_owned()))
    }

    pub async fn ready(&self, queue: Queue) {
        if let Some(bell) = self.bells.get(&queue) {
            bell.notified().await;
        }
    }

    pub fn heart(&self) -> EmbeddedHeart {
        EmbeddedHeart { inbox: self.inbox.clone() }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        // Told in so many words: a heart that is still about holds the line open. An error means that it has ended.
        let _told = self.inbox.send(None);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the queue's thread ended in a panic");
        }
    }
}

/// Extends leases without any future.
pub(super) struct EmbeddedHeart {
    inbox: Sender<Option<Call>>,
}

/// How long a heartbeat waits for its answer: longer than a transaction …
const BEAT_TIMEOUT: Duration = Duration::from_secs(5);
/// … and never longer than this share of a lease, so that several find room in it.
const BEAT_SHARE: u32 = 3;

impl Heart for EmbeddedHeart {
    fn beat(&mut self, leases: &[Lease], lease: Duration) -> QueueResult<Vec<Beat>> {
        check_batch("leases", leases.len())?;
        let lease_ms = checked_lease(lease)?;
        let leases = leases.to_vec();
        let (answer, answered) = mpsc::channel();
        let answer = Box::new(move |result| drop(answer.send(result)));
        let call = Call::new(move |core: &mut Core| core.extend(&leases, lease_ms), answer);
        self.inbox.send(Some(call)).map_err(|_| gone("its thread ended".to_owned()))?;
        let patience = BEAT_TIMEOUT.min(lease / BEAT_SHARE);
        answered.recv_timeout(patience).map_err(|_| gone("no answer in time".to_owned()))?
    }
}

/// What the thread has.
struct Owner {
    core: Core,
    calls: Receiver<Option<Call>>,
    bells: Bells,
    path: PathBuf,
    tends_itself: bool,
    /// There is more to tend than was done at once.
    has_more: bool,
    is_closing: bool,
}

impl Owner {
    fn run(mut self) {
        let mut file = identity(&self.path);
        let mut ticked = Instant::now();
        self.ring();
        loop {
            match self.calls.recv_timeout(self.pause()) {
                Ok(Some(first)) => self.answer(first),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.is_closing {
                return;
            }
            let is_tick = TICK <= ticked.elapsed();
            if is_tick {
                ticked = Instant::now();
                self.look_after_file(&mut file);
            }
            if self.tends_itself && (is_tick || self.has_more || self.core.rests_for_ms() == 0) {
                self.tend();
            }
            self.ring();
        }
    }

    /// How long nothing has to be done.
    fn pause(&self) -> Duration {
        if !self.tends_itself {
            return TICK;
        }
        if self.has_more {
            return Duration::ZERO;
        }
        let rests = u64::try_from(self.core.rests_for_ms()).unwrap_or(0);
        Duration::from_millis(rests).clamp(TEND_PAUSE, TICK)
    }

    /// Does a call, and with it those that arrived meanwhile.
    fn answer(&mut self, first: Call) {
        let mut works = vec![first.work];
        let mut fails = vec![first.fail];
        while works.len() < CALLS_TOGETHER_MAX {
            let Ok(call) = self.calls.try_recv() else { break };
            let Some(call) = call else {
                self.is_closing = true;
                break;
            };
            works.push(call.work);
            fails.push(call.fail);
        }
        let together = |core: &mut Core| {
            works.iter_mut().map(|work| work(core)).collect::<Sql<Vec<Deliver>>>()
        };
        match self.core.try_transact(together) {
            Ok(deliveries) => deliveries.into_iter().for_each(|deliver| deliver()),
            Err(error) if works.len() == 1 || is_of_the_file(&error) => {
                let error = unavailable(&error);
                fails.into_iter().for_each(|fail| fail(error.clone()));
            }
            // Whatever one of them ran into is no business of the others.
            Err(_) => {
                for (mut work, fail) in works.into_iter().zip(fails) {
                    match self.core.transact(|core| work(core)) {
                        Ok(deliver) => deliver(),
                        Err(error) => fail(error),
                    }
                }
            }
        }
    }

    /// One share; calls are answered before the next one, heartbeats among them.
    fn tend(&mut self) {
        match self.core.transact(Core::tend) {
            Ok(tended) => self.has_more = tended.has_more,
            Err(error) => {
                tracing::warn!(%error, "the queue could not be tended; it is tried again");
                self.has_more = false;
                // Not at once: whatever is wrong will not be right in a millisecond.
                thread::sleep(TICK);
            }
        }
    }

    fn ring(&mut self) {
        for queue in self.core.woken.drain() {
            if let Some(bell) = self.bells.get(&queue) {
                bell.notify_one();
            }
        }
    }

    /// Begins a new file if somebody took the old one away: what was recorded is enqueued again.
    fn look_after_file(&mut self, file: &mut Option<(u64, u64)>) {
        let found = identity(&self.path);
        if found == *file && found.is_some() {
            return;
        }
        tracing::warn!(path = %self.path.display(), "the queue's file is gone; a new one is begun");
        match self.core.begin_anew(&self.path) {
            Ok(()) => *file = identity(&self.path),
            Err(error) => tracing::error!(%error, "no new file could be begun; it is tried again"),
        }
    }
}

/// Whether an error lies in the file, and none of the calls could do better alone.
fn is_of_the_file(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
        FileLockingProtocolFailed, NotADatabase, OutOfMemory, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    let of_the_file = [
        CannotOpen,
        DatabaseBusy,
        DatabaseCorrupt,
        DatabaseLocked,
        DiskFull,
        FileLockingProtocolFailed,
        NotADatabase,
        OutOfMemory,
        PermissionDenied,
        ReadOnly,
        SystemIoFailure,
    ];
    error.sqlite_error_code().is_some_and(|code| of_the_file.contains(&code))
}

/// What tells a file from another one of the same name.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|it| (it.dev(), it.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

fn gone(problem: String) -> QueueError {
    QueueError::Unavailable { problem }
}
