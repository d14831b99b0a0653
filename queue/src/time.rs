//! The two times that the engine lives by.

use std::{sync::Arc, time::Instant};

use jobs::Clock;

/// Tells the time in milliseconds.
///
/// The wall's says when a job is due. A lease runs by the steady one: a clock that is set must not take a running
/// job from its worker.
pub trait Time: Send + Sync {
    /// Since 1970, as the wall clock has it; may jump both ways.
    fn wall_ms(&self) -> i64;
    /// Since some moment of its own choice; never goes back, and never jumps.
    fn steady_ms(&self) -> i64;
}

/// The times of this machine.
pub struct LiveTime {
    clock: Arc<dyn Clock>,
    opened_at_ms: i64,
    opened: Instant,
}

impl LiveTime {
    /// Begins to count.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        // Counted from the wall's time, so that leases of an earlier process are not far off.
        let opened_at_ms = clock.now().timestamp_millis();
        Self { clock, opened_at_ms, opened: Instant::now() }
    }
}

impl Time for LiveTime {
    fn wall_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn steady_ms(&self) -> i64 {
        let passed = i64::try_from(self.opened.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.opened_at_ms.saturating_add(passed)
    }
}
