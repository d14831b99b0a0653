//! A tenant in numbers, and rows by the names that people know them by.

use std::collections::{HashMap, HashSet};

use domain::{
    action::{ActionStatus, SubjectKind},
    cycle::Metrics,
    proposal::Subject,
    time::{Date, Timestamp},
};
use entity::{
    actions, cases, clients, compliance_items, contacts, deals, messages, order_exceptions, orders,
    products, quotes, tasks,
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect, Select,
    Statement, prelude::Uuid,
};

use crate::{Scope, StoreResult};

/// Ids in one statement: well under the 32,766 parameters that SQLite takes.
const IDS_PER_STATEMENT: usize = 5_000;

impl Scope<'_> {
    /// The numbers that a cycle tries to move; `in_time_since` is the earliest last touch that is still in time.
    pub async fn measure(
        &self,
        now: Timestamp,
        in_time_since: Timestamp,
        today: Date,
    ) -> StoreResult<Metrics> {
        let compliance = self.count_compliance(now, in_time_since).await?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let backend = self.backend();
        let values = [self.tenant.uuid().into(), today.into()];
        let orders = Statement::from_sql_and_values(backend, ORDER_COUNTS, values);
        let orders = OrderCounts::find_by_statement(orders).one(&self.conn).await?;
        let (waiting, held) = orders.map_or((0, 0), |it| (it.waiting, it.held));
        let of = self.tenant.uuid();
        Ok(Metrics {
            engagement_compliance: compliance.rate(),
            contacts_overdue: number(compliance.overdue),
            contacts_never_touched: number(compliance.never_touched),
            orders_waiting: waiting,
            orders_held: held,
            exceptions_open: self
                .counted(
                    order_exceptions::Entity::find()
                        .filter(order_exceptions::Column::TenantId.eq(of))
                        .filter(order_exceptions::Column::Status.eq("open")),
                )
                .await?,
            deals_open: self
                .counted(
                    deals::Entity::find()
                        .filter(deals::Column::TenantId.eq(of))
                        .filter(deals::Column::StageType.is_in(["open", "ongoing", "on_hold"]))
                        .filter(deals::Column::StageEnteredOn.lte(today)),
                )
                .await?,
            quotes_waiting: self
                .counted(
                    quotes::Entity::find()
                        .filter(quotes::Column::TenantId.eq(of))
                        .filter(quotes::Column::Status.is_in(["submitted", "confirmed"]))
                        .filter(quotes::Column::SubmittedOn.lte(today)),
                )
                .await?,
            cases_open: self
                .counted(
                    cases::Entity::find()
                        .filter(cases::Column::TenantId.eq(of))
                        .filter(cases::Column::Status.eq("open"))
                        .filter(cases::Column::OpenedAt.lte(now)),
                )
                .await?,
            tasks_open: self
                .counted(
                    tasks::Entity::find()
                        .filter(tasks::Column::TenantId.eq(of))
                        .filter(tasks::Column::Status.eq("open")),
                )
                .await?,
            approvals_waiting: self
                .counted(
                    actions::Entity::find()
                        .filter(actions::Column::TenantId.eq(of))
                        .filter(actions::Column::Status.eq(ActionStatus::Awaiting.as_str())),
                )
                .await?,
        })
    }

    async fn counted<E: EntityTrait>(&self, query: Select<E>) -> StoreResult<i64>
    where
        E::Model: Sync,
    {
        Ok(i64::try_from(query.count(&self.conn).await?).unwrap_or(i64::MAX))
    }

    /// The names that people know some subjects by; what was erased is missing.
    pub async fn names_of(
        &self,
        subjects: &HashSet<Subject>,
    ) -> StoreResult<HashMap<Subject, String>> {
        let mut names = HashMap::new();
        for kind in SubjectKind::ALL {
            let ids: Vec<Uuid> =
                subjects.iter().filter(|it| it.kind == *kind).map(|it| it.id).collect();
            if ids.is_empty() {
                continue;
            }
            for chunk in ids.chunks(IDS_PER_STATEMENT) {
                for (id, name) in self.names_of_kind(*kind, chunk).await? {
                    let Some(name) = name else { continue };
                    names.insert(Subject { kind: *kind, id }, name);
                }
            }
        }
        Ok(names)
    }

    async fn names_of_kind(
        &self,
        kind: SubjectKind,
        ids: &[Uuid],
    ) -> StoreResult<Vec<(Uuid, Option<String>)>> {
        macro_rules! named {
            ($entity:ident, $name:ident) => {
                $entity::Entity::find()
                    .select_only()
                    .columns([$entity::Column::Id, $entity::Column::$name])
                    .filter($entity::Column::TenantId.eq(self.tenant.uuid()))
                    .filter($entity::Column::Id.is_in(ids.iter().copied()))
                    .into_tuple()
                    .all(&self.conn)
                    .await?
            };
        }
        // Nine tables that differ in two words.
        Ok(match kind {
            SubjectKind::Client => named!(clients, Name),
            SubjectKind::Contact => named!(contacts, Name),
            SubjectKind::Order => named!(orders, Number),
            SubjectKind::Deal => named!(deals, Name),
            SubjectKind::Quote => named!(quotes, Number),
            SubjectKind::ComplianceItem => named!(compliance_items, Name),
            SubjectKind::Message => named!(messages, Subject),
            SubjectKind::Case => named!(cases, Kind),
            SubjectKind::Product => named!(products, Name),
        })
    }

    /// The numbers of some orders.
    pub(crate) async fn order_numbers(&self, ids: Vec<Uuid>) -> StoreResult<HashMap<Uuid, String>> {
        let rows: Vec<(Uuid, String)> = orders::Entity::find()
            .select_only()
            .columns([orders::Column::Id, orders::Column::Number])
            .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
            .filter(orders::Column::Id.is_in(ids))
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().collect())
    }
}

#[derive(FromQueryResult)]
struct OrderCounts {
    waiting: i64,
    held: i64,
}

const ORDER_COUNTS: &str = "\
    SELECT \
        CAST(COALESCE(SUM(CASE WHEN status = 'new' THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting, \
        CAST(COALESCE(SUM(CASE WHEN status = 'held' THEN 1 ELSE 0 END), 0) AS BIGINT) AS held \
    FROM orders WHERE tenant_id = $1 AND status IN ('new', 'held') AND ordered_on <= $2";
