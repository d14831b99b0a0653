//! Deals and quotes, which the agent works on too: what is brought is merged with what it knows.

use std::collections::HashMap;

use domain::{
    engagement::{QuoteStatus, StageType},
    id::{ClientId, ContactId, DealId},
    money::{BasisPoints, Currency},
    time::Date,
};
use entity::{deal_stage_changes, deals, quotes};
use sea_orm::{ActiveValue::Set, IntoActiveModel, sea_query::Expr};

use super::{Origin, UpsertCount, bulk::Merge};
use crate::{Scope, StoreResult};

/// An opportunity, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealRow {
    /// Its key in the source.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Who would buy.
    pub client: ClientId,
    /// Whom to write to.
    pub contact: Option<ContactId>,
    /// The source's name of the stage.
    pub stage_name: String,
    /// What that stage means.
    pub stage_type: StageType,
    /// When it entered the stage; `None` when the source does not say.
    pub stage_entered_on: Option<Date>,
    /// How likely it is to be won.
    pub probability: Option<BasisPoints>,
    /// What it is worth, in minor units of `currency`.
    pub value_minor: Option<i64>,
    /// The currency of its value.
    pub currency: Option<Currency>,
    /// What was agreed to happen next.
    pub next_step: Option<String>,
    /// When.
    pub next_step_on: Option<Date>,
    /// When it was opened.
    pub opened_on: Option<Date>,
    /// When it is expected to close.
    pub expected_close_on: Option<Date>,
    /// When it was won or lost.
    pub closed_on: Option<Date>,
    /// When the buyer last gave a sign.
    pub last_buyer_signal_on: Option<Date>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
}

/// A quote, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRow {
    /// Its key in the source.
    pub external_id: String,
    /// Its number, as people know it.
    pub number: String,
    /// For whom.
    pub client: ClientId,
    /// Whom to write to.
    pub contact: Option<ContactId>,
    /// The deal that it is part of.
    pub deal: Option<DealId>,
    /// Where it is on its way.
    pub status: QuoteStatus,
    /// When it was sent.
    pub submitted_on: Option<Date>,
    /// When its receipt was confirmed.
    pub confirmed_on: Option<Date>,
    /// The last day on which it can be accepted.
    pub valid_until: Option<Date>,
    /// What it comes to, in minor units of `currency`.
    pub amount_minor: Option<i64>,
    /// The currency of the amount.
    pub currency: Option<Currency>,
    /// When it was decided.
    pub decided_on: Option<Date>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
}

impl Scope<'_> {
    /// Writes deals, counts close dates that were pushed, and logs stages that changed.
    ///
    /// `today` is the tenant's local date: a stage without a date of entry is entered today.
    pub async fn upsert_deals(
        &self,
        origin: &Origin<'_>,
        today: Date,
        rows: &[DealRow],
    ) -> StoreResult<UpsertCount> {
        let keys = rows.iter().map(|row| row.external_id.as_str());
        let held = self.held_rows::<deals::Entity>(origin, keys).await?;
        let held: HashMap<&str, &deals::Model> =
            held.iter().map(|deal| (deal.external_id.as_str(), deal)).collect();
        let mut log = Vec::new();
        let mut models = Vec::with_capacity(rows.len());
        for row in rows {
            let brought = self.deal(origin, today, row);
            let Some(stored) = held.get(row.external_id.as_str()) else {
                models.push(brought.into_active_model());
                continue;
            };
            let merged = merge_deal(stored, brought, row, today);
            log.extend(self.stage_change(origin, stored, &merged));
            models.push(merged.into_active_model());
        }
        let written = self.write_sourced(origin, models, &deal_columns(origin)).await?;
        self.insert_in_order(&mut log).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    /// Writes quotes. An undecided quote of the source does not undo a decision that is known here.
    pub async fn upsert_quotes(
        &self,
        origin: &Origin<'_>,
        rows: &[QuoteRow],
    ) -> StoreResult<UpsertCount> {
        let keys = rows.iter().map(|row| row.external_id.as_str());
        let held = self.held_rows::<quotes::Entity>(origin, keys).await?;
        let held: HashMap<&str, &quotes::Model> =
            held.iter().map(|quote| (quote.external_id.as_str(), quote)).collect();
        let mut models = Vec::with_capacity(rows.len());
        for row in rows {
            let mut merged = self.quote(origin, row);
            if let Some(stored) = held.get(row.external_id.as_str()) {
                merged = merge_quote(stored, merged, row.status);
            }
            models.push(merged.into_active_model());
        }
        let written = self.write_sourced(origin, models, &quote_columns(origin)).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    fn deal(&self, origin: &Origin<'_>, today: Date, row: &DealRow) -> deals::Model {
        deals::Model {
            id: self.ids.next_uuid(origin.at),
            tenant_id: self.tenant.uuid(),
            source: origin.source.to_owned(),
            external_id: row.external_id.clone(),
            name: row.name.clone(),
            client_id: row.client.uuid(),
            contact_id: row.contact.map(|contact| contact.uuid()),
            stage_name: row.stage_name.clone(),
            stage_type: row.stage_type.to_string(),
            stage_entered_on: row.stage_entered_on.unwrap_or(today),
            probability_bp: row.probability.map(|share| share.0),
            value_minor: row.value_minor,
            currency: row.currency.map(|currency| currency.to_string()),
            next_step: row.next_step.clone(),
            next_step_on: row.next_step_on,
            opened_on: row.opened_on,
            expected_close_on: row.expected_close_on,
            close_pushes: 0,
            closed_on: row.closed_on,
            last_buyer_signal_on: row.last_buyer_signal_on,
            last_follow_up_on: None,
            follow_ups_since_signal: 0,
            lost_reason: row.lost_reason.clone(),
            created_at: origin.at,
            updated_at: origin.at,
        }
    }

    fn quote(&self, origin: &Origin<'_>, row: &QuoteRow) -> quotes::Model {
        quotes::Model {
            id: self.ids.next_uuid(origin.at),
            tenant_id: self.tenant.uuid(),
            source: origin.source.to_owned(),
            external_id: row.external_id.clone(),
            number: row.number.clone(),
            client_id: row.client.uuid(),
            contact_id: row.contact.map(|contact| contact.uuid()),
            deal_id: row.deal.map(|deal| deal.uuid()),
            status: row.status.to_string(),
            submitted_on: row.submitted_on,
            confirmed_on: row.confirmed_on,
            valid_until: row.valid_until,
            amount_minor: row.amount_minor,
            currency: row.currency.map(|currency| currency.to_string()),
            last_follow_up_on: None,
            follow_ups: 0,
            decided_on: row.decided_on,
            lost_reason: row.lost_reason.clone(),
            loss_recorded_at: None,
            created_at: origin.at,
            updated_at: origin.at,
        }
    }

    fn stage_change(
        &self,
        origin: &Origin<'_>,
        stored: &deals::Model,
        merged: &deals::Model,
    ) -> Option<deal_stage_changes::ActiveModel> {
        if stored.stage_type == merged.stage_type {
            return None;
        }
        let changed_on = merged.stage_entered_on;
        let days = changed_on.signed_duration_since(stored.stage_entered_on).num_days();
        Some(deal_stage_changes::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            deal_id: Set(stored.id),
            from_stage: Set(stored.stage_type.clone()),
            to_stage: Set(merged.stage_type.clone()),
            changed_on: Set(changed_on),
            days_in_stage: Set(i32::try_from(days.max(0)).unwrap_or(i32::MAX)),
            changed_by: Set(origin.actor.to_string()),
            action_id: Set(None),
            created_at: Set(origin.at),
        })
    }
}

/// The columns of a deal that an import changes; its follow-ups are the agent's.
fn deal_columns(origin: &Origin<'_>) -> Merge<deals::Entity> {
    use deals::Column;
    Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
        .take([Column::Name, Column::ClientId, Column::ContactId, Column::StageName])
        .take([Column::StageType, Column::StageEnteredOn, Column::ProbabilityBp])
        .take([Column::ValueMinor, Column::Currency, Column::NextStep, Column::NextStepOn])
        .take([Column::OpenedOn, Column::ExpectedCloseOn, Column::ClosePushes])
        .take([Column::ClosedOn, Column::LastBuyerSignalOn, Column::LostReason])
        .renew(Column::UpdatedAt, Expr::value(origin.at))
        .owned_by(Column::ClientId)
}

/// The columns of a quote that an import changes; its follow-ups and the record of its loss are the agent's.
fn quote_columns(origin: &Origin<'_>) -> Merge<quotes::Entity> {
    use quotes::Column;
    Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
        .take([Column::Number, Column::ClientId, Column::ContactId, Column::DealId])
        .take([Column::Status, Column::SubmittedOn, Column::ConfirmedOn, Column::ValidUntil])
        .take([Column::AmountMinor, Column::Currency, Column::DecidedOn, Column::LostReason])
        .renew(Column::UpdatedAt, Expr::value(origin.at))
        .owned_by(Column::ClientId)
}

/// What a deal is, when the source says one thing and the agent has learned another.
fn merge_deal(
    stored: &deals::Model,
    brought: deals::Model,
    row: &DealRow,
    today: Date,
) -> deals::Model {
    let is_same_stage = stored.stage_type == brought.stage_type;
    // The agent moves deals on too: of two stages, the one that was entered later is the present one, and
    // without a date the one that is further on.
    let is_older = match row.stage_entered_on {
        Some(entered_on) => entered_on < stored.stage_entered_on,
        None => progress(&brought.stage_type) < progress(&stored.stage_type),
    };
    let is_pushed = stored
        .expected_close_on
        .zip(brought.expected_close_on)
        .is_some_and(|(before, after)| before < after);
    let mut merged = deals::Model {
        close_pushes: stored.close_pushes.saturating_add(i32::from(is_pushed)),
        // `None` is less than any date, so this is the later of the two that exist.
        last_buyer_signal_on: stored.last_buyer_signal_on.max(brought.last_buyer_signal_on),
        ..brought
    };
    if is_same_stage {
        let entered_on = row.stage_entered_on.unwrap_or(stored.stage_entered_on);
        merged.stage_entered_on = entered_on.max(stored.stage_entered_on);
        merged.lost_reason = merged.lost_reason.or_else(|| stored.lost_reason.clone());
    } else if is_older {
        merged.stage_name = stored.stage_name.clone();
        merged.stage_type = stored.stage_type.clone();
        merged.stage_entered_on = stored.stage_entered_on;
        merged.closed_on = stored.closed_on;
        merged.lost_reason = stored.lost_reason.clone();
    } else {
        merged.stage_entered_on = row.stage_entered_on.unwrap_or(today);
    }
    merged
}

/// How far a deal in such a stage is; a name that is not one of ours is no progress.
fn progress(stage_type: &str) -> u8 {
    match stage_type.parse() {
        Ok(StageType::Won | StageType::Lost) => 2,
        Ok(StageType::Ongoing | StageType::OnHold) => 1,
        Ok(StageType::Open) | Err(_) => 0,
    }
}

/// What a quote is, when the source says one thing and the agent has learned another.
fn merge_quote(
    stored: &quotes::Model,
    brought: quotes::Model,
    brought_status: QuoteStatus,
) -> quotes::Model {
    let is_undecided = |status| {
        matches!(status, QuoteStatus::Draft | QuoteStatus::Submitted | QuoteStatus::Confirmed)
    };
    let keeps_status = match stored.status.parse() {
        Ok(QuoteStatus::Expired) if stored.valid_until < brought.valid_until => false,
        Ok(status) => is_undecided(brought_status) && !is_undecided(status),
        Err(_) => false,
    };
    quotes::Model {
        status: if keeps_status { stored.status.clone() } else { brought.status },
        confirmed_on: brought.confirmed_on.or(stored.confirmed_on),
        decided_on: brought.decided_on.or(stored.decided_on),
        lost_reason: brought.lost_reason.or_else(|| stored.lost_reason.clone()),
        ..brought
    }
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, time::Timestamp};
    use sea_orm::prelude::Uuid;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn row(stage_type: StageType, entered_on: Option<&str>) -> DealRow {
        DealRow {
            external_id: "D1".to_owned(),
            name: "Forty pallets".to_owned(),
            client: Id::from_uuid(Uuid::nil()),
            contact: None,
            stage_name: format!("their {stage_type}"),
            stage_type,
            stage_entered_on: entered_on.map(day),
            probability: None,
            value_minor: None,
            currency: None,
            next_step: None,
            next_step_on: None,
            opened_on: None,
            expected_close_on: None,
            closed_on: None,
            last_buyer_signal_on: None,
            lost_reason: None,
        }
    }

    fn model(row: &DealRow) -> deals::Model {
        deals::Model {
            id: Uuid::nil(),
            tenant_id: Uuid::nil(),
            source: "import".to_owned(),
            external_id: row.external_id.clone(),
            name: row.name.clone(),
            client_id: Uuid::nil(),
            contact_id: None,
            stage_name: row.stage_name.clone(),
            stage_type: row.stage_type.to_string(),
            stage_entered_on: row.stage_entered_on.unwrap_or(day("2026-05-01")),
            probability_bp: None,
            value_minor: None,
            currency: None,
            next_step: None,
            next_step_on: None,
            opened_on: None,
            expected_close_on: row.expected_close_on,
            close_pushes: 0,
            closed_on: None,
            last_buyer_signal_on: row.last_buyer_signal_on,
            last_follow_up_on: None,
            follow_ups_since_signal: 0,
            lost_reason: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn of_two_stages_the_later_one_holds() {
        let stored = model(&row(StageType::Ongoing, Some("2026-05-10")));
        let table = [
            (StageType::Open, Some("2026-05-09"), "ongoing", "2026-05-10"),
            (StageType::Open, Some("2026-05-11"), "open", "2026-05-11"),
            (StageType::Open, None, "ongoing", "2026-05-10"),
            (StageType::Won, None, "won", "2026-06-01"),
            (StageType::OnHold, None, "on_hold", "2026-06-01"),
            (StageType::Ongoing, None, "ongoing", "2026-05-10"),
            (StageType::Ongoing, Some("2026-05-01"), "ongoing", "2026-05-10"),
            (StageType::Ongoing, Some("2026-05-20"), "ongoing", "2026-05-20"),
        ];
        for (stage_type, entered_on, expected, expected_on) in table {
            let row = row(stage_type, entered_on);
            let merged = merge_deal(&stored, model(&row), &row, day("2026-06-01"));
            let found = (merged.stage_type.as_str(), merged.stage_entered_on);
            assert_eq!(found, (expected, day(expected_on)), "{stage_type} {entered_on:?}");
        }
    }

    #[test]
    fn a_later_close_date_is_a_push_and_a_signal_is_never_forgotten() {
        let mut before = row(StageType::Open, None);
        before.expected_close_on = Some(day("2026-06-10"));
        before.last_buyer_signal_on = Some(day("2026-05-20"));
        let mut after = before.clone();
        after.expected_close_on = Some(day("2026-07-10"));
        after.last_buyer_signal_on = None;
        let stored = model(&before);
        let merged = merge_deal(&stored, model(&after), &after, day("2026-06-01"));
        assert_eq!(merged.close_pushes, 1);
        assert_eq!(merged.last_buyer_signal_on, Some(day("2026-05-20")));
        let again = merge_deal(&merged, model(&after), &after, day("2026-06-01"));
        assert_eq!(again.close_pushes, 1);
    }
}
