//! The file: its tables, and how an older one becomes a newer one.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::{QueueError, QueueResult};

/// The newest schema.
const VERSION: i64 = 1;
/// What tells our files from other people's: "stwq".
const APPLICATION_ID: i64 = 0x7374_7771;
/// How long a write waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that stay prepared.
const STATEMENTS_MAX: usize = 64;

/// `turn` is where a job stands in its line; it is in the line while it may be claimed with others.
/// `at` is in milliseconds and means what the state says: the time to run, ready since, the lease's end, ended when.
const SCHEMA: &str = "\
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    in_line INTEGER NOT NULL DEFAULT 0,
    is_held INTEGER NOT NULL DEFAULT 0,
    is_alone INTEGER NOT NULL DEFAULT 0,
    is_cancelling INTEGER NOT NULL DEFAULT 0,
    token INTEGER,
    worker TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    rescues INTEGER NOT NULL DEFAULT 0,
    snoozes INTEGER NOT NULL DEFAULT 0,
    unique_key TEXT,
    is_windowed INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    enqueued_at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX tasks_in_line ON tasks (queue, tenant, turn, id) WHERE in_line = 1;
CREATE INDEX tasks_by_time ON tasks (state, at);
CREATE INDEX tasks_listed ON tasks (queue, state, id);
CREATE INDEX tasks_alone ON tasks (queue, at, id) WHERE is_alone = 1 AND state = 'ready';
CREATE INDEX tasks_held ON tasks (name, id) WHERE is_held = 1;
CREATE TABLE keys (
    queue TEXT NOT NULL,
    tenant BLOB NOT NULL,
    key TEXT NOT NULL,
    id BLOB NOT NULL,
    until INTEGER,
    PRIMARY KEY (queue, tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_time ON keys (until) WHERE until IS NOT NULL;
CREATE TABLE counts (
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (queue, state)
) STRICT, WITHOUT ROWID;
CREATE TABLE pauses (kind TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY (kind, what)) STRICT, WITHOUT ROWID;
CREATE TABLE limits (
    queue TEXT NOT NULL,
    tenant BLOB NOT NULL,
    weight INTEGER NOT NULL,
    running_max INTEGER,
    rate_per_minute INTEGER,
    rate_burst INTEGER,
    parked_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, tenant)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('token', 0);
";

/// Opens the file for the one process that hands out its jobs, and makes it if it is missing.
pub(super) fn open(path: &Path) -> QueueResult<Connection> {
    let mut db = Connection::open(path).map_err(|error| read_error(path, &error))?;
    prepare(&db).map_err(|error| read_error(path, &error))?;
    migrate(&mut db, path)?;
    Ok(db)
}

/// Opens the file to look at it, beside the process that owns it; none if there is no such file.
pub(super) fn open_to_read(path: &Path) -> QueueResult<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|error| read_error(path, &error))?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(|error| read_error(path, &error))?;
    match version(&db, path)? {
        VERSION => Ok(Some(db)),
        // A file that is being made: nothing is in it yet.
        _ => Ok(None),
    }
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    db.pragma_update(None, "journal_mode", "wal")?;
    // A crash of the process loses nothing; a crash of the machine may lose the last moments, which the outbox knows.
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "cache_size", -8_192)?;
    // The log is cut back after a burst, so that the file does not keep the size of its worst hour.
    db.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)
}

fn migrate(db: &mut Connection, path: &Path) -> QueueResult<()> {
    if version(db, path)? == VERSION {
        return Ok(());
    }
    let made =
        db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).and_then(|txn| {
            // Another process may have made them while this one waited.
            let found: i64 = txn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            if found == 0 {
                txn.execute_batch(SCHEMA)?;
                txn.pragma_update(None, "application_id", APPLICATION_ID)?;
                txn.pragma_update(None, "user_version", VERSION)?;
            }
            txn.commit()
        });
    made.map_err(|error| read_error(path, &error))
}

/// The file's version; 0 if there is nothing in it.
fn version(db: &Connection, path: &Path) -> QueueResult<i64> {
    let read = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (found, owner) = read("user_version")
        .and_then(|found| Ok((found, read("application_id")?)))
        .map_err(|error| read_error(path, &error))?;
    let is_empty = db
        .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
        .optional()
        .map_err(|error| read_error(path, &error))?
        .is_none();
    if is_empty {
        return Ok(0);
    }
    if owner != APPLICATION_ID {
        let problem = "it holds something else".to_owned();
        return Err(QueueError::Unreadable { path: path.to_owned(), problem });
    }
    if VERSION < found {
        return Err(QueueError::NewerVersion { path: path.to_owned(), found, known: VERSION });
    }
    Ok(found)
}

/// What an error says about the file itself; anything else passes.
fn read_error(path: &Path, error: &rusqlite::Error) -> QueueError {
    use rusqlite::ErrorCode;
    let problem = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            QueueError::Unreadable { path: path.to_owned(), problem }
        }
        _ => QueueError::Unavailable { problem: format!("{}: {problem}", path.display()) },
    }
}
