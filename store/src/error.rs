//! What can go wrong with a query, by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr, SqlErr, TryInsertResult};

/// The result of a query.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a query did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not in time. Trying again is right.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] DbErr),
    /// The database refused the statement. Trying the same again is wrong.
    #[error("the database refused: {0}")]
    Refused(#[source] DbErr),
    /// A row with this key exists already.
    #[error("{0} exists already")]
    AlreadyExists(String),
    /// A stored value is not what this version can read.
    #[error("the stored {what} cannot be read: {because}")]
    Unreadable {
        /// Table and column.
        what: &'static str,
        /// What is wrong with it; never the value itself.
        because: String,
    },
    /// An argument that cannot be kept.
    #[error("{field}: {because}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong, and the way out.
        because: String,
    },
    /// Another run holds the tenant, and this one writes nothing any more.
    #[error("the tenant's lock was lost: fence {held} was overtaken by {current}")]
    FenceLost {
        /// The fence this work was begun with.
        held: i64,
        /// The fence there is now.
        current: i64,
    },
    /// There is no such tenant.
    #[error(
        "there is no tenant `{0}`: see `steward tenant list`, or make it with `steward tenant create`"
    )]
    UnknownTenant(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(what)) = error.sql_err() {
            return Self::AlreadyExists(what);
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner))
                if inner.as_database_error().is_none()
                    || is_passing_code(inner)
                    || is_passing(&inner.to_string()) =>
            {
                Self::Unavailable(error)
            }
            _ => Self::Refused(error),
        }
    }
}

/// SQLite reports a busy or full database as an error of the statement, and Postgres its own shutdown.
fn is_passing(text: &str) -> bool {
    [
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "shutting down",
        "terminating connection",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// Postgres' own word that the same may work later: conflicts of transactions, shutdown, too many connections.
fn is_passing_code(error: &sea_orm::sqlx::Error) -> bool {
    const PASSING: &[&str] = &["40001", "40P01", "53300", "57P01", "57P02", "57P03"];
    let code = error.as_database_error().and_then(|it| it.code());
    code.is_some_and(|code| PASSING.contains(&code.as_ref()))
}

/// What a conditional change of state found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The row was in the expected state and is in the new one.
    Moved,
    /// The row was in the new state already: somebody did this before, and that is fine.
    AlreadyThere,
    /// The row is in neither, or gone: this caller is too late.
    Lost,
}

impl Transition {
    /// What came of an insert that does nothing where the row is there already.
    ///
    /// sea-orm calls that inserted too, with no row affected.
    pub(crate) fn of_insert(result: TryInsertResult<u64>) -> Self {
        match result {
            TryInsertResult::Inserted(rows) if 0 < rows => Self::Moved,
            TryInsertResult::Inserted(_) | TryInsertResult::Conflicted | TryInsertResult::Empty => {
                Self::AlreadyThere
            }
        }
    }
}

/// Marks stored text that no variant answers to.
pub(crate) fn unreadable<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Unreadable { what, because: error.to_string() }
}
