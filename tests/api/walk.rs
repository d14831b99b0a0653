//! Every route of the document, tried with keys that it is not for and with another tenant's ids.
//!
//! Nothing here names a route: a new one is tried as soon as it is in the document, or the walk says what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    document::{Operation, document, operations, resolved},
    house::{Door, House},
};

/// Values for texts of a certain form, which cannot be made up from a pattern.
const TEXTS: &[(&str, &str)] = &[
    ("address", "walk@example.com"),
    ("currency", "EUR"),
    ("email", "walk@example.com"),
    ("payload_hash", "0000000000000000000000000000000000000000000000000000000000000000"),
    ("slug", "walk"),
    ("zone", "Europe/Berlin"),
];

/// Streams, which do not end.
const ENDLESS: &[&str] = &["/v1/events"];

/// Makes up what the document asks for.
struct Maker<'d> {
    document: &'d Value,
    /// Rows that references point at, by the names of the fields.
    rows: BTreeMap<String, String>,
}

impl Maker<'_> {
    /// A value of a schema, with what is required alone.
    fn value(&self, name: &str, schema: &Value) -> Value {
        let schema = resolved(self.document, schema);
        if let Some(first) = schema["oneOf"].get(0).or(schema["anyOf"].get(0)) {
            return self.value(name, first);
        }
        if let Some(value) = schema["enum"].get(0).or(schema.get("const")) {
            return value.clone();
        }
        let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or("object");
        match kind {
            "string" => Value::from(self.text(name, schema)),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
            "boolean" => json!(true),
            "array" => match schema["minItems"].as_u64().unwrap_or(0) {
                0 => json!([]),
                _ => json!([self.value(name, &schema["items"])]),
            },
            _ => {
                let mut object = Map::new();
                for field in schema["required"].as_array().into_iter().flatten() {
                    let field = field.as_str().unwrap();
                    object
                        .insert(field.to_owned(), self.value(field, &schema["properties"][field]));
                }
                Value::Object(object)
            }
        }
    }

    fn text(&self, name: &str, schema: &Value) -> String {
        if let Some((_, text)) = TEXTS.iter().find(|it| it.0 == name) {
            return (*text).to_owned();
        }
        match schema["format"].as_str() {
            Some("uuid") => {
                let row = self.rows.get(name);
                row.cloned().unwrap_or_else(|| panic!("the walk knows no row for {name}"))
            }
            Some("date") => "2030-05-06".to_owned(),
            Some("date-time") => "2030-05-06T09:00:00Z".to_owned(),
            Some("time") => "09:00".to_owned(),
            Some(other) => panic!("the walk cannot make up a {other} for {name}"),
            None => "walk".to_owned(),
        }
    }

    /// The fields of a body that refer to rows, wherever they stand at its top.
    fn references<'s>(&'s self, schema: &'s Value) -> Vec<&'s str> {
        let fields = resolved(self.document, schema)["properties"].as_object();
        let of_rows = fields.into_iter().flatten().filter(|(_, it)| {
            let it = resolved(self.document, it);
            let any = it["anyOf"].as_array().into_iter().flatten();
            it["format"] == "uuid" || any.clone().any(|it| it["format"] == "uuid")
        });
        of_rows.map(|(name, _)| name.as_str()).collect()
    }
}

/// What a collection is called, for a path with an id in it.
fn collection_of(path: &str) -> Option<&str> {
    path.split_once("/{id}").map(|(collection, _)| collection)
}

/// The ids of a tenant's rows, by collection.
fn ids_of(door: &Door, all: &[Operation]) -> BTreeMap<String, Vec<String>> {
    let lists: Vec<&Operation> = all
        .iter()
        .filter(|it| it.method == "GET" && !it.is_admin && !it.path.contains('{'))
        .filter(|it| it.path.starts_with("/v1/") && !ENDLESS.contains(&it.path.as_str()))
        .collect();
    let mut ids = BTreeMap::new();
    for list in lists {
        let answer = door.get(&list.path);
        assert_eq!(answer.status, 200, "{}: {}", list.path, answer.text);
        let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
        let of_these = items.iter().filter_map(|it| it["id"].as_str().map(str::to_owned)).collect();
        ids.insert(list.path.clone(), of_these);
    }
    ids
}

/// Sends what an operation asks for, with an id in its path.
fn send(door: &Door, maker: &Maker<'_>, operation: &Operation, id: &str) -> crate::house::Answer {
    let path = operation.path.replace("{id}", id);
    let others = operation.parameters("path").into_iter().filter(|it| it["name"] != "id");
    let path = others.fold(path, |path, it| {
        let name = it["name"].as_str().unwrap();
        let value = maker.value(name, &it["schema"]);
        path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
    });
    let mut query = String::new();
    for it in operation.parameters("query").iter().filter(|it| it["required"] == true) {
        let name = it["name"].as_str().unwrap();
        let value = maker.value(name, &it["schema"]);
        query.push_str(if query.is_empty() { "?" } else { "&" });
        query.push_str(&format!("{name}={}", value.as_str().unwrap_or_default()));
    }
    let path = format!("{path}{query}");
    let headers = [("if-match", "*")];
    match operation.body() {
        None => door.ask(&operation.method, &path, &headers, &[]),
        Some((kind, schema)) if kind.ends_with("json") => {
            // A change that changes nothing, or what is required.
            let body = match operation.method.as_str() {
                "PATCH" => json!({}),
                _ => maker.value("", schema),
            };
            door.send_with(&operation.method, &path, &headers, &body)
        }
        Some((kind, schema)) if kind == "application/x-ndjson" => {
            let line = maker.value("", schema).to_string();
            let headers = [("content-type", kind.as_str())];
            door.ask(&operation.method, &path, &headers, line.as_bytes())
        }
        Some((kind, _)) if kind == "multipart/form-data" => {
            let kind = format!("{kind}; boundary=walk");
            let part = "content-disposition: form-data; name=\"file\"; filename=\"f.csv\"";
            let body =
                format!("--walk\r\n{part}\r\n\r\nexternal_id,name\nW1,Walk\n\r\n--walk--\r\n");
            let headers = [("content-type", kind.as_str())];
            door.ask(&operation.method, &path, &headers, body.as_bytes())
        }
        Some((kind, _)) => panic!("the walk cannot send {kind}"),
    }
}

/// The demo's tenant, with a row of every kind that can be asked for by its id.
fn full_demo(house: &mut House) -> (Door, Door) {
    let key = house.demo();
    let server = house.serve();
    let demo = server.with(&key);
    let contact = demo.get("/v1/contacts?limit=1").json()["items"][0]["id"].clone();
    let path = format!("/v1/contacts/{}/export", contact.as_str().unwrap());
    assert_eq!(demo.get(&path).status, 200);
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f.csv\"\r\n\r\n\
                external_id,name\nI1,Imported\n\r\n--b--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let made = demo.ask("POST", "/v1/imports?kind=clients", &kind, form.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text);
    (server, demo)
}

/// References that a tenant's own bodies may hold.
fn own_rows(door: &Door) -> BTreeMap<String, String> {
    let client = door.make("/v1/clients", &json!({ "name": "Walk" }));
    let contact = door.make("/v1/contacts", &json!({ "client_id": client }));
    let product = json!({ "sku": "W", "name": "W", "list_price_minor": 100, "currency": "EUR" });
    let product = door.make("/v1/products", &product);
    let order = json!({
        "number": "W1", "client_id": client, "ordered_on": "2026-05-04", "currency": "EUR",
        "lines": [{ "sku": "W", "quantity_milli": 1000, "unit_price_minor": 100 }],
    });
    let order = door.make("/v1/orders", &order);
    let rows = [
        ("client_id", client),
        ("contact_id", contact),
        ("product_id", product),
        ("order_id", order),
    ];
    rows.into_iter().map(|(name, id)| (name.to_owned(), id)).collect()
}

/// What changes by itself: when a key was last used, and how long something has been due.
const ALIVE: [&str; 3] = ["/v1/keys", "/v1/queues", "/v1/engagement/due"];

/// Everything that a tenant's lists say.
fn everything(door: &Door, lists: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let steady = lists.keys().filter(|it| !ALIVE.contains(&it.as_str()));
    steady.map(|list| door.get(list).text).collect()
}

#[test]
fn no_route_shows_or_changes_what_is_another_tenants() {
    let mut house = House::new();
    let (server, demo) = full_demo(&mut house);
    let stranger = server.with(&house.tenant("stranger"));
    let document = document();
    let all = operations(&document);
    let theirs = ids_of(&demo, &all);
    let maker = Maker { document: &document, rows: own_rows(&stranger) };
    let before = everything(&demo, &theirs);

    let mut tried = BTreeSet::new();
    for operation in all.iter().filter(|it| it.permission.is_some() && !it.is_admin) {
        let what = format!("{} {}", operation.method, operation.path);
        let Some(collection) = collection_of(&operation.path) else { continue };
        let ids = theirs.get(collection).unwrap_or_else(|| panic!("{collection} has no list"));
        assert!(!ids.is_empty(), "{what}: the demo has no row to try it with");
        for id in ids.iter().take(2) {
            let answer = send(&stranger, &maker, operation, id);
            let (status, code, _) = answer.problem();
            assert_eq!((status, code.as_str()), (404, "not_found"), "{what} {id}: {}", answer.text);
        }
        tried.insert(what);
    }
    let with_ids = |it: &&Operation| !it.is_admin && collection_of(&it.path).is_some();
    assert_eq!(tried.len(), all.iter().filter(with_ids).count(), "each was tried");

    // What it lists is its own.
    let known: BTreeSet<&String> = theirs.values().flatten().collect();
    for list in theirs.keys() {
        let text = stranger.get(list).text;
        let shown = known.iter().find(|id| text.contains(id.as_str()));
        assert!(shown.is_none(), "{list} shows {shown:?} of another tenant");
    }
    let after = everything(&demo, &theirs);
    assert_eq!(before, after, "nothing of the other tenant's was changed");
}

#[test]
fn no_field_takes_another_tenants_id() {
    let mut house = House::new();
    let (server, demo) = full_demo(&mut house);
    let stranger = server.with(&house.tenant("stranger"));
    let document = document();
    let all = operations(&document);
    let maker = Maker { document: &document, rows: own_rows(&stranger) };
    let theirs = ids_of(&demo, &all);
    let foreign = |field: &str| {
        let collection = format!("/v1/{}s", field.trim_end_matches("_id"));
        let ids = theirs.get(&collection).unwrap_or_else(|| panic!("{field}: no {collection}"));
        ids.first().cloned().unwrap_or_else(|| panic!("{collection} is empty"))
    };
    let mut tried = 0;
    for operation in all.iter().filter(|it| !it.is_admin && it.method == "POST") {
        let Some((kind, schema)) = operation.body().filter(|_| !operation.path.contains('{'))
        else {
            continue;
        };
        if kind != "application/json" {
            continue;
        }
        for field in maker.references(schema) {
            let mut body = maker.value("", schema);
            body[field] = Value::from(foreign(field));
            let answer = stranger.send("POST", &operation.path, &body);
            let expected = (422, "unknown_reference".to_owned(), field.to_owned());
            assert_eq!(answer.problem(), expected, "{} {body}", operation.path);
            tried += 1;
        }
    }
    for operation in all.iter().filter(|it| !it.is_admin && it.method == "GET") {
        for filter in
            operation.parameters("query").iter().filter(|it| it["schema"]["format"] == "uuid")
        {
            let name = filter["name"].as_str().unwrap();
            let subject = if matches!(name, "subject_id" | "run_id" | "thread_id") {
                continue;
            } else {
                foreign(name)
            };
            let answer = stranger.get(&format!("{}?{name}={subject}", operation.path));
            let items = answer.json()["items"].clone();
            assert_eq!((answer.status, items), (200, json!([])), "{}?{name}", operation.path);
            tried += 1;
        }
    }
    assert!(20 < tried, "only {tried} fields were tried");
}

#[test]
fn every_route_asks_for_a_key_that_may() {
    let mut house = House::new();
    let owner = house.tenant("acme");
    let roles = ["owner", "operator", "viewer", "enqueue"];
    let keys: Vec<(&str, String)> =
        roles.iter().map(|role| (*role, house.key(role, "--tenant acme"))).collect();
    let admin = house.key("owner", "--admin");
    let looker = house.key("viewer", "--admin");
    let server = house.serve();
    let document = document();
    let maker = Maker { document: &document, rows: own_rows(&server.with(&owner)) };
    let nobody = uuid::Uuid::from_u128(1).to_string();
    for operation in operations(&document).iter().filter(|it| it.path.starts_with("/v1/")) {
        let what = format!("{} {}", operation.method, operation.path);
        let ask = |key: Option<&str>| {
            let door = key.map_or_else(|| server.clone(), |key| server.with(key));
            send(&door, &maker, operation, &nobody)
        };
        let (status, code, _) = ask(None).problem();
        assert_eq!((status, code.as_str()), (401, "unauthorized"), "{what} without a key");
        assert_eq!(ask(Some(&format!("stw_{}", "A".repeat(43)))).status, 401, "{what}");
        let permission = operation.permission.as_deref().unwrap();
        for (role, key) in &keys {
            let may = match (*role, permission) {
                _ if operation.is_admin => false,
                ("owner", _) | ("operator", "read" | "operate" | "enqueue") => true,
                ("viewer", "read") | ("enqueue", "enqueue") => true,
                _ => false,
            };
            // Whoever may is stopped by something else, or not at all; that is tried elsewhere.
            if !may {
                assert_eq!(ask(Some(key)).problem().0, 403, "{what} with the role {role}");
            }
        }
        if operation.is_admin {
            let may = permission == "read";
            assert_eq!(ask(Some(&looker)).status == 403, !may, "{what} with a key that looks");
        } else {
            assert_eq!(ask(Some(&admin)).problem().0, 403, "{what} with the installation's key");
        }
    }
}
