//! What can go wrong with an order: one slip for each code that a check knows.

use chrono::NaiveDate;
use domain::{
    money::{BasisPoints, Currency, Quantity},
    order::{FaultCode, OrderLine},
    record::OrderStatus,
    time::Date,
};

use super::draft::{add_line, next_line_no, settle};
use crate::{
    catalogue::{
        BROKEN_BY_25, DISCONTINUED_IN_APRIL, DISCONTINUED_LONG_AGO, DISCONTINUED_SOME_DAY,
        PRICE_EXPIRED, PriceList, REPRICED, REPRICED_IN_APRIL, WITHOUT_PACKS, WITHOUT_PRICE,
    },
    people::agreed_days,
    world::Order,
};

/// One thing that is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// The client is no customer any more.
    Inactive,
    /// The number of the client's newest order of the past was used again.
    DuplicatePo,
    /// No number, although the client asks for one.
    PoMissing,
    /// An article that nobody sells.
    UnknownSku,
    /// An article that is not sold any more.
    Discontinued,
    /// An article that is not sold any more from April on.
    DiscontinuedInApril,
    /// An article marked as no longer sold, without a date: a warning.
    DiscontinuedSomeDay,
    /// Pallets, where another unit is sold.
    Unit,
    /// Fewer than are sold.
    BelowMinimum,
    /// A broken pack.
    BrokenPack,
    /// The price of last year.
    OldPrice,
    /// The price of the first quarter.
    OldPackagingPrice,
    /// The price of an offer that has ended.
    PriceExpired,
    /// An article without any price.
    NoPrice,
    /// An order in Swiss francs.
    Currency,
    /// A discount that nobody authorised.
    Discount,
    /// A total that the lines do not come to.
    Total,
    /// On terms, by a client that owes nearly as much as it may.
    OverLimit,
    /// On terms, by a client whose credit is stopped.
    OnHold,
    /// On terms, by a client without a credit profile.
    NoProfile,
    /// On terms, by a client with invoices past their day.
    Overdue,
    /// Longer terms than were agreed.
    LongTerms,
    /// Wanted before it was ordered.
    TooEarly,
    /// Without the document that the client asks for.
    NoAttachment,
    /// By a client whose certificate has run out, or was never there.
    NoEvidence,
    /// A quantity that a stuck key wrote.
    TooLarge,
    /// Nothing is ordered.
    NoLines,
}

/// Days that are asked for beyond the terms agreed.
const TERMS_BEYOND: i32 = 60;
/// Terms asked for by a client with which none were agreed.
const TERMS_ASKED: i32 = 30;
/// How much the declared total is off, in cents.
const TOTAL_OFF_MINOR: i64 = 10_000;
/// The discount that nobody authorised.
const DISCOUNT_TAKEN: BasisPoints = BasisPoints(1_500);

impl Slip {
    /// The code under which a check finds it.
    pub(super) const fn code(self) -> FaultCode {
        match self {
            Self::Inactive => FaultCode::InactiveCustomer,
            Self::DuplicatePo => FaultCode::DuplicatePo,
            Self::PoMissing => FaultCode::PoMissing,
            Self::UnknownSku => FaultCode::UnknownSku,
            Self::Discontinued | Self::DiscontinuedInApril | Self::DiscontinuedSomeDay => {
                FaultCode::DiscontinuedSku
            }
            Self::Unit => FaultCode::UomMismatch,
            Self::BelowMinimum => FaultCode::Moq,
            Self::BrokenPack => FaultCode::PackMultiple,
            Self::OldPrice | Self::OldPackagingPrice => FaultCode::PriceMismatch,
            Self::PriceExpired => FaultCode::PriceExpired,
            Self::NoPrice => FaultCode::NoPrice,
            Self::Currency => FaultCode::CurrencyMismatch,
            Self::Discount => FaultCode::DiscountUnauthorised,
            Self::Total => FaultCode::TotalMismatch,
            Self::OverLimit => FaultCode::CreditLimit,
            Self::OnHold | Self::NoProfile => FaultCode::CreditHold,
            Self::Overdue => FaultCode::Overdue,
            Self::LongTerms => FaultCode::PaymentTermsMismatch,
            Self::TooEarly => FaultCode::DateInfeasible,
            Self::NoAttachment | Self::NoEvidence => FaultCode::RequirementMissing,
            Self::TooLarge => FaultCode::AmountTooLarge,
            Self::NoLines => FaultCode::NoLines,
        }
    }

    /// Makes an order wrong in this way and in no other.
    pub(super) fn spoil(self, order: &mut Order, slipping: &Slipping<'_>) {
        match self {
            // What is wrong here is wrong with the client.
            Self::Inactive | Self::NoEvidence => {}
            Self::DuplicatePo => order.head.po_number = slipping.newest_po(&order.client),
            Self::PoMissing => order.head.po_number = None,
            Self::UnknownSku => slipping.add_unlisted(order, "WS-9090", 1_995),
            Self::Discontinued => slipping.add(order, DISCONTINUED_LONG_AGO, 2),
            Self::DiscontinuedInApril => slipping.add(order, DISCONTINUED_IN_APRIL, 4),
            Self::DiscontinuedSomeDay => slipping.add(order, DISCONTINUED_SOME_DAY, 4),
            Self::Unit => change_last(order, |line| line.unit = Some("pallet".to_owned())),
            Self::BelowMinimum => slipping.add(order, BROKEN_BY_25, 10),
            Self::BrokenPack => slipping.add(order, BROKEN_BY_25, 25),
            Self::OldPrice => slipping.add_as_of(order, REPRICED, 8, (2025, 12, 31)),
            Self::OldPackagingPrice => {
                slipping.add_as_of(order, REPRICED_IN_APRIL, 72, (2026, 3, 31));
            }
            Self::PriceExpired => slipping.add_as_of(order, PRICE_EXPIRED, 20, (2026, 1, 31)),
            Self::NoPrice => slipping.add_unlisted(order, WITHOUT_PRICE, 8_250),
            Self::Currency => {
                order.head.currency = Currency::parse("CHF").unwrap_or(order.head.currency);
                order.lines.truncate(1);
                pay_in_advance(order);
            }
            Self::Discount => change_last(order, |line| line.discount = DISCOUNT_TAKEN),
            Self::OverLimit | Self::OnHold | Self::Overdue | Self::NoProfile => {
                order.head.is_bill = true;
                order.head.terms_days = agreed_days(slipping.client).or(Some(TERMS_ASKED));
            }
            Self::LongTerms => {
                order.head.terms_days = order.head.terms_days.map(|days| days + TERMS_BEYOND);
            }
            Self::TooEarly => order.head.required_on = Some(day_before(order.head.ordered_on)),
            Self::NoAttachment => order.head.attachments.clear(),
            Self::TooLarge => {
                order.lines.clear();
                slipping.add(order, WITHOUT_PACKS, 1);
                change_last(order, |line| line.quantity = Quantity { milli: i64::MAX });
                pay_in_advance(order);
            }
            Self::NoLines => order.lines.clear(),
            // A total is wrong after everything else has been added up.
            Self::Total => {}
        }
        settle(order);
        match self {
            Self::Total => {
                order.head.declared_total_minor =
                    order.head.declared_total_minor.map(|minor| minor + TOTAL_OFF_MINOR);
            }
            Self::TooLarge => order.head.declared_total_minor = None,
            _ => {}
        }
    }
}

/// What a slip needs to know besides the order.
pub(super) struct Slipping<'a> {
    pub(super) list: &'a PriceList<'a>,
    /// Place of the client in the list.
    pub(super) client: usize,
    /// The orders of the past.
    pub(super) past: &'a [Order],
}

impl Slipping<'_> {
    /// The purchase order number of the client's newest order that was delivered.
    fn newest_po(&self, client: &str) -> Option<String> {
        let is_theirs = |it: &&Order| it.client == client && it.status == OrderStatus::Done;
        self.past.iter().rev().find(is_theirs)?.head.po_number.clone()
    }

    /// Adds a line at the right price.
    fn add(&self, order: &mut Order, sku: &str, units: i64) {
        if let Some(article) = self.list.product(sku) {
            add_line(self.list, order, article, units, false);
        }
    }

    /// Adds a line at the price of another day.
    fn add_as_of(&self, order: &mut Order, sku: &str, units: i64, day: (i32, u32, u32)) {
        let (year, month, day) = day;
        self.add(order, sku, units);
        let quantity = Quantity::from_units(units);
        let price = NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|on| self.list.price(sku, &order.client, quantity, on));
        let minor = price.map(|(minor, _)| minor);
        change_last(order, |line| {
            line.unit_price_minor = minor.unwrap_or(line.unit_price_minor);
        });
    }

    /// Adds a line of something that has no price here.
    fn add_unlisted(&self, order: &mut Order, sku: &str, unit_price_minor: i64) {
        let unit = self.list.product(sku).and_then(|article| article.unit.clone());
        order.lines.push(OrderLine {
            line_no: next_line_no(order),
            sku: sku.to_owned(),
            product: None,
            quantity: Quantity::from_units(2),
            unit,
            unit_price_minor,
            discount: BasisPoints(0),
            declared_total_minor: None,
        });
    }
}

fn change_last(order: &mut Order, change: impl FnOnce(&mut OrderLine)) {
    if let Some(line) = order.lines.last_mut() {
        change(line);
    }
}

fn pay_in_advance(order: &mut Order) {
    order.head.is_bill = false;
    order.head.terms_days = None;
}

fn day_before(date: Date) -> Date {
    date.pred_opt().unwrap_or(date)
}
