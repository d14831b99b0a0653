//! Logs: to standard error, so that output can be piped.

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
