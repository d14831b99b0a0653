//! `steward engagement`

use std::{collections::HashSet, process::ExitCode};

use domain::{
    action::SubjectKind, engagement::in_time_since, id::ContactId, proposal::Subject, time::Date,
};
use platform::config::Config;
use serde_json::json;
use store::{Scope, Transition, tenant::Tenant};

use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Whom to touch next, most pressing first.
    Due(Due),
    /// How many contacts were touched within 21 days, and who cannot be reached and why.
    Compliance(Compliance),
    /// Let a contact's clock rest until a day.
    Pause(Pause),
    /// End a contact's rest.
    Resume(Resume),
}

#[derive(clap::Args)]
pub struct Due {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 10)]
    limit: u32,
}

#[derive(clap::Args)]
pub struct Compliance {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// How many unreachable contacts are listed at most.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

#[derive(clap::Args)]
pub struct Pause {
    /// The contact's id, as `engagement due --json` tells it.
    contact: ContactId,
    /// The first day on which the contact may be written to again.
    #[arg(long)]
    until: Date,
    /// Why.
    #[arg(long, default_value = "set by hand")]
    reason: String,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(clap::Args)]
pub struct Resume {
    /// The contact's id.
    contact: ContactId,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::Due(args) => due(&app, &args, output).await?,
        Command::Compliance(args) => compliance(&app, &args, output).await?,
        Command::Pause(args) => pause(&app, &args, output).await?,
        Command::Resume(args) => resume(&app, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn due(app: &App, args: &Due, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let now = tenant.now(app.clock.as_ref());
    let due = scope.select_next_contacts_to_touch(now, args.limit).await?;
    let contacts: Vec<ContactId> = due.iter().map(|it| it.contact).collect();
    let people = scope.load_people(&contacts, now, None).await?;
    let rows: Vec<_> = due
        .iter()
        .map(|it| {
            let person = people.get(&it.contact);
            json!({
                "contact": it.contact,
                "name": person.and_then(|it| it.name.clone()),
                "client": person.map(|it| it.client_name.clone()),
                "priority": it.score.to_string(),
                "due_since": it.last_touch_at.map(|_| it.due),
                "last_touch_at": it.last_touch_at,
            })
        })
        .collect();
    output.print(&rows, || {
        if due.is_empty() {
            return "nobody is due".to_owned();
        }
        let lines = due.iter().map(|it| {
            let person = people.get(&it.contact);
            let name = person.and_then(|it| it.name.as_deref()).unwrap_or("(no name)");
            let client = person.map_or("", |it| it.client_name.as_str());
            let since = match it.last_touch_at {
                None => "never touched".to_owned(),
                Some(at) => format!("last touched {}", tenant.calendar.local_date(at)),
            };
            format!("{:>6}  {name:<26} {client:<32} {since}", it.score.to_string())
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn compliance(app: &App, args: &Compliance, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let now = tenant.now(app.clock.as_ref());
    let count = scope.count_compliance(now, in_time_since(now, &tenant.calendar)).await?;
    let unreachable = scope.list_unreachable(args.limit).await?;
    let subjects: HashSet<Subject> = unreachable
        .iter()
        .flat_map(|(contact, client, _)| {
            [(SubjectKind::Contact, contact.uuid()), (SubjectKind::Client, client.uuid())]
        })
        .map(|(kind, id)| Subject { kind, id })
        .collect();
    let names = scope.names_of(&subjects).await?;
    let name = |kind, id| names.get(&Subject { kind, id }).cloned().unwrap_or_default();
    let rows: Vec<_> = unreachable
        .iter()
        .map(|(contact, client, because)| {
            json!({
                "contact": contact,
                "name": name(SubjectKind::Contact, contact.uuid()),
                "client": name(SubjectKind::Client, client.uuid()),
                "because": because,
            })
        })
        .collect();
    let value = json!({
        "rate_bp": count.rate().0,
        "in_time": count.in_time,
        "overdue": count.overdue,
        "never_touched": count.never_touched,
        "paused": count.paused,
        "unreachable": count.unreachable,
        "unreachable_contacts": rows,
    });
    output.print(&value, || {
        let mut text = format!(
            "{} touched within 21 days: {} in time, {} overdue, {} never touched; {} resting, {} unreachable",
            count.rate(),
            count.in_time,
            count.overdue,
            count.never_touched,
            count.paused,
            count.unreachable
        );
        for (contact, client, because) in &unreachable {
            let person = name(SubjectKind::Contact, contact.uuid());
            let account = name(SubjectKind::Client, client.uuid());
            text.push_str(&format!("\n  {person:<26} {account:<32} {because}"));
        }
        text
    })
}

async fn pause(app: &App, args: &Pause, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let now = tenant.now(app.clock.as_ref());
    let until = tenant.calendar.opening_of(args.until);
    if until <= now {
        anyhow::bail!(
            "--until {}: that day has begun or is over (it is {} at the tenant); name a later day, \
             or use `steward engagement resume` to end a rest",
            args.until,
            tenant.calendar.local_date(now)
        );
    }
    let work = app.store.begin(tenant.id).await?;
    let moved = work.scope().mark_paused(args.contact, until, &args.reason, now).await?;
    work.commit().await?;
    told(moved, args.contact, &format!("rests until {}", args.until), output)
}

async fn resume(app: &App, args: &Resume, output: &Output) -> anyhow::Result<()> {
    let tenant: Tenant = app.tenant(args.tenant.as_deref()).await?;
    let now = tenant.now(app.clock.as_ref());
    let work = app.store.begin(tenant.id).await?;
    let scope: Scope<'_> = work.scope();
    let moved = scope.mark_resumed(args.contact, &tenant.calendar, now).await?;
    drop(scope);
    work.commit().await?;
    told(moved, args.contact, "rests no more", output)
}

fn told(moved: Transition, contact: ContactId, what: &str, output: &Output) -> anyhow::Result<()> {
    match moved {
        Transition::Lost => anyhow::bail!("there is no contact {contact} of this tenant"),
        Transition::Moved | Transition::AlreadyThere => {
            let was_there = moved == Transition::AlreadyThere;
            output.print(
                &json!({ "contact": contact, "was_there": was_there, "state": what }),
                || {
                    if was_there {
                        format!("{contact} was like that already")
                    } else {
                        format!("{contact} {what}")
                    }
                },
            )
        }
    }
}
