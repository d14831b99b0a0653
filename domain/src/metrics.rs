//! The names of everything that is counted; a promise to whoever looks at dashboards and is woken by alerts.
//!
//! Labels have few values each: never a tenant, an address or a message.
//! How queues and the outbox stand is the same whichever process tells it: take the highest, not the sum. All else is
//! each process's own.

/// Requests that were answered; by method, route and status.
pub const HTTP_REQUESTS: &str = "steward_http_requests_total";
/// How long requests took; by method and route.
pub const HTTP_REQUEST_SECONDS: &str = "steward_http_request_duration_seconds";
/// Connections that are open.
pub const HTTP_CONNECTIONS: &str = "steward_http_connections";
/// Jobs that were enqueued over HTTP; by name and outcome (new, duplicate).
pub const JOBS_ENQUEUED: &str = "steward_jobs_enqueued_total";
/// Streams of events that are open.
pub const EVENT_STREAMS: &str = "steward_event_streams";

/// Jobs of a queue; by queue and state.
pub const QUEUE_JOBS: &str = "steward_queue_jobs";
/// How long the job has waited that waits longest for a worker; by queue.
pub const QUEUE_OLDEST_SECONDS: &str = "steward_queue_oldest_ready_seconds";
/// Jobs that this process took from workers that went away; by queue.
pub const QUEUE_RESCUES: &str = "steward_queue_rescues_total";
/// Answers of this process that came after the lease was lost; by queue.
pub const QUEUE_LEASES_LOST: &str = "steward_queue_leases_lost_total";
/// Recorded jobs that the queue has not been given yet.
pub const OUTBOX_JOBS: &str = "steward_outbox_jobs";
/// How long the recorded job has waited that waits longest to be handed to the queue.
pub const OUTBOX_OLDEST_SECONDS: &str = "steward_outbox_oldest_seconds";

/// Attempts that ended; by name and outcome (completed, retried, snoozed, dead, cancelled, released).
pub const JOB_ATTEMPTS: &str = "steward_job_attempts_total";
/// How long attempts took; by name.
pub const JOB_SECONDS: &str = "steward_job_duration_seconds";
/// How long recorded jobs waited for their first attempt, from when they could have begun; by queue.
pub const JOB_WAIT_SECONDS: &str = "steward_job_wait_seconds";
/// Jobs that this process has in hand; by queue.
pub const WORKER_JOBS: &str = "steward_worker_jobs";
/// Jobs that this process may have in hand; by queue.
pub const WORKER_SLOTS: &str = "steward_worker_slots";
/// Whether this process gets on: 1, or 0 when nothing moves.
pub const WORKER_READY: &str = "steward_worker_ready";
/// Recorded jobs between outbox and queue; by outcome (relayed, buried, lost_by_queue, ended_by_queue).
pub const JOBS_RELAYED: &str = "steward_jobs_relayed_total";
/// Times that schedules fired; by schedule.
pub const SCHEDULE_FIRES: &str = "steward_schedule_fires_total";
/// Times that a tenant's lock was held by another run; by who knew (queue, database).
pub const LOCK_CONTENTION: &str = "steward_tenant_lock_contention_total";

/// Cycles that ended; by outcome (completed, failed, abandoned).
pub const CYCLES: &str = "steward_cycles_total";
/// Actions that a cycle carried out.
pub const CYCLE_ACTIONS: &str = "steward_cycle_actions";
/// What became of actions; by kind and outcome.
pub const ACTIONS: &str = "steward_actions_total";
/// Actions that the policy refused; by rule.
pub const POLICY_VIOLATIONS: &str = "steward_policy_violations_total";
/// Share of a tenant's reachable contacts touched within 21 days, once a cycle.
pub const ENGAGEMENT_COMPLIANCE: &str = "steward_engagement_compliance_ratio";
/// Orders that were checked; by outcome (accepted, held).
pub const ORDERS_CHECKED: &str = "steward_orders_checked_total";
/// Letters that were handed to a transport; by outcome (sent, failed, unknown).
pub const LETTERS: &str = "steward_letters_total";

/// What kind of figure a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts by size.
    Histogram,
}

/// Every metric, with its kind and a sentence.
pub const ALL: &[(&str, Kind, &str)] = &[
    (HTTP_REQUESTS, Kind::Counter, "Requests that were answered, by method, route and status."),
    (HTTP_REQUEST_SECONDS, Kind::Histogram, "How long requests took, by method and route."),
    (HTTP_CONNECTIONS, Kind::Gauge, "Connections that are open."),
    (JOBS_ENQUEUED, Kind::Counter, "Jobs enqueued over HTTP, by name and outcome."),
    (EVENT_STREAMS, Kind::Gauge, "Streams of events that are open."),
    (QUEUE_JOBS, Kind::Gauge, "Jobs of a queue, by queue and state."),
    (QUEUE_OLDEST_SECONDS, Kind::Gauge, "How long the oldest ready job has waited, by queue."),
    (QUEUE_RESCUES, Kind::Counter, "Jobs taken from workers that went away, by queue."),
    (QUEUE_LEASES_LOST, Kind::Counter, "Answers that came after the lease was lost, by queue."),
    (OUTBOX_JOBS, Kind::Gauge, "Recorded jobs that the queue has not been given yet."),
    (OUTBOX_OLDEST_SECONDS, Kind::Gauge, "How long the oldest of these has waited."),
    (JOB_ATTEMPTS, Kind::Counter, "Attempts that ended, by job name and outcome."),
    (JOB_SECONDS, Kind::Histogram, "How long attempts took, by job name."),
    (JOB_WAIT_SECONDS, Kind::Histogram, "How long recorded jobs waited for their start, by queue."),
    (WORKER_JOBS, Kind::Gauge, "Jobs that this process has in hand, by queue."),
    (WORKER_SLOTS, Kind::Gauge, "Jobs that this process may have in hand, by queue."),
    (WORKER_READY, Kind::Gauge, "Whether this process gets on."),
    (JOBS_RELAYED, Kind::Counter, "Recorded jobs that were handed to the queue, by outcome."),
    (SCHEDULE_FIRES, Kind::Counter, "Times that schedules fired, by schedule."),
    (LOCK_CONTENTION, Kind::Counter, "Times that a tenant's lock was held by another run."),
    (CYCLES, Kind::Counter, "Cycles that ended, by outcome."),
    (CYCLE_ACTIONS, Kind::Histogram, "Actions that a cycle carried out."),
    (ACTIONS, Kind::Counter, "What became of actions, by kind and outcome."),
    (POLICY_VIOLATIONS, Kind::Counter, "Actions that the policy refused, by rule."),
    (ENGAGEMENT_COMPLIANCE, Kind::Histogram, "Share of contacts touched in time, once a cycle."),
    (ORDERS_CHECKED, Kind::Counter, "Orders that were checked, by outcome."),
    (LETTERS, Kind::Counter, "Letters handed to a transport, by outcome."),
];
