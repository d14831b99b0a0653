//! Complaints, safety concerns and service matters.

use domain::{
    id::{ClientId, ContactId, MessageId, OrderId},
    proposal::CaseKind,
    record::OpenOrClosed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::CaseRow, record};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Plain, Writing},
    wire::{Line, Moment, Word, Words},
};

/// Cases.
pub enum Cases {}

/// A complaint, a safety concern or a service matter that is being looked after.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Case")]
pub struct Fields {
    /// Whose.
    client_id: Uuid,
    /// Who raised it.
    #[serde(default)]
    contact_id: Option<Uuid>,
    /// Which order it is about.
    #[serde(default)]
    order_id: Option<Uuid>,
    /// What it is about.
    kind: Word<CaseKind>,
    /// How grave it is, in the words of the system it comes from.
    #[serde(default = "normal")]
    severity: Line<300>,
    /// Whether it still has to be looked after.
    #[serde(default = "open")]
    status: Word<OpenOrClosed>,
    /// When it was raised; the tenant's present if left out.
    #[serde(default)]
    opened_at: Option<Moment>,
    /// When it was settled; the tenant's present if it is closed and this left out.
    #[serde(default)]
    closed_at: Option<Moment>,
}

fn normal() -> Line<300> {
    Line::stored("normal")
}

fn open() -> Word<OpenOrClosed> {
    Word::of(OpenOrClosed::Open)
}

/// What is known of a case beside what was brought.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Extra {
    /// The message that raised it.
    message_id: Option<Uuid>,
    /// The action that opened it.
    action_id: Option<Uuid>,
    /// Who opened it: `agent`, `cli:NAME` or `key:ID`.
    opened_by: String,
}

impl Listed for Cases {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "Of this client."),
        FilterSpec::is("order_id", Holds::Id, "About this order."),
        FilterSpec::is("status", Holds::Word(OpenOrClosed::names), "In this state."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "opened_at", holds: Holds::Moment }];
}

impl Plain for Cases {
    type Row = record::Case;
    type Fields = Fields;
    type Extra = Extra;

    const NOUN: &'static str = "case";
    const PLURAL: &'static str = "cases";

    fn fields(row: &record::Case) -> (Fields, Extra) {
        let fields = Fields {
            client_id: row.client_id,
            contact_id: row.contact_id,
            order_id: row.order_id,
            kind: Word::stored(&row.kind),
            severity: Line::stored(&row.severity),
            status: Word::stored(&row.status),
            opened_at: Some(Moment(row.opened_at)),
            closed_at: row.closed_at.map(Moment),
        };
        let extra = Extra {
            message_id: row.message_id,
            action_id: row.action_id,
            opened_by: row.opened_by.clone(),
        };
        (fields, extra)
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        before: Option<&record::Case>,
    ) -> ApiResult<()> {
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        writing.check::<record::Contact>("contact_id", "contact", fields.contact_id).await?;
        writing.check::<record::Order>("order_id", "order", fields.order_id).await?;
        let status = fields.status.get()?;
        let opened_at = fields.opened_at.map_or(writing.now, |it| it.0);
        let closed_at = match status {
            OpenOrClosed::Open => None,
            OpenOrClosed::Closed => Some(fields.closed_at.map_or(writing.now, |it| it.0)),
        };
        if closed_at.is_some_and(|closed| closed < opened_at) {
            return Err(ApiError::field("closed_at", "is before opened_at: mend one of the two"));
        }
        let row = CaseRow {
            external_id: external_id.to_owned(),
            client: ClientId::from_uuid(fields.client_id),
            contact: fields.contact_id.map(ContactId::from_uuid),
            order: fields.order_id.map(OrderId::from_uuid),
            message: before.and_then(|it| it.message_id).map(MessageId::from_uuid),
            kind: fields.kind.get()?,
            severity: fields.severity.into_string(),
            status,
            opened_at,
            closed_at,
        };
        writing.scope.upsert_cases(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
