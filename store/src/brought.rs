//! One statement that changes many rows, each in its own way.
//!
//! What lives here: the list of values that such a statement joins its table with.
//! What does not: which table, and what is changed there; each aggregate's file says so.

use sea_orm::{DbBackend, Statement, Value};

/// Rows of one statement: with a handful of values each, far below what either database binds.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// A statement that begins with the table `brought` of the given columns and rows.
///
/// `sql` takes `fixed` as `$1`, `$2` and so on; the rows' own places come after them.
pub(crate) fn statement(
    backend: DbBackend,
    columns: &str,
    sql: &str,
    fixed: Vec<Value>,
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Statement {
    let mut values = fixed;
    let mut tuples = Vec::new();
    for row in rows {
        let places: Vec<String> =
            (1..row.len().saturating_add(1)).map(|at| format!("${}", values.len() + at)).collect();
        tuples.push(format!("({})", places.join(", ")));
        values.extend(row);
    }
    let text = format!("WITH brought({columns}) AS (VALUES {}) {sql}", tuples.join(", "));
    Statement::from_sql_and_values(backend, text, values)
}
