//! Sixty simulated days of hourly cycles: nobody reachable goes beyond 21 days, and nothing leaves twice or at night.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::{
    cycle::{Budgets, RunStatus},
    engagement::in_time_since,
    id::ContactId,
    policy::LETTER_GAP_DAYS,
    time::Timestamp,
};
use store::{outbound::OutboundRow, tenant::Tenant};
use testkit::database::Backend;

use crate::play::Play;

const DAYS: i64 = 60;
const HOURS_PER_DAY: i64 = 24;
/// The world begins with contacts that were neglected or never touched; the budget works them off in this time.
const GRACE_HOURS: i64 = 48;

#[tokio::test]
async fn sixty_days_of_cycles_keep_every_promise() {
    let play = Play::start(Backend::Sqlite).await;
    let budgets = play.tenant().await.settings.budgets;
    for hour in 0..DAYS * HOURS_PER_DAY {
        let block = play.hour().await;
        let act = block.act.as_ref().expect("every cycle acts");
        assert!(act.spent.letters <= budgets.letters_per_cycle, "hour {hour}: {:?}", act.spent);
        assert!(act.failed.is_empty(), "hour {hour}: {:?}", act.failed);
        if GRACE_HOURS <= hour {
            nobody_is_overdue(&play, block.started_at, hour).await;
        }
    }
    let tenant = play.tenant().await;
    every_hour_was_played(&play, &tenant).await;
    the_unreachable_are_listed(&play, &tenant).await;
    let letters = play.scope(&tenant).list_outbound(100_000).await.unwrap();
    assert!(300 <= letters.len(), "only {} letters left in {DAYS} days", letters.len());
    nothing_left_twice(&play, &letters);
    nothing_left_at_night(&tenant, &letters);
    nobody_was_pestered(&letters);
    no_day_was_over_budget(&letters, &budgets);
}

async fn nobody_is_overdue(play: &Play, now: Timestamp, hour: i64) {
    let tenant = play.tenant().await;
    let since = in_time_since(now, &tenant.calendar);
    let count = play.scope(&tenant).count_compliance(now, since).await.unwrap();
    assert_eq!((count.overdue, count.never_touched), (0, 0), "hour {hour}, {now}: {count:?}");
}

async fn every_hour_was_played(play: &Play, tenant: &Tenant) {
    let runs = play.scope(tenant).list_runs(10_000).await.unwrap();
    let hours: BTreeSet<_> = runs.iter().filter_map(|run| run.due_hour).collect();
    assert_eq!(hours.len(), usize::try_from(DAYS * HOURS_PER_DAY).unwrap());
    assert!(runs.iter().all(|run| run.status == RunStatus::Completed && run.hours_covered == 1));
}

async fn the_unreachable_are_listed(play: &Play, tenant: &Tenant) {
    let now = tenant.simulated_now.unwrap();
    let scope = play.scope(tenant);
    let count = scope.count_compliance(now, in_time_since(now, &tenant.calendar)).await.unwrap();
    let listed = scope.list_unreachable(10_000).await.unwrap();
    assert!(!listed.is_empty(), "the world has people who cannot be reached");
    assert_eq!(u64::try_from(listed.len()).unwrap(), count.unreachable);
}

fn nothing_left_twice(play: &Play, letters: &[OutboundRow]) {
    let sent = play.transport.sent();
    assert_eq!(sent.len(), letters.len(), "ledger and transport disagree");
    assert!(sent.iter().all(|(_, times)| *times == 1), "an intent was handed over twice");
    let actions: BTreeSet<_> = letters.iter().map(|letter| letter.action).collect();
    assert_eq!(actions.len(), letters.len(), "an action has two letters");
}

fn nothing_left_at_night(tenant: &Tenant, letters: &[OutboundRow]) {
    for letter in letters {
        let at = letter.sent_at.expect("every letter of this world leaves");
        assert!(tenant.calendar.is_open(at), "{} left at {at}", letter.id);
    }
}

/// Between two letters to one person lie at least the days that the policy asks for.
fn nobody_was_pestered(letters: &[OutboundRow]) {
    let mut by_person: BTreeMap<ContactId, Vec<Timestamp>> = BTreeMap::new();
    for letter in letters {
        by_person.entry(letter.contact).or_default().extend(letter.sent_at);
    }
    for (person, mut times) in by_person {
        times.sort();
        let gap = TimeDelta::days(LETTER_GAP_DAYS);
        assert!(times.windows(2).all(|pair| gap <= pair[1] - pair[0]), "{person:?}: {times:?}");
    }
}

fn no_day_was_over_budget(letters: &[OutboundRow], budgets: &Budgets) {
    let mut times: Vec<Timestamp> = letters.iter().filter_map(|letter| letter.sent_at).collect();
    times.sort();
    for (index, end) in times.iter().enumerate() {
        let since = *end - TimeDelta::hours(HOURS_PER_DAY);
        let within = times[..=index].iter().filter(|at| since < **at).count();
        assert!(
            within <= usize::try_from(budgets.letters_per_day).unwrap(),
            "{within} until {end}"
        );
    }
}
