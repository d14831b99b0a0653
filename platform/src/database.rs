//! The connection pool, with what both databases need to be safe and quick.

use std::{fs, time::Duration};

use anyhow::Context;
pub use sea_orm::DatabaseConnection;
use sea_orm::{ConnectOptions, Database};

use crate::config::DatabaseConfig;

/// Connections to one database from one process: more than the cores can keep busy.
const CONNECTIONS_MAX: u32 = 10;
/// How long to wait for a connection before saying that the database is not available.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Rows that wait between the thread of SQLite and whoever reads them.
const ROW_BUFFER: usize = 1_024;
/// How long one writer waits for another on SQLite.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the pool; makes the folder of an embedded database.
pub async fn connect(config: &DatabaseConfig) -> anyhow::Result<DatabaseConnection> {
    if let Some(path) = config.sqlite_path()
        && let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    }
    let mut options = ConnectOptions::new(config.url.as_str());
    options
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        // Write-ahead logging lets readers go on beside the writer; NORMAL loses nothing to a crash of the process.
        .map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Normal)
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                // Rows come from a thread of SQLite's own; with a short queue the two wait for each other.
                .row_buffer_size(ROW_BUFFER)
                .pragma("cache_size", SQLITE_CACHE_KIB)
                .pragma("temp_store", "memory")
        });
    Database::connect(options)
        .await
        .with_context(|| format!("cannot open the database {}", config.shown()))
}

/// Pages of SQLite kept in memory per connection, in KiB (negative as SQLite wants it): 4 MiB.
const SQLITE_CACHE_KIB: &str = "-4096";
