//! The standing of accounts: what a priority rests on besides time, and who can be reached at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Days;
use domain::{
    engagement::{ComplianceCount, StageType},
    id::{ClientId, ContactId},
    money::Score,
    record::{ClockOwner, OrderStatus, Unreachable},
    time::{Date, Timestamp},
};
use entity::{
    cases, clients, contacts, deals, engagement_clocks as clocks, orders, quotes, suppressions,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, Order, QueryFilter,
    QueryOrder, QuerySelect, Statement,
    prelude::Uuid,
    sea_query::{Expr, NullOrdering},
};

use crate::{Scope, StoreResult, care, error::unreadable, moment::storable};

/// What an account's standing is computed from.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    /// Value a year as imported, in minor units of the tenant's currency.
    pub annual_value_minor: Option<i64>,
    /// Orders of the last year, in minor units.
    pub ordered_minor: i64,
    /// Churn risk as imported, in hundredths of a point.
    pub churn_risk: Option<i32>,
    /// Days with an order in the last two years.
    pub order_dates: Vec<Date>,
    /// Orders that are neither done nor called off.
    pub open_orders: u32,
    /// Deals that are neither won nor lost.
    pub open_deals: u32,
    /// Whether a quote waits for a decision.
    pub has_quote_pending: bool,
    /// Whether it is a customer at present.
    pub is_active: bool,
    /// Whether a complaint or safety case is open.
    pub has_open_case: bool,
}

/// Somebody at an account, as far as reaching them goes.
#[derive(Clone, Debug)]
pub struct ReachFacts {
    /// Who.
    pub contact: ContactId,
    /// Where.
    pub client: ClientId,
    /// Whether the records have an address.
    pub has_address: bool,
    /// Whether that address must not be written to.
    pub is_suppressed: bool,
    /// Whether the person is still there.
    pub is_active: bool,
}

/// What a clock is to say from now on.
#[derive(Clone, Debug)]
pub struct StandingUpdate {
    /// Whose clock.
    pub owner: ClockOwner,
    /// Which contact or account.
    pub entity: Uuid,
    /// The part of the priority that time does not change.
    pub points: i32,
    /// Why nobody can be written to there.
    pub unreachable: Option<Unreachable>,
}

/// A reading of two years is long enough to know a rhythm, and short enough to notice that it changed.
const RHYTHM_DAYS: u64 = 730;
/// "A year" of an account's value.
const YEAR_DAYS: u64 = 365;
/// Clocks changed in one statement.
pub(crate) const CLOCKS_PER_STATEMENT: usize = 5_000;

impl Scope<'_> {
    /// Accounts whose standing is unknown or older than `stale_before`, unknown ones first.
    pub async fn list_clients_to_refresh(
        &self,
        stale_before: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<ClientId>> {
        use clients::Column;
        let is_stale = Condition::any()
            .add(Column::StandingAt.is_null())
            .add(Column::StandingAt.lt(storable(stale_before)));
        let ids: Vec<Uuid> = clients::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(is_stale)
            // By itself SQLite puts the unknown first and Postgres last.
            .order_by_with_nulls(Column::StandingAt, Order::Asc, NullOrdering::First)
            .order_by_asc(Column::ExternalId)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(ids.into_iter().map(ClientId::from_uuid).collect())
    }

    /// What the standing of some accounts rests on; `now` and its day `today` hide what comes later.
    pub async fn load_account_facts(
        &self,
        ids: &[ClientId],
        now: Timestamp,
        today: Date,
    ) -> StoreResult<HashMap<ClientId, AccountFacts>> {
        let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let mut facts = HashMap::with_capacity(ids.len());
        let rows = clients::Entity::find()
            .filter(clients::Column::TenantId.eq(self.tenant.uuid()))
            .filter(clients::Column::Id.is_in(uuids.iter().copied()))
            .all(&self.conn)
            .await?;
        for row in rows {
            facts.insert(
                ClientId::from_uuid(row.id),
                AccountFacts {
                    annual_value_minor: row.annual_value_minor,
                    churn_risk: row.churn_risk,
                    is_active: row.is_active,
                    ..AccountFacts::default()
                },
            );
        }
        self.add_orders(&mut facts, &uuids, today).await?;
        self.add_pipeline(&mut facts, &uuids, today).await?;
        for client in self.clients_with_open_case(&uuids, now).await? {
            if let Some(it) = facts.get_mut(&client) {
                it.has_open_case = true;
            }
        }
        Ok(facts)
    }

    async fn add_orders(
        &self,
        facts: &mut HashMap<ClientId, AccountFacts>,
        clients: &[Uuid],
        today: Date,
    ) -> StoreResult<()> {
        use orders::Column;
        let since = today.checked_sub_days(Days::new(RHYTHM_DAYS)).unwrap_or(today);
        let year_ago = today.checked_sub_days(Days::new(YEAR_DAYS)).unwrap_or(today);
        let worth = Expr::cust(
            "CAST(COALESCE(SUM(COALESCE(computed_total_minor, declared_total_minor, 0)), 0) AS BIGINT)",
        );
        let unfinished = Expr::cust(
            "CAST(SUM(CASE WHEN status IN ('new', 'open', 'held') THEN 1 ELSE 0 END) AS BIGINT)",
        );
        let rows: Vec<(Uuid, Date, i64, i64)> = orders::Entity::find()
            .select_only()
            .column(Column::ClientId)
            .column(Column::OrderedOn)
            .column_as(worth, "worth")
            .column_as(unfinished, "unfinished")
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ClientId.is_in(clients.iter().copied()))
            .filter(Column::Status.ne(OrderStatus::Cancelled.as_str()))
            .filter(Column::OrderedOn.gte(since))
            .filter(Column::OrderedOn.lte(today))
            .group_by(Column::ClientId)
            .group_by(Column::OrderedOn)
            .into_tuple()
            .all(&self.conn)
            .await?;
        for (client, day, worth, unfinished) in rows {
            let Some(it) = facts.get_mut(&ClientId::from_uuid(client)) else { continue };
            it.order_dates.push(day);
            it.open_orders = it.open_orders.saturating_add(u32::try_from(unfinished).unwrap_or(0));
            if year_ago < day {
                it.ordered_minor = it.ordered_minor.saturating_add(worth);
            }
        }
        Ok(())
    }

    async fn add_pipeline(
        &self,
        facts: &mut HashMap<ClientId, AccountFacts>,
        clients: &[Uuid],
        today: Date,
    ) -> StoreResult<()> {
        let closed = [StageType::Won, StageType::Lost].map(StageType::as_str);
        let deals: Vec<(Uuid, i64)> = deals::Entity::find()
            .select_only()
            .column(deals::Column::ClientId)
            .column_as(Expr::cust("COUNT(*)"), "open_deals")
            .filter(deals::Column::TenantId.eq(self.tenant.uuid()))
            .filter(deals::Column::ClientId.is_in(clients.iter().copied()))
            .filter(deals::Column::StageType.is_not_in(closed))
            .filter(deals::Column::StageEnteredOn.lte(today))
            .group_by(deals::Column::ClientId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        for (client, count) in deals {
            if let Some(it) = facts.get_mut(&ClientId::from_uuid(client)) {
                it.open_deals = u32::try_from(count).unwrap_or(u32::MAX);
            }
        }
        let waiting: Vec<Uuid> = quotes::Entity::find()
            .select_only()
            .column(quotes::Column::ClientId)
            .distinct()
            .filter(quotes::Column::TenantId.eq(self.tenant.uuid()))
            .filter(quotes::Column::ClientId.is_in(clients.iter().copied()))
            .filter(quotes::Column::Status.is_in(["submitted", "confirmed"]))
            .filter(quotes::Column::SubmittedOn.lte(today))
            .into_tuple()
            .all(&self.conn)
            .await?;
        for client in waiting {
            if let Some(it) = facts.get_mut(&ClientId::from_uuid(client)) {
                it.has_quote_pending = true;
            }
        }
        Ok(())
    }

    /// Which of some accounts have a case of complaint or safety that is open at a moment.
    pub async fn clients_with_open_case(
        &self,
        clients: &[Uuid],
        now: Timestamp,
    ) -> StoreResult<HashSet<ClientId>> {
        let rows: Vec<Uuid> = cases::Entity::find()
            .select_only()
            .column(cases::Column::ClientId)
            .distinct()
            .filter(cases::Column::TenantId.eq(self.tenant.uuid()))
            .filter(cases::Column::ClientId.is_in(clients.iter().copied()))
            .filter(care::open_at(now))
            .filter(cases::Column::Kind.is_in(["complaint", "safety"]))
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(ClientId::from_uuid).collect())
    }

    /// Everybody at some accounts, with what decides whether they can be reached.
    pub async fn load_reach_facts(&self, clients: &[ClientId]) -> StoreResult<Vec<ReachFacts>> {
        use contacts::Column;
        let rows: Vec<(Uuid, Uuid, Option<String>, bool)> = contacts::Entity::find()
            .select_only()
            .columns([Column::Id, Column::ClientId, Column::Email, Column::IsActive])
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ClientId.is_in(clients.iter().map(|it| it.uuid())))
            .into_tuple()
            .all(&self.conn)
            .await?;
        let addresses: Vec<&String> =
            rows.iter().filter_map(|(_, _, email, _)| email.as_ref()).collect();
        let suppressed = self.suppressed_among(&addresses).await?;
        Ok(rows
            .iter()
            .map(|(contact, client, email, is_active)| ReachFacts {
                contact: ContactId::from_uuid(*contact),
                client: ClientId::from_uuid(*client),
                has_address: email.is_some(),
                is_suppressed: email.as_ref().is_some_and(|it| suppressed.contains_key(it)),
                is_active: *is_active,
            })
            .collect())
    }

    /// Which of some addresses must not be written to, and why.
    pub(crate) async fn suppressed_among(
        &self,
        addresses: &[&String],
    ) -> StoreResult<HashMap<String, String>> {
        let mut found = HashMap::new();
        for chunk in addresses.chunks(CLOCKS_PER_STATEMENT) {
            let rows = suppressions::Entity::find()
                .filter(suppressions::Column::TenantId.eq(self.tenant.uuid()))
                .filter(suppressions::Column::Address.is_in(chunk.iter().map(|it| it.as_str())))
                .all(&self.conn)
                .await?;
            found.extend(rows.into_iter().map(|row| (row.address, row.reason)));
        }
        Ok(found)
    }

    /// Writes standings, in one statement per distinct value, and notes when they were computed.
    pub async fn mark_standing(
        &self,
        clients: &[ClientId],
        updates: &[StandingUpdate],
        now: Timestamp,
    ) -> StoreResult<()> {
        use clocks::Column;
        let mut groups: BTreeMap<(ClockOwner, i32, Option<Unreachable>), Vec<Uuid>> =
            BTreeMap::new();
        for update in updates {
            groups
                .entry((update.owner, update.points, update.unreachable))
                .or_default()
                .push(update.entity);
        }
        for ((owner, points, unreachable), entities) in groups {
            let is_open = match unreachable {
                Some(_) => Expr::value(false),
                None => Expr::col(Column::FiredEpoch).ne(Expr::col(Column::Epoch)),
            };
            let because = unreachable.map(Unreachable::as_str);
            // What is so already is not written again: most clocks do not change from one day to the next.
            let is_other_reason = match because {
                Some(because) => Condition::any()
                    .add(Column::UnreachableBecause.is_null())
                    .add(Column::UnreachableBecause.ne(because)),
                None => Condition::any().add(Column::UnreachableBecause.is_not_null()),
            };
            let is_news = is_other_reason.add(Column::StandingPoints.ne(points));
            for chunk in entities.chunks(CLOCKS_PER_STATEMENT) {
                clocks::Entity::update_many()
                    .col_expr(Column::StandingPoints, Expr::value(points))
                    // In hundredths; what being overdue adds to it is computed when it is asked for.
                    .col_expr(Column::PriorityScore, Expr::value(Score::points(points).0))
                    .col_expr(Column::UnreachableBecause, Expr::value(because))
                    .col_expr(Column::IsOpen, is_open.clone())
                    .col_expr(Column::UpdatedAt, Expr::value(now))
                    .filter(Column::TenantId.eq(self.tenant.uuid()))
                    .filter(Column::EntityType.eq(owner.as_str()))
                    .filter(Column::EntityId.is_in(chunk.iter().copied()))
                    .filter(is_news.clone())
                    .exec(&self.conn)
                    .await?;
            }
        }
        for chunk in clients.chunks(CLOCKS_PER_STATEMENT) {
            clients::Entity::update_many()
                .col_expr(clients::Column::StandingAt, Expr::value(Some(now)))
                .filter(clients::Column::TenantId.eq(self.tenant.uuid()))
                .filter(clients::Column::Id.is_in(chunk.iter().map(|it| it.uuid())))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    /// Notes that something about some accounts changed, so that the next plan computes their standing anew.
    pub async fn mark_standing_stale(&self, clients: &[ClientId]) -> StoreResult<()> {
        for chunk in clients.chunks(CLOCKS_PER_STATEMENT) {
            clients::Entity::update_many()
                .col_expr(clients::Column::StandingAt, Expr::value(None::<Timestamp>))
                .filter(clients::Column::TenantId.eq(self.tenant.uuid()))
                .filter(clients::Column::Id.is_in(chunk.iter().map(|it| it.uuid())))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    /// How many contacts were touched in time. `in_time_since` is the earliest last touch that still is.
    pub async fn count_compliance(
        &self,
        now: Timestamp,
        in_time_since: Timestamp,
    ) -> StoreResult<ComplianceCount> {
        let backend = self.backend();
        let values = [self.tenant.uuid().into(), now.into(), in_time_since.into()];
        let statement = Statement::from_sql_and_values(backend, COMPLIANCE, values);
        let row = ComplianceRow::find_by_statement(statement).one(&self.conn).await?;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(row.map_or_else(ComplianceCount::default, |row| ComplianceCount {
            in_time: count(row.in_time),
            overdue: count(row.overdue),
            never_touched: count(row.never_touched),
            paused: count(row.paused),
            unreachable: count(row.unreachable),
        }))
    }

    /// Contacts that nobody can write to, with the reason, by key.
    pub async fn list_unreachable(
        &self,
        limit: u64,
    ) -> StoreResult<Vec<(ContactId, ClientId, Unreachable)>> {
        use clocks::Column;
        let rows = clocks::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::EntityType.eq(ClockOwner::Contact.as_str()))
            .filter(Column::UnreachableBecause.is_not_null())
            .order_by_asc(Column::UnreachableBecause)
            .order_by_asc(Column::EntityKey)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter()
            .filter_map(|row| Some((row.entity_id, row.client_id?, row.unreachable_because?)))
            .map(|(contact, client, because)| {
                let because =
                    because.parse().map_err(unreadable("engagement_clocks.unreachable_because"))?;
                Ok((ContactId::from_uuid(contact), ClientId::from_uuid(client), because))
            })
            .collect()
    }
}

#[derive(FromQueryResult)]
struct ComplianceRow {
    in_time: i64,
    overdue: i64,
    never_touched: i64,
    paused: i64,
    unreachable: i64,
}

const COMPLIANCE: &str = "\
    SELECT \
        CAST(COALESCE(SUM(CASE WHEN bucket = 'in_time' THEN 1 ELSE 0 END), 0) AS BIGINT) AS in_time, \
        CAST(COALESCE(SUM(CASE WHEN bucket = 'overdue' THEN 1 ELSE 0 END), 0) AS BIGINT) AS overdue, \
        CAST(COALESCE(SUM(CASE WHEN bucket = 'never' THEN 1 ELSE 0 END), 0) AS BIGINT) AS never_touched, \
        CAST(COALESCE(SUM(CASE WHEN bucket = 'paused' THEN 1 ELSE 0 END), 0) AS BIGINT) AS paused, \
        CAST(COALESCE(SUM(CASE WHEN bucket = 'unreachable' THEN 1 ELSE 0 END), 0) AS BIGINT) AS unreachable \
    FROM (SELECT CASE \
            WHEN unreachable_because IS NOT NULL THEN 'unreachable' \
            WHEN paused_until > $2 THEN 'paused' \
            WHEN last_touch_at IS NULL THEN 'never' \
            WHEN last_touch_at >= $3 THEN 'in_time' \
            ELSE 'overdue' END AS bucket \
        FROM engagement_clocks WHERE tenant_id = $1 AND entity_type = 'contact') AS clocks";
