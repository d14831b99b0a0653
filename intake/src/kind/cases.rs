//! Cases.

use domain::{proposal::CaseKind, record::OpenOrClosed};
use store::{Scope, StoreResult, import::CaseRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports cases.
pub(crate) enum Cases {}

/// How grave a case is when nobody says.
const DEFAULT_SEVERITY: &str = "normal";

/// A case, its references still by their keys.
pub(crate) struct CaseDraft {
    client: String,
    contact: Option<String>,
    order: Option<String>,
    message: Option<String>,
    row: CaseRow,
}

impl TableKind for Cases {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The case's key in the source.", "T-5512"),
        Column::required("client", "The key of the client it is about.", "C-1001"),
        Column::required("kind", "One of complaint, safety, service.", "complaint"),
        Column::required(
            "opened_at",
            "When it was raised; local time unless it has an offset.",
            "2026-10-20 14:05",
        ),
        Column::optional(
            "status",
            "One of open, closed; open if left out and not closed_at.",
            "open",
        ),
        Column::optional("closed_at", "When it was settled.", "2026-10-22 09:00"),
        Column::optional(
            "severity",
            "How grave it is, in the source's words; `normal` if left out.",
            "high",
        ),
        Column::optional("contact", "The key of the contact who raised it.", "P-2001"),
        Column::optional("order", "The key of the order it is about.", "4711"),
        Column::optional(
            "message",
            "The Message-ID of the imported message that raised it.",
            "abc@mail.harbour.example",
        ),
    ];
    type Draft = CaseDraft;

    fn read(row: &mut Row<'_>) -> Option<CaseDraft> {
        let external_id = row.need("external_id", Row::key);
        let client = row.need("client", Row::key);
        let kind = row.need("kind", Row::word::<CaseKind>);
        let opened_at = row.need("opened_at", Row::moment);
        let closed_at = row.moment("closed_at");
        if closed_at.zip(opened_at).is_some_and(|(closed, opened)| closed < opened) {
            row.refuse("closed_at", "is before opened_at", "mend one of the two moments");
        }
        let implied = if closed_at.is_some() { OpenOrClosed::Closed } else { OpenOrClosed::Open };
        let case = CaseRow {
            severity: row.name("severity").unwrap_or_else(|| DEFAULT_SEVERITY.to_owned()),
            status: row.word::<OpenOrClosed>("status").unwrap_or(implied),
            closed_at,
            client: reference::unresolved(),
            contact: None,
            order: None,
            message: None,
            external_id: external_id?,
            kind: kind?,
            opened_at: opened_at?,
        };
        let (contact, order) = (row.key("contact"), row.key("order"));
        let message = row.name("message");
        let message = message.map(|id| id.trim_matches(['<', '>']).to_owned());
        Some(CaseDraft { client: client?, contact, order, message, row: case })
    }

    fn key(draft: &CaseDraft) -> &str {
        &draft.row.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[CaseDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().map(|draft| draft.client.as_str());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.contact.as_deref());
        let contacts = reference::contacts(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.order.as_deref());
        let orders = reference::orders(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.message.as_deref());
        let messages = reference::messages(scope, keys).await?;
        let mut outcome = Outcome::default();
        let rows = outcome.sort(drafts, |draft| {
            Ok(CaseRow {
                client: clients.get("client", &draft.client)?,
                contact: contacts.find("contact", draft.contact.as_deref())?,
                order: orders.find("order", draft.order.as_deref())?,
                message: messages.find("message", draft.message.as_deref())?,
                ..draft.row.clone()
            })
        });
        outcome.count = scope.upsert_cases(origin, &rows).await?;
        Ok(outcome)
    }
}
