//! What the tenant wants to reach by when.

use domain::{money, record::GoalMetric};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::GoalRow, record};

use crate::{
    error::{ApiError, ApiResult},
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing, check_days},
    wire::{Currency, Day, Whole, Word},
};

/// Goals.
pub enum Goals {}

/// What the tenant wants to reach by when.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Goal")]
pub struct Fields {
    /// What is counted.
    metric: Word<GoalMetric>,
    /// How much of it; of revenue, in minor units of the tenant's currency.
    target: Whole<0, 1_000_000_000_000>,
    /// The currency of a target in money: the tenant's, in which orders are added up.
    #[serde(default)]
    currency: Option<Currency>,
    /// The first day that counts.
    starts_on: Day,
    /// The last day that counts.
    ends_on: Day,
}

impl Listed for Goals {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

impl Plain for Goals {
    type Row = record::Goal;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "goal";
    const PLURAL: &'static str = "goals";

    fn fields(row: &record::Goal) -> (Fields, Nothing) {
        let currency = row.currency.as_deref().and_then(|it| money::Currency::parse(it).ok());
        let fields = Fields {
            metric: Word::stored(&row.metric),
            target: Whole(row.target),
            currency: currency.map(Currency),
            starts_on: Day(row.starts_on),
            ends_on: Day(row.ends_on),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Goal>,
    ) -> ApiResult<()> {
        check_days("ends_on", Some(fields.starts_on), Some(fields.ends_on), "starts_on")?;
        let metric = fields.metric.get()?;
        let is_money = metric == GoalMetric::Revenue;
        let currency = writing.tenant.currency;
        if fields.currency.is_some_and(|it| it.0 != currency || !is_money) {
            let detail = format!("leave it out, or give {currency} with the metric `revenue`");
            return Err(ApiError::field("currency", detail));
        }
        let row = GoalRow {
            external_id: external_id.to_owned(),
            metric,
            target: fields.target.0,
            currency: is_money.then_some(currency),
            starts_on: fields.starts_on.0,
            ends_on: fields.ends_on.0,
        };
        writing.scope.upsert_goals(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
