//! Actions: proposed once, moved from state to state by whoever is first, run in order, expired in time.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use domain::{
    action::{ActionKind, ActionStatus, Actor, SubjectKind},
    id::{ActionId, DecisionId},
    money::Score,
    policy::{Effect, Moment, Obligation, Reason, Verdict},
    proposal::{Evidence, Proposal, Subject},
    time::Timestamp,
};
use entity::{agent_policy_violations as violations, decisions};
use sea_orm::EntityTrait;
use store::{
    StoreError, Transition,
    action::{ActionChange, ActionRow},
};
use testkit::{
    database::TestDb,
    rows::at,
    world::{World, letter, plain},
};

on_both!(
    a_proposal_comes_back_as_it_went_in,
    a_dedup_key_is_proposed_once,
    many_proposals_keep_their_rank,
    a_state_is_left_by_the_first_who_asks,
    a_change_writes_what_it_says_and_nothing_else,
    what_may_run_comes_most_pressing_first,
    what_is_put_off_waits_until_then,
    many_actions_begin_at_once_each_from_its_own_state,
    what_may_never_run_never_does,
    what_nobody_decided_on_expires_once,
    verdicts_and_violations_are_kept_in_order,
);

async fn a_proposal_comes_back_as_it_went_in(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let subject = Subject { kind: SubjectKind::Client, id: client.uuid() };
    let row = Evidence::Row { subject };
    let date = Evidence::Date { what: "next_touch_due".to_owned(), at: world.now };
    let proposal = Proposal {
        score: Score(4_217),
        reasons: vec!["due for 3 days — überfällig".to_owned(), String::new()],
        evidence: vec![row, date],
        ..letter(client, contact, "send_touch:1")
    };
    let ids = world.actions(run, ActionStatus::Proposed, std::slice::from_ref(&proposal)).await;

    let found = find(&world, ids[0]).await;
    assert_eq!(found.proposal, proposal);
    assert_eq!(found.payload_hash, proposal.payload_hash());
    assert_eq!((found.status, found.run), (ActionStatus::Proposed, Some(run)));
    assert_eq!((found.proposed_at, found.expires_at), (world.now, Some(world.in_hours(48))));
    assert!(found.decided_by.is_none() && found.executed_at.is_none() && found.error.is_none());
}

async fn a_dedup_key_is_proposed_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.client("C1").await.uuid());
    let wish = |key: &str| plain(ActionKind::Research, subject, key);
    world.actions(run, ActionStatus::Done, &[wish("one")]).await;

    // A batch with one known key is refused as a whole.
    let work = test.store.begin(world.tenant).await.unwrap();
    let judged = ["two", "one"].map(|key| world.judged(wish(key), ActionStatus::Proposed));
    let refused = work.scope().insert_proposals(run, &judged, true, world.now).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists(_))), "{refused:?}");
    drop(work);

    let scope = world.scope();
    assert_eq!(scope.list_actions(&[], 10).await.unwrap().len(), 1);
    let keys = ["one", "two"].map(str::to_owned);
    let known = scope.known_dedup_keys(&keys, None).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["one"]);
    let south = World::new(&test, "south").await;
    let run = south.run(None).await;
    let theirs = plain(ActionKind::Research, (SubjectKind::Client, subject.1), "one");
    south.actions(run, ActionStatus::Proposed, &[theirs]).await;
}

async fn many_proposals_keep_their_rank(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let proposals: Vec<Proposal> =
        (0..1_203).map(|n| plain(ActionKind::Research, subject, &format!("key {n}"))).collect();
    let ids = world.actions(run, ActionStatus::Proposed, &proposals).await;

    let scope = world.scope();
    let listed: Vec<ActionId> =
        scope.list_actions_of_run(run).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(listed, ids, "across the rows of one statement too");
    let runnable: Vec<ActionId> =
        scope.list_runnable(world.now, 5_000).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(runnable, ids);
    let keys: Vec<String> = (0..2_000).map(|n| format!("key {n}")).collect();
    assert_eq!(scope.known_dedup_keys(&keys, None).await.unwrap().len(), 1_203);
}

async fn a_state_is_left_by_the_first_who_asks(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let scope = world.scope();
    let (mut moved, mut there, mut lost) = (0, 0, 0);
    for (index, is) in ActionStatus::ALL.iter().enumerate() {
        for (other, from) in ActionStatus::ALL.iter().enumerate() {
            let key = format!("{index}:{other}");
            let wish = plain(ActionKind::Research, subject, &key);
            let id = world.actions(run, *is, &[wish]).await[0];
            let change = ActionChange::to(ActionStatus::Done, world.now);
            let expected = match (is == from, *is == ActionStatus::Done) {
                (true, _) => Transition::Moved,
                (false, true) => Transition::AlreadyThere,
                (false, false) => Transition::Lost,
            };
            let found = scope.mark_action(id, *from, &change).await.unwrap();
            assert_eq!(found, expected, "from {from}, and it is {is}");
            let status = find(&world, id).await.status;
            match expected {
                Transition::Moved => moved += 1,
                Transition::AlreadyThere => there += 1,
                Transition::Lost => lost += 1,
            }
            let after = if expected == Transition::Lost { *is } else { ActionStatus::Done };
            assert_eq!(status, after);
        }
    }
    assert_eq!((moved, there, lost), (11, 10, 100));
    let nobody = domain::id::Id::from_uuid(world.tenant.uuid());
    let change = ActionChange::to(ActionStatus::Done, world.now);
    let gone = scope.mark_action(nobody, ActionStatus::Proposed, &change).await.unwrap();
    assert_eq!(gone, Transition::Lost);
}

async fn a_change_writes_what_it_says_and_nothing_else(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let scope = world.scope();
    let id = world
        .actions(run, ActionStatus::Awaiting, &[plain(ActionKind::Research, subject, "a")])
        .await[0];

    let (decided_at, executed_at) = (world.in_hours(1), world.in_hours(2));
    let approve = ActionChange::to(ActionStatus::Approved, decided_at)
        .decided_by(Actor::Cli("ada".to_owned()));
    scope.mark_action(id, ActionStatus::Awaiting, &approve).await.unwrap();
    let row = find(&world, id).await;
    assert_eq!((row.decided_by.as_deref(), row.decided_at), (Some("cli:ada"), Some(decided_at)));
    assert!(row.executed_at.is_none() && row.outcome.is_none() && row.not_before.is_none());

    let outcome = serde_json::json!({ "did": "it" });
    let done = ActionChange::to(ActionStatus::Done, executed_at).executed(run, outcome.clone());
    scope.mark_action(id, ActionStatus::Approved, &done).await.unwrap();
    let row = find(&world, id).await;
    assert_eq!((row.executed_at, row.outcome), (Some(executed_at), Some(outcome)));
    assert_eq!(row.decided_by.as_deref(), Some("cli:ada"), "kept");
    assert_eq!(scope.list_actions_executed_by(run).await.unwrap().len(), 1);
}

async fn what_may_run_comes_most_pressing_first(test: TestDb) {
    let mut world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let wish = |key: &str, score: i32| Proposal {
        score: Score(score),
        ..plain(ActionKind::Research, subject, key)
    };
    for (index, status) in ActionStatus::ALL.iter().enumerate() {
        world.actions(run, *status, &[wish(&format!("status {index}"), 1)]).await;
    }
    world.actions(run, ActionStatus::Proposed, &[wish("b", 900), wish("c", 900)]).await;
    world.now -= TimeDelta::hours(3);
    world.actions(run, ActionStatus::Approved, &[wish("a", 900)]).await;
    world.actions(run, ActionStatus::Proposed, &[wish("z", 9_000)]).await;

    let keys = |rows: Vec<ActionRow>| -> Vec<String> {
        rows.into_iter().map(|row| row.proposal.dedup_key).collect()
    };
    let scope = world.scope();
    let all = keys(scope.list_runnable(world.now, 100).await.unwrap());
    assert_eq!(all[..4], ["z", "a", "b", "c"], "by score, then by age, then by rank");
    let states: Vec<&str> = all[4..].iter().map(String::as_str).collect();
    let runnable = [ActionStatus::Proposed, ActionStatus::Approved, ActionStatus::Executing];
    let expected: Vec<String> = (ActionStatus::ALL.iter().enumerate())
        .filter(|(_, status)| runnable.contains(status))
        .map(|(index, _)| format!("status {index}"))
        .collect();
    assert_eq!(sorted(states), sorted(expected.iter().map(String::as_str)));
    assert_eq!(keys(scope.list_runnable(world.now, 2).await.unwrap()), ["z", "a"]);
}

fn sorted<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.into_iter().collect();
    texts.sort_unstable();
    texts
}

async fn what_is_put_off_waits_until_then(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let id = world
        .actions(run, ActionStatus::Proposed, &[plain(ActionKind::Research, subject, "a")])
        .await[0];
    let scope = world.scope();
    let until = at("2026-03-04T08:00:00.5Z");
    let put_off = ActionChange::to(ActionStatus::Proposed, world.now).not_before(until);
    let moved = scope.mark_action(id, ActionStatus::Proposed, &put_off).await.unwrap();
    assert_eq!(moved, Transition::Moved);
    for (now, is_time) in [
        ("2026-03-04T07:59:59.999999Z", false),
        ("2026-03-04T08:00:00Z", false),
        ("2026-03-04T08:00:00.499999Z", false),
        ("2026-03-04T08:00:00.500Z", true),
        ("2026-03-04T08:00:01Z", true),
    ] {
        let runnable = scope.list_runnable(at(now), 10).await.unwrap();
        assert_eq!(!runnable.is_empty(), is_time, "{now}");
    }
}

async fn many_actions_begin_at_once_each_from_its_own_state(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let wishes = ["a", "b", "c"].map(|key| plain(ActionKind::MoveMoney, subject, key));
    let ids = world.actions(run, ActionStatus::Proposed, &wishes).await;
    let taken = ActionChange::to(ActionStatus::Expired, world.now);
    let scope = world.scope();
    scope.mark_action(ids[1], ActionStatus::Proposed, &taken).await.unwrap();

    let begun: Vec<_> = ids.iter().map(|id| (*id, ActionStatus::Proposed)).collect();
    let moved = scope.mark_actions_executing(&begun, world.in_hours(1)).await.unwrap();
    assert_eq!(moved, HashSet::from([ids[0], ids[2]]), "whoever was first speaks for it");
    assert_eq!(find(&world, ids[1]).await.status, ActionStatus::Expired);
    assert_eq!(find(&world, ids[2]).await.status, ActionStatus::Executing);
    let again = scope.mark_actions_executing(&begun, world.in_hours(2)).await.unwrap();
    assert_eq!(again, HashSet::new(), "none of them is proposed any more");
}

async fn what_may_never_run_never_does(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let mut judged =
        world.judged(plain(ActionKind::Research, subject, "never"), ActionStatus::Proposed);
    // A calendar without a day of business gives no moment at which a letter may leave.
    judged.verdict.obligations = vec![Obligation::FindOpening];
    let scope = world.scope();
    let ids = scope.insert_proposals(run, &[judged], true, world.now).await.unwrap();
    let change = ActionChange::to(ActionStatus::Proposed, world.now).not_before(Timestamp::MAX_UTC);
    for _ in 0..2 {
        for now in [world.now, at("2199-12-31T23:59:59Z")] {
            assert!(scope.list_runnable(now, 10).await.unwrap().is_empty(), "at {now}");
        }
        let not_before = find(&world, ids[0]).await.not_before;
        assert_eq!(not_before, Some(at("9999-12-31T23:59:59Z")));
        scope.mark_action(ids[0], ActionStatus::Proposed, &change).await.unwrap();
    }
}

async fn what_nobody_decided_on_expires_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let mut ids = Vec::new();
    for status in ActionStatus::ALL {
        let mut judged =
            world.judged(plain(ActionKind::Research, subject, status.as_str()), *status);
        // Later states expire earlier, to tell the order of expiry from the order of proposing.
        judged.expires_at = world.in_hours(24) - TimeDelta::minutes(ids.len() as i64);
        let inserted = world.scope().insert_proposals(run, &[judged], true, world.now).await;
        ids.push((inserted.unwrap()[0], *status));
    }
    let scope = world.scope();
    let first_end = world.in_hours(24) - TimeDelta::minutes(ids.len() as i64);
    assert!(scope.expire_actions(first_end, 10).await.unwrap().is_empty(), "before their time");

    let now = world.in_hours(24);
    let ended: Vec<ActionStatus> =
        scope.expire_actions(now, 2).await.unwrap().iter().map(|row| row.status).collect();
    assert_eq!(ended, [ActionStatus::Approved, ActionStatus::Awaiting], "the first to end first");
    let ended = scope.expire_actions(now, 2).await.unwrap();
    assert_eq!(ended[0].status, ActionStatus::Proposed, "at the very moment");
    assert_eq!(ended.len(), 1);
    assert!(scope.expire_actions(now, 10).await.unwrap().is_empty(), "once");

    for (id, was) in ids {
        let may_expire =
            [ActionStatus::Proposed, ActionStatus::Awaiting, ActionStatus::Approved].contains(&was);
        let row = find(&world, id).await;
        assert_eq!(row.status, if may_expire { ActionStatus::Expired } else { was });
        assert_eq!(row.error.is_some(), may_expire, "{was}");
        // What nobody refused may be proposed again; what anybody did about the rest stands.
        let key = was.as_str().to_owned();
        let known = scope.known_dedup_keys(&[key], None).await.unwrap();
        assert_eq!(known.is_empty(), may_expire, "{was}");
    }
}

async fn verdicts_and_violations_are_kept_in_order(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = world.run(None).await;
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let scope = world.scope();
    let mut judged =
        world.judged(plain(ActionKind::MoveMoney, subject, "money"), ActionStatus::Blocked);
    judged.verdict = denied(&["action-class", "no-human-tasks"]);
    let id = scope.insert_proposals(run, &[judged.clone()], true, world.now).await.unwrap()[0];

    let mut rehearsed = judged.clone();
    rehearsed.proposal.dedup_key = "rehearsed".to_owned();
    scope.insert_proposals(run, &[rehearsed], false, world.now).await.unwrap();
    let kept = violations::Entity::find().all(&test.db).await.unwrap();
    assert_eq!(kept.len(), 2, "one for each rule, and none of a rehearsal");
    assert!(kept.iter().all(|row| row.action_id == Some(id.uuid()) && row.actor == "agent"));

    let action = find(&world, id).await;
    let later = world.in_hours(1);
    let facts = serde_json::json!({ "is": "unknown" });
    scope
        .insert_decision(
            &action,
            None,
            &denied(&["approval"]),
            facts.clone(),
            Moment::Approve,
            later,
        )
        .await
        .unwrap();
    let told = scope.list_decisions(id).await.unwrap();
    let moments: Vec<&str> = told.iter().map(|it| it.moment.as_str()).collect();
    assert_eq!(moments, ["propose", "approve"], "oldest first");
    assert_eq!(told[0].reasons, judged.verdict.reasons);
    assert_eq!((told[1].effect.as_str(), &told[1].facts), ("deny", &facts));
    assert_eq!(violations::Entity::find().all(&test.db).await.unwrap().len(), 3);
    assert_eq!(decisions::Entity::find().all(&test.db).await.unwrap().len(), 3);

    let allowed = testkit::world::allow();
    let refused = denied(&["approval"]);
    let mut many: Vec<_> = (0..2).map(|_| (&action, &allowed, facts.clone())).collect();
    many.push((&action, &refused, facts.clone()));
    let ids = scope.insert_decisions(&many, Some(run), Moment::Execute, later).await.unwrap();
    let told = scope.list_decisions(id).await.unwrap();
    let effects: BTreeMap<DecisionId, &str> =
        told.iter().map(|it| (it.id, it.effect.as_str())).collect();
    assert_eq!(ids.iter().map(|id| effects[id]).collect::<Vec<_>>(), ["allow", "allow", "deny"]);
    assert_eq!(told.len(), 5);
    assert_eq!(violations::Entity::find().all(&test.db).await.unwrap().len(), 4);
}

fn denied(rules: &[&str]) -> Verdict {
    let reason = |rule: &&str| Reason {
        rule: (*rule).to_owned(),
        argues: Effect::Deny,
        because: "it is forbidden".to_owned(),
        is_violation: true,
    };
    Verdict {
        effect: Effect::Deny,
        reasons: rules.iter().map(reason).collect(),
        ..testkit::world::allow()
    }
}

async fn find(world: &World<'_>, id: ActionId) -> ActionRow {
    world.scope().find_action(id).await.unwrap().unwrap()
}
