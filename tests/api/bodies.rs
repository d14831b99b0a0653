//! Bodies that nobody should send: malformed, oversized, slow, endless.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::house::{Door, House};

fn acme(house: &mut House) -> (Door, String) {
    let key = house.tenant("acme");
    (house.serve().with(&key), key)
}

#[test]
fn what_cannot_be_meant_is_told_with_its_field_and_changes_nothing() {
    let mut house = House::new();
    let (door, _) = acme(&mut house);
    let json = [("content-type", "application/json")];
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("{{\"name\":\"{}\"}}", "a".repeat(301));
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(1024 * 1024));
    let table: &[(&[u8], u16, &str, &str)] = &[
        (b"{", 400, "invalid_json", ""),
        (b"{\"name\":\"a\"} {}", 400, "invalid_json", ""),
        (b"[]", 422, "invalid_field", "body"),
        (b"{\"name\":\"\xff\"}", 400, "invalid_json", ""),
        (b"{\"name\":1}", 422, "invalid_field", "name"),
        (b"{\"name\":\"\"}", 422, "invalid_field", "name"),
        (b"{\"name\":\" a\"}", 422, "invalid_field", "name"),
        (b"{\"name\":\"a\\u0000\"}", 422, "invalid_field", "name"),
        (b"{\"name\":\"a\",\"more\":1}", 422, "invalid_field", "more"),
        (b"{\"name\":\"a\",\"tenant_id\":\"x\"}", 422, "invalid_field", "tenant_id"),
        (b"{\"name\":\"a\",\"source\":\"agent\"}", 422, "invalid_field", "source"),
        (b"{\"name\":\"a\",\"churn_risk_bp\":10001}", 422, "invalid_field", "churn_risk_bp"),
        (b"{\"name\":\"a\",\"known_since\":\"2026-02-30\"}", 422, "invalid_field", "known_since"),
        (long.as_bytes(), 422, "invalid_field", "name"),
        (deep.as_bytes(), 400, "invalid_json", ""),
        (large.as_bytes(), 413, "body_too_large", ""),
    ];
    for (body, status, code, field) in table {
        let answer = door.ask("POST", "/v1/clients", &json, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(answer.status, *status, "{shown}: {}", answer.text);
        let (_, was, at) = answer.problem();
        assert_eq!(was, *code, "{shown}: {}", answer.text);
        assert_eq!(at, *field, "{shown}: {}", answer.text);
    }
    let plain = door.ask("POST", "/v1/clients", &[("content-type", "text/plain")], b"{}");
    assert_eq!(plain.problem().0, 415);
    for query in ["limit=0", "limit=x", "cursor=x", "sort=colour", "colour=1", "limit=1&limit=2"] {
        assert_eq!(door.get(&format!("/v1/clients?{query}")).problem().0, 400, "{query}");
    }
    assert_eq!(door.get("/v1/clients/not-an-id").problem().0, 400);
    assert_eq!(door.get("/v1/clients").json()["items"], json!([]));
}

/// Sends some bytes, and waits until the server has had enough; gives what it said, and when.
fn trickle(door: &Door, head: &str, pieces: impl Iterator<Item = Vec<u8>>) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(door.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    let mut pieces = pieces.fuse();
    loop {
        assert!(began.elapsed() < Duration::from_secs(40), "it was never refused");
        if let Some(piece) = pieces.next()
            && stream.write_all(&piece).is_err()
        {
            break;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) if !said.is_empty() => break,
            Ok(0) => break,
            Ok(count) => said.extend(&buffer[..count]),
            Err(_) => {}
        }
    }
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

#[test]
fn whoever_sends_slowly_is_not_waited_for() {
    let mut house = House::new();
    let (door, key) = acme(&mut house);
    let slow = |head: &str| trickle(&door, head, std::iter::repeat_n(b"a".to_vec(), 3));
    // Headers that never end.
    let (said, took) = slow("GET /health/live HTTP/1.1\r\nx-slow: ");
    assert!(!said.contains("200 OK"), "{said}");
    assert!(took < Duration::from_secs(25), "{took:?}");
    // A body that stops.
    let head = format!(
        "POST /v1/clients HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n"
    );
    let (said, took) = slow(&head);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    // Whoever trickles on all the same has an end too.
    let head = head.replace("content-length: 1000", "transfer-encoding: chunked");
    let (said, took) = trickle(&door, &head, std::iter::repeat_with(|| b"1\r\n \r\n".to_vec()));
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert_eq!(door.get("/v1/clients").status, 200, "others are served meanwhile");
}

#[test]
fn a_body_without_end_is_cut_off() {
    let mut house = House::new();
    let (door, key) = acme(&mut house);
    let head = |path: &str, kind: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\
             content-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        )
    };
    let piece = || {
        let mut piece = b"10000\r\n".to_vec();
        piece.extend(vec![b' '; 0x10000]);
        piece.extend(b"\r\n");
        piece
    };
    for (path, kind) in [
        ("/v1/clients", "application/json"),
        ("/v1/jobs/batch", "application/x-ndjson"),
        ("/v1/imports?kind=clients", "multipart/form-data; boundary=b"),
    ] {
        let (said, took) = trickle(&door, &head(path, kind), std::iter::repeat_with(piece));
        let is_refused = ["400", "408", "413", "422"];
        let status = said.split(' ').nth(1).unwrap_or("closed");
        // A connection that is closed under the sender may take the answer along.
        assert!(status == "closed" || is_refused.contains(&status), "{path}: {said}");
        assert!(took < Duration::from_secs(35), "{path}: {took:?}");
    }
    assert_eq!(door.get("/v1/imports").json()["items"], json!([]), "nothing half done");
}
