//! New rows, many to a statement.
//!
//! What lives here: an `INSERT` that brings all of its rows as one parameter, and ids that follow one another.
//! What does not: rows that are merged with those that are there already, which is `import::bulk`'s.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, IdenStatic,
    Iterable, PrimaryKeyToColumn,
    prelude::Uuid,
    sea_query::{
        ColumnType, Expr, Func, InsertStatement, OnConflict, Order, Query, SelectStatement,
        SimpleExpr, Value, ValueTuple,
    },
};

use crate::{Scope, StoreResult, error::unreadable, parameter::Rows};

/// Rows of one statement: some megabytes of text at most.
const ROWS_PER_INSERT: usize = 5_000;
/// New rows in an import's first batch from which on the planner is told: fewer make no difference to it.
const ROWS_ANALYZED_MIN: usize = 200;
/// The first bytes of a UUID v7, which hold its time.
const TIME_BYTES: usize = 6;
/// Highest number of a batch within a millisecond: the twelve bits behind the version of a UUID v7.
const BATCH_NUMBER_MAX: u16 = 0xfff;

impl Scope<'_> {
    /// Writes rows that cannot be there yet, all with the same columns.
    ///
    /// Their ids are changed so that the rows follow one another as they stand here.
    pub(crate) async fn insert_in_order<A>(&self, models: &mut [A]) -> StoreResult<()>
    where
        A: ActiveModelTrait + Send + Sync,
    {
        let batch = self.put_in_order(models).await?;
        self.insert_rows(models).await?;
        if batch == 0 && ROWS_ANALYZED_MIN <= models.len() {
            self.tell_planner::<A::Entity>().await?;
        }
        Ok(())
    }

    /// Writes rows that cannot be there yet, all with the same columns, under the ids that they have.
    pub(crate) async fn insert_rows<A>(&self, models: &[A]) -> StoreResult<()>
    where
        A: ActiveModelTrait + Send + Sync,
    {
        self.insert_or(models, None).await
    }

    /// Writes rows, all with the same columns, and does to those that are there already what `conflict` says.
    pub(crate) async fn insert_or<A>(
        &self,
        models: &[A],
        conflict: Option<&OnConflict>,
    ) -> StoreResult<()>
    where
        A: ActiveModelTrait + Send + Sync,
    {
        for chunk in models.chunks(ROWS_PER_INSERT) {
            let mut insert = self.insert_of(chunk)?;
            if let Some(conflict) = conflict {
                insert.on_conflict(conflict.clone());
            }
            self.conn.execute(&insert).await?;
        }
        Ok(())
    }

    /// Writes those rows whose `key` is not there yet, all with the same columns; gives the ids of those.
    pub(crate) async fn insert_new<A>(
        &self,
        models: &[A],
        key: &[<A::Entity as EntityTrait>::Column],
    ) -> StoreResult<Vec<Uuid>>
    where
        A: ActiveModelTrait + Send + Sync,
    {
        let mut ids = Vec::with_capacity(models.len());
        for chunk in models.chunks(ROWS_PER_INSERT) {
            let mut insert = self.insert_of(chunk)?;
            let known = OnConflict::columns(key.iter().copied()).do_nothing().to_owned();
            insert.on_conflict(known).returning_col("id");
            for row in self.conn.query_all(&insert).await? {
                ids.push(row.try_get_by_index(0)?);
            }
        }
        Ok(ids)
    }

    fn insert_of<A: ActiveModelTrait>(&self, models: &[A]) -> StoreResult<InsertStatement> {
        let value = |model: &A, column| model.get(column).into_value();
        let is_given =
            |column: &_| models.first().is_some_and(|first| value(first, *column).is_some());
        let given = <A::Entity as EntityTrait>::Column::iter();
        let given: Vec<_> = given.filter(is_given).collect();
        let rows = models
            .iter()
            .map(|model| given.iter().filter_map(|column| value(model, *column)).collect())
            .collect();
        self.insert_from::<A::Entity>(&given, rows)
    }

    fn insert_from<E: EntityTrait>(
        &self,
        columns: &[E::Column],
        mut rows: Vec<Vec<Value>>,
    ) -> StoreResult<InsertStatement> {
        let mut select = Query::select();
        // What all rows share, such as their tenant, is a parameter of its own and no part of any row.
        let is_shared = |place| rows.windows(2).all(|two| two[0].get(place) == two[1].get(place));
        let is_shared: Vec<bool> = (0..columns.len()).map(is_shared).collect();
        let mut differing = Vec::with_capacity(columns.len());
        let first = rows.first().cloned().unwrap_or_default();
        for ((column, value), is_shared) in columns.iter().zip(first).zip(&is_shared) {
            if *is_shared {
                select.expr(Expr::val(value));
            } else {
                differing.push(column.as_str());
                select.expr(self.taken_out(*column));
            }
        }
        for row in &mut rows {
            let mut is_shared = is_shared.iter();
            row.retain(|_| is_shared.next() == Some(&false));
        }
        let text = Rows::new(self.backend(), &differing, &rows).text();
        let text = text.map_err(unreadable("row that is to be written"))?;
        self.take_from::<E>(&mut select, text);
        // Without a condition, SQLite takes what follows on a conflict for a join's.
        select.and_where(Expr::cust("true"));
        let mut insert = Query::insert();
        insert.into_table(E::default()).columns(columns.iter().copied());
        insert.select_from(select).map_err(unreadable("row that is to be written"))?;
        Ok(insert)
    }

    fn take_from<E: EntityTrait>(&self, select: &mut SelectStatement, text: String) {
        let function = if self.backend() == DbBackend::Postgres {
            let shape = Expr::cust(format!("CAST(NULL AS \"{}\")", E::default().as_str()));
            let text = Expr::val(text).cast_as("json");
            Func::cust("json_populate_recordset").arg(shape).arg(text)
        } else {
            Func::cust("json_each").arg(text)
        };
        select.from_function(function, "brought");
    }

    fn taken_out<C: ColumnTrait>(&self, column: C) -> SimpleExpr {
        if self.backend() == DbBackend::Postgres {
            return Expr::col(column);
        }
        let name = column.as_str();
        Expr::cust(match column.def().get_column_type() {
            ColumnType::Uuid => format!("unhex(value ->> '{name}')"),
            ColumnType::Json | ColumnType::JsonBinary => format!("value -> '{name}'"),
            _ => format!("value ->> '{name}'"),
        })
    }

    /// Has Postgres count the rows of a table.
    ///
    /// It would by itself within minutes, and until then takes a tenant that it has not seen for one with a row
    /// or two: it then seeks rows, and checks references, by whatever index begins with the tenant, and goes
    /// through all of the tenant's rows for each. SQLite seeks by the index that has most of the columns.
    async fn tell_planner<E: EntityTrait>(&self) -> StoreResult<()> {
        if self.backend() == DbBackend::Postgres {
            let analyze = format!("ANALYZE \"{}\" (\"tenant_id\")", E::default().as_str());
            self.conn.execute_unprepared(&analyze).await?;
        }
        Ok(())
    }

    /// Makes the ids of new rows follow one another and those of earlier batches of the same moment, and gives
    /// the number of their batch.
    ///
    /// The ids of one moment would be scattered over the whole of each index that holds them, so that every
    /// row would fetch and write pages of its own; in order, they are added at the end.
    async fn put_in_order<A: ActiveModelTrait>(&self, models: &mut [A]) -> StoreResult<u16> {
        let mut ids: Vec<Uuid> = models.iter().filter_map(id_of).collect();
        let Some(first) = ids.first() else { return Ok(0) };
        let (lowest, highest) = ids_of_moment(*first);
        let select = Query::select()
            .column("id")
            .from(A::Entity::default())
            .and_where(Expr::col("tenant_id").eq(self.tenant.uuid()))
            .and_where(Expr::col("id").between(lowest, highest))
            .order_by("id", Order::Desc)
            .limit(1)
            .to_owned();
        let last = self.conn.query_one(&select).await?;
        let last: Option<Uuid> = last.map(|row| row.try_get_by_index(0)).transpose()?;
        let batch = last.map_or(0, |last| Ord::min(batch_number(last) + 1, BATCH_NUMBER_MAX));
        for id in &mut ids {
            *id = with_batch_number(*id, batch);
        }
        ids.sort_unstable();
        for (model, id) in models.iter_mut().zip(ids) {
            for key in <A::Entity as EntityTrait>::PrimaryKey::iter() {
                model.set(key.into_column(), Value::from(id));
            }
        }
        Ok(batch)
    }
}

pub(crate) fn id_of<A: ActiveModelTrait>(model: &A) -> Option<Uuid> {
    match model.get_primary_key_value()? {
        ValueTuple::One(Value::Uuid(id)) => id,
        _ => None,
    }
}

/// The twelve bits of a UUID v7 that may count what is made within a millisecond (RFC 9562, §6.2).
fn batch_number(id: Uuid) -> u16 {
    let bytes = id.as_bytes();
    u16::from_be_bytes([bytes[6], bytes[7]]) & BATCH_NUMBER_MAX
}

/// The lowest and the highest id with the time of this one.
fn ids_of_moment(id: Uuid) -> (Uuid, Uuid) {
    let (mut lowest, mut highest) = ([0; 16], [0xff; 16]);
    lowest[..TIME_BYTES].copy_from_slice(&id.as_bytes()[..TIME_BYTES]);
    highest[..TIME_BYTES].copy_from_slice(&id.as_bytes()[..TIME_BYTES]);
    (Uuid::from_bytes(lowest), Uuid::from_bytes(highest))
}

fn with_batch_number(id: Uuid, batch: u16) -> Uuid {
    let mut bytes = id.into_bytes();
    let version = u16::from_be_bytes([bytes[6], bytes[7]]) & !BATCH_NUMBER_MAX;
    [bytes[6], bytes[7]] = (version | batch).to_be_bytes();
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_batch_of_a_moment_sorts_behind_and_stays_a_uuid_of_its_version() {
        let id = domain::id::uuid_v7(1_800_000_000_000, [0xff; 10]);
        let (early, late) = (with_batch_number(id, 3), with_batch_number(id, 4));
        assert!(early < late && late < id);
        assert_eq!((batch_number(early), batch_number(late), batch_number(id)), (3, 4, 0xfff));
        assert_eq!(late.get_version_num(), 7);
        assert_eq!(late.as_bytes()[8..], id.as_bytes()[8..]);
    }
}
