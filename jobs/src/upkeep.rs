//! The house's own chores.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Job, Limits, Queue, TenantId};

/// Forgets a tenant's jobs that were settled long ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetSettledJobs {
    /// Whose.
    pub tenant_id: TenantId,
}

impl Job for ForgetSettledJobs {
    const NAME: &'static str = "forget_settled_jobs";
    const QUEUE: Queue = Queue::Maintenance;
    const LIMITS: Limits = Limits::new(5, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}

/// Forgets a tenant's idempotency keys that stand for nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetIdempotencyKeys {
    /// Whose.
    pub tenant_id: TenantId,
}

impl Job for ForgetIdempotencyKeys {
    const NAME: &'static str = "forget_idempotency_keys";
    const QUEUE: Queue = Queue::Maintenance;
    const LIMITS: Limits = Limits::new(5, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}

/// Forgets a tenant's imports of long ago, and those whose files never arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetImports {
    /// Whose.
    pub tenant_id: TenantId,
}

impl Job for ForgetImports {
    const NAME: &'static str = "forget_imports";
    const QUEUE: Queue = Queue::Maintenance;
    const LIMITS: Limits = Limits::new(5, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}

/// Deletes everything of a tenant that is deleted already for everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTenant {
    /// Whose.
    pub tenant_id: TenantId,
}

impl Job for DeleteTenant {
    const NAME: &'static str = "delete_tenant";
    const QUEUE: Queue = Queue::Maintenance;
    const LIMITS: Limits = Limits::new(20, Duration::from_secs(5 * 60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}
