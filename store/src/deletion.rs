//! Deleting a tenant: hidden at once, and then gone row by row, so that nobody else waits for it.

use domain::{action::Actor, id::TenantId, time::Timestamp};
use entity::{
    agent_tenant_locks as locks, api_keys, deleted_tenants, job_pauses, recorded_jobs, tenants,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{Scope, StoreResult, Transition, system::System};

/// Tables whose rows belong to tenants, each before those that it refers to. A test holds the list against the schema.
pub const TABLES: &[&str] = &[
    "import_chunks",
    "imports",
    "privacy_requests",
    "idempotency_keys",
    "line_limits",
    "api_keys",
    "engagement_touches",
    "engagement_clocks",
    "memories",
    "suppressions",
    "deal_stage_changes",
    "tasks",
    "cases",
    "outbound_messages",
    "agent_policy_violations",
    "decisions",
    "actions",
    "message_readings",
    "messages",
    "threads",
    "mailboxes",
    "order_exceptions",
    "order_lines",
    "quotes",
    "deals",
    "goals",
    "compliance_items",
    "requirements",
    "orders",
    "credit_profiles",
    "price_book_entries",
    "products",
    "contacts",
    "clients",
    "agent_autonomous_runs",
];

/// Tables with a row or two of each tenant, which go with the tenant itself.
pub const FEW_ROWS: &[&str] = &["agent_tenant_locks", "schedule_fires", "recorded_jobs"];

/// How many other rows weigh as much as a piece of a file.
const CHUNKS_SHARE: u64 = 50;

/// The job that deletes a tenant; its own record goes last.
const DELETION: &str = "delete_tenant";

/// How far a deletion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// There is more.
    Goes,
    /// Nothing is left.
    Done,
}

impl Scope<'_> {
    /// Hides the tenant from everything but its deletion: its keys open nothing, and nothing is done for it.
    pub async fn mark_tenant_deleted(
        &self,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        // A tenant that is paused has no job run, and this one has to.
        let pause = jobs::Pause::Tenant(self.tenant).to_string();
        job_pauses::Entity::delete_by_id(pause).exec(&self.conn).await?;
        use tenants::Column;
        let moved = tenants::Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(Some(now)))
            .filter(Column::Id.eq(self.tenant.uuid()))
            .filter(Column::DeletedAt.is_null())
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 0 {
            return Ok(Transition::Lost);
        }
        let row = deleted_tenants::ActiveModel {
            id: Set(self.tenant.uuid()),
            requested_by: Set(actor.to_string()),
            requested_at: Set(now),
            done_at: Set(None),
        };
        deleted_tenants::Entity::insert(row).exec_without_returning(&self.conn).await?;
        // A cycle that is at work writes nothing more, and hands no letter over.
        locks::Entity::update_many()
            .col_expr(locks::Column::Fence, Expr::col(locks::Column::Fence).add(1))
            .filter(locks::Column::TenantId.eq(self.tenant.uuid()))
            .exec(&self.conn)
            .await?;
        api_keys::Entity::delete_many()
            .filter(api_keys::Column::TenantId.eq(self.tenant.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(Transition::Moved)
    }
}

impl System<'_> {
    /// Deletes some rows of a tenant that is to be deleted, at most so many of each table; says whether that was all.
    pub async fn delete_tenant_rows(
        &self,
        tenant: TenantId,
        limit: u64,
        now: Timestamp,
    ) -> StoreResult<Deletion> {
        for table in TABLES {
            // Pieces of files are a megabyte each.
            let limit =
                if *table == "import_chunks" { limit.div_ceil(CHUNKS_SHARE) } else { limit };
            let mut delete = Query::delete();
            let some = Query::select()
                .column("id")
                .from(*table)
                .and_where(Expr::col("tenant_id").eq(tenant.uuid()))
                .limit(limit)
                .to_owned();
            delete
                .from_table(*table)
                .and_where(Expr::col("tenant_id").eq(tenant.uuid()))
                .and_where(Expr::col("id").in_subquery(some));
            if 0 < self.store.db().execute(&delete).await?.rows_affected() {
                return Ok(Deletion::Goes);
            }
        }
        let some = recorded_jobs::Entity::find()
            .select_only()
            .column(recorded_jobs::Column::Id)
            .filter(recorded_jobs::Column::TenantId.eq(tenant.uuid()))
            .filter(recorded_jobs::Column::Name.ne(DELETION))
            .limit(limit)
            .into_query();
        let gone = recorded_jobs::Entity::delete_many()
            .filter(recorded_jobs::Column::TenantId.eq(tenant.uuid()))
            .filter(recorded_jobs::Column::Id.in_subquery(some))
            .exec(self.store.db())
            .await?;
        if 0 < gone.rows_affected {
            return Ok(Deletion::Goes);
        }
        let txn = self.store.begin_immediate().await?;
        for table in FEW_ROWS {
            let mut delete = Query::delete();
            delete.from_table(*table).and_where(Expr::col("tenant_id").eq(tenant.uuid()));
            txn.execute(&delete).await?;
        }
        job_pauses::Entity::delete_by_id(jobs::Pause::Tenant(tenant).to_string())
            .exec(&txn)
            .await?;
        tenants::Entity::delete_by_id(tenant.uuid()).exec(&txn).await?;
        deleted_tenants::Entity::update_many()
            .col_expr(deleted_tenants::Column::DoneAt, Expr::value(Some(now)))
            .filter(deleted_tenants::Column::Id.eq(tenant.uuid()))
            .filter(deleted_tenants::Column::DoneAt.is_null())
            .exec(&txn)
            .await?;
        txn.commit().await?;
        Ok(Deletion::Done)
    }

    /// Whether a tenant was deleted, or is about to be: when it was asked for, and when it was done.
    pub async fn find_deletion(
        &self,
        tenant: TenantId,
    ) -> StoreResult<Option<(Timestamp, Option<Timestamp>)>> {
        let row = deleted_tenants::Entity::find_by_id(tenant.uuid()).one(self.store.db()).await?;
        Ok(row.map(|it| (it.requested_at, it.done_at)))
    }
}
