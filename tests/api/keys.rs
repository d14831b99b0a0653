//! Keys: how they begin, end, and are put in each other's place.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::house::{Door, House};

/// How long a key that was taken back may go on being remembered, and a little more.
const FORGOTTEN: Duration = Duration::from_secs(7);

/// Waits until a key is refused; gives the code that it is refused with.
fn refused(door: &Door) -> String {
    let began = Instant::now();
    loop {
        let answer = door.get("/v1/tenant");
        if answer.status == 401 {
            return answer.problem().1;
        }
        assert!(began.elapsed() < FORGOTTEN, "it still opens something");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_key_is_made_used_and_taken_back() {
    let mut house = House::new();
    let owner = house.tenant("acme");
    let server = house.serve();
    let door = server.with(&owner);
    let made = door.send("POST", "/v1/keys", &json!({ "name": "erp", "role": "viewer" }));
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, key) = (made.json()["id"].clone(), made.json()["key"].clone());
    let erp = server.with(key.as_str().unwrap());
    assert_eq!(erp.get("/v1/clients").status, 200);
    let list = door.get("/v1/keys");
    assert!(!list.text.contains(key.as_str().unwrap()), "it is shown once");
    let about = list.json()["items"][0].clone();
    assert_eq!(about["name"], "erp");
    assert!(!about["last_used_at"].is_null(), "{about}");

    let path = format!("/v1/keys/{}/revoke", id.as_str().unwrap());
    assert_eq!(door.ask("POST", &path, &[], &[]).status, 200);
    assert_eq!(refused(&erp), "key_revoked");
    // Taken back beside the server, it is forgotten all the same.
    let other = house.key("viewer", "--tenant acme");
    let id = house.json("key list --tenant acme")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.with(&other).get("/v1/clients").status, 200);
    house.json(&format!("key revoke {id} --tenant acme"));
    assert_eq!(refused(&server.with(&other)), "key_revoked");
}

#[test]
fn a_key_ends_when_it_says() {
    let mut house = House::new();
    let owner = house.tenant("acme");
    let server = house.serve();
    let door = server.with(&owner);
    let past = json!({ "name": "late", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(door.send("POST", "/v1/keys", &past).problem().2, "expires_at");
    let soon = json!({ "name": "soon", "role": "viewer", "expires_at": "2100-01-01T00:00:00Z" });
    let made = door.send("POST", "/v1/keys", &soon).json();
    let soon = server.with(made["key"].as_str().unwrap());
    assert_eq!(soon.get("/v1/clients").status, 200);
    let db = rusqlite::Connection::open(house.path().join("data/steward.db")).unwrap();
    let sql = "UPDATE api_keys SET expires_at = '2020-01-01 00:00:00+00:00' WHERE name = 'soon'";
    assert_eq!(db.execute(sql, []).unwrap(), 1);
    assert_eq!(refused(&soon), "key_expired");
}

#[test]
fn a_key_is_rotated_while_the_old_one_goes_on() {
    let mut house = House::new();
    let owner = house.tenant("acme");
    let server = house.serve();
    let door = server.with(&owner);
    let made = door.send("POST", "/v1/keys", &json!({ "name": "erp", "role": "operator" })).json();
    let old = server.with(made["key"].as_str().unwrap());
    let rotate = format!("/v1/keys/{}/rotate", made["id"].as_str().unwrap());
    let headers = [("idempotency-key", "once")];
    let first = door.send_with("POST", &rotate, &headers, &json!({ "hours": 1 }));
    let second = door.send_with("POST", &rotate, &headers, &json!({ "hours": 1 }));
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json()["id"], second.json()["id"], "it was rotated once");
    assert!(second.json()["key"].is_null(), "and is shown once");
    let heir = server.with(first.json()["key"].as_str().unwrap());
    assert_eq!((old.get("/v1/clients").status, heir.get("/v1/clients").status), (200, 200));
    assert_eq!(first.json()["about"]["role"], "operator");
    let now = format!("/v1/keys/{}/rotate", first.json()["id"].as_str().unwrap());
    assert_eq!(door.send("POST", &now, &json!({ "hours": 0 })).status, 201);
    assert_eq!(refused(&heir), "key_revoked");
    assert_eq!(door.send("POST", &now, &json!({})).problem().0, 409);
}

#[test]
fn too_many_attempts_without_a_key_are_held_back() {
    let mut house = House::new();
    house.tenant("acme");
    let server = house.serve();
    let stranger = server.with("stw_no_such_key");
    let began = Instant::now();
    let held_back = loop {
        let answer = stranger.get("/v1/clients");
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.problem().1, "unauthorized");
        assert!(began.elapsed() < Duration::from_secs(60));
    };
    assert_eq!(held_back.problem().1, "rate_limited");
    assert!(held_back.header("retry-after").parse::<u32>().unwrap() >= 1);
}
