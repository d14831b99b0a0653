//! Which price a product has for a client, on a date, in a currency and a quantity.
//!
//! What lives here: the facts about a product, and the choice among its prices.
//! What does not: whether an order agrees with that price, which is [`super::pricing`].

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    id::ProductId,
    money::{BasisPoints, Currency, Money, Quantity},
    time::Date,
};

/// The products that an order's lines point to; others may be in it too.
pub type ProductCatalogue = BTreeMap<ProductId, ProductFacts>;

/// What is known about a product, as far as an order is checked against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductFacts {
    /// The tenant's own article number.
    pub sku: String,
    /// Whether it is marked as no longer sold, whenever that began.
    pub is_discontinued: bool,
    /// First day on which it is not sold; counts with and without the mark.
    pub discontinued_on: Option<Date>,
    /// Price of one unit for everybody, used only when `prices` is empty.
    pub list_price: Option<Money>,
    /// The unit it is sold in, such as `box`; `None` when nobody said.
    pub unit: Option<String>,
    /// Least quantity that is sold.
    pub quantity_min: Option<Quantity>,
    /// Quantities must be a multiple of this; zero and less say nothing.
    pub pack_multiple: Option<Quantity>,
    /// Prices for this client and for everybody, in any order.
    pub prices: Vec<PriceEntry>,
}

/// A price for a time, from a quantity upward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceEntry {
    /// Agreed with this client; otherwise for everybody. Other clients' prices are left out.
    pub client_specific: bool,
    /// Currency of the price.
    pub currency: Currency,
    /// Price of one unit before any discount, in minor units.
    pub unit_price_minor: i64,
    /// First day of the price.
    pub valid_from: Date,
    /// Last day of the price; `None` until further notice.
    pub valid_to: Option<Date>,
    /// Least quantity of a line that gets the price; zero for any.
    pub quantity_min: Quantity,
    /// Most discount on top of the price; `None` leaves it to the policy.
    pub discount_max: Option<BasisPoints>,
}

impl PriceEntry {
    /// Whether the price holds on this day; both ends belong to it.
    pub fn is_valid_on(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }

    /// How specific the entry is; the greatest wins.
    ///
    /// Of two that are equally specific the stricter wins: where the price book contradicts itself,
    /// the cheaper price is held for a person instead of given away.
    fn rank(&self) -> impl Ord + use<> {
        (
            (self.client_specific, self.quantity_min, self.valid_from),
            (self.unit_price_minor, Reverse(self.discount_max), Reverse(self.valid_to)),
        )
    }
}

/// The price that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceFound<'a> {
    /// Price of one unit before any discount, in minor units of the currency that was asked for.
    pub unit_price_minor: i64,
    /// Where it stands; `None` for the list price.
    pub entry: Option<&'a PriceEntry>,
}

/// Why no price applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceGap {
    /// The product has neither a price entry nor a list price.
    NoneAtAll,
    /// It is sold in this currency (the first by code, if in several), not in the one asked for.
    OtherCurrency(Currency),
    /// There are prices on the date, but only from this quantity upward.
    QuantityTooSmall(Quantity),
    /// The last price ended before the date.
    Ended {
        /// Last day of the price that ended last.
        on: Date,
        /// First day of the next price, if one is known.
        next: Option<Date>,
    },
    /// The first price begins after the date, on this day.
    NotYet(Date),
}

/// Finds the price of a product: the most specific entry that is valid on the order's date.
///
/// A client's own price goes before one for everybody, then the one for the larger quantity, then
/// the one that began last. A product without any entry has its list price on all dates.
///
/// # Errors
/// [`PriceGap`] says what stands between the order and a price.
pub fn price_on(
    product: &ProductFacts,
    currency: Currency,
    quantity: Quantity,
    date: Date,
) -> Result<PriceFound<'_>, PriceGap> {
    if product.prices.is_empty() {
        return match product.list_price {
            None => Err(PriceGap::NoneAtAll),
            Some(price) if price.currency != currency => {
                Err(PriceGap::OtherCurrency(price.currency))
            }
            Some(price) => Ok(PriceFound { unit_price_minor: price.minor, entry: None }),
        };
    }
    product
        .prices
        .iter()
        .filter(|entry| entry.currency == currency && entry.is_valid_on(date))
        .filter(|entry| entry.quantity_min <= quantity)
        .max_by_key(|entry| entry.rank())
        .map(|entry| PriceFound { unit_price_minor: entry.unit_price_minor, entry: Some(entry) })
        .ok_or_else(|| gap(&product.prices, currency, date))
}

/// Names the nearest obstacle when none of the entries applies.
///
/// A price that only lacks quantity is nearer than one in another currency, and that is nearer than
/// one of another time. Prices that are neither in the currency nor of the time count as another
/// currency: to renew them would not help this order.
fn gap(entries: &[PriceEntry], currency: Currency, date: Date) -> PriceGap {
    let mut quantity_from: Option<Quantity> = None;
    let mut foreign_now: Option<Currency> = None;
    let mut foreign_ever: Option<Currency> = None;
    let mut ended: Option<Date> = None;
    let mut begins: Option<Date> = None;
    for entry in entries {
        let is_valid = entry.is_valid_on(date);
        if entry.currency != currency {
            foreign_ever = least(foreign_ever, entry.currency);
            if is_valid {
                foreign_now = least(foreign_now, entry.currency);
            }
        } else if is_valid {
            quantity_from = least(quantity_from, entry.quantity_min);
        } else {
            match entry.valid_to {
                Some(last) if last < date => ended = ended.max(Some(last)),
                _ => begins = least(begins, entry.valid_from),
            }
        }
    }
    match (quantity_from, foreign_now, ended, begins, foreign_ever) {
        (Some(from), ..) => PriceGap::QuantityTooSmall(from),
        (None, Some(other), ..) => PriceGap::OtherCurrency(other),
        (None, None, Some(on), next, _) => PriceGap::Ended { on, next },
        (None, None, None, Some(from), _) => PriceGap::NotYet(from),
        (None, None, None, None, Some(other)) => PriceGap::OtherCurrency(other),
        (None, None, None, None, None) => PriceGap::NoneAtAll,
    }
}

/// The lesser of what was seen before and what is seen now.
fn least<T: Ord>(before: Option<T>, now: T) -> Option<T> {
    Some(match before {
        Some(before) => before.min(now),
        None => now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entry(minor: i64, from: &str, to: Option<&str>) -> PriceEntry {
        PriceEntry {
            client_specific: false,
            currency: currency("EUR"),
            unit_price_minor: minor,
            valid_from: day(from),
            valid_to: to.map(day),
            quantity_min: Quantity { milli: 0 },
            discount_max: None,
        }
    }

    /// The price for `units` on 1 March 2027 in EUR, as minor units or the gap.
    fn ask(prices: Vec<PriceEntry>, units: i64) -> Result<i64, PriceGap> {
        let product = ProductFacts { prices, ..ProductFacts::default() };
        price_on(&product, currency("EUR"), Quantity::from_units(units), day("2027-03-01"))
            .map(|found| found.unit_price_minor)
    }

    #[test]
    fn the_most_specific_entry_wins() {
        let old = entry(100, "2026-01-01", None);
        let newer = entry(110, "2027-01-01", None);
        let ten =
            PriceEntry { quantity_min: Quantity::from_units(10), ..entry(90, "2026-01-01", None) };
        let own = PriceEntry { client_specific: true, ..entry(95, "2026-01-01", None) };
        assert_eq!(ask(vec![newer.clone(), old.clone()], 1), Ok(110));
        assert_eq!(ask(vec![newer.clone(), ten.clone(), old.clone()], 10), Ok(90));
        assert_eq!(ask(vec![newer.clone(), ten.clone(), old.clone()], 9), Ok(110));
        assert_eq!(ask(vec![own, ten, newer, old], 10), Ok(95));
    }

    #[test]
    fn a_contradiction_is_settled_for_the_dearer_price_in_either_order() {
        let cheap = entry(100, "2027-01-01", None);
        let dear = entry(110, "2027-01-01", None);
        assert_eq!(ask(vec![cheap.clone(), dear.clone()], 1), Ok(110));
        assert_eq!(ask(vec![dear, cheap], 1), Ok(110));
    }

    #[test]
    fn both_ends_of_a_price_belong_to_it() {
        assert_eq!(ask(vec![entry(100, "2027-03-01", Some("2027-03-01"))], 1), Ok(100));
    }

    #[test]
    fn a_gap_is_named_by_its_nearest_obstacle() {
        let past = entry(100, "2026-01-01", Some("2026-12-31"));
        let future = entry(100, "2027-04-01", None);
        let dollars = PriceEntry { currency: currency("USD"), ..entry(100, "2027-01-01", None) };
        let old_dollars = PriceEntry { currency: currency("USD"), ..past.clone() };
        let ten =
            PriceEntry { quantity_min: Quantity::from_units(10), ..entry(90, "2027-01-01", None) };
        let ended = |next| Err(PriceGap::Ended { on: day("2026-12-31"), next });
        assert_eq!(ask(vec![past.clone()], 1), ended(None));
        assert_eq!(ask(vec![past.clone(), future.clone()], 1), ended(Some(day("2027-04-01"))));
        assert_eq!(ask(vec![future.clone()], 1), Err(PriceGap::NotYet(day("2027-04-01"))));
        let in_dollars = Err(PriceGap::OtherCurrency(currency("USD")));
        assert_eq!(ask(vec![past.clone(), dollars.clone()], 1), in_dollars);
        assert_eq!(ask(vec![old_dollars.clone()], 1), in_dollars);
        assert_eq!(ask(vec![old_dollars, past], 1), ended(None));
        let too_small = Err(PriceGap::QuantityTooSmall(Quantity::from_units(10)));
        assert_eq!(ask(vec![dollars, ten], 9), too_small);
        assert_eq!(ask(vec![], 1), Err(PriceGap::NoneAtAll));
    }
}
