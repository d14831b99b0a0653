//! One statement for many rows: insert, or change what differs.
//!
//! What lives here: the shape that every import of a table shares.
//! What does not: which columns of which table an import may change; each table's own file says so.

use std::collections::HashSet;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, InsertMany, Iterable,
    QueryFilter, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Alias, BinOper, Expr, Func, OnConflict, Query, Value, ValueTuple},
};

use super::{Origin, UpsertCount};
use crate::{Scope, StoreResult};

/// Most bind parameters of one statement: SQLite ends at 32,766 and Postgres at 65,535.
pub(super) const PARAMETERS_MAX: usize = 30_000;

/// What an import does to a row that is there already.
pub(super) struct Merge<E: EntityTrait> {
    key: Vec<E::Column>,
    set: Vec<(E::Column, Expr)>,
    renewed: Vec<(E::Column, Expr)>,
    owner: Option<E::Column>,
    told_key: Option<E::Column>,
}

impl<E: EntityTrait> Merge<E> {
    /// Rows are the same when these columns are.
    pub fn on(key: impl IntoIterator<Item = E::Column>) -> Self {
        let key = key.into_iter().collect();
        Self { key, set: Vec::new(), renewed: Vec::new(), owner: None, told_key: None }
    }

    /// Takes the columns as they are brought.
    pub fn take(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.set.extend(columns.into_iter().map(|column| (column, brought(column))));
        self
    }

    /// Keeps a value that is there, and fills in what was missing.
    pub fn fill(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.set.extend(
            columns.into_iter().map(|column| {
                (column, Func::coalesce([stored::<E>(column), brought(column)]).into())
            }),
        );
        self
    }

    /// Sets a column to an expression over [`brought`] and [`stored`].
    pub fn set(mut self, column: E::Column, value: Expr) -> Self {
        self.set.push((column, value));
        self
    }

    /// Sets a column whenever another one changes; by itself it makes no difference.
    pub fn renew(mut self, column: E::Column, value: Expr) -> Self {
        self.renewed.push((column, value));
        self
    }

    /// Names the column with the client that a row belongs to, so that [`Written`] can tell whose rows changed.
    pub fn owned_by(mut self, column: E::Column) -> Self {
        self.owner = Some(column);
        self
    }

    /// Names the column with a row's key in its source, so that [`Written`] can tell it along.
    pub fn keyed_by(mut self, column: E::Column) -> Self {
        self.told_key = Some(column);
        self
    }

    fn on_conflict(&self) -> OnConflict {
        let mut clause = OnConflict::columns(self.key.iter().copied());
        if self.set.is_empty() {
            return clause.do_nothing().to_owned();
        }
        clause.values(self.set.iter().chain(&self.renewed).cloned());
        // A row that would stay as it is is not written, and is then not among the returned ones.
        let differs = self.set.iter().map(|(column, value)| {
            stored::<E>(*column).binary(BinOper::Custom("IS DISTINCT FROM"), value.clone())
        });
        clause.action_and_where_option(differs.reduce(|any, one| any.or(one)));
        clause.to_owned()
    }
}

/// A column's value in the row that is brought.
pub(super) fn brought<C: ColumnTrait>(column: C) -> Expr {
    Expr::col((Alias::new("excluded"), column))
}

/// A column's value in the row that is there.
pub(super) fn stored<E: EntityTrait>(column: E::Column) -> Expr {
    Expr::col((E::default(), column))
}

/// Which rows a bulk write changed.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// How many, by what happened to them.
    pub count: UpsertCount,
    /// The new and changed rows.
    pub rows: Vec<WrittenRow>,
}

/// A row that is new or not what it was.
#[derive(Debug)]
pub(super) struct WrittenRow {
    /// Which one.
    pub id: Uuid,
    /// The client it belongs to, if the [`Merge`] named a column for it.
    pub owner: Option<Uuid>,
    /// Its key in its source, if the [`Merge`] named a column for it.
    pub key: Option<String>,
}

impl Written {
    /// The clients whose facts are not what they were.
    pub fn owners(&self) -> HashSet<Uuid> {
        self.rows.iter().filter_map(|row| row.owner).collect()
    }
}

impl Scope<'_> {
    /// Writes many rows, chunk by chunk, and says which of them made a difference.
    pub(super) async fn write_many<A>(
        &self,
        models: Vec<A>,
        merge: &Merge<A::Entity>,
    ) -> StoreResult<Written>
    where
        A: ActiveModelTrait + Send,
    {
        let mut written = Written::default();
        let total = models.len();
        let columns = <A::Entity as EntityTrait>::Column::iter().count();
        let proposed: HashSet<Uuid> = models.iter().filter_map(id_of).collect();
        let mut models = models.into_iter().peekable();
        while models.peek().is_some() {
            let chunk = models.by_ref().take(PARAMETERS_MAX / columns);
            let mut insert = InsertMany::<A>::many(chunk).on_conflict(merge.on_conflict());
            // Columns that nobody asked for are read as nulls, so that all rows have one shape.
            let asked = [merge.owner, merge.told_key].map(|column| match column {
                Some(column) => Expr::col(column),
                None => Expr::cust("NULL"),
            });
            let returned = [Expr::col("id")].into_iter().chain(asked);
            insert.query().returning(Query::returning().exprs(returned));
            for row in self.conn.query_all(insert.query()).await? {
                written.rows.push(WrittenRow {
                    id: row.try_get_by_index(0)?,
                    owner: if merge.owner.is_some() { row.try_get_by_index(1)? } else { None },
                    key: if merge.told_key.is_some() { row.try_get_by_index(2)? } else { None },
                });
            }
        }
        let inserted = written.rows.iter().filter(|row| proposed.contains(&row.id)).count();
        written.count = UpsertCount {
            inserted: inserted as u64,
            updated: (written.rows.len() - inserted) as u64,
            unchanged: total.saturating_sub(written.rows.len()) as u64,
        };
        Ok(written)
    }

    /// Writes rows that cannot be there yet.
    pub(super) async fn insert_many<A>(&self, models: Vec<A>) -> StoreResult<()>
    where
        A: ActiveModelTrait + Send,
    {
        let columns = <A::Entity as EntityTrait>::Column::iter().count();
        let mut models = models.into_iter().peekable();
        while models.peek().is_some() {
            let chunk = models.by_ref().take(PARAMETERS_MAX / columns);
            InsertMany::<A>::many(chunk).exec_without_returning(&self.conn).await?;
        }
        Ok(())
    }

    /// The rows of a source with these external ids as they stand, held until the transaction ends.
    pub(super) async fn held_rows<E>(
        &self,
        origin: &Origin<'_>,
        external_ids: impl Iterator<Item = &str>,
    ) -> StoreResult<Vec<E::Model>>
    where
        E: EntityTrait,
        E::Model: Send + Sync,
    {
        let ids: Vec<&str> = external_ids.collect();
        let mut rows = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(PARAMETERS_MAX) {
            let found = E::find()
                .filter(Expr::col("tenant_id").eq(self.tenant.uuid()))
                .filter(Expr::col("source").eq(origin.source))
                .filter(Expr::col("external_id").is_in(chunk.iter().copied()))
                .lock_exclusive()
                .all(&self.conn)
                .await?;
            rows.extend(found);
        }
        Ok(rows)
    }
}

fn id_of<A: ActiveModelTrait>(model: &A) -> Option<Uuid> {
    match model.get_primary_key_value()? {
        ValueTuple::One(Value::Uuid(id)) => id,
        _ => None,
    }
}
