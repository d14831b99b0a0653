//! Compliance items.

use domain::engagement::ComplianceStatus;
use store::{Scope, StoreResult, import::ComplianceItemRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports compliance items.
pub(crate) enum Compliance {}

/// An item, its client and contact still by their keys.
pub(crate) struct ItemDraft {
    client: String,
    contact: Option<String>,
    row: ComplianceItemRow,
}

impl TableKind for Compliance {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The item's key in the source.", "CI-12"),
        Column::required("client", "The key of the client who has to hand it in.", "C-1001"),
        Column::required("name", "What it is called.", "insurance certificate 2027"),
        Column::required("due_on", "The day on which it is due.", "2026-12-31"),
        Column::optional(
            "status",
            "One of missing, requested, received, waived, expired; missing if left out.",
            "requested",
        ),
        Column::optional("contact", "The key of the contact who is reminded.", "P-2001"),
        Column::optional(
            "vendor_status",
            "The vendor manager's own word for its state.",
            "pending upload",
        ),
    ];
    type Draft = ItemDraft;

    fn read(row: &mut Row<'_>) -> Option<ItemDraft> {
        let external_id = row.need("external_id", Row::key);
        let client = row.need("client", Row::key);
        let name = row.need("name", Row::name);
        let due_on = row.need("due_on", Row::date);
        let contact = row.key("contact");
        let item = ComplianceItemRow {
            status: row.word("status").unwrap_or(ComplianceStatus::Missing),
            vendor_status: row.name("vendor_status"),
            external_id: external_id?,
            name: name?,
            due_on: due_on?,
            client: reference::unresolved(),
            contact: None,
        };
        Some(ItemDraft { client: client?, contact, row: item })
    }

    fn key(draft: &ItemDraft) -> &str {
        &draft.row.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[ItemDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().map(|draft| draft.client.as_str());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.contact.as_deref());
        let contacts = reference::contacts(scope, origin.source, keys).await?;
        let mut outcome = Outcome::default();
        let rows = outcome.sort(drafts, |draft| {
            let client = clients.get("client", &draft.client)?;
            let contact = contacts.find("contact", draft.contact.as_deref())?;
            Ok(ComplianceItemRow { client, contact, ..draft.row.clone() })
        });
        outcome.count = scope.upsert_compliance_items(origin, &rows).await?;
        Ok(outcome)
    }
}
