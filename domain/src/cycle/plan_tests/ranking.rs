//! In which order things are proposed: by what is pressing, and the same everywhere.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn one_of_everything_is_ranked_as_documented() {
    let inputs = PlanInputs {
        new_orders: vec![order(100, false)],
        pending_orders: vec![order(110, true)],
        stale_deals: vec![deal(120)],
        pending_quotes: vec![quote(130, QuoteStatus::Submitted), quote(131, QuoteStatus::Lost)],
        engagement_violations: vec![target(140, 50)],
        email_updates: vec![full_message(150)],
        vendor_compliance: vec![item(180, "2027-03-20"), item(181, "2027-03-01")],
        safety_cases: vec![safety_case(190)],
        ..nothing()
    };
    // People in danger first, then what a client asked for, then money that waits, then the rest.
    let expected = [
        (ActionKind::CreateTask, SubjectKind::Case, 190, 98),
        (ActionKind::OpenCase, SubjectKind::Message, 150, 98),
        (ActionKind::CreateTask, SubjectKind::Message, 150, 92),
        (ActionKind::OpenCase, SubjectKind::Message, 150, 90),
        (ActionKind::CreateTask, SubjectKind::ComplianceItem, 181, 86),
        (ActionKind::ProcessOrder, SubjectKind::Order, 100, 80),
        (ActionKind::AdvanceDeal, SubjectKind::Deal, 151, 76),
        (ActionKind::ProcessOrder, SubjectKind::Order, 110, 70),
        (ActionKind::RemindCompliance, SubjectKind::ComplianceItem, 180, 64),
        (ActionKind::FollowUpQuote, SubjectKind::Quote, 130, 60),
        (ActionKind::FollowUpDeal, SubjectKind::Deal, 120, 52),
        (ActionKind::RecordQuoteLoss, SubjectKind::Quote, 152, 40),
        (ActionKind::RecordQuoteLoss, SubjectKind::Quote, 131, 40),
        (ActionKind::SendTouch, SubjectKind::Contact, 140, 25),
    ];
    let planned: Vec<_> = plan(&inputs)
        .iter()
        .map(|it| (it.kind, it.subject.kind, it.subject.id.as_u128(), it.score.0 / 100))
        .collect();
    assert_eq!(planned, expected);
    assert_eq!(plan(&nothing()), []);
}

#[test]
fn equal_scores_are_ranked_by_kind_then_key_then_dedup_key() {
    let proposal = |kind: ActionKind, points: i32, dedup_key: &str| {
        let mut it =
            plan(&PlanInputs { new_orders: vec![order(100, false)], ..nothing() }).remove(0);
        (it.kind, it.score, it.dedup_key) = (kind, Score::points(points), dedup_key.to_owned());
        it
    };
    let (order, touch) = (ActionKind::ProcessOrder, ActionKind::SendTouch);
    let expected = vec![
        (proposal(touch, 51, "z"), "z".to_owned()),
        (proposal(order, 50, "z"), "a".to_owned()),
        (proposal(order, 50, "a"), "b".to_owned()),
        (proposal(order, 50, "b"), "b".to_owned()),
        (proposal(touch, 50, "a"), "a".to_owned()),
        (proposal(order, 49, "a"), "a".to_owned()),
    ];
    for shift in 0..expected.len() {
        let mut turned = expected.clone();
        turned.rotate_left(shift);
        turned.swap(0, 3);
        rank(&mut turned);
        assert_eq!(turned, expected, "turned by {shift}");
    }
}

/// What is known by its key, for every row of the world, so that plans can be compared by keys.
fn renamed(proposals: &[Proposal], offset: u128) -> Vec<(ActionKind, u128)> {
    proposals.iter().map(|it| (it.kind, it.subject.id.as_u128() - offset)).collect()
}

/// The world as another database would number it.
fn renumbered(mut world: PlanInputs, offset: u128) -> PlanInputs {
    fn moved<K>(it: &mut Id<K>, offset: u128) {
        *it = id(it.uuid().as_u128() + offset);
    }
    let orders = world.new_orders.iter_mut().chain(&mut world.pending_orders);
    orders.for_each(|it| moved(&mut it.id, offset));
    world.stale_deals.iter_mut().for_each(|it| moved(&mut it.id, offset));
    world.pending_quotes.iter_mut().for_each(|it| moved(&mut it.id, offset));
    world.vendor_compliance.iter_mut().for_each(|it| moved(&mut it.id, offset));
    world.safety_cases.iter_mut().for_each(|it| moved(&mut it.id, offset));
    for it in &mut world.engagement_violations {
        moved(&mut it.addressee.contact, offset);
    }
    for it in &mut world.email_updates {
        moved(&mut it.id, offset);
        it.open_deals.iter_mut().for_each(|(deal, _)| moved(deal, offset));
        it.waiting_quotes.iter_mut().for_each(|quote| moved(quote, offset));
    }
    world
}

fn shuffled_world() -> impl Strategy<Value = PlanInputs> {
    let it = world();
    let rows = (
        Just(it.new_orders).prop_shuffle(),
        Just(it.pending_orders).prop_shuffle(),
        Just(it.stale_deals).prop_shuffle(),
        Just(it.pending_quotes).prop_shuffle(),
        Just(it.engagement_violations).prop_shuffle(),
        Just(it.email_updates).prop_shuffle(),
        Just(it.vendor_compliance).prop_shuffle(),
        Just(it.safety_cases).prop_shuffle(),
    );
    rows.prop_map(|rows| PlanInputs {
        new_orders: rows.0,
        pending_orders: rows.1,
        stale_deals: rows.2,
        pending_quotes: rows.3,
        engagement_violations: rows.4,
        email_updates: rows.5,
        vendor_compliance: rows.6,
        safety_cases: rows.7,
        ..nothing()
    })
}

proptest! {
    #[test]
    fn the_same_world_gives_the_same_plan_on_every_database(
        shuffled in shuffled_world(),
        offset in 0..u128::MAX / 2,
    ) {
        let planned = plan(&world());
        prop_assert_eq!(&plan(&shuffled), &planned);
        let elsewhere = plan(&renumbered(shuffled, offset));
        prop_assert_eq!(renamed(&elsewhere, offset), renamed(&planned, 0));
        prop_assert!(planned.is_sorted_by(|a, b| b.score <= a.score));
        let distinct: BTreeSet<String> = keys(&planned).into_iter().collect();
        prop_assert_eq!(distinct.len(), planned.len());
    }
}

proptest! {
    #[test]
    fn a_touch_scores_below_what_a_client_waits_for(hundredths in 0..=10_000_i32) {
        let mut due = target(140, 0);
        due.score = Score(hundredths);
        let mut inputs = PlanInputs { engagement_violations: vec![due], ..nothing() };
        inputs.pending_quotes = vec![quote(130, QuoteStatus::Submitted)];
        inputs.vendor_compliance = vec![item(180, "2027-03-20")];
        let planned = plan(&inputs);
        prop_assert_eq!(planned.last().unwrap().kind, ActionKind::SendTouch);
        prop_assert_eq!(planned.last().unwrap().score.0, hundredths * 50 / 100);
    }
}
