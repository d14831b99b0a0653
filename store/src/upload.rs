//! Imports whose files were uploaded: how far they are, their files in pieces, and what came of them.
//!
//! What does not live here: what an import writes, which is [`crate::import`]'s.

use chrono::TimeDelta;
use domain::{
    action::Actor,
    id::{Id, ImportId},
    import::{ImportKind, ImportOptions, ImportPart, ImportState},
    time::Timestamp,
};
use entity::{import_chunks as chunks, imports};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::{Json, Uuid},
    sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition, tenant::json};

/// Files that came with a request.
const UPLOADED: [ImportPart; 3] = [ImportPart::File, ImportPart::Lines, ImportPart::Map];

/// An import that is asked for.
#[derive(Clone, Debug)]
pub struct NewImport<'u> {
    /// What its files hold.
    pub kind: ImportKind,
    /// The system that its keys belong to.
    pub source: &'u str,
    /// How it is to be read.
    pub options: &'u ImportOptions,
    /// Who imports.
    pub actor: &'u Actor,
}

impl Scope<'_> {
    /// Begins an import whose files are on their way.
    pub async fn insert_import(
        &self,
        new: &NewImport<'_>,
        now: Timestamp,
    ) -> StoreResult<ImportId> {
        let id: ImportId = self.new_id(now);
        let row = imports::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            kind: Set(new.kind.to_string()),
            state: Set(ImportState::Receiving.to_string()),
            source: Set(new.source.to_owned()),
            options: Set(json(new.options)?),
            bytes: Set(0),
            created_by: Set(new.actor.to_string()),
            report: Set(None),
            error: Set(None),
            ended_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        imports::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(id)
    }

    /// Keeps the next piece of a file.
    pub async fn insert_import_chunk(
        &self,
        import: ImportId,
        part: ImportPart,
        position: u32,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> StoreResult<()> {
        let id: Id<()> = self.new_id(now);
        let row = chunks::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            import_id: Set(import.uuid()),
            part: Set(part.to_string()),
            position: Set(i32::try_from(position).unwrap_or(i32::MAX)),
            bytes: Set(bytes),
        };
        chunks::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// A piece of a file, counted from 0; `None` after the last.
    pub async fn find_import_chunk(
        &self,
        import: ImportId,
        part: ImportPart,
        position: u32,
    ) -> StoreResult<Option<Vec<u8>>> {
        let bytes = chunks::Entity::find()
            .select_only()
            .column(chunks::Column::Bytes)
            .filter(chunks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(chunks::Column::ImportId.eq(import.uuid()))
            .filter(chunks::Column::Part.eq(part.as_str()))
            .filter(chunks::Column::Position.eq(i32::try_from(position).unwrap_or(i32::MAX)))
            .into_tuple()
            .one(&self.conn)
            .await?;
        Ok(bytes)
    }

    /// The files of an import are here.
    pub async fn mark_import_waiting(
        &self,
        id: ImportId,
        bytes: i64,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use imports::Column;
        let moved = imports::Entity::update_many()
            .col_expr(Column::State, Expr::value(ImportState::Waiting.as_str()))
            .col_expr(Column::Bytes, Expr::value(bytes))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::State.eq(ImportState::Receiving.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(if moved.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// An import came to its end, with a report or with a reason why there is none; its files are dropped.
    pub async fn mark_import_ended(
        &self,
        id: ImportId,
        outcome: Result<Json, String>,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use imports::Column;
        let (state, report, error) = match outcome {
            Ok(report) => (ImportState::Done, Some(report), None),
            Err(error) => (ImportState::Failed, None, Some(error)),
        };
        let moved = imports::Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::Report, Expr::value(report))
            .col_expr(Column::Error, Expr::value(error))
            .col_expr(Column::EndedAt, Expr::value(Some(now)))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::State.eq(ImportState::Waiting.as_str()))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 0 {
            return Ok(Transition::Lost);
        }
        self.drop_parts(id, &UPLOADED).await?;
        Ok(Transition::Moved)
    }

    /// Drops what an attempt that was cut short has kept of refused rows.
    pub async fn mark_import_begun(&self, id: ImportId) -> StoreResult<()> {
        self.drop_parts(id, &[ImportPart::Rejects, ImportPart::LineRejects]).await
    }

    async fn drop_parts(&self, id: ImportId, parts: &[ImportPart]) -> StoreResult<()> {
        chunks::Entity::delete_many()
            .filter(chunks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(chunks::Column::ImportId.eq(id.uuid()))
            .filter(chunks::Column::Part.is_in(parts.iter().map(|it| it.as_str())))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Drops an import whose files did not all arrive; one that waits already stays.
    pub async fn expire_import(&self, id: ImportId) -> StoreResult<()> {
        let row = self.find_record_to_change::<imports::Model>(id.uuid()).await?;
        match row.filter(|it| it.state == ImportState::Receiving.as_str()) {
            Some(row) => self.drop_imports(vec![row.id]).await,
            None => Ok(()),
        }
    }

    /// Drops imports that were begun before a moment, and those whose files have been on their way for a day; at most
    /// so many, and says how many.
    pub async fn expire_imports(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: u64,
    ) -> StoreResult<u64> {
        use imports::Column;
        let is_old = Column::CreatedAt.lt(before);
        let is_stuck = Column::CreatedAt
            .lt(now - TimeDelta::days(1))
            .and(Column::State.eq(ImportState::Receiving.as_str()));
        let old: Vec<Uuid> = imports::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(is_old.or(is_stuck))
            .order_by_asc(Column::CreatedAt)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let count = u64::try_from(old.len()).unwrap_or(limit);
        self.drop_imports(old).await?;
        Ok(count)
    }

    async fn drop_imports(&self, ids: Vec<Uuid>) -> StoreResult<()> {
        chunks::Entity::delete_many()
            .filter(chunks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(chunks::Column::ImportId.is_in(ids.clone()))
            .exec(&self.conn)
            .await?;
        imports::Entity::delete_many()
            .filter(imports::Column::TenantId.eq(self.tenant.uuid()))
            .filter(imports::Column::Id.is_in(ids))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Forgets what ended imports say of rows in words: refused rows and reasons may hold anybody's.
    pub async fn expire_import_words(&self, now: Timestamp) -> StoreResult<()> {
        use imports::Column;
        let ended = [ImportState::Done.as_str(), ImportState::Failed.as_str()];
        let of_ended = imports::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::State.is_in(ended))
            .into_query();
        chunks::Entity::delete_many()
            .filter(chunks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(chunks::Column::ImportId.in_subquery(of_ended))
            .exec(&self.conn)
            .await?;
        imports::Entity::update_many()
            .col_expr(Column::Report, Expr::value(None::<Json>))
            .col_expr(Column::Error, Expr::value(None::<String>))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::State.is_in(ended))
            .exec(&self.conn)
            .await?;
        Ok(())
    }
}
