//! Requests that may be repeated: a key of the caller's, and what came of it the first time.
//!
//! The row is written in the transaction of what the request does, so there is nothing in between: either both are
//! there or neither. It holds ids and no words, so a repeated answer is made from what the subject is by then.

use chrono::TimeDelta;
use domain::{id::Id, time::Timestamp};
use entity::idempotency_keys as keys;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, prelude::Uuid, sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition};

/// How long a key stands for the request that it was first given with.
pub const IDEMPOTENCY_HOURS: i64 = 24;

/// A request that carries a key.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<'k> {
    /// The caller's key.
    pub key: &'k str,
    /// What is asked for.
    pub operation: &'k str,
    /// SHA-256 of all of it, in hex.
    pub request_sha256: &'k str,
}

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Nothing before: the request is to be done, and its end to be noted.
    First,
    /// The same request, done before.
    Repeated {
        /// The HTTP status that it ended with.
        status: u16,
        /// What it made or changed.
        subject: Option<Uuid>,
    },
    /// Another request.
    Taken,
}

impl Scope<'_> {
    /// Takes a key for a request, or says what it stands for already.
    ///
    /// Two requests with one key at the same time: the second waits here until the first has ended.
    pub async fn insert_idempotency_key(
        &self,
        keyed: &Keyed<'_>,
        now: Timestamp,
    ) -> StoreResult<KeyUse> {
        use keys::Column;
        let old = now - TimeDelta::hours(IDEMPOTENCY_HOURS);
        keys::Entity::delete_many()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Key.eq(keyed.key))
            .filter(Column::CreatedAt.lte(old))
            .exec(&self.conn)
            .await?;
        let id: Id<()> = self.new_id(now);
        let row = keys::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            key: Set(keyed.key.to_owned()),
            operation: Set(keyed.operation.to_owned()),
            request_sha256: Set(keyed.request_sha256.to_owned()),
            status: Set(None),
            subject_id: Set(None),
            created_at: Set(now),
        };
        let inserted = keys::Entity::insert(row)
            .on_conflict_do_nothing_on([Column::TenantId, Column::Key])
            .exec_without_returning(&self.conn)
            .await?;
        if Transition::of_insert(inserted) == Transition::Moved {
            return Ok(KeyUse::First);
        }
        let there = keys::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Key.eq(keyed.key))
            .one(&self.conn)
            .await?;
        let same = there.filter(|row| {
            row.operation == keyed.operation && row.request_sha256 == keyed.request_sha256
        });
        let status = same.as_ref().and_then(|row| row.status).map(u16::try_from);
        Ok(match (same, status) {
            (Some(row), Some(Ok(status))) => KeyUse::Repeated { status, subject: row.subject_id },
            _ => KeyUse::Taken,
        })
    }

    /// Notes how the request of a key ended.
    pub async fn mark_idempotency_done(
        &self,
        key: &str,
        status: u16,
        subject: Option<Uuid>,
    ) -> StoreResult<Transition> {
        use keys::Column;
        let moved = keys::Entity::update_many()
            .col_expr(Column::Status, Expr::value(Some(i32::from(status))))
            .col_expr(Column::SubjectId, Expr::value(subject))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Key.eq(key))
            .filter(Column::Status.is_null())
            .exec(&self.conn)
            .await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Forgets keys that stand for nothing any more, at most so many; says how many.
    pub async fn expire_idempotency_keys(&self, now: Timestamp, limit: u64) -> StoreResult<u64> {
        use keys::Column;
        use sea_orm::{QuerySelect, QueryTrait};
        let before = now - TimeDelta::hours(IDEMPOTENCY_HOURS);
        let old = keys::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::CreatedAt.lte(before))
            .limit(limit)
            .into_query();
        let gone = keys::Entity::delete_many()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.in_subquery(old))
            .exec(&self.conn)
            .await?;
        Ok(gone.rows_affected)
    }
}
