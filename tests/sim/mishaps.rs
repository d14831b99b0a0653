//! What becomes of a letter when the line to the transport fails in every way there is.

use chrono::TimeDelta;
use connectors::mail::Mishap;
use domain::{
    action::{ActionKind, ActionStatus, OutboundStatus, TenantMode},
    cycle::{Budgets, WorkBlock},
    record::ClockOwner,
    tenant::TenantSettings,
    time::Clock,
};
use entity::outbound_messages as outbound;
use sea_orm::EntityTrait;
use store::action::ActionRow;
use testkit::database::Backend;

use crate::{
    effects::{assert_same, effects, letters},
    look::{tamper, uuid_literal},
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// A town that sends one letter in an hour.
struct Line {
    rig: Rig,
    town: Town,
}

impl Line {
    async fn on(backend: Backend, now: &str) -> Self {
        let rig = Rig::on(backend, at(now)).await;
        let budgets = Budgets { letters_per_cycle: 1, ..Budgets::default() };
        let settings = TenantSettings { budgets, ..TenantSettings::default() };
        let setup = Setup { settings, ..Setup::default() };
        let town = Town::build(&rig, "ahorn", &setup).await;
        Self { rig, town }
    }

    async fn cycle(&self) -> WorkBlock {
        self.rig.cycle(&self.rig.agent(), self.town.slug).await
    }

    async fn next_cycle(&self) -> WorkBlock {
        self.rig.next_hour();
        self.cycle().await
    }

    async fn ledger(&self) -> Vec<outbound::Model> {
        let rows = outbound::Entity::find().all(&self.rig.test.db).await;
        let mut rows = rows.expect("the ledger can be read");
        rows.sort_by_key(|row| (row.created_at, row.id));
        rows
    }

    /// The first letter of the ledger, where it is, and the action behind it.
    async fn first(&self) -> (outbound::Model, OutboundStatus, ActionRow) {
        let entry = self.ledger().await.remove(0);
        let status = entry.status.parse().expect("it is a status");
        let scope = self.rig.test.store.tenant(self.town.tenant);
        let action = scope.find_action(domain::id::Id::from_uuid(entry.action_id)).await;
        (entry, status, action.expect("it can be read").expect("it is there"))
    }

    fn times(&self, entry: &outbound::Model) -> usize {
        let sent = self.rig.transport.sent();
        let of_it = sent.iter().find(|(mail, _)| mail.intent.uuid() == entry.id);
        of_it.map_or(0, |(_, times)| *times)
    }
}

#[tokio::test]
async fn a_refused_letter_has_failed_for_good() {
    for backend in Backend::ALL {
        let line = Line::on(backend, OPENING).await;
        line.rig.transport.plan([Mishap::Refuse]);
        let block = line.cycle().await;
        // What was refused has not been spent: another letter left in its place.
        let failed = |rows: Vec<outbound::Model>| -> Vec<outbound::Model> {
            rows.into_iter().filter(|row| row.status == "failed").collect()
        };
        let refused = failed(line.ledger().await);
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].error.as_deref(), Some("planned"));
        let told = block.act.unwrap().failed;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].action.uuid(), refused[0].action_id);
        for _ in 0..5 {
            line.next_cycle().await;
        }
        assert_eq!(line.times(&refused[0]), 0, "a refused letter left after all");
        assert_eq!(failed(line.ledger().await), refused);
    }
}

#[tokio::test]
async fn a_letter_that_found_nobody_is_sent_by_the_next_cycle() {
    for backend in Backend::ALL {
        let line = Line::on(backend, OPENING).await;
        line.rig.transport.plan([Mishap::Unavailable]);
        line.cycle().await;
        let (entry, status, action) = line.first().await;
        assert_eq!((status, action.status), (OutboundStatus::Intended, ActionStatus::Executing));
        assert_eq!((line.times(&entry), entry.claimed_at), (0, None));
        let block = line.next_cycle().await;
        let (entry, status, action) = line.first().await;
        assert_eq!((status, action.status), (OutboundStatus::Sent, ActionStatus::Done));
        assert_eq!(line.times(&entry), 1);
        assert!(block.act.unwrap().done.iter().any(|it| it.action == action.id));
    }
}

#[tokio::test]
async fn a_letter_whose_answer_was_lost_is_found_and_not_sent_again() {
    for backend in Backend::ALL {
        let line = Line::on(backend, OPENING).await;
        line.rig.transport.plan([Mishap::AnswerLost]);
        line.cycle().await;
        let (entry, status, action) = line.first().await;
        assert_eq!((status, action.status), (OutboundStatus::Claimed, ActionStatus::Executing));
        line.next_cycle().await;
        let (entry, status, action) = {
            assert_eq!(line.times(&entry), 1);
            line.first().await
        };
        assert_eq!((status, action.status), (OutboundStatus::Sent, ActionStatus::Done));
        assert_eq!(line.times(&entry), 1, "it was sent again");
        assert_eq!(entry.sent_at, Some(at(OPENING)), "it left when it was handed over");
        let scope = line.rig.test.store.tenant(line.town.tenant);
        let clock = scope.find_clock(ClockOwner::Contact, entry.contact_id).await.unwrap();
        assert_eq!(clock.unwrap().state.last_touch_at, Some(at(OPENING)));
        assert!(letters(&line.rig).values().all(|times| *times == 1));
    }
}

/// Nobody can tell whether it left: it is never sent again, and the person is not forgotten over it.
#[tokio::test]
async fn a_letter_that_vanished_is_unknown_for_ever() {
    for backend in Backend::ALL {
        let line = Line::on(backend, OPENING).await;
        line.rig.transport.plan([Mishap::Vanish]);
        line.cycle().await;
        let (entry, status, _) = line.first().await;
        assert_eq!(status, OutboundStatus::Claimed);
        for _ in 0..30 {
            line.next_cycle().await;
            let (entry, status, action) = line.first().await;
            assert_eq!((status, action.status), (OutboundStatus::Unknown, ActionStatus::Unknown));
            assert_eq!(line.times(&entry), 1, "it was sent again");
        }
        // Who may have a letter is not written to for three days, and is after a week at the latest.
        let to = |after: i64| {
            let since = at(OPENING) + TimeDelta::days(after);
            let sent = line.rig.transport.sent();
            let others = sent.into_iter().filter(|(mail, _)| mail.intent.uuid() != entry.id);
            others
                .filter(|(mail, _)| mail.to_address == entry.to_address && mail.date < since)
                .count()
        };
        assert_eq!(to(3), 0, "a second letter left within three days");
    }
}

/// The touch of a person whose letter vanished falls due again.
#[tokio::test]
async fn a_vanished_touch_comes_again_after_a_week() {
    let line = Line::on(Backend::Sqlite, OPENING).await;
    let db = &line.rig.test.db;
    // Nothing else is to be written in this town: the one letter is a touch.
    tamper(db, "UPDATE deals SET stage_type = 'won'").await;
    tamper(db, "UPDATE quotes SET status = 'won'").await;
    tamper(db, "UPDATE compliance_items SET status = 'received'").await;
    line.rig.transport.plan([Mishap::Vanish]);
    line.cycle().await;
    let (entry, _, action) = line.first().await;
    assert_eq!(action.proposal.kind, ActionKind::SendTouch);
    line.next_cycle().await;
    let until = at(OPENING) + TimeDelta::days(8);
    while line.rig.clock.now() < until {
        line.next_cycle().await;
    }
    let sent = line.rig.transport.sent();
    let dates: Vec<_> = sent
        .iter()
        .filter(|(mail, _)| mail.to_address == entry.to_address)
        .map(|(mail, _)| mail.date)
        .collect();
    assert_eq!(dates.len(), 2, "the person was forgotten, or pestered: {dates:?}");
}

/// The line is dead at closing time: nothing is sent when it comes back at night.
#[tokio::test]
async fn a_letter_that_waited_does_not_leave_at_night() {
    for mishap in [Mishap::Unavailable, Mishap::AnswerLost] {
        let line = Line::on(Backend::Sqlite, "2026-11-10T16:00:00Z").await;
        line.rig.transport.plan([mishap]);
        line.cycle().await;
        let (entry, ..) = line.first().await;
        let left_before = line.times(&entry);
        for _ in 0..15 {
            line.next_cycle().await;
            assert_eq!(
                line.times(&entry),
                left_before,
                "a letter left at {}",
                line.rig.clock.now()
            );
        }
        line.next_cycle().await;
        assert_eq!(line.rig.clock.now(), at("2026-11-11T08:00:00Z"));
        assert_eq!(line.times(&entry), 1, "it leaves when business opens");
    }
}

/// While a letter waits for the line, its recipient leaves, or the tenant asks to be asked.
#[tokio::test]
async fn a_letter_that_waited_is_asked_about_again() {
    for is_suppressed in [true, false] {
        let line = Line::on(Backend::Sqlite, OPENING).await;
        line.rig.transport.plan([Mishap::Unavailable]);
        line.cycle().await;
        let (entry, ..) = line.first().await;
        let db = &line.rig.test.db;
        if is_suppressed {
            let contact = uuid_literal(db, entry.contact_id);
            tamper(db, &format!("UPDATE contacts SET is_active = FALSE WHERE id = {contact}"))
                .await;
        } else {
            let now = line.rig.clock.now();
            let work = line.rig.test.store.begin(line.town.tenant).await.unwrap();
            work.scope().mark_mode(TenantMode::Approval, now).await.unwrap();
            work.commit().await.unwrap();
        }
        line.next_cycle().await;
        let (entry, status, action) = line.first().await;
        assert_eq!(line.times(&entry), 0, "it left nevertheless");
        let expected = if is_suppressed {
            (OutboundStatus::Failed, ActionStatus::Expired)
        } else {
            (OutboundStatus::Intended, ActionStatus::Awaiting)
        };
        assert_eq!((status, action.status), expected);
    }
}

/// The line is dead for a whole day: what waited leaves within the budget of each cycle.
#[tokio::test]
async fn what_waited_for_the_line_does_not_leave_all_at_once() {
    let line = Line::on(Backend::Sqlite, OPENING).await;
    line.rig.transport.plan([Mishap::Unavailable; 12]);
    for _ in 0..30 {
        line.cycle().await;
        line.rig.next_hour();
    }
    // The line is back by now; every further hour sends one letter at most.
    for _ in 0..40 {
        let before: usize = letters(&line.rig).values().sum();
        line.cycle().await;
        line.rig.next_hour();
        let after: usize = letters(&line.rig).values().sum();
        assert!(after - before <= 1, "{} letters in one cycle", after - before);
    }
    assert!(1 < letters(&line.rig).len(), "nothing left when the line was back");
    assert!(letters(&line.rig).values().all(|times| *times == 1));
}

/// Lost answers delay the record and change nothing that happens.
#[tokio::test]
async fn lost_answers_change_nothing_in_the_end() {
    let mut ends = Vec::new();
    for mishaps in [0, 1, 3, 6] {
        let rig = Rig::on(Backend::Sqlite, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        rig.transport.plan(vec![Mishap::AnswerLost; mishaps]);
        for _ in 0..3 {
            rig.cycle(&rig.agent(), town.slug).await;
            rig.next_hour();
        }
        assert_eq!(letters(&rig).values().max(), Some(&1));
        ends.push(effects(&rig, &town).await);
    }
    for end in &ends[1..] {
        assert_same(end, &ends[0], "a line whose answers were lost");
    }
}
