//! Companies that the tenant sells to.

use domain::money::Score;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::ClientRow, record};

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing},
    wire::{Day, Formed, Line, MailDomain, Minor, Whole},
};

/// Clients.
pub enum Clients {}

/// A company that the tenant sells to.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Client")]
pub struct Fields {
    /// Its name.
    name: Line<300>,
    /// Whether it is a customer at present.
    #[serde(default = "yes")]
    is_active: bool,
    /// What kind of client it is, in the words of the system it comes from.
    #[serde(default)]
    client_type: Option<Line<300>>,
    /// Its country, as that system writes it.
    #[serde(default)]
    country: Option<Line<300>>,
    /// Its mail domain, in lower case: mail from there is told to be from this client.
    #[serde(default)]
    domain: Option<MailDomain>,
    /// What it is worth in a year, in minor units of the tenant's currency.
    #[serde(default)]
    annual_value_minor: Option<Minor>,
    /// How likely it is to be lost: 10,000 is certain; worked out from its orders if null.
    #[serde(default)]
    churn_risk_bp: Option<Whole<0, 10_000>>,
    /// Since when it has been a client.
    #[serde(default)]
    known_since: Option<Day>,
}

fn yes() -> bool {
    true
}

impl Listed for Clients {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("is_active", Holds::Flag, "Only customers at present, or only others."),
        FilterSpec::is("domain", Holds::Text, "With this mail domain."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "name", holds: Holds::Text }];
}

impl Plain for Clients {
    type Row = record::Client;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "client";
    const PLURAL: &'static str = "clients";

    fn fields(row: &record::Client) -> (Fields, Nothing) {
        let fields = Fields {
            name: Line::stored(&row.name),
            is_active: row.is_active,
            client_type: row.client_type.as_deref().map(Line::stored),
            country: row.country.as_deref().map(Line::stored),
            domain: row.domain.as_deref().map(MailDomain::stored),
            annual_value_minor: row.annual_value_minor.map(Whole),
            churn_risk_bp: row.churn_risk.map(|it| Whole(it.into())),
            known_since: row.known_since.map(Day),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Client>,
    ) -> ApiResult<()> {
        let row = ClientRow {
            external_id: external_id.to_owned(),
            name: fields.name.into_string(),
            is_active: fields.is_active,
            client_type: fields.client_type.map(Line::into_string),
            country: fields.country.map(Line::into_string),
            domain: fields.domain.map(MailDomain::into_string),
            annual_value_minor: fields.annual_value_minor.map(|it| it.0),
            churn_risk: fields.churn_risk_bp.map(|it| Score(it.narrow())),
            known_since: fields.known_since.map(|it| it.0),
        };
        writing.scope.upsert_clients(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
