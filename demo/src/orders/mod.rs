//! Three hundred orders: those of the past, those that wait at the start, and those dated ahead.
//!
//! A right order is right because it is built from the price book, the credit profiles and the
//! requirements. A wrong one is a right one with a slip, so that what a check must find is known.

mod draft;
mod past;
mod plan;
mod slip;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use domain::order::FaultCode;

use crate::{catalogue::PriceList, world::Order};

/// Every order, the oldest first.
pub(crate) fn all(list: &PriceList<'_>) -> Vec<Order> {
    let mut orders = past::orders(list);
    let planned = plan::orders(list, &orders);
    orders.extend(planned);
    orders
}

/// What a check must find in the orders that are new: one entry for each fault, warnings included.
///
/// No order that is not listed has a fault on the day it becomes visible, nor on any later day.
pub fn expected_faults() -> &'static [(String, FaultCode)] {
    static EXPECTED: LazyLock<Vec<(String, FaultCode)>> = LazyLock::new(plan::faults);
    &EXPECTED
}
