//! A database with our schema for one test, on either backend, and the time that the test sets.
//!
//! What lives here: opening, migrating, and a second pool on the same data.
//! What does not: rows (`world` makes those) and the Postgres server (`postgres`).

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use chrono::TimeDelta;
use domain::time::{Clock, Timestamp};
use migration::{Migrator, MigratorTrait};
use platform::{SeededIds, config::DatabaseConfig, database::connect};
use sea_orm::DatabaseConnection;
use store::Store;
use tempfile::TempDir;

use crate::postgres::PrivatePostgres;

/// The seed of the ids of every test database, so that a failure looks the same twice.
const SEED: u64 = 7;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// The embedded one, in a file of its own.
    Sqlite,
    /// A database of its own on the private server.
    Postgres,
}

impl Backend {
    /// Both of them: what holds on one must hold on the other.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database of one test, which goes when the value goes.
pub struct TestDb {
    /// The store over it, with ids from a seed.
    pub store: Store,
    /// The same connections without the store's care: for planting faults, and for looking behind the store.
    pub db: DatabaseConnection,
    /// Which kind it is.
    pub backend: Backend,
    config: DatabaseConfig,
    /// Held for its `Drop`, which deletes the file.
    _folder: Option<TempDir>,
}

/// Opens a fresh database with our schema and nothing else in it.
///
/// # Panics
/// If there is no database to be had: a missing Postgres fails the test and does not skip it.
pub async fn open(backend: Backend) -> TestDb {
    let test = open_empty(backend).await;
    Migrator::up(&test.db, None).await.expect("the migrations run on an empty database");
    test
}

/// Opens a fresh database without any schema.
///
/// # Panics
/// If there is no database to be had.
pub async fn open_empty(backend: Backend) -> TestDb {
    match try_open(backend).await {
        Ok(test) => test,
        Err(error) => panic!("cannot open a test database on {backend:?}: {error:#}"),
    }
}

async fn try_open(backend: Backend) -> anyhow::Result<TestDb> {
    let (url, folder) = match backend {
        Backend::Sqlite => {
            let folder = tempfile::tempdir().context("no temporary folder")?;
            let file = folder.path().join("steward.db");
            (format!("sqlite://{}?mode=rwc", file.display()), Some(folder))
        }
        Backend::Postgres => {
            let server = PrivatePostgres::start()?;
            let name = server.create_database();
            (server.url(&name), None)
        }
    };
    let config = DatabaseConfig { url };
    let db = connect(&config).await?;
    let store = Store::new(db.clone(), Arc::new(SeededIds::new(SEED)));
    Ok(TestDb { store, db, backend, config, _folder: folder })
}

impl TestDb {
    /// Where it is, for a process or a pool of its own.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// A store with connections and ids of its own on the same data: another process.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn open_another(&self, seed: u64) -> Store {
        let db = connect(&self.config).await.expect("the database answers a second pool too");
        Store::new(db, Arc::new(SeededIds::new(seed)))
    }
}

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

impl FixedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Sets it, forwards or back.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves it forward and returns what it shows then.
    pub fn advance(&self, by: TimeDelta) -> Timestamp {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
        *now
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
