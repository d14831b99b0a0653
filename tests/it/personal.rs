//! Which columns may hold a person's text; every other column must be able to stay when a person is
//! erased.
//!
//! A new column for words, documents or bytes fails here until somebody has decided what it holds.

use std::collections::BTreeSet;

use sea_orm::FromQueryResult;
use testkit::{database::TestDb, world::World};

use crate::{
    catalog::{self, Holds, Table},
    full::fill,
};

on_both!(every_column_for_words_is_classed, personal_text_stands_only_in_listed_columns);

/// Names, addresses and own words of people, of clients and of the tenant.
const PERSONAL: &[&str] = &[
    // People at clients. A source that keys people by their address puts it into the external id too.
    "contacts.name contacts.title contacts.role contacts.email contacts.phone contacts.external_id",
    "engagement_clocks.entity_key suppressions.address",
    // A sole trader's company bears their name.
    "clients.name clients.domain",
    // What people wrote, and what was written to them. Who makes a message id may put an address in.
    "messages.from_name messages.from_address messages.to_addresses messages.subject messages.raw",
    "messages.rfc_message_id threads.provider_id message_readings.body",
    "outbound_messages.to_address outbound_messages.subject outbound_messages.body",
    // A letter word for word, or a client's words that justify a task. Erasing it keeps its hash.
    "actions.payload tasks.justification",
    // Why a person of the tenant refused an action, in their own words.
    "actions.error",
    // What the tenant's people once wrote about a client, imported as it stood there.
    "deals.name deals.next_step deals.lost_reason quotes.lost_reason credit_profiles.hold_reason",
    "orders.attachments orders.po_number",
    // A lost quote's reason is part of the key of the pattern that is learnt from it.
    "memories.key",
    // The tenant's own people: the name under letters, mailboxes, and who did what (`cli:NAME`).
    "tenants.sender_name mailboxes.address mailboxes.name",
    "actions.proposed_by actions.decided_by agent_policy_violations.actor cases.opened_by",
    "deal_stage_changes.changed_by suppressions.created_by tasks.created_by",
    "engagement_clocks.last_touch_by engagement_touches.touched_by job_pauses.paused_by",
    "admin_keys.created_by api_keys.created_by line_limits.set_by imports.created_by",
    "privacy_requests.requested_by deleted_tenants.requested_by",
    // Files as they came, and what was refused of them; reasons may quote a cell.
    "import_chunks.bytes imports.report imports.error imports.options",
];

/// Ids, figures, spans, and words that are ours or a trade's.
const PLAIN: &[&str] = &[
    // Our own vocabulary: states, kinds, codes, currencies.
    "actions.kind actions.status actions.subject_kind agent_autonomous_runs.phase",
    "agent_autonomous_runs.status agent_policy_violations.action_kind",
    "agent_policy_violations.rule_id agent_policy_violations.subject_kind cases.kind cases.status",
    "compliance_items.status credit_profiles.currency deals.currency deals.stage_type",
    "decisions.effect decisions.kind decisions.moment decisions.subject_kind",
    "engagement_clocks.entity_type engagement_clocks.last_touch_type engagement_clocks.pause_reason",
    "engagement_clocks.unreachable_because engagement_touches.source_kind",
    "engagement_touches.touch_type goals.currency goals.metric mailboxes.kind memories.kind",
    "memories.scope_kind memories.status message_readings.kind message_readings.sender",
    "messages.direction order_exceptions.code order_exceptions.owner_role",
    "order_exceptions.severity order_exceptions.status order_exceptions.type orders.currency",
    "orders.status outbound_messages.status outbound_messages.template",
    "outbound_messages.transport price_book_entries.currency products.currency quotes.currency",
    "quotes.status recorded_jobs.name recorded_jobs.queue recorded_jobs.state requirements.kind",
    "tasks.kind tasks.status tenants.currency tenants.mode",
    // Other people's vocabulary: what they call stages, kinds, grades, books and units.
    "cases.severity clients.client_type clients.country compliance_items.vendor_status",
    "deal_stage_changes.from_stage deal_stage_changes.to_stage deals.stage_name order_lines.unit",
    "price_book_entries.book products.unit",
    // Keys and numbers of things that are no people.
    "actions.dedup_key actions.payload_hash cases.external_id cases.source clients.external_id",
    "clients.source compliance_items.external_id compliance_items.source contacts.source",
    "credit_profiles.external_id credit_profiles.source deals.external_id deals.source",
    "decisions.payload_hash goals.external_id goals.source messages.provider_id",
    "messages.raw_sha256 orders.external_id orders.number orders.source order_lines.sku",
    "outbound_messages.provider_ref price_book_entries.external_id price_book_entries.source",
    "recorded_jobs.dedup_key tasks.proof_key",
    "products.external_id products.sku products.source quotes.external_id quotes.number",
    "quotes.source requirements.external_id requirements.source tenants.slug",
    // Names of things: products, certificates, documents, and the tenant's company.
    "compliance_items.name products.name requirements.name tenants.name",
    // Hosts and processes.
    "agent_tenant_locks.locked_by mailboxes.authserv_id outbound_messages.claimed_by",
    "runner_leases.holder runner_leases.name",
    // Processes, and the ids and kinds of the jobs that they have in hand.
    "workers.doing workers.instance workers.version",
    // Keys to the API: what systems are called, what they may do, and hashes. Keys that callers make for requests.
    "admin_keys.hint admin_keys.name admin_keys.role admin_keys.secret_sha256 api_keys.hint",
    "api_keys.name api_keys.role api_keys.secret_sha256 idempotency_keys.key",
    "idempotency_keys.operation idempotency_keys.request_sha256 line_limits.queue",
    "imports.kind imports.state imports.source import_chunks.part privacy_requests.kind",
    "privacy_requests.counts",
    // What is paused, and what fired: names of ours and ids.
    "job_pauses.kind job_pauses.name job_pauses.subject schedule_fires.schedule",
    // The record: ids, figures, spans and fixed phrases; names are put in when it is shown.
    "actions.evidence actions.outcome actions.reasons",
    "agent_autonomous_runs.act_output agent_autonomous_runs.error agent_autonomous_runs.metrics",
    "agent_autonomous_runs.plan_output agent_autonomous_runs.react_output",
    "agent_autonomous_runs.reflect_output agent_autonomous_runs.work_block",
    "agent_policy_violations.reasons cases.evidence decisions.facts decisions.obligations",
    "decisions.reasons memories.content memories.evidence message_readings.findings",
    "order_exceptions.actual order_exceptions.expected order_exceptions.field_path",
    "order_exceptions.suggested_fix order_exceptions.tolerance outbound_messages.error",
    // Repeated in decisions, so never a person's words: `bounced`, `asked us not to write`.
    "suppressions.reason",
    // Jobs carry ids and intents, and their errors are phrases of ours.
    "recorded_jobs.error recorded_jobs.payload recorded_jobs.trace",
    // What an operator sets.
    "tenants.calendar tenants.settings",
];

/// Words of people that a full world holds; none may turn up in a plain column.
const WORDS_OF_PEOPLE: [&str; 7] =
    ["Ada", "ada@buyer", "Person P1", "p1@people", "gone@people", "Please send", "Dear Ada"];

async fn every_column_for_words_is_classed(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let there_are: BTreeSet<String> = catalog
        .iter()
        .flat_map(|(name, table)| words_of(table).map(move |column| format!("{name}.{column}")))
        .collect();
    let (personal, plain) = (listed(PERSONAL), listed(PLAIN));
    let both: Vec<_> = personal.intersection(&plain).collect();
    assert!(both.is_empty(), "classed twice: {both:?}");
    let classed: BTreeSet<String> = personal.union(&plain).cloned().collect();
    let unclassed: Vec<_> = there_are.difference(&classed).collect();
    assert!(unclassed.is_empty(), "decide whether these may hold personal text: {unclassed:?}");
    let gone: Vec<_> = classed.difference(&there_are).collect();
    assert!(gone.is_empty(), "listed, and there is no such column: {gone:?}");
}

async fn personal_text_stands_only_in_listed_columns(test: TestDb) {
    let world = World::new(&test, "north").await;
    fill(&world).await;
    let mut seen = 0;
    for column in listed(PLAIN) {
        for text in texts(&world, &column).await {
            seen += 1;
            let leaked = WORDS_OF_PEOPLE.iter().find(|word| text.contains(*word));
            assert!(leaked.is_none(), "{column} holds a person's text: {text}");
        }
    }
    assert!(100 < seen, "only {seen} texts were looked at");
    for (column, word) in [
        ("messages.from_name", "Ada"),
        ("contacts.email", "p1@people"),
        ("actions.payload", "Dear Ada"),
        ("suppressions.address", "gone@people"),
        ("message_readings.body", "Please send"),
    ] {
        let texts = texts(&world, column).await;
        assert!(texts.iter().any(|it| it.contains(word)), "{column} does not hold `{word}`");
    }
}

/// The columns of a table that hold words, documents or bytes.
pub fn words_of(table: &Table) -> impl Iterator<Item = &str> {
    let has_words = |holds| matches!(holds, Holds::Text | Holds::Json | Holds::Blob);
    table.columns.iter().filter(move |it| has_words(it.holds)).map(|it| it.name.as_str())
}

fn listed(lines: &[&str]) -> BTreeSet<String> {
    let names: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let set: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(set.len(), names.len(), "a column is listed twice");
    set
}

/// What stands in a column, of whomever.
pub async fn texts(world: &World<'_>, column: &str) -> Vec<String> {
    #[derive(FromQueryResult)]
    struct Row {
        text: String,
    }
    let (table, name) = column.split_once('.').unwrap();
    let sql = format!(
        "SELECT CAST(\"{name}\" AS TEXT) AS text FROM {table} WHERE \"{name}\" IS NOT NULL"
    );
    world.rows::<Row>(&sql, []).await.into_iter().map(|row| row.text).collect()
}
