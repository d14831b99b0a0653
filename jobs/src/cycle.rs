//! The cycle of an hour: four jobs, each recorded with what the one before it wrote.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Job, Limits, Queue, TenantId, Timestamp};

/// The hour of a tenant that a phase belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleHour {
    /// Whose.
    pub tenant_id: TenantId,
    /// The hour, by its beginning.
    pub due_hour: Timestamp,
}

/// A phase is minutes of database at most; it has to end before the tenant's lock lapses, after five minutes.
const LIMITS: Limits = Limits::new(5, Duration::from_secs(4 * 60));

/// Gathers what there is to do in an hour, and decides what is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanCycle(pub CycleHour);

/// Does what was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActCycle(pub CycleHour);

/// Turns what came of it into outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReactCycle(pub CycleHour);

/// Writes down what there is to learn, and ends the cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReflectCycle(pub CycleHour);

impl Job for PlanCycle {
    const NAME: &'static str = "plan_cycle";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.0.tenant_id)
    }
}

impl Job for ActCycle {
    const NAME: &'static str = "act_cycle";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.0.tenant_id)
    }
}

impl Job for ReactCycle {
    const NAME: &'static str = "react_cycle";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.0.tenant_id)
    }
}

impl Job for ReflectCycle {
    const NAME: &'static str = "reflect_cycle";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.0.tenant_id)
    }
}
