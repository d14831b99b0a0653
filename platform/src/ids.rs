//! Where ids come from.

use std::sync::{Mutex, PoisonError};

use domain::{
    id::{IdSource, uuid_v7},
    time::Timestamp,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

/// Ids from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next_uuid(&self, at: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where randomness comes from"
        )]
        rand::rng().fill_bytes(&mut random);
        uuid_v7(unix_ms(at), random)
    }
}

/// Ids from a seed: the same world twice. For tests and simulations.
#[derive(Debug)]
pub struct SeededIds {
    rng: Mutex<StdRng>,
}

impl SeededIds {
    /// The source that this seed stands for.
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }
}

impl IdSource for SeededIds {
    fn next_uuid(&self, at: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut random);
        uuid_v7(unix_ms(at), random)
    }
}

fn unix_ms(at: Timestamp) -> u64 {
    u64::try_from(at.timestamp_millis()).unwrap_or(0)
}
