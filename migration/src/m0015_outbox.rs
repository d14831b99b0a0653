//! Migration 15: indexes of the few jobs that are not over yet, of the dead, and of those that were called off.

use sea_orm_migration::prelude::*;

/// Replaces the indexes of all recorded jobs by their state: a job changes it twice, and each index is written each time.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // First, since this locks most: what is locked more and more could meet a writer coming the other way.
        for of_all in ["ax_recorded_jobs_state_id", "ax_recorded_jobs_state_settled_at"] {
            manager
                .drop_index(Index::drop().name(of_all).table("recorded_jobs").to_owned())
                .await?;
        }
        for state in ["waiting", "relayed", "dead"] {
            let only = Index::create()
                .name(format!("ax_recorded_jobs_{state}"))
                .table("recorded_jobs")
                .col("id")
                .and_where(Expr::cust(format!("state = '{state}'")))
                .take();
            manager.create_index(only).await?;
        }
        let cancelled = Index::create()
            .name("ax_recorded_jobs_cancelled")
            .table("recorded_jobs")
            .col("settled_at")
            .and_where(Expr::cust("state = 'cancelled'"))
            .take();
        manager.create_index(cancelled).await
    }
}
