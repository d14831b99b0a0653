//! How much credit clients have.

use domain::{
    id::ClientId,
    money::{self, Money},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    import::{CreditProfileKey, CreditProfileRow},
    record,
};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing},
    wire::{Currency, Day, Line, Minor, Whole},
};

/// Credit profiles.
pub enum CreditProfiles {}

/// How much credit a client has; one per client, and one for all who have none of their own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CreditProfile")]
pub struct Fields {
    /// Whose; every client's without one of its own if null.
    #[serde(default)]
    client_id: Option<Uuid>,
    /// The most that may be owed at a time, in minor units of `currency`.
    limit_minor: Whole<0, 1_000_000_000_000>,
    /// The currency of its amounts; the tenant's if left out.
    #[serde(default)]
    currency: Option<Currency>,
    /// The longest terms agreed, in days.
    #[serde(default)]
    terms_days: Option<Whole<0, 3_650>>,
    /// Whether a person stopped all new credit.
    #[serde(default)]
    is_on_hold: bool,
    /// Why, in that person's words.
    #[serde(default)]
    hold_reason: Option<Line<2_000>>,
    /// What is owed, in minor units; negative when the client is owed money.
    #[serde(default = "nothing")]
    outstanding_minor: Minor,
    /// The part of it that is past its due date.
    #[serde(default = "nothing")]
    overdue_minor: Minor,
    /// The day on which all this was so.
    #[serde(default)]
    known_on: Option<Day>,
}

fn nothing() -> Minor {
    Whole(0)
}

impl Listed for CreditProfiles {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "Of this client."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

impl Plain for CreditProfiles {
    type Row = record::CreditProfile;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "credit_profile";
    const PLURAL: &'static str = "credit-profiles";

    fn fields(row: &record::CreditProfile) -> (Fields, Nothing) {
        let fields = Fields {
            client_id: row.client_id,
            limit_minor: Whole(row.limit_minor),
            currency: money::Currency::parse(&row.currency).ok().map(Currency),
            terms_days: row.terms_days.map(|it| Whole(it.into())),
            is_on_hold: row.is_on_hold,
            hold_reason: row.hold_reason.as_deref().map(Line::stored),
            outstanding_minor: Whole(row.outstanding_minor),
            overdue_minor: Whole(row.overdue_minor),
            known_on: row.known_on.map(Day),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::CreditProfile>,
    ) -> ApiResult<()> {
        writing.check::<record::Client>("client_id", "client", fields.client_id).await?;
        let client = fields.client_id.map(ClientId::from_uuid);
        let held = writing.scope.credit_profile_keys(&[client]).await?;
        let this = CreditProfileKey {
            source: writing.source.to_owned(),
            external_id: external_id.to_owned(),
        };
        if held.get(&client).is_some_and(|other| *other != this) {
            let detail = "this client has a credit profile already: change that one";
            return Err(ApiError::new(Code::Conflict, detail).at("client_id"));
        }
        let row = CreditProfileRow {
            external_id: this.external_id,
            client,
            limit: Money::new(fields.limit_minor.0, writing.currency(fields.currency)),
            terms_days: fields.terms_days.map(Whole::narrow),
            is_on_hold: fields.is_on_hold,
            hold_reason: fields.hold_reason.map(Line::into_string),
            outstanding_minor: fields.outstanding_minor.0,
            overdue_minor: fields.overdue_minor.0,
            known_on: fields.known_on.map(|it| it.0),
        };
        writing.scope.upsert_credit_profiles(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
