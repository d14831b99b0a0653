//! The heart's own connection, which no future can keep waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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

    fn ask(&mut self, command: &Cmd, left: Duration) -> Result<Value, RedisError> {
        match self {
            Self::One(connection) => {
                connection.set_read_timeout(Some(left))?;
                connection.set_write_timeout(Some(left))?;
                connection.req_packed_command(&command.get_packed_command())
            }
            Self::Cluster(runtime, connection) => {
                runtime.block_on(in_time(left, connection.req_packed_command(command)))
            }
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

    fn send(&mut self, command: &Cmd, until: Instant) -> QueueResult<Result<Value, RedisError>> {
        let Some(line) = &mut self.line else {
            return Err(unavailable(self.place(), "the heart is not connected"));
        };
        let left = until.saturating_duration_since(Instant::now()).max(WAIT_MIN);
        let answer = line.ask(command, left).and_then(|value| match value {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        });
        if answer.as_ref().is_err_and(is_broken) {
            self.line = None;
        }
        Ok(answer)
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
        let mut beats = vec![Beat::Lost; leases.len()];
        for (queue, held) in Set::by_queue(leases.iter()) {
            let call = self.set.extend_call(queue, leases, &held, lease);
            let answer = match self.send(call.by_hash(), until)? {
                Err(error) if is_unknown_script(&error) => self.send(&call.in_full(), until)?,
                answer => answer,
            };
            let value = answer.map_err(|error| problem_of(self.place(), &error))?;
            Set::read_beats(&text(self.place(), value)?, &held, &mut beats);
        }
        Ok(beats)
    }
}
