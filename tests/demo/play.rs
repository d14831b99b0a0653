//! The demo tenant with its agent.

use std::sync::Arc;

use agent::{Agent, CycleRequest, RulePlanner};
use connectors::mail::FakeTransport;
use domain::cycle::WorkBlock;
use store::{Scope, tenant::Tenant};
use testkit::database::{Backend, FixedClock, TestDb, open};

/// The demo's world in a fresh database.
pub struct Play {
    pub test: TestDb,
    pub transport: Arc<FakeTransport>,
    agent: Agent,
}

impl Play {
    pub async fn start(backend: Backend) -> Self {
        let test = open(backend).await;
        let clock = FixedClock::new(demo::starts_at());
        demo::install(&test.store, demo::starts_at())
            .await
            .expect("the demo goes into an empty database");
        let transport = Arc::new(FakeTransport::default());
        let agent = Agent {
            store: test.store.clone(),
            clock: Arc::new(clock),
            transport: Arc::clone(&transport) as _,
            planner: Arc::new(RulePlanner),
            instance: "test".to_owned(),
        };
        Self { test, transport, agent }
    }

    pub async fn tenant(&self) -> Tenant {
        self.test.store.system().require_tenant(demo::TENANT).await.expect("the demo was installed")
    }

    /// Plays the tenant's present hour; its clock goes on to the next.
    pub async fn hour(&self) -> WorkBlock {
        let tenant = self.tenant().await;
        let result = self.agent.run_cycle(&tenant, CycleRequest::Due).await;
        let result =
            result.unwrap_or_else(|error| panic!("at {:?}: {error}", tenant.simulated_now));
        assert!(!result.was_there, "the hour of {:?} was played before", tenant.simulated_now);
        result.work_block
    }

    pub fn scope(&self, tenant: &Tenant) -> Scope<'_> {
        self.test.store.tenant(tenant.id)
    }
}
