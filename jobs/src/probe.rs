//! A job that does nothing, to see whether the fleet takes jobs and ends them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Job, Limits, Queue, TenantId};

/// Shows, by being done, that jobs are taken and settled. Volatile: it lives in the queue alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Whose line it stands in.
    pub tenant_id: TenantId,
}

impl Job for Probe {
    const NAME: &'static str = "probe";
    const QUEUE: Queue = Queue::Interactive;
    const LIMITS: Limits = Limits::new(1, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}
