//! Requirements: what orders have to come with.

use domain::{order::RequirementKind, time::Date};
use store::{Scope, StoreResult, import::RequirementRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports requirements.
pub(crate) enum Requirements {}

/// A requirement, its client still by its key.
pub(crate) struct RequirementDraft {
    external_id: String,
    client: Option<String>,
    kind: RequirementKind,
    name: String,
    from_vendor: bool,
    is_evidence_held: bool,
    valid_until: Option<Date>,
}

impl TableKind for Requirements {
    const COLUMNS: &'static [Column] = &[
        Column::required("kind", "One of attachment, insurance, licence, po_number.", "insurance"),
        Column::required(
            "name",
            "What it is called; for an attachment, its name on the order.",
            "liability cover",
        ),
        Column::optional(
            "client",
            "The key of the client it is for; every client if left out.",
            "C-1001",
        ),
        Column::optional(
            "from_vendor",
            "Whether the vendor asks for it and not the client; no if left out.",
            "false",
        ),
        Column::optional("is_evidence_held", "Whether there is evidence; no if left out.", "true"),
        Column::optional(
            "valid_until",
            "The last day of the evidence; no end if left out.",
            "2026-12-31",
        ),
        Column::optional(
            "external_id",
            "The requirement's key in the source; made of client, kind and name if left out.",
            "RQ-3",
        ),
    ];
    type Draft = RequirementDraft;

    fn read(row: &mut Row<'_>) -> Option<RequirementDraft> {
        let kind = row.need("kind", Row::word::<RequirementKind>);
        let name = row.need("name", Row::name);
        let client = row.key("client");
        let external_id = row.key("external_id");
        let from_vendor = row.flag("from_vendor").unwrap_or(false);
        let is_evidence_held = row.flag("is_evidence_held").unwrap_or(false);
        let valid_until = row.date("valid_until");
        let (kind, name) = (kind?, name?);
        let made_key = || format!("{}/{kind}/{name}", client.as_deref().unwrap_or("*"));
        Some(RequirementDraft {
            external_id: external_id.unwrap_or_else(made_key),
            client,
            kind,
            name,
            from_vendor,
            is_evidence_held,
            valid_until,
        })
    }

    fn key(draft: &RequirementDraft) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[RequirementDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().filter_map(|draft| draft.client.as_deref());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let mut outcome = Outcome::default();
        let rows = outcome.sort(drafts, |draft| {
            Ok(RequirementRow {
                external_id: draft.external_id.clone(),
                client: clients.find("client", draft.client.as_deref())?,
                kind: draft.kind,
                name: draft.name.clone(),
                from_vendor: draft.from_vendor,
                is_evidence_held: draft.is_evidence_held,
                valid_until: draft.valid_until,
            })
        });
        outcome.count = scope.upsert_requirements(origin, &rows).await?;
        Ok(outcome)
    }
}
