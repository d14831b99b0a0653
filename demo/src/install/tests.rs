//! The way of the world into a database: once, whole, and only into the demo's own tenant.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::OrderId,
    order::{FaultCode, check_order},
    record::OrderStatus,
    tenant::TenantSettings,
    time::Timestamp,
};
use store::{Scope, tenant::NewTenant};
use testkit::database::{Backend, TestDb, open};

use super::{Installed, SOURCE, install};
use crate::{
    company::{DAYS_AHEAD, TENANT, day, new_tenant, starts_at},
    orders::expected_faults,
    post::expected_mail,
    world::world,
};

/// More rows than the world has of a kind.
const ROWS_MAX: u64 = 1_000;

/// The machine's time, which has nothing to do with the demo's own.
fn machine_now() -> Timestamp {
    "2031-07-06T05:04:03Z".parse().unwrap()
}

async fn installed(test: &TestDb) -> Installed {
    install(&test.store, machine_now()).await.unwrap()
}

/// Everything that a second installation might change, in words.
async fn snapshot(scope: &Scope<'_>) -> Vec<String> {
    let (today, far) = (day(0), day(10 * DAYS_AHEAD));
    let end = machine_now();
    let mut seen = Vec::new();
    seen.push(format!("{:?}", scope.list_orders_waiting(far, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_open_deals(today, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_pending_quotes(today, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_compliance_due(far, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_goals(today, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_open_safety_cases(end, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_due_clocks(end, ROWS_MAX).await.unwrap()));
    seen.push(format!("{:?}", scope.list_unhandled_messages(None, end, ROWS_MAX).await.unwrap()));
    seen
}

#[tokio::test]
async fn a_second_installation_finds_everything_and_changes_nothing() {
    for backend in Backend::ALL {
        let test = open(backend).await;
        let first = installed(&test).await;
        assert!(!first.was_there);
        let scope = test.store.tenant(first.tenant);
        let before = snapshot(&scope).await;
        let second = installed(&test).await;
        assert_eq!(second, Installed { was_there: true, ..first });
        assert_eq!(snapshot(&scope).await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn the_tenant_is_autonomous_and_lives_on_its_own_clock() {
    let test = open(Backend::Sqlite).await;
    let tenant = installed(&test).await.tenant;
    let tenant = test.store.tenant(tenant).get_tenant().await.unwrap();
    assert_eq!(tenant.simulated_now, Some(starts_at()));
    assert!(tenant.is_simulated() && tenant.calendar.is_open(starts_at()));
    assert_eq!(tenant.settings, TenantSettings::default());
}

#[tokio::test]
async fn an_interrupted_installation_is_completed_by_the_next() {
    let test = open(Backend::Sqlite).await;
    let tenant = test.store.system().create_tenant(new_tenant(), machine_now()).await.unwrap();
    let resumed = installed(&test).await;
    assert_eq!((resumed.tenant, resumed.was_there), (tenant, false));
    assert!(installed(&test).await.was_there);
}

#[tokio::test]
async fn somebodys_own_tenant_of_that_name_is_left_alone() {
    let test = open(Backend::Sqlite).await;
    let own = NewTenant { simulated_now: None, ..new_tenant() };
    let tenant = test.store.system().create_tenant(own, machine_now()).await.unwrap();
    let error = install(&test.store, machine_now()).await.unwrap_err();
    assert!(error.to_string().contains(TENANT), "{error}");
    let scope = test.store.tenant(tenant);
    assert!(scope.client_ids(SOURCE, &["CL-01"]).await.unwrap().is_empty());
}

#[tokio::test]
async fn stored_orders_have_the_faults_that_were_seeded() {
    let test = open(Backend::Sqlite).await;
    let tenant = installed(&test).await.tenant;
    let scope = test.store.tenant(tenant);
    let mut found: BTreeSet<(String, FaultCode)> = BTreeSet::new();
    let days: BTreeMap<String, _> =
        world().orders.into_iter().map(|it| (it.number, it.head.ordered_on)).collect();
    let policy = TenantSettings::default().order_policy();
    for order in scope.list_orders_waiting(day(10 * DAYS_AHEAD), ROWS_MAX).await.unwrap() {
        let ids: [OrderId; 1] = [order.id];
        let today = days[&order.number];
        for loaded in scope.load_orders_to_check(&ids, today).await.unwrap() {
            assert_eq!(loaded.status, OrderStatus::New);
            let verdict = check_order(&loaded.facts(), &policy);
            found.extend(verdict.faults.iter().map(|it| (order.number.clone(), it.code)));
        }
    }
    let expected: BTreeSet<(String, FaultCode)> = expected_faults().iter().cloned().collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_an_import_cannot_bring_is_on_record_all_the_same() {
    let test = open(Backend::Sqlite).await;
    let tenant = installed(&test).await.tenant;
    let scope = test.store.tenant(tenant);
    let today = day(0);
    let world = world();
    for deal in scope.list_open_deals(today, ROWS_MAX).await.unwrap() {
        let ours = world.deals.iter().find(|it| it.key == deal.key).unwrap();
        assert_eq!(deal.facts, ours.facts, "{}", deal.key);
    }
    for quote in scope.list_pending_quotes(today, ROWS_MAX).await.unwrap() {
        let ours = world.quotes.iter().find(|it| it.number == quote.key).unwrap();
        assert_eq!(quote.facts, ours.facts, "{}", quote.key);
    }
    for item in scope.list_compliance_due(day(10 * DAYS_AHEAD), ROWS_MAX).await.unwrap() {
        let ours = world.compliance_items.iter().find(|it| it.key == item.key).unwrap();
        assert_eq!(item.facts, ours.facts, "{}", item.key);
    }
}

#[tokio::test]
async fn messages_are_stored_with_the_people_and_threads_they_belong_to() {
    let test = open(Backend::Sqlite).await;
    let tenant = installed(&test).await.tenant;
    let scope = test.store.tenant(tenant);
    let end = machine_now();
    let stored = scope.list_unhandled_messages(None, end, ROWS_MAX).await.unwrap();
    let all: Vec<&str> = expected_mail().iter().map(|it| it.message_id.as_str()).collect();
    let ids = scope.message_ids(&all).await.unwrap();
    assert_eq!((stored.len(), ids.len()), (all.len(), all.len()));
    let of = |key: &str| {
        let expected = expected_mail().iter().find(|it| it.key == key).unwrap();
        stored.iter().find(|it| it.id == ids[&expected.message_id]).unwrap()
    };
    let known = of("call-on-thursday");
    assert!(known.contact.is_some() && known.client.is_some());
    let stranger = of("stranger-at-client");
    assert!(stranger.contact.is_none() && stranger.client.is_some());
    let nobody = of("near-namesake");
    assert!(nobody.contact.is_none() && nobody.client.is_none());
    let visible = scope.list_unhandled_messages(None, starts_at(), ROWS_MAX).await.unwrap();
    assert!(visible.len() < stored.len());
}
