//! Many values as one parameter.
//!
//! What lives here: how values become a JSON text, and how either database takes it apart.
//! What does not: the statements that are made with it.
//!
//! A thousand parameters have to be built, named in the statement's text, sent and parsed one by one.
//! One text costs a fraction of that, and the statement stays the same however many values there are.

use chrono::SecondsFormat;
use sea_orm::{
    ConnectionTrait, DbBackend, ExprTrait, QueryResult,
    prelude::{Json, Uuid},
    sea_query::{Asterisk, Expr, Func, JoinType, Query, SelectStatement, Value},
};
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeMap},
};

use crate::{Scope, StoreResult};

/// A column, and the values of which it has to be one.
pub(crate) struct Among {
    column: &'static str,
    values: Vec<Json>,
    are_ids: bool,
}

impl Among {
    /// A column of text.
    pub fn texts<'t>(column: &'static str, texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self { column, values: texts.into_iter().map(Json::from).collect(), are_ids: false }
    }

    /// A column of ids.
    pub fn ids(column: &'static str, ids: impl IntoIterator<Item = Uuid>) -> Self {
        let values = ids.into_iter().map(|id| Json::from(id.simple().to_string())).collect();
        Self { column, values, are_ids: true }
    }
}

impl Scope<'_> {
    /// What `select` finds where a column is one of many values, in no order.
    pub(crate) async fn find_among(
        &self,
        select: SelectStatement,
        among: Among,
    ) -> StoreResult<Vec<QueryResult>> {
        if among.values.is_empty() {
            return Ok(Vec::new());
        }
        let select = match self.backend() {
            DbBackend::Postgres => sought_on_postgres(select, among),
            _ => sought_on_sqlite(select, among),
        };
        Ok(self.conn.query_all(&select).await?)
    }
}

fn sought_on_sqlite(mut select: SelectStatement, among: Among) -> SelectStatement {
    let value = Expr::cust(if among.are_ids { "unhex(value)" } else { "value" });
    let list = Json::Array(among.values).to_string();
    let given = Query::select()
        .expr(value)
        .from_function(Func::cust("json_each").arg(list), "given")
        .take();
    select.and_where(Expr::col(among.column).in_subquery(given));
    select
}

/// Postgres chooses its way by statistics, and a table that is being filled has none yet: it would go through
/// all rows of the tenant and compare each of them with the list. A lateral join leaves it no choice but to
/// seek the values one by one, as long as the offset keeps it from being planned together with the rest.
fn sought_on_postgres(mut select: SelectStatement, among: Among) -> SelectStatement {
    let value = Expr::cust(if among.are_ids { "CAST(value AS uuid)" } else { "value" });
    let list = Expr::val(Json::Array(among.values).to_string()).cast_as("json");
    let given = Query::select()
        .distinct()
        .expr_as(value, "value")
        .from_function(Func::cust("json_array_elements_text").arg(list), "listed")
        .take();
    select.and_where(Expr::col(among.column).eq(Expr::col(("given", "value")))).offset(0);
    Query::select()
        .column(("found", Asterisk))
        .from_subquery(given, "given")
        .join_lateral(JoinType::InnerJoin, select, "found", Expr::val(true))
        .take()
}

/// Rows as a JSON array of objects, as SQLite's `json_each` and Postgres' `json_populate_recordset` read them.
pub(crate) struct Rows<'r> {
    columns: &'r [&'static str],
    rows: &'r [Vec<Value>],
    moments: SecondsFormat,
}

impl<'r> Rows<'r> {
    /// The values, column by column, under the names of the columns.
    pub fn new(backend: DbBackend, columns: &'r [&'static str], rows: &'r [Vec<Value>]) -> Self {
        // SQLite keeps a moment's text as it is, and Postgres would round what it cannot keep.
        let moments = match backend {
            DbBackend::Postgres => SecondsFormat::Micros,
            _ => SecondsFormat::AutoSi,
        };
        Self { columns, rows, moments }
    }

    pub fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |row| Row { columns: self.columns, row, moments: self.moments };
        serializer.collect_seq(self.rows.iter().map(row))
    }
}

struct Row<'r> {
    columns: &'r [&'static str],
    row: &'r Vec<Value>,
    moments: SecondsFormat,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, value) in self.columns.iter().zip(self.row) {
            map.serialize_entry(column, &Cell { value, moments: self.moments })?;
        }
        map.end()
    }
}

/// A value as it stands within JSON: the same text or number that a parameter of its own would store.
struct Cell<'r> {
    value: &'r Value,
    moments: SecondsFormat,
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Bool(value) => value.serialize(serializer),
            Value::Int(value) => value.serialize(serializer),
            Value::BigInt(value) => value.serialize(serializer),
            Value::String(value) => value.serialize(serializer),
            Value::Json(value) => value.serialize(serializer),
            Value::Uuid(value) => value.map(|id| id.simple().to_string()).serialize(serializer),
            Value::ChronoDate(value) => value.map(|day| day.to_string()).serialize(serializer),
            Value::ChronoDateTimeUtc(value) => {
                value.map(|at| at.to_rfc3339_opts(self.moments, false)).serialize(serializer)
            }
            _ => Err(S::Error::custom("a column has a type that is not written in bulk")),
        }
    }
}
