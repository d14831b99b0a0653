//! Orders: which wait for a check, and what was found.
//!
//! What a check needs to know is loaded in [`crate::order_facts`].

use std::collections::HashSet;

use domain::{
    cycle::OrderRef,
    id::{ClientId, OrderId, RunId},
    order::{Fault, OrderVerdict},
    record::{OpenOrClosed, OrderStatus},
    time::{Date, Timestamp},
};
use entity::{order_exceptions, orders};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Scope, StoreResult, Transition,
    brought::{self, Holds},
    error::unreadable,
};

const CHECKED: &str = "\
    UPDATE orders SET status = brought.status, computed_total_minor = brought.total, \
        checked_at = $2, updated_at = $2 \
    FROM brought \
    WHERE orders.tenant_id = $1 AND orders.id = brought.id AND orders.status = brought.was \
    RETURNING orders.id";

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// What a check found, ready to be kept.
#[derive(Clone, Debug)]
pub struct CheckedOrder {
    /// Which order.
    pub id: OrderId,
    /// The status that the check was made in.
    pub from: OrderStatus,
    /// The verdict.
    pub verdict: OrderVerdict,
}

/// An exception as people see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ExceptionRow {
    /// The order's number.
    pub order_number: String,
    /// Which order.
    pub order_id: OrderId,
    /// The specification's type.
    #[serde(rename = "type")]
    pub exception_type: String,
    /// Trade code.
    pub code: String,
    /// Whether it holds the order.
    pub severity: String,
    /// Where in the order.
    pub field_path: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What was found.
    pub actual: Option<String>,
    /// What to do.
    pub suggested_fix: String,
    /// Whose it is to do.
    pub owner_role: String,
    /// Open or closed.
    pub status: String,
}

/// An order as a list shows it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct OrderRow {
    /// Which order.
    pub id: OrderId,
    /// Its number.
    pub number: String,
    /// Whose it is.
    pub client: ClientId,
    /// Where it is.
    pub status: String,
    /// The day it was ordered.
    pub ordered_on: Date,
    /// What its lines add up to, or what it says of itself until it was checked; minor units.
    pub total_minor: Option<i64>,
    /// The currency of that.
    pub currency: String,
}

/// How far an accepted order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderProgress {
    /// When it left.
    pub shipped_on: Option<Date>,
    /// When it arrived.
    pub delivered_on: Option<Date>,
    /// When it was billed.
    pub billed_on: Option<Date>,
    /// The status that this was made from.
    pub was: OrderStatus,
    /// The status that follows from it.
    pub status: OrderStatus,
}

/// Ids in one statement: well under the 32,766 parameters that SQLite takes.
const IDS_PER_STATEMENT: usize = 5_000;

impl Scope<'_> {
    /// Orders that were never checked and are visible by their date, oldest first.
    pub async fn list_orders_waiting(&self, today: Date, limit: u64) -> StoreResult<Vec<OrderRef>> {
        self.order_refs(OrderStatus::New, today, None, limit).await
    }

    /// Held orders whose last check is older than `checked_before`, oldest check first.
    pub async fn list_orders_held(
        &self,
        today: Date,
        checked_before: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<OrderRef>> {
        self.order_refs(OrderStatus::Held, today, Some(checked_before), limit).await
    }

    async fn order_refs(
        &self,
        status: OrderStatus,
        today: Date,
        checked_before: Option<Timestamp>,
        limit: u64,
    ) -> StoreResult<Vec<OrderRef>> {
        use orders::Column;
        let mut query = orders::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Status.eq(status.as_str()))
            .filter(Column::OrderedOn.lte(today));
        if let Some(before) = checked_before {
            query = query.filter(Column::CheckedAt.lt(before)).order_by_asc(Column::CheckedAt);
        }
        let rows = query
            .order_by_asc(Column::OrderedOn)
            .order_by_asc(Column::Number)
            .limit(limit)
            .all(&self.conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| OrderRef {
                id: OrderId::from_uuid(row.id),
                number: row.number,
                client: ClientId::from_uuid(row.client_id),
                ordered_on: row.ordered_on,
                required_on: row.required_on,
                revision: row.updated_at,
                is_recheck: status == OrderStatus::Held,
            })
            .collect())
    }

    /// Dates and numbers of some orders, which is the order in which they are checked.
    pub async fn order_keys(&self, ids: &[OrderId]) -> StoreResult<Vec<(Date, String, OrderId)>> {
        use orders::Column;
        let mut keys = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let rows: Vec<(Date, String, Uuid)> = orders::Entity::find()
                .select_only()
                .columns([Column::OrderedOn, Column::Number, Column::Id])
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
                .into_tuple()
                .all(&self.conn)
                .await?;
            keys.extend(
                rows.into_iter().map(|(day, number, id)| (day, number, OrderId::from_uuid(id))),
            );
        }
        Ok(keys)
    }

    /// Keeps verdicts: the orders' status and total, their faults, and that earlier faults are gone.
    ///
    /// Finding a fault again renews it. Nothing is written for an order that has moved on meanwhile; returned are
    /// those that had not.
    pub async fn mark_orders_checked(
        &self,
        checked: &[CheckedOrder],
        run: RunId,
        now: Timestamp,
    ) -> StoreResult<HashSet<OrderId>> {
        let mut moved = HashSet::with_capacity(checked.len());
        for chunk in checked.chunks(brought::ROWS_PER_STATEMENT) {
            let row = |it: &CheckedOrder| {
                let to = if it.verdict.holds() { OrderStatus::Held } else { OrderStatus::Open };
                vec![
                    it.id.uuid().into(),
                    it.from.as_str().into(),
                    to.as_str().into(),
                    it.verdict.total.map(|total| total.minor).into(),
                ]
            };
            let rows: Vec<_> = chunk.iter().map(row).collect();
            let fixed = vec![self.tenant.uuid().into(), now.into()];
            let columns = &[
                ("id", Holds::Id),
                ("was", Holds::Text),
                ("status", Holds::Text),
                ("total", Holds::Whole),
            ];
            let statement = brought::statement(self.backend(), columns, CHECKED, fixed, &rows)?;
            let ids = IdRow::find_by_statement(statement).all(&self.conn).await?;
            moved.extend(ids.into_iter().map(|row| OrderId::from_uuid(row.id)));
        }
        let kept: Vec<&CheckedOrder> = checked.iter().filter(|it| moved.contains(&it.id)).collect();
        let held = kept.iter().filter(|it| it.from == OrderStatus::Held);
        self.close_exceptions(held.map(|it| it.id.uuid()).collect(), now).await?;
        self.upsert_exceptions(&kept, run, now).await?;
        Ok(moved)
    }

    async fn close_exceptions(&self, orders: Vec<Uuid>, now: Timestamp) -> StoreResult<()> {
        use order_exceptions::Column;
        for chunk in orders.chunks(brought::ROWS_PER_STATEMENT) {
            order_exceptions::Entity::update_many()
                .col_expr(Column::Status, Expr::value(OpenOrClosed::Closed.as_str()))
                .col_expr(Column::ResolvedAt, Expr::value(Some(now)))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::OrderId.is_in(chunk.iter().copied()))
                .filter(Column::Status.eq(OpenOrClosed::Open.as_str()))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    async fn upsert_exceptions(
        &self,
        checked: &[&CheckedOrder],
        run: RunId,
        now: Timestamp,
    ) -> StoreResult<()> {
        use order_exceptions::Column;
        // Two faults of one code at one place are one exception.
        let mut seen = HashSet::new();
        let faults =
            checked.iter().flat_map(|it| it.verdict.faults.iter().map(|fault| (it.id, fault)));
        let rows: Vec<_> = faults
            .filter(|(order, fault)| seen.insert((*order, fault.code, &fault.field_path)))
            .map(|(order, fault)| self.exception(order, fault, run, now))
            .collect();
        let renew = OnConflict::columns([
            Column::TenantId,
            Column::OrderId,
            Column::Code,
            Column::FieldPath,
        ])
        .update_columns([
            Column::Severity,
            Column::Expected,
            Column::Actual,
            Column::Tolerance,
            Column::SuggestedFix,
            Column::Status,
            Column::LastSeenAt,
            Column::ResolvedAt,
        ])
        .to_owned();
        self.insert_or(&rows, Some(&renew)).await
    }

    fn exception(
        &self,
        order: OrderId,
        fault: &Fault,
        run: RunId,
        now: Timestamp,
    ) -> order_exceptions::ActiveModel {
        order_exceptions::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            order_id: Set(order.uuid()),
            run_id: Set(Some(run.uuid())),
            exception_type: Set(fault.exception_type.to_string()),
            code: Set(fault.code.to_string()),
            severity: Set(fault.severity.to_string()),
            line_no: Set(fault.line_no),
            field_path: Set(fault.field_path.clone()),
            expected: Set(fault.expected.clone()),
            actual: Set(fault.actual.clone()),
            tolerance: Set(fault.tolerance.clone()),
            suggested_fix: Set(fault.suggested_fix.clone()),
            owner_role: Set(fault.owner_role.to_string()),
            resolves_itself: Set(fault.resolves_itself),
            status: Set(OpenOrClosed::Open.to_string()),
            first_seen_at: Set(now),
            last_seen_at: Set(now),
            resolved_at: Set(None),
        }
    }

    /// Notes how far an accepted order is. Nothing that was checked changes.
    pub async fn mark_order_progressed(
        &self,
        id: OrderId,
        progress: &OrderProgress,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use orders::Column;
        let moved = orders::Entity::update_many()
            .col_expr(Column::ShippedOn, Expr::value(progress.shipped_on))
            .col_expr(Column::DeliveredOn, Expr::value(progress.delivered_on))
            .col_expr(Column::BilledOn, Expr::value(progress.billed_on))
            .col_expr(Column::Status, Expr::value(progress.status.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(progress.was.as_str()))
            .exec(&self.conn)
            .await?;
        self.clear_standing_of_order(moved.rows_affected, id).await
    }

    /// Calls an order off that is not done, and closes what is wrong with it.
    pub async fn mark_order_cancelled(
        &self,
        id: OrderId,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use orders::Column;
        let going = [OrderStatus::New, OrderStatus::Held, OrderStatus::Open];
        let moved = orders::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OrderStatus::Cancelled.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.is_in(going.map(OrderStatus::as_str)))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 1 {
            order_exceptions::Entity::update_many()
                .col_expr(
                    order_exceptions::Column::Status,
                    Expr::value(OpenOrClosed::Closed.as_str()),
                )
                .col_expr(order_exceptions::Column::ResolvedAt, Expr::value(Some(now)))
                .filter(order_exceptions::Column::TenantId.eq(self.tenant.uuid()))
                .filter(order_exceptions::Column::OrderId.eq(id.uuid()))
                .filter(order_exceptions::Column::Status.eq(OpenOrClosed::Open.as_str()))
                .exec(&self.conn)
                .await?;
        }
        self.clear_standing_of_order(moved.rows_affected, id).await
    }

    /// Has the next plan look anew at the client of an order that was moved.
    async fn clear_standing_of_order(&self, moved: u64, id: OrderId) -> StoreResult<Transition> {
        let order = self.find_record::<orders::Model>(id.uuid()).await?;
        match order {
            Some(order) if moved == 1 => {
                self.mark_standing_stale(&[ClientId::from_uuid(order.client_id)]).await?;
                Ok(Transition::Moved)
            }
            Some(order) if order.status == OrderStatus::Cancelled.as_str() => {
                Ok(Transition::AlreadyThere)
            }
            _ => Ok(Transition::Lost),
        }
    }

    /// Exceptions of one order or of all, newest order first.
    pub async fn list_exceptions(
        &self,
        order: Option<OrderId>,
        only_open: bool,
        limit: u64,
    ) -> StoreResult<Vec<ExceptionRow>> {
        use order_exceptions::Column;
        let mut query =
            order_exceptions::Entity::find().filter(Column::TenantId.eq(self.tenant.uuid()));
        if let Some(order) = order {
            query = query.filter(Column::OrderId.eq(order.uuid()));
        }
        if only_open {
            query = query.filter(Column::Status.eq(OpenOrClosed::Open.as_str()));
        }
        let rows = query
            .order_by_desc(Column::FirstSeenAt)
            .order_by_asc(Column::OrderId)
            .order_by_asc(Column::FieldPath)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let ids: HashSet<_> = rows.iter().map(|row| row.order_id).collect();
        let numbers = self.order_numbers(ids.into_iter().collect()).await?;
        Ok(rows
            .into_iter()
            .map(|row| ExceptionRow {
                order_number: numbers.get(&row.order_id).cloned().unwrap_or_default(),
                order_id: OrderId::from_uuid(row.order_id),
                exception_type: row.exception_type,
                code: row.code,
                severity: row.severity,
                field_path: row.field_path,
                expected: row.expected,
                actual: row.actual,
                suggested_fix: row.suggested_fix,
                owner_role: row.owner_role,
                status: row.status,
            })
            .collect())
    }

    /// Orders whose day has come, newest first.
    pub async fn list_orders(
        &self,
        status: Option<OrderStatus>,
        today: Date,
        limit: u64,
    ) -> StoreResult<Vec<OrderRow>> {
        use orders::Column;
        let mut query = orders::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::OrderedOn.lte(today));
        if let Some(status) = status {
            query = query.filter(Column::Status.eq(status.as_str()));
        }
        let rows = query
            .order_by_desc(Column::OrderedOn)
            .order_by_desc(Column::Number)
            .limit(limit)
            .all(&self.conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| OrderRow {
                id: OrderId::from_uuid(row.id),
                number: row.number,
                client: ClientId::from_uuid(row.client_id),
                status: row.status,
                ordered_on: row.ordered_on,
                total_minor: row.computed_total_minor.or(row.declared_total_minor),
                currency: row.currency,
            })
            .collect())
    }

    /// An order's id and status by its number.
    pub async fn find_order_by_number(
        &self,
        number: &str,
    ) -> StoreResult<Option<(OrderId, OrderStatus)>> {
        let row = orders::Entity::find()
            .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
            .filter(orders::Column::Number.eq(number))
            .order_by_desc(orders::Column::OrderedOn)
            .one(&self.conn)
            .await?;
        row.map(|row| {
            let status = row.status.parse().map_err(unreadable("orders.status"))?;
            Ok((OrderId::from_uuid(row.id), status))
        })
        .transpose()
    }
}
