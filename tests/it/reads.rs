//! Every read of a tenant's rows, called once: what it finds, as text that can be compared.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use domain::{
    action::{ActionStatus, SubjectKind},
    proposal::Subject,
    record::ClockOwner,
};
use store::{
    Scope,
    record::{self, Page},
    recorded::{JobFilter, RecordedState},
};
use testkit::{
    rows::at,
    world::{SOURCE, calendar},
};

use crate::full::{ELSEWHERE, Full, HOUR, HOUR_ELSEWHERE, later, today};

/// What each read found; nothing found is an empty list.
///
/// The first word is the read's name; more follow where it can be asked in two ways.
pub type Found = BTreeMap<&'static str, Vec<String>>;

/// More than a full world has of anything.
const LIMIT: u64 = 100;

/// Calls every read of one tenant, asking for `ids` wherever a read asks by id.
pub async fn read_everything(scope: &Scope<'_>, ids: &Full) -> Found {
    let mut found = Found::new();
    read_accounts(scope, ids, &mut found).await;
    read_actions(scope, ids, &mut found).await;
    read_orders(scope, ids, &mut found).await;
    read_pipeline(scope, ids, &mut found).await;
    read_people(scope, ids, &mut found).await;
    read_keys(scope, ids, &mut found).await;
    read_records(scope, ids, &mut found).await;
    found
}

async fn read_records(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let client = ids.client.uuid();
    found.insert("find_key", many(scope.find_key(ids.key).await.unwrap()));
    found.insert("list_keys", many(scope.list_keys(LIMIT).await.unwrap()));
    let piece =
        scope.find_import_chunk(ids.import, domain::import::ImportPart::Rejects, 0).await.unwrap();
    found.insert("find_import_chunk", many(piece));
    let file = scope.load_person_file(ids.contact, None).await.unwrap();
    found.insert("load_person_file", many(file));
    let since = at("2000-01-01T00:00:00Z");
    let place = (since, uuid::Uuid::nil());
    let changed = scope.list_changed_actions(place, LIMIT).await.unwrap();
    found.insert("list_changed_actions", many(changed));
    found.insert(
        "list_new_jobs",
        many(scope.list_new_jobs(uuid::Uuid::nil(), LIMIT).await.unwrap()),
    );
    found.insert("list_settled_jobs", many(scope.list_settled_jobs(place, LIMIT).await.unwrap()));
    found.insert("get_tenant_to_change", many(Some(scope.get_tenant_to_change().await.unwrap())));
    found.insert("list_line_limits", many(scope.list_line_limits().await.unwrap()));
    let one = scope.find_record::<record::Client>(client).await.unwrap();
    found.insert("find_record", many(one));
    let one = scope.find_record_to_change::<record::Client>(client).await.unwrap();
    found.insert("find_record_to_change", many(one));
    let some = scope.find_records::<record::Client>(&[client]).await.unwrap();
    found.insert("find_records", many(some));
    let one = scope.find_record_of_source::<record::Client>(SOURCE, "C1").await.unwrap();
    found.insert("find_record_of_source", many(one));
    let page =
        Page { filters: Vec::new(), sort: "id", descending: true, after: None, limit: LIMIT };
    let all = scope.list_records::<record::Order>(&page).await.unwrap();
    found.insert("list_records", many(all));
    found.insert("list_message_heads", many(scope.list_message_heads(&page).await.unwrap()));
}

async fn read_accounts(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let (now, day) = (later(), today());
    let clients = [ids.client];
    let uuids = [ids.client.uuid()];
    // Before any standing was worked out: whose is unknown is found.
    let long_ago = at("2026-01-01T00:00:00Z");
    found.insert("get_tenant", one(scope.get_tenant().await.unwrap()));
    found.insert(
        "list_clients_to_refresh",
        many(scope.list_clients_to_refresh(long_ago, LIMIT).await.unwrap()),
    );
    found.insert(
        "load_account_facts",
        many(scope.load_account_facts(&clients, now, day).await.unwrap()),
    );
    found.insert(
        "clients_with_open_case",
        many(scope.clients_with_open_case(&uuids, now).await.unwrap()),
    );
    found.insert("load_reach_facts", many(scope.load_reach_facts(&clients).await.unwrap()));
    found.insert("count_compliance", one(scope.count_compliance(now, now).await.unwrap()));
    found.insert("list_unreachable", many(scope.list_unreachable(LIMIT).await.unwrap()));
    found.insert("measure", one(scope.measure(now, now, day).await.unwrap()));
    let subjects = subjects(ids);
    found.insert("names_of", many(scope.names_of(&subjects).await.unwrap()));
    found.insert("list_open_hypotheses", many(scope.list_open_hypotheses(LIMIT).await.unwrap()));
    let seen = scope.find_seen(&ids.hypothesis, &calendar(), now).await.unwrap();
    found.insert("find_seen", many(seen));
}

async fn read_actions(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let now = later();
    let keys = ["send_touch:1", ELSEWHERE].map(str::to_owned);
    found.insert("known_dedup_keys", many(scope.known_dedup_keys(&keys, None).await.unwrap()));
    found.insert("list_runnable", many(scope.list_runnable(now, LIMIT).await.unwrap()));
    let states = [ActionStatus::Awaiting];
    found.insert("list_actions", many(scope.list_actions(&states, LIMIT).await.unwrap()));
    found.insert("list_actions_of_run", many(scope.list_actions_of_run(ids.run).await.unwrap()));
    found.insert(
        "list_actions_executed_by",
        many(scope.list_actions_executed_by(ids.run).await.unwrap()),
    );
    found.insert("find_action", many(scope.find_action(ids.proposed).await.unwrap()));
    found.insert("list_refused_by", many(scope.list_refused_by(ids.run).await.unwrap()));
    found.insert("list_decisions", many(scope.list_decisions(ids.proposed).await.unwrap()));
    found.insert("find_outbound_of", many(scope.find_outbound_of(ids.proposed).await.unwrap()));
    let since = at("2026-01-01T00:00:00Z");
    found.insert("count_sent_since", one(scope.count_sent_since(since).await.unwrap()));
    found.insert("list_outbound", many(scope.list_outbound(LIMIT).await.unwrap()));
    found.insert("find_latest_run", many(scope.find_latest_run().await.unwrap()));
    found.insert("find_covered_hour", many(scope.find_covered_hour(later()).await.unwrap()));
    for hour in [HOUR, HOUR_ELSEWHERE] {
        let run = scope.find_run_of_hour(at(hour)).await.unwrap();
        found.entry("find_run_of_hour").or_default().extend(many(run));
    }
    found.insert("find_run", many(scope.find_run(ids.run).await.unwrap()));
    for number in [1, 2] {
        let run = scope.find_run_by_number(number).await.unwrap();
        found.entry("find_run_by_number").or_default().extend(many(run));
    }
    found.insert("list_runs", many(scope.list_runs(LIMIT).await.unwrap()));
    found.insert("list_running", many(scope.list_running().await.unwrap()));
}

async fn read_orders(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let (now, day) = (later(), today());
    let orders = [ids.new_order, ids.held_order];
    found.insert("list_orders_waiting", many(scope.list_orders_waiting(day, LIMIT).await.unwrap()));
    found.insert("list_orders_held", many(scope.list_orders_held(day, now, LIMIT).await.unwrap()));
    found.insert("list_orders", many(scope.list_orders(None, day, LIMIT).await.unwrap()));
    found.insert("order_keys", many(scope.order_keys(&orders).await.unwrap()));
    let of_all = scope.list_exceptions(None, true, LIMIT).await.unwrap();
    found.insert("list_exceptions of all", many(of_all));
    let of_one = scope.list_exceptions(Some(ids.held_order), true, LIMIT).await.unwrap();
    found.insert("list_exceptions", many(of_one));
    for number in ["O1", ELSEWHERE] {
        let order = scope.find_order_by_number(number).await.unwrap();
        found.entry("find_order_by_number").or_default().extend(many(order));
    }
    found.insert(
        "load_orders_to_check",
        many(scope.load_orders_to_check(&orders, day).await.unwrap()),
    );
}

async fn read_pipeline(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let (now, day) = (later(), today());
    let clients = [ids.client];
    found.insert("list_open_deals", many(scope.list_open_deals(day, LIMIT).await.unwrap()));
    found.insert("find_deal", many(scope.find_deal(ids.deal).await.unwrap()));
    found.insert("list_deals_of", many(scope.list_deals_of(&clients, day).await.unwrap()));
    found.insert("list_pending_quotes", many(scope.list_pending_quotes(day, LIMIT).await.unwrap()));
    found.insert("find_quote", many(scope.find_quote(ids.quote).await.unwrap()));
    found.insert(
        "list_waiting_quotes_of",
        many(scope.list_waiting_quotes_of(&clients, day).await.unwrap()),
    );
    let horizon = today() + chrono::Days::new(45);
    found.insert(
        "list_compliance_due",
        many(scope.list_compliance_due(horizon, LIMIT).await.unwrap()),
    );
    found.insert("find_compliance_item", many(scope.find_compliance_item(ids.item).await.unwrap()));
    found.insert("list_goals", many(scope.list_goals(day, LIMIT).await.unwrap()));
    let case = ids.safety_case;
    let proof = scope.find_case_proof(case, Some(ids.client), now).await.unwrap();
    found.insert("find_case_proof", many(proof));
    found.insert("find_case_client", many(scope.find_case_client(case).await.unwrap()));
    found.insert(
        "list_open_safety_cases",
        many(scope.list_open_safety_cases(now, LIMIT).await.unwrap()),
    );
}

async fn read_people(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let (now, day) = (later(), today());
    let clients = [ids.client];
    let people = [ids.contact, ids.unreachable];
    found.insert(
        "select_next_contacts_to_touch",
        many(scope.select_next_contacts_to_touch(now, 10).await.unwrap()),
    );
    found.insert("list_due_clocks", many(scope.list_due_clocks(now, LIMIT).await.unwrap()));
    let clock = scope.find_clock(ClockOwner::Contact, ids.contact.uuid()).await.unwrap();
    found.insert("find_clock", many(clock));
    found.insert("load_people", many(scope.load_people(&people, now, None).await.unwrap()));
    found.insert("default_contacts", many(scope.default_contacts(&clients).await.unwrap()));
    found.insert("load_mentions", many(scope.load_mentions(&clients, day).await.unwrap()));
    found.insert(
        "list_unhandled_messages",
        many(scope.list_unhandled_messages(None, now, LIMIT).await.unwrap()),
    );
    found.insert("load_messages", many(scope.load_messages(&[ids.message]).await.unwrap()));
    let facts = scope.find_message_facts(ids.message, Some(ids.client)).await.unwrap();
    found.insert("find_message_facts", many(facts));
}

async fn read_keys(scope: &Scope<'_>, ids: &Full, found: &mut Found) {
    let keys = |ours| [ours, ELSEWHERE];
    found.insert("client_ids", many(scope.client_ids(SOURCE, &keys("C1")).await.unwrap()));
    found.insert("contact_ids", many(scope.contact_ids(SOURCE, &keys("P1")).await.unwrap()));
    found.insert("deal_ids", many(scope.deal_ids(SOURCE, &keys("D1")).await.unwrap()));
    found.insert("order_ids", many(scope.order_ids(SOURCE, &keys("O1")).await.unwrap()));
    found.insert("product_ids", many(scope.product_ids(SOURCE, &keys("A-1")).await.unwrap()));
    let skus = keys("A-1");
    found.insert("product_ids_by_sku", many(scope.product_ids_by_sku(&skus).await.unwrap()));
    let own = scope.credit_profile_keys(&[Some(ids.client)]).await.unwrap();
    found.insert("credit_profile_keys", many(own));
    let standard = scope.credit_profile_keys(&[None]).await.unwrap();
    found.insert("credit_profile_keys of nobody", many(standard));
    let addresses = ["p1@people.example", "elsewhere@people.example"];
    found.insert("correspondents", many(scope.correspondents(&addresses).await.unwrap()));
    let domains = ["c1.example", "elsewhere.example"];
    let clients = scope.client_ids_by_domain(&domains).await.unwrap();
    found.insert("client_ids_by_domain", many(clients));
    let names = ["M1@mail.example", "ELSEWHERE@mail.example"];
    found.insert("message_ids", many(scope.message_ids(&names).await.unwrap()));
    let put_off = scope.list_put_off_by(ids.run, later()).await.unwrap();
    found.insert("list_put_off_by", many(put_off));
    let job = scope.find_recorded_job(ids.job).await.unwrap();
    found.insert("find_recorded_job", many(job));
    let waiting = JobFilter::of(RecordedState::Waiting);
    let jobs = scope.list_recorded_jobs(&waiting, LIMIT).await.unwrap();
    found.insert("list_recorded_jobs", many(jobs));
    found.insert("find_pause", many(scope.find_pause().await.unwrap()));
    let threads = scope.threads_of_messages(ids.mailbox, &names).await.unwrap();
    found.insert("threads_of_messages", many(threads));
}

fn subjects(ids: &Full) -> HashSet<Subject> {
    [
        (SubjectKind::Client, ids.client.uuid()),
        (SubjectKind::Contact, ids.contact.uuid()),
        (SubjectKind::Order, ids.new_order.uuid()),
        (SubjectKind::Deal, ids.deal.uuid()),
        (SubjectKind::Quote, ids.quote.uuid()),
        (SubjectKind::ComplianceItem, ids.item.uuid()),
        (SubjectKind::Message, ids.message.uuid()),
        (SubjectKind::Case, ids.safety_case.uuid()),
        (SubjectKind::Product, ids.product.uuid()),
    ]
    .into_iter()
    .map(|(kind, id)| Subject { kind, id })
    .collect()
}

fn one(value: impl Debug) -> Vec<String> {
    vec![format!("{value:?}")]
}

/// Sorted, because a map has no order.
fn many<T: Debug>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut texts: Vec<String> = values.into_iter().map(|it| format!("{it:?}")).collect();
    texts.sort();
    texts
}

/// The names of the store's public methods on one tenant's rows, read off its sources.
pub fn methods_of_scope() -> Vec<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src");
    let mut names = Vec::new();
    collect(&sources, &mut names);
    names.sort();
    names
}

fn collect(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else {
            names.extend(methods_in(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn methods_in(source: &str) -> Vec<String> {
    let mut is_inside = false;
    let mut names = Vec::new();
    for line in source.lines() {
        if line.starts_with("impl Scope<") {
            is_inside = true;
        } else if line == "}" {
            is_inside = false;
        }
        let name =
            line.strip_prefix("    pub async fn ").and_then(|it| it.split(['(', '<']).next());
        if let Some(name) = name.filter(|_| is_inside) {
            names.push(name.to_owned());
        }
    }
    names
}
