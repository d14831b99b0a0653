//! A database with our schema for one test, on either backend, and the time that the test sets.
//!
//! What lives here: opening, migrating, and a second pool on the same data.
//! What does not: rows (`world` makes those) and the Postgres server (`postgres`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use chrono::TimeDelta;
use domain::time::{Clock, Timestamp};
use migration::{Migrator, MigratorTrait};
use platform::{SeededIds, config::DatabaseConfig, database::connect};
use sea_orm::DatabaseConnection;
use store::Store;
use tempfile::TempDir;
use tokio::sync::OnceCell;

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
    or_panic(backend, open_copy(backend).await)
}

/// Opens a fresh database with our schema on a server of one's own.
pub async fn open_on(server: &PrivatePostgres) -> anyhow::Result<TestDb> {
    let name = server.create_database();
    let test = connected(Backend::Postgres, server.url(&name), None).await?;
    Migrator::up(&test.db, None).await?;
    Ok(test)
}

/// Opens a fresh database without any schema.
///
/// # Panics
/// If there is no database to be had.
pub async fn open_empty(backend: Backend) -> TestDb {
    or_panic(backend, open_new(backend).await)
}

fn or_panic(backend: Backend, opened: anyhow::Result<TestDb>) -> TestDb {
    opened.unwrap_or_else(|error| panic!("cannot open a test database on {backend:?}: {error:#}"))
}

/// Opens a copy of a database that was migrated once: the migrations take longer than most tests.
async fn open_copy(backend: Backend) -> anyhow::Result<TestDb> {
    static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();
    static DATABASE: OnceCell<String> = OnceCell::const_new();

    match backend {
        Backend::Sqlite => {
            let bytes = FILE.get_or_try_init(migrated_file).await?;
            let (folder, file) = place_for_a_file()?;
            fs::write(&file, bytes)?;
            connected(backend, file_url(&file), Some(folder)).await
        }
        Backend::Postgres => {
            let server = PrivatePostgres::start()?;
            let template = DATABASE.get_or_try_init(migrated_database).await?;
            let name = server.copy_database(template);
            connected(backend, server.url(&name), None).await
        }
    }
}

async fn migrated_file() -> anyhow::Result<Vec<u8>> {
    let test = open_new(Backend::Sqlite).await?;
    Migrator::up(&test.db, None).await?;
    let file = test.config.sqlite_path().context("it is a file")?;
    // The last connection to go writes everything into the one file.
    test.db.close_by_ref().await?;
    Ok(fs::read(file)?)
}

async fn migrated_database() -> anyhow::Result<String> {
    let server = PrivatePostgres::start()?;
    let name = server.create_database();
    let db = connect(&DatabaseConfig { url: server.url(&name) }).await?;
    Migrator::up(&db, None).await?;
    // A database with a session cannot be copied.
    db.close().await?;
    Ok(name)
}

async fn open_new(backend: Backend) -> anyhow::Result<TestDb> {
    match backend {
        Backend::Sqlite => {
            let (folder, file) = place_for_a_file()?;
            connected(backend, file_url(&file), Some(folder)).await
        }
        Backend::Postgres => {
            let server = PrivatePostgres::start()?;
            let name = server.create_database();
            connected(backend, server.url(&name), None).await
        }
    }
}

fn place_for_a_file() -> anyhow::Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let file = folder.path().join("steward.db");
    Ok((folder, file))
}

fn file_url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

async fn connected(
    backend: Backend,
    url: String,
    folder: Option<TempDir>,
) -> anyhow::Result<TestDb> {
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
        Store::new(self.connect_again().await, Arc::new(SeededIds::new(seed)))
    }

    /// More connections to the same data, without a store.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn connect_again(&self) -> DatabaseConnection {
        connect(&self.config).await.expect("the database answers a second pool too")
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
