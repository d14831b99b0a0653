//! Work that comes over the API and is done: jobs, imports, decisions; what is seen of it, and what is left of people.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use domain::time::Clock;
use serde_json::{Value, json};

use crate::house::{Answer, Door, House};

/// A file of an import: its name, and what stands in it.
type Part = (&'static str, &'static str);

fn upload(door: &Door, query: &str, parts: &[(&str, &str)]) -> Answer {
    let mut body = String::new();
    for (name, text) in parts {
        body.push_str(&format!(
            "--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}.csv\"\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    door.ask("POST", &format!("/v1/imports?{query}"), &kind, body.as_bytes())
}

#[test]
fn files_are_imported_and_what_is_refused_can_be_mended() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.up().with(&key);
    let clients = "external_id,name\nC1,Nova\nC2,\n";
    let made = upload(&door, "kind=clients&source=erp", &[("file", clients)]);
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.header("location").to_owned();
    let done = door.until(&path, |it| it["import"]["state"] != "waiting");
    assert_eq!(done["import"]["state"], "done");
    let report = &done["report"];
    assert_eq!((&report["inserted"], &report["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(report["problems"][0]["field"], "name");
    let rejects = door.get(&format!("{path}/rejects"));
    assert_eq!(rejects.header("content-type"), "text/csv");
    assert!(
        rejects.text.contains("file.csv,3,name,") && !rejects.text.contains("/tmp"),
        "{}",
        rejects.text
    );
    let mended = rejects.text.trim_start_matches('\u{feff}').replace("C2,", "C2,Vega");
    let made = upload(&door, "kind=clients&source=erp", &[("file", &mended)]);
    let done = door.until(made.header("location"), |it| it["import"]["state"] != "waiting");
    assert_eq!(done["report"]["inserted"], 1, "{done}");
    assert_eq!(door.get("/v1/clients").json()["items"].as_array().unwrap().len(), 2);

    let product = "external_id,sku,name,list_price,currency\nP1,W,Widget,1.00,EUR\n";
    upload(&door, "kind=products&source=erp", &[("file", product)]);
    let heads = "external_id,number,client,ordered_on,currency\nO1,1,C1,2026-05-04,EUR\n";
    let lines = "order,line_no,sku,quantity,unit_price\nO1,1,W,1,1.00\n";
    let both = [("file", heads), ("lines", lines)];
    let made = upload(&door, "kind=orders&source=erp&as=open", &both);
    let done = door.until(made.header("location"), |it| it["import"]["state"] != "waiting");
    assert_eq!(done["import"]["state"], "done", "{done}");
    assert_eq!(done["report"]["inserted"], 1, "{done}");

    let unknown = upload(&door, "kind=clients", &[("file", "colour\nred\n")]);
    let failed = door.until(unknown.header("location"), |it| it["import"]["state"] != "waiting");
    assert_eq!(failed["import"]["state"], "failed");
    assert!(failed["error"].as_str().unwrap().starts_with("file.csv has no column"), "{failed}");
}

#[test]
fn what_cannot_be_imported_is_refused_before_it_is_kept() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.serve().with(&key);
    let file = ("file", "external_id,name\nC1,Nova\n");
    let table: &[(&str, &[Part], u16, &str)] = &[
        ("", &[file], 400, "kind"),
        ("kind=cars", &[file], 400, "kind"),
        ("kind=clients&source=agent", &[file], 400, "source"),
        ("kind=clients&zone=Mars", &[file], 400, "zone"),
        ("kind=clients&as=open", &[file], 400, "as"),
        ("kind=messages", &[file], 400, "mailbox"),
        ("kind=clients", &[], 422, "file"),
        ("kind=clients", &[file, file], 422, "file"),
        ("kind=clients", &[file, ("more", "a")], 422, "more"),
        ("kind=clients", &[file, ("lines", "a")], 422, "lines"),
        ("kind=clients", &[("file", "")], 422, "file"),
        ("kind=orders", &[file], 422, "lines"),
    ];
    for (query, parts, status, field) in table {
        let (is, _, at) = upload(&door, query, parts).problem();
        assert_eq!((is, at.as_str()), (*status, *field), "{query} {parts:?}");
    }
    assert_eq!(door.get("/v1/imports").json()["items"], json!([]));
    let once = |text: &str| {
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let headers =
            [("content-type", "multipart/form-data; boundary=b"), ("idempotency-key", "one")];
        door.ask("POST", "/v1/imports?kind=clients", &headers, body.as_bytes())
    };
    let (first, second) = (once(file.1), once(file.1));
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json()["id"], second.json()["id"], "sent twice, imported once");
    assert_eq!(once("external_id,name\nC2,Vega\n").problem().1, "idempotency_key_reused");
    assert_eq!(door.get("/v1/imports").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn jobs_are_new_or_duplicates_one_by_one_and_by_the_thousand() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.up().with(&key);
    let probe = json!({ "job": { "name": "probe" } });
    let once = [("idempotency-key", "p1")];
    let first = door.send_with("POST", "/v1/jobs", &once, &probe);
    let second = door.send_with("POST", "/v1/jobs", &once, &probe);
    assert_eq!((first.status, second.status), (201, 200), "{}", first.text);
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(
        (&first.json()["outcome"], &second.json()["outcome"]),
        (&json!("new"), &json!("duplicate"))
    );
    let path = format!("/v1/jobs/{}", first.json()["id"].as_str().unwrap());
    door.until(&path, |it| it["state"] == "completed");

    let line = probe.to_string() + "\n";
    let lines = line.repeat(3_000) + "{\"job\":{\"name\":\"paint\"}}\n";
    let kind = [("content-type", "application/x-ndjson"), ("idempotency-key", "many")];
    let batch = door.ask("POST", "/v1/jobs/batch", &kind, lines.as_bytes()).json();
    assert_eq!((&batch["new"], &batch["refused"]), (&json!(3_000), &json!(1)), "{batch}");
    assert_eq!(batch["faults"][0]["line"], 3_001);
    let shifted = "\n{\"job\":{\"name\":\"forget_settled_jobs\"}}\n{\"job\":{\"name\":\"plan_cycle\",\"due_hour\":\"2020-01-01T00:00:00Z\"}}\n";
    let other = [("content-type", "application/x-ndjson"), ("idempotency-key", "shift")];
    let first = door.ask("POST", "/v1/jobs/batch", &other, shifted.as_bytes()).json();
    assert_eq!(first["new"], 2, "{first}");
    let swapped = shifted.replace("2020-01", "2020-02");
    let second = door.ask("POST", "/v1/jobs/batch", &other, swapped.as_bytes()).json();
    assert_eq!((&second["duplicates"], &second["refused"]), (&json!(1), &json!(1)), "{second}");
    assert_eq!(second["faults"][0]["code"], "idempotency_key_reused");
    let ahead = json!({ "job": { "name": "plan_cycle", "due_hour": "2100-01-01T00:00:00Z" } });
    assert_eq!(door.send("POST", "/v1/jobs", &ahead).problem().2, "job.due_hour");
    let again = door.ask("POST", "/v1/jobs/batch", &kind, lines.as_bytes()).json();
    assert_eq!((&again["new"], &again["duplicates"]), (&json!(0), &json!(3_000)), "{again}");

    let too_many = line + &"{\"job\":{\"name\":\"paint\"}}\n".repeat(100_000);
    let kind = [("content-type", "application/x-ndjson")];
    let refused = door.ask("POST", "/v1/jobs/batch", &kind, too_many.as_bytes());
    assert_eq!((refused.status, refused.problem().1), (413, "body_too_large".to_owned()));
    let told = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("send what follows in another one; 1 of these were enqueued"), "{told}");
}

/// A moment within the next days, which no job of the test comes to.
fn soon() -> String {
    (platform::SystemClock.now() + chrono::TimeDelta::days(3)).to_rfc3339()
}

/// Reads events until one is as it should be.
fn hear(events: &mut impl BufRead, is_right: impl Fn(&str, &Value) -> bool) {
    let mut name = String::new();
    for line in events.lines() {
        let line = line.unwrap();
        if let Some(event) = line.strip_prefix("event: ") {
            name = event.to_owned();
        }
        if let Some(data) = line.strip_prefix("data: ")
            && is_right(&name, &serde_json::from_str(data).unwrap())
        {
            return;
        }
    }
    panic!("the stream ended");
}

#[test]
fn what_happens_is_told_as_it_happens() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let stranger = house.tenant("stranger");
    let server = house.up();
    let listen = |key: &str| {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head =
            format!("GET /v1/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut events = BufReader::new(stream);
        hear(&mut events, |name, _| name == "ready");
        events
    };
    let (mut mine, mut theirs) = (listen(&key), listen(&stranger));
    let door = server.with(&key);
    let made = upload(&door, "kind=clients", &[("file", "external_id,name\nC1,Nova\n")]);
    assert_eq!(made.status, 201);
    // Each is told once, however often it is looked at until the next one is.
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let done = std::cell::RefCell::new(String::new());
        hear(&mut mine, |name, event| {
            let is_end = name == "job" && event["state"] == "completed";
            if is_end && event["name"] == "import_upload" {
                event["id"].as_str().unwrap().clone_into(&mut done.borrow_mut());
            }
            is_end && !done.borrow().is_empty()
        });
        let done = done.into_inner();
        assert!(told.insert(done.clone()), "{done} was told twice");
        upload(&door, "kind=clients", &[("file", "external_id,name\nC1,Nova\n")]);
    }
    // Thousands that were recorded at one moment are all told.
    let due = |number: u32| {
        format!(
            "2020-{:02}-{:02}T{:02}:00:00Z",
            number / 600 + 1,
            number / 24 % 25 + 1,
            number % 24
        )
    };
    let soon = soon();
    let lines: Vec<String> = (0..1_200)
        .map(|number| {
            let job = json!({ "name": "plan_cycle", "due_hour": due(number) });
            json!({ "job": job, "run_at": soon }).to_string()
        })
        .collect();
    let kind = [("content-type", "application/x-ndjson")];
    let batch = door.ask("POST", "/v1/jobs/batch", &kind, lines.join("\n").as_bytes()).json();
    assert_eq!(batch["new"], 1_200, "{batch}");
    let heard = std::cell::RefCell::new(std::collections::BTreeSet::new());
    hear(&mut mine, |name, event| {
        assert!(!told.contains(event["id"].as_str().unwrap_or_default()), "told twice: {event}");
        if name == "job" && event["name"] == "plan_cycle" {
            heard.borrow_mut().insert(event["id"].as_str().unwrap().to_owned());
        }
        heard.borrow().len() == 1_200
    });
    // The other tenant hears of its own alone.
    let other = server.with(&stranger);
    upload(&other, "kind=goals", &[("file", "external_id\nG1\n")]);
    let own = other.get("/v1/jobs").json()["items"][0]["id"].clone();
    hear(&mut theirs, |name, event| {
        assert!(name != "job" || event["id"] == own, "{event}");
        event["state"] == "completed"
    });
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("steward_event_streams 2"), "{metrics}");
}

#[test]
fn a_person_is_handed_out_and_erased_and_both_are_on_record() {
    let mut house = House::new();
    let key = house.demo();
    let door = house.serve().with(&key);
    let contact = door.get("/v1/messages").json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|it| it["contact_id"].as_str().map(str::to_owned))
        .unwrap();
    let path = format!("/v1/contacts/{contact}");
    let file = door.get(&format!("{path}/export")).json();
    let email = file["contact"]["email"].as_str().unwrap().to_owned();
    assert!(file["messages"][0]["body"].is_string(), "{file}");
    let once = [("idempotency-key", "gone")];
    let erased = door.ask("POST", &format!("{path}/erase"), &once, &[]);
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert!(0 < erased.json()["counts"]["messages"].as_u64().unwrap());
    let again = door.ask("POST", &format!("{path}/erase"), &once, &[]);
    assert_eq!((again.status, &again.json()["counts"]), (200, &Value::Null));
    assert_eq!(door.get(&format!("/v1/contacts?email={email}")).json()["items"], json!([]));
    let record = door.get(&format!("/v1/privacy-requests?contact_id={contact}")).json();
    let kinds: Vec<&str> =
        record["items"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["erasure", "export"]);
    let operator = house.key("operator", "--tenant demo");
    assert_eq!(door.with(&operator).get(&format!("{path}/export")).problem().0, 403);
}

#[test]
fn a_tenant_is_deleted_with_everything() {
    let mut house = House::new();
    let (gone, stays) = (house.demo(), house.tenant("stays"));
    let admin = house.key("owner", "--admin");
    let server = house.up();
    let (gone, stays, admin) = (server.with(&gone), server.with(&stays), server.with(&admin));
    stays.make("/v1/clients", &json!({ "name": "Nova" }));
    let id = gone.get("/v1/tenant").json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/tenants/{id}");
    assert_eq!(admin.ask("DELETE", &path, &[], &[]).problem().2, "slug");
    assert_eq!(admin.ask("DELETE", &format!("{path}?slug=other"), &[], &[]).problem().2, "slug");
    assert_eq!(admin.ask("DELETE", &format!("{path}?slug=demo"), &[], &[]).status, 204);
    assert_eq!(admin.get(&path).problem().0, 404);
    assert_eq!(gone.get("/v1/clients").problem().0, 401);
    let db = rusqlite::Connection::open(house.path().join("data/steward.db")).unwrap();
    let began = std::time::Instant::now();
    loop {
        let sql = "SELECT count(*) FROM deleted_tenants WHERE done_at IS NOT NULL";
        if db.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap() == 1 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it is not deleted");
        std::thread::sleep(Duration::from_millis(100));
    }
    let left: u32 = db.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    assert_eq!(stays.get("/v1/clients").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn an_order_that_is_done_without_a_day_stays_done() {
    let mut house = House::new();
    let key = house.demo();
    let door = house.serve().with(&key);
    let done = door.get("/v1/orders?status=done").json()["items"][0]["id"].clone();
    let path = format!("/v1/orders/{}", done.as_str().expect("an order is done"));
    let any = [("if-match", "*")];
    let open = door.send_with("PATCH", &path, &any, &json!({ "delivered_on": null })).json();
    assert_eq!(open["status"], "open", "{open}");
    let again = json!({ "delivered_on": "2026-02-20" });
    assert_eq!(door.send_with("PATCH", &path, &any, &again).json()["status"], "done");
    let db = rusqlite::Connection::open(house.path().join("data/steward.db")).unwrap();
    db.execute("UPDATE orders SET delivered_on = NULL WHERE status = 'done'", []).unwrap();
    let billed = json!({ "billed_on": "2026-02-27" });
    let order = door.send_with("PATCH", &path, &any, &billed).json();
    assert_eq!(order["status"], "done", "{order}");
}

#[test]
fn an_import_that_is_called_off_keeps_no_files() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.serve().with(&key);
    let made = upload(&door, "kind=clients", &[("file", "external_id,name\nC1,Nova\n")]);
    let job = door.get("/v1/jobs?name=import_upload").json()["items"][0]["id"].clone();
    let cancel = format!("/v1/jobs/{}/cancel", job.as_str().unwrap());
    assert_eq!(door.ask("POST", &cancel, &[], &[]).status, 200);
    let import = door.get(made.header("location")).json();
    assert_eq!(import["import"]["state"], "failed", "{import}");
    let db = rusqlite::Connection::open(house.path().join("data/steward.db")).unwrap();
    let left: u32 =
        db.query_row("SELECT count(*) FROM import_chunks", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_letter_is_approved_by_the_hash_of_what_was_seen_and_says_why() {
    let mut house = House::new();
    let key = house.demo();
    house.json("tenant mode demo approval");
    house.json("cycle run --tenant demo");
    let door = house.serve().with(&key);
    let list = door.get("/v1/actions?status=awaiting").json();
    let id = list["items"][0]["id"].as_str().expect("a letter waits").to_owned();
    let path = format!("/v1/actions/{id}");
    let action = door.get(&path).json();
    assert!(action["decisions"][0]["reasons"].as_array().is_some_and(|it| !it.is_empty()));
    let wrong = json!({ "payload_hash": "0".repeat(64) });
    assert_eq!(door.send("POST", &format!("{path}/approve"), &wrong).problem().0, 409);
    let right = json!({ "payload_hash": action["payload_hash"] });
    let once = [("idempotency-key", "yes")];
    let first = door.send_with("POST", &format!("{path}/approve"), &once, &right);
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["action"]["status"], "approved");
    assert!(first.json()["action"]["decided_by"].as_str().unwrap().starts_with("key:"));
    assert_eq!(door.send_with("POST", &format!("{path}/approve"), &once, &right).status, 200);
}

#[test]
fn what_depends_on_a_database_that_is_away_is_refused_for_now() {
    let mut house = House::new();
    let key = house.tenant("acme");
    let door = house.serve().with(&key);
    assert_eq!(door.get("/health/ready").status, 200);
    let file = house.path().join("data/steward.db");
    let blocker = rusqlite::Connection::open(&file).unwrap();
    blocker.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let once = [("idempotency-key", "n1")];
    let refused = door.send_with("POST", "/v1/clients", &once, &json!({ "name": "Nova" }));
    assert_eq!(refused.problem().1, "unavailable", "{}", refused.text);
    assert!(1 <= refused.header("retry-after").parse::<u32>().unwrap());
    assert_eq!(door.get("/health/live").status, 200);
    blocker.execute_batch("ROLLBACK").unwrap();
    let done = door.send_with("POST", "/v1/clients", &once, &json!({ "name": "Nova" }));
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(door.get("/v1/clients").json()["items"].as_array().unwrap().len(), 1);
}
