//! Quotes and bids.

use domain::{
    engagement::QuoteStatus,
    id::{ClientId, ContactId, DealId},
    money,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::QuoteRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Plain, Writing},
    wire::{Currency, Day, Key, Line, Minor, Whole, Word, Words},
};

/// Quotes.
pub enum Quotes {}

/// A quote or bid.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Quote")]
pub struct Fields {
    /// Its number, as people know it.
    number: Key,
    /// For whom.
    client_id: Uuid,
    /// Whom to write to.
    #[serde(default)]
    contact_id: Option<Uuid>,
    /// The deal that it is part of.
    #[serde(default)]
    deal_id: Option<Uuid>,
    /// Where it is on its way; one that was decided stays decided.
    status: Word<QuoteStatus>,
    /// When it was sent.
    #[serde(default)]
    submitted_on: Option<Day>,
    /// When its receipt was confirmed.
    #[serde(default)]
    confirmed_on: Option<Day>,
    /// The last day on which it can be accepted.
    #[serde(default)]
    valid_until: Option<Day>,
    /// What it comes to, in minor units of `currency`.
    #[serde(default)]
    amount_minor: Option<Minor>,
    /// The currency of the amount; the tenant's if left out.
    #[serde(default)]
    currency: Option<Currency>,
    /// When it was decided.
    #[serde(default)]
    decided_on: Option<Day>,
    /// Why it was lost.
    #[serde(default)]
    lost_reason: Option<Line<2_000>>,
}

/// What is known of a quote beside what was brought.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Extra {
    /// When it was last followed up.
    last_follow_up_on: Option<Day>,
    /// How often it was followed up.
    follow_ups: i32,
}

impl Listed for Quotes {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "For this client."),
        FilterSpec::is("deal_id", Holds::Id, "Part of this deal."),
        FilterSpec::is("status", Holds::Word(QuoteStatus::names), "In this state."),
        FilterSpec::is("number", Holds::Text, "With this number."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

impl Plain for Quotes {
    type Row = record::Quote;
    type Fields = Fields;
    type Extra = Extra;

    const NOUN: &'static str = "quote";
    const PLURAL: &'static str = "quotes";

    fn fields(row: &record::Quote) -> (Fields, Extra) {
        let currency = row.currency.as_deref().and_then(|it| money::Currency::parse(it).ok());
        let fields = Fields {
            number: Line::stored(&row.number),
            client_id: row.client_id,
            contact_id: row.contact_id,
            deal_id: row.deal_id,
            status: Word::stored(&row.status),
            submitted_on: row.submitted_on.map(Day),
            confirmed_on: row.confirmed_on.map(Day),
            valid_until: row.valid_until.map(Day),
            amount_minor: row.amount_minor.map(Whole),
            currency: currency.map(Currency),
            decided_on: row.decided_on.map(Day),
            lost_reason: row.lost_reason.as_deref().map(Line::stored),
        };
        let extra =
            Extra { last_follow_up_on: row.last_follow_up_on.map(Day), follow_ups: row.follow_ups };
        (fields, extra)
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Quote>,
    ) -> ApiResult<()> {
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        writing.check::<record::Contact>("contact_id", "contact", fields.contact_id).await?;
        writing.check::<record::Deal>("deal_id", "deal", fields.deal_id).await?;
        let status = fields.status.get()?;
        let row = QuoteRow {
            external_id: external_id.to_owned(),
            number: fields.number.into_string(),
            client: ClientId::from_uuid(fields.client_id),
            contact: fields.contact_id.map(ContactId::from_uuid),
            deal: fields.deal_id.map(DealId::from_uuid),
            status,
            submitted_on: fields.submitted_on.map(|it| it.0),
            confirmed_on: fields.confirmed_on.map(|it| it.0),
            valid_until: fields.valid_until.map(|it| it.0),
            amount_minor: fields.amount_minor.map(|it| it.0),
            currency: fields.amount_minor.map(|_| writing.currency(fields.currency)),
            decided_on: fields.decided_on.map(|it| it.0),
            lost_reason: fields.lost_reason.map(Line::into_string),
        };
        writing.scope.upsert_quotes(&writing.origin(), &[row]).await?;
        let because = "a quote that was decided stays decided: make another one";
        writing.check_status::<record::Quote>(external_id, status.as_str(), because).await
    }
}
