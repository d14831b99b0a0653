//! What the database itself says about the schema, in one shape for both databases.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{FromQueryResult, Statement};
use testkit::database::{Backend, TestDb};

/// What a column holds, as the migrations' own kinds tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Ids.
    Uuid,
    /// Words.
    Text,
    /// Whole numbers of 32 bits.
    Integer,
    /// Whole numbers of 64 bits; on SQLite all of them are.
    BigInteger,
    /// Yes or no.
    Boolean,
    /// Moments.
    Timestamp,
    /// Days.
    Date,
    /// Documents.
    Json,
    /// Bytes.
    Blob,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub holds: Holds,
    pub is_required: bool,
    /// Whether it is ordered by its bytes, as far as it is words.
    pub is_ordered_by_bytes: bool,
}

/// A foreign key, column by column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub to_table: String,
    pub to_columns: Vec<String>,
}

/// A table of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub foreign_keys: BTreeSet<ForeignKey>,
    /// The columns of each unique index, the primary key among them.
    pub uniques: BTreeSet<Vec<String>>,
    /// The columns of each index that is not unique.
    pub indexes: BTreeSet<Vec<String>>,
}

/// Every table but the migrations' own, by name.
pub type Catalog = BTreeMap<String, Table>;

/// The table in which the migrations remember what has run.
const MIGRATIONS: &str = "seaql_migrations";

/// Reads the schema as the database knows it.
pub async fn read(test: &TestDb) -> Catalog {
    let [columns, keys, indexes] = match test.backend {
        Backend::Sqlite => [SQLITE_COLUMNS, SQLITE_KEYS, SQLITE_INDEXES],
        Backend::Postgres => [POSTGRES_COLUMNS, POSTGRES_KEYS, POSTGRES_INDEXES],
    };
    let mut catalog = Catalog::new();
    for row in query::<ColumnRow>(test, columns).await {
        let holds = holds(test.backend, &row.type_name)
            .unwrap_or_else(|| panic!("{}.{} is {}", row.table_name, row.name, row.type_name));
        let column = Column {
            name: row.name,
            holds,
            is_required: row.is_required != 0,
            is_ordered_by_bytes: holds == Holds::Text && row.collation == BYTES,
        };
        catalog.entry(row.table_name).or_default().columns.push(column);
    }
    let mut grouped: BTreeMap<(String, String), ForeignKey> = BTreeMap::new();
    for row in query::<KeyRow>(test, keys).await {
        let key = grouped.entry((row.table_name, row.key_name)).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            to_table: row.to_table,
            to_columns: Vec::new(),
        });
        key.columns.push(row.name);
        key.to_columns.push(row.to_name);
    }
    for ((table, _), key) in grouped {
        catalog.entry(table).or_default().foreign_keys.insert(key);
    }
    let mut grouped: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for row in query::<IndexRow>(test, indexes).await {
        let key = (row.table_name, row.index_name, row.is_unique != 0);
        grouped.entry(key).or_default().push(row.name);
    }
    for ((table, _, is_unique), columns) in grouped {
        let table = catalog.entry(table).or_default();
        if is_unique { &mut table.uniques } else { &mut table.indexes }.insert(columns);
    }
    catalog.remove(MIGRATIONS);
    catalog
}

impl Table {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether its rows belong to tenants.
    pub fn is_of_tenants(&self) -> bool {
        self.column("tenant_id").is_some()
    }
}

fn holds(backend: Backend, type_name: &str) -> Option<Holds> {
    Some(match type_name.to_lowercase().as_str() {
        "integer" if backend == Backend::Sqlite => Holds::BigInteger,
        "uuid" | "uuid_text" => Holds::Uuid,
        "text" => Holds::Text,
        "integer" => Holds::Integer,
        "bigint" => Holds::BigInteger,
        "boolean" => Holds::Boolean,
        "timestamp with time zone" | "timestamp_with_timezone_text" => Holds::Timestamp,
        "date" | "date_text" => Holds::Date,
        "jsonb" | "jsonb_text" => Holds::Json,
        "bytea" | "blob" => Holds::Blob,
        // The migrations' own table has a type that ours do not.
        "character varying" | "varchar" => Holds::Text,
        _ => return None,
    })
}

async fn query<T: FromQueryResult>(test: &TestDb, sql: &str) -> Vec<T> {
    let statement = Statement::from_string(test.db.get_database_backend(), sql);
    T::find_by_statement(statement).all(&test.db).await.unwrap()
}

#[derive(FromQueryResult)]
struct ColumnRow {
    table_name: String,
    name: String,
    type_name: String,
    is_required: i32,
    collation: String,
}

#[derive(FromQueryResult)]
struct KeyRow {
    table_name: String,
    key_name: String,
    name: String,
    to_table: String,
    to_name: String,
}

#[derive(FromQueryResult)]
struct IndexRow {
    table_name: String,
    index_name: String,
    name: String,
    is_unique: i32,
}

/// The name of the collation that compares bytes; SQLite knows no other where none is named.
const BYTES: &str = "C";

const SQLITE_COLUMNS: &str = r#"
    SELECT t.name AS table_name, c.name AS name, c.type AS type_name, c."notnull" AS is_required,
        CASE WHEN t.sql LIKE '%collate%' THEN 'named' ELSE 'C' END AS collation
    FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid"#;

const SQLITE_KEYS: &str = r#"
    SELECT t.name AS table_name, CAST(k.id AS TEXT) AS key_name, k."from" AS name,
        k."table" AS to_table, k."to" AS to_name
    FROM sqlite_master AS t JOIN pragma_foreign_key_list(t.name) AS k
    WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq"#;

const SQLITE_INDEXES: &str = r#"
    SELECT t.name AS table_name, i.name AS index_name, c.name AS name, i."unique" AS is_unique
    FROM sqlite_master AS t JOIN pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c
    WHERE t.type = 'table' ORDER BY t.name, i.name, c.seqno"#;

const POSTGRES_COLUMNS: &str = "
    SELECT table_name::text, column_name::text AS name, data_type::text AS type_name,
        (is_nullable = 'NO')::int AS is_required, coalesce(collation_name, '')::text AS collation
    FROM information_schema.columns WHERE table_schema = 'public'
    ORDER BY table_name, ordinal_position";

const POSTGRES_KEYS: &str = "
    SELECT t.relname::text AS table_name, k.conname::text AS key_name, a.attname::text AS name,
        f.relname::text AS to_table, b.attname::text AS to_name
    FROM pg_constraint AS k
    JOIN pg_class AS t ON t.oid = k.conrelid JOIN pg_class AS f ON f.oid = k.confrelid
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS c(at, to_at, n)
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = c.at
    JOIN pg_attribute AS b ON b.attrelid = f.oid AND b.attnum = c.to_at
    WHERE k.contype = 'f' ORDER BY t.relname, k.conname, c.n";

const POSTGRES_INDEXES: &str = "
    SELECT t.relname::text AS table_name, i.relname::text AS index_name, a.attname::text AS name,
        x.indisunique::int AS is_unique
    FROM pg_index AS x
    JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_namespace AS s ON s.oid = t.relnamespace AND s.nspname = 'public'
    CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS c(at, n)
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = c.at
    ORDER BY t.relname, i.relname, c.n";
