//! Whether a client may have an order on payment terms now.
//!
//! What lives here: the comparison of one order with the client's credit.
//! What does not: whose limit applies (client, group, tenant), which is looked up with the facts.

use super::{
    OrderFacts,
    exception::{ExceptionType, Fault, FaultCode, FaultList, OwnerRole},
};
use crate::money::Money;

/// What is known about a client's credit. Amounts are in minor units of the limit's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditFacts {
    /// Most that the client may owe at a time.
    pub limit: Money,
    /// Whether the limit is the tenant's default, because nobody set one for the client.
    pub is_tenant_default: bool,
    /// Whether a person stopped all new credit.
    pub is_on_hold: bool,
    /// Why, in that person's words; not repeated in a fault, because it may name somebody.
    pub hold_reason: Option<String>,
    /// Invoices that are not paid, due or not; negative when the client is owed money.
    pub outstanding_minor: i64,
    /// Other accepted orders on terms that are not yet billed.
    pub open_orders_minor: i64,
    /// The part of `outstanding_minor` that is past its due date.
    pub overdue_minor: i64,
    /// Longest terms agreed, in days; `None` when nothing was agreed.
    pub terms_days: Option<i32>,
}

/// Where the client's credit is, in a fault's path.
const CREDIT_PATH: &str = "client.credit";

/// Checks an order on payment terms; one that is paid at once needs no credit and has no fault.
///
/// `total` is `None` when it is too large to compute: that fault is the pricing's, and what the
/// client owes already is checked all the same.
pub(super) fn check(facts: &OrderFacts<'_>, total: Option<Money>) -> FaultList {
    let mut faults = FaultList::new(ExceptionType::CreditHold);
    if !facts.order.is_bill {
        return faults;
    }
    let Some(credit) = facts.credit else {
        faults.push(
            Fault::of_order(
                FaultCode::CreditHold,
                CREDIT_PATH,
                "Set up a credit profile for the client, or ask for payment in advance.",
            )
            .expected("a credit profile")
            .actual("no credit profile"),
        );
        return faults;
    };
    if credit.is_on_hold {
        let fix = "Read why on the credit profile and release the hold, or ask for payment first.";
        faults.push(
            Fault::of_order(FaultCode::CreditHold, CREDIT_PATH, fix)
                .expected("credit that is not on hold")
                .actual("on hold"),
        );
    }
    if 0 < credit.overdue_minor {
        let overdue = Money::new(credit.overdue_minor, credit.limit.currency);
        let fix =
            format!("Collect the {overdue} that are overdue; the order passes once they are paid.");
        faults.push(
            Fault::of_order(FaultCode::Overdue, CREDIT_PATH, fix)
                .expected(Money::new(0, credit.limit.currency))
                .actual(overdue),
        );
    }
    if let (Some(asked), Some(agreed)) = (facts.order.terms_days, credit.terms_days)
        && agreed < asked
    {
        let fix = format!(
            "Bill at {agreed} days, or have the longer terms agreed on the credit profile."
        );
        faults.push(
            Fault::of_order(FaultCode::PaymentTermsMismatch, "terms_days", fix)
                .expected(format!("{agreed} days at most"))
                .actual(format!("{asked} days")),
        );
    }
    if credit.limit.currency == facts.order.currency {
        faults.extend(limit_fault(credit, total.map_or(0, |total| total.minor)));
    } else {
        let (limit, order) = (credit.limit.currency, facts.order.currency);
        let fix = format!("Set a credit limit in {order}, or have the order placed in {limit}.");
        let mut fault = Fault::of_order(FaultCode::CurrencyMismatch, "currency", fix)
            .expected(limit)
            .actual(order);
        fault.owner_role = OwnerRole::Finance;
        faults.push(fault);
    }
    faults
}

/// The fault of an order that would take the client over its limit.
fn limit_fault(credit: &CreditFacts, order_minor: i64) -> Option<Fault> {
    let limit_minor = i128::from(credit.limit.minor);
    // A negative order is faulty elsewhere, and must not make room for the others.
    let order_minor = i128::from(order_minor.max(0));
    let owed_minor = i128::from(credit.outstanding_minor) + i128::from(credit.open_orders_minor);
    let exposure_minor = owed_minor + order_minor;
    if exposure_minor <= limit_minor {
        return None;
    }
    let excess = money_at_most(exposure_minor - limit_minor, credit);
    let whose = if credit.is_tenant_default {
        "set a limit for this client, which has only the tenant's default"
    } else {
        "raise the limit"
    };
    let fix = format!("Wait for payments of {excess}, ask for that much in advance, or {whose}.");
    let mut fault = Fault::of_order(FaultCode::CreditLimit, CREDIT_PATH, fix)
        .expected(format!("{} at most", credit.limit))
        .actual(money_at_most(exposure_minor, credit));
    // Payments help only an order that would fit if nothing else were owed.
    fault.resolves_itself = order_minor <= limit_minor;
    Some(fault)
}

/// An amount for a text; one that is too large to store is shown as the largest that is not.
fn money_at_most(minor: i128, credit: &CreditFacts) -> Money {
    Money::new(i64::try_from(minor).unwrap_or(i64::MAX), credit.limit.currency)
}
