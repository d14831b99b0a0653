//! Two tenants with the same external ids: neither sees or changes a row of the other.

use std::collections::BTreeSet;

use domain::{
    action::{ActionStatus, Actor, OutboundStatus, TenantMode},
    cycle::{HypothesisState, Phase, RunStatus},
    engagement::{StageType, TouchKind},
    id::TaskId,
    money::BasisPoints,
    record::{ClockOwner, OrderStatus, TouchSource},
    tenant::TenantSettings,
};
use store::{
    Scope, StoreError, Transition,
    action::{ActionChange, EndedAction},
    engagement::Touch,
    order::{CheckedOrder, OrderProgress},
    privacy::Erased,
    record::{self, Page},
    recorded::RecordedState,
    standing::StandingUpdate,
    tenant::TenantChange,
};
use testkit::{
    database::TestDb,
    rows::{self, at},
    world::{World, calendar},
};

use crate::{
    full::{Full, HOUR, fill, fill_elsewhere, later, today, verdict},
    reads::{Found, methods_of_scope, read_everything},
};

on_both!(
    every_read_returns_only_the_tenants_own,
    no_write_reaches_another_tenants_rows,
    a_new_row_cannot_point_into_another_tenant,
);

/// Methods of a scope that write; the rest are reads. `expire_…` writes too, and takes no id.
const WRITES: [&str; 6] = ["expire_", "find_or_create_", "insert_", "mark_", "record_", "upsert_"];

/// Reads that find the same whatever ids there are elsewhere, because they ask by none.
///
/// Every other read asks by id alone, and finds nothing by the id of somebody else's row.
const BY_NO_ID: [&str; 9] = [
    "client_ids client_ids_by_domain contact_ids correspondents deal_ids message_ids order_ids",
    "product_ids product_ids_by_sku count_compliance count_sent_since find_covered_hour",
    "find_latest_run find_order_by_number find_run_by_number find_run_of_hour get_tenant get_tenant_to_change",
    "known_dedup_keys list_actions list_clients_to_refresh list_compliance_due list_due_clocks",
    "list_goals list_open_deals list_open_hypotheses list_open_safety_cases list_orders",
    "list_orders_held list_orders_waiting list_outbound list_pending_quotes list_runnable",
    "list_running list_runs list_unhandled_messages list_unreachable measure",
    "list_changed_actions list_new_jobs list_settled_jobs find_record_of_source list_keys list_line_limits list_message_heads list_records",
    "list_recorded_jobs find_pause select_next_contacts_to_touch",
];

async fn every_read_returns_only_the_tenants_own(test: TestDb) {
    let north = World::new(&test, "north").await;
    let ours = fill(&north).await;
    let alone = read_everything(&north.scope(), &ours).await;
    for (read, found) in &alone {
        assert!(!found.is_empty(), "{read} finds nothing in a full world, so it proves nothing");
    }
    let name = |read: &&'static str| read.split(' ').next().unwrap_or(read);
    let read: BTreeSet<&str> = alone.keys().map(name).collect();
    let there_are: BTreeSet<String> = methods_of_scope()
        .into_iter()
        .filter(|name| !WRITES.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    let there_are: BTreeSet<&str> = there_are.iter().map(String::as_str).collect();
    let forgotten: Vec<_> = read.symmetric_difference(&there_are).collect();
    assert!(forgotten.is_empty(), "call each read in it/reads.rs, and no other: {forgotten:?}");

    let south = World::new(&test, "south").await;
    let theirs = fill(&south).await;
    fill_elsewhere(&south).await;
    let beside = read_everything(&north.scope(), &ours).await;
    let with_foreign_ids = read_everything(&north.scope(), &theirs).await;
    let gives_away = |read: &&str| {
        let names_no_row = read.contains(' ')
            || BY_NO_ID.iter().any(|line| line.split(' ').any(|name| name == *read));
        let expected = if names_no_row { &alone[*read][..] } else { &[] };
        beside[*read] != alone[*read] || with_foreign_ids[*read] != expected
    };
    let leaks: Vec<&str> = alone.keys().copied().filter(gives_away).collect();
    assert!(leaks.is_empty(), "these give away another tenant's rows: {leaks:?}");
}

async fn no_write_reaches_another_tenants_rows(test: TestDb) {
    let north = World::new(&test, "north").await;
    fill(&north).await;
    let south = World::new(&test, "south").await;
    let theirs = fill(&south).await;
    let before = read_everything(&south.scope(), &theirs).await;
    let mut watch = Watch { south, theirs, before, tried: BTreeSet::new(), harm: Vec::new() };

    write_about_people(&north.scope(), &mut watch).await;
    write_about_business(&north.scope(), &mut watch).await;
    write_about_cycles(&north.scope(), &mut watch).await;

    assert!(watch.harm.is_empty(), "these change another tenant's rows: {:?}", watch.harm);
    let there_are: BTreeSet<String> =
        methods_of_scope().into_iter().filter(|name| name.starts_with("mark_")).collect();
    let there_are: BTreeSet<&str> = there_are.iter().map(String::as_str).collect();
    let forgotten: Vec<_> = watch.tried.symmetric_difference(&there_are).collect();
    assert!(forgotten.is_empty(), "try each change of state here, and no other: {forgotten:?}");
}

/// Looks after each write whether the neighbour's rows are what they were.
struct Watch<'d> {
    south: World<'d>,
    theirs: Full,
    before: Found,
    tried: BTreeSet<&'static str>,
    harm: Vec<&'static str>,
}

impl Watch<'_> {
    /// Notes what came of a write that names a row of the neighbour's.
    async fn look(&mut self, write: &'static str, says: Transition) {
        self.tried.insert(write);
        let after = read_everything(&self.south.scope(), &self.theirs).await;
        if says == Transition::Moved || after != self.before {
            self.harm.push(write);
            self.before = after;
        }
    }

    /// The same for a write that does not say whether it moved anything.
    async fn look_after(&mut self, write: &'static str) {
        self.look(write, Transition::Lost).await;
    }
}

async fn write_about_people(scope: &Scope<'_>, watch: &mut Watch<'_>) {
    let (now, theirs, calendar) = (later(), watch.theirs.clone(), calendar());
    let contact = theirs.contact;
    watch.look("mark_fired", scope.mark_fired(&[(contact, 1)], now).await.unwrap()).await;
    watch.look("mark_rearmed", scope.mark_rearmed(contact, 1, now, now).await.unwrap()).await;
    let paused = scope.mark_paused(contact, now, "absent", now).await.unwrap();
    watch.look("mark_paused", paused).await;
    let resumed = scope.mark_resumed(contact, &calendar, now).await.unwrap();
    watch.look("mark_resumed", resumed).await;
    let update = StandingUpdate {
        owner: ClockOwner::Contact,
        entity: contact.uuid(),
        points: 60,
        unreachable: None,
    };
    scope.mark_standing(&[], &[update], now).await.unwrap();
    watch.look_after("mark_standing").await;
    scope.mark_standing(&[theirs.unrefreshed], &[], now).await.unwrap();
    watch.look_after("mark_standing").await;
    scope.mark_standing_stale(&[theirs.client]).await.unwrap();
    watch.look_after("mark_standing_stale").await;
    scope.mark_messages_handled(&[theirs.message], now).await.unwrap();
    watch.look_after("mark_messages_handled").await;
    scope.mark_buyer_signal(theirs.client, today(), now).await.unwrap();
    watch.look_after("mark_buyer_signal").await;
    let touch = Touch {
        contact: Some(contact),
        client: theirs.client,
        at: now,
        kind: TouchKind::Email,
        by: "agent",
        source: (TouchSource::Outbound, theirs.outbound.uuid()),
    };
    let refused = scope.record_touch(&touch, &calendar, now).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
}

async fn write_about_business(scope: &Scope<'_>, watch: &mut Watch<'_>) {
    let (now, day, theirs) = (later(), today(), watch.theirs.clone());
    let checked =
        CheckedOrder { id: theirs.new_order, from: OrderStatus::New, verdict: verdict(&[]) };
    let kept = scope.mark_orders_checked(&[checked], theirs.run, now).await.unwrap();
    assert!(kept.is_empty());
    watch.look_after("mark_orders_checked").await;
    scope.mark_deal_followed_up(theirs.deal, day, now).await.unwrap();
    watch.look_after("mark_deal_followed_up").await;
    scope.mark_quote_followed_up(theirs.quote, day, now).await.unwrap();
    watch.look_after("mark_quote_followed_up").await;
    scope.mark_compliance_reminded(theirs.item, day, now).await.unwrap();
    watch.look_after("mark_compliance_reminded").await;
    let lost = scope.mark_quote_lost(theirs.quote, "price", day, now).await.unwrap();
    watch.look("mark_quote_lost", lost).await;
    let own = scope.list_open_deals(day, 1).await.unwrap().remove(0);
    let foreign = store::pipeline::DealRow { id: theirs.deal, ..own };
    let won = StageType::Won;
    // Were it let through, its line in the log would be refused for pointing elsewhere.
    let moved = scope.mark_deal_advanced(&foreign, won, theirs.proposed, day, now).await;
    watch.look("mark_deal_advanced", moved.unwrap_or(Transition::Moved)).await;
    let closed = scope.mark_case_closed(theirs.safety_case, now).await.unwrap();
    watch.look("mark_case_closed", closed).await;
    scope.mark_judged(theirs.memory, HypothesisState::Dropped, now).await.unwrap();
    watch.look_after("mark_judged").await;
}

async fn write_about_cycles(scope: &Scope<'_>, watch: &mut Watch<'_>) {
    let (now, theirs) = (later(), watch.theirs.clone());
    let change = ActionChange::to(ActionStatus::Done, now);
    let moved = scope.mark_action(theirs.proposed, ActionStatus::Proposed, &change).await.unwrap();
    watch.look("mark_action", moved).await;
    let (from, to) = (ActionStatus::Proposed, ActionStatus::Done);
    let ended = EndedAction { id: theirs.proposed, from, to, outcome: serde_json::json!({}) };
    scope.mark_actions_executed(theirs.run, &[ended], now).await.unwrap();
    watch.look_after("mark_actions_executed").await;
    let begun = [(theirs.proposed, ActionStatus::Proposed)];
    let moved = scope.mark_actions_executing(&begun, now).await.unwrap();
    assert!(moved.is_empty(), "mark_actions_executing");
    watch.look_after("mark_actions_executing").await;
    write_about_letters(scope, watch).await;
    let block = scope.list_runs(1).await.unwrap().remove(0).work_block;
    let done = scope.mark_phase_done(theirs.fence, Phase::Plan, &block, now).await.unwrap();
    watch.look("mark_phase_done", done).await;
    let troubled = scope.mark_run_troubled(theirs.run, "no").await.unwrap();
    watch.look("mark_run_troubled", troubled).await;
    let closed = scope.mark_run_closed(theirs.run, RunStatus::Failed, "no", now).await.unwrap();
    watch.look("mark_run_closed", closed).await;
    let completed = RecordedState::Completed;
    let settled = scope.mark_job_settled(theirs.job, completed, None, now).await.unwrap();
    watch.look("mark_job_settled", settled).await;
    // One that is settled, and can be brought back by its own tenant alone.
    let sql = "UPDATE recorded_jobs SET state = 'dead' WHERE tenant_id = $1";
    watch.south.execute(sql, [watch.south.tenant.uuid().into()]).await;
    watch.before = read_everything(&watch.south.scope(), &watch.theirs).await;
    let reopened = scope.mark_job_reopened(theirs.job, now).await.unwrap();
    watch.look("mark_job_reopened", reopened).await;
    let fired = scope.mark_schedule_fired("hourly_cycle", Some(at(HOUR)), now, now).await.unwrap();
    assert_eq!(fired, Transition::Moved, "its own schedule of that name");
    watch.look_after("mark_schedule_fired").await;
    let revoked = scope.mark_key_revoked(theirs.key, now).await.unwrap();
    watch.look("mark_key_revoked", revoked).await;
    let page = Page { filters: Vec::new(), sort: "id", descending: true, after: None, limit: 1 };
    let task = watch.south.scope().list_records::<record::Task>(&page).await.unwrap()[0].id;
    let closed = scope.mark_task_closed(TaskId::from_uuid(task), now).await.unwrap();
    watch.look("mark_task_closed", closed).await;
    let cancelled = scope.mark_order_cancelled(theirs.new_order, now).await.unwrap();
    watch.look("mark_order_cancelled", cancelled).await;
    let progress = OrderProgress {
        shipped_on: None,
        delivered_on: None,
        billed_on: None,
        was: OrderStatus::New,
        status: OrderStatus::Done,
    };
    let progressed = scope.mark_order_progressed(theirs.new_order, &progress, now).await.unwrap();
    watch.look("mark_order_progressed", progressed).await;
    // Its own key of that name, if it had one that was not done.
    scope.mark_idempotency_done("first", 201, None).await.unwrap();
    watch.look_after("mark_idempotency_done").await;
    write_about_privacy(scope, watch).await;
    let change = TenantChange {
        name: "North".to_owned(),
        sender_name: "North".to_owned(),
        calendar: calendar(),
        settings: TenantSettings::default(),
    };
    scope.mark_tenant_changed(&change, now).await.unwrap();
    watch.look_after("mark_tenant_changed").await;
    // These four name no row: they are about the tenant itself.
    scope.mark_mode(TenantMode::Approval, now).await.unwrap();
    watch.look_after("mark_mode").await;
    scope.mark_simulated_now(now).await.unwrap();
    watch.look_after("mark_simulated_now").await;
    scope.mark_discount_max(BasisPoints(100), now).await.unwrap();
    watch.look_after("mark_discount_max").await;
    scope.mark_tenant_deleted(&Actor::Agent, now).await.unwrap();
    watch.look_after("mark_tenant_deleted").await;
}

async fn write_about_privacy(scope: &Scope<'_>, watch: &mut Watch<'_>) {
    let (now, theirs) = (later(), watch.theirs.clone());
    let import = theirs.import;
    scope.mark_import_begun(import).await.unwrap();
    watch.look_after("mark_import_begun").await;
    let moved = scope.mark_import_waiting(import, 1, now).await.unwrap();
    watch.look("mark_import_waiting", moved).await;
    let moved = scope.mark_import_ended(import, Err("no".to_owned()), now).await.unwrap();
    watch.look("mark_import_ended", moved).await;
    let erased = scope.mark_person_erased(theirs.contact, now).await.unwrap();
    assert_eq!(erased, Erased::Unknown);
    watch.look_after("mark_person_erased").await;
}

/// Takes a letter of the neighbour's through every state, each time from the one that it is in.
async fn write_about_letters(scope: &Scope<'_>, watch: &mut Watch<'_>) {
    let (now, id, action) = (later(), watch.theirs.outbound, watch.theirs.proposed);
    for (status, write) in [
        ("intended", "mark_outbound_claimed"),
        ("claimed", "mark_outbound_result"),
        ("claimed", "mark_outbound_released"),
        ("intended", "mark_outbound_withdrawn"),
    ] {
        let sql = "UPDATE outbound_messages SET status = $1 WHERE tenant_id = $2";
        let south = watch.south.tenant.uuid();
        watch.south.execute(sql, [status.into(), south.into()]).await;
        watch.before = read_everything(&watch.south.scope(), &watch.theirs).await;
        let says = match write {
            "mark_outbound_claimed" => scope.mark_outbound_claimed(id, "b.example", now).await,
            "mark_outbound_released" => scope.mark_outbound_released(id).await,
            "mark_outbound_result" => {
                scope.mark_outbound_result(id, OutboundStatus::Failed, None, None, now).await
            }
            _ => scope.mark_outbound_withdrawn(action, "no").await.map(|()| Transition::Lost),
        };
        watch.look(write, says.unwrap()).await;
    }
}

async fn a_new_row_cannot_point_into_another_tenant(test: TestDb) {
    let north = World::new(&test, "north").await;
    let south = World::new(&test, "south").await;
    let theirs = south.client("C1").await;
    let (scope, origin) = (north.scope(), north.origin());

    let refused = [
        scope.upsert_contacts(&origin, &[rows::contact("P1", theirs)]).await.err(),
        scope.upsert_orders(&origin, OrderStatus::New, &[rows::order("O1", theirs)]).await.err(),
        scope.upsert_deals(&origin, north.today(), &[rows::deal("D1", theirs)]).await.err(),
        scope.upsert_quotes(&origin, &[rows::quote("Q1", theirs)]).await.err(),
        scope.upsert_credit_profiles(&origin, &[rows::credit("1", Some(theirs), 1)]).await.err(),
    ];

    for error in refused {
        assert!(matches!(error, Some(StoreError::Refused(_))), "{error:?}");
    }
    assert!(scope.contact_ids("crm", &["P1"]).await.unwrap().is_empty());
}
