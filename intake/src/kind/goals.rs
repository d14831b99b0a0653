//! Goals.

use domain::record::GoalMetric;
use store::{Scope, StoreResult, import::GoalRow};

use super::table::{Context, Outcome, TableKind};
use crate::{column::Column, row::Row};

/// Imports goals.
pub(crate) enum Goals {}

impl TableKind for Goals {
    const COLUMNS: &'static [Column] = &[
        Column::required("metric", "One of orders, revenue, deals_won.", "revenue"),
        Column::required(
            "target",
            "How much of it: money for revenue, else a whole number.",
            "250000",
        ),
        Column::required("starts_on", "The first day that counts.", "2026-10-01"),
        Column::required("ends_on", "The last day that counts.", "2026-12-31"),
        Column::optional("currency", "Currency of a target in money; must be the tenant's.", "EUR"),
        Column::optional(
            "external_id",
            "The goal's key in the source; made of metric and days if left out.",
            "G-2026-Q4",
        ),
    ];
    type Draft = GoalRow;

    fn read(row: &mut Row<'_>) -> Option<GoalRow> {
        let metric = row.need("metric", Row::word::<GoalMetric>);
        let currency = row.currency("currency");
        if currency.is_some_and(|currency| currency != row.tenant_currency()) {
            let reason = "is not the tenant's currency, in which orders are added up";
            row.refuse("currency", reason, format!("give the target in {}", row.tenant_currency()));
        }
        let is_money = metric == Some(GoalMetric::Revenue);
        let target = row.need("target", |row, column| {
            if is_money { row.money(column, currency) } else { row.count(column) }
        });
        let starts_on = row.need("starts_on", Row::date);
        let ends_on = row.need("ends_on", Row::date);
        if ends_on.zip(starts_on).is_some_and(|(ends, starts)| ends < starts) {
            row.refuse("ends_on", "is before starts_on", "mend one of the two days");
        }
        let external_id = row.key("external_id");
        let (metric, starts_on, ends_on) = (metric?, starts_on?, ends_on?);
        Some(GoalRow {
            external_id: external_id.unwrap_or_else(|| format!("{metric}/{starts_on}/{ends_on}")),
            metric,
            target: target?,
            currency: currency.filter(|_| is_money),
            starts_on,
            ends_on,
        })
    }

    fn key(draft: &GoalRow) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[GoalRow],
    ) -> StoreResult<Outcome> {
        let count = scope.upsert_goals(&context.origin, drafts).await?;
        Ok(Outcome { count, refused: Vec::new() })
    }
}
