//! Requests that are repeated, changes that cross, and what stands around every answer.

use serde_json::{Value, json};

use crate::house::{Door, House};

fn acme(house: &mut House) -> Door {
    let key = house.tenant("acme");
    house.serve().with(&key)
}

#[test]
fn a_repeated_request_is_done_once() {
    let mut house = House::new();
    let door = acme(&mut house);
    let once = [("idempotency-key", "9b1c")];
    let body = json!({ "name": "Nova" });
    let first = door.send_with("POST", "/v1/clients", &once, &body);
    let second = door.send_with("POST", "/v1/clients", &once, &body);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    assert_eq!(first.header("location"), second.header("location"));
    let other = door.send_with("POST", "/v1/clients", &once, &json!({ "name": "Nova Two" }));
    let refused = (422, "idempotency_key_reused".to_owned(), "Idempotency-Key".to_owned());
    assert_eq!(other.problem(), refused);
    let elsewhere = door.send_with("POST", "/v1/goals", &once, &body);
    assert_eq!(elsewhere.problem().0, 422, "nor does it stand for another path");
    assert_eq!(door.get("/v1/clients").json()["items"].as_array().unwrap().len(), 1);

    // What was refused was not done: the key is free for the request as it should have been.
    let again = [("idempotency-key", "7c2d")];
    let refused =
        door.send_with("POST", "/v1/contacts", &again, &json!({ "client_id": uuid::Uuid::nil() }));
    assert_eq!(refused.problem().1, "unknown_reference");
    let client = first.json()["id"].clone();
    let done = door.send_with("POST", "/v1/contacts", &again, &json!({ "client_id": client }));
    assert_eq!(done.status, 201, "{}", done.text);
}

#[test]
fn many_who_send_the_same_at_once_make_one() {
    let mut house = House::new();
    let door = acme(&mut house);
    let ids: Vec<Value> = std::thread::scope(|threads| {
        let sent: Vec<_> = (0..8)
            .map(|_| {
                threads.spawn(|| {
                    let once = [("idempotency-key", "same")];
                    let body = json!({ "name": "Nova" });
                    let answer = door.send_with("POST", "/v1/clients", &once, &body);
                    assert_eq!(answer.status, 201, "{}", answer.text);
                    answer.json()["id"].clone()
                })
            })
            .collect();
        sent.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_tenant_is_made_once_with_its_key() {
    let mut house = House::new();
    house.tenant("acme");
    let admin = house.key("owner", "--admin");
    let door = house.serve().with(&admin);
    let calendar = json!({ "zone": "Europe/Berlin" });
    let body = json!({ "slug": "nova", "currency": "EUR", "calendar": calendar });
    let once = [("idempotency-key", "first")];
    let first = door.send_with("POST", "/v1/admin/tenants", &once, &body);
    assert_eq!(first.status, 201, "{}", first.text);
    let second = door.send_with("POST", "/v1/admin/tenants", &once, &body);
    assert_eq!((second.status, &second.json()["id"]), (201, &first.json()["id"]));
    assert!(second.json()["key"].is_null(), "a key is shown once");
    assert_eq!(door.send("POST", "/v1/admin/tenants", &body).problem().1, "already_exists");
    let key = first.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(door.with(&key).get("/v1/tenant").json()["mode"], "approval");
}

#[test]
fn a_change_is_made_from_what_was_read() {
    let mut house = House::new();
    let door = acme(&mut house);
    let made = door.send("POST", "/v1/clients", &json!({ "name": "Nova", "country": "DE" }));
    let path = made.header("location").to_owned();
    let tag = made.header("etag").to_owned();
    assert_eq!(door.get(&path).header("etag"), tag);
    let unchanged = door.ask("GET", &path, &[("if-none-match", &tag)], &[]);
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));

    let change = json!({ "name": "Nova Ltd" });
    assert_eq!(door.send("PATCH", &path, &change).problem().0, 428);
    let done = door.send_with("PATCH", &path, &[("if-match", &tag)], &change);
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!((&done.json()["name"], &done.json()["country"]), (&json!("Nova Ltd"), &json!("DE")));
    let late = door.send_with("PATCH", &path, &[("if-match", &tag)], &change);
    assert_eq!(late.problem().0, 412);
    let cleared = json!({ "country": null });
    let done = door.send_with("PATCH", &path, &[("if-match", "*")], &cleared);
    assert!(done.json()["country"].is_null(), "{}", done.text);
    let unknown = door.send_with("PATCH", &path, &[("if-match", "*")], &json!({ "colour": 1 }));
    assert_eq!(unknown.problem(), (422, "invalid_field".to_owned(), "colour".to_owned()));
}

#[test]
fn of_many_who_change_the_same_at_once_one_does() {
    let mut house = House::new();
    let door = acme(&mut house);
    let made = door.send("POST", "/v1/clients", &json!({ "name": "Nova" }));
    let (path, tag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let statuses: Vec<u16> = std::thread::scope(|threads| {
        let sent: Vec<_> = (0..8)
            .map(|number| {
                let (door, path, tag) = (&door, &path, &tag);
                threads.spawn(move || {
                    let change = json!({ "name": format!("Nova {number}") });
                    door.send_with("PATCH", path, &[("if-match", tag)], &change).status
                })
            })
            .collect();
        sent.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|it| **it == 412).count(), 7, "{statuses:?}");
}

#[test]
fn every_answer_has_its_headers() {
    let mut house = House::new();
    let door = acme(&mut house);
    let answer = door.ask("GET", "/v1/clients", &[("x-request-id", "till-7.42")], &[]);
    assert_eq!(answer.header("x-request-id"), "till-7.42");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let own = door.ask("GET", "/v1/nowhere", &[("x-request-id", "not a plain id")], &[]);
    assert_eq!(own.problem().0, 404);
    assert_eq!(own.json()["request_id"], own.header("x-request-id"));
    assert_ne!(own.header("x-request-id"), "not a plain id");
    let wrong = door.ask("DELETE", "/v1/clients", &[], &[]);
    assert_eq!((wrong.problem().0, wrong.header("allow")), (405, "GET,HEAD,POST"));
    let page = [("origin", "https://elsewhere.example")];
    let closed = door.ask("GET", "/v1/clients", &page, &[]);
    assert_eq!(closed.header("access-control-allow-origin"), "", "nobody is let in by default");
}
