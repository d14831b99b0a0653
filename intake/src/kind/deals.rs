//! Deals.

use domain::engagement::StageType;
use store::{Scope, StoreResult, import::DealRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports deals.
pub(crate) enum Deals {}

/// A deal, its client and contact still by their keys.
pub(crate) struct DealDraft {
    client: String,
    contact: Option<String>,
    row: DealRow,
}

impl TableKind for Deals {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The deal's key in the source.", "D-310"),
        Column::required("client", "The key of the client who would buy.", "C-1001"),
        Column::required("stage_type", "One of open, ongoing, on_hold, won, lost.", "ongoing"),
        Column::optional(
            "stage_name",
            "The source's name of the stage; its type if left out.",
            "Negotiation",
        ),
        Column::optional(
            "name",
            "The deal's name; its key if left out.",
            "Straps for the new hall",
        ),
        Column::optional("contact", "The key of the contact to write to.", "P-2001"),
        Column::optional(
            "stage_entered_on",
            "When it entered its stage; the closing day of a decided deal, else the opening day, if left out.",
            "2026-09-20",
        ),
        Column::optional("probability", "How likely it is to be won.", "0.6"),
        Column::optional("value", "What it is worth.", "18000.00"),
        Column::optional("currency", "Currency of its value; the tenant's if left out.", "EUR"),
        Column::optional("next_step", "What was agreed to happen next.", "send drawings"),
        Column::optional("next_step_on", "When.", "2026-10-30"),
        Column::optional("opened_on", "When it was opened.", "2026-09-01"),
        Column::optional("expected_close_on", "When it is expected to close.", "2026-12-15"),
        Column::optional("closed_on", "When it was won or lost.", "2026-12-10"),
        Column::optional("last_buyer_signal_on", "When the buyer last gave a sign.", "2026-10-12"),
        Column::optional("lost_reason", "Why it was lost.", "budget"),
    ];
    type Draft = DealDraft;

    fn read(row: &mut Row<'_>) -> Option<DealDraft> {
        let external_id = row.need("external_id", Row::key);
        let client = row.need("client", Row::key);
        let stage_type = row.need("stage_type", Row::word::<StageType>);
        let stage_name = row.name("stage_name");
        let name = row.name("name");
        let contact = row.key("contact");
        let currency = row.currency("currency");
        let value_minor = row.money("value", currency);
        let opened_on = row.date("opened_on");
        let closed_on = row.date("closed_on");
        let stage_entered_on = row.date("stage_entered_on");
        let probability = row.share("probability");
        let (next_step, next_step_on) = (row.text("next_step"), row.date("next_step_on"));
        let expected_close_on = row.date("expected_close_on");
        let last_buyer_signal_on = row.date("last_buyer_signal_on");
        let lost_reason = row.text("lost_reason");
        let (external_id, stage_type) = (external_id?, stage_type?);
        let decided_on =
            closed_on.filter(|_| matches!(stage_type, StageType::Won | StageType::Lost));
        let deal = DealRow {
            name: name.unwrap_or_else(|| external_id.clone()),
            client: reference::unresolved(),
            contact: None,
            stage_name: stage_name.unwrap_or_else(|| stage_type.to_string()),
            stage_entered_on: stage_entered_on.or(decided_on).or(opened_on),
            currency: value_minor.and(currency),
            external_id,
            stage_type,
            probability,
            value_minor,
            next_step,
            next_step_on,
            opened_on,
            expected_close_on,
            closed_on,
            last_buyer_signal_on,
            lost_reason,
        };
        Some(DealDraft { client: client?, contact, row: deal })
    }

    fn key(draft: &DealDraft) -> &str {
        &draft.row.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[DealDraft],
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
            Ok(DealRow { client, contact, ..draft.row.clone() })
        });
        outcome.count = scope.upsert_deals(origin, context.today, &rows).await?;
        Ok(outcome)
    }
}
