//! The first hour: every fault that was planted is found, and none besides; every mail has its due.

use std::collections::BTreeSet;

use domain::{
    action::{ActionKind, ActionStatus},
    policy::Effect,
    proposal::{Justification, Payload},
};
use testkit::database::Backend;

use crate::play::Play;

#[tokio::test]
async fn the_first_hour_finds_every_planted_fault_and_no_other_on_both_databases() {
    let mut digests = BTreeSet::new();
    for backend in Backend::ALL {
        let play = Play::start(backend).await;
        let block = play.hour().await;
        let tenant = play.tenant().await;
        let found: BTreeSet<(String, String)> = play
            .scope(&tenant)
            .list_exceptions(None, true, 1_000)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.order_number, row.code))
            .collect();
        let today: BTreeSet<String> = checked_orders(&play).await;
        let planted: BTreeSet<(String, String)> = demo::expected_faults()
            .iter()
            .filter(|(number, _)| today.contains(number))
            .map(|(number, code)| (number.clone(), code.to_string()))
            .collect();
        assert!(20 <= planted.len(), "the world has too few faults to prove anything: {planted:?}");
        assert_eq!(found, planted, "{backend:?}");
        digests.insert(block.act.unwrap().findings_digest);
    }
    assert_eq!(digests.len(), 1, "both databases must find the same");
}

async fn checked_orders(play: &Play) -> BTreeSet<String> {
    let tenant = play.tenant().await;
    let day = tenant.calendar.local_date(demo::starts_at());
    let rows = play.scope(&tenant).list_orders(None, day, 10_000).await.unwrap();
    rows.into_iter().map(|row| row.number).collect()
}

/// Tasks stand on words, and each kind of proof ends where the specification says.
#[tokio::test]
async fn asks_become_tasks_forged_ones_wait_and_strangers_are_blocked() {
    let play = Play::start(Backend::Sqlite).await;
    play.hour().await;
    let tenant = play.tenant().await;
    let scope = play.scope(&tenant);
    let actions = scope.list_actions(&[], 10_000).await.unwrap();
    let asked = actions.iter().filter(|row| row.proposal.kind == ActionKind::CreateTask);
    let mut ends = BTreeSet::new();
    for row in asked {
        let decisions = scope.list_decisions(row.id).await.unwrap();
        let first = decisions.first().expect("every action has its verdict");
        let Payload::Task(task) = &row.proposal.payload else { panic!("a task without payload") };
        let on_words = matches!(task.justification, Justification::ClientAsk { .. });
        ends.insert((on_words, row.status));
        let effect = match row.status {
            ActionStatus::Done => Effect::Allow,
            ActionStatus::Awaiting => Effect::NeedsApproval,
            ActionStatus::Blocked => Effect::Deny,
            other => panic!("a task may not be {other} after its first hour"),
        };
        assert_eq!(first.effect, effect.as_str());
    }
    let expected = [
        (false, ActionStatus::Done),
        (true, ActionStatus::Done),
        (true, ActionStatus::Awaiting),
        (true, ActionStatus::Blocked),
    ];
    for end in expected {
        assert!(ends.contains(&end), "{end:?} is missing among {ends:?}");
    }
}

#[tokio::test]
async fn a_second_install_changes_nothing() {
    let play = Play::start(Backend::Sqlite).await;
    play.hour().await;
    let again = demo::install(&play.test.store, demo::starts_at()).await.unwrap();
    assert!(again.was_there);
    let tenant = play.tenant().await;
    assert!(Some(demo::starts_at()) < tenant.simulated_now, "the clock was set back");
}
