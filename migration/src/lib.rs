//! The schema, one concern per migration; the same steps on SQLite and Postgres.
//!
//! Each is one transaction on both: a process that ends in the midst of one leaves nothing behind that keeps the next
//! one from starting.
//!
//! What lives here: how tables come to be.
//! What does not: anything of ours. A migration must mean the same in ten years, so it imports no other crate of the project.

mod m0001_tenants;
mod m0002_accounts;
mod m0003_catalogue;
mod m0004_orders;
mod m0005_pipeline;
mod m0006_mail;
mod m0007_engagement;
mod m0008_agent;
mod m0009_jobs;
mod m0010_schedules;
mod m0011_api;
mod m0012_imports;
mod m0013_privacy;
mod m0014_workers;
mod m0015_outbox;
mod table;

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigratorTrait, prelude::DbErr};

/// Every migration, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tenants::Migration),
            Box::new(m0002_accounts::Migration),
            Box::new(m0003_catalogue::Migration),
            Box::new(m0004_orders::Migration),
            Box::new(m0005_pipeline::Migration),
            Box::new(m0006_mail::Migration),
            Box::new(m0007_engagement::Migration),
            Box::new(m0008_agent::Migration),
            Box::new(m0009_jobs::Migration),
            Box::new(m0010_schedules::Migration),
            Box::new(m0011_api::Migration),
            Box::new(m0012_imports::Migration),
            Box::new(m0013_privacy::Migration),
            Box::new(m0014_workers::Migration),
            Box::new(m0015_outbox::Migration),
        ]
    }
}
