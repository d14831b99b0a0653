//! What orders have to come with.

use domain::{id::ClientId, order::RequirementKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::RequirementRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing},
    wire::{Day, Line, Word},
};

/// Requirements.
pub enum Requirements {}

/// What an order of a client, or of every client, has to come with, and the evidence held for it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Requirement")]
pub struct Fields {
    /// Whose orders; every client's if null.
    #[serde(default)]
    client_id: Option<Uuid>,
    /// What kind of evidence is asked for.
    kind: Word<RequirementKind>,
    /// What it is called; of an attachment, the name that the order's list has to contain.
    name: Line<300>,
    /// Whether the vendor's rules ask for it; otherwise the client's do.
    #[serde(default)]
    from_vendor: bool,
    /// Whether there is evidence at all.
    #[serde(default)]
    is_evidence_held: bool,
    /// The last day of the evidence; null when it does not end.
    #[serde(default)]
    valid_until: Option<Day>,
}

impl Listed for Requirements {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "For orders of this client."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

impl Plain for Requirements {
    type Row = record::Requirement;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "requirement";
    const PLURAL: &'static str = "requirements";

    fn fields(row: &record::Requirement) -> (Fields, Nothing) {
        let fields = Fields {
            client_id: row.client_id,
            kind: Word::stored(&row.kind),
            name: Line::stored(&row.name),
            from_vendor: row.from_vendor,
            is_evidence_held: row.is_evidence_held,
            valid_until: row.valid_until.map(Day),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Requirement>,
    ) -> ApiResult<()> {
        writing.check::<record::Client>("client_id", "client", fields.client_id).await?;
        let row = RequirementRow {
            external_id: external_id.to_owned(),
            client: fields.client_id.map(ClientId::from_uuid),
            kind: fields.kind.get()?,
            name: fields.name.into_string(),
            from_vendor: fields.from_vendor,
            is_evidence_held: fields.is_evidence_held,
            valid_until: fields.valid_until.map(|it| it.0),
        };
        writing.scope.upsert_requirements(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
