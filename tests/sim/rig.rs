//! An agent on a fresh database, with a clock and a transport that the test holds in its hand.

use std::sync::Arc;

use agent::{Agent, AgentError, CycleRequest, CycleResult, Planner, RulePlanner};
use chrono::{DateTime, TimeDelta};
use connectors::mail::FakeTransport;
use domain::{
    cycle::WorkBlock,
    time::{Timestamp, due_hour},
};
use store::tenant::Tenant;
use testkit::database::{Backend, FixedClock, TestDb, open};

/// Everything that a cycle of a test stands on.
pub struct Rig {
    /// The database.
    pub test: TestDb,
    /// The machine's time, which is also the tenants' unless they have their own.
    pub clock: Arc<FixedClock>,
    /// What takes the letters.
    pub transport: Arc<FakeTransport>,
}

impl Rig {
    /// A fresh database, at a moment.
    pub async fn on(backend: Backend, now: Timestamp) -> Self {
        Self {
            test: open(backend).await,
            clock: Arc::new(FixedClock::new(now)),
            transport: Arc::new(FakeTransport::default()),
        }
    }

    /// The agent with the planner of the rules.
    pub fn agent(&self) -> Agent {
        self.agent_with(Arc::new(RulePlanner))
    }

    /// The agent with a planner of the test.
    pub fn agent_with(&self, planner: Arc<dyn Planner>) -> Agent {
        Agent {
            store: self.test.store.clone(),
            clock: self.clock.clone(),
            transport: self.transport.clone(),
            planner,
            turnstile: None,
            instance: "first".to_owned(),
        }
    }

    /// A tenant as it is stored now.
    pub async fn tenant(&self, slug: &str) -> Tenant {
        self.test.store.system().require_tenant(slug).await.expect("the town has this tenant")
    }

    /// Asks an agent for the cycle of this hour.
    pub async fn try_cycle(&self, agent: &Agent, slug: &str) -> Result<CycleResult, AgentError> {
        agent.run_cycle(&self.tenant(slug).await, CycleRequest::Due).await
    }

    /// Runs the cycle of this hour, which has to get through and be the first of it.
    pub async fn cycle(&self, agent: &Agent, slug: &str) -> WorkBlock {
        let result = self.try_cycle(agent, slug).await.expect("the cycle gets through");
        assert!(!result.was_there, "this hour's cycle was done before");
        result.work_block
    }

    /// Goes to the beginning of the next hour.
    pub fn next_hour(&self) -> Timestamp {
        use domain::time::Clock;
        let next = due_hour(self.clock.now()) + TimeDelta::hours(1);
        self.clock.set(next);
        next
    }
}

/// A moment as RFC 3339 writes it.
pub fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).expect("the test writes a moment").to_utc()
}
