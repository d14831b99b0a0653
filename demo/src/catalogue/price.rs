//! The price book: a list for everybody by year, quantity breaks, and prices agreed with clients.

use chrono::NaiveDate;
use domain::{
    money::{BasisPoints, Currency, Quantity},
    order::{PriceEntry, ProductFacts, price_on},
    time::Date,
};
use store::import::ProductRow;

use super::article::{PRICE_EXPIRED, base_minor};
use crate::{
    company::euro,
    people::{ACCOUNTS, Standing, client_key, standing},
    world::Price,
};

/// The rise of January 2026.
const RISE_JANUARY: BasisPoints = BasisPoints(450);
/// The rise of April 2026, for packaging only, because paper became dear.
const RISE_APRIL: BasisPoints = BasisPoints(300);
/// What is taken off from the quantity break upward.
const QUANTITY_REBATE: BasisPoints = BasisPoints(-800);
/// Where the quantity break is.
const QUANTITY_BREAK: i64 = 100;
/// Every so many articles have a quantity break.
const QUANTITY_BREAK_EACH: usize = 4;
/// What is taken off for a client with a price of its own.
const CLIENT_REBATE: BasisPoints = BasisPoints(-1_200);
/// How many of the largest clients have prices of their own, and for how many articles.
const CLIENT_PRICES: (usize, usize) = (8, 3);
/// The discount that may be given on top of some list prices …
const DISCOUNT_AUTHORISED: BasisPoints = BasisPoints(500);
/// … which are those of every so many articles.
const DISCOUNT_EACH: usize = 5;

/// A time for which prices hold.
#[derive(Clone, Copy)]
struct Season {
    name: &'static str,
    from: Date,
    to: Option<Date>,
}

/// The whole book.
pub(crate) fn prices() -> Vec<Price> {
    let products = super::products();
    let mut prices = Vec::new();
    for (number, product) in products.iter().enumerate() {
        let Some(base_minor) = base_minor(&product.sku) else { continue };
        for (season, minor) in seasons(&product.sku, base_minor) {
            let mut entry = entry(season, minor);
            if number % DISCOUNT_EACH == 0 {
                entry.discount_max = Some(DISCOUNT_AUTHORISED);
            }
            prices.push(for_everybody(&product.sku, season, "", entry.clone()));
            if number % QUANTITY_BREAK_EACH == 0 {
                let quantity_min = Quantity::from_units(QUANTITY_BREAK);
                let unit_price_minor = changed(minor, QUANTITY_REBATE);
                let entry = PriceEntry { quantity_min, unit_price_minor, ..entry };
                prices.push(for_everybody(&product.sku, season, "-Q", entry));
            }
        }
    }
    prices.extend(client_prices(&products));
    prices
}

/// The seasons of an article's list price, each with the price of one unit.
fn seasons(sku: &str, base_minor: i64) -> Vec<(Season, i64)> {
    let first = Season { name: "2025", from: date(2025, 1, 1), to: Some(date(2025, 12, 31)) };
    let whole = Season { name: "2026", from: date(2026, 1, 1), to: None };
    let january_minor = changed(base_minor, RISE_JANUARY);
    if sku == PRICE_EXPIRED {
        let winter = Season { to: Some(date(2026, 1, 31)), ..whole };
        return vec![(first, base_minor), (winter, january_minor)];
    }
    if !sku.starts_with("PK-") {
        return vec![(first, base_minor), (whole, january_minor)];
    }
    let quarter = Season { to: Some(date(2026, 3, 31)), ..whole };
    let rest = Season { name: "2026-04", from: date(2026, 4, 1), to: None };
    vec![(first, base_minor), (quarter, january_minor), (rest, changed(january_minor, RISE_APRIL))]
}

/// Prices agreed with the largest clients, from the middle of 2025 until further notice.
fn client_prices(products: &[ProductRow]) -> Vec<Price> {
    let season = Season { name: "agreed", from: date(2025, 7, 1), to: None };
    let ordinary = super::ordinary(products);
    let (clients, articles) = CLIENT_PRICES;
    let mut prices = Vec::new();
    for client in (0..ACCOUNTS.len()).filter(|it| standing(*it) == Standing::Sound).take(clients) {
        for step in 0..articles {
            // Neighbours among clients do not share articles.
            let product = ordinary[(client * articles + step) * 2 % ordinary.len()];
            let Some(base_minor) = base_minor(&product.sku) else { continue };
            prices.push(Price {
                key: format!("{}-{}", client_key(client), product.sku),
                book: format!("agreed with {}", client_key(client)),
                sku: product.sku.clone(),
                client: Some(client_key(client)),
                entry: PriceEntry {
                    client_specific: true,
                    ..entry(season, changed(base_minor, CLIENT_REBATE))
                },
            });
        }
    }
    prices
}

fn entry(season: Season, unit_price_minor: i64) -> PriceEntry {
    PriceEntry {
        client_specific: false,
        currency: euro(),
        unit_price_minor,
        valid_from: season.from,
        valid_to: season.to,
        quantity_min: Quantity { milli: 0 },
        discount_max: None,
    }
}

fn for_everybody(sku: &str, season: Season, mark: &str, entry: PriceEntry) -> Price {
    Price {
        key: format!("{}-{sku}{mark}", season.name),
        book: format!("list {}", season.name),
        sku: sku.to_owned(),
        client: None,
        entry,
    }
}

/// An amount changed by a rate, rounded half up.
fn changed(minor: i64, by: BasisPoints) -> i64 {
    let whole = i64::from(BasisPoints::WHOLE.0);
    (minor * (whole + i64::from(by.0)) + whole / 2) / whole
}

fn date(year: i32, month: u32, day: u32) -> Date {
    NaiveDate::from_ymd_opt(year, month, day).expect("the price book's dates are of a calendar")
}

/// The price book with the articles, as an order looks at it.
pub(crate) struct PriceList<'w> {
    products: &'w [ProductRow],
    prices: &'w [Price],
}

impl<'w> PriceList<'w> {
    pub(crate) const fn new(products: &'w [ProductRow], prices: &'w [Price]) -> Self {
        Self { products, prices }
    }

    /// The articles.
    pub(crate) const fn products(&self) -> &'w [ProductRow] {
        self.products
    }

    /// The article with this number.
    pub(crate) fn product(&self, sku: &str) -> Option<&'w ProductRow> {
        self.products.iter().find(|product| product.sku == sku)
    }

    /// An article as a check of this client's order looks at it.
    pub(crate) fn facts(&self, sku: &str, client: &str) -> Option<ProductFacts> {
        let product = self.product(sku)?;
        let is_theirs = |price: &&Price| {
            price.sku == sku && price.client.as_deref().is_none_or(|whose| whose == client)
        };
        Some(ProductFacts {
            sku: product.sku.clone(),
            is_discontinued: product.is_discontinued,
            discontinued_on: product.discontinued_on,
            list_price: product.list_price,
            unit: product.unit.clone(),
            quantity_min: product.quantity_min,
            pack_multiple: product.pack_multiple,
            prices: self.prices.iter().filter(is_theirs).map(|price| price.entry.clone()).collect(),
        })
    }

    /// The right price of one unit and the discount that may be given on it, if there is a price.
    pub(crate) fn price(
        &self,
        sku: &str,
        client: &str,
        quantity: Quantity,
        on: Date,
    ) -> Option<(i64, BasisPoints)> {
        let currency: Currency = euro();
        let facts = self.facts(sku, client)?;
        let found = price_on(&facts, currency, quantity, on).ok()?;
        let authorised = found.entry.and_then(|entry| entry.discount_max).unwrap_or_default();
        Some((found.unit_price_minor, authorised))
    }
}
