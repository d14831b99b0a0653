//! Lists: page by page, filtered and sorted only by what an index has.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::json;

use crate::{
    document::{document, operations},
    house::House,
};

/// Lists whose table is called otherwise.
const TABLES: &[(&str, &str)] = &[
    ("cycles", "agent_autonomous_runs"),
    ("prices", "price_book_entries"),
    ("violations", "agent_policy_violations"),
];

/// Filters whose column is called otherwise.
const COLUMNS: &[(&str, &str)] = &[("ordered_from", "ordered_on"), ("ordered_to", "ordered_on")];

/// Parameters that every list has.
const PAGING: [&str; 3] = ["limit", "cursor", "sort"];

#[test]
fn every_filter_and_every_order_has_its_index() {
    let mut house = House::new();
    house.tenant("acme");
    house.serve();
    let db = Connection::open(house.path().join("data/steward.db")).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let document = document();
    let (mut looked_at, mut slow) = (0, Vec::new());
    for list in operations(&document) {
        let parameters = list.parameters("query");
        let Some(sort) = parameters.iter().find(|it| it["name"] == "sort") else { continue };
        let plural = list.path.trim_start_matches("/v1/");
        let table = TABLES.iter().find(|it| it.0 == plural).map_or(plural, |it| it.1);
        let table = table.replace('-', "_");
        let mut filters: Vec<&str> =
            parameters.iter().map(|it| it["name"].as_str().unwrap()).collect();
        filters.retain(|it| !PAGING.contains(it));
        let column = |name: &str| {
            COLUMNS.iter().find(|it| it.0 == name).map_or(name.to_owned(), |it| it.1.to_owned())
        };
        let sorts: BTreeSet<&str> = sort["schema"]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().trim_start_matches('-'))
            .collect();
        for sort in &sorts {
            let plan = plan(&format!(
                "SELECT id FROM {table} WHERE tenant_id = x'00' ORDER BY {sort} DESC, id DESC LIMIT 51"
            ));
            assert!(plan.contains("SEARCH"), "{plural} by {sort}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plural} is sorted by {sort} by hand: {plan}");
            looked_at += 1;
        }
        for filter in filters {
            let column = column(filter);
            // A key is looked up with the system that it belongs to.
            let rest = match filter {
                "external_id" => " AND source = 'a'",
                "source" => " AND external_id = 'a'",
                _ => "",
            };
            let plan = plan(&format!(
                "SELECT id FROM {table} WHERE tenant_id = x'00' AND {column} = 'a'{rest} \
                 ORDER BY id DESC LIMIT 51"
            ));
            let is_found = plan.contains(&format!("AND {column}="))
                || plan.contains("(tenant_id=? AND source=? AND external_id=?)");
            if !plan.contains("SEARCH") || !is_found {
                slow.push(format!("{plural} by {filter}: {plan}"));
            }
            looked_at += 1;
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
    assert!(100 < looked_at, "only {looked_at} were looked at");
}

#[test]
fn pages_hold_every_row_once_however_they_are_sorted() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.serve().with(&key);
    for number in 0..25 {
        let name = format!("Client {}", number % 4);
        door.make("/v1/clients", &json!({ "name": name, "is_active": number % 2 == 0 }));
    }
    for query in ["sort=-id", "sort=id", "sort=name", "sort=-name", "sort=name&is_active=true"] {
        let mut names = Vec::new();
        let mut ids = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = door.get(&format!("/v1/clients?limit=4&{query}{cursor}")).json();
            for item in page["items"].as_array().unwrap() {
                assert!(ids.insert(item["id"].as_str().unwrap().to_owned()), "{query}: twice");
                names.push(item["name"].as_str().unwrap().to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            // Rows that come meanwhile move none from page to page.
            if ids.len() == 8 {
                door.make("/v1/clients", &json!({ "name": "Client 9", "is_active": false }));
            }
        }
        let expected = if query.contains("is_active") { 13 } else { 25 };
        assert!(expected <= ids.len(), "{query}: {} rows", ids.len());
        if query.contains("name") {
            let is_sorted = if query.contains("-name") {
                names.is_sorted_by(|one, next| next <= one)
            } else {
                names.is_sorted()
            };
            assert!(is_sorted, "{query}: {names:?}");
        }
    }
    let page = door.get("/v1/clients?limit=4&sort=name").json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = door.get(&format!("/v1/clients?sort=id&cursor={cursor}"));
    assert_eq!(other.problem().2, "cursor", "a cursor belongs to its order");
}
