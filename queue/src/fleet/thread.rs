//! The engine's thread: it drives the connection, hears the news, and tends the queues.

use std::{
    collections::HashMap,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use futures_util::StreamExt;
use jobs::{Backoff, Jitter, Queue};
use redis::{RedisError, aio::PubSub};
use tokio::{
    runtime::Builder,
    sync::{Notify, oneshot, watch},
    task::JoinSet,
};

use super::{servers::in_time, set::Set};
use crate::{QueueError, QueueResult};

/// How often the queues are looked after, whatever is heard.
const TICK: Duration = Duration::from_millis(500);
/// Shortest pause between two tendings: what is due within it is done together.
const TEND_PAUSE: Duration = Duration::from_millis(1);
/// How often somebody who hears nothing asks whether the line still stands.
const LISTEN_CHECK: Duration = Duration::from_secs(10);
const LISTEN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a server that cannot be heard is left alone.
const AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(50), cap: Duration::from_secs(2) };

/// Whom to tell of what.
struct Bells {
    queues: HashMap<Queue, Notify>,
    /// Something is due sooner than was known.
    times: Notify,
}

impl Bells {
    fn ring(&self, queue: Queue) {
        if let Some(bell) = self.queues.get(&queue) {
            bell.notify_one();
        }
    }

    fn ring_all(&self) {
        self.queues.values().for_each(Notify::notify_one);
        self.times.notify_one();
    }
}

/// The thread; dropped, it ends with everything that runs on it.
pub(super) struct OwnThread {
    bells: Arc<Bells>,
    tried: watch::Receiver<bool>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OwnThread {
    /// Starts it, with what else is to run on it.
    pub fn start(
        set: Arc<Set>,
        gather: impl Future<Output = ()> + Send + 'static,
        tends_itself: bool,
    ) -> QueueResult<Self> {
        let refused = |error: std::io::Error| QueueError::Unavailable {
            problem: format!("the engine's thread could not be started: {error}"),
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let bells = Arc::new(Bells {
            queues: Queue::ALL.map(|queue| (queue, Notify::new())).into(),
            times: Notify::new(),
        });
        let (tell, tried) = watch::channel(false);
        let (end, ended) = oneshot::channel();
        let rung = Arc::clone(&bells);
        let drive = move || {
            runtime.block_on(async move {
                // Told by `keep` and `listen` once more if it fails.
                let heard = match set.link.connect().await {
                    Ok(()) => subscribed(&set).await.ok(),
                    Err(_) => None,
                };
                // What was there when it was opened counts as news.
                rung.ring_all();
                tell.send_replace(true);
                let mut tasks = JoinSet::new();
                tasks.spawn(Arc::clone(&set.link).keep());
                tasks.spawn(gather);
                tasks.spawn(listen(Arc::clone(&set), Arc::clone(&rung), heard));
                if tends_itself {
                    tasks.spawn(tend(set, rung));
                }
                // An error means that nobody is left to end it, which is the end as well.
                let _told = ended.await;
            });
        };
        let thread = thread::Builder::new().name("redis".to_owned()).spawn(drive);
        Ok(Self { bells, tried, end: Some(end), thread: Some(thread.map_err(refused)?) })
    }

    /// Waits until the first connection was made, or could not be.
    pub async fn tried(&self) {
        let mut tried = self.tried.clone();
        // An error means that the thread is gone, and every call will say so.
        let _tried = tried.wait_for(|tried| *tried).await;
    }

    pub async fn ready(&self, queue: Queue) {
        if let Some(bell) = self.bells.queues.get(&queue) {
            bell.notified().await;
        }
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the queue's engine ended in a panic");
        }
    }
}

/// Hears of news for as long as the engine is open. Whenever it begins to hear again, there may be news.
async fn listen(set: Arc<Set>, bells: Arc<Bells>, first: Option<PubSub>) {
    let mut misses = 0;
    if let Some(heard) = first {
        hear(&set, &bells, heard).await;
    }
    loop {
        match subscribed(&set).await {
            Ok(heard) => {
                misses = 0;
                bells.ring_all();
                hear(&set, &bells, heard).await;
            }
            Err(error) => tracing::debug!(%error, "the queues' news cannot be heard for now"),
        }
        misses += 1;
        tokio::time::sleep(AWAY.wait(misses, Jitter::MOST)).await;
    }
}

async fn subscribed(set: &Set) -> Result<PubSub, RedisError> {
    let subscribe = async {
        let mut heard = set.link.servers.listen().await?;
        for queue in Queue::ALL {
            heard.subscribe(set.keys.news(queue)).await?;
        }
        Ok(heard)
    };
    in_time(LISTEN_TIMEOUT, subscribe).await
}

/// Until the line is down.
async fn hear(set: &Set, bells: &Bells, heard: PubSub) {
    let (mut say, mut heard) = heard.split();
    let number = set.link.number();
    loop {
        match tokio::time::timeout(LISTEN_CHECK, heard.next()).await {
            Ok(Some(news)) => {
                let queue = set.keys.queue_of_news(news.get_channel_name());
                match news.get_payload_bytes() {
                    b"times" => bells.times.notify_one(),
                    _ => queue.into_iter().for_each(|queue| bells.ring(queue)),
                }
            }
            Ok(None) => return,
            // Calls go to another server by now, perhaps.
            Err(_) if set.link.number() != number => return,
            Err(_) => {
                let ping = say.ping::<redis::Value>();
                if !matches!(tokio::time::timeout(LISTEN_TIMEOUT, ping).await, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// Tends the queues every so often, and whenever something is due.
async fn tend(set: Arc<Set>, bells: Arc<Bells>) {
    let mut rest = Duration::ZERO;
    loop {
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = bells.times.notified() => tokio::time::sleep(TEND_PAUSE).await,
        }
        rest = TICK;
        let all = Queue::ALL.map(|queue| set.tend(queue));
        for tended in futures_util::future::join_all(all).await {
            match tended {
                Ok((tended, _)) if tended.has_more => rest = Duration::ZERO,
                Ok((_, due_in)) => rest = rest.min(due_in.unwrap_or(TICK).max(TEND_PAUSE)),
                Err(error) => {
                    tracing::debug!(%error, "a queue could not be tended; it is tried again")
                }
            }
        }
    }
}
