//! How often a key may ask, and how often an address may ask without one.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use domain::id::ApiKeyId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::error::{ApiError, Code};

/// Requests of a key for each failed attempt that an address may make: five in a second, unless it is set otherwise.
const REQUESTS_PER_FAILURE: u32 = 100;
/// Seconds' worth of failed attempts in one go: enough for a client that is set up wrongly.
const FAILURES_BURST_SECONDS: u32 = 10;
/// What has not been asked for long is forgotten every so many failures.
const FAILURES_PER_SWEEP: u32 = 1_000;

/// Counts what is asked.
pub(crate) struct RateLimits {
    keys: DefaultKeyedRateLimiter<ApiKeyId>,
    failures: DefaultKeyedRateLimiter<IpAddr>,
    failed: AtomicU32,
    clock: DefaultClock,
}

impl RateLimits {
    pub fn new(requests_per_second: u32) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let keys = Quota::per_second(at_least_one(requests_per_second))
            .allow_burst(at_least_one(requests_per_second.saturating_mul(2)));
        let failures = requests_per_second / REQUESTS_PER_FAILURE;
        let burst = failures.saturating_mul(FAILURES_BURST_SECONDS);
        let failures = Quota::per_second(at_least_one(failures)).allow_burst(at_least_one(burst));
        Self {
            keys: RateLimiter::keyed(keys),
            failures: RateLimiter::keyed(failures),
            failed: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a key. Errors if there were too many.
    pub fn request(&self, key: ApiKeyId) -> Result<(), ApiError> {
        self.keys.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            too_many("this key asks too often; wait, or send jobs as a batch", wait)
        })
    }

    /// Counts an attempt without a key that is known. Errors if there were too many.
    pub fn failure(&self, address: IpAddr) -> Result<(), ApiError> {
        if self.failed.fetch_add(1, Ordering::Relaxed).is_multiple_of(FAILURES_PER_SWEEP) {
            self.failures.retain_recent();
        }
        self.failures.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            too_many("too many attempts without a key that is known", wait)
        })
    }
}

fn too_many(detail: &str, wait: Duration) -> ApiError {
    ApiError::new(Code::RateLimited, detail).after(wait)
}
