//! The tenant lock's first half where there is Redis: who is turned away without asking the database.

use std::{sync::Arc, time::Duration};

use agent::Turnstile;
use async_trait::async_trait;
use domain::id::{RunId, TenantId};
use queue::fleet::Fleet;

/// Knows the runs of all processes that share a Redis.
pub struct SharedTurnstile(pub Arc<Fleet>);

#[async_trait]
impl Turnstile for SharedTurnstile {
    async fn enter(&self, tenant: TenantId, run: RunId, time: Duration) -> bool {
        let taken = self.0.take_lock(&tenant.to_string(), &run.to_string(), time).await;
        // One that is away lets everybody through: the database decides.
        taken.unwrap_or_else(|error| {
            tracing::debug!(%error, "the turnstile cannot be asked");
            true
        })
    }

    async fn leave(&self, tenant: TenantId, run: RunId) {
        if let Err(error) = self.0.release_lock(&tenant.to_string(), &run.to_string()).await {
            tracing::debug!(%error, "the turnstile cannot be told; it lapses by itself");
        }
    }
}
