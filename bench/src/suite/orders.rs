//! Orders checked in a second: the bare check in memory, and the whole Act over a database.

use std::{hint::black_box, sync::Arc, time::Duration};

use agent::CycleRequest;
use anyhow::{Context, ensure};
use chrono::Days;
use domain::{
    cycle::Phase,
    id::ProductId,
    money::{BasisPoints, Money, Quantity},
    order::{
        ClientFacts, CreditFacts, OrderFacts, OrderHead, OrderLine, OrderPolicy, PriceEntry,
        ProductCatalogue, ProductFacts, RequirementFacts, RequirementKind, check_order,
    },
    time::Date,
};
use testkit::database::{Backend, FixedClock};
use uuid::Uuid;

use crate::{
    database::Database,
    dice::Dice,
    figure::{Aim, Printer},
    meter::{Spent, Stopwatch, median, rate},
    phase,
    suite::{Suite, agent, judge, tell},
    world::{self, ATTACHMENT, FAULTY_PERCENT, LINES_PER_ORDER, Size, price_minor},
};

/// Checks in memory, a second: they must never be what a cycle waits for.
const PURE_RATE_MIN: f64 = 50_000.0;
/// Checks with everything loaded and kept, a second.
const STORED_RATE_MIN: f64 = 2_000.0;
/// Different orders that are checked in memory: more than the processor's nearest cache holds.
const PURE_ORDERS: usize = 2_000;
/// Products that they are about.
const PURE_PRODUCTS: usize = 500;
/// Passes over them, of which the median counts.
const PURE_PASSES: usize = 51;
/// Orders of one stored cycle: as many as a cycle takes.
const STORED_ORDERS: usize = 5_000;
/// The tenant of the stored checks; without people, so that Act does nothing but check.
const STORED_SIZE: Size = Size { clients: 500, contacts: 0, products: 500 };
/// Tenants that are measured.
const STORED_ROUNDS: usize = 3;
/// One world, always the same.
const SEED: u64 = 31;

/// Measures in memory, then on each of these databases.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    pure(printer)?;
    for backend in backends {
        stored(printer, &Database::open(*backend).await?).await?;
    }
    Ok(())
}

/// Everything that one check looks at.
struct Case {
    order: OrderHead,
    lines: Vec<OrderLine>,
    client: ClientFacts,
    products: ProductCatalogue,
    credit: CreditFacts,
    requirements: Vec<RequirementFacts>,
}

impl Case {
    fn facts(&self) -> OrderFacts<'_> {
        OrderFacts {
            order: &self.order,
            lines: &self.lines,
            client: &self.client,
            products: &self.products,
            credit: Some(&self.credit),
            requirements: &self.requirements,
            same_po_elsewhere: false,
        }
    }
}

fn pure(printer: &Printer) -> anyhow::Result<()> {
    let mut dice = Dice::new(SEED);
    for (name, faulty_percent) in [("clean", 0), ("one in ten faulty", FAULTY_PERCENT)] {
        let cases: Vec<Case> = (0..PURE_ORDERS).map(|_| case(&mut dice, faulty_percent)).collect();
        let policy = OrderPolicy::default();
        let mut times = Vec::with_capacity(PURE_PASSES);
        let mut held = 0;
        for _ in 0..PURE_PASSES {
            let watch = Stopwatch::start();
            held = cases
                .iter()
                .filter(|case| black_box(check_order(&black_box(case).facts(), &policy)).holds())
                .count();
            times.push(watch.read().processor);
        }
        ensure!((0 < held) == (0 < faulty_percent), "{name}: {held} orders were held");
        let rate = rate(u64::try_from(PURE_ORDERS)?, median(&times));
        let measure = format!("in memory, one thread, {LINES_PER_ORDER} lines, {name}");
        judge(printer, Suite::Orders, measure, rate, "orders/s", Aim::AtLeast(PURE_RATE_MIN))?;
    }
    Ok(())
}

fn case(dice: &mut Dice, faulty_percent: i64) -> Case {
    let ordered_on = world::today();
    let numbers = (1_i32..).take(LINES_PER_ORDER);
    let places: Vec<usize> = numbers.clone().map(|_| dice.place(PURE_PRODUCTS)).collect();
    let mut lines: Vec<OrderLine> =
        numbers.zip(&places).map(|(number, place)| line(number, *place, dice)).collect();
    if dice.happens(faulty_percent) {
        lines[0].unit_price_minor += 500;
    }
    let catalogue = places.iter().map(|place| (product_id(*place), product(*place)));
    Case {
        order: OrderHead {
            ordered_on,
            required_on: ordered_on.checked_add_days(Days::new(21)),
            currency: world::currency(),
            declared_total_minor: None,
            freight_minor: 1_500,
            is_bill: true,
            terms_days: Some(30),
            po_number: Some("PO-7".to_owned()),
            discount: BasisPoints(0),
            attachments: vec![ATTACHMENT.to_owned()],
        },
        lines,
        client: ClientFacts { is_active: true },
        products: catalogue.collect(),
        credit: CreditFacts {
            limit: Money::new(10_000_000_000, world::currency()),
            is_tenant_default: false,
            is_on_hold: false,
            hold_reason: None,
            outstanding_minor: 421_000,
            open_orders_minor: 100_000,
            overdue_minor: 0,
            terms_days: Some(30),
        },
        requirements: vec![
            requirement(RequirementKind::Attachment, ATTACHMENT),
            requirement(RequirementKind::PoNumber, "purchase order number"),
            requirement(RequirementKind::Insurance, "transport insurance"),
        ],
    }
}

fn product_id(place: usize) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(u128::try_from(place).unwrap_or(0)))
}

fn line(line_no: i32, place: usize, dice: &mut Dice) -> OrderLine {
    OrderLine {
        line_no,
        sku: format!("SKU-{place}"),
        product: Some(product_id(place)),
        quantity: Quantity::from_units(dice.between(1, 40)),
        unit: Some("piece".to_owned()),
        unit_price_minor: price_minor(place),
        discount: BasisPoints(0),
        declared_total_minor: None,
    }
}

/// A product with last year's price, this year's, and this year's for a pallet.
fn product(place: usize) -> ProductFacts {
    let price = price_minor(place);
    let entry = |minor: i64, units: i64, from: i32, to: Option<i32>| PriceEntry {
        client_specific: false,
        currency: world::currency(),
        unit_price_minor: minor,
        valid_from: Date::from_ymd_opt(from, 1, 1).expect("every year has a first day"),
        valid_to: to.and_then(|year| Date::from_ymd_opt(year, 12, 31)),
        quantity_min: Quantity::from_units(units),
        discount_max: None,
    };
    ProductFacts {
        sku: format!("SKU-{place}"),
        unit: Some("piece".to_owned()),
        prices: vec![
            entry(price * 95 / 100, 0, 2024, Some(2026)),
            entry(price, 0, 2027, None),
            entry(price * 90 / 100, 50, 2027, None),
        ],
        ..ProductFacts::default()
    }
}

fn requirement(kind: RequirementKind, name: &str) -> RequirementFacts {
    RequirementFacts {
        kind,
        name: name.to_owned(),
        from_vendor: false,
        valid_until: None,
        evidence_held: true,
    }
}

async fn stored(printer: &Printer, database: &Database) -> anyhow::Result<()> {
    let mut acts = Vec::with_capacity(STORED_ROUNDS);
    let mut cycles = Vec::with_capacity(STORED_ROUNDS);
    for round in 0..STORED_ROUNDS {
        let (act, cycle) = stored_round(database, round).await?;
        acts.push(act);
        cycles.push(cycle);
    }
    let orders = u64::try_from(STORED_ORDERS)?;
    let on = database.name;
    let middle = |times: &[Spent], of: fn(&Spent) -> Duration| {
        rate(orders, median(&times.iter().map(of).collect::<Vec<_>>()))
    };
    let aim = Aim::AtLeast(STORED_RATE_MIN);
    let suite = Suite::Orders;
    let measure = format!("{on}: stored, {STORED_ORDERS} in one Act");
    judge(printer, suite, measure, middle(&acts, |it| it.wall), "orders/s", aim)?;
    let measure = format!("{on}: stored, by our processor time in Act");
    tell(printer, suite, measure, middle(&acts, |it| it.processor), "orders/s")?;
    let measure = format!("{on}: stored, over the whole cycle");
    tell(printer, suite, measure, middle(&cycles, |it| it.wall), "orders/s")
}

/// The time of Act, and of the whole cycle.
async fn stored_round(database: &Database, round: usize) -> anyhow::Result<(Spent, Spent)> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(FixedClock::new(world::now()));
    let agent = agent(database, &clock, folder.path());
    let slug = format!("orders-{round}");
    let mut world = world::furnish(&database.store, &slug, STORED_SIZE).await?;
    world.add_new_orders(&database.store, STORED_ORDERS).await?;
    if database.is_server() {
        database.analyze().await?;
    }
    phase::forget();
    let watch = Stopwatch::start();
    let result = agent.run_cycle(&world.tenant, CycleRequest::Due).await?;
    let end = Stopwatch::start();
    let act = result.work_block.act.context("the cycle has no Act")?;
    ensure!(
        usize::try_from(act.orders_checked) == Ok(STORED_ORDERS),
        "{} orders were checked, and {STORED_ORDERS} were to be",
        act.orders_checked
    );
    let held = act.orders_checked - act.orders_accepted;
    ensure!(0 < held && held < act.orders_checked / 4, "{held} orders were held");
    let heard = phase::heard(&end);
    let spent = heard.iter().find(|(name, _)| name == Phase::Act.as_str());
    let (_, spent) = spent.context("the agent did not say when Act began")?;
    Ok((*spent, watch.until(&end)))
}
