//! Bad luck and bad data: the database that goes away, the row that nobody can read, the name that is
//! taken.

use domain::{action::TenantMode, tenant::TenantSettings};
use sea_orm::ConnectionTrait;
use store::{StoreError, tenant::NewTenant};
use testkit::{
    database::{Backend, TestDb, open},
    rows::{self, euro},
    world::{World, calendar},
};

on_both!(
    a_database_that_is_gone_is_worth_another_try,
    a_stored_value_that_nobody_can_read_is_named_and_not_shown,
    a_short_name_is_taken_once,
    an_unknown_tenant_is_told_what_to_do,
);

async fn a_database_that_is_gone_is_worth_another_try(test: TestDb) {
    let world = World::new(&test, "north").await;
    let another = test.open_another(8).await;
    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&world.origin(), &[rows::client("C1")]).await.unwrap();
    drop(work);
    test.db.close_by_ref().await.unwrap();

    let error = world.scope().get_tenant().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let error = test.store.begin(world.tenant).await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let found = another.tenant(world.tenant).client_ids("crm", &["C1"]).await.unwrap();
    assert!(found.is_empty(), "half a unit of work was kept");
}

#[tokio::test]
async fn a_server_that_ends_the_session_in_mid_work_keeps_nothing_of_it() {
    let test = open(Backend::Postgres).await;
    let world = World::new(&test, "north").await;
    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&world.origin(), &[rows::client("C1")]).await.unwrap();
    let end_all_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let another = test.connect_again().await;
    another.execute_unprepared(end_all_others).await.unwrap();

    let error = work.scope().upsert_clients(&world.origin(), &[rows::client("C2")]).await;
    assert!(matches!(error, Err(StoreError::Unavailable(_))), "{error:?}");
    drop(work);
    let found = world.scope().client_ids("crm", &["C1", "C2"]).await.unwrap();
    assert!(found.is_empty(), "the pool connects again, and nothing was kept");
}

async fn a_stored_value_that_nobody_can_read_is_named_and_not_shown(test: TestDb) {
    let world = World::new(&test, "north").await;
    world.message("M1", None, world.now).await;
    for (sql, what) in [
        ("UPDATE tenants SET mode = 'secret'", "tenants.mode"),
        ("UPDATE tenants SET mode = 'approval', currency = 'XX1'", "tenants.currency"),
    ] {
        world.execute(sql, []).await;
        let error = world.scope().get_tenant().await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { what: it, .. } if it == what), "{error}");
    }
    world.execute("UPDATE message_readings SET findings = '{}'", []).await;
    let error = world.scope().list_unhandled_messages(None, world.now, 1).await.unwrap_err();
    let is_named =
        matches!(&error, StoreError::Unreadable { what: "message_readings.findings", .. });
    assert!(is_named, "{error}");
}

async fn a_short_name_is_taken_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let system = test.store.system();
    let again = system.create_tenant(new_tenant("north"), world.now).await.unwrap_err();
    assert_eq!(again.to_string(), "a tenant named `north` exists already");
    system.create_tenant(new_tenant("Aachen"), world.now).await.unwrap();
    system.create_tenant(new_tenant("zurich"), world.now).await.unwrap();
    let slugs: Vec<String> =
        system.list_tenants().await.unwrap().into_iter().map(|it| it.slug).collect();
    assert_eq!(slugs, ["Aachen", "north", "zurich"]);
    let found = system.find_tenant("zurich").await.unwrap().unwrap();
    let by_id = system.require_tenant(&found.id.to_string()).await.unwrap();
    assert_eq!((by_id.slug.as_str(), by_id.mode), ("zurich", TenantMode::Approval));
    assert_eq!(by_id.settings, TenantSettings::default());
    assert_eq!(by_id.calendar, calendar());
}

async fn an_unknown_tenant_is_told_what_to_do(test: TestDb) {
    let error = test.store.system().require_tenant("nobody").await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`nobody`") && text.contains("steward tenant create"), "{text}");
    assert!(test.store.system().find_tenant("nobody").await.unwrap().is_none());
}

fn new_tenant(slug: &str) -> NewTenant {
    NewTenant {
        slug: slug.to_owned(),
        name: "Supplies".to_owned(),
        sender_name: "Robin".to_owned(),
        mode: TenantMode::Approval,
        currency: euro(),
        calendar: calendar(),
        settings: TenantSettings::default(),
        simulated_now: None,
    }
}
