//! `steward key`

use std::process::ExitCode;

use api::{Rotation, Secret, rotate_key};
use chrono::TimeDelta;
use domain::{
    access::{KeyRole, find_key_fault},
    id::ApiKeyId,
    time::Timestamp,
};
use platform::config::Config;
use serde_json::json;
use store::{Transition, key::KeyRow};

use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a key for the API; it is shown once.
    Create(Create),
    /// List keys.
    List(List),
    /// Take a key back.
    Revoke(Revoke),
    /// Make a key in place of another one, which goes on for a while.
    Rotate(Rotate),
}

#[derive(clap::Args)]
pub struct Create {
    /// What people call it, such as the system that will use it.
    name: String,
    /// owner, operator, viewer or enqueue.
    #[arg(long, default_value = "operator")]
    role: KeyRole,
    /// Days until it opens nothing any more; for ever if left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
    days: Option<u32>,
    /// Which tenant's data it opens; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// A key that looks after the installation, and opens no tenant's data.
    #[arg(long, conflicts_with = "tenant")]
    admin: bool,
}

#[derive(clap::Args)]
pub struct List {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// Those that look after the installation.
    #[arg(long, conflicts_with = "tenant")]
    admin: bool,
}

#[derive(clap::Args)]
pub struct Revoke {
    /// Which key, by its id.
    key: ApiKeyId,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// It looks after the installation.
    #[arg(long, conflicts_with = "tenant")]
    admin: bool,
}

#[derive(clap::Args)]
pub struct Rotate {
    /// Which key, by its id.
    key: ApiKeyId,
    /// Hours for which the old one goes on.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=HOURS_MAX))]
    hours: u32,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

/// Ten years: longer is for ever.
const DAYS_MAX: i64 = 3_650;
/// A month: longer is no rotation.
const HOURS_MAX: i64 = 24 * 31;
/// Keys that are listed.
const LISTED_MAX: u64 = 1_000;
/// Longest name.
const NAME_CHARS_MAX: usize = 100;

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::Create(args) => create(&app, &args, output).await?,
        Command::List(args) => list(&app, &args, output).await?,
        Command::Revoke(args) => revoke(&app, &args, output).await?,
        Command::Rotate(args) => rotate(&app, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(app: &App, args: &Create, output: &Output) -> anyhow::Result<()> {
    let length = args.name.chars().count();
    if length == 0 || NAME_CHARS_MAX < length || args.name.chars().any(char::is_control) {
        anyhow::bail!("the name must be 1 to {NAME_CHARS_MAX} plain characters");
    }
    let now = app.clock.now();
    let expires_at = args.days.map(|days| now + TimeDelta::days(i64::from(days)));
    let (secret, actor) = (Secret::random(), app.actor());
    let new = secret.to_keep(&args.name, args.role, &actor, expires_at);
    let id = if args.admin {
        app.store.system().insert_admin_key(&new, now).await?
    } else {
        let tenant = app.tenant(args.tenant.as_deref()).await?;
        let work = app.store.begin(tenant.id).await?;
        let id = work.scope().insert_key(&new, now).await?;
        work.commit().await?;
        id
    };
    told(id, &secret, &args.name, args.role, output)
}

/// Shows a key, which is not possible again.
fn told(
    id: ApiKeyId,
    secret: &Secret,
    name: &str,
    role: KeyRole,
    output: &Output,
) -> anyhow::Result<()> {
    let key = secret.reveal();
    output.print(&json!({ "id": id, "name": name, "role": role, "key": key }), || {
        format!("{key}\nis key {id} ({name}, {role}); it is not shown again")
    })
}

async fn list(app: &App, args: &List, output: &Output) -> anyhow::Result<()> {
    let keys = if args.admin {
        app.store.system().list_admin_keys(LISTED_MAX).await?
    } else {
        let tenant = app.tenant(args.tenant.as_deref()).await?;
        app.store.tenant(tenant.id).list_keys(LISTED_MAX).await?
    };
    let now = app.clock.now();
    let values: Vec<_> = keys.iter().map(|key| value(key, now)).collect();
    output.print(&values, || {
        if keys.is_empty() {
            return "no key yet: `steward key create NAME`".to_owned();
        }
        keys.iter().map(|key| line(key, now)).collect::<Vec<_>>().join("\n")
    })
}

fn state(key: &KeyRow, now: Timestamp) -> &'static str {
    match find_key_fault(key.expires_at, key.revoked_at, now) {
        None => "works",
        Some(domain::access::KeyFault::Expired) => "expired",
        Some(domain::access::KeyFault::Revoked) => "revoked",
    }
}

fn value(key: &KeyRow, now: Timestamp) -> serde_json::Value {
    json!({
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "hint": key.hint,
        "state": state(key, now),
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    })
}

fn line(key: &KeyRow, now: Timestamp) -> String {
    let used = match key.last_used_at {
        None => "never used".to_owned(),
        Some(at) => format!("last used {}", at.format("%Y-%m-%d %H:%M UTC")),
    };
    let (id, role, state) = (key.id, key.role.as_str(), state(key, now));
    format!("{id}  {}…  {role:<9} {state:<8} {used:<28} {}", key.hint, key.name)
}

async fn revoke(app: &App, args: &Revoke, output: &Output) -> anyhow::Result<()> {
    let now = app.clock.now();
    let moved = if args.admin {
        app.store.system().revoke_admin_key(args.key, now).await?
    } else {
        let tenant = app.tenant(args.tenant.as_deref()).await?;
        let work = app.store.begin(tenant.id).await?;
        let moved = work.scope().mark_key_revoked(args.key, now).await?;
        work.commit().await?;
        moved
    };
    let what = match moved {
        Transition::Lost => anyhow::bail!("there is no key {}: see `steward key list`", args.key),
        Transition::Moved => "is revoked; within five seconds it opens nothing any more",
        Transition::AlreadyThere => "was revoked already",
    };
    output.print(&json!({ "id": args.key, "state": "revoked" }), || format!("{} {what}", args.key))
}

async fn rotate(app: &App, args: &Rotate, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let (secret, now) = (Secret::random(), app.clock.now());
    let (goes_on, key) = (TimeDelta::hours(i64::from(args.hours)), args.key);
    let work = app.store.begin(tenant.id).await?;
    let scope = work.scope();
    let (id, old) = match rotate_key(&scope, key, &secret, goes_on, &app.actor(), now).await? {
        Rotation::Made(id, old) => (id, old),
        Rotation::Unknown => {
            anyhow::bail!("there is no key {key} of this tenant: see `steward key list`")
        }
        Rotation::Ended => {
            anyhow::bail!("key {key} opens nothing any more: make one with `steward key create`")
        }
    };
    drop(scope);
    work.commit().await?;
    output.note(&format!("key {} goes on for {} h", old.id, args.hours));
    told(id, &secret, &old.name, old.role, output)
}
