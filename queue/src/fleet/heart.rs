//! The heart's own connection, which no future can keep waiting.

use std::{
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use redis::{
    Cmd, Connection, ConnectionLike, RedisError, Value, aio::ConnectionLike as _,
    cluster_async::ClusterConnection,
};
use tokio::runtime::{Builder, Runtime};

use super::{
    answer::text,
    problem::{is_broken, is_unknown_script, problem_of, unavailable},
    servers::{Pulse, in_time},
    set::Set,
};
use crate::{
    Beat, Heart, Lease, QueueResult,
    check::{check_batch, checked_lease},
};

/// A beat waits for no longer than this share of a lease: several find room in it …
const PATIENCE_SHARE: u32 = 15;
/// … nor than this.
const PATIENCE_MAX: Duration = Duration::from_secs(1);
const PATIENCE_MIN: Duration = Duration::from_millis(100);
/// The shortest wait that a socket knows.
const WAIT_MIN: Duration = Duration::from_millis(1);

pub(super) struct FleetHeart {
    set: Arc<Set>,
    line: Option<Line>,
}

/// A line of the heart's own.
enum Line {
    One(Connection),
    /// The library's blocking connection to a Cluster may wait without end for a server that stands still.
    Cluster(Runtime, ClusterConnection),
}

impl Line {
    fn open(set: &Set, patience: Duration) -> Result<Self, RedisError> {
        match set.link.servers.pulse(patience)? {
            Pulse::One(client) => Ok(Self::One(client.get_connection_with_timeout(patience)?)),
            Pulse::Cluster(client) => {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                let connect = in_time(patience, client.get_async_connection());
                let connection = runtime.block_on(connect)?;
                Ok(Self::Cluster(runtime, connection))
            }
        }
    }

    /// Asks all of it: one after the other, or of a Cluster's servers all at once, so that none holds up the others.
    fn ask(&mut self, commands: &[Cmd], until: Instant) -> Vec<Result<Value, RedisError>> {
        let left = || until.saturating_duration_since(Instant::now()).max(WAIT_MIN);
        match self {
            Self::One(connection) => {
                let mut is_lost = false;
                let ask = |command: &Cmd| {
                    if is_lost {
                        return Err(std::io::Error::from(ErrorKind::NotConnected).into());
                    }
                    let left = left();
                    let answer = connection
                        .set_read_timeout(Some(left))
                        .and_then(|()| connection.set_write_timeout(Some(left)))
                        .and_then(|()| {
                            connection.req_packed_command(&command.get_packed_command())
                        });
                    // What comes late would be taken for the answer to the next one.
                    is_lost = answer.as_ref().is_err_and(is_broken);
                    answer
                };
                commands.iter().map(ask).collect()
            }
            Self::Cluster(runtime, connection) => {
                let left = left();
                let ask = |command| {
                    let mut connection = connection.clone();
                    async move {
                        in_time(left, async { connection.req_packed_command(command).await }).await
                    }
                };
                runtime.block_on(join_all(commands.iter().map(ask)))
            }
        }
    }

    /// Whether it is of no use any more after these answers.
    fn is_lost(&self, answers: &[Result<Value, RedisError>]) -> bool {
        let is_lost = |answer: &Result<Value, RedisError>| answer.as_ref().is_err_and(is_broken);
        match self {
            Self::One(_) => answers.iter().any(is_lost),
            // Its servers come and go one by one, and the library follows.
            Self::Cluster(..) => answers.iter().all(is_lost),
        }
    }
}

impl FleetHeart {
    pub fn new(set: Arc<Set>) -> Self {
        Self { set, line: None }
    }

    fn place(&self) -> &str {
        self.set.place()
    }

    fn send(
        &mut self,
        commands: &[Cmd],
        until: Instant,
    ) -> QueueResult<Vec<Result<Value, RedisError>>> {
        let Some(line) = &mut self.line else {
            return Err(unavailable(self.place(), "the heart is not connected"));
        };
        let plain = |answer: Result<Value, RedisError>| {
            answer.and_then(|value| match value {
                Value::ServerError(error) => Err(error.into()),
                value => Ok(value),
            })
        };
        let answers: Vec<_> = line.ask(commands, until).into_iter().map(plain).collect();
        if line.is_lost(&answers) {
            self.line = None;
        }
        Ok(answers)
    }
}

impl Heart for FleetHeart {
    fn beat(&mut self, leases: &[Lease], lease: Duration) -> QueueResult<Vec<Beat>> {
        check_batch("leases", leases.len())?;
        checked_lease(lease)?;
        let patience = (lease / PATIENCE_SHARE).clamp(PATIENCE_MIN, PATIENCE_MAX);
        let until = Instant::now() + patience;
        if self.line.is_none() {
            let line = Line::open(&self.set, patience / 2);
            self.line = Some(line.map_err(|error| problem_of(self.place(), &error))?);
        }
        let of_queues = Set::by_queue(leases.iter());
        let calls = of_queues
            .iter()
            .map(|(queue, held)| self.set.extend_call(*queue, leases, held, lease))
            .collect::<Vec<_>>();
        let by_hash: Vec<_> = calls.iter().map(|call| call.by_hash().clone()).collect();
        let mut answers = self.send(&by_hash, until)?;
        for (answer, call) in answers.iter_mut().zip(&calls) {
            if answer.as_ref().is_err_and(is_unknown_script) {
                *answer = self.send(&[call.in_full()], until)?.remove(0);
            }
        }
        let mut beats = vec![Beat::Lost; leases.len()];
        let (mut is_answered, mut problem) = (of_queues.is_empty(), None);
        for ((_, held), answer) in of_queues.iter().zip(answers) {
            let letters = answer.map_err(|error| problem_of(self.place(), &error));
            match letters.and_then(|value| text(self.place(), value)) {
                Ok(letters) => {
                    is_answered = true;
                    Set::read_beats(&letters, held, &mut beats);
                }
                Err(error) => {
                    held.iter().for_each(|it| beats[it.at] = Beat::Unheard);
                    problem = Some(error);
                }
            }
        }
        match problem {
            Some(error) if !is_answered => Err(error),
            _ => Ok(beats),
        }
    }
}
