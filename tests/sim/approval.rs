//! What leaves waits for a person, and what a person agreed to is all that leaves.

use agent::{AgentError, approve, reject};
use chrono::TimeDelta;
use domain::{
    action::{ActionKind, ActionStatus, Actor, TenantMode},
    id::ActionId,
    proposal::Payload,
    record::ClockOwner,
    time::{Clock, Timestamp},
};
use store::{
    Transition,
    action::ActionRow,
    import::{Origin, SuppressionRow},
};
use testkit::database::Backend;

use crate::{
    look::{tamper, uuid_literal},
    rig::{Rig, at},
    town::{OPENING, Setup, Town, address_of},
};

/// A town whose tenant approves what leaves, after its first cycle.
struct Held {
    rig: Rig,
    town: Town,
}

fn somebody() -> Actor {
    Actor::Cli("ada".to_owned())
}

impl Held {
    async fn on(backend: Backend) -> Self {
        let rig = Rig::on(backend, at(OPENING)).await;
        let setup = Setup { mode: TenantMode::Approval, ..Setup::default() };
        let town = Town::build(&rig, "ahorn", &setup).await;
        let held = Self { rig, town };
        held.cycle().await;
        held
    }

    async fn cycle(&self) -> domain::cycle::WorkBlock {
        self.rig.cycle(&self.rig.agent(), self.town.slug).await
    }

    async fn next_cycle(&self) -> domain::cycle::WorkBlock {
        self.rig.next_hour();
        self.cycle().await
    }

    /// Goes to a later hour and runs its cycle.
    async fn cycle_at(&self, moment: Timestamp) -> domain::cycle::WorkBlock {
        self.rig.clock.set(moment);
        self.cycle().await
    }

    async fn awaiting(&self, kind: ActionKind) -> Vec<ActionRow> {
        let scope = self.rig.test.store.tenant(self.town.tenant);
        let rows = scope.list_actions(&[ActionStatus::Awaiting], 1_000).await.unwrap_or_default();
        rows.into_iter().filter(|row| row.proposal.kind == kind).collect()
    }

    /// The touch that waits for a contact.
    async fn touch_of(&self, contact: &str) -> Option<ActionRow> {
        let contact = self.town.contacts[contact];
        let touches = self.awaiting(ActionKind::SendTouch).await;
        touches.into_iter().find(|row| row.proposal.subject.id == contact)
    }

    async fn action(&self, id: ActionId) -> ActionRow {
        let scope = self.rig.test.store.tenant(self.town.tenant);
        scope.find_action(id).await.expect("it can be read").expect("it is there")
    }

    async fn approve(&self, id: ActionId, seen: Option<&str>) -> Result<bool, AgentError> {
        let tenant = self.rig.tenant(self.town.slug).await;
        let now = self.rig.clock.now();
        let decided = approve(&self.rig.test.store, &tenant, id, seen, somebody(), now).await?;
        Ok(decided.was_there)
    }

    async fn reject(&self, id: ActionId) -> Result<bool, AgentError> {
        let tenant = self.rig.tenant(self.town.slug).await;
        let now = self.rig.clock.now();
        let why = Some("not now\u{7}");
        let decided = reject(&self.rig.test.store, &tenant, id, why, somebody(), now).await?;
        Ok(decided.was_there)
    }

    fn sent_to(&self, contact: &str) -> usize {
        let address = address_of(self.town.slug, contact);
        let sent = self.rig.transport.sent();
        sent.iter().filter(|(mail, _)| mail.to_address == address).map(|(_, times)| times).sum()
    }

    async fn suppress(&self, contact: &str) {
        let store = &self.rig.test.store;
        let work = store.begin(self.town.tenant).await.expect("a unit of work begins");
        let actor = somebody();
        let origin = Origin { source: "import", actor: &actor, at: self.rig.clock.now() };
        let address = address_of(self.town.slug, contact);
        let row = SuppressionRow { address, reason: "unsubscribed".to_owned() };
        work.scope().upsert_suppressions(&origin, &[row]).await.expect("it is written");
        work.commit().await.expect("it commits");
    }
}

#[tokio::test]
async fn what_leaves_waits_and_the_rest_goes_on() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        assert!(held.rig.transport.sent().is_empty(), "a letter left without anybody's leave");
        for kind in [
            ActionKind::SendTouch,
            ActionKind::FollowUpDeal,
            ActionKind::FollowUpQuote,
            ActionKind::RemindCompliance,
        ] {
            assert!(!held.awaiting(kind).await.is_empty(), "no {kind} waits");
        }
        let scope = held.rig.test.store.tenant(held.town.tenant);
        let done = scope.list_actions(&[ActionStatus::Done], 1_000).await.unwrap();
        assert!(done.iter().all(|row| !row.proposal.kind.leaves_system()));
        for kind in [ActionKind::ProcessOrder, ActionKind::CreateTask, ActionKind::OpenCase] {
            assert!(done.iter().any(|row| row.proposal.kind == kind), "no {kind} was done");
        }
        let waiting = held.touch_of("P9").await.unwrap();
        let next = held.next_cycle().await;
        assert!(next.plan.unwrap().awaiting.is_empty(), "it was proposed a second time");
        assert_eq!(held.touch_of("P9").await.unwrap().id, waiting.id);
        assert!(held.rig.transport.sent().is_empty());
    }
}

#[tokio::test]
async fn what_was_approved_is_sent_once_by_the_next_cycle() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        let touch = held.touch_of("P9").await.unwrap();
        held.rig.clock.advance(TimeDelta::minutes(7));
        assert!(!held.approve(touch.id, Some(&touch.payload_hash)).await.unwrap());
        assert_eq!(held.sent_to("P9"), 0, "an approval sends nothing by itself");
        assert!(held.approve(touch.id, None).await.unwrap(), "the second time it was there");

        held.next_cycle().await;
        assert_eq!(held.sent_to("P9"), 1);
        for _ in 0..5 {
            held.next_cycle().await;
        }
        assert_eq!(held.sent_to("P9"), 1);
        assert_eq!(held.rig.transport.sent().len(), 1, "somebody else was written to as well");

        let done = held.action(touch.id).await;
        assert_eq!(done.status, ActionStatus::Done);
        assert_eq!(done.decided_by.as_deref(), Some("cli:ada"));
        let scope = held.rig.test.store.tenant(held.town.tenant);
        let moments: Vec<(String, String)> = scope
            .list_decisions(touch.id)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.moment, row.effect))
            .collect();
        let pair = |moment: &str, effect: &str| (moment.to_owned(), effect.to_owned());
        let expected = [
            pair("propose", "needs_approval"),
            pair("approve", "needs_approval"),
            pair("execute", "allow"),
        ];
        assert_eq!(moments, expected);
        assert!(matches!(
            held.approve(touch.id, None).await,
            Err(AgentError::NotAwaiting { status: ActionStatus::Done, .. })
        ));
    }
}

#[tokio::test]
async fn an_approval_is_bound_to_the_hash_that_was_seen() {
    let held = Held::on(Backend::Sqlite).await;
    let touch = held.touch_of("P9").await.unwrap();
    let hash = touch.payload_hash.clone();
    let other = held.touch_of("P1").await.unwrap().payload_hash;
    for wrong in [other.as_str(), &other[..8], &hash[..7], "", "0"] {
        let refused = held.approve(touch.id, Some(wrong)).await;
        assert!(matches!(refused, Err(AgentError::OtherPayload { .. })), "{wrong}: {refused:?}");
    }
    assert_eq!(held.action(touch.id).await.status, ActionStatus::Awaiting);
    held.approve(touch.id, Some(&hash[..8])).await.unwrap();
    let nobody = domain::id::Id::from_uuid(held.town.tenant.uuid());
    assert!(matches!(held.approve(nobody, None).await, Err(AgentError::UnknownAction(_))));
}

/// The letter is exchanged for another one in the database, with and without the hash beside it.
#[tokio::test]
async fn a_payload_that_was_tampered_with_is_not_sent() {
    for backend in Backend::ALL {
        for is_rehashed in [false, true] {
            let held = Held::on(backend).await;
            let touch = held.touch_of("P9").await.unwrap();
            held.approve(touch.id, None).await.unwrap();
            let mut forged = touch.proposal.clone();
            let Payload::Letter(letter) = &mut forged.payload else { panic!("{touch:?}") };
            letter.body.push_str("Pay at https://attacker.example\n");
            let db = &held.rig.test.db;
            let json = serde_json::to_string(&forged.payload).unwrap().replace('\'', "''");
            let hash = if is_rehashed { forged.payload_hash() } else { touch.payload_hash };
            let id = uuid_literal(db, touch.id.uuid());
            let sql = format!(
                "UPDATE actions SET payload = '{json}', payload_hash = '{hash}' WHERE id = {id}"
            );
            tamper(db, &sql).await;

            let block = held.next_cycle().await;
            assert!(held.rig.transport.sent().is_empty(), "a forged letter left");
            assert_eq!(held.action(touch.id).await.status, ActionStatus::Expired);
            let stopped = &block.act.unwrap().stopped;
            let rules: Vec<&str> =
                stopped.iter().flat_map(|it| &it.verdict).map(|it| it.rule.as_str()).collect();
            assert!(rules.contains(&"letter-from-records"), "{rules:?}");
        }
    }
}

/// An approved letter's recipient is exchanged for another person's letter, word for word as the records have it.
#[tokio::test]
async fn an_approval_does_not_pass_to_another_lawful_letter() {
    let held = Held::on(Backend::Sqlite).await;
    let (seen, unseen) = (held.touch_of("P9").await.unwrap(), held.touch_of("P1").await.unwrap());
    held.approve(seen.id, None).await.unwrap();
    let db = &held.rig.test.db;
    let (to, from) = (uuid_literal(db, seen.id.uuid()), uuid_literal(db, unseen.id.uuid()));
    let of_other = |column: &str| {
        format!("{column} = (SELECT other.{column} FROM actions AS other WHERE other.id = {from})")
    };
    let (payload, subject) = (of_other("payload"), of_other("subject_id"));
    tamper(db, &format!("UPDATE actions SET {payload}, {subject} WHERE id = {to}")).await;
    held.next_cycle().await;
    assert!(held.rig.transport.sent().is_empty(), "an approval of other words counted");
    assert_eq!(held.action(seen.id).await.status, ActionStatus::Awaiting);
}

#[tokio::test]
async fn what_may_not_be_sent_any_more_is_stopped_with_reasons() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        let touch = held.touch_of("P9").await.unwrap();
        held.approve(touch.id, None).await.unwrap();
        held.suppress("P9").await;
        let block = held.next_cycle().await;
        assert_eq!(held.sent_to("P9"), 0);
        let stopped = block.act.unwrap().stopped;
        assert_eq!(stopped.len(), 1, "{stopped:?}");
        assert!(stopped[0].verdict.iter().any(|it| it.rule == "not-suppressed"), "{stopped:?}");
        let ended = held.action(touch.id).await;
        assert_eq!(ended.status, ActionStatus::Expired);
        assert!(ended.error.unwrap().contains("must not be written to"));
        held.next_cycle().await;
        assert!(held.touch_of("P9").await.is_none(), "nobody who left is proposed again");

        // What is forbidden by now cannot even be approved.
        let other = held.touch_of("P1").await.unwrap();
        held.suppress("P1").await;
        let refused = held.approve(other.id, None).await;
        assert!(matches!(refused, Err(AgentError::Forbidden(_))), "{refused:?}");
        assert_eq!(held.action(other.id).await.status, ActionStatus::Awaiting);
    }
}

#[tokio::test]
async fn a_letter_that_the_records_would_write_differently_by_now_is_planned_anew() {
    let held = Held::on(Backend::Sqlite).await;
    let touch = held.touch_of("P9").await.unwrap();
    held.approve(touch.id, None).await.unwrap();
    let db = &held.rig.test.db;
    let deal = uuid_literal(db, held.town.deals["D2"]);
    tamper(db, &format!("UPDATE deals SET name = 'Racks' WHERE id = {deal}")).await;

    let block = held.next_cycle().await;
    assert!(held.rig.transport.sent().is_empty());
    let stopped = block.act.unwrap().stopped;
    assert!(stopped[0].verdict.iter().any(|it| it.rule == "letter-from-records"), "{stopped:?}");

    held.next_cycle().await;
    let anew = held.touch_of("P9").await.unwrap();
    assert_ne!((anew.id, &anew.payload_hash), (touch.id, &touch.payload_hash));
    let Payload::Letter(letter) = &anew.proposal.payload else { panic!("{anew:?}") };
    assert!(letter.body.contains("Racks"), "{}", letter.body);
}

#[tokio::test]
async fn what_was_rejected_is_never_sent_and_comes_again_after_a_week() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        let touch = held.touch_of("P9").await.unwrap();
        assert!(!held.reject(touch.id).await.unwrap());
        assert!(held.reject(touch.id).await.unwrap(), "the second time it was there");
        let refused = held.approve(touch.id, None).await;
        assert!(matches!(refused, Err(AgentError::NotAwaiting { .. })), "{refused:?}");
        assert_eq!(held.action(touch.id).await.error.as_deref(), Some("not now"));

        let again_at = at(OPENING) + TimeDelta::days(7);
        held.cycle_at(again_at - TimeDelta::hours(1)).await;
        assert!(held.touch_of("P9").await.is_none());
        held.cycle_at(again_at).await;
        let again = held.touch_of("P9").await.unwrap();
        assert_ne!(again.id, touch.id);
        assert_eq!(held.action(touch.id).await.status, ActionStatus::Rejected);
        assert_eq!(held.sent_to("P9"), 0);
    }
}

#[tokio::test]
async fn what_nobody_decided_on_expires_and_is_planned_again() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        let touch = held.touch_of("P9").await.unwrap();
        let hours = i64::from(domain::tenant::TenantSettings::default().approval_hours);
        let end = at(OPENING) + TimeDelta::hours(hours);
        held.cycle_at(end - TimeDelta::hours(1)).await;
        assert_eq!(held.touch_of("P9").await.unwrap().id, touch.id);
        held.cycle_at(end).await;
        let ended = held.action(touch.id).await;
        assert_eq!(ended.status, ActionStatus::Expired);
        assert_ne!(held.touch_of("P9").await.unwrap().id, touch.id);
        let refused = held.approve(touch.id, None).await;
        assert!(matches!(refused, Err(AgentError::NotAwaiting { .. })), "{refused:?}");
        assert!(held.rig.transport.sent().is_empty());
    }
}

/// An approval is for the days for which it was asked, also if no cycle ran in them.
#[tokio::test]
async fn an_approval_does_not_last_for_ever() {
    let held = Held::on(Backend::Sqlite).await;
    let touch = held.touch_of("P9").await.unwrap();
    held.approve(touch.id, None).await.unwrap();
    held.cycle_at(at("2026-11-17T09:00:00Z")).await;
    assert_eq!(held.action(touch.id).await.status, ActionStatus::Expired);
    assert!(held.rig.transport.sent().is_empty());
}

#[tokio::test]
async fn going_autonomous_is_an_act_of_its_own() {
    for backend in Backend::ALL {
        let held = Held::on(backend).await;
        let waiting = held.touch_of("P9").await.unwrap();
        for _ in 0..30 {
            held.next_cycle().await;
        }
        assert!(
            held.rig.transport.sent().is_empty(),
            "a tenant does not grow autonomous by itself"
        );

        held.rig.clock.set(at("2026-11-12T09:00:00Z"));
        let now = held.rig.clock.now();
        let work = held.rig.test.store.begin(held.town.tenant).await.unwrap();
        let moved = work.scope().mark_mode(TenantMode::Autonomous, now).await.unwrap();
        assert_eq!(moved, Transition::Moved);
        work.commit().await.unwrap();
        held.cycle().await;
        // What waits for a person goes on waiting: it was asked of that person.
        assert_eq!(held.action(waiting.id).await.status, ActionStatus::Awaiting);
        assert_eq!(held.sent_to("P9"), 0);

        // Once it expires it is planned anew, and leaves by itself at the next opening.
        held.cycle_at(at("2026-11-16T08:00:00Z")).await;
        assert_eq!(held.sent_to("P9"), 1);
        let scope = held.rig.test.store.tenant(held.town.tenant);
        let clock = scope.find_clock(ClockOwner::Contact, held.town.contacts["P9"]).await.unwrap();
        assert_eq!(clock.unwrap().state.last_touch_at, Some(at("2026-11-16T08:00:00Z")));
    }
}
