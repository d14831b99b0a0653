//! The connection: one that many calls share, made anew for as long as it takes.
//!
//! What lives here: the thread that drives it, so that a handler that blocks its threads holds up no call.
//! What does not: the heart's connection, which is its own, and what is said over it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jobs::{Backoff, Jitter};
use redis::{Cmd, RedisError, Value};
use tokio::sync::Notify;

use super::{
    problem::{is_broken, is_unknown_script, problem_of, unavailable},
    script::Call,
    servers::{Line, Servers},
};
use crate::QueueResult;

/// How long a server that cannot be reached is left alone.
const AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(50), cap: Duration::from_secs(2) };

/// How long nobody in a Cluster may answer before it is connected to anew.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(10);

/// The connection as it is now, each one known by its number.
struct Now {
    line: Option<Line>,
    number: u64,
    /// When a call over it was answered last.
    answered_at: Instant,
    /// Why there is none.
    because: String,
}

pub(super) struct Link {
    pub servers: Servers,
    now: Mutex<Now>,
    /// The connection is of no use any more.
    broken: Notify,
}

impl Link {
    pub fn new(servers: Servers) -> Self {
        let because = "not connected yet".to_owned();
        let now = Mutex::new(Now { line: None, number: 0, answered_at: Instant::now(), because });
        Self { servers, now, broken: Notify::new() }
    }

    /// Where, without anything that is secret.
    pub fn place(&self) -> &str {
        &self.servers.place
    }

    /// Connects once. To be called on the link's own thread, where the connection lives from then on.
    pub async fn connect(&self) -> Result<(), RedisError> {
        let connected = self.servers.connect().await;
        let mut now = self.now();
        match connected {
            Ok(line) => {
                now.line = Some(line);
                now.number += 1;
                now.answered_at = Instant::now();
                Ok(())
            }
            Err(error) => {
                now.because = error.to_string();
                Err(error)
            }
        }
    }

    /// Keeps it up for ever.
    pub async fn keep(self: Arc<Self>) {
        let mut misses = 0;
        loop {
            if self.now().line.is_none() {
                match self.connect().await {
                    Ok(()) => {
                        if 0 < misses {
                            tracing::info!(place = self.place(), "connected to Redis again");
                        }
                        misses = 0;
                    }
                    Err(error) => {
                        misses += 1;
                        let wait = AWAY.wait(misses, Jitter::MOST);
                        tracing::warn!(
                            place = self.place(), %error, wait_ms = wait.as_millis(), "Redis cannot be reached for now"
                        );
                        tokio::time::sleep(wait).await;
                    }
                }
                continue;
            }
            self.broken.notified().await;
            // A server that takes connections and refuses every call must not be asked without a pause.
            tokio::time::sleep(AWAY.wait(1, Jitter::MOST)).await;
        }
    }

    /// Which connection this is; another one after each loss.
    pub fn number(&self) -> u64 {
        self.now().number
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a script. Where there is no connection that fails at once: whoever calls knows better how long to wait.
    pub async fn call(&self, call: &Call) -> QueueResult<Value> {
        match self.send(None, call.by_hash()).await? {
            Err(error) if is_unknown_script(&error) => {
                let answer = self.send(None, &call.in_full()).await?;
                answer.map_err(|error| problem_of(self.place(), &error))
            }
            answer => answer.map_err(|error| problem_of(self.place(), &error)),
        }
    }

    /// Sends any command that names a key.
    pub async fn command(&self, command: &Cmd) -> QueueResult<Value> {
        let answer = self.send(None, command).await?;
        answer.map_err(|error| problem_of(self.place(), &error))
    }

    /// Sends one that names none to the server that has this key.
    pub async fn command_to(&self, key: &str, command: &Cmd) -> QueueResult<Value> {
        let answer = self.send(Some(key), command).await?;
        answer.map_err(|error| problem_of(self.place(), &error))
    }

    async fn send(
        &self,
        key: Option<&str>,
        command: &Cmd,
    ) -> QueueResult<Result<Value, RedisError>> {
        let (mut line, number) = {
            let now = self.now();
            match &now.line {
                Some(line) => (line.clone(), now.number),
                None => return Err(unavailable(self.place(), &now.because)),
            }
        };
        let answer = match key {
            None => line.send(command).await,
            Some(key) => line.send_to(key, command).await,
        };
        // Scripts answer with an error as a whole or not at all.
        let answer = answer.and_then(|value| match value {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        });
        match &answer {
            Err(error) if is_broken(error) => self.give_up(number, error),
            // A Cluster's servers come and go one by one, and the library follows: what others answer keeps the line.
            _ if self.servers.is_cluster() => self.now().answered_at = Instant::now(),
            _ => {}
        }
        Ok(answer)
    }

    /// Lets go of a connection, if nobody has done so before.
    fn give_up(&self, number: u64, error: &RedisError) {
        let mut now = self.now();
        if self.servers.is_cluster() && now.answered_at.elapsed() < CLUSTER_PATIENCE {
            return;
        }
        if now.number == number && now.line.take().is_some() {
            now.because = error.to_string();
            tracing::warn!(place = self.place(), %error, "the connection to Redis is lost");
            self.broken.notify_one();
        }
    }
}
