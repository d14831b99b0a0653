//! Plays sixty days of order checks over the world's own rows, and finds exactly what was seeded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    id::ProductId,
    money::Money,
    order::{
        ClientFacts, CreditFacts, FaultCode, OrderFacts, OrderLine, OrderPolicy, OrderVerdict,
        ProductCatalogue, RequirementFacts, Severity, check_order,
    },
    record::OrderStatus,
    time::Date,
};
use uuid::Uuid;

use super::expected_faults;
use crate::{
    catalogue::PriceList,
    company::{DAYS_AHEAD, cents, day},
    world::{Order, World, world},
};

/// A day's checks, as a cycle makes them.
struct Checks<'w> {
    world: &'w World,
    /// Orders that count as owed until they are billed, by number, with what they come to.
    accepted: HashMap<&'w str, i64>,
}

impl<'w> Checks<'w> {
    fn new(world: &'w World) -> Self {
        let is_open = |order: &&Order| order.status == OrderStatus::Open && order.head.is_bill;
        let open = world.orders.iter().filter(is_open);
        let accepted =
            open.map(|it| (it.number.as_str(), it.head.declared_total_minor.unwrap())).collect();
        Self { world, accepted }
    }

    fn check(&mut self, order: &'w Order, today: Date) -> OrderVerdict {
        let list = PriceList::new(&self.world.products, &self.world.prices);
        let id_of = |sku: &str| {
            let place = self.world.products.iter().position(|product| product.sku == sku)?;
            Some(ProductId::from_uuid(Uuid::from_u128(1 + u128::try_from(place).unwrap())))
        };
        let mut lines: Vec<OrderLine> = order.lines.clone();
        let mut products = ProductCatalogue::new();
        for line in &mut lines {
            line.product = id_of(&line.sku);
            let facts = list.facts(&line.sku, &order.client);
            products.extend(line.product.zip(facts));
        }
        let client = self.world.clients.iter().find(|it| it.external_id == order.client).unwrap();
        let credit = self.credit(order);
        let requirements: Vec<RequirementFacts> = self
            .world
            .requirements
            .iter()
            .filter(|it| it.client.as_ref().is_none_or(|whose| *whose == order.client))
            .map(|it| it.facts.clone())
            .collect();
        let facts = OrderFacts {
            order: &order.head,
            lines: &lines,
            client: &ClientFacts { is_active: client.is_active },
            products: &products,
            credit: credit.as_ref(),
            requirements: &requirements,
            same_po_elsewhere: self.has_same_po(order, today),
        };
        let verdict = check_order(&facts, &OrderPolicy::default());
        if !verdict.holds() && order.head.is_bill {
            self.accepted.insert(&order.number, verdict.total.map_or(0, |total| total.minor));
        }
        verdict
    }

    fn credit(&self, order: &Order) -> Option<CreditFacts> {
        let profile = self.world.credit.iter().find(|it| it.client == order.client)?;
        let is_theirs = |number: &str| {
            self.world.orders.iter().any(|it| it.number == number && it.client == order.client)
        };
        let open = self.accepted.iter().filter(|(number, _)| is_theirs(number));
        let open_orders_minor = open.map(|(_, minor)| minor).sum();
        Some(CreditFacts { open_orders_minor, ..profile.facts.clone() })
    }

    fn has_same_po(&self, order: &Order, today: Date) -> bool {
        let po = order.head.po_number.as_ref();
        let mut others = self.world.orders.iter().filter(|it| it.number != order.number);
        po.is_some()
            && others.any(|it| {
                it.client == order.client
                    && it.head.po_number.as_ref() == po
                    && it.head.ordered_on <= today
            })
    }
}

fn codes_of(verdict: &OrderVerdict) -> Vec<FaultCode> {
    let mut codes: Vec<FaultCode> = verdict.faults.iter().map(|fault| fault.code).collect();
    codes.sort();
    codes
}

fn expected_by_order() -> BTreeMap<&'static str, Vec<FaultCode>> {
    let mut by_order: BTreeMap<&str, Vec<FaultCode>> = BTreeMap::new();
    for (number, code) in expected_faults() {
        by_order.entry(number).or_default().push(*code);
    }
    by_order.values_mut().for_each(|codes| codes.sort());
    by_order
}

#[test]
fn sixty_days_of_checks_find_exactly_what_was_seeded() {
    let world = world();
    let mut checks = Checks::new(&world);
    let mut waiting: Vec<&Order> =
        world.orders.iter().filter(|order| order.status == OrderStatus::New).collect();
    let mut found: BTreeMap<&str, Vec<FaultCode>> = BTreeMap::new();
    let mut held: Vec<&Order> = Vec::new();
    for offset in 0..=DAYS_AHEAD {
        let today = day(offset);
        for order in &held {
            let codes = codes_of(&checks.check(order, today));
            assert_eq!(found[order.number.as_str()], codes, "{} on {today}", order.number);
        }
        let (visible, later) = waiting.into_iter().partition(|it| it.head.ordered_on <= today);
        waiting = later;
        let visible: Vec<&Order> = visible;
        for order in visible {
            let verdict = checks.check(order, today);
            let codes = codes_of(&verdict);
            if !codes.is_empty() {
                found.insert(&order.number, codes);
            }
            if verdict.holds() {
                held.push(order);
            }
        }
    }
    assert!(waiting.is_empty(), "orders beyond the days that the demo has");
    assert_eq!(found, expected_by_order());
}

#[test]
fn every_code_occurs_among_the_orders_of_the_first_morning() {
    let world = world();
    let at_start: BTreeSet<&str> = world
        .orders
        .iter()
        .filter(|order| order.head.ordered_on <= day(0))
        .map(|order| order.number.as_str())
        .collect();
    let seeded: BTreeSet<FaultCode> = expected_faults()
        .iter()
        .filter(|(number, _)| at_start.contains(number.as_str()))
        .map(|(_, code)| *code)
        .collect();
    let missing: Vec<_> = FaultCode::ALL.iter().filter(|code| !seeded.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn only_the_discontinuation_without_a_date_is_a_warning() {
    let world = world();
    let mut checks = Checks::new(&world);
    let mut warnings = Vec::new();
    for order in world.orders.iter().filter(|order| order.status == OrderStatus::New) {
        let verdict = checks.check(order, order.head.ordered_on);
        let of_order = verdict.faults.iter().filter(|it| it.severity == Severity::Warning);
        warnings.extend(of_order.map(|fault| (order.number.clone(), fault.code)));
    }
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].1, FaultCode::DiscontinuedSku);
}

#[test]
fn orders_of_the_past_are_right_and_told_in_order() {
    let world = world();
    let past = world.orders.iter().filter(|order| order.status != OrderStatus::New);
    for order in past {
        assert!(order.head.ordered_on < day(0), "{}", order.number);
        assert!(order.head.declared_total_minor.is_some_and(|minor| 0 < minor), "{}", order.number);
        assert!(order.lines.iter().all(|line| 0 < line.unit_price_minor), "{}", order.number);
        let is_done = order.status == OrderStatus::Done;
        assert_eq!(order.delivered_on.is_some_and(|it| it < day(0)), is_done, "{}", order.number);
        assert_eq!(order.billed_on.is_some(), is_done, "{}", order.number);
    }
    assert!(world.orders.is_sorted_by_key(|order| (order.head.ordered_on, &order.number)));
}

#[test]
fn orders_are_of_a_size_that_their_clients_could_place() {
    let world = world();
    for order in &world.orders {
        let Some(minor) = order.head.declared_total_minor else { continue };
        assert!(
            minor < cents(20_000),
            "{} of {}",
            order.number,
            Money::new(minor, order.head.currency)
        );
    }
}
