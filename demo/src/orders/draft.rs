//! A right order: right prices, whole packs, agreed terms, the documents that are asked for.

use domain::{
    money::{BasisPoints, Quantity, line_total},
    order::{OrderHead, OrderLine},
    record::OrderStatus,
    time::Date,
};
use store::import::ProductRow;

use crate::{
    care::attachments_of,
    catalogue::{PriceList, ordinary},
    company::{euro, later},
    dice::Dice,
    people::{ACCOUNTS, Standing, agreed_days, client_key, contact_key, standing},
    world::Order,
};

/// Most lines of an ordinary order.
const LINES_MAX: usize = 4;
/// Annual value in whole euros → how many times the least quantity a company orders at once.
const APPETITE: [(i64, i64); 4] = [(0, 1), (10_000, 2), (50_000, 4), (200_000, 8)];
/// An article that costs this much is bought by ones and twos, in cents.
const DEAR_MINOR: i64 = 3_000;
/// The discount on a line whose price allows one: less than is authorised.
const DISCOUNT_GIVEN: BasisPoints = BasisPoints(300);
/// Freight that an order may bear, in cents.
const FREIGHT_MINOR: [i64; 3] = [0, 890, 1_290];
/// Days between order and delivery.
const LEAD_DAYS: (i64, i64) = (8, 18);

/// What an order starts from.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) number: &'a str,
    /// Place of the client in the list.
    pub(super) client: usize,
    pub(super) ordered_on: Date,
    pub(super) status: OrderStatus,
}

/// Draws up a right order.
pub(super) fn draw_up(list: &PriceList<'_>, start: Start<'_>) -> Order {
    let mut dice = Dice::new(seed_of(start.number));
    let agreed = agreed_days(start.client).filter(|_| standing(start.client) == Standing::Sound);
    let lead_days = dice.between(LEAD_DAYS.0, LEAD_DAYS.1).unsigned_abs();
    let mut order = Order {
        number: start.number.to_owned(),
        client: client_key(start.client),
        contact: contact_key(start.client, dice.below(2)),
        status: start.status,
        head: OrderHead {
            ordered_on: start.ordered_on,
            required_on: Some(later(start.ordered_on, lead_days)),
            currency: euro(),
            declared_total_minor: None,
            freight_minor: FREIGHT_MINOR[dice.below(FREIGHT_MINOR.len())],
            is_bill: agreed.is_some(),
            terms_days: agreed,
            po_number: Some(purchase_order(start)),
            discount: BasisPoints(0),
            attachments: attachments_of(start.client),
        },
        lines: Vec::new(),
        shipped_on: None,
        delivered_on: None,
        billed_on: None,
    };
    let articles = ordinary(list.products());
    let first = dice.below(articles.len());
    for step in 0..=dice.below(LINES_MAX) {
        // Steps of seven are far enough apart that no order looks like a shelf.
        let article = articles[(first + step * 7) % articles.len()];
        let units = units_of(article, start.client, &mut dice, list);
        let discounted = dice.below(2) == 0;
        add_line(list, &mut order, article, units, discounted);
    }
    settle(&mut order);
    order
}

/// The client's own number: letters of its name, and the digits of ours.
fn purchase_order(start: Start<'_>) -> String {
    let letters: String = ACCOUNTS[start.client].slug.chars().take(3).collect();
    let digits: String = start.number.chars().filter(char::is_ascii_digit).collect();
    format!("{}-{digits}", letters.to_uppercase())
}

fn seed_of(number: &str) -> u64 {
    number.bytes().fold(17, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// How many units of an article a company orders: whole packs, and no fewer than are sold.
fn units_of(article: &ProductRow, client: usize, dice: &mut Dice, list: &PriceList<'_>) -> i64 {
    let whole = |quantity: Option<Quantity>| quantity.map_or(1, |it| (it.milli / 1_000).max(1));
    let pack = whole(article.pack_multiple);
    let least = (whole(article.quantity_min) + pack - 1) / pack;
    let value_major = ACCOUNTS[client].value_major;
    let appetite = APPETITE.iter().rev().find(|(from, _)| *from <= value_major);
    let appetite = appetite.map_or(1, |(_, times)| *times);
    let is_dear = list
        .facts(&article.sku, &client_key(client))
        .is_some_and(|facts| facts.prices.iter().any(|it| DEAR_MINOR <= it.unit_price_minor));
    let times = if is_dear { dice.between(1, 2) } else { dice.between(1, 3) * appetite };
    least * pack * times
}

/// Adds a line at the right price, with a discount if one is wanted and allowed.
pub(super) fn add_line(
    list: &PriceList<'_>,
    order: &mut Order,
    article: &ProductRow,
    units: i64,
    discounted: bool,
) {
    let quantity = Quantity::from_units(units);
    let price = list.price(&article.sku, &order.client, quantity, order.head.ordered_on);
    let (unit_price_minor, authorised) = price.unwrap_or_default();
    let is_discounted = discounted && DISCOUNT_GIVEN <= authorised;
    order.lines.push(OrderLine {
        line_no: next_line_no(order),
        sku: article.sku.clone(),
        product: None,
        quantity,
        unit: article.unit.clone(),
        unit_price_minor,
        discount: if is_discounted { DISCOUNT_GIVEN } else { BasisPoints(0) },
        declared_total_minor: None,
    });
}

pub(super) fn next_line_no(order: &Order) -> i32 {
    1 + order.lines.iter().map(|line| line.line_no).max().unwrap_or(0)
}

/// Declares the totals that the lines come to.
pub(super) fn settle(order: &mut Order) {
    let mut goods_minor = 0_i64;
    for line in &mut order.lines {
        line.declared_total_minor = line_total(line.unit_price_minor, line.quantity, line.discount);
        goods_minor = goods_minor.saturating_add(line.declared_total_minor.unwrap_or(0));
    }
    let goods_minor = line_total(goods_minor, Quantity::from_units(1), order.head.discount);
    order.head.declared_total_minor = goods_minor.map(|it| it + order.head.freight_minor);
}
