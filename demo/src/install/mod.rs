//! Puts the world into a database.
//!
//! The tenant is made first, because every row needs one; all rows follow in one unit of work. So
//! an interrupted installation leaves a tenant without rows, which the next call fills, and a
//! tenant with a single row of the demo has all of them. No flag is needed that could say
//! otherwise.
//!
//! Installing twice changes nothing. Two installations at once are the caller's to avoid: the
//! command holds the runner's lease before it installs.

mod keys;
mod mail;
mod rows;
#[cfg(test)]
mod tests;

use domain::{action::Actor, id::TenantId, mail::ReadError, time::Timestamp};
use store::{Store, StoreError, StoreResult, UnitOfWork, import::Origin, tenant::Tenant};

use crate::{
    company::{TENANT, new_tenant},
    people::client_key,
    world::{World, world},
};
use keys::Keys;

/// Where the demo's rows come from, as their keys say.
pub const SOURCE: &str = "demo";
/// The name of the demo's mailbox.
pub const MAILBOX: &str = "demo";

/// What came of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The demo's tenant.
    pub tenant: TenantId,
    /// Whether it was there with all its rows, so that nothing was written.
    pub was_there: bool,
    /// What the world has, written now or before.
    pub counts: Counts,
}

/// How much of everything the world has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Companies.
    pub clients: usize,
    /// Their people.
    pub contacts: usize,
    /// Articles.
    pub products: usize,
    /// Entries of the price book.
    pub prices: usize,
    /// Orders, those dated ahead included.
    pub orders: usize,
    /// Deals.
    pub deals: usize,
    /// Quotes.
    pub quotes: usize,
    /// Messages, those dated ahead included.
    pub messages: usize,
}

/// Why the demo could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Somebody's own tenant bears the demo's name.
    #[error(
        "the tenant `{TENANT}` is not the demo's, because it lives on the real clock: use another \
         database"
    )]
    NameTaken,
    /// A message of the world is none.
    #[error("the demo's message `{key}` cannot be read: {error}")]
    UnreadableMessage {
        /// Which one.
        key: String,
        /// Why.
        #[source]
        error: ReadError,
    },
    /// A row of the world points to one that is not there.
    #[error("the demo's {what} `{key}` is not in the database")]
    NotFound {
        /// What kind of row.
        what: &'static str,
        /// Its key.
        key: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the demo's tenant with its world, unless it is there.
///
/// `now` is the machine's time, which becomes the rows' time of import; what a cycle sees follows
/// the dates in the rows and the tenant's own clock.
///
/// # Errors
/// [`DemoError::NameTaken`] if there is a tenant of this name that is not on a stored clock.
pub async fn install(store: &Store, now: Timestamp) -> Result<Installed, DemoError> {
    let world = world();
    let tenant = find_or_create(store, now).await?;
    if !tenant.is_simulated() {
        return Err(DemoError::NameTaken);
    }
    let work = store.begin(tenant.id).await?;
    let was_there = is_filled(&work).await?;
    if !was_there {
        fill(&work, &tenant, &world, now).await?;
        work.commit().await?;
    }
    Ok(Installed { tenant: tenant.id, was_there, counts: Counts::of(&world) })
}

async fn find_or_create(store: &Store, now: Timestamp) -> StoreResult<Tenant> {
    let system = store.system();
    if let Some(tenant) = system.find_tenant(TENANT).await? {
        return Ok(tenant);
    }
    match system.create_tenant(new_tenant(), now).await {
        // Somebody was quicker by a moment, and the rows decide who fills the tenant.
        Ok(_) | Err(StoreError::AlreadyExists(_)) => system.require_tenant(TENANT).await,
        Err(error) => Err(error),
    }
}

/// Whether the world is there: its rows are committed together, so that one stands for all.
async fn is_filled(work: &UnitOfWork<'_>) -> StoreResult<bool> {
    let first = client_key(0);
    Ok(work.scope().client_ids(SOURCE, &[first.as_str()]).await?.contains_key(&first))
}

async fn fill(
    work: &UnitOfWork<'_>,
    tenant: &Tenant,
    world: &World,
    now: Timestamp,
) -> Result<(), DemoError> {
    let actor = Actor::Cli(SOURCE.to_owned());
    let origin = Origin { source: SOURCE, actor: &actor, at: now };
    let scope = work.scope();
    let mut keys = Keys::default();
    rows::accounts(&scope, &origin, world, &mut keys).await?;
    rows::catalogue(&scope, &origin, world, &mut keys).await?;
    rows::orders(&scope, &origin, world, &mut keys).await?;
    rows::pipeline(&scope, &origin, world, &mut keys).await?;
    rows::care(&scope, &origin, world, &keys).await?;
    rows::touches(&scope, tenant, world, &keys, now).await?;
    mail::messages(&scope, &origin, world).await
}

impl Counts {
    fn of(world: &World) -> Self {
        Self {
            clients: world.clients.len(),
            contacts: world.contacts.len(),
            products: world.products.len(),
            prices: world.prices.len(),
            orders: world.orders.len(),
            deals: world.deals.len(),
            quotes: world.quotes.len(),
            messages: world.messages.len(),
        }
    }
}
