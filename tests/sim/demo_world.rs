//! The demo's first hours: what its world holds is what the first cycle finds, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use agent::Agent;
use demo::{ExpectedMail, Outcome, Wish};
use domain::{
    action::ActionKind,
    cycle::WorkBlock,
    id::TenantId,
    policy::Effect,
    proposal::{Justification, Payload},
    time::{Date, Timestamp},
};
use entity::{actions, decisions, messages, order_exceptions, orders};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, prelude::Uuid};
use testkit::database::Backend;

use crate::rig::{Rig, at};

/// The demo's tenant on a machine whose own clock shows something else entirely.
pub async fn installed(backend: Backend) -> (Rig, TenantId) {
    let rig = Rig::on(backend, at("2031-07-06T05:04:03Z")).await;
    let now = at("2031-07-06T05:04:03Z");
    let installed = demo::install(&rig.test.store, now).await.expect("the demo is installed");
    (rig, installed.tenant)
}

/// Runs the next hour of the demo; its tenant's own clock moves on by itself.
pub async fn hour(rig: &Rig, agent: &Agent) -> WorkBlock {
    rig.cycle(agent, demo::TENANT).await
}

/// Every fault on record, by the order's number.
pub async fn faults_on_record(db: &DatabaseConnection) -> Vec<(String, String)> {
    let numbers: BTreeMap<Uuid, String> = orders::Entity::find()
        .all(db)
        .await
        .expect("orders can be read")
        .into_iter()
        .map(|row| (row.id, row.number))
        .collect();
    let rows = order_exceptions::Entity::find().all(db).await.expect("exceptions can be read");
    let mut faults: Vec<_> =
        rows.into_iter().map(|row| (numbers[&row.order_id].clone(), row.code)).collect();
    faults.sort();
    faults
}

/// What must be found in the orders that are visible on a day.
pub fn faults_expected(until: Date) -> Vec<(String, String)> {
    let world = demo::world();
    let is_visible: BTreeSet<&String> = world
        .orders
        .iter()
        .filter(|order| order.head.ordered_on <= until)
        .map(|order| &order.number)
        .collect();
    let mut faults: Vec<_> = demo::expected_faults()
        .iter()
        .filter(|(number, _)| is_visible.contains(number))
        .map(|(number, code)| (number.clone(), code.to_string()))
        .collect();
    faults.sort();
    faults
}

/// Holds what came of every message that has arrived by a moment against what must come of it.
pub async fn assert_mail(db: &DatabaseConnection, until: Timestamp) {
    let proposed = outcomes_on_record(db).await;
    let arrived: BTreeSet<String> = demo::world()
        .messages
        .into_iter()
        .filter(|message| message.received_at <= until)
        .map(|message| message.key)
        .collect();
    assert!(!arrived.is_empty(), "no mail has arrived by {until}");
    let none = Vec::new();
    for mail in demo::expected_mail() {
        let ExpectedMail { key, message_id, outcomes, because } = mail;
        let mut expected: Vec<Outcome> =
            if arrived.contains(*key) { outcomes.to_vec() } else { Vec::new() };
        expected.sort();
        let found = proposed.get(message_id).unwrap_or(&none);
        assert_eq!(*found, expected, "{key}: {because}");
    }
}

/// What was proposed because of each message, and what the policy said when it was.
async fn outcomes_on_record(db: &DatabaseConnection) -> BTreeMap<String, Vec<Outcome>> {
    let rows = messages::Entity::find().all(db).await.expect("messages can be read");
    let ids: BTreeMap<Uuid, String> =
        rows.into_iter().filter_map(|row| Some((row.id, row.rfc_message_id?))).collect();
    let verdicts: BTreeMap<Uuid, String> = decisions::Entity::find()
        .filter(decisions::Column::Moment.eq("propose"))
        .all(db)
        .await
        .expect("decisions can be read")
        .into_iter()
        .filter_map(|row| Some((row.action_id?, row.effect)))
        .collect();
    let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for action in actions::Entity::find().all(db).await.expect("actions can be read") {
        let payload: Payload =
            serde_json::from_value(action.payload).expect("a payload can be read");
        let Some((wish, message)) = wish_of(&payload) else { continue };
        assert_ne!(action.kind, ActionKind::SendTouch.as_str());
        let effect: Effect = verdicts[&action.id].parse().expect("it is an effect");
        outcomes.entry(ids[&message].clone()).or_default().push(Outcome { wish, effect });
    }
    outcomes.values_mut().for_each(|of_one| of_one.sort());
    outcomes
}

/// What a payload wishes for because of which message.
fn wish_of(payload: &Payload) -> Option<(Wish, Uuid)> {
    match payload {
        Payload::Task(task) => match &task.justification {
            Justification::ClientAsk { message, .. } => {
                Some((Wish::Task(task.task), message.uuid()))
            }
            Justification::ComplianceDue { .. }
            | Justification::Safety { .. }
            | Justification::None => None,
        },
        Payload::Case(case) => Some((Wish::Case(case.case), case.message.uuid())),
        Payload::Advance(advance) => Some((Wish::AdvanceDeal, advance.message.uuid())),
        Payload::Loss(loss) => Some((Wish::RecordLoss, loss.message?.uuid())),
        Payload::Plain | Payload::Letter(_) => None,
    }
}

#[tokio::test]
async fn the_first_cycle_finds_what_was_put_into_the_world() {
    let mut digests = BTreeSet::new();
    for backend in Backend::ALL {
        let (rig, _) = installed(backend).await;
        let block = hour(&rig, &rig.agent()).await;
        assert_eq!(block.started_at, demo::starts_at());

        let today = demo::calendar().local_date(block.started_at);
        let expected = faults_expected(today);
        assert!(20 < expected.len(), "a world with only {} faults", expected.len());
        assert_eq!(faults_on_record(&rig.test.db).await, expected, "on {backend:?}");
        let act = block.act.as_ref().unwrap();
        let counted: u32 = act.faults.values().sum();
        assert_eq!(usize::try_from(counted).unwrap(), expected.len());
        digests.insert(act.findings_digest.clone());

        assert_mail(&rig.test.db, block.started_at).await;
        assert!(!rig.transport.sent().is_empty(), "the demo's agent writes to people at once");
    }
    assert_eq!(digests.len(), 1, "the databases find different things");
}

/// A day of the demo on both databases: the same letters at the same hours.
#[tokio::test]
async fn a_day_of_the_demo_is_the_same_on_both_databases() {
    let mut days = Vec::new();
    for backend in Backend::ALL {
        let (rig, _) = installed(backend).await;
        let agent = rig.agent();
        let mut lines = BTreeSet::new();
        for _ in 0..24 {
            let block = hour(&rig, &agent).await;
            let react = block.react.as_ref().unwrap();
            lines.insert(format!("{}: {:?}", block.started_at, react.outcomes));
            lines.insert(format!("{}: {:?}", block.started_at, react.metrics));
        }
        for (mail, times) in rig.transport.sent() {
            lines.insert(format!("{times} at {} to {}: {}", mail.date, mail.to_address, mail.body));
        }
        days.push(lines);
    }
    crate::effects::assert_same(&days[1], &days[0], "a day on Postgres and on SQLite");
}

#[tokio::test]
async fn a_second_install_changes_nothing() {
    let (rig, _) = installed(Backend::Sqlite).await;
    hour(&rig, &rig.agent()).await;
    let before = rig.tenant(demo::TENANT).await;
    let again = demo::install(&rig.test.store, demo::starts_at()).await.expect("it was installed");
    assert!(again.was_there);
    assert_eq!(rig.tenant(demo::TENANT).await.simulated_now, before.simulated_now);
    assert!(Some(demo::starts_at()) < before.simulated_now, "the clock was set back");
}
