//! What accounts have to hand in.

use domain::{
    engagement::ComplianceStatus,
    id::{ClientId, ContactId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::ComplianceItemRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Plain, Writing},
    wire::{Day, Line, Word, Words},
};

/// Compliance items.
pub enum ComplianceItems {}

/// Something that an account has to hand in by a day, such as a certificate.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ComplianceItem")]
pub struct Fields {
    /// Who has to hand it in.
    client_id: Uuid,
    /// Who is reminded.
    #[serde(default)]
    contact_id: Option<Uuid>,
    /// What it is called.
    name: Line<300>,
    /// The day on which it is due.
    due_on: Day,
    /// Whether it is there; one that was asked for does not become merely missing again.
    #[serde(default = "missing")]
    status: Word<ComplianceStatus>,
    /// The vendor manager's own word for its state.
    #[serde(default)]
    vendor_status: Option<Line<300>>,
}

fn missing() -> Word<ComplianceStatus> {
    Word::of(ComplianceStatus::Missing)
}

/// What is known of an item beside what was brought.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Extra {
    /// When the account was last reminded.
    last_reminder_on: Option<Day>,
    /// How often it was reminded.
    reminders: i32,
}

impl Listed for ComplianceItems {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "Of this client."),
        FilterSpec::is("status", Holds::Word(ComplianceStatus::names), "In this state."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "due_on", holds: Holds::Day }];
}

impl Plain for ComplianceItems {
    type Row = record::ComplianceItem;
    type Fields = Fields;
    type Extra = Extra;

    const NOUN: &'static str = "compliance_item";
    const PLURAL: &'static str = "compliance-items";

    fn fields(row: &record::ComplianceItem) -> (Fields, Extra) {
        let fields = Fields {
            client_id: row.client_id,
            contact_id: row.contact_id,
            name: Line::stored(&row.name),
            due_on: Day(row.due_on),
            status: Word::stored(&row.status),
            vendor_status: row.vendor_status.as_deref().map(Line::stored),
        };
        let extra =
            Extra { last_reminder_on: row.last_reminder_on.map(Day), reminders: row.reminders };
        (fields, extra)
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::ComplianceItem>,
    ) -> ApiResult<()> {
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        writing.check::<record::Contact>("contact_id", "contact", fields.contact_id).await?;
        let status = fields.status.get()?;
        let row = ComplianceItemRow {
            external_id: external_id.to_owned(),
            client: ClientId::from_uuid(fields.client_id),
            contact: fields.contact_id.map(ContactId::from_uuid),
            name: fields.name.into_string(),
            due_on: fields.due_on.0,
            status,
            vendor_status: fields.vendor_status.map(Line::into_string),
        };
        writing.scope.upsert_compliance_items(&writing.origin(), &[row]).await?;
        let because = "it was asked for already: it is `requested` until it is there";
        writing.check_status::<record::ComplianceItem>(external_id, status.as_str(), because).await
    }
}
