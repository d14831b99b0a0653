//! A tenant's settings: what an operator may change, with defaults that are safe.

use serde::{Deserialize, Serialize};

use crate::{cycle::Budgets, money::BasisPoints, order::OrderPolicy};

/// Everything that an operator may set for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantSettings {
    /// How much effect one cycle may have.
    pub budgets: Budgets,
    /// How far an order's unit price may be from the book's, in minor units.
    pub price_tolerance_minor: i64,
    /// The same as a share; the larger of the two holds.
    pub price_tolerance: BasisPoints,
    /// How far a total may be from what its lines add up to, in minor units.
    pub total_tolerance_minor: i64,
    /// The discount that an order may have without a price book's leave, in basis points.
    pub discount_max_bp: BasisPoints,
    /// Hours that an action waits for a person before it expires.
    pub approval_hours: u32,
    /// Hours that a permitted action waits for its turn before its facts are too old.
    pub proposal_hours: u32,
}

impl Default for TenantSettings {
    fn default() -> Self {
        let orders = OrderPolicy::default();
        Self {
            budgets: Budgets::default(),
            price_tolerance_minor: orders.price_tolerance_minor,
            price_tolerance: orders.price_tolerance,
            total_tolerance_minor: orders.total_tolerance_minor,
            discount_max_bp: orders.discount_max,
            // Over a long weekend, and long enough for a colleague to stand in.
            approval_hours: 96,
            // A week of full budgets: what was not done by then is planned anew from today's facts.
            proposal_hours: 168,
        }
    }
}

impl TenantSettings {
    /// The part that the order checks need.
    pub fn order_policy(&self) -> OrderPolicy {
        OrderPolicy {
            price_tolerance_minor: self.price_tolerance_minor,
            price_tolerance: self.price_tolerance,
            total_tolerance_minor: self.total_tolerance_minor,
            discount_max: self.discount_max_bp,
        }
    }
}
