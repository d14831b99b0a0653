//! How a table of ours is made, so that no table can forget whose rows it holds.
//!
//! Every row has an id that is unique with its tenant, and every reference carries the tenant along:
//! a row can then never point into another tenant's data, whatever a query forgets.
//! SQLite cannot add foreign keys later, so they are part of `CREATE TABLE`.

use sea_orm_migration::{
    prelude::*,
    sea_orm::DbBackend,
    sea_query::{
        ColumnDef, ForeignKey, ForeignKeyCreateStatement, Index, Table, TableCreateStatement,
    },
};

/// The column types that mean the same on SQLite and Postgres.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// 16 bytes.
    Uuid,
    /// UTF-8 of any length, ordered by its bytes.
    Text,
    /// 32 bits.
    Integer,
    /// 64 bits; all money.
    BigInteger,
    /// True or false.
    Boolean,
    /// A moment, in UTC.
    Timestamp,
    /// A calendar day.
    Date,
    /// A JSON document.
    Json,
    /// Bytes.
    Blob,
}

/// A `CREATE TABLE` under construction.
pub struct TenantTable {
    name: &'static str,
    statement: TableCreateStatement,
    columns: Vec<(Kind, ColumnDef)>,
    tenanted: bool,
    uniques: Vec<Vec<&'static str>>,
    indexes: Vec<Vec<&'static str>>,
    across: Vec<Vec<&'static str>>,
}

impl TenantTable {
    /// A table of rows that each belong to a tenant.
    pub fn new(name: &'static str) -> Self {
        let mut table = Self::bare(name, true).primary("id", Kind::Uuid);
        table = table.required("tenant_id", Kind::Uuid);
        table.statement.foreign_key(&mut to_tenant(name));
        table.unique(&["id"])
    }

    /// The table of tenants itself.
    pub fn root(name: &'static str) -> Self {
        Self::bare(name, false).primary("id", Kind::Uuid)
    }

    /// A table outside the tenants, with a natural key.
    pub fn keyed(name: &'static str, key: &'static str) -> Self {
        Self::bare(name, false).primary(key, Kind::Text)
    }

    /// A table with at most one row per tenant.
    pub fn one_per_tenant(name: &'static str) -> Self {
        let mut table = Self::bare(name, false).primary("tenant_id", Kind::Uuid);
        table.statement.foreign_key(&mut to_tenant(name));
        table
    }

    fn bare(name: &'static str, tenanted: bool) -> Self {
        let statement = Table::create().table(name).to_owned();
        let (columns, uniques, indexes) = (Vec::new(), Vec::new(), Vec::new());
        let across = Vec::new();
        Self { name, statement, columns, tenanted, uniques, indexes, across }
    }

    fn primary(mut self, name: &'static str, kind: Kind) -> Self {
        self.columns.push((kind, column(name, kind).not_null().primary_key().take()));
        self
    }

    /// Adds a column that always has a value.
    pub fn required(mut self, name: &'static str, kind: Kind) -> Self {
        self.columns.push((kind, column(name, kind).not_null().take()));
        self
    }

    /// Adds a column that may be empty.
    pub fn optional(mut self, name: &'static str, kind: Kind) -> Self {
        self.columns.push((kind, column(name, kind)));
        self
    }

    /// Adds a reference to a row of the same tenant.
    pub fn reference(self, name: &'static str, to: &'static str) -> Self {
        let table = self.required(name, Kind::Uuid);
        table.foreign_key(name, to)
    }

    /// Adds a reference, possibly empty, to a row of the same tenant.
    pub fn optional_reference(self, name: &'static str, to: &'static str) -> Self {
        let table = self.optional(name, Kind::Uuid);
        table.foreign_key(name, to)
    }

    fn foreign_key(mut self, name: &'static str, to: &'static str) -> Self {
        let mut key = ForeignKey::create()
            .name(format!("fk_{}_{name}", self.name))
            .from(self.name, ("tenant_id", name))
            .to(to, ("tenant_id", "id"))
            .to_owned();
        self.statement.foreign_key(&mut key);
        self
    }

    /// Makes columns unique, within the tenant where rows have one.
    pub fn unique(mut self, columns: &[&'static str]) -> Self {
        self.uniques.push(columns.to_vec());
        self
    }

    /// Indexes columns, led by the tenant where rows have one.
    pub fn index(mut self, columns: &[&'static str]) -> Self {
        self.indexes.push(columns.to_vec());
        self
    }

    /// Indexes columns for a query that looks across tenants, which few may.
    pub fn index_across_tenants(mut self, columns: &[&'static str]) -> Self {
        self.across.push(columns.to_vec());
        self
    }

    /// Runs the statements.
    pub async fn create(mut self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for (kind, mut column) in self.columns {
            // SQLite compares bytes, and Postgres the way of the server's language unless it is told.
            if is_postgres && kind == Kind::Text {
                column.extra("COLLATE \"C\"");
            }
            self.statement.col(column);
        }
        manager.create_table(self.statement).await?;
        let groups = [("uq", self.uniques), ("ix", self.indexes), ("ax", self.across)];
        for (prefix, group) in groups {
            for columns in group {
                let mut index = Index::create();
                index.name(index_name(prefix, self.name, &columns)).table(self.name);
                if self.tenanted && prefix != "ax" {
                    index.col("tenant_id");
                }
                for column in columns {
                    index.col(column);
                }
                if prefix == "uq" {
                    index.unique();
                }
                manager.create_index(index).await?;
            }
        }
        Ok(())
    }
}

/// Indexes columns of a table that is there already, led by the tenant.
pub async fn index_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(index_name("ix", table, columns)).table(table).col("tenant_id");
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// Drops an index that was made with its table.
pub async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let index = Index::drop().name(index_name("ix", table, columns)).table(table).to_owned();
    manager.drop_index(index).await
}

fn to_tenant(name: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{name}_tenant_id"))
        .from(name, "tenant_id")
        .to("tenants", "id")
        .to_owned()
}

fn column(name: &'static str, kind: Kind) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match kind {
        Kind::Uuid => column.uuid(),
        Kind::Text => column.text(),
        Kind::Integer => column.integer(),
        Kind::BigInteger => column.big_integer(),
        Kind::Boolean => column.boolean(),
        Kind::Timestamp => column.timestamp_with_time_zone(),
        Kind::Date => column.date(),
        Kind::Json => column.json_binary(),
        Kind::Blob => column.blob(),
    };
    column
}

/// Postgres cuts names at 63 bytes, and two cut names could meet.
const INDEX_NAME_BYTES_MAX: usize = 60;

fn index_name(prefix: &str, table: &str, columns: &[&str]) -> String {
    let mut name = format!("{prefix}_{table}_{}", columns.join("_"));
    name.truncate(INDEX_NAME_BYTES_MAX);
    name
}
