//! What the agent keeps for a while.

use domain::{
    cycle::{Hypothesis, HypothesisState, Prediction, settled_confidence},
    engagement::TouchKind,
    id::{ClientId, MemoryId, RunId},
    money::BasisPoints,
    record::{MemoryKind, MemoryStatus},
    time::{BusinessCalendar, Timestamp},
};
use entity::{engagement_touches as touches, memories, order_exceptions, order_lines, orders};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{Scope, StoreResult, error::unreadable, tenant::json};

/// A hypothesis that is still open.
#[derive(Clone, Debug)]
pub struct OpenHypothesis {
    /// Which memory.
    pub id: MemoryId,
    /// Its key.
    pub key: String,
    /// What it says.
    pub hypothesis: Hypothesis,
}

/// A pattern to keep: seen once more each time it is written.
#[derive(Clone, Debug)]
pub struct Pattern<'a> {
    /// What makes it the same pattern.
    pub key: &'a str,
    /// What it says, ids and figures only.
    pub content: serde_json::Value,
    /// What it rests on.
    pub evidence: serde_json::Value,
    /// Until when it is kept.
    pub expires_at: Timestamp,
}

impl Scope<'_> {
    /// Keeps hypotheses that are not held already; returns the keys that are new.
    pub async fn insert_hypotheses(
        &self,
        run: RunId,
        hypotheses: &[Hypothesis],
        now: Timestamp,
    ) -> StoreResult<Vec<String>> {
        let mut kept = Vec::new();
        for hypothesis in hypotheses {
            let key = hypothesis.key();
            let held = memories::Entity::find()
                .filter(memories::Column::TenantId.eq(self.tenant.uuid()))
                .filter(memories::Column::Key.eq(key.as_str()))
                .filter(memories::Column::Status.eq(MemoryStatus::Active.as_str()))
                .one(&self.conn)
                .await?;
            if held.is_some() {
                continue;
            }
            let row = memories::ActiveModel {
                id: Set(self.ids.next_uuid(now)),
                tenant_id: Set(self.tenant.uuid()),
                run_id: Set(Some(run.uuid())),
                kind: Set(MemoryKind::Hypothesis.to_string()),
                scope_kind: Set(None),
                scope_id: Set(None),
                key: Set(key.clone()),
                content: Set(json(hypothesis)?),
                evidence: Set(serde_json::json!([])),
                confidence_bp: Set(settled_confidence(HypothesisState::Active).0),
                status: Set(MemoryStatus::Active.to_string()),
                // Judged at its end, and kept a while after that so that people can see what became of it.
                expires_at: Set(hypothesis.until + chrono::TimeDelta::days(KEEP_JUDGED_DAYS)),
                created_at: Set(now),
                updated_at: Set(now),
            };
            memories::Entity::insert(row)
                .on_conflict(renewed())
                .exec_without_returning(&self.conn)
                .await?;
            kept.push(key);
        }
        Ok(kept)
    }

    /// Hypotheses that nobody has judged, oldest first.
    pub async fn list_open_hypotheses(&self, limit: u64) -> StoreResult<Vec<OpenHypothesis>> {
        let rows = memories::Entity::find()
            .filter(memories::Column::TenantId.eq(self.tenant.uuid()))
            .filter(memories::Column::Kind.eq(MemoryKind::Hypothesis.as_str()))
            .filter(memories::Column::Status.eq(MemoryStatus::Active.as_str()))
            .order_by_asc(memories::Column::CreatedAt)
            .order_by_asc(memories::Column::Key)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(OpenHypothesis {
                    id: MemoryId::from_uuid(row.id),
                    key: row.key,
                    hypothesis: serde_json::from_value(row.content)
                        .map_err(unreadable("memories.content"))?,
                })
            })
            .collect()
    }

    /// When what a hypothesis predicts was first seen after it was made.
    pub async fn find_seen(
        &self,
        hypothesis: &Hypothesis,
        calendar: &BusinessCalendar,
        now: Timestamp,
    ) -> StoreResult<Option<Timestamp>> {
        let since_day = calendar.local_date(hypothesis.since);
        let today = calendar.local_date(now);
        match hypothesis.prediction {
            Prediction::OrderFrom { client } => {
                let day = orders::Entity::find()
                    .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
                    .filter(orders::Column::ClientId.eq(client.uuid()))
                    .filter(orders::Column::OrderedOn.gt(since_day))
                    .filter(orders::Column::OrderedOn.lte(today))
                    .order_by_asc(orders::Column::OrderedOn)
                    .one(&self.conn)
                    .await?;
                Ok(day.map(|row| calendar.start_of(row.ordered_on)))
            }
            Prediction::SignalOn { deal } => {
                let Some(deal) = self.find_deal(deal).await? else { return Ok(None) };
                self.find_inbound_since(deal.client, hypothesis.since, now).await
            }
            Prediction::PriceAgain { product, unit_price_minor } => {
                let row = order_lines::Entity::find()
                    .filter(order_lines::Column::TenantId.eq(self.tenant.uuid()))
                    .filter(order_lines::Column::ProductId.eq(product.uuid()))
                    .filter(order_lines::Column::UnitPriceMinor.eq(unit_price_minor))
                    .filter(
                        order_lines::Column::OrderId.in_subquery(
                            sea_orm::sea_query::Query::select()
                                .column(order_exceptions::Column::OrderId)
                                .from(order_exceptions::Entity)
                                .and_where(
                                    Expr::col(order_exceptions::Column::TenantId)
                                        .eq(self.tenant.uuid()),
                                )
                                .and_where(
                                    Expr::col(order_exceptions::Column::Code).eq("PRICE_MISMATCH"),
                                )
                                .and_where(
                                    Expr::col(order_exceptions::Column::FirstSeenAt)
                                        .gt(hypothesis.since),
                                )
                                .and_where(
                                    Expr::col(order_exceptions::Column::FirstSeenAt).lte(now),
                                )
                                .to_owned(),
                        ),
                    )
                    .one(&self.conn)
                    .await?;
                Ok(row.map(|_| now))
            }
        }
    }

    async fn find_inbound_since(
        &self,
        client: ClientId,
        since: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Option<Timestamp>> {
        // Touches, and not messages: an out-of-office note or a bounce wakes nobody.
        let at: Option<Timestamp> = touches::Entity::find()
            .select_only()
            .column(touches::Column::TouchedAt)
            .filter(touches::Column::TenantId.eq(self.tenant.uuid()))
            .filter(touches::Column::ClientId.eq(client.uuid()))
            .filter(touches::Column::TouchType.eq(TouchKind::InboundEmail.as_str()))
            .filter(touches::Column::TouchedAt.gt(since))
            .filter(touches::Column::TouchedAt.lte(now))
            .order_by_asc(touches::Column::TouchedAt)
            .into_tuple()
            .one(&self.conn)
            .await?;
        Ok(at)
    }

    /// Records how a hypothesis was judged.
    pub async fn mark_judged(
        &self,
        id: MemoryId,
        state: HypothesisState,
        now: Timestamp,
    ) -> StoreResult<()> {
        use memories::Column;
        let status = match state {
            HypothesisState::Active => MemoryStatus::Active,
            HypothesisState::Confirmed => MemoryStatus::Confirmed,
            HypothesisState::Dropped => MemoryStatus::Dropped,
        };
        memories::Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::ConfidenceBp, Expr::value(settled_confidence(state).0))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(MemoryStatus::Active.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Keeps a pattern, or renews it.
    pub async fn upsert_pattern(
        &self,
        run: RunId,
        pattern: &Pattern<'_>,
        now: Timestamp,
    ) -> StoreResult<()> {
        let row = memories::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            run_id: Set(Some(run.uuid())),
            kind: Set(MemoryKind::Pattern.to_string()),
            scope_kind: Set(None),
            scope_id: Set(None),
            key: Set(pattern.key.to_owned()),
            content: Set(pattern.content.clone()),
            evidence: Set(pattern.evidence.clone()),
            confidence_bp: Set(BasisPoints(5_000).0),
            status: Set(MemoryStatus::Active.to_string()),
            expires_at: Set(pattern.expires_at),
            created_at: Set(now),
            updated_at: Set(now),
        };
        memories::Entity::insert(row)
            .on_conflict(renewed())
            .exec_without_returning(&self.conn)
            .await?;
        Ok(())
    }

    /// Lets go of what is past its time to live; returns how many.
    pub async fn expire_memories(&self, now: Timestamp) -> StoreResult<u32> {
        use memories::Column;
        let ended = memories::Entity::update_many()
            .col_expr(Column::Status, Expr::value(MemoryStatus::Expired.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ExpiresAt.lte(now))
            .filter(Column::Status.ne(MemoryStatus::Expired.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(u32::try_from(ended.rows_affected).unwrap_or(u32::MAX))
    }
}

/// How long a judged hypothesis stays to be seen.
const KEEP_JUDGED_DAYS: i64 = 30;

fn renewed() -> OnConflict {
    use memories::Column;
    OnConflict::columns([Column::TenantId, Column::Key])
        .update_columns([
            Column::RunId,
            Column::Content,
            Column::Evidence,
            Column::ConfidenceBp,
            Column::Status,
            Column::ExpiresAt,
            Column::UpdatedAt,
        ])
        .to_owned()
}
