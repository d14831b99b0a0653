//! Looks behind the store: whole tables as they are in the database, to be held against each other.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::TenantId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// The table in which the migrations keep their own record.
const OF_THE_MIGRATIONS: &str = "seaql_migrations";

/// Every row of every table, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    tables: BTreeMap<String, BTreeSet<String>>,
}

impl Snapshot {
    /// Everything there is.
    pub async fn of_all(db: &DatabaseConnection) -> Self {
        Self::take(db, table_names(db).await, None).await
    }

    /// Everything of one tenant.
    pub async fn of(db: &DatabaseConnection, tenant: TenantId) -> Self {
        Self::take(db, table_names(db).await, Some(tenant)).await
    }

    /// Some tables of one tenant.
    pub async fn of_tables(db: &DatabaseConnection, tenant: TenantId, tables: &[&str]) -> Self {
        Self::take(db, tables.iter().map(|it| (*it).to_owned()).collect(), Some(tenant)).await
    }

    async fn take(db: &DatabaseConnection, names: Vec<String>, tenant: Option<TenantId>) -> Self {
        let mut tables = BTreeMap::new();
        for table in names {
            let columns = column_names(db, &table).await;
            let whose = ["tenant_id", "id"].into_iter().find(|name| match *name {
                "id" => table == "tenants",
                name => columns.iter().any(|column| column == name),
            });
            let filter = match (tenant, whose) {
                (None, _) => String::new(),
                (Some(tenant), Some(column)) => {
                    format!(" WHERE {column} = {}", literal(db.get_database_backend(), tenant))
                }
                (Some(_), None) => continue,
            };
            tables.insert(table.clone(), rows(db, &table, &columns, &filter).await);
        }
        Self { tables }
    }

    /// Which tables are not what they were.
    pub fn changed_until<'a>(&'a self, later: &'a Self) -> BTreeSet<&'a str> {
        let names = self.tables.keys().chain(later.tables.keys()).map(String::as_str);
        names.filter(|name| self.tables.get(*name) != later.tables.get(*name)).collect()
    }

    /// Whether every row of a table of an earlier snapshot is still as it was.
    pub fn keeps(&self, earlier: &Self, table: &str) -> bool {
        earlier.tables[table].is_subset(&self.tables[table])
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> usize {
        self.tables[table].len()
    }
}

async fn table_names(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT tablename AS it FROM pg_tables WHERE schemaname = current_schema()"
        }
        _ => "SELECT name AS it FROM sqlite_master WHERE type = 'table'",
    };
    let mut names = texts(db, sql).await;
    names.retain(|name| name != OF_THE_MIGRATIONS && !name.starts_with("sqlite_"));
    assert!(20 < names.len(), "the tables were not found: {names:?}");
    names
}

async fn column_names(db: &DatabaseConnection, table: &str) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT column_name AS it FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}'"
        ),
        _ => format!("SELECT name AS it FROM pragma_table_info('{table}')"),
    };
    texts(db, &sql).await
}

async fn rows(
    db: &DatabaseConnection,
    table: &str,
    columns: &[String],
    filter: &str,
) -> BTreeSet<String> {
    let row = match db.get_database_backend() {
        DbBackend::Postgres => "CAST(the_row AS text)".to_owned(),
        _ => columns
            .iter()
            .map(|column| format!("'{column}=' || quote(\"{column}\")"))
            .collect::<Vec<_>>()
            .join(" || ' ' || "),
    };
    let sql = format!("SELECT {row} AS it FROM {table} AS the_row{filter}");
    texts(db, &sql).await.into_iter().collect()
}

/// The one text column, named `it`, of what a statement gives.
async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get("", "it").expect("it is text")).collect()
}

fn literal(backend: DbBackend, tenant: TenantId) -> String {
    match backend {
        DbBackend::Postgres => format!("'{tenant}'"),
        _ => format!("X'{}'", tenant.uuid().simple()),
    }
}

/// The one number, named `it`, that a statement gives.
pub async fn count(db: &DatabaseConnection, sql: &str) -> u64 {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let number: i64 = row.expect("it gives a row").try_get("", "it").expect("it is a number");
    u64::try_from(number).expect("it is a count")
}

/// Executes a statement behind the store's back.
pub async fn tamper(db: &DatabaseConnection, sql: &str) {
    let done = db.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(0 < done.rows_affected(), "nothing was tampered with: {sql}");
}

/// A UUID as a literal of the database.
pub fn uuid_literal(db: &DatabaseConnection, id: sea_orm::prelude::Uuid) -> String {
    literal(db.get_database_backend(), TenantId::from_uuid(id))
}
