//! The world as a whole: the same twice, of the size that was asked for, and without a loose end.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    cycle::GoalStatus,
    engagement::{
        ClockStanding, ClockState, ComplianceStatus, ComplianceStep, QuoteStatus, QuoteStep,
        StageType, compliance_step, follow_up_due, quote_step, standing,
    },
    id::{GoalId, uuid_v7},
    policy::PIPELINE,
    proposal::CaseKind,
    record::{GoalMetric, OrderStatus, unreachable_because},
};

use crate::{
    company::{calendar, day, starts_at},
    world::{Contact, World, world},
};

#[test]
fn a_world_made_twice_is_the_same() {
    assert_eq!(world(), world());
}

#[test]
fn the_world_has_the_size_that_was_asked_for() {
    let world = world();
    assert_eq!(world.clients.len(), 40);
    assert_eq!(world.contacts.len(), 120);
    assert_eq!(world.products.len(), 60);
    assert_eq!(world.orders.len(), 300);
    assert_eq!(world.deals.len(), 80);
    assert_eq!(world.quotes.len(), 25);
    assert_eq!(world.compliance_items.len(), 12);
    assert_eq!(world.goals.len(), 3);
    assert_eq!(world.suppressions.len(), 3);
    let of_status = |status| world.orders.iter().filter(|it| it.status == status).count();
    assert_eq!([OrderStatus::Done, OrderStatus::Open].map(of_status), [200, 20]);
    let new = world.orders.iter().filter(|it| it.status == OrderStatus::New);
    assert_eq!(new.filter(|it| it.head.ordered_on <= day(0)).count(), 40);
    let of_stage = |stage| world.deals.iter().filter(|it| it.facts.stage_type == stage).count();
    let stages =
        [StageType::Open, StageType::Ongoing, StageType::OnHold, StageType::Won, StageType::Lost];
    assert_eq!(stages.map(of_stage), [22, 24, 8, 14, 12]);
    assert_eq!(world.contacts.iter().filter(|it| it.email.is_none()).count(), 8);
    assert_eq!(world.contacts.iter().filter(|it| !it.is_active).count(), 2);
    let before = world.messages.iter().filter(|it| it.received_at <= starts_at()).count();
    assert_eq!((before, world.messages.len() - before), (26, 21));
}

/// The keys of each kind of row.
fn keys(world: &World) -> BTreeMap<&'static str, Vec<&str>> {
    BTreeMap::from([
        ("client", world.clients.iter().map(|it| it.external_id.as_str()).collect()),
        ("contact", world.contacts.iter().map(|it| it.key.as_str()).collect()),
        ("product", world.products.iter().map(|it| it.sku.as_str()).collect()),
        ("price", world.prices.iter().map(|it| it.key.as_str()).collect()),
        ("credit", world.credit.iter().map(|it| it.key.as_str()).collect()),
        ("requirement", world.requirements.iter().map(|it| it.key.as_str()).collect()),
        ("order", world.orders.iter().map(|it| it.number.as_str()).collect()),
        ("deal", world.deals.iter().map(|it| it.key.as_str()).collect()),
        ("quote", world.quotes.iter().map(|it| it.number.as_str()).collect()),
        ("compliance", world.compliance_items.iter().map(|it| it.key.as_str()).collect()),
        ("goal", world.goals.iter().map(|it| it.external_id.as_str()).collect()),
        ("case", world.cases.iter().map(|it| it.key.as_str()).collect()),
        ("message", world.messages.iter().map(|it| it.key.as_str()).collect()),
        ("touch", world.touches.iter().map(|it| it.key.as_str()).collect()),
        ("credited client", world.credit.iter().map(|it| it.client.as_str()).collect()),
        ("address", world.contacts.iter().filter_map(|it| it.email.as_deref()).collect()),
        ("name", world.contacts.iter().map(|it| it.name.as_str()).collect()),
        ("phone", world.contacts.iter().map(|it| it.phone.as_str()).collect()),
        ("domain", world.clients.iter().filter_map(|it| it.domain.as_deref()).collect()),
    ])
}

#[test]
fn no_key_name_or_address_comes_twice() {
    for (kind, keys) in keys(&world()) {
        let once: HashSet<&str> = keys.iter().copied().collect();
        assert_eq!(once.len(), keys.len(), "{kind}");
    }
}

#[test]
fn every_reference_resolves() {
    let world = world();
    let keys = keys(&world);
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    wanted.extend(world.contacts.iter().map(|it| ("client", it.client.as_str())));
    wanted.extend(world.prices.iter().map(|it| ("product", it.sku.as_str())));
    wanted.extend(world.prices.iter().filter_map(|it| Some(("client", it.client.as_deref()?))));
    wanted.extend(world.credit.iter().map(|it| ("client", it.client.as_str())));
    let asked = world.requirements.iter();
    wanted.extend(asked.filter_map(|it| Some(("client", it.client.as_deref()?))));
    wanted.extend(world.quotes.iter().filter_map(|it| Some(("deal", it.deal.as_deref()?))));
    wanted.extend(world.cases.iter().filter_map(|it| Some(("order", it.order.as_deref()?))));
    for (kind, key) in wanted {
        assert!(keys[kind].contains(&key), "{kind} {key}");
    }
    let owner = |key: &str| {
        world.contacts.iter().find(|contact| contact.key == key).map(|contact| &contact.client)
    };
    let pairs = (world.orders.iter().map(|it| (&it.contact, &it.client)))
        .chain(world.deals.iter().map(|it| (&it.contact, &it.client)))
        .chain(world.quotes.iter().map(|it| (&it.contact, &it.client)))
        .chain(world.compliance_items.iter().map(|it| (&it.contact, &it.client)))
        .chain(world.cases.iter().map(|it| (&it.contact, &it.client)))
        .chain(world.touches.iter().map(|it| (&it.contact, &it.client)));
    for (contact, client) in pairs {
        assert_eq!(owner(contact), Some(client), "{contact}");
    }
    let deal_of = |key: &str| world.deals.iter().find(|it| it.key == key).map(|it| &it.client);
    for quote in world.quotes.iter().filter(|it| it.deal.is_some()) {
        assert_eq!(deal_of(quote.deal.as_ref().unwrap()), Some(&quote.client), "{}", quote.number);
    }
}

#[test]
fn all_addresses_and_numbers_are_of_the_ranges_kept_for_examples() {
    let world = world();
    for contact in &world.contacts {
        assert!(contact.email.as_ref().is_none_or(|it| it.ends_with(".example")), "{contact:?}");
        assert!(contact.email.as_ref().is_none_or(|it| it.is_ascii()), "{contact:?}");
        let is_nobodys = ["+49 30 23125 ", "+49 69 90009 "]
            .iter()
            .any(|range| contact.phone.strip_prefix(range).is_some_and(|rest| rest.len() == 3));
        assert!(is_nobodys, "{}", contact.phone);
    }
    assert!(world.clients.iter().flat_map(|it| &it.domain).all(|it| it.ends_with(".example")));
    for message in &world.messages {
        let text = String::from_utf8(message.raw.clone()).unwrap();
        for (at, _) in text.match_indices('@') {
            let rest = &text[at..];
            let end = rest.find(|it: char| !(it.is_alphanumeric() || "@.-_".contains(it)));
            let domain = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            assert!(domain.ends_with(".example"), "{}: {domain}", message.key);
        }
    }
}

/// Whether somebody can be written to at the start.
fn is_reachable(world: &World, contact: &Contact) -> bool {
    let client = world.clients.iter().find(|it| it.external_id == contact.client).unwrap();
    let is_suppressed =
        world.suppressions.iter().any(|it| Some(&it.address) == contact.email.as_ref());
    let has_open_case = world.cases.iter().any(|case| {
        case.client == contact.client && case.closed_at.is_none() && case.kind != CaseKind::Service
    });
    let because = unreachable_because(
        contact.email.is_some(),
        is_suppressed,
        contact.is_active,
        client.is_active,
        has_open_case,
    );
    because.is_none()
}

#[test]
fn about_a_quarter_of_the_people_wait_for_a_word_and_nobody_beyond_the_promise() {
    let world = world();
    let (mut reachable, mut never, mut due) = (0, 0, 0);
    for contact in world.contacts.iter().filter(|it| is_reachable(&world, it)) {
        let touches = world.touches.iter().filter(|it| it.contact == contact.key);
        let last_touch_at = touches.map(|it| it.at).max();
        assert!(last_touch_at.is_none_or(|at| at < starts_at()), "{}", contact.key);
        let clock = ClockState { last_touch_at, ..ClockState::default() };
        reachable += 1;
        match standing(&clock, starts_at(), &calendar()) {
            ClockStanding::NeverTouched => never += 1,
            ClockStanding::Due { .. } => due += 1,
            ClockStanding::Fresh { .. } => {}
            other => panic!("{} is {other:?}", contact.key),
        }
    }
    assert_eq!((reachable, never, due), (93, 10, 15));
}

#[test]
fn deals_are_stalled_lively_and_kept_alive_by_a_step() {
    let world = world();
    let today = day(0);
    let count =
        |of: &dyn Fn(&crate::world::Deal) -> bool| world.deals.iter().filter(|it| of(it)).count();
    let stalled = count(&|it| follow_up_due(&it.facts, &PIPELINE, today).is_some());
    assert!((12..=24).contains(&stalled), "{stalled} stalled");
    assert!(5 <= count(&|it| it.facts.next_step_on.is_some_and(|step| today <= step)));
    assert!(5 <= count(&|it| 0 < it.facts.close_pushes));
    assert!(count(&|it| 2 <= it.facts.close_pushes) < count(&|it| 1 <= it.facts.close_pushes));
    for deal in &world.deals {
        assert!(deal.facts.stage_entered_on < today, "{}", deal.key);
        assert!(deal.opened_on <= deal.facts.stage_entered_on, "{}", deal.key);
        assert!(deal.facts.last_buyer_signal_on.is_none_or(|it| it < today), "{}", deal.key);
        let is_lost = deal.facts.stage_type == StageType::Lost;
        assert_eq!(deal.lost_reason.is_some(), is_lost, "{}", deal.key);
    }
}

#[test]
fn quotes_wait_in_every_way() {
    let world = world();
    let today = day(0);
    let mut steps: BTreeSet<String> = BTreeSet::new();
    for quote in &world.quotes {
        let step = match quote_step(&quote.facts, &PIPELINE, today) {
            QuoteStep::ConfirmReceipt => "receipt",
            QuoteStep::FollowUp { .. } => "decision",
            QuoteStep::Expire => panic!("{} should have expired", quote.number),
            QuoteStep::Nothing { .. } => "nothing",
        };
        steps.insert(format!("{}: {step}", quote.facts.status));
        let is_lost = quote.facts.status == QuoteStatus::Lost;
        assert_eq!(quote.lost_reason.is_some(), is_lost, "{}", quote.number);
    }
    for expected in ["submitted: receipt", "submitted: nothing", "confirmed: decision"] {
        assert!(steps.contains(expected), "{expected} is not in {steps:?}");
    }
}

#[test]
fn compliance_items_are_near_late_and_settled() {
    let world = world();
    let (mut remind, mut escalate, mut settled, mut later) = (0, 0, 0, 0);
    for item in &world.compliance_items {
        match compliance_step(&item.facts, day(0)) {
            ComplianceStep::Remind { .. } => remind += 1,
            ComplianceStep::Escalate { .. } => escalate += 1,
            ComplianceStep::Settled => settled += 1,
            ComplianceStep::NotYet { .. } => later += 1,
        }
        // Only what was asked for can have been reminded of.
        let is_asked_for = item.facts.status == ComplianceStatus::Requested;
        assert_eq!(0 < item.facts.reminders, is_asked_for, "{}", item.key);
    }
    assert_eq!((remind, escalate, settled, later), (4, 3, 3, 2));
}

#[test]
fn one_goal_of_three_is_behind_its_pace() {
    let world = world();
    let today = day(0);
    let mut behind = Vec::new();
    for goal in &world.goals {
        let placed = world.orders.iter().filter(|order| {
            goal.starts_on <= order.head.ordered_on && order.head.ordered_on <= today
        });
        let actual = match goal.metric {
            GoalMetric::Orders => i64::try_from(placed.count()).unwrap(),
            GoalMetric::Revenue => placed.filter_map(|it| it.head.declared_total_minor).sum(),
            GoalMetric::DealsWon => {
                let won = world.deals.iter().filter(|deal| {
                    deal.facts.stage_type == StageType::Won
                        && deal.closed_on.is_some_and(|on| goal.starts_on <= on && on <= today)
                });
                i64::try_from(won.count()).unwrap()
            }
        };
        let status = GoalStatus {
            goal: GoalId::from_uuid(uuid_v7(0, [0; 10])),
            metric: goal.metric.to_string(),
            target: goal.target,
            actual,
            starts_on: goal.starts_on,
            ends_on: goal.ends_on,
        };
        let figures = format!("{}: {actual} of {}", goal.external_id, status.pace(today));
        if status.is_behind(today) {
            behind.push(figures);
        } else {
            // Ahead, but not by so much that the goal says nothing.
            assert!(actual < status.pace(today) * 2, "{figures}");
        }
    }
    assert_eq!(behind.len(), 1, "{behind:?}");
    assert!(behind[0].starts_with("GO-DEALS"), "{behind:?}");
}

#[test]
fn two_cases_are_open_and_the_complaint_names_an_order_of_its_client() {
    let world = world();
    let open: Vec<CaseKind> =
        world.cases.iter().filter(|it| it.closed_at.is_none()).map(|it| it.kind).collect();
    assert_eq!(open, [CaseKind::Complaint, CaseKind::Safety]);
    for case in &world.cases {
        assert!(case.opened_at < starts_at(), "{}", case.key);
        let Some(number) = &case.order else { continue };
        let order = world.orders.iter().find(|it| it.number == *number).unwrap();
        let of_client: Vec<_> = world.orders.iter().filter(|it| it.client == case.client).collect();
        assert_eq!(order.client, case.client, "{of_client:?}");
    }
}
