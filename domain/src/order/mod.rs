//! Whether an order is as agreed: price, then credit, then requirements, with every fault at once.
//!
//! What lives here: the facts about an order, the tolerances, and the verdict with its reasons.
//! What does not: loading those facts, storing the exception, and finalising the order.

mod credit;
mod exception;
mod price_book;
mod pricing;
mod requirement;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use credit::CreditFacts;
pub use exception::{ExceptionType, FAULTS_MAX, Fault, FaultCode, OwnerRole, Severity};
pub use price_book::{PriceEntry, PriceFound, PriceGap, ProductCatalogue, ProductFacts, price_on};
pub use requirement::{RequirementFacts, RequirementKind};

use crate::{
    id::ProductId,
    money::{BasisPoints, Currency, Money, Quantity},
    time::Date,
};

/// Checks an order and says everything that is wrong with it.
///
/// Credit is checked only for an order on payment terms. The checks do not stop at the first fault:
/// who settles an order wants to ask its buyer once.
/// The time is proportional to the lines, and an order without a fault costs no allocation.
pub fn check_order(facts: &OrderFacts<'_>, policy: &OrderPolicy) -> OrderVerdict {
    let (pricing, total) = pricing::check(facts, policy);
    let credit = credit::check(facts, total);
    let requirements = requirement::check(facts);

    let mut verdict = OrderVerdict { faults: Vec::new(), faults_omitted: 0, total };
    for list in [pricing, credit, requirements] {
        let omitted = list.drain_into(&mut verdict.faults);
        verdict.faults_omitted = verdict.faults_omitted.saturating_add(omitted);
    }
    verdict
}

/// What is wrong with an order, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderVerdict {
    /// Pricing, credit, requirements; in each the whole order first, then by line number and code.
    pub faults: Vec<Fault>,
    /// How many more there were than are kept, see [`FAULTS_MAX`]; warnings are left out first.
    pub faults_omitted: usize,
    /// Lines less discounts plus freight, without tax; `None` when it is too large to store.
    pub total: Option<Money>,
}

impl OrderVerdict {
    /// Whether a fault holds the order.
    pub fn holds(&self) -> bool {
        self.faults.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Whether there is no fault at all, not even a warning.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Everything that the verdict on an order depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderFacts<'a> {
    /// The order as a whole.
    pub order: &'a OrderHead,
    /// Its lines, in any order.
    pub lines: &'a [OrderLine],
    /// Who orders.
    pub client: &'a ClientFacts,
    /// The products that the lines point to.
    pub products: &'a ProductCatalogue,
    /// The client's credit; `None` when there is no profile.
    pub credit: Option<&'a CreditFacts>,
    /// What the client and the vendor ask for, in any order.
    pub requirements: &'a [RequirementFacts],
    /// Whether another order of this client bears the same purchase order number.
    pub same_po_elsewhere: bool,
}

/// What an order says about itself as a whole. Amounts are in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderHead {
    /// The date on which prices are looked up.
    pub ordered_on: Date,
    /// When the goods are wanted.
    pub required_on: Option<Date>,
    /// Currency of all the order's amounts.
    pub currency: Currency,
    /// The total as the order states it, without tax.
    pub declared_total_minor: Option<i64>,
    /// Freight, on which no discount is given.
    pub freight_minor: i64,
    /// Whether it is paid later, on terms, and so needs credit.
    pub is_bill: bool,
    /// The terms it asks for, in days.
    pub terms_days: Option<i32>,
    /// The client's purchase order number.
    pub po_number: Option<String>,
    /// Discount on the sum of the lines.
    pub discount: BasisPoints,
    /// Names of the documents that came with it.
    pub attachments: Vec<String>,
}

/// One line of an order. Amounts are in minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The line's number as the order gives it, usually from 1.
    pub line_no: i32,
    /// The article number as the order gives it.
    pub sku: String,
    /// The product it was found to mean; `None` when none was found.
    pub product: Option<ProductId>,
    /// How much is ordered, in `unit`.
    pub quantity: Quantity,
    /// The unit as the order gives it.
    pub unit: Option<String>,
    /// Price of one unit before any discount.
    pub unit_price_minor: i64,
    /// Discount on this line.
    pub discount: BasisPoints,
    /// The line's total after its discount, as the order states it.
    pub declared_total_minor: Option<i64>,
}

/// What is known about the client, as far as an order depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFacts {
    /// Whether it may order at all.
    pub is_active: bool,
}

/// How far an order may be from what was agreed; amounts in minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPolicy {
    /// How far a unit price may be off; the larger of this and `price_tolerance` counts.
    pub price_tolerance_minor: i64,
    /// How far a unit price may be off, as a share of the right one.
    pub price_tolerance: BasisPoints,
    /// How far a line's total may be off; an order's total, this much for each of its lines.
    pub total_tolerance_minor: i64,
    /// Discount that is authorised where no price entry sets its own: line and order together.
    pub discount_max: BasisPoints,
}

/// One minor unit (a cent): what a price that one side keeps with more decimals is rounded by.
const PRICE_TOLERANCE_MINOR: i64 = 1;
/// 0.5 %: less than any price rise worth announcing, more than the drift of a converted price list.
const PRICE_TOLERANCE: BasisPoints = BasisPoints(50);
/// One minor unit for each line: both sides round a line once, by at most half a unit each.
const TOTAL_TOLERANCE_MINOR: i64 = 1;
/// 0 %: a discount that nobody wrote down was not authorised.
const DISCOUNT_MAX: BasisPoints = BasisPoints(0);

impl Default for OrderPolicy {
    /// Forgives rounding and nothing else.
    fn default() -> Self {
        Self {
            price_tolerance_minor: PRICE_TOLERANCE_MINOR,
            price_tolerance: PRICE_TOLERANCE,
            total_tolerance_minor: TOTAL_TOLERANCE_MINOR,
            discount_max: DISCOUNT_MAX,
        }
    }
}

/// Whether two names are the same but for their case and the space around them.
fn same_words(left: &str, right: &str) -> bool {
    fn folded(text: &str) -> impl Iterator<Item = char> {
        text.trim().chars().flat_map(char::to_lowercase)
    }
    folded(left).eq(folded(right))
}
