//! What an order check leaves behind: a status, a total, exceptions that open, are renewed and close.

use domain::{
    id::{OrderId, RunId},
    order::{Fault, FaultCode, Severity},
    record::OrderStatus,
    time::Timestamp,
};
use entity::{order_exceptions as exceptions, orders};
use sea_orm::{EntityTrait, QueryOrder};
use store::{Transition, import::OrderRow, order::CheckedOrder};
use testkit::{database::TestDb, rows, world::World};

use crate::full::{fault, verdict};

on_both!(
    an_order_is_checked_once,
    a_warning_is_kept_and_holds_nothing,
    a_fault_that_is_found_again_is_renewed,
    a_fault_that_is_gone_is_closed_and_can_come_back,
    faults_of_one_place_are_one_exception,
    a_held_order_is_looked_at_again_in_its_time,
    an_order_that_is_sent_again_starts_from_the_beginning,
    a_thousand_faults_are_kept_at_once,
);

/// An order with a line, and a run to check it in.
struct Desk<'d> {
    world: World<'d>,
    order: OrderId,
    run: RunId,
}

async fn an_order_is_checked_once(test: TestDb) {
    let desk = desk(&test).await;
    let clean = check(&desk, OrderStatus::New, &[], 1).await;
    assert_eq!(clean, Transition::Moved);
    let row = order(&desk).await;
    assert_eq!((row.status.as_str(), row.computed_total_minor), ("open", Some(10_000)));
    assert_eq!(row.checked_at, Some(desk.world.in_hours(1)));

    // Whoever comes second is too late, and leaves no exception behind.
    let price = [fault(FaultCode::PriceMismatch, "lines[1].unit_price")];
    for from in [OrderStatus::New, OrderStatus::Held] {
        assert_eq!(check(&desk, from, &price, 2).await, Transition::Lost, "{from}");
    }
    assert_eq!(order(&desk).await, row);
    assert!(kept(&desk).await.is_empty());
    let found = desk.world.scope().find_order_by_number("O1").await.unwrap();
    assert_eq!(found, Some((desk.order, OrderStatus::Open)));
}

async fn a_warning_is_kept_and_holds_nothing(test: TestDb) {
    let desk = desk(&test).await;
    let mut warning = fault(FaultCode::DiscontinuedSku, "lines[1].sku");
    warning.severity = Severity::Warning;
    warning.line_no = Some(1);
    check(&desk, OrderStatus::New, std::slice::from_ref(&warning), 1).await;
    assert_eq!(order(&desk).await.status, "open");
    let row = kept(&desk).await.remove(0);
    assert_eq!((row.code.as_str(), row.severity.as_str()), ("DISCONTINUED_SKU", "warning"));
    assert_eq!((row.exception_type.as_str(), row.owner_role.as_str()), ("pricing_error", "sales"));
    assert_eq!((row.line_no, row.run_id), (Some(1), Some(desk.run.uuid())));
    assert_eq!((row.expected, row.actual), (warning.expected, warning.actual));
    assert_eq!((row.tolerance, row.suggested_fix), (None, warning.suggested_fix));
}

async fn a_fault_that_is_found_again_is_renewed(test: TestDb) {
    let desk = desk(&test).await;
    let first = fault(FaultCode::PriceMismatch, "lines[1].unit_price");
    check(&desk, OrderStatus::New, std::slice::from_ref(&first), 1).await;
    assert_eq!(order(&desk).await.status, "held");
    let before = kept(&desk).await.remove(0);
    let again = Fault { actual: Some("13.00 EUR".to_owned()), ..first };
    for hour in [2, 3] {
        let found = std::slice::from_ref(&again);
        assert_eq!(check(&desk, OrderStatus::Held, found, hour).await, Transition::Moved);
        let rows = kept(&desk).await;
        assert_eq!(rows.len(), 1, "the same exception");
        let row = &rows[0];
        assert_eq!((row.id, row.first_seen_at), (before.id, desk.world.in_hours(1)));
        assert_eq!(row.last_seen_at, desk.world.in_hours(hour));
        assert_eq!(row.actual.as_deref(), Some("13.00 EUR"));
        assert_eq!((row.status.as_str(), row.resolved_at), ("open", None));
    }
    let listed = desk.world.scope().list_exceptions(Some(desk.order), true, 10).await.unwrap();
    assert_eq!(listed[0].order_number, "O1");
}

async fn a_fault_that_is_gone_is_closed_and_can_come_back(test: TestDb) {
    let desk = desk(&test).await;
    let price = fault(FaultCode::PriceMismatch, "lines[1].unit_price");
    let credit = fault(FaultCode::CreditLimit, "client.credit");
    check(&desk, OrderStatus::New, &[price.clone(), credit.clone()], 1).await;
    check(&desk, OrderStatus::Held, std::slice::from_ref(&credit), 2).await;
    assert_eq!(states(&desk).await, [("CREDIT_LIMIT", None), ("PRICE_MISMATCH", Some(2))]);

    check(&desk, OrderStatus::Held, &[price, credit], 3).await;
    assert_eq!(states(&desk).await, [("CREDIT_LIMIT", None), ("PRICE_MISMATCH", None)]);
    let first_seen: Vec<Timestamp> =
        kept(&desk).await.iter().map(|row| row.first_seen_at).collect();
    assert_eq!(first_seen, [desk.world.in_hours(1); 2]);

    check(&desk, OrderStatus::Held, &[], 4).await;
    assert_eq!(states(&desk).await, [("CREDIT_LIMIT", Some(4)), ("PRICE_MISMATCH", Some(4))]);
    assert_eq!(order(&desk).await.status, "open");
    let scope = desk.world.scope();
    assert!(scope.list_exceptions(None, true, 10).await.unwrap().is_empty());
    assert_eq!(scope.list_exceptions(None, false, 10).await.unwrap().len(), 2);
}

async fn faults_of_one_place_are_one_exception(test: TestDb) {
    let desk = desk(&test).await;
    let one = fault(FaultCode::RequirementMissing, "attachments");
    let other = Fault { expected: Some("drawing".to_owned()), ..one.clone() };
    let elsewhere = fault(FaultCode::RequirementMissing, "vendor.insurance");
    check(&desk, OrderStatus::New, &[one.clone(), other, elsewhere], 1).await;
    let rows = kept(&desk).await;
    let places: Vec<&str> = rows.iter().map(|row| row.field_path.as_str()).collect();
    assert_eq!(places, ["attachments", "vendor.insurance"]);
    assert_eq!(rows[0].expected, one.expected, "the first one found");
}

async fn a_held_order_is_looked_at_again_in_its_time(test: TestDb) {
    let desk = desk(&test).await;
    let (world, scope) = (&desk.world, desk.world.scope());
    assert_eq!(scope.list_orders_waiting(world.today(), 10).await.unwrap().len(), 1);
    check(&desk, OrderStatus::New, &[fault(FaultCode::CreditLimit, "client.credit")], 1).await;
    assert!(scope.list_orders_waiting(world.today(), 10).await.unwrap().is_empty());

    let held = async |hour, today| {
        let found = scope.list_orders_held(today, world.in_hours(hour), 10).await.unwrap();
        assert!(found.iter().all(|it| it.is_recheck && it.id == desk.order));
        found.len()
    };
    let today = world.today();
    assert_eq!(held(1, today).await, 0, "checked at that very moment");
    assert_eq!(held(2, today).await, 1);
    assert_eq!(held(2, rows::day("2026-03-01")).await, 0, "not visible yet");
}

async fn an_order_that_is_sent_again_starts_from_the_beginning(test: TestDb) {
    let desk = desk(&test).await;
    let world = &desk.world;
    let fault = [fault(FaultCode::PriceMismatch, "lines[1].unit_price")];
    check(&desk, OrderStatus::New, &fault, 1).await;
    let client = world.client("C1").await;
    let product = world.product("A-1").await;
    let line = store::import::OrderLineRow { unit_price_minor: 999, ..rows::line(1, product) };
    let mended = OrderRow { lines: vec![line], ..rows::order("O1", client) };
    assert_eq!(world.order(OrderStatus::New, &mended).await, desk.order);
    assert_eq!(order(&desk).await.status, "new");
    assert!(states(&desk).await[0].1.is_some(), "what an earlier check found is closed");
    check(&desk, OrderStatus::New, &[], 3).await;

    // From then on the order is out of the import's hands.
    let late = OrderRow { po_number: Some("late".to_owned()), ..mended };
    world.order(OrderStatus::New, &late).await;
    let row = order(&desk).await;
    assert_eq!((row.status.as_str(), row.po_number), ("open", None));
}

async fn a_thousand_faults_are_kept_at_once(test: TestDb) {
    let desk = desk(&test).await;
    let faults: Vec<Fault> = (0..1_000)
        .map(|line| fault(FaultCode::NoPrice, &format!("lines[{line}].unit_price")))
        .collect();
    check(&desk, OrderStatus::New, &faults, 1).await;
    check(&desk, OrderStatus::Held, &faults, 2).await;
    let listed = desk.world.scope().list_exceptions(Some(desk.order), true, 5_000).await.unwrap();
    assert_eq!(listed.len(), 1_000);
    assert_eq!(kept(&desk).await.len(), 1_000);
}

async fn desk(test: &TestDb) -> Desk<'_> {
    let world = World::new(test, "north").await;
    let client = world.client("C1").await;
    let product = world.product("A-1").await;
    let row = OrderRow { lines: vec![rows::line(1, product)], ..rows::order("O1", client) };
    let order = world.order(OrderStatus::New, &row).await;
    let run = world.run(None).await;
    Desk { world, order, run }
}

async fn check(desk: &Desk<'_>, from: OrderStatus, faults: &[Fault], hour: i64) -> Transition {
    let checked = CheckedOrder { id: desk.order, from, verdict: verdict(faults) };
    let scope = desk.world.scope();
    let now = desk.world.in_hours(hour);
    let moved = scope.mark_orders_checked(&[checked], desk.run, now).await.unwrap();
    if moved.contains(&desk.order) { Transition::Moved } else { Transition::Lost }
}

async fn order(desk: &Desk<'_>) -> orders::Model {
    let row = orders::Entity::find_by_id(desk.order.uuid()).one(&desk.world.test.db).await;
    row.unwrap().unwrap()
}

async fn kept(desk: &Desk<'_>) -> Vec<exceptions::Model> {
    exceptions::Entity::find()
        .order_by_asc(exceptions::Column::Code)
        .order_by_asc(exceptions::Column::FieldPath)
        .all(&desk.world.test.db)
        .await
        .unwrap()
}

/// Each exception's code, and the hour in which it was resolved.
async fn states(desk: &Desk<'_>) -> Vec<(&'static str, Option<i64>)> {
    let hour = |at: Timestamp| at.signed_duration_since(desk.world.now).num_hours();
    kept(desk)
        .await
        .into_iter()
        .map(|row| {
            let code: FaultCode = row.code.parse().unwrap();
            assert_eq!(row.status == "closed", row.resolved_at.is_some());
            (code.as_str(), row.resolved_at.map(hour))
        })
        .collect()
}
