//! Credit profiles: one per client, and one for all clients without their own.

use std::collections::HashSet;

use domain::{money::Money, time::Date};
use store::{Scope, StoreResult, import::CreditProfileRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{
    column::Column,
    fault::{Fault, shown},
    row::Row,
};

/// Imports credit profiles.
pub(crate) enum CreditProfiles {}

/// The key of the profile for all clients without their own, where the file gives none.
const DEFAULT_KEY: &str = "default";

/// A profile, its client still by its key.
pub(crate) struct ProfileDraft {
    external_id: String,
    client: Option<String>,
    limit: Money,
    terms_days: Option<i32>,
    is_on_hold: bool,
    hold_reason: Option<String>,
    outstanding_minor: i64,
    overdue_minor: i64,
    known_on: Option<Date>,
}

impl TableKind for CreditProfiles {
    const COLUMNS: &'static [Column] = &[
        Column::required("limit", "The most that may be owed at a time.", "20000.00"),
        Column::optional(
            "client",
            "The client's key; empty for all clients without their own.",
            "C-1001",
        ),
        Column::optional("currency", "Currency of the amounts; the tenant's if left out.", "EUR"),
        Column::optional("terms_days", "The longest terms agreed, in days.", "30"),
        Column::optional("is_on_hold", "Whether new credit is stopped; no if left out.", "false"),
        Column::optional("hold_reason", "Why it is stopped.", "two invoices disputed"),
        Column::optional(
            "outstanding",
            "What is owed; negative when the client is owed money.",
            "4210.00",
        ),
        Column::optional("overdue", "The part of it that is past its due date.", "0"),
        Column::optional("known_on", "The day on which all this was so.", "2026-10-01"),
        Column::optional(
            "external_id",
            "The profile's key in the source; the client's if left out.",
            "CR-9",
        ),
    ];
    type Draft = ProfileDraft;

    fn read(row: &mut Row<'_>) -> Option<ProfileDraft> {
        let client = row.key("client");
        let currency = row.currency("currency");
        let limit_minor = row.need("limit", |row, column| row.money(column, currency));
        let external_id = row.key("external_id").or_else(|| client.clone());
        Some(ProfileDraft {
            external_id: external_id.unwrap_or_else(|| DEFAULT_KEY.to_owned()),
            client,
            terms_days: row.terms_days("terms_days"),
            is_on_hold: row.flag("is_on_hold").unwrap_or(false),
            hold_reason: row.text("hold_reason"),
            outstanding_minor: row.balance("outstanding", currency).unwrap_or(0),
            overdue_minor: row.money("overdue", currency).unwrap_or(0),
            known_on: row.date("known_on"),
            limit: Money::new(limit_minor?, currency?),
        })
    }

    fn key(draft: &ProfileDraft) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[ProfileDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().filter_map(|draft| draft.client.as_deref());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let owners: Vec<_> = drafts
            .iter()
            .map(|draft| draft.client.as_deref().and_then(|key| clients.try_get(key)))
            .collect();
        let held = scope.credit_profile_keys(&owners).await?;
        let mut outcome = Outcome::default();
        let mut served = HashSet::new();
        let rows = outcome.sort(drafts, |draft| {
            let client = clients.find("client", draft.client.as_deref())?;
            let other = held.get(&client).filter(|held| {
                held.source != origin.source || held.external_id != draft.external_id
            });
            if let Some(other) = other {
                return Err(has_one(&other.external_id, &other.source));
            }
            if !served.insert(client) {
                return Err(has_one("an earlier row", "this file"));
            }
            Ok(CreditProfileRow {
                external_id: draft.external_id.clone(),
                client,
                limit: draft.limit,
                terms_days: draft.terms_days,
                is_on_hold: draft.is_on_hold,
                hold_reason: draft.hold_reason.clone(),
                outstanding_minor: draft.outstanding_minor,
                overdue_minor: draft.overdue_minor,
                known_on: draft.known_on,
            })
        });
        outcome.count = scope.upsert_credit_profiles(origin, &rows).await?;
        Ok(outcome)
    }
}

/// The fault of a second profile for one client.
fn has_one(external_id: &str, source: &str) -> Fault {
    Fault::new(
        "client",
        format!("has a credit profile already: `{}` of {}", shown(external_id), shown(source)),
        "keep one profile per client, under one external_id",
    )
}
