//! `steward doctor`

use std::process::ExitCode;

use api::Answer;
use migration::MigratorTrait;
use platform::config::Config;
use queue::{QueueResult, fleet::Examination};
use serde::Serialize;
use store::system::RunnerLease;

use crate::{app::App, fleet::engine, output::Output};

/// Check that everything that steward needs is there.
#[derive(clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

pub async fn run(_: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let mut checks = vec![data_dir(config)];
    match platform::database::connect(&config.database).await {
        Err(error) => {
            let detail = format!("{error:#}");
            checks.push(Check { name: "database", ok: false, detail });
        }
        Ok(db) => {
            let detail = config.database.shown();
            checks.push(Check { name: "database", ok: true, detail });
            let pending = migration::Migrator::get_pending_migrations(&db).await;
            checks.push(match pending {
                Ok(pending) if pending.is_empty() => {
                    Check { name: "schema", ok: true, detail: "up to date".to_owned() }
                }
                Ok(pending) => {
                    let detail = format!("{} migrations to run: `steward migrate`", pending.len());
                    Check { name: "schema", ok: false, detail }
                }
                Err(error) => Check { name: "schema", ok: false, detail: error.to_string() },
            });
        }
    }
    if checks.iter().all(|check| check.ok) {
        let app = App::open(config).await?;
        checks.push(tenants(&app).await);
        if app.is_fleet() {
            checks.extend(redis(&app).await);
        } else {
            checks.push(runner(&app).await);
        }
        checks.push(front_door(&app).await);
    }
    let all_ok = checks.iter().all(|check| check.ok);
    output.print(&checks, || {
        let lines = checks.iter().map(|check| {
            let sign = if check.ok { "ok " } else { "NOT" };
            format!("{sign}  {:<10} {}", check.name, check.detail)
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn data_dir(config: &Config) -> Check {
    let probe = config.data_dir.join(".doctor");
    let tried = std::fs::create_dir_all(&config.data_dir)
        .and_then(|()| std::fs::write(&probe, b"steward"))
        .and_then(|()| std::fs::remove_file(&probe));
    let shown = config.data_dir.display();
    match tried {
        Ok(()) => Check { name: "data", ok: true, detail: format!("{shown} can be written") },
        Err(error) => {
            let detail = format!(
                "{shown} cannot be written: {error}; set STEWARD_DATA_DIR to a folder that can"
            );
            Check { name: "data", ok: false, detail }
        }
    }
}

async fn tenants(app: &App) -> Check {
    match app.store.system().list_tenants().await {
        Ok(tenants) => Check { name: "tenants", ok: true, detail: tenants.len().to_string() },
        Err(error) => Check { name: "tenants", ok: false, detail: error.to_string() },
    }
}

async fn runner(app: &App) -> Check {
    let found = app.store.system().find_runner(app.clock.now()).await;
    match found {
        Ok(Some(RunnerLease::Busy { holder, expires_at })) => Check {
            name: "runner",
            ok: true,
            detail: format!("{holder}, lease until {expires_at}"),
        },
        Ok(_) => Check {
            name: "runner",
            ok: true,
            detail: "nobody runs cycles: `steward up`".to_owned(),
        },
        Err(error) => Check { name: "runner", ok: false, detail: error.to_string() },
    }
}

/// The queues' servers: whether they answer, and each thing that may lose or hold up jobs.
async fn redis(app: &App) -> Vec<Check> {
    let name = "redis";
    let found = match engine::examine(app).await {
        Ok(found) => found,
        Err(error) => return vec![Check { name, ok: false, detail: format!("{error:#}") }],
    };
    let check = |found: QueueResult<Examination>| match found {
        Ok(found) => redis_server(&found),
        Err(error) => vec![Check { name, ok: false, detail: error.to_string() }],
    };
    found.into_iter().flat_map(check).collect()
}

fn redis_server(found: &Examination) -> Vec<Check> {
    let name = "redis";
    let detail = format!(
        "{} answers in {:.1} ms: version {}, {} MiB in use, clock {} ms ahead",
        found.place,
        found.round_trip.as_secs_f64() * 1_000.0,
        found.version,
        found.used / (1024 * 1024),
        found.clock_ahead_ms
    );
    let mut checks = vec![Check { name, ok: true, detail }];
    let warnings = found.warnings().into_iter();
    checks.extend(warnings.map(|detail| Check { name, ok: false, detail }));
    checks
}

async fn front_door(app: &App) -> Check {
    let address = app.config().api.listen;
    let (ok, detail) = match api::ask(address).await {
        Answer::Ready => (true, format!("answers on http://{address}")),
        Answer::NotReady => (
            false,
            format!("http://{address} is not ready: http://{address}/health/ready says why"),
        ),
        Answer::Nobody => {
            (true, format!("nobody answers on http://{address}: `steward api`, or `steward up`"))
        }
        Answer::Stranger => (
            false,
            format!(
                "{address} is somebody else's: set STEWARD_API_LISTEN to an address that is free"
            ),
        ),
    };
    Check { name: "api", ok, detail }
}
