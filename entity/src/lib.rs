//! The tables as sea-orm models: one file per table, shape only.
//!
//! What lives here: column names and types, as the migrations make them.
//! What does not: queries (`store`), decisions (`domain`), and relations, since every query is written out in `store`.
#![expect(
    missing_docs,
    reason = "a column says what it is by its name and table, and the derives add items of their own"
)]

pub mod actions;
pub mod admin_keys;
pub mod agent_autonomous_runs;
pub mod agent_policy_violations;
pub mod agent_tenant_locks;
pub mod api_keys;
pub mod cases;
pub mod clients;
pub mod compliance_items;
pub mod contacts;
pub mod credit_profiles;
pub mod deal_stage_changes;
pub mod deals;
pub mod decisions;
pub mod deleted_tenants;
pub mod engagement_clocks;
pub mod engagement_touches;
pub mod goals;
pub mod idempotency_keys;
pub mod import_chunks;
pub mod imports;
pub mod job_pauses;
pub mod line_limits;
pub mod mailboxes;
pub mod memories;
pub mod message_readings;
pub mod messages;
pub mod order_exceptions;
pub mod order_lines;
pub mod orders;
pub mod outbound_messages;
pub mod price_book_entries;
pub mod privacy_requests;
pub mod products;
pub mod quotes;
pub mod recorded_jobs;
pub mod requirements;
pub mod runner_leases;
pub mod schedule_fires;
pub mod suppressions;
pub mod tasks;
pub mod tenants;
pub mod threads;
pub mod workers;
