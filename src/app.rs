//! What every subcommand starts from: the store, the clock, and the agent.

use std::{path::Path, sync::Arc, time::Duration};

use agent::{Agent, RulePlanner};
use anyhow::Context;
use connectors::mail::FileTransport;
use domain::{action::Actor, time::Clock};
use migration::MigratorTrait;
use platform::{RandomIds, SystemClock, config::Config, instance_name};
use store::{Store, tenant::Tenant};

/// The parts of a running steward.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub instance: String,
    config: Config,
}

impl App {
    /// Opens the database; its schema must be up to date.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let db = platform::database::connect(&config.database).await?;
        let pending = migration::Migrator::get_pending_migrations(&db).await;
        let pending = pending.context("cannot read the database's schema version")?;
        if !pending.is_empty() {
            anyhow::bail!(
                "the database {} lacks {} migrations: run `steward migrate` (or `steward up`, which does)",
                config.database.shown(),
                pending.len()
            );
        }
        Ok(Self::with(db, config))
    }

    /// Opens the database and brings its schema up to date.
    pub async fn open_and_migrate(config: &Config) -> anyhow::Result<Self> {
        let db = platform::database::connect(&config.database).await?;
        migration::Migrator::up(&db, None).await.context("cannot bring the schema up to date")?;
        Ok(Self::with(db, config))
    }

    fn with(db: platform::database::DatabaseConnection, config: &Config) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let instance = instance_name(clock.now());
        Self { store: Store::new(db, Arc::new(RandomIds)), clock, instance, config: config.clone() }
    }

    /// Ends the work with the database. What it cannot tidy up now, the next process does.
    pub async fn close(&self) {
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database could not be closed in order");
        }
    }

    /// The folder of the queue, and of everything else that is kept in files.
    pub fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    /// How everything is set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether any number of processes may work, on a queue in Redis.
    pub fn is_fleet(&self) -> bool {
        self.config.redis.is_some()
    }

    /// How long leases are.
    pub fn lease(&self) -> Duration {
        self.config.lease
    }

    /// The agent, writing letters into the data folder.
    pub fn agent(&self) -> Agent {
        Agent {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            transport: Arc::new(FileTransport::new(self.config.data_dir.join("outbox"))),
            planner: Arc::new(RulePlanner),
            turnstile: None,
            instance: self.instance.clone(),
        }
    }

    /// The tenant that a command is about: the one named, or the only one there is.
    pub async fn tenant(&self, named: Option<&str>) -> anyhow::Result<Tenant> {
        if let Some(name) = named {
            return Ok(self.store.system().require_tenant(name).await?);
        }
        let mut tenants = self.store.system().list_tenants().await?;
        match (tenants.pop(), tenants.len()) {
            (Some(only), 0) => Ok(only),
            (None, _) => anyhow::bail!(
                "there is no tenant yet: make one with `steward tenant create`, or see `steward up --demo`"
            ),
            (Some(_), _) => {
                anyhow::bail!("there are several tenants: say which one with --tenant NAME")
            }
        }
    }

    /// Who is at the command line, for the record.
    pub fn actor(&self) -> Actor {
        Actor::Cli(self.config.user.clone())
    }
}
