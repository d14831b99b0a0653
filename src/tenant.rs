//! `steward tenant`

use std::{collections::HashSet, process::ExitCode};

use anyhow::Context;
use api::Secret;
use domain::{
    action::TenantMode,
    money::Currency,
    tenant::TenantSettings,
    time::{BusinessCalendar, Tz},
};
use jobs::Pause;
use platform::config::Config;
use serde_json::json;
use store::{
    Transition,
    tenant::{NewTenant, Tenant},
};

use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a tenant; it starts in approval mode.
    Create(Create),
    /// List tenants.
    List,
    /// Set whether what leaves the system waits for a person.
    Mode(Mode),
    /// Do nothing more for a tenant, from the next letter on, until it is resumed.
    Pause(Named),
    /// Go on working for a tenant; what it missed is made up for.
    Resume(Named),
}

#[derive(clap::Args)]
pub struct Named {
    /// Which tenant.
    tenant: String,
}

#[derive(clap::Args)]
pub struct Create {
    /// Short name, unique, such as `acme`.
    slug: String,
    /// Name in letters; the short name by default.
    #[arg(long)]
    name: Option<String>,
    /// The name under letters; the tenant's name by default.
    #[arg(long)]
    sender: Option<String>,
    /// ISO 4217 code of its goals and bands of value.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// IANA time zone.
    #[arg(long, default_value = "UTC")]
    zone: String,
}

#[derive(clap::Args)]
pub struct Mode {
    /// Which tenant.
    tenant: String,
    /// `approval` or `autonomous`.
    mode: String,
}

/// Longest short name: it stands in paths and metrics of the operator's own.
const SLUG_CHARS_MAX: usize = 60;

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create(args) => create(args, config, output).await?,
        Command::List => {
            let app = App::open(config).await?;
            let tenants = app.store.system().list_tenants().await?;
            let pauses = app.store.system().list_pauses().await?;
            let paused: HashSet<Pause> = pauses.into_iter().map(|row| row.pause).collect();
            let tenants: Vec<(Tenant, bool)> = tenants
                .into_iter()
                .map(|tenant| {
                    let is_paused = paused.contains(&Pause::Tenant(tenant.id));
                    (tenant, is_paused)
                })
                .collect();
            let rows: Vec<_> =
                tenants.iter().map(|(tenant, paused)| row(tenant, *paused)).collect();
            output.print(&rows, || list_text(&tenants))?;
        }
        Command::Mode(args) => mode(&args, config, output).await?,
        Command::Pause(args) => pause(&args, config, output).await?,
        Command::Resume(args) => resume(&args, config, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(args: Create, config: &Config, output: &Output) -> anyhow::Result<()> {
    let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let slug = args.slug.as_str();
    if slug.is_empty() || SLUG_CHARS_MAX < slug.len() || !slug.chars().all(is_plain) {
        anyhow::bail!("the short name must be 1 to 60 of a-z, 0-9 and `-`, such as `acme`");
    }
    let zone: Tz = args.zone.parse().map_err(|_| {
        anyhow::anyhow!("--zone `{}` is not an IANA time zone such as Europe/Berlin", args.zone)
    })?;
    let currency = Currency::parse(&args.currency).context("--currency")?;
    // A first tenant may come before anything else was run.
    let app = App::open_and_migrate(config).await?;
    let name = args.name.unwrap_or_else(|| args.slug.clone());
    let new = NewTenant {
        slug: args.slug.clone(),
        sender_name: args.sender.unwrap_or_else(|| name.clone()),
        name,
        mode: TenantMode::Approval,
        currency,
        calendar: BusinessCalendar::weekdays(zone),
        settings: TenantSettings::default(),
        simulated_now: None,
    };
    let (secret, now) = (Secret::random(), app.clock.now());
    let work = app.store.system().begin_tenant(new, now).await?;
    let (actor, scope) = (app.actor(), work.scope());
    scope.insert_key(&secret.first_key(&actor), now).await?;
    let id = scope.tenant_id();
    drop(scope);
    work.commit().await?;
    let key = secret.reveal();
    let value = json!({ "tenant": args.slug, "id": id, "mode": "approval", "key": key });
    output.print(&value, || {
        format!(
            "made tenant {} ({id}) in approval mode: what leaves waits for a person until you say\n\
             `steward tenant mode {} autonomous`\n\
             its key to the API, which is not shown again: {key}",
            args.slug, args.slug
        )
    })
}

async fn mode(args: &Mode, config: &Config, output: &Output) -> anyhow::Result<()> {
    let mode: TenantMode = args.mode.parse()?;
    let app = App::open(config).await?;
    let tenant = app.tenant(Some(&args.tenant)).await?;
    let work = app.store.begin(tenant.id).await?;
    let moved = work.scope().mark_mode(mode, app.clock.now()).await?;
    work.commit().await?;
    let was = if moved == Transition::Moved { "is now" } else { "was already" };
    output.print(&json!({ "tenant": tenant.slug, "mode": mode }), || {
        format!("{} {was} in {mode} mode", tenant.slug)
    })
}

async fn pause(args: &Named, config: &Config, output: &Output) -> anyhow::Result<()> {
    let app = App::open(config).await?;
    let tenant = app.tenant(Some(&args.tenant)).await?;
    let by = app.actor().to_string();
    let pause = Pause::Tenant(tenant.id);
    let moved = app.store.system().insert_pause(&pause, &by, app.clock.now()).await?;
    let was = if moved == Transition::Moved { "is paused now" } else { "was paused already" };
    output.print(&json!({ "tenant": tenant.slug, "is_paused": true }), || {
        format!("{} {was}: `steward tenant resume {}` lets it go on", tenant.slug, tenant.slug)
    })
}

async fn resume(args: &Named, config: &Config, output: &Output) -> anyhow::Result<()> {
    let app = App::open(config).await?;
    let tenant = app.tenant(Some(&args.tenant)).await?;
    let moved = app.store.system().delete_pause(&Pause::Tenant(tenant.id)).await?;
    let was = if moved == Transition::Moved { "goes on" } else { "was not paused" };
    output.print(&json!({ "tenant": tenant.slug, "is_paused": false }), || {
        format!("{} {was}", tenant.slug)
    })
}

fn row(tenant: &Tenant, is_paused: bool) -> serde_json::Value {
    json!({
        "tenant": tenant.slug,
        "id": tenant.id,
        "name": tenant.name,
        "mode": tenant.mode,
        "currency": tenant.currency,
        "zone": tenant.calendar.zone.name(),
        "simulated_now": tenant.simulated_now,
        "is_paused": is_paused,
    })
}

fn list_text(tenants: &[(Tenant, bool)]) -> String {
    if tenants.is_empty() {
        return "no tenant yet: `steward tenant create NAME`".to_owned();
    }
    let lines = tenants.iter().map(|(tenant, is_paused)| {
        let paused = if *is_paused { "  paused" } else { "" };
        let (slug, mode, name) = (&tenant.slug, tenant.mode, &tenant.name);
        format!("{slug:<20} {mode:<12} {:<4} {name}{paused}", tenant.currency)
    });
    lines.collect::<Vec<_>>().join("\n")
}
