//! Contacts, and those of their addresses that must not be written to.

use store::{
    Scope, StoreResult,
    import::{ContactRow, SuppressionRow},
};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports contacts.
pub(crate) enum Contacts {}

/// A contact, its client still by its key.
pub(crate) struct ContactDraft {
    client: String,
    row: ContactRow,
    suppressed: Option<String>,
}

impl TableKind for Contacts {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The contact's key in the source.", "P-2001"),
        Column::required("client", "The key of the client where they work.", "C-1001"),
        Column::optional("name", "Their name.", "Inês Duarte"),
        Column::optional("title", "Their title.", "Head of Purchasing"),
        Column::optional("role", "What they decide about.", "purchasing"),
        Column::optional("email", "Their address; kept in lower case.", "ines@harbour.example"),
        Column::optional(
            "phone",
            "Their telephone number, as the source writes it.",
            "+351 21 000 000",
        ),
        Column::optional("known_since", "Since when they have been known.", "2021-09-15"),
        Column::optional("is_active", "Whether they still work there; yes if left out.", "true"),
        Column::optional(
            "suppressed",
            "Why their address must not be written to; empty if it may be.",
            "asked not to be written to",
        ),
    ];
    type Draft = ContactDraft;

    fn read(row: &mut Row<'_>) -> Option<ContactDraft> {
        let external_id = row.need("external_id", Row::key);
        let client = row.need("client", Row::key);
        let suppressed = row.text("suppressed");
        let contact = ContactRow {
            client: reference::unresolved(),
            name: row.name("name"),
            title: row.name("title"),
            role: row.name("role"),
            email: row.email("email"),
            phone: row.name("phone"),
            known_since: row.date("known_since"),
            is_active: row.flag("is_active").unwrap_or(true),
            external_id: external_id?,
        };
        if suppressed.is_some() && contact.email.is_none() {
            row.warn("suppressed", "there is no address to keep from being written to");
        }
        Some(ContactDraft { client: client?, row: contact, suppressed })
    }

    fn key(draft: &ContactDraft) -> &str {
        &draft.row.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[ContactDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().map(|draft| draft.client.as_str());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let mut outcome = Outcome::default();
        let mut suppressions = Vec::new();
        let rows = outcome.sort(drafts, |draft| {
            let client = clients.get("client", &draft.client)?;
            if let (Some(reason), Some(address)) = (&draft.suppressed, &draft.row.email) {
                let (address, reason) = (address.clone(), reason.clone());
                suppressions.push(SuppressionRow { address, reason });
            }
            Ok(ContactRow { client, ..draft.row.clone() })
        });
        outcome.count = scope.upsert_contacts(origin, &rows).await?;
        scope.upsert_suppressions(origin, &suppressions).await?;
        Ok(outcome)
    }
}
