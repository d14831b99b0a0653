//! Deals, quotes, compliance items and goals: what waits, and that something was done about it.

use domain::{
    action::Actor,
    cycle::GoalStatus,
    engagement::{
        ComplianceFacts, ComplianceStatus, DealFacts, QuoteFacts, QuoteStatus, StageType,
    },
    id::{ActionId, ClientId, ComplianceItemId, ContactId, DealId, GoalId, QuoteId},
    money::{Currency, Money},
    record::{GoalMetric, OrderStatus},
    time::{Date, Timestamp},
};
use entity::{compliance_items, deal_stage_changes, deals, goals, orders, quotes};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};

use crate::{Scope, StoreResult, Transition, error::unreadable};

/// A deal as it is stored.
#[derive(Clone, Debug)]
pub struct DealRow {
    /// Which deal.
    pub id: DealId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its stage's name.
    pub stage_name: String,
    /// The account.
    pub client: ClientId,
    /// The person it is with.
    pub contact: Option<ContactId>,
    /// Its state.
    pub facts: DealFacts,
    /// What comes next, in words.
    pub next_step: Option<String>,
    /// What it is worth.
    pub value: Option<Money>,
}

/// A quote as it is stored.
#[derive(Clone, Debug)]
pub struct QuoteRow {
    /// Which quote.
    pub id: QuoteId,
    /// Its key.
    pub key: String,
    /// Its number.
    pub number: String,
    /// The account.
    pub client: ClientId,
    /// The person it is with.
    pub contact: Option<ContactId>,
    /// Its state.
    pub facts: QuoteFacts,
    /// Why it was lost.
    pub lost_reason: Option<String>,
    /// Whether that was kept as a pattern.
    pub is_loss_recorded: bool,
}

/// A compliance item as it is stored.
#[derive(Clone, Debug)]
pub struct ComplianceRow {
    /// Which item.
    pub id: ComplianceItemId,
    /// Its key.
    pub key: String,
    /// What has to be handed in.
    pub name: String,
    /// The account.
    pub client: ClientId,
    /// The person it is with.
    pub contact: Option<ContactId>,
    /// Its state.
    pub facts: ComplianceFacts,
}

impl Scope<'_> {
    /// Deals that are neither won nor lost and were opened by `today`, in the order of their last follow-up or, if
    /// there was none, of their stage's beginning.
    pub async fn list_open_deals(&self, today: Date, limit: u64) -> StoreResult<Vec<DealRow>> {
        let open = [StageType::Open, StageType::Ongoing, StageType::OnHold].map(StageType::as_str);
        let rows = deals::Entity::find()
            .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(deals::Column::StageType.is_in(open))
            .filter(deals::Column::StageEnteredOn.lte(today))
            .order_by_asc(Func::coalesce([
                Expr::col(deals::Column::LastFollowUpOn),
                Expr::col(deals::Column::StageEnteredOn),
            ]))
            .order_by_asc(deals::Column::ExternalId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(deal).collect()
    }

    /// One deal.
    pub async fn find_deal(&self, id: DealId) -> StoreResult<Option<DealRow>> {
        let row = deals::Entity::find()
            .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(deals::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(deal).transpose()
    }

    /// The deals of some accounts that are neither won nor lost.
    pub async fn list_deals_of(
        &self,
        clients: &[ClientId],
        today: Date,
    ) -> StoreResult<Vec<DealRow>> {
        let open = [StageType::Open, StageType::Ongoing, StageType::OnHold].map(StageType::as_str);
        let rows = deals::Entity::find()
            .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(deals::Column::ClientId.is_in(clients.iter().map(|it| it.uuid())))
            .filter(deals::Column::StageType.is_in(open))
            .filter(deals::Column::StageEnteredOn.lte(today))
            .order_by_asc(deals::Column::ExternalId)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(deal).collect()
    }

    /// Notes that we followed up on a deal.
    pub async fn mark_deal_followed_up(
        &self,
        id: DealId,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<()> {
        use deals::Column;
        deals::Entity::update_many()
            .col_expr(Column::LastFollowUpOn, Expr::value(Some(on)))
            .col_expr(Column::FollowUpsSinceSignal, Expr::col(Column::FollowUpsSinceSignal).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Notes that a buyer of an account wrote: its open deals are not quiet any more.
    pub async fn mark_buyer_signal(
        &self,
        client: ClientId,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<()> {
        use deals::Column;
        let closed = [StageType::Won, StageType::Lost].map(StageType::as_str);
        let is_older = sea_orm::Condition::any()
            .add(Column::LastBuyerSignalOn.is_null())
            .add(Column::LastBuyerSignalOn.lt(on));
        deals::Entity::update_many()
            .col_expr(Column::LastBuyerSignalOn, Expr::value(Some(on)))
            .col_expr(Column::FollowUpsSinceSignal, Expr::value(0))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ClientId.eq(client.uuid()))
            .filter(Column::StageType.is_not_in(closed))
            .filter(Column::StageEnteredOn.lte(on))
            .filter(is_older)
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Moves a deal from one stage type to the next, and keeps how long it had been there.
    pub async fn mark_deal_advanced(
        &self,
        deal: &DealRow,
        to: StageType,
        action: ActionId,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use deals::Column;
        let moved = deals::Entity::update_many()
            .col_expr(Column::StageType, Expr::value(to.as_str()))
            .col_expr(Column::StageName, Expr::value(to.as_str()))
            .col_expr(Column::StageEnteredOn, Expr::value(on))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(deal.id.uuid()))
            .filter(Column::StageType.eq(deal.facts.stage_type.as_str()))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 0 {
            return Ok(Transition::Lost);
        }
        let days = on.signed_duration_since(deal.facts.stage_entered_on).num_days();
        let change = deal_stage_changes::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            deal_id: Set(deal.id.uuid()),
            from_stage: Set(deal.stage_name.clone()),
            to_stage: Set(to.to_string()),
            changed_on: Set(on),
            days_in_stage: Set(i32::try_from(days).unwrap_or(i32::MAX)),
            changed_by: Set(Actor::Agent.to_string()),
            action_id: Set(Some(action.uuid())),
            created_at: Set(now),
        };
        deal_stage_changes::Entity::insert(change).exec_without_returning(&self.conn).await?;
        Ok(Transition::Moved)
    }

    /// Quotes that wait for a decision and are still valid, or were lost without the loss being kept, oldest first.
    pub async fn list_pending_quotes(&self, today: Date, limit: u64) -> StoreResult<Vec<QuoteRow>> {
        use quotes::Column;
        let waiting = Column::Status
            .is_in([QuoteStatus::Submitted, QuoteStatus::Confirmed].map(QuoteStatus::as_str))
            .and(Column::ValidUntil.is_null().or(Column::ValidUntil.gte(today)));
        let lost =
            Column::Status.eq(QuoteStatus::Lost.as_str()).and(Column::LossRecordedAt.is_null());
        let rows = quotes::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(waiting.or(lost))
            .filter(Column::SubmittedOn.lte(today))
            .order_by_asc(Column::SubmittedOn)
            .order_by_asc(Column::ExternalId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(quote).collect()
    }

    /// One quote.
    pub async fn find_quote(&self, id: QuoteId) -> StoreResult<Option<QuoteRow>> {
        let row = quotes::Entity::find()
            .filter(quotes::Column::TenantId.eq(self.tenant.uuid()))
            .filter(quotes::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(quote).transpose()
    }

    /// The quotes of some accounts that wait for a decision.
    pub async fn list_waiting_quotes_of(
        &self,
        clients: &[ClientId],
        today: Date,
    ) -> StoreResult<Vec<QuoteRow>> {
        use quotes::Column;
        let rows =
            quotes::Entity::find()
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::ClientId.is_in(clients.iter().map(|it| it.uuid())))
                .filter(Column::Status.is_in(
                    [QuoteStatus::Submitted, QuoteStatus::Confirmed].map(QuoteStatus::as_str),
                ))
                .filter(Column::SubmittedOn.lte(today))
                .order_by_asc(Column::ExternalId)
                .all(&self.conn)
                .await?;
        rows.into_iter().map(quote).collect()
    }

    /// Notes that we followed up on a quote.
    pub async fn mark_quote_followed_up(
        &self,
        id: QuoteId,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<()> {
        use quotes::Column;
        quotes::Entity::update_many()
            .col_expr(Column::LastFollowUpOn, Expr::value(Some(on)))
            .col_expr(Column::FollowUps, Expr::col(Column::FollowUps).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Notes that a quote was lost, and that its reason is kept.
    pub async fn mark_quote_lost(
        &self,
        id: QuoteId,
        reason: &str,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use quotes::Column;
        let changed = quotes::Entity::update_many()
            .col_expr(Column::Status, Expr::value(QuoteStatus::Lost.as_str()))
            .col_expr(Column::LostReason, Expr::value(Some(reason)))
            .col_expr(
                Column::DecidedOn,
                Func::coalesce([Expr::col(Column::DecidedOn), Expr::value(on)]).into(),
            )
            .col_expr(Column::LossRecordedAt, Expr::value(Some(now)))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::LossRecordedAt.is_null())
            .exec(&self.conn)
            .await?;
        Ok(if changed.rows_affected == 1 { Transition::Moved } else { Transition::AlreadyThere })
    }

    /// Compliance items that are missing and due by `horizon`, the most urgent first.
    pub async fn list_compliance_due(
        &self,
        horizon: Date,
        limit: u64,
    ) -> StoreResult<Vec<ComplianceRow>> {
        use compliance_items::Column;
        let missing =
            [ComplianceStatus::Missing, ComplianceStatus::Requested, ComplianceStatus::Expired];
        let rows = compliance_items::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Status.is_in(missing.map(ComplianceStatus::as_str)))
            .filter(Column::DueOn.lte(horizon))
            .order_by_asc(Column::DueOn)
            .order_by_asc(Column::ExternalId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(compliance).collect()
    }

    /// One compliance item.
    pub async fn find_compliance_item(
        &self,
        id: ComplianceItemId,
    ) -> StoreResult<Option<ComplianceRow>> {
        let row = compliance_items::Entity::find()
            .filter(compliance_items::Column::TenantId.eq(self.tenant.uuid()))
            .filter(compliance_items::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(compliance).transpose()
    }

    /// Notes that we reminded somebody of a compliance item.
    pub async fn mark_compliance_reminded(
        &self,
        id: ComplianceItemId,
        on: Date,
        now: Timestamp,
    ) -> StoreResult<()> {
        use compliance_items::Column;
        compliance_items::Entity::update_many()
            .col_expr(Column::LastReminderOn, Expr::value(Some(on)))
            .col_expr(Column::Reminders, Expr::col(Column::Reminders).add(1))
            .col_expr(Column::Status, Expr::value(ComplianceStatus::Requested.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Goals whose time has come, with what is reached of them by `today`.
    pub async fn list_goals(&self, today: Date, limit: u64) -> StoreResult<Vec<GoalStatus>> {
        let rows = goals::Entity::find()
            .filter(goals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(goals::Column::StartsOn.lte(today))
            .filter(goals::Column::EndsOn.gte(today))
            .order_by_asc(goals::Column::ExternalId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let metric: GoalMetric = row.metric.parse().map_err(unreadable("goals.metric"))?;
            found.push(GoalStatus {
                goal: GoalId::from_uuid(row.id),
                actual: self.reached(metric, row.starts_on, today).await?,
                metric: row.metric,
                target: row.target,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
            });
        }
        Ok(found)
    }

    async fn reached(&self, metric: GoalMetric, from: Date, to: Date) -> StoreResult<i64> {
        let placed = orders::Entity::find()
            .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
            .filter(orders::Column::Status.ne(OrderStatus::Cancelled.as_str()))
            .filter(orders::Column::OrderedOn.gte(from))
            .filter(orders::Column::OrderedOn.lte(to));
        let count = match metric {
            GoalMetric::Orders => placed.count(&self.conn).await?,
            GoalMetric::Revenue => {
                let sum = Expr::cust(
                    "CAST(COALESCE(SUM(COALESCE(computed_total_minor, declared_total_minor, 0)), 0) AS BIGINT)",
                );
                let sum: Option<i64> = placed
                    .select_only()
                    .column_as(sum, "worth")
                    .into_tuple()
                    .one(&self.conn)
                    .await?;
                return Ok(sum.unwrap_or(0));
            }
            GoalMetric::DealsWon => {
                deals::Entity::find()
                    .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
                    .filter(deals::Column::StageType.eq(StageType::Won.as_str()))
                    .filter(deals::Column::ClosedOn.gte(from))
                    .filter(deals::Column::ClosedOn.lte(to))
                    .count(&self.conn)
                    .await?
            }
        };
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

fn deal(row: deals::Model) -> StoreResult<DealRow> {
    let value = match (row.value_minor, row.currency) {
        (Some(minor), Some(code)) => {
            Some(Money::new(minor, Currency::parse(&code).map_err(unreadable("deals.currency"))?))
        }
        _ => None,
    };
    Ok(DealRow {
        id: DealId::from_uuid(row.id),
        key: row.external_id,
        name: row.name,
        stage_name: row.stage_name,
        client: ClientId::from_uuid(row.client_id),
        contact: row.contact_id.map(ContactId::from_uuid),
        facts: DealFacts {
            stage_type: row.stage_type.parse().map_err(unreadable("deals.stage_type"))?,
            stage_entered_on: row.stage_entered_on,
            last_buyer_signal_on: row.last_buyer_signal_on,
            next_step_on: row.next_step_on,
            expected_close_on: row.expected_close_on,
            close_pushes: row.close_pushes,
            last_follow_up_on: row.last_follow_up_on,
            follow_ups_since_signal: row.follow_ups_since_signal,
        },
        next_step: row.next_step,
        value,
    })
}

fn quote(row: quotes::Model) -> StoreResult<QuoteRow> {
    Ok(QuoteRow {
        id: QuoteId::from_uuid(row.id),
        key: row.external_id,
        number: row.number,
        client: ClientId::from_uuid(row.client_id),
        contact: row.contact_id.map(ContactId::from_uuid),
        facts: QuoteFacts {
            status: row.status.parse().map_err(unreadable("quotes.status"))?,
            submitted_on: row.submitted_on,
            confirmed_on: row.confirmed_on,
            valid_until: row.valid_until,
            last_follow_up_on: row.last_follow_up_on,
            follow_ups: row.follow_ups,
        },
        lost_reason: row.lost_reason,
        is_loss_recorded: row.loss_recorded_at.is_some(),
    })
}

fn compliance(row: compliance_items::Model) -> StoreResult<ComplianceRow> {
    Ok(ComplianceRow {
        id: ComplianceItemId::from_uuid(row.id),
        key: row.external_id,
        name: row.name,
        client: ClientId::from_uuid(row.client_id),
        contact: row.contact_id.map(ContactId::from_uuid),
        facts: ComplianceFacts {
            due_on: row.due_on,
            status: row.status.parse().map_err(unreadable("compliance_items.status"))?,
            last_reminder_on: row.last_reminder_on,
            reminders: row.reminders,
        },
    })
}
