//! The heart's own connection, which no future can keep waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{Client, Connection, ConnectionLike, RedisError, Value};

use super::{
    answer::text,
    problem::{is_broken, is_unknown_script, problem_of, unavailable},
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
    client: Client,
    place: String,
    connection: Option<Connection>,
}

impl FleetHeart {
    pub fn new(set: Arc<Set>) -> Self {
        let (client, place) = (set.link.client().clone(), set.link.place.clone());
        Self { set, client, place, connection: None }
    }

    fn connect(&mut self, patience: Duration) -> Result<(), RedisError> {
        self.connection = Some(self.client.get_connection_with_timeout(patience)?);
        Ok(())
    }

    fn send(&mut self, command: &[u8], until: Instant) -> QueueResult<Result<Value, RedisError>> {
        let Some(connection) = &mut self.connection else {
            return Err(unavailable(&self.place, "the heart is not connected"));
        };
        let left = until.saturating_duration_since(Instant::now()).max(WAIT_MIN);
        let wait = connection
            .set_read_timeout(Some(left))
            .and_then(|()| connection.set_write_timeout(Some(left)));
        let answer = wait.and_then(|()| connection.req_packed_command(command));
        let answer = answer.and_then(|value| match value {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        });
        if answer.as_ref().is_err_and(is_broken) {
            self.connection = None;
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
        if self.connection.is_none() {
            self.connect(patience / 2).map_err(|error| problem_of(&self.place, &error))?;
        }
        let mut beats = vec![Beat::Lost; leases.len()];
        for (queue, held) in Set::by_queue(leases.iter()) {
            let call = self.set.extend_call(queue, leases, &held, lease);
            let answer = match self.send(&call.by_hash().get_packed_command(), until)? {
                Err(error) if is_unknown_script(&error) => {
                    self.send(&call.in_full().get_packed_command(), until)?
                }
                answer => answer,
            };
            let value = answer.map_err(|error| problem_of(&self.place, &error))?;
            Set::read_beats(&text(&self.place, value)?, &held, &mut beats);
        }
        Ok(beats)
    }
}
