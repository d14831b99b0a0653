//! Looks into the file beside the process that owns it, and changes nothing.

use std::path::Path;

use jobs::{JobId, Queue, TenantId};
use rusqlite::Connection;

use super::{
    checked_page,
    core::{Sql, unavailable},
    look, schema,
};
use crate::{Filter, Found, ListPage, QueueResult, QueueStats, State, TenantLoad};

/// An open file, to look at.
pub struct Reader {
    db: Connection,
}

impl Reader {
    /// Opens the file; none if there is none, or nothing in it yet.
    pub fn open(path: &Path) -> QueueResult<Option<Self>> {
        Ok(schema::open_to_read(path)?.map(|db| Self { db }))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Sql<T>) -> QueueResult<T> {
        read(&self.db).map_err(|error| unavailable(&error))
    }

    /// A job, if it is known.
    pub fn find(&self, id: JobId) -> QueueResult<Option<Found>> {
        self.read(|db| look::find(db, id))
    }

    /// Jobs in a state, oldest first, after a certain one.
    pub fn list(
        &self,
        filter: &Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage> {
        self.read(|db| look::list(db, filter, state, after, checked_page(max)))
    }

    /// A queue in figures; what only its owner counts is 0.
    pub fn stats(&self, queue: Queue) -> QueueResult<QueueStats> {
        self.read(|db| look::stats(db, queue))
    }

    /// How much of a queue is one tenant's.
    pub fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad> {
        self.read(|db| look::load(db, queue, tenant))
    }

    /// The tenants with the most jobs in a queue, most first.
    pub fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>> {
        self.read(|db| look::top(db, queue, checked_page(max)))
    }
}
