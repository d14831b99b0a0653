//! Quotes and bids.

use domain::engagement::QuoteStatus;
use store::{Scope, StoreResult, import::QuoteRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports quotes.
pub(crate) enum Quotes {}

/// A quote, its references still by their keys.
pub(crate) struct QuoteDraft {
    client: String,
    contact: Option<String>,
    deal: Option<String>,
    row: QuoteRow,
}

impl TableKind for Quotes {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The quote's key in the source.", "Q-88"),
        Column::required("client", "The key of the client it is for.", "C-1001"),
        Column::required(
            "status",
            "One of draft, submitted, confirmed, won, lost, expired.",
            "submitted",
        ),
        Column::optional(
            "number",
            "Its number, as people know it; its key if left out.",
            "2026-88",
        ),
        Column::optional("contact", "The key of the contact to write to.", "P-2001"),
        Column::optional("deal", "The key of the deal it is part of.", "D-310"),
        Column::optional("submitted_on", "When it was sent.", "2026-10-02"),
        Column::optional("confirmed_on", "When its receipt was confirmed.", "2026-10-05"),
        Column::optional("valid_until", "The last day on which it can be accepted.", "2026-11-30"),
        Column::optional("amount", "What it comes to.", "17400.00"),
        Column::optional("currency", "Currency of the amount; the tenant's if left out.", "EUR"),
        Column::optional("decided_on", "When it was decided.", "2026-11-12"),
        Column::optional("lost_reason", "Why it was lost.", "price"),
    ];
    type Draft = QuoteDraft;

    fn read(row: &mut Row<'_>) -> Option<QuoteDraft> {
        let external_id = row.need("external_id", Row::key);
        let client = row.need("client", Row::key);
        let status = row.need("status", Row::word::<QuoteStatus>);
        let number = row.key("number").or_else(|| external_id.clone());
        let (contact, deal) = (row.key("contact"), row.key("deal"));
        let currency = row.currency("currency");
        let amount_minor = row.money("amount", currency);
        let quote = QuoteRow {
            submitted_on: row.date("submitted_on"),
            confirmed_on: row.date("confirmed_on"),
            valid_until: row.date("valid_until"),
            currency: amount_minor.and(currency),
            amount_minor,
            decided_on: row.date("decided_on"),
            lost_reason: row.text("lost_reason"),
            external_id: external_id?,
            number: number?,
            status: status?,
            client: reference::unresolved(),
            contact: None,
            deal: None,
        };
        Some(QuoteDraft { client: client?, contact, deal, row: quote })
    }

    fn key(draft: &QuoteDraft) -> &str {
        &draft.row.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[QuoteDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().map(|draft| draft.client.as_str());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.contact.as_deref());
        let contacts = reference::contacts(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.deal.as_deref());
        let deals = reference::deals(scope, origin.source, keys).await?;
        let mut outcome = Outcome::default();
        let rows = outcome.sort(drafts, |draft| {
            let client = clients.get("client", &draft.client)?;
            let contact = contacts.find("contact", draft.contact.as_deref())?;
            let deal = deals.find("deal", draft.deal.as_deref())?;
            Ok(QuoteRow { client, contact, deal, ..draft.row.clone() })
        });
        outcome.count = scope.upsert_quotes(origin, &rows).await?;
        Ok(outcome)
    }
}
