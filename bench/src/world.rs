//! A distributor of a stated size: its accounts, people, products, terms and orders.
//!
//! What lives here: rows as an import would bring them, written through the store.
//! What does not: files (`sheet` writes those), and the demo's world, which is made to be read and not to be large.

use anyhow::Context;
use chrono::Days;
use domain::{
    action::{Actor, TenantMode},
    id::{ClientId, ProductId},
    money::{BasisPoints, Currency, Money, Quantity},
    order::RequirementKind,
    record::OrderStatus,
    tenant::TenantSettings,
    time::{BusinessCalendar, Date, Timestamp, Tz},
};
use store::{
    Store,
    import::{
        ClientRow, ContactRow, CreditProfileRow, OrderLineRow, OrderRow, Origin, PriceBookEntryRow,
        ProductRow, RequirementRow,
    },
    tenant::{NewTenant, Tenant},
};

use crate::dice::Dice;

/// How large a world is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Accounts.
    pub clients: usize,
    /// People at them.
    pub contacts: usize,
    /// Products, each with three prices.
    pub products: usize,
}

/// A tenant with its world, to which orders can be added.
pub struct World {
    /// The tenant as the agent takes it.
    pub tenant: Tenant,
    clients: Vec<ClientId>,
    products: Vec<ProductId>,
    dice: Dice,
    orders: usize,
}

/// Lines of every order.
pub const LINES_PER_ORDER: usize = 3;
/// Of a hundred orders, those with something wrong, of one kind or another.
pub const FAULTY_PERCENT: i64 = 10;
/// The document that every order has to come with.
pub const ATTACHMENT: &str = "signed order";
/// The system that the rows come from.
const SOURCE: &str = "bench";
/// Rows of one unit of work, as an import has them.
const ROWS_PER_WORK: usize = 1_000;
/// One world, always the same.
const SEED: u64 = 19;

/// The moment at which every suite plays: eleven o'clock on a Tuesday morning in Berlin, when letters may leave.
pub fn now() -> Timestamp {
    let date = today();
    date.and_hms_opt(10, 0, 0).expect("ten is an hour of every day").and_utc()
}

/// The day of [`now`].
pub fn today() -> Date {
    Date::from_ymd_opt(2027, 3, 2).expect("March has a second day")
}

/// The currency of everything.
pub fn currency() -> Currency {
    Currency::parse("EUR").expect("the euro is a currency")
}

/// The zone of everything.
pub const ZONE: Tz = Tz::Europe__Berlin;

/// Who imports.
pub fn actor() -> Actor {
    Actor::Cli("bench".to_owned())
}

/// The list price of a product by its place, in minor units.
pub fn price_minor(place: usize) -> i64 {
    1_000 + i64::try_from(place * 37 % 9_000).unwrap_or(0)
}

/// Makes a tenant with nothing in it; it acts by itself.
pub async fn make_tenant(store: &Store, slug: &str) -> anyhow::Result<Tenant> {
    let new = NewTenant {
        slug: slug.to_owned(),
        name: "Bench & Sons".to_owned(),
        sender_name: "Bo Bench".to_owned(),
        mode: TenantMode::Autonomous,
        currency: currency(),
        calendar: BusinessCalendar::weekdays(ZONE),
        settings: TenantSettings::default(),
        simulated_now: None,
    };
    store.system().create_tenant(new, now()).await?;
    Ok(store.system().require_tenant(slug).await?)
}

/// Writes rows in units of work, as many at a time as an import does; `$method` is the store's.
macro_rules! write {
    ($store:expr, $tenant:expr, $method:ident $(, $argument:expr)*; $rows:expr) => {
        for chunk in $rows.chunks(ROWS_PER_WORK) {
            let actor = actor();
            let origin = Origin { source: SOURCE, actor: &actor, at: now() };
            let work = $store.begin($tenant).await?;
            work.scope().$method(&origin $(, $argument)*, chunk).await?;
            work.commit().await?;
        }
    };
}

/// Makes a tenant with a world of this size, without orders.
pub async fn furnish(store: &Store, slug: &str, size: Size) -> anyhow::Result<World> {
    let tenant = make_tenant(store, slug).await?;
    let mut dice = Dice::new(SEED);
    let keys: Vec<String> = (0..size.clients).map(|place| format!("C-{place}")).collect();
    let rows: Vec<ClientRow> = keys.iter().map(|key| client(key, &mut dice)).collect();
    write!(store, tenant.id, upsert_clients; rows);
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let found = store.tenant(tenant.id).client_ids(SOURCE, &names).await?;
    let clients = in_order(&keys, &found)?;

    let rows: Vec<ContactRow> =
        (0..size.contacts).map(|place| contact(place, clients[place % clients.len()])).collect();
    write!(store, tenant.id, upsert_contacts; rows);

    let keys: Vec<String> = (0..size.products).map(|place| format!("SKU-{place}")).collect();
    let rows: Vec<ProductRow> = keys.iter().map(|key| product(key)).collect();
    write!(store, tenant.id, upsert_products; rows);
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let found = store.tenant(tenant.id).product_ids(SOURCE, &names).await?;
    let products = in_order(&keys, &found)?;

    let rows: Vec<PriceBookEntryRow> = products.iter().enumerate().flat_map(prices).collect();
    write!(store, tenant.id, upsert_price_book_entries; rows);
    let rows: Vec<CreditProfileRow> =
        clients.iter().enumerate().map(|(place, client)| credit(place, *client)).collect();
    write!(store, tenant.id, upsert_credit_profiles; rows);
    let rows = requirements(&clients);
    write!(store, tenant.id, upsert_requirements; rows);
    Ok(World { tenant, clients, products, dice, orders: 0 })
}

impl World {
    /// Adds orders of the days before [`now`], ready to be checked.
    pub async fn add_new_orders(&mut self, store: &Store, count: usize) -> anyhow::Result<()> {
        self.add_orders(store, count, OrderStatus::New, (0, 5)).await
    }

    /// Adds orders of the last two years that are delivered and billed: the rhythm of the accounts.
    pub async fn add_done_orders(&mut self, store: &Store, count: usize) -> anyhow::Result<()> {
        self.add_orders(store, count, OrderStatus::Done, (30, 700)).await
    }

    async fn add_orders(
        &mut self,
        store: &Store,
        count: usize,
        status: OrderStatus,
        age_days: (i64, i64),
    ) -> anyhow::Result<()> {
        let rows: Vec<OrderRow> = (0..count).map(|_| self.order(age_days)).collect();
        write!(store, self.tenant.id, upsert_orders, status; rows);
        Ok(())
    }

    fn order(&mut self, age_days: (i64, i64)) -> OrderRow {
        let dice = &mut self.dice;
        self.orders += 1;
        let key = format!("O-{}", self.orders);
        let age = dice.between(age_days.0, age_days.1).unsigned_abs();
        let ordered_on = today().checked_sub_days(Days::new(age)).unwrap_or(today());
        let is_done = 10 < age;
        let lines: Vec<OrderLineRow> = (1..)
            .take(LINES_PER_ORDER)
            .map(|line_no| {
                let place = dice.place(self.products.len());
                OrderLineRow {
                    line_no,
                    product: Some(self.products[place]),
                    sku: format!("SKU-{place}"),
                    quantity: Quantity::from_units(dice.between(1, 40)),
                    unit: Some("piece".to_owned()),
                    unit_price_minor: price_minor(place),
                    discount: BasisPoints(0),
                    declared_total_minor: None,
                }
            })
            .collect();
        let mut row = OrderRow {
            external_id: key.clone(),
            number: key,
            client: self.clients[dice.place(self.clients.len())],
            contact: None,
            ordered_on,
            required_on: ordered_on.checked_add_days(Days::new(21)),
            shipped_on: is_done.then_some(ordered_on),
            delivered_on: is_done.then_some(ordered_on),
            billed_on: is_done.then_some(ordered_on),
            currency: currency(),
            declared_total_minor: None,
            freight_minor: 1_500,
            discount: BasisPoints(0),
            is_bill: true,
            terms_days: Some(30),
            po_number: Some(format!("PO-{}", self.orders)),
            attachments: vec![ATTACHMENT.to_owned()],
            lines,
        };
        if dice.happens(FAULTY_PERCENT) {
            spoil(&mut row, dice);
        }
        row
    }
}

/// Makes one thing wrong with an order.
fn spoil(row: &mut OrderRow, dice: &mut Dice) {
    match dice.between(0, 3) {
        0 => row.lines[0].unit_price_minor += 500,
        1 => row.attachments.clear(),
        2 => row.discount = BasisPoints(1_500),
        _ => {
            row.lines[0].product = None;
            row.lines[0].sku = "SKU-OLD".to_owned();
        }
    }
}

fn in_order<T: Copy>(
    keys: &[String],
    found: &std::collections::HashMap<String, T>,
) -> anyhow::Result<Vec<T>> {
    let ids = keys.iter().map(|key| found.get(key).copied());
    ids.collect::<Option<Vec<T>>>().context("the store forgot a row that it had just written")
}

fn client(key: &str, dice: &mut Dice) -> ClientRow {
    ClientRow {
        external_id: key.to_owned(),
        name: format!("{key} Trading Ltd"),
        is_active: true,
        client_type: Some("wholesale".to_owned()),
        country: Some("Germany".to_owned()),
        domain: Some(format!("{}.example", key.to_lowercase())),
        annual_value_minor: Some(dice.between(100_000, 50_000_000)),
        churn_risk: None,
        known_since: Date::from_ymd_opt(2021, 5, 3),
    }
}

fn contact(place: usize, client: ClientId) -> ContactRow {
    ContactRow {
        external_id: format!("P-{place}"),
        client,
        name: Some(format!("Person {place}")),
        title: Some("Head of Purchasing".to_owned()),
        role: Some("purchasing".to_owned()),
        email: Some(format!("person-{place}@c.example")),
        phone: None,
        known_since: None,
        is_active: true,
    }
}

fn product(key: &str) -> ProductRow {
    ProductRow {
        external_id: key.to_owned(),
        sku: key.to_owned(),
        name: format!("Ratchet strap {key}"),
        unit: Some("piece".to_owned()),
        is_discontinued: false,
        discontinued_on: None,
        list_price: None,
        quantity_min: None,
        pack_multiple: None,
    }
}

/// Last year's price, this year's, and this year's for a pallet.
fn prices((place, product): (usize, &ProductId)) -> Vec<PriceBookEntryRow> {
    let price = price_minor(place);
    let entry = |key: &str, minor: i64, units: i64, from: i32, to: Option<i32>| PriceBookEntryRow {
        external_id: format!("B-{place}-{key}"),
        book: "standard".to_owned(),
        product: *product,
        client: None,
        unit_price: Money::new(minor, currency()),
        quantity_min: Quantity::from_units(units),
        valid_from: Date::from_ymd_opt(from, 1, 1).expect("every year has a first day"),
        valid_to: to.and_then(|year| Date::from_ymd_opt(year, 12, 31)),
        discount_max: None,
    };
    vec![
        entry("old", price * 95 / 100, 0, 2024, Some(2026)),
        entry("now", price, 0, 2027, None),
        entry("pallet", price * 90 / 100, 50, 2027, None),
    ]
}

fn credit(place: usize, client: ClientId) -> CreditProfileRow {
    CreditProfileRow {
        external_id: format!("CR-{place}"),
        client: Some(client),
        limit: Money::new(10_000_000_000, currency()),
        terms_days: Some(30),
        is_on_hold: false,
        hold_reason: None,
        outstanding_minor: 421_000,
        overdue_minor: 0,
        known_on: Some(today()),
    }
}

/// A document for every order, a number for every order, and insurance where a client asks for it.
fn requirements(clients: &[ClientId]) -> Vec<RequirementRow> {
    let row = |key: String, client, kind, name: &str| RequirementRow {
        external_id: key,
        client,
        kind,
        name: name.to_owned(),
        from_vendor: false,
        is_evidence_held: true,
        valid_until: None,
    };
    let for_all = [
        row("RQ-1".to_owned(), None, RequirementKind::Attachment, ATTACHMENT),
        row("RQ-2".to_owned(), None, RequirementKind::PoNumber, "purchase order number"),
    ];
    let insured = clients.iter().enumerate().filter(|(place, _)| place.is_multiple_of(4));
    let of_some = insured.map(|(place, client)| {
        let key = format!("RQ-I-{place}");
        row(key, Some(*client), RequirementKind::Insurance, "transport insurance")
    });
    for_all.into_iter().chain(of_some).collect()
}
