//! Shows a work block: names put in, the important first, as a person would tell it.

mod text;

use std::collections::{HashMap, HashSet};

use domain::{
    action::SubjectKind,
    cycle::{ActionRef, WorkBlock},
    id::ActionId,
    proposal::{Justification, Payload, Subject},
};
use serde_json::json;
use store::{Store, tenant::Tenant};

use crate::output::Output;

/// What a work block refers to, loaded for showing.
pub struct Names {
    names: HashMap<Subject, String>,
    /// The client's words that a task rests on.
    words: HashMap<ActionId, String>,
    /// The person a letter goes to.
    recipients: HashMap<ActionId, Subject>,
}

impl Names {
    /// The name of a subject, or the end of its id where the name is gone.
    fn of(&self, subject: Subject) -> String {
        self.names.get(&subject).cloned().unwrap_or_else(|| {
            let id = subject.id.simple().to_string();
            format!("{} …{}", subject.kind, &id[id.len() - 8..])
        })
    }

    fn client(&self, it: &ActionRef) -> String {
        it.client.map_or_else(String::new, |client| {
            self.of(Subject { kind: SubjectKind::Client, id: client.uuid() })
        })
    }
}

/// Prints a work block.
pub async fn work_block(
    store: &Store,
    tenant: &Tenant,
    block: &WorkBlock,
    findings: bool,
    output: &Output,
) -> anyhow::Result<()> {
    if output.is_json() {
        let faults = if findings { faults(store, tenant, block).await? } else { Vec::new() };
        let value = json!({ "work_block": block, "findings": faults });
        return output.print(&value, String::new);
    }
    let names = load(store, tenant, block).await?;
    let mut text = text::render(tenant, block, &names);
    if findings {
        for fault in faults(store, tenant, block).await? {
            text.push_str(&text::finding(&fault));
        }
    }
    output.print(&json!(null), || text)
}

/// Every action that a work block names.
fn refs(block: &WorkBlock) -> impl Iterator<Item = &ActionRef> {
    let plan = block.plan.iter().flat_map(|it| it.awaiting.iter().chain(&it.blocked));
    let act = block
        .act
        .iter()
        .flat_map(|it| it.done.iter().chain(&it.failed).chain(&it.stopped).chain(&it.deferred));
    plan.chain(act)
}

/// Actions whose payload is looked at for a work block.
const ACTIONS_MAX: usize = 500;

async fn load(store: &Store, tenant: &Tenant, block: &WorkBlock) -> anyhow::Result<Names> {
    let scope = store.tenant(tenant.id);
    let mut subjects: HashSet<Subject> = HashSet::new();
    let mut words = HashMap::new();
    let mut recipients = HashMap::new();
    let is_order = |it: &&ActionRef| it.subject.kind == SubjectKind::Order;
    for it in refs(block) {
        subjects.insert(it.subject);
        subjects.extend(it.client.map(|id| Subject { kind: SubjectKind::Client, id: id.uuid() }));
    }
    subjects.extend(block.reflect.iter().flat_map(|it| &it.hypotheses).map(|it| it.subject));
    for it in refs(block).filter(|it| !is_order(it)).take(ACTIONS_MAX) {
        let Some(action) = scope.find_action(it.action).await? else { continue };
        match action.proposal.payload {
            Payload::Task(task) => {
                if let Justification::ClientAsk { words: said, .. } = task.justification {
                    words.insert(it.action, said);
                }
            }
            Payload::Letter(letter) => {
                let person = Subject { kind: SubjectKind::Contact, id: letter.contact.uuid() };
                subjects.insert(person);
                recipients.insert(it.action, person);
            }
            Payload::Plain | Payload::Advance(_) | Payload::Loss(_) | Payload::Case(_) => {}
        }
    }
    Ok(Names { names: scope.names_of(&subjects).await?, words, recipients })
}

/// Every fault of every order that the cycle checked, by the order's number.
async fn faults(
    store: &Store,
    tenant: &Tenant,
    block: &WorkBlock,
) -> anyhow::Result<Vec<serde_json::Value>> {
    let scope = store.tenant(tenant.id);
    let actions = scope.list_actions_executed_by(block.run).await?;
    let subjects: HashSet<Subject> = actions.iter().map(|it| it.proposal.subject).collect();
    let names = scope.names_of(&subjects).await?;
    let mut found = Vec::new();
    for action in actions {
        let number = names.get(&action.proposal.subject).cloned().unwrap_or_default();
        let Some(outcome) = &action.outcome else { continue };
        let Some(faults) = outcome.get("faults").and_then(|it| it.as_array()) else { continue };
        for fault in faults {
            found.push(json!({ "order": number, "fault": fault }));
        }
    }
    found.sort_by_key(|it| it.to_string());
    Ok(found)
}
