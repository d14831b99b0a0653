//! Logs, to standard error so that output can be piped; and counts, as Prometheus reads them.

use domain::metrics::{self as names, Kind};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogConfig;

/// Starts logging. Errors when the filter cannot be read.
pub fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| anyhow::anyhow!("STEWARD_LOG is not a filter such as `info`: {error}"))?;
    let logger = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if config.json { logger.json().try_init() } else { logger.try_init() };
    started.map_err(|error| anyhow::anyhow!("logging was started before: {error}"))
}

/// The bounds that durations are counted by, in seconds: from a read out of memory to a request that is given up.
const DURATION_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];

/// A job may take as long as its time limit, and wait as long as a backlog takes.
const JOB_BUCKETS: &[f64] =
    &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 240.0, 900.0, 3_600.0, 21_600.0];
/// How many actions a cycle carries out; its budgets end in the hundreds.
const ACTION_BUCKETS: &[f64] = &[0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];
/// Shares, fine where they should be.
const SHARE_BUCKETS: &[f64] = &[0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0];
/// What is counted in other steps than the durations of requests.
const OTHER_BUCKETS: &[(&str, &[f64])] = &[
    (names::JOB_SECONDS, JOB_BUCKETS),
    (names::JOB_WAIT_SECONDS, JOB_BUCKETS),
    (names::CYCLE_ACTIONS, ACTION_BUCKETS),
    (names::ENGAGEMENT_COMPLIANCE, SHARE_BUCKETS),
];

/// Starts counting, and gives what prints the counts. Once in a process: a second call gives the first one's.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    static STARTED: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(handle) = STARTED.get() {
        return Ok(handle.clone());
    }
    let mut builder = PrometheusBuilder::new().set_buckets(DURATION_BUCKETS)?;
    for (name, buckets) in OTHER_BUCKETS {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
    }
    let handle = builder.install_recorder()?;
    for (name, kind, about) in domain::metrics::ALL {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *about),
            Kind::Gauge => metrics::describe_gauge!(*name, *about),
            Kind::Histogram => metrics::describe_histogram!(*name, *about),
        }
    }
    Ok(STARTED.get_or_init(|| handle).clone())
}
