//! What a cycle tries to move, measured before and after it.

use serde::{Deserialize, Serialize};

use crate::money::BasisPoints;

/// A tenant's state in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Share of reachable contacts touched within 21 days.
    pub engagement_compliance: BasisPoints,
    /// Reachable contacts beyond 21 days.
    pub contacts_overdue: i64,
    /// Reachable contacts never touched.
    pub contacts_never_touched: i64,
    /// Orders that were never checked.
    pub orders_waiting: i64,
    /// Orders held by an exception.
    pub orders_held: i64,
    /// Exceptions that are open.
    pub exceptions_open: i64,
    /// Deals that are neither won nor lost.
    pub deals_open: i64,
    /// Quotes that wait for a decision.
    pub quotes_waiting: i64,
    /// Cases that are open.
    pub cases_open: i64,
    /// Tasks that people have.
    pub tasks_open: i64,
    /// Actions that wait for a person.
    pub approvals_waiting: i64,
}

/// One number that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricChange {
    /// Which one.
    pub metric: String,
    /// Before the cycle.
    pub from: i64,
    /// After it.
    pub to: i64,
}

/// Every number that changed, in a fixed order.
pub fn changes(before: &Metrics, after: &Metrics) -> Vec<MetricChange> {
    let pairs = rows(before).into_iter().zip(rows(after));
    pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((metric, from), (_, to))| MetricChange { metric: metric.to_owned(), from, to })
        .collect()
}

fn rows(metrics: &Metrics) -> [(&'static str, i64); 11] {
    [
        ("engagement_compliance_bp", i64::from(metrics.engagement_compliance.0)),
        ("contacts_overdue", metrics.contacts_overdue),
        ("contacts_never_touched", metrics.contacts_never_touched),
        ("orders_waiting", metrics.orders_waiting),
        ("orders_held", metrics.orders_held),
        ("exceptions_open", metrics.exceptions_open),
        ("deals_open", metrics.deals_open),
        ("quotes_waiting", metrics.quotes_waiting),
        ("cases_open", metrics.cases_open),
        ("tasks_open", metrics.tasks_open),
        ("approvals_waiting", metrics.approvals_waiting),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_moved_is_told() {
        let before = Metrics { orders_waiting: 3, ..Metrics::default() };
        let after = Metrics { orders_held: 1, ..Metrics::default() };
        let told: Vec<_> =
            changes(&before, &after).into_iter().map(|it| (it.metric, it.to)).collect();
        assert_eq!(told, [("orders_waiting".to_owned(), 0), ("orders_held".to_owned(), 1)]);
    }
}
