//! `steward action`

use std::{collections::HashSet, process::ExitCode};

use domain::{
    action::{ActionStatus, SubjectKind},
    id::ActionId,
    proposal::{Evidence, Justification, Payload, Subject},
};
use platform::config::Config;
use serde_json::json;
use store::{
    Scope,
    action::{ActionRow, DecisionRow},
};

use crate::{app::App, output::Output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List actions, newest first; those that wait for a person by default.
    List(List),
    /// Show an action: its exact payload, its hash, and every verdict on it.
    Show(Show),
    /// Approve exactly what `show` showed; it is checked again when it runs, in the next cycle.
    Approve(Approve),
    /// Reject an action.
    Reject(Reject),
}

#[derive(clap::Args)]
pub struct List {
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
    /// Only in this state, or `all`.
    #[arg(long, default_value = "awaiting")]
    status: String,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

#[derive(clap::Args)]
pub struct Show {
    /// Which action.
    action: ActionId,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(clap::Args)]
pub struct Approve {
    /// Which action.
    action: ActionId,
    /// The first digits of the hash that you saw: nothing else is approved then.
    #[arg(long)]
    hash: Option<String>,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(clap::Args)]
pub struct Reject {
    /// Which action.
    action: ActionId,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// Which tenant; not needed if there is only one.
    #[arg(long)]
    tenant: Option<String>,
}

pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    match command {
        Command::List(args) => list(&app, &args, output).await?,
        Command::Show(args) => show(&app, &args, output).await?,
        Command::Approve(args) => {
            let tenant = app.tenant(args.tenant.as_deref()).await?;
            let now = tenant.now(app.clock.as_ref());
            let hash = args.hash.as_deref();
            let decided =
                agent::approve(&app.store, &tenant, args.action, hash, app.actor(), now).await?;
            told(&decided, "approved; it is checked again and runs in the next cycle", output)?;
        }
        Command::Reject(args) => {
            let tenant = app.tenant(args.tenant.as_deref()).await?;
            let now = tenant.now(app.clock.as_ref());
            let reason = args.reason.as_deref();
            let decided =
                agent::reject(&app.store, &tenant, args.action, reason, app.actor(), now).await?;
            told(&decided, "rejected", output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, args: &List, output: &Output) -> anyhow::Result<()> {
    let states: Vec<ActionStatus> =
        if args.status == "all" { Vec::new() } else { vec![args.status.parse()?] };
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let actions = scope.list_actions(&states, args.limit).await?;
    let clients: HashSet<Subject> = actions.iter().filter_map(client_of).collect();
    let names = scope.names_of(&clients).await?;
    let rows: Vec<_> = actions.iter().map(|row| value(row, &[])).collect();
    output.print(&rows, || {
        if actions.is_empty() {
            return format!("no action is {}", args.status);
        }
        let lines = actions.iter().map(|row| {
            let client = client_of(row).and_then(|it| names.get(&it).cloned()).unwrap_or_default();
            line(row, &client)
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn show(app: &App, args: &Show, output: &Output) -> anyhow::Result<()> {
    let tenant = app.tenant(args.tenant.as_deref()).await?;
    let scope = app.store.tenant(tenant.id);
    let action = scope.find_action(args.action).await?;
    let action = action.ok_or(agent::AgentError::UnknownAction(args.action))?;
    let decisions = scope.list_decisions(args.action).await?;
    let about = about(&scope, &action).await?;
    output.print(&value(&action, &decisions), || {
        let mut text = format!("{}\nhash {}\n{about}", line(&action, ""), action.payload_hash);
        match &action.proposal.payload {
            Payload::Letter(letter) => {
                text.push_str(&format!(
                    "\nTo: {}\nSubject: {}\n\n{}\n",
                    letter.to, letter.subject, letter.body
                ));
            }
            Payload::Task(task) => {
                text.push_str(&format!("\ntask: {}\n", task.task));
                if let Justification::ClientAsk { words, .. } = &task.justification {
                    text.push_str(&format!("the client's words: “{words}”\n"));
                }
            }
            Payload::Advance(advance) => {
                text.push_str(&format!(
                    "\nmoves the deal from {} to {}\n",
                    advance.from, advance.to
                ));
            }
            Payload::Loss(loss) => {
                let reason = loss.reason.as_deref().unwrap_or("not told");
                text.push_str(&format!("\nkeeps the loss of the quote; reason: {reason}\n"));
            }
            Payload::Case(case) => text.push_str(&format!("\nopens a {} case\n", case.case)),
            Payload::Plain => {}
        }
        for reason in &action.proposal.reasons {
            text.push_str(&format!("why: {reason}\n"));
        }
        for decision in &decisions {
            text.push_str(&format!(
                "\n{} at {}: {}\n",
                decision.moment, decision.decided_at, decision.effect
            ));
            for reason in &decision.reasons {
                text.push_str(&format!(
                    "  {} ({}): {}\n",
                    reason.rule, reason.argues, reason.because
                ));
            }
        }
        if let Some(error) = &action.error {
            text.push_str(&format!("\n{error}\n"));
        }
        text
    })
}

/// For whom and about what, and the words it rests on with who is said to have written them.
async fn about(scope: &Scope<'_>, action: &ActionRow) -> anyhow::Result<String> {
    let proposal = &action.proposal;
    let client = client_of(action);
    let mut subjects: HashSet<Subject> = client.into_iter().collect();
    subjects.insert(proposal.subject);
    let mut quotes = Vec::new();
    for evidence in &proposal.evidence {
        let Evidence::Words { message, span } = evidence else { continue };
        let Some(row) = scope.load_messages(&[*message]).await?.pop() else { continue };
        let range = usize::try_from(span.start)?..usize::try_from(span.end)?;
        let words = row.body.get(range).unwrap_or_default().to_owned();
        let from = row.contact.map(|id| Subject { kind: SubjectKind::Contact, id: id.uuid() });
        let title = Subject { kind: SubjectKind::Message, id: message.uuid() };
        subjects.extend(from);
        subjects.insert(title);
        quotes.push((words, from, title, row.findings.sender));
    }
    let names = scope.names_of(&subjects).await?;
    let name = |subject: Option<Subject>| {
        subject.and_then(|it| names.get(&it)).map_or("nobody we know", String::as_str)
    };
    let mut text = format!(
        "client: {}\nabout: {} {}\n",
        name(client),
        proposal.subject.kind,
        name(Some(proposal.subject))
    );
    for (words, from, title, sender) in quotes {
        text.push_str(&format!(
            "words: “{words}”\n  in “{}”, said to be from {} ({sender})\n",
            name(Some(title)),
            name(from)
        ));
    }
    Ok(text)
}

fn client_of(row: &ActionRow) -> Option<Subject> {
    row.proposal.client.map(|id| Subject { kind: SubjectKind::Client, id: id.uuid() })
}

fn line(row: &ActionRow, client: &str) -> String {
    let proposal = &row.proposal;
    let gap = if client.is_empty() { "" } else { "  " };
    format!(
        "{}  {:<10} {:<18} {:>6}{gap}{client}  {}",
        row.id,
        row.status,
        proposal.kind.as_str(),
        proposal.score.to_string(),
        proposal.reasons.first().map_or("", String::as_str)
    )
}

fn value(row: &ActionRow, decisions: &[DecisionRow]) -> serde_json::Value {
    json!({
        "action": row.id,
        "kind": row.proposal.kind,
        "status": row.status,
        "subject": row.proposal.subject,
        "client": row.proposal.client,
        "payload": row.proposal.payload,
        "payload_hash": row.payload_hash,
        "score": row.proposal.score.to_string(),
        "reasons": row.proposal.reasons,
        "evidence": row.proposal.evidence,
        "proposed_at": row.proposed_at,
        "expires_at": row.expires_at,
        "decided_by": row.decided_by,
        "executed_at": row.executed_at,
        "outcome": row.outcome,
        "error": row.error,
        "decisions": decisions,
    })
}

fn told(decided: &agent::Decided, what: &str, output: &Output) -> anyhow::Result<()> {
    let value = json!({
        "action": decided.action.id,
        "status": decided.action.status,
        "was_there": decided.was_there,
    });
    output.print(&value, || {
        let before = if decided.was_there { "had been " } else { "" };
        format!("{} {before}{what}", decided.action.id)
    })
}
