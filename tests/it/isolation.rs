//! Two tenants with the same external ids: neither sees or changes a row of the other.

use std::collections::BTreeSet;

use domain::{
    action::{ActionStatus, OutboundStatus, TenantMode},
    cycle::{HypothesisState, Phase, RunStatus},
    engagement::{StageType, TouchKind},
    money::BasisPoints,
    order::FaultCode,
    record::{ClockOwner, OrderStatus, TouchSource},
};
use store::{
    Scope, StoreError, Transition, action::ActionChange, engagement::Touch, order::CheckedOrder,
    standing::StandingUpdate,
};
use testkit::{
    database::TestDb,
    rows,
    world::{World, calendar},
};

use crate::{
    full::{Full, fault, fill, later, today, verdict},
    reads::{methods_of_scope, read_everything},
};

on_both!(
    every_read_returns_only_the_tenants_own,
    no_write_reaches_another_tenants_rows,
    a_new_row_cannot_point_into_another_tenant,
);

/// Methods of a scope that write; the rest are reads. `expire_…` writes too, and takes no id.
const WRITES: [&str; 6] = ["expire_", "find_or_create_", "insert_", "mark_", "record_", "upsert_"];

async fn every_read_returns_only_the_tenants_own(test: TestDb) {
    let north = World::new(&test, "north").await;
    let ours = fill(&north).await;
    let alone = read_everything(&north.scope(), &ours).await;
    for (read, found) in &alone {
        assert!(!found.is_empty(), "{read} finds nothing in a full world, so it proves nothing");
    }
    let read: BTreeSet<&str> = alone.keys().copied().collect();
    let there_are: BTreeSet<String> = methods_of_scope()
        .into_iter()
        .filter(|name| !WRITES.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    let there_are: BTreeSet<&str> = there_are.iter().map(String::as_str).collect();
    let forgotten: Vec<_> = read.symmetric_difference(&there_are).collect();
    assert!(forgotten.is_empty(), "call each read in it/reads.rs, and no other: {forgotten:?}");

    let south = World::new(&test, "south").await;
    let theirs = fill(&south).await;
    let beside = read_everything(&north.scope(), &ours).await;
    let with_foreign_ids = read_everything(&north.scope(), &theirs).await;
    let gives_away = |read: &&str| {
        let is_own = |it: &String| alone[*read].contains(it);
        beside[*read] != alone[*read] || !with_foreign_ids[*read].iter().all(is_own)
    };
    let leaks: Vec<&str> = read.into_iter().filter(gives_away).collect();
    assert!(leaks.is_empty(), "these give away another tenant's rows: {leaks:?}");
}

async fn no_write_reaches_another_tenants_rows(test: TestDb) {
    let north = World::new(&test, "north").await;
    fill(&north).await;
    let south = World::new(&test, "south").await;
    let theirs = fill(&south).await;
    let before = read_everything(&south.scope(), &theirs).await;

    let tried = write_everything(&north.scope(), &theirs).await;

    assert_eq!(read_everything(&south.scope(), &theirs).await, before);
    let there_are: BTreeSet<String> =
        methods_of_scope().into_iter().filter(|name| name.starts_with("mark_")).collect();
    let there_are: BTreeSet<&str> = there_are.iter().map(String::as_str).collect();
    let forgotten: Vec<_> = tried.symmetric_difference(&there_are).collect();
    assert!(forgotten.is_empty(), "try each change of state here, and no other: {forgotten:?}");
}

/// Tries every change of state on rows that are somebody else's; returns the names of what was tried.
async fn write_everything(scope: &Scope<'_>, theirs: &Full) -> BTreeSet<&'static str> {
    let mut tried = BTreeSet::from(write_about_people(scope, theirs).await);
    tried.extend(write_about_business(scope, theirs).await);
    tried.extend(write_about_cycles(scope, theirs).await);
    tried
}

async fn write_about_people(scope: &Scope<'_>, theirs: &Full) -> [&'static str; 8] {
    let (now, contact) = (later(), theirs.contact);
    let calendar = calendar();
    assert_eq!(scope.mark_rearmed(contact, 1, now, now).await.unwrap(), Transition::Lost);
    let paused = scope.mark_paused(contact, now, "absent", now).await.unwrap();
    assert_eq!(paused, Transition::Lost);
    let resumed = scope.mark_resumed(contact, &calendar, now).await.unwrap();
    assert_eq!(resumed, Transition::Lost);
    scope.mark_fired(contact, 1, now).await.unwrap();
    let update = StandingUpdate {
        owner: ClockOwner::Contact,
        entity: contact.uuid(),
        points: 60,
        unreachable: None,
    };
    scope.mark_standing(&[theirs.client], &[update], now).await.unwrap();
    scope.mark_standing_stale(theirs.client).await.unwrap();
    scope.mark_messages_handled(&[theirs.message], now).await.unwrap();
    scope.mark_buyer_signal(theirs.client, today(), now).await.unwrap();
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
    [
        "mark_rearmed",
        "mark_paused",
        "mark_resumed",
        "mark_fired",
        "mark_standing",
        "mark_standing_stale",
        "mark_messages_handled",
        "mark_buyer_signal",
    ]
}

async fn write_about_business(scope: &Scope<'_>, theirs: &Full) -> [&'static str; 8] {
    let (now, day) = (later(), today());
    let checked = CheckedOrder {
        id: theirs.new_order,
        from: OrderStatus::New,
        verdict: verdict(&[fault(FaultCode::NoPrice, "lines[1]")]),
    };
    let kept = scope.mark_order_checked(&checked, theirs.run, now).await.unwrap();
    assert_eq!(kept, Transition::Lost);
    scope.mark_deal_followed_up(theirs.deal, day, now).await.unwrap();
    scope.mark_quote_followed_up(theirs.quote, day, now).await.unwrap();
    scope.mark_compliance_reminded(theirs.item, day, now).await.unwrap();
    scope.mark_quote_lost(theirs.quote, "price", day, now).await.unwrap();
    let own = scope.list_open_deals(day, 1).await.unwrap().remove(0);
    let foreign = store::pipeline::DealRow { id: theirs.deal, ..own };
    let won = StageType::Won;
    let moved = scope.mark_deal_advanced(&foreign, won, theirs.proposed, day, now).await.unwrap();
    assert_eq!(moved, Transition::Lost);
    let closed = scope.mark_case_closed(theirs.safety_case, now).await.unwrap();
    assert_eq!(closed, Transition::Lost);
    scope.mark_judged(theirs.memory, HypothesisState::Dropped, now).await.unwrap();
    [
        "mark_order_checked",
        "mark_deal_followed_up",
        "mark_quote_followed_up",
        "mark_compliance_reminded",
        "mark_quote_lost",
        "mark_deal_advanced",
        "mark_case_closed",
        "mark_judged",
    ]
}

async fn write_about_cycles(scope: &Scope<'_>, theirs: &Full) -> [&'static str; 10] {
    let now = later();
    let change = ActionChange::to(ActionStatus::Done, now);
    let moved = scope.mark_action(theirs.proposed, ActionStatus::Proposed, &change).await.unwrap();
    assert_eq!(moved, Transition::Lost);
    let by = "host/2/bbbbbb";
    let claimed = scope.mark_outbound_claimed(theirs.outbound, by, now).await.unwrap();
    assert_eq!(claimed, Transition::Lost);
    let failed = OutboundStatus::Failed;
    let result = scope.mark_outbound_result(theirs.outbound, failed, None, None, now).await;
    assert_eq!(result.unwrap(), Transition::Lost);
    let released = scope.mark_outbound_released(theirs.outbound).await.unwrap();
    assert_eq!(released, Transition::Lost);
    scope.mark_outbound_withdrawn(theirs.proposed, "no").await.unwrap();
    let block = scope.list_runs(1).await.unwrap().remove(0).work_block;
    let done = scope.mark_phase_done(theirs.fence, Phase::Plan, &block, now).await.unwrap();
    assert_eq!(done, Transition::Lost);
    scope.mark_run_closed(theirs.run, RunStatus::Failed, "no", now).await.unwrap();
    // These three name no row: they are about the tenant itself.
    scope.mark_mode(TenantMode::Approval, now).await.unwrap();
    scope.mark_simulated_now(now).await.unwrap();
    scope.mark_discount_max(BasisPoints(100), now).await.unwrap();
    [
        "mark_action",
        "mark_outbound_claimed",
        "mark_outbound_result",
        "mark_outbound_released",
        "mark_outbound_withdrawn",
        "mark_phase_done",
        "mark_run_closed",
        "mark_mode",
        "mark_simulated_now",
        "mark_discount_max",
    ]
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
