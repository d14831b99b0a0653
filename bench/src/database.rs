//! A database of our schema for one suite, on either backend.
//!
//! What lives here: opening it, and the few statements that no product code has: a bulk load and its statistics.
//! What does not: a query. Everything that is measured goes through the store.

use std::sync::Arc;

use anyhow::Context;
use platform::RandomIds;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, TransactionTrait};
use store::Store;
use testkit::{
    database::{Backend, TestDb, open, open_on},
    postgres::PrivatePostgres,
};

use crate::meter::Gauge;

/// A database with the product's own pool and ids.
pub struct Database {
    /// The store over it.
    pub store: Store,
    /// `sqlite` or `postgres`, as measures name it.
    pub name: &'static str,
    test: TestDb,
    /// Ends with it.
    _server: Option<PrivatePostgres>,
}

/// Rows of one statement: a clock has 22 columns, and SQLite takes 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 1_000;
/// Rows of one transaction, so that SQLite's log stays small.
const ROWS_PER_TRANSACTION: usize = 50_000;

impl Database {
    /// Opens a fresh one; errors where there is no server to be had.
    pub async fn open(backend: Backend) -> anyhow::Result<Self> {
        if backend == Backend::Postgres {
            PrivatePostgres::start().context("these figures need a Postgres server")?;
        }
        let test = open(backend).await;
        let store = Store::new(test.db.clone(), Arc::new(RandomIds));
        Ok(Self { store, name: name_of(backend), test, _server: None })
    }

    /// Opens a fresh one whose commits wait for the disk, as a real one's do.
    pub async fn open_durable(backend: Backend) -> anyhow::Result<Self> {
        if backend == Backend::Sqlite {
            return Self::open(backend).await;
        }
        let server = PrivatePostgres::start_durable().context("these figures need Postgres")?;
        let test = open_on(&server).await?;
        let store = Store::new(test.db.clone(), Arc::new(RandomIds));
        Ok(Self { store, name: name_of(backend), test, _server: Some(server) })
    }

    /// Starts measuring what is spent, by us and by the server if there is one.
    pub fn gauge(&self) -> Gauge {
        let url = &self.test.config().url;
        let path = url.split('?').next().unwrap_or(url);
        let database = path.rsplit('/').next().unwrap_or(path);
        Gauge::start(self.is_server().then_some(database))
    }

    /// Where it is, for another process.
    pub fn url(&self) -> String {
        self.test.config().url.clone()
    }

    /// Whether a server does the work, in other processes than ours.
    pub fn is_server(&self) -> bool {
        self.test.backend == Backend::Postgres
    }

    /// Gathers the statistics that Postgres gathers by itself within minutes, and SQLite never.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        self.test.db.execute_unprepared("ANALYZE").await?;
        Ok(())
    }

    /// Writes many rows past the store.
    pub async fn load<A>(&self, rows: impl Iterator<Item = A>) -> anyhow::Result<()>
    where
        A: ActiveModelTrait + Send,
    {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let txn = self.test.db.begin().await?;
            for _ in 0..ROWS_PER_TRANSACTION / ROWS_PER_STATEMENT {
                let chunk: Vec<A> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
                if chunk.is_empty() {
                    break;
                }
                A::Entity::insert_many(chunk).exec_without_returning(&txn).await?;
            }
            txn.commit().await?;
        }
        Ok(())
    }
}

/// What measures and arguments call a backend.
pub fn name_of(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    }
}
