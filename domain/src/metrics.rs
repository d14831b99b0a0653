//! The names of everything that is counted; a promise to whoever looks at dashboards and is woken by alerts.
//!
//! Labels have few values each: never a tenant, an address or a message.

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
];
