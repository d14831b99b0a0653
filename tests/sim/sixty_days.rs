//! Sixty days of hourly cycles of the demo's world: the promises of an account manager, checked after every hour.
//!
//! * Nobody who can be written to goes beyond 21 days: at every hour, the last touch of each reachable and unpaused
//!   contact, or the start of the simulation for those who never had one, is no longer ago than the deadline of
//!   21 days on the tenant's wall clock; who was never touched has a letter within the first three business days.
//! * Whoever cannot be written to is listed, with the reason that the records give.
//! * Nothing is sent twice: not per intent, not per clock and epoch, and nobody has two letters within three days.
//! * Nothing leaves outside of business hours, on a weekend or on a holiday; budgets hold by the hour and the day.
//! * Every hour has one completed run, and the fence of the tenant's lock only rises.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use agent::Agent;
use async_trait::async_trait;
use chrono::{Datelike, TimeDelta, Timelike, Weekday};
use connectors::mail::{MailError, MailTransport, OutgoingMail, Whereabouts};
use domain::{
    cycle::{Budgets, WorkBlock},
    engagement::deadline,
    id::{OutboundId, TenantId},
    proposal::Payload,
    time::{BusinessCalendar, Timestamp, due_hour},
};
use entity::{
    actions, agent_autonomous_runs as runs, agent_tenant_locks as locks, cases, clients, contacts,
    engagement_clocks as clocks, outbound_messages as outbound, suppressions, tasks,
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, prelude::Uuid,
};
use testkit::database::Backend;

use crate::{
    demo_world::{assert_mail, faults_expected, faults_on_record, hour, installed},
    rig::Rig,
};

/// Hours of the simulation.
const HOURS: i64 = demo::DAYS_AHEAD * 24;
/// Business days in which whoever was never touched has to have a letter: ten people, and twenty letters an hour.
const FIRST_LETTER_DAYS: i64 = 3;

/// Takes letters, and looks at each one as it leaves.
struct Postman {
    calendar: BusinessCalendar,
    budgets: Budgets,
    bag: Mutex<Bag>,
}

#[derive(Default)]
struct Bag {
    sent: HashSet<OutboundId>,
    last_to: HashMap<String, Timestamp>,
    /// When letters left, the newest last; older than a day they are dropped.
    of_a_day: VecDeque<Timestamp>,
    /// What was wrong with a letter. A panic would be taken for a fault of the transport.
    complaints: Vec<String>,
}

impl Postman {
    fn bag(&self) -> MutexGuard<'_, Bag> {
        self.bag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complaints(&self) -> Vec<String> {
        self.bag().complaints.clone()
    }

    fn count(&self) -> usize {
        self.bag().sent.len()
    }

    fn look_at(&self, mail: &OutgoingMail, bag: &mut Bag) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        if !bag.sent.insert(mail.intent) {
            wrong.push("it was sent before");
        }
        let last = bag.last_to.insert(mail.to_address.clone(), mail.date);
        if last.is_some_and(|last| mail.date - last < TimeDelta::days(3)) {
            wrong.push("the last letter to this person left less than three days ago");
        }
        let local = mail.date.with_timezone(&self.calendar.zone);
        let is_weekend = [Weekday::Sat, Weekday::Sun].contains(&local.weekday());
        let is_holiday = self.calendar.holidays.contains(&local.date_naive());
        if is_weekend || is_holiday || !(9..18).contains(&local.hour()) {
            wrong.push("nobody does business at this time");
        }
        bag.of_a_day.push_back(mail.date);
        while bag.of_a_day.front().is_some_and(|at| *at <= mail.date - TimeDelta::hours(24)) {
            bag.of_a_day.pop_front();
        }
        let limit = |limit: u32| usize::try_from(limit).expect("it is small");
        if limit(self.budgets.letters_per_day) < bag.of_a_day.len() {
            wrong.push("the day's budget is used up");
        }
        let of_this_cycle = bag.of_a_day.iter().filter(|at| **at == mail.date).count();
        if limit(self.budgets.letters_per_cycle) < of_this_cycle {
            wrong.push("the cycle's budget is used up");
        }
        wrong
    }
}

#[async_trait]
impl MailTransport for Postman {
    fn name(&self) -> &'static str {
        "postman"
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let mut bag = self.bag();
        let wrong = self.look_at(mail, &mut bag);
        if !wrong.is_empty() {
            bag.complaints.push(format!("{} to {}: {wrong:?}", mail.date, mail.to_address));
        }
        Ok(mail.intent.to_string())
    }

    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError> {
        let reference = intent.to_string();
        let is_sent = self.bag().sent.contains(&intent);
        Ok(if is_sent { Whereabouts::Sent { reference } } else { Whereabouts::NotSent })
    }
}

/// What is watched over the days.
struct Watch {
    rig: Rig,
    tenant: TenantId,
    postman: Arc<Postman>,
    calendar: BusinessCalendar,
    starts_at: Timestamp,
    last_fence: i64,
    hours: i64,
}

impl Watch {
    async fn begin() -> (Self, Agent) {
        let (rig, tenant) = installed(Backend::Sqlite).await;
        let of_tenant = rig.tenant(demo::TENANT).await;
        let postman = Arc::new(Postman {
            calendar: demo::calendar(),
            budgets: of_tenant.settings.budgets,
            bag: Mutex::default(),
        });
        let agent = Agent { transport: postman.clone(), ..rig.agent() };
        let (calendar, starts_at) = (demo::calendar(), demo::starts_at());
        (Self { rig, tenant, postman, calendar, starts_at, last_fence: 0, hours: 0 }, agent)
    }

    fn db(&self) -> &DatabaseConnection {
        &self.rig.test.db
    }

    /// What must hold after every hour.
    async fn after_hour(&mut self, block: &WorkBlock) {
        let due = due_hour(self.starts_at) + TimeDelta::hours(self.hours);
        assert_eq!(block.due_hour, Some(due), "an hour was skipped or doubled");
        assert_eq!((block.hours_covered, i64::from(block.cycle_number)), (1, self.hours + 1));
        self.hours += 1;
        let complaints = self.postman.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");

        let lock = locks::Entity::find_by_id(self.tenant.uuid()).one(self.db()).await;
        let fence = lock.expect("it can be read").expect("it is there").fence;
        assert!(self.last_fence < fence, "the fence did not rise: {fence}");
        self.last_fence = fence;

        let act = block.act.as_ref().expect("it acted");
        assert!(act.failed.is_empty(), "{:?}", act.failed);
        assert!(act.spent.tasks <= act.budgets.tasks_per_cycle, "{:?}", act.spent);
        assert!(act.spent.changes <= act.budgets.changes_per_cycle, "{:?}", act.spent);
        self.nobody_is_forgotten(block.started_at).await;
    }

    async fn nobody_is_forgotten(&self, now: Timestamp) {
        let rows = clocks::Entity::find()
            .filter(clocks::Column::EntityType.eq("contact"))
            .filter(clocks::Column::UnreachableBecause.is_null())
            .all(self.db())
            .await
            .expect("clocks can be read");
        assert!(50 < rows.len(), "only {} people can be written to", rows.len());
        let (first_days, mut business_day) = (FIRST_LETTER_DAYS, self.starts_at);
        for _ in 0..first_days {
            let next = self.calendar.closing_of(self.calendar.local_date(business_day));
            business_day = self.calendar.next_open(next).expect("there is a business day");
        }
        for row in rows {
            if row.paused_until.is_some_and(|until| now < until) {
                continue;
            }
            let until = match row.last_touch_at {
                Some(at) => deadline(at, &self.calendar),
                None => business_day,
            };
            let key = &row.entity_key;
            assert!(
                now <= until,
                "{key} was last touched at {:?}, now it is {now}",
                row.last_touch_at
            );
        }
    }

    /// What must hold after every day.
    async fn after_day(&self, block: &WorkBlock) {
        let scope = self.rig.test.store.tenant(self.tenant);
        let listed: BTreeMap<Uuid, String> = scope
            .list_unreachable(10_000)
            .await
            .expect("they can be listed")
            .into_iter()
            .map(|(contact, _, because)| (contact.uuid(), because.to_string()))
            .collect();
        assert_eq!(listed, self.unreachable(block.started_at).await);
        let counted = block.plan.as_ref().expect("it planned").inputs.unreachable;
        let counted = usize::try_from(counted).expect("it is small");
        assert!(0 < counted && counted <= listed.len(), "{counted} of {}", listed.len());
        self.letters_are_in_the_ledger_once().await;
    }

    /// Who cannot be written to and why, worked out from the records.
    async fn unreachable(&self, now: Timestamp) -> BTreeMap<Uuid, String> {
        let db = self.db();
        let inactive: BTreeSet<Uuid> = clients::Entity::find()
            .filter(clients::Column::IsActive.eq(false))
            .all(db)
            .await
            .expect("clients can be read")
            .into_iter()
            .map(|row| row.id)
            .collect();
        let suppressed: BTreeSet<String> = suppressions::Entity::find()
            .all(db)
            .await
            .expect("suppressions can be read")
            .into_iter()
            .map(|row| row.address)
            .collect();
        let grave: BTreeSet<Uuid> = cases::Entity::find()
            .filter(cases::Column::Status.eq("open"))
            .filter(cases::Column::Kind.is_in(["complaint", "safety"]))
            .filter(cases::Column::OpenedAt.lte(now))
            .all(db)
            .await
            .expect("cases can be read")
            .into_iter()
            .map(|row| row.client_id)
            .collect();
        let because = |row: &contacts::Model| match &row.email {
            _ if inactive.contains(&row.client_id) => Some("client_inactive"),
            _ if !row.is_active => Some("inactive"),
            None => Some("no_address"),
            Some(email) if suppressed.contains(email) => Some("suppressed"),
            Some(_) => grave.contains(&row.client_id).then_some("open_case"),
        };
        let rows = contacts::Entity::find().all(db).await.expect("contacts can be read");
        rows.iter().filter_map(|row| Some((row.id, because(row)?.to_owned()))).collect()
    }

    async fn letters_are_in_the_ledger_once(&self) {
        let ledger = outbound::Entity::find().all(self.db()).await.expect("it can be read");
        assert!(
            ledger.iter().all(|row| row.status == "sent"),
            "a letter is on its way at midnight"
        );
        assert_eq!(ledger.len(), self.postman.count());
        let touches = actions::Entity::find()
            .filter(actions::Column::Kind.eq("send_touch"))
            .filter(actions::Column::Status.eq("done"))
            .all(self.db())
            .await
            .expect("actions can be read");
        let mut epochs = HashSet::new();
        for touch in touches {
            let payload = serde_json::from_value(touch.payload).expect("a payload can be read");
            let Payload::Letter(letter) = payload else { panic!("a touch is a letter") };
            assert!(epochs.insert((letter.contact, letter.epoch)), "two touches in one epoch");
        }
    }

    /// What must hold when it is over.
    async fn at_the_end(&self, block: &WorkBlock) {
        let completed = runs::Entity::find()
            .filter(runs::Column::Status.eq("completed"))
            .count(self.db())
            .await
            .expect("runs can be counted");
        assert_eq!(i64::try_from(completed), Ok(HOURS));
        let today = self.calendar.local_date(block.started_at);
        assert_eq!(faults_on_record(self.db()).await, faults_expected(today));
        assert_mail(self.db(), block.started_at).await;
        let given = tasks::Entity::find().all(self.db()).await.expect("tasks can be read");
        assert!(given.len() < 60, "{} tasks in sixty days", given.len());
        assert!(300 < self.postman.count(), "only {} letters", self.postman.count());
        let metrics = block.react.as_ref().expect("it reacted").metrics;
        assert_eq!((metrics.contacts_overdue, metrics.contacts_never_touched), (0, 0));
        assert_eq!(metrics.engagement_compliance.0, 10_000);
    }
}

#[tokio::test]
async fn sixty_days_of_the_demo_keep_every_promise() {
    let (mut watch, agent) = Watch::begin().await;
    let mut last = None;
    for hour_of_all in 1..=HOURS {
        let block = hour(&watch.rig, &agent).await;
        watch.after_hour(&block).await;
        if hour_of_all % 24 == 0 {
            watch.after_day(&block).await;
        }
        last = Some(block);
    }
    watch.at_the_end(&last.expect("there are hours")).await;
}
