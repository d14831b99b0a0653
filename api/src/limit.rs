//! How often a key may ask, and how often an address may ask without one.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::id::{ApiKeyId, TenantId};
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

/// Uploads that a tenant may have under way: one that is slow with many keeps nobody else from theirs.
const UPLOADS_OF_TENANT_MAX: usize = 8;

/// Uploads that are under way, by tenant.
#[derive(Clone, Default)]
pub(crate) struct Uploads(Arc<Mutex<HashMap<TenantId, usize>>>);

/// An upload that is under way, until it is dropped.
pub(crate) struct Place {
    uploads: Uploads,
    tenant: TenantId,
}

impl Uploads {
    /// Begins an upload. Errors if the tenant has too many under way.
    pub fn join(&self, tenant: TenantId) -> Result<Place, ApiError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(tenant).or_default();
        if UPLOADS_OF_TENANT_MAX <= *count {
            let detail = format!("{UPLOADS_OF_TENANT_MAX} uploads are under way: let one finish");
            return Err(ApiError::new(Code::RateLimited, detail).after(Duration::from_secs(5)));
        }
        *count += 1;
        Ok(Place { uploads: self.clone(), tenant })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.tenant) {
            *count -= 1;
        }
        all.retain(|_, count| 0 < *count);
    }
}
