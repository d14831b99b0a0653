//! Whether an order's products, prices, discounts and totals are as agreed.
//!
//! What lives here: the checks of each line, and the arithmetic of the order.
//! What does not: which price applies, which is [`super::price_book`].

use super::{
    OrderFacts, OrderHead, OrderLine, OrderPolicy,
    exception::{ExceptionType, Fault, FaultCode, FaultList, Severity, shown},
    price_book::{PriceFound, PriceGap, ProductFacts, price_on},
    same_words,
};
use crate::money::{BasisPoints, Money, Quantity, line_total};

/// Checks every line, then the order as a whole, and computes what it comes to.
///
/// The total is `None` when an amount is too large to store, which is a fault of its own.
pub(super) fn check(facts: &OrderFacts<'_>, policy: &OrderPolicy) -> (FaultList, Option<Money>) {
    let mut pricing = PricingCheck::new(facts.order, policy);
    if facts.lines.is_empty() {
        let fix = "Ask what is ordered, or cancel the order.";
        let fault = Fault::of_order(FaultCode::NoLines, "lines", fix);
        pricing.faults.push(fault.expected("one line or more").actual("no line"));
    }
    for line in facts.lines {
        pricing.check_line(line, line.product.and_then(|id| facts.products.get(&id)));
    }
    pricing.check_order_discount();
    let total = pricing.check_order_total(facts.lines.len());
    (pricing.faults, total)
}

/// What is gathered on the way through the lines.
struct PricingCheck<'a> {
    order: &'a OrderHead,
    policy: &'a OrderPolicy,
    faults: FaultList,
    /// Sum of the lines so far, in minor units; wide enough for any number of lines.
    goods_minor: i128,
    /// Whether a line's total was too large to be part of that sum.
    has_unknown_line: bool,
    /// Lines without a discount of their own for which the order's discount is too much.
    lines_over_discounted: usize,
    /// Least discount that is authorised for one of them.
    authorised_least: BasisPoints,
}

impl<'a> PricingCheck<'a> {
    fn new(order: &'a OrderHead, policy: &'a OrderPolicy) -> Self {
        Self {
            order,
            policy,
            faults: FaultList::new(ExceptionType::PricingError),
            goods_minor: 0,
            has_unknown_line: false,
            lines_over_discounted: 0,
            authorised_least: BasisPoints::WHOLE,
        }
    }

    fn check_line(&mut self, line: &OrderLine, product: Option<&ProductFacts>) {
        let price = match product {
            Some(product) => {
                self.check_sold(line, product);
                self.check_quantity(line, product);
                self.find_price(line, product)
            }
            None => {
                self.faults.push(unknown_sku(line));
                None
            }
        };
        if line.quantity.milli <= 0 {
            self.faults.push(no_quantity(line));
        }
        self.check_unit_price(line, product.zip(price));
        self.check_line_discount(line, price);
        self.add_line_total(line);
    }

    /// Checks that the product is still sold, and in the line's unit.
    fn check_sold(&mut self, line: &OrderLine, product: &ProductFacts) {
        self.faults.extend(discontinued(line, product, self.order));
        let units = line.unit.as_deref().zip(product.unit.as_deref());
        if let Some((ordered, sold)) = units
            && !ordered.trim().is_empty()
            && !same_words(ordered, sold)
        {
            let (ordered, sold) = (shown(ordered), shown(sold));
            let fix = format!(
                "Convert the quantity and the price of line {} from {ordered} to {sold}.",
                line.line_no
            );
            self.faults.push(
                Fault::of_line(FaultCode::UomMismatch, line.line_no, "unit", fix)
                    .expected(sold)
                    .actual(ordered),
            );
        }
    }

    /// Checks the product's least quantity and packs; a line of nothing is wrong for any product.
    fn check_quantity(&mut self, line: &OrderLine, product: &ProductFacts) {
        if line.quantity.milli <= 0 {
            return;
        }
        if let Some(least) = product.quantity_min.filter(|least| line.quantity < *least) {
            let fix = format!("Raise the quantity of line {} to {least}.", line.line_no);
            self.faults.push(
                Fault::of_line(FaultCode::Moq, line.line_no, "quantity", fix)
                    .expected(format!("{least} or more"))
                    .actual(line.quantity),
            );
        }
        let Some(pack) = product.pack_multiple.filter(|pack| 0 < pack.milli) else { return };
        let over_milli = line.quantity.milli % pack.milli;
        if over_milli != 0 {
            let below = Quantity { milli: line.quantity.milli - over_milli };
            let above = Quantity { milli: below.milli.saturating_add(pack.milli) };
            let fix = match below.milli {
                0 => format!("Order {above} on line {}, which is one pack.", line.line_no),
                _ => format!("Order {below} or {above} on line {}.", line.line_no),
            };
            self.faults.push(
                Fault::of_line(FaultCode::PackMultiple, line.line_no, "quantity", fix)
                    .expected(format!("a multiple of {pack}"))
                    .actual(line.quantity),
            );
        }
    }

    /// Looks the price up; a line of nothing has none, because prices depend on the quantity.
    fn find_price<'p>(
        &mut self,
        line: &OrderLine,
        product: &'p ProductFacts,
    ) -> Option<PriceFound<'p>> {
        if line.quantity.milli <= 0 {
            return None;
        }
        match price_on(product, self.order.currency, line.quantity, self.order.ordered_on) {
            Ok(price) => Some(price),
            Err(gap) => {
                self.faults.push(no_price(line, product, self.order, gap));
                None
            }
        }
    }

    /// Compares the unit price with the one found; a negative one is wrong whatever was agreed.
    fn check_unit_price(
        &mut self,
        line: &OrderLine,
        agreed: Option<(&ProductFacts, PriceFound<'_>)>,
    ) {
        let currency = self.order.currency;
        let actual = Money::new(line.unit_price_minor, currency);
        if actual.minor < 0 {
            let fix =
                format!("Correct the unit price of line {}, which is negative.", line.line_no);
            self.faults.push(
                Fault::of_line(FaultCode::PriceMismatch, line.line_no, "unit_price", fix)
                    .expected(format!("{} or more", Money::new(0, currency)))
                    .actual(actual),
            );
            return;
        }
        let Some((product, price)) = agreed else { return };
        let tolerance_minor = price_tolerance_minor(self.policy, price.unit_price_minor);
        if actual.minor.abs_diff(price.unit_price_minor) <= tolerance_minor {
            return;
        }
        let expected = Money::new(price.unit_price_minor, currency);
        let fix = format!(
            "Correct the unit price of line {} to {expected}; or, if {actual} was agreed, enter it \
             in the price book for {}.",
            line.line_no,
            shown(&product.sku)
        );
        self.faults.push(
            Fault::of_line(FaultCode::PriceMismatch, line.line_no, "unit_price", fix)
                .expected(expected)
                .actual(actual)
                .tolerance(Money::new(capped(tolerance_minor), currency)),
        );
    }

    /// Checks the line's own discount together with the order's.
    ///
    /// A line without one of its own only counts towards one fault of the order's discount:
    /// repeated on every line, that fault would bury the others.
    fn check_line_discount(&mut self, line: &OrderLine, price: Option<PriceFound<'_>>) {
        let authorised = price
            .and_then(|price| price.entry)
            .and_then(|entry| entry.discount_max)
            .unwrap_or(self.policy.discount_max)
            .clamp(BasisPoints(0), BasisPoints::WHOLE);
        let of_order = self.order.discount.clamp(BasisPoints(0), BasisPoints::WHOLE);
        if line.discount == BasisPoints(0) {
            if authorised < of_order {
                self.lines_over_discounted += 1;
                self.authorised_least = self.authorised_least.min(authorised);
            }
            return;
        }
        let together = BasisPoints(line.discount.0.saturating_add(of_order.0));
        if is_share(line.discount) && together <= authorised {
            return;
        }
        let actual = match of_order {
            BasisPoints(0) => line.discount.to_string(),
            _ => format!("{together} ({} on the line, {of_order} on the order)", line.discount),
        };
        let fix = format!(
            "Reduce the discount on line {} to {authorised} in all, or have it authorised in the \
             price book.",
            line.line_no
        );
        self.faults.push(
            Fault::of_line(FaultCode::DiscountUnauthorised, line.line_no, "discount", fix)
                .expected(authorised_text(authorised))
                .actual(actual),
        );
    }

    /// Adds the line to the sum, and compares the line's declared total with the computed one.
    fn add_line_total(&mut self, line: &OrderLine) {
        let currency = self.order.currency;
        let Some(total_minor) = line_total_minor(line) else {
            self.has_unknown_line = true;
            let fix = format!("Correct the quantity or the unit price of line {}.", line.line_no);
            self.faults.push(
                Fault::of_line(FaultCode::AmountTooLarge, line.line_no, "total", fix)
                    .expected(format!("{} at most", Money::new(i64::MAX, currency)))
                    .actual(format!(
                        "{} x {}",
                        line.quantity,
                        Money::new(line.unit_price_minor, currency)
                    )),
            );
            return;
        };
        self.goods_minor += i128::from(total_minor);
        let tolerance_minor = self.policy.total_tolerance_minor.max(0).unsigned_abs();
        let declared_minor = line.declared_total_minor.unwrap_or(total_minor);
        if tolerance_minor < declared_minor.abs_diff(total_minor) {
            let computed = Money::new(total_minor, currency);
            let fix = format!(
                "Correct the total of line {} to {computed}, or the line itself.",
                line.line_no
            );
            self.faults.push(
                Fault::of_line(FaultCode::TotalMismatch, line.line_no, "total", fix)
                    .expected(computed)
                    .actual(Money::new(declared_minor, currency))
                    .tolerance(Money::new(capped(tolerance_minor), currency)),
            );
        }
    }

    /// Checks the discount on the whole order, as far as the lines have not done it.
    fn check_order_discount(&mut self) {
        let given = self.order.discount;
        let fault = |fix: String| Fault::of_order(FaultCode::DiscountUnauthorised, "discount", fix);
        if !is_share(given) {
            self.faults.push(
                fault("Correct the discount on the order, which is not a share of it.".to_owned())
                    .expected(authorised_text(BasisPoints::WHOLE))
                    .actual(given),
            );
        } else if 0 < self.lines_over_discounted {
            let authorised = self.authorised_least;
            let lines = match self.lines_over_discounted {
                1 => "one line".to_owned(),
                count => format!("{count} lines"),
            };
            let fix = format!(
                "Reduce the discount on the order to {authorised}, which is authorised for {lines} \
                 of it, or have more authorised in the price book."
            );
            self.faults.push(fault(fix).expected(authorised_text(authorised)).actual(given));
        }
    }

    /// Computes what the order comes to, and compares it with what the order declares.
    fn check_order_total(&mut self, lines: usize) -> Option<Money> {
        let order = self.order;
        let currency = order.currency;
        if order.freight_minor < 0 {
            let fix =
                "Correct the freight; a reduction is given as a discount, which can be authorised.";
            self.faults.push(
                Fault::of_order(FaultCode::TotalMismatch, "freight", fix)
                    .expected(format!("{} or more", Money::new(0, currency)))
                    .actual(Money::new(order.freight_minor, currency)),
            );
        }
        if self.has_unknown_line {
            return None;
        }
        let computed_minor = i64::try_from(self.goods_minor)
            .ok()
            .and_then(|goods_minor| {
                line_total(goods_minor, Quantity::from_units(1), order.discount)
            })
            .and_then(|goods_minor| goods_minor.checked_add(order.freight_minor));
        let Some(computed_minor) = computed_minor else {
            let fix = "Correct the quantities or the prices, or split the order.";
            self.faults.push(
                Fault::of_order(FaultCode::AmountTooLarge, "total", fix)
                    .expected(format!("{} at most", Money::new(i64::MAX, currency)))
                    .actual("more than that"),
            );
            return None;
        };
        let computed = Money::new(computed_minor, currency);
        let tolerance_minor = total_tolerance_minor(self.policy, lines);
        let declared_minor = order.declared_total_minor.unwrap_or(computed_minor);
        if tolerance_minor < declared_minor.abs_diff(computed_minor) {
            let fix = format!(
                "Correct the order's total to {computed} (lines less discounts, plus freight, \
                 without tax), or the lines."
            );
            self.faults.push(
                Fault::of_order(FaultCode::TotalMismatch, "total", fix)
                    .expected(computed)
                    .actual(Money::new(declared_minor, currency))
                    .tolerance(Money::new(capped(tolerance_minor), currency)),
            );
        }
        Some(computed)
    }
}

/// The fault of a line that names nothing in the catalogue.
fn unknown_sku(line: &OrderLine) -> Fault {
    let fix =
        format!("Correct the SKU of line {}, or enter the product in the catalogue.", line.line_no);
    Fault::of_line(FaultCode::UnknownSku, line.line_no, "sku", fix)
        .expected("a SKU of the catalogue")
        .actual(shown(&line.sku))
}

/// The fault of a line that orders nothing, or less.
fn no_quantity(line: &OrderLine) -> Fault {
    let fix = format!("Ask how much of line {} is wanted, or remove the line.", line.line_no);
    Fault::of_line(FaultCode::Moq, line.line_no, "quantity", fix)
        .expected("more than 0")
        .actual(line.quantity)
}

/// The fault of a product that is no longer sold: a warning when nobody wrote down since when.
fn discontinued(line: &OrderLine, product: &ProductFacts, order: &OrderHead) -> Option<Fault> {
    let (since, severity) = match (product.discontinued_on, product.is_discontinued) {
        (Some(date), _) if date <= order.ordered_on => (date.to_string(), Severity::Error),
        (None, true) => ("an unknown date".to_owned(), Severity::Warning),
        (Some(_), _) | (None, false) => return None,
    };
    let sku = shown(&product.sku);
    let fix =
        format!("Agree on a successor of {sku} for line {}, or remove the line.", line.line_no);
    let mut fault = Fault::of_line(FaultCode::DiscontinuedSku, line.line_no, "sku", fix)
        .expected("a product that is sold")
        .actual(format!("{sku}, discontinued on {since}"));
    fault.severity = severity;
    Some(fault)
}

/// The fault of a line whose product has no price that applies.
fn no_price(line: &OrderLine, product: &ProductFacts, order: &OrderHead, gap: PriceGap) -> Fault {
    let (sku, date, currency) = (shown(&product.sku), order.ordered_on, order.currency);
    let fault = |code: FaultCode, fix: String| {
        Fault::of_line(code, line.line_no, "unit_price", fix)
            .expected(format!("a price of {sku} in {currency} on {date}"))
    };
    match gap {
        PriceGap::NoneAtAll => {
            let fix = format!("Enter a price of {sku} in {currency} in the price book.");
            fault(FaultCode::NoPrice, fix).actual("no price")
        }
        PriceGap::OtherCurrency(other) => {
            let fix = format!("Have {sku} ordered in {other}, or enter a price in {currency}.");
            fault(FaultCode::CurrencyMismatch, fix).actual(format!("a price in {other} only"))
        }
        PriceGap::QuantityTooSmall(from) => {
            let fix = format!("Raise the quantity to {from}, or enter a price of {sku} for less.");
            fault(FaultCode::NoPrice, fix)
                .actual(format!("a price from {from} upward, for an order of {}", line.quantity))
        }
        PriceGap::Ended { on, next: None } => {
            let fix = format!("Renew the price of {sku}, or agree on a new one.");
            fault(FaultCode::PriceExpired, fix).actual(format!("a price until {on}"))
        }
        PriceGap::Ended { on, next: Some(next) } => {
            let fix = format!("Close the gap in the prices of {sku} from {on} to {next}.");
            fault(FaultCode::PriceExpired, fix)
                .actual(format!("a price until {on} and one from {next}"))
        }
        PriceGap::NotYet(from) => {
            let fix =
                format!("Enter a price of {sku} for {date}, or have it ordered from {from} on.");
            fault(FaultCode::NoPrice, fix).actual(format!("a price from {from} on"))
        }
    }
}

/// `unit price × quantity × (1 − discount)`; `None` when it does not fit, even before the discount.
///
/// The amount before the discount is tried first: it bounds what the rounding of money has to hold.
fn line_total_minor(line: &OrderLine) -> Option<i64> {
    let gross_milli = i128::from(line.unit_price_minor) * i128::from(line.quantity.milli);
    i64::try_from(gross_milli / i128::from(Quantity::from_units(1).milli)).ok()?;
    line_total(line.unit_price_minor, line.quantity, line.discount)
}

/// The larger of the two tolerances; the share is rounded down, so that it never forgives more.
fn price_tolerance_minor(policy: &OrderPolicy, price_minor: i64) -> u64 {
    let share = u128::from(policy.price_tolerance.0.max(0).unsigned_abs());
    let whole = u128::from(BasisPoints::WHOLE.0.unsigned_abs());
    let of_price = u128::from(price_minor.unsigned_abs()) * share / whole;
    let of_price = u64::try_from(of_price).unwrap_or(u64::MAX);
    of_price.max(policy.price_tolerance_minor.max(0).unsigned_abs())
}

/// What rounding may add up to over all lines; one without lines still has freight to declare.
fn total_tolerance_minor(policy: &OrderPolicy, lines: usize) -> u64 {
    let per_line = policy.total_tolerance_minor.max(0).unsigned_abs();
    per_line.saturating_mul(u64::try_from(lines.max(1)).unwrap_or(u64::MAX))
}

/// Whether a rate is a share of something: from nothing to the whole.
fn is_share(rate: BasisPoints) -> bool {
    (BasisPoints(0)..=BasisPoints::WHOLE).contains(&rate)
}

/// What discount is right, as a text says it.
fn authorised_text(authorised: BasisPoints) -> String {
    match authorised {
        BasisPoints(0) => "no discount".to_owned(),
        _ => format!("from 0 % to {authorised}"),
    }
}

/// A tolerance as an amount to show; one that is too large to store forgives everything anyway.
fn capped(minor: u64) -> i64 {
    i64::try_from(minor).unwrap_or(i64::MAX)
}
