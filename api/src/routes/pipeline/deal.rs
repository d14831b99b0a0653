//! Opportunities.

use domain::{
    engagement::StageType,
    id::{ClientId, ContactId},
    money::{self, BasisPoints},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::DealRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Plain, Writing},
    wire::{BasisPointsUpTo, Currency, Day, Line, Minor, Whole, Word, Words},
};

/// Deals.
pub enum Deals {}

/// An opportunity.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deal")]
pub struct Fields {
    /// Its name.
    name: Line<300>,
    /// Who would buy.
    client_id: Uuid,
    /// Whom to write to.
    #[serde(default)]
    contact_id: Option<Uuid>,
    /// What its stage means.
    stage_type: Word<StageType>,
    /// What its stage is called; as `stage_type` if left out.
    #[serde(default)]
    stage_name: Option<Line<300>>,
    /// When it entered the stage; the tenant's today if left out, or when the stage changes.
    #[serde(default)]
    stage_entered_on: Option<Day>,
    /// How likely it is to be won, in basis points.
    #[serde(default)]
    probability_bp: Option<BasisPointsUpTo<10_000>>,
    /// What it is worth, in minor units of `currency`.
    #[serde(default)]
    value_minor: Option<Minor>,
    /// The currency of its value; the tenant's if left out.
    #[serde(default)]
    currency: Option<Currency>,
    /// What was agreed to happen next.
    #[serde(default)]
    next_step: Option<Line<2_000>>,
    /// When.
    #[serde(default)]
    next_step_on: Option<Day>,
    /// When it was opened.
    #[serde(default)]
    opened_on: Option<Day>,
    /// When it is expected to close.
    #[serde(default)]
    expected_close_on: Option<Day>,
    /// When it was won or lost.
    #[serde(default)]
    closed_on: Option<Day>,
    /// When the buyer last gave a sign.
    #[serde(default)]
    last_buyer_signal_on: Option<Day>,
    /// Why it was lost.
    #[serde(default)]
    lost_reason: Option<Line<2_000>>,
}

/// What is known of a deal beside what was brought.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Extra {
    /// How often its expected close was put off.
    close_pushes: i32,
    /// When it was last followed up.
    last_follow_up_on: Option<Day>,
    /// Letters since the buyer last gave a sign.
    follow_ups_since_signal: i32,
}

impl Listed for Deals {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "Of this client."),
        FilterSpec::is("stage_type", Holds::Word(StageType::names), "In a stage of this type."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] =
        &[SortSpec { column: "stage_entered_on", holds: Holds::Day }];
}

impl Plain for Deals {
    type Row = record::Deal;
    type Fields = Fields;
    type Extra = Extra;

    const NOUN: &'static str = "deal";
    const PLURAL: &'static str = "deals";

    fn fields(row: &record::Deal) -> (Fields, Extra) {
        let currency = row.currency.as_deref().and_then(|it| money::Currency::parse(it).ok());
        let fields = Fields {
            name: Line::stored(&row.name),
            client_id: row.client_id,
            contact_id: row.contact_id,
            stage_type: Word::stored(&row.stage_type),
            stage_name: Some(Line::stored(&row.stage_name)),
            stage_entered_on: Some(Day(row.stage_entered_on)),
            probability_bp: row.probability_bp.map(|it| Whole(it.into())),
            value_minor: row.value_minor.map(Whole),
            currency: currency.map(Currency),
            next_step: row.next_step.as_deref().map(Line::stored),
            next_step_on: row.next_step_on.map(Day),
            opened_on: row.opened_on.map(Day),
            expected_close_on: row.expected_close_on.map(Day),
            closed_on: row.closed_on.map(Day),
            last_buyer_signal_on: row.last_buyer_signal_on.map(Day),
            lost_reason: row.lost_reason.as_deref().map(Line::stored),
        };
        let extra = Extra {
            close_pushes: row.close_pushes,
            last_follow_up_on: row.last_follow_up_on.map(Day),
            follow_ups_since_signal: row.follow_ups_since_signal,
        };
        (fields, extra)
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        before: Option<&record::Deal>,
    ) -> ApiResult<()> {
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        writing.check::<record::Contact>("contact_id", "contact", fields.contact_id).await?;
        let stage_type = fields.stage_type.get()?;
        let today = writing.tenant.calendar.local_date(writing.now);
        let mut stage_entered_on = fields.stage_entered_on.map(|it| it.0);
        // A stage that is new was entered today, unless another day is named with it.
        let is_moved = before.is_some_and(|it| it.stage_type != stage_type.as_str());
        if is_moved && before.map(|it| it.stage_entered_on) == stage_entered_on {
            stage_entered_on = Some(today);
        }
        let named = fields.stage_name.map(Line::into_string);
        let is_of_former = is_moved && before.map(|it| &it.stage_name) == named.as_ref();
        let stage_name = named.filter(|_| !is_of_former);
        let row = DealRow {
            external_id: external_id.to_owned(),
            name: fields.name.into_string(),
            client: ClientId::from_uuid(fields.client_id),
            contact: fields.contact_id.map(ContactId::from_uuid),
            stage_name: stage_name.unwrap_or_else(|| stage_type.to_string()),
            stage_type,
            stage_entered_on,
            probability: fields.probability_bp.map(|it| BasisPoints(it.narrow())),
            value_minor: fields.value_minor.map(|it| it.0),
            currency: fields.value_minor.map(|_| writing.currency(fields.currency)),
            next_step: fields.next_step.map(Line::into_string),
            next_step_on: fields.next_step_on.map(|it| it.0),
            opened_on: fields.opened_on.map(|it| it.0),
            expected_close_on: fields.expected_close_on.map(|it| it.0),
            closed_on: fields.closed_on.map(|it| it.0),
            last_buyer_signal_on: fields.last_buyer_signal_on.map(|it| it.0),
            lost_reason: fields.lost_reason.map(Line::into_string),
        };
        writing.scope.upsert_deals(&writing.origin(), today, &[row]).await?;
        Ok(())
    }
}
