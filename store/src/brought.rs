//! One statement that changes many rows, each in its own way.
//!
//! What lives here: the list of values that such a statement joins its table with, brought as one parameter.
//! What does not: which table, and what is changed there; each aggregate's file says so.

use sea_orm::{DbBackend, Statement, Value};

use crate::{StoreResult, error::unreadable, parameter::Rows};

/// Rows of one statement.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// What a column of `brought` holds.
#[derive(Clone, Copy)]
pub(crate) enum Holds {
    Id,
    Text,
    Whole,
    Json,
}

/// A statement that begins with the table `brought` of the given columns and rows.
///
/// `sql` takes `fixed` as `$1`, `$2` and so on. Its text is the same however many rows there are, so that a
/// connection prepares it once.
pub(crate) fn statement(
    backend: DbBackend,
    columns: &[(&'static str, Holds)],
    sql: &str,
    fixed: Vec<Value>,
    rows: &[Vec<Value>],
) -> StoreResult<Statement> {
    let names: Vec<&'static str> = columns.iter().map(|(name, _)| *name).collect();
    let place = fixed.len().saturating_add(1);
    let taken = match backend {
        DbBackend::Postgres => {
            let typed: Vec<String> = columns.iter().map(on_postgres).collect();
            let typed = typed.join(", ");
            format!("* FROM json_to_recordset(CAST(${place} AS json)) AS given({typed})")
        }
        _ => {
            let taken: Vec<String> = columns.iter().map(on_sqlite).collect();
            format!("{} FROM json_each(${place})", taken.join(", "))
        }
    };
    let text = Rows::new(backend, &names, rows).text().map_err(unreadable("row to be written"))?;
    let mut values = fixed;
    values.push(text.into());
    // Materialized: SQLite would otherwise take the text apart again for each row of the table that it is joined with.
    let names = names.join(", ");
    let sql = format!("WITH brought({names}) AS MATERIALIZED (SELECT {taken}) {sql}");
    Ok(Statement::from_sql_and_values(backend, sql, values))
}

fn on_postgres((name, holds): &(&'static str, Holds)) -> String {
    let kind = match holds {
        Holds::Id => "uuid",
        Holds::Text => "text",
        Holds::Whole => "bigint",
        Holds::Json => "json",
    };
    format!("{name} {kind}")
}

fn on_sqlite((name, holds): &(&'static str, Holds)) -> String {
    match holds {
        Holds::Id => format!("unhex(value ->> '{name}')"),
        Holds::Text | Holds::Whole => format!("value ->> '{name}'"),
        Holds::Json => format!("value -> '{name}'"),
    }
}
