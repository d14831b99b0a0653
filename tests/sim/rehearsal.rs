//! Rehearsals: every decision at a moment, and nothing but the run, its record, and what would have been done.

use std::collections::BTreeSet;

use agent::CycleRequest;
use domain::{
    action::{ActionKind, ActionStatus},
    cycle::{ActionRef, WorkBlock},
    proposal::Payload,
    time::Timestamp,
};
use serde_json::Value;
use testkit::database::Backend;

use crate::{
    look::Snapshot,
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// The only tables that a rehearsal adds rows to.
const OF_REHEARSALS: [&str; 3] = ["actions", "agent_autonomous_runs", "decisions"];

async fn rehearse(rig: &Rig, town: &Town, moment: Timestamp) -> WorkBlock {
    let tenant = rig.tenant(town.slug).await;
    let result = rig.agent().run_cycle(&tenant, CycleRequest::AsOf(moment)).await;
    let result = result.expect("the rehearsal gets through");
    assert!(!result.was_there, "every rehearsal is a run of its own");
    result.work_block
}

/// A record without what tells two equal rehearsals apart: the ids of the run and its actions, and its number.
fn without_ids(block: &WorkBlock) -> Value {
    let mut value = serde_json::to_value(block).expect("it is plain data");
    value["run"] = Value::Null;
    value["cycle_number"] = Value::Null;
    blank_actions(&mut value);
    value
}

fn blank_actions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "action" { *value = Value::Null } else { blank_actions(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank_actions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn subjects(block: &WorkBlock) -> BTreeSet<String> {
    let plan = block.plan.as_ref().expect("it planned");
    let line = |it: &ActionRef| format!("{} {}", it.kind, it.subject.id);
    plan.queue.iter().chain(&plan.awaiting).chain(&plan.blocked).map(line).collect()
}

#[tokio::test]
async fn a_rehearsal_writes_its_run_and_what_it_would_do() {
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let [town, other] = Town::build_both(&rig, &Setup::default()).await;
        let before = Snapshot::of_all(&rig.test.db).await;
        let mut blocks = Vec::new();
        for _ in 0..3 {
            blocks.push(rehearse(&rig, &town, at(OPENING)).await);
        }
        let after = Snapshot::of_all(&rig.test.db).await;
        let changed: Vec<&str> = before.changed_until(&after).into_iter().collect();
        assert_eq!(changed, OF_REHEARSALS);
        for table in OF_REHEARSALS {
            assert!(after.keeps(&before, table), "a row of {table} changed");
        }
        assert_eq!(after.count("agent_autonomous_runs"), 3);
        assert_eq!(after.count("actions"), after.count("decisions"));
        assert!(rig.transport.sent().is_empty());
        assert!(
            subjects(&rehearse(&rig, &other, at(OPENING)).await).is_disjoint(&subjects(&blocks[0]))
        );

        let scope = rig.test.store.tenant(town.tenant);
        let all = scope.list_actions(&[], 1_000).await.unwrap();
        assert!(all.iter().all(|row| row.status == ActionStatus::WouldDo));
        let digest = |block: &WorkBlock| block.act.as_ref().unwrap().findings_digest.clone();
        for block in &blocks[1..] {
            assert_eq!(digest(block), digest(&blocks[0]));
            assert_eq!(without_ids(block), without_ids(&blocks[0]));
        }
        let act = blocks[0].act.as_ref().unwrap();
        assert_eq!((act.orders_checked, act.orders_accepted), (3, 1));
        for kind in [ActionKind::SendTouch, ActionKind::CreateTask, ActionKind::FollowUpDeal] {
            assert!(act.done.iter().any(|it| it.kind == kind), "it would do no {kind}");
        }
    }
}

/// The same rehearsal on both databases comes to the same.
#[tokio::test]
async fn both_databases_rehearse_alike() {
    let mut told = Vec::new();
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        let mut values = Vec::new();
        for moment in [OPENING, "2026-11-20T09:00:00Z", "2026-12-02T23:00:00Z"] {
            values.push(without_ids(&rehearse(&rig, &town, at(moment)).await));
        }
        told.push(values);
    }
    assert_eq!(told[0], told[1]);
}

/// Rehearsals before and between real cycles change nothing about these.
#[tokio::test]
async fn rehearsals_leave_the_real_cycles_as_they_are() {
    let mut ends = Vec::new();
    for is_rehearsed in [false, true] {
        let rig = Rig::on(Backend::Sqlite, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        for _ in 0..4 {
            if is_rehearsed {
                rehearse(&rig, &town, at(OPENING)).await;
                rehearse(&rig, &town, at("2026-11-13T09:00:00Z")).await;
            }
            rig.cycle(&rig.agent(), town.slug).await;
            rig.next_hour();
        }
        ends.push(crate::effects::effects(&rig, &town).await);
    }
    crate::effects::assert_same(&ends[1], &ends[0], "cycles with rehearsals between them");
}

/// What is dated later than the moment is not there; on its day it is.
#[tokio::test]
async fn what_is_dated_later_is_not_seen_yet() {
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        let of_order = format!("process_order {}", town.orders["O5"]);
        let of_deal = format!("follow_up_deal {}", town.deals["D0"]);
        let of_mail = format!("create_task {}", town.messages["M15"]);
        let seen = async |moment: &str| subjects(&rehearse(&rig, &town, at(moment)).await);

        let now = seen(OPENING).await;
        for line in [&of_order, &of_deal, &of_mail] {
            assert!(!now.contains(line), "{line} was seen before its day");
        }
        assert!(!seen("2026-11-19T22:59:00Z").await.contains(&of_order));
        let on_its_day = seen("2026-11-20T09:00:00Z").await;
        assert!(on_its_day.contains(&of_order) && on_its_day.contains(&of_mail));
        assert!(!seen("2026-12-14T09:00:00Z").await.contains(&of_deal));
        assert!(seen("2026-12-15T09:00:00Z").await.contains(&of_deal), "quiet for two weeks");

        // Letters speak of nothing that is not there yet.
        let scope = rig.test.store.tenant(town.tenant);
        for row in
            scope.list_actions_of_run(rehearse(&rig, &town, at(OPENING)).await.run).await.unwrap()
        {
            let Payload::Letter(letter) = &row.proposal.payload else { continue };
            assert!(!letter.body.contains("D0") && !letter.body.contains("O5"), "{}", letter.body);
        }
        // And before anything happened there is next to nothing to do.
        let early = rehearse(&rig, &town, at("2026-07-01T09:00:00Z")).await;
        let inputs = early.plan.as_ref().unwrap().inputs;
        let dated =
            [inputs.new_orders, inputs.stale_deals, inputs.pending_quotes, inputs.email_updates];
        assert_eq!(dated, [0; 4], "{inputs:?}");
        assert_eq!(early.act.unwrap().orders_checked, 0);
    }
}
