//! A quick answer to whether somebody else works for a tenant, before the database is asked.

use std::time::Duration;

use async_trait::async_trait;
use domain::id::{RunId, TenantId};

/// Knows which run works for a tenant, for a while from when it entered.
///
/// It spares the database those who would ask it in vain, and decides nothing: whoever it lets through draws a fence
/// from the database, and one that is away, or has forgotten everything, lets everybody through.
#[async_trait]
pub trait Turnstile: Send + Sync {
    /// Lets a run through for so long, unless another one is; says whether it did.
    async fn enter(&self, tenant: TenantId, run: RunId, time: Duration) -> bool;

    /// A run is through, if it still was.
    async fn leave(&self, tenant: TenantId, run: RunId);
}
