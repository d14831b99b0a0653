//! `steward migrate`

use std::process::ExitCode;

use platform::config::Config;
use serde_json::json;

use crate::{app::App, output::Output};

/// Bring the database's schema up to date.
#[derive(clap::Args)]
pub struct Args {}

pub async fn run(_: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    App::open_and_migrate(config).await?;
    let shown = config.database.shown();
    output.print(&json!({ "database": shown, "schema": "up to date" }), || {
        format!("{shown}: the schema is up to date")
    })?;
    Ok(ExitCode::SUCCESS)
}
