//! One statement for many rows: insert, or change what differs.
//!
//! What lives here: the shape that every import of a table shares.
//! What does not: which columns of which table an import may change; each table's own file says so.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult,
    InsertMany, Iterable, QueryFilter, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Alias, BinOper, Expr, Func, OnConflict, Query, Value},
};

use super::{Origin, UpsertCount};
use crate::{Scope, StoreResult, insert::id_of, parameter::Among};

/// Most bind parameters of one statement: SQLite ends at 32,766 and Postgres at 65,535.
pub(super) const PARAMETERS_MAX: usize = 30_000;

/// What an import does to a row that is there already.
pub(super) struct Merge<E: EntityTrait> {
    key: Vec<E::Column>,
    set: Vec<(E::Column, Expr)>,
    renewed: Vec<(E::Column, Expr)>,
    owner: Option<E::Column>,
    told: Option<E::Column>,
}

impl<E: EntityTrait> Merge<E> {
    /// Rows are the same when these columns are.
    pub fn on<const PARTS: usize>(key: [E::Column; PARTS]) -> Self {
        Self { key: key.to_vec(), set: Vec::new(), renewed: Vec::new(), owner: None, told: None }
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

    /// Names a column of text that [`Written`] tells along with changed rows.
    pub fn telling(mut self, column: E::Column) -> Self {
        self.told = Some(column);
        self
    }

    /// The part of the key that tells the rows of one source, or of one owner, apart.
    fn last_key(&self) -> E::Column {
        *self.key.last().expect("a merge is made on at least one column")
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
    /// Rows that were not there before.
    pub inserted: Vec<WrittenRow>,
    /// Rows that were there and are not what they were.
    pub updated: Vec<WrittenRow>,
    /// The clients that rows belonged to before they were moved to another.
    pub former_owners: HashSet<Uuid>,
}

/// A row that is new or not what it was.
#[derive(Debug)]
pub(super) struct WrittenRow {
    /// Which one.
    pub id: Uuid,
    /// The client it belongs to, if the [`Merge`] named a column for it.
    pub owner: Option<Uuid>,
    /// The last part of its key, or the column that the [`Merge`] named for it; empty if neither is known.
    pub key: String,
}

impl Written {
    /// The clients whose facts are not what they were, former owners included.
    pub fn stale_clients(self) -> HashSet<Uuid> {
        let rows = self.inserted.into_iter().chain(self.updated);
        rows.filter_map(|row| row.owner).chain(self.former_owners).collect()
    }

    fn counted(mut self, total: usize) -> Self {
        let (inserted, updated) = (self.inserted.len(), self.updated.len());
        self.count = UpsertCount {
            inserted: inserted as u64,
            updated: updated as u64,
            unchanged: total.saturating_sub(inserted + updated) as u64,
        };
        self
    }
}

impl Scope<'_> {
    /// Writes the rows of a source. Only those that are there already are merged; the others are plain
    /// inserts, which cost half as much because the database has nothing to tell about them.
    pub(super) async fn write_sourced<A>(
        &self,
        origin: &Origin<'_>,
        models: Vec<A>,
        merge: &Merge<A::Entity>,
    ) -> StoreResult<Written>
    where
        A: ActiveModelTrait + Send + Sync,
    {
        let total = models.len();
        let keyed: Vec<(String, A)> =
            models.into_iter().map(|model| (text_of(&model, merge.last_key()), model)).collect();
        let keys: Vec<&str> = keyed.iter().map(|(key, _)| key.as_str()).collect();
        let mut present = self.present_rows(origin, merge, &keys).await?;
        let mut written = Written::default();
        let mut new = Vec::with_capacity(total);
        let mut known = Vec::with_capacity(present.len());
        for (key, model) in keyed {
            let owner = merge.owner.and_then(|column| uuid_of(&model, column));
            let Some(before) = present.remove(&key) else {
                new.push((owner, key, model));
                continue;
            };
            written.former_owners.extend(before.filter(|before| Some(*before) != owner));
            known.push(model);
        }
        // By owner, because the index by owner is the one that the file's order would scatter the most.
        new.sort_by_key(|(owner, ..)| *owner);
        let (keys, mut models): (Vec<_>, Vec<_>) =
            new.into_iter().map(|(_, key, model)| (key, model)).unzip();
        self.insert_in_order(&mut models).await?;
        written.inserted = keys
            .into_iter()
            .zip(&models)
            .map(|(key, model)| WrittenRow {
                id: id_of(model).unwrap_or_default(),
                owner: merge.owner.and_then(|column| uuid_of(model, column)),
                key,
            })
            .collect();
        written.updated = self.write_many(known, merge).await?.updated;
        Ok(written.counted(total))
    }

    /// Writes many rows, chunk by chunk, and has the database say which of them made a difference.
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
        let proposed: HashSet<Uuid> = models.iter().filter_map(id_of).collect();
        let mut models = models.into_iter().peekable();
        while models.peek().is_some() {
            let chunk = models.by_ref().take(rows_per_statement::<A::Entity>());
            let mut insert = InsertMany::<A>::many(chunk).on_conflict(merge.on_conflict());
            // Columns that nobody asked for come as nulls, so that all rows have one shape.
            let asked = [merge.owner, merge.told]
                .map(|column| column.map_or_else(|| Expr::cust("NULL"), Expr::col));
            let returned = [Expr::col("id")].into_iter().chain(asked);
            insert.query().returning(Query::returning().exprs(returned));
            for row in self.conn.query_all(insert.query()).await? {
                let row = WrittenRow {
                    id: row.try_get_by_index(0)?,
                    owner: if merge.owner.is_some() { row.try_get_by_index(1)? } else { None },
                    key: if merge.told.is_some() {
                        row.try_get_by_index(2)?
                    } else {
                        String::new()
                    },
                };
                if proposed.contains(&row.id) {
                    written.inserted.push(row);
                } else {
                    written.updated.push(row);
                }
            }
        }
        Ok(written.counted(total))
    }

    /// Which of a source's keys are there already, and whose rows they are; held until the transaction ends.
    async fn present_rows<E: EntityTrait>(
        &self,
        origin: &Origin<'_>,
        merge: &Merge<E>,
        keys: &[&str],
    ) -> StoreResult<HashMap<String, Option<Uuid>>> {
        let mut select = Query::select();
        select
            .column("external_id")
            .from(E::default())
            .and_where(Expr::col("tenant_id").eq(self.tenant.uuid()))
            .and_where(Expr::col("source").eq(origin.source))
            .lock_exclusive();
        if let Some(owner) = merge.owner {
            select.column(owner);
        }
        let mut present = HashMap::new();
        let among = Among::texts("external_id", keys.iter().copied());
        for row in self.find_among(select, among).await? {
            let owner = if merge.owner.is_some() { row.try_get_by_index(1)? } else { None };
            present.insert(row.try_get_by_index(0)?, owner);
        }
        Ok(present)
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
        let select = E::find()
            .filter(Expr::col("tenant_id").eq(self.tenant.uuid()))
            .filter(Expr::col("source").eq(origin.source))
            .lock_exclusive()
            .into_query();
        let among = Among::texts("external_id", external_ids);
        let rows = self.find_among(select, among).await?;
        rows.iter().map(|row| Ok(E::Model::from_query_result(row, "")?)).collect()
    }
}

/// How many rows of a table one statement can bind.
fn rows_per_statement<E: EntityTrait>() -> usize {
    PARAMETERS_MAX / E::Column::iter().count()
}

fn text_of<A: ActiveModelTrait>(model: &A, column: <A::Entity as EntityTrait>::Column) -> String {
    match model.get(column).into_value() {
        Some(Value::String(Some(text))) => text,
        _ => String::new(),
    }
}

fn uuid_of<A: ActiveModelTrait>(
    model: &A,
    column: <A::Entity as EntityTrait>::Column,
) -> Option<Uuid> {
    match model.get(column).into_value()? {
        Value::Uuid(id) => id,
        _ => None,
    }
}
