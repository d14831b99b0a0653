//! Mail: from mbox, eml and folders; placed among people and threads; never twice.

use domain::mail::READER_VERSION;
use intake::{ImportKind, ImportReport, IntakeError};

use crate::support::{World, counts, problems};

/// A message as a server would have delivered it.
fn message(id: &str, from: &str, to: &str, extra: &str) -> String {
    format!(
        "Received: from a by b; Thu, 19 Nov 2026 10:00:00 +0000\nMessage-ID: <{id}>\nFrom: {from}\nTo: {to}\n\
         Subject: Straps\nDate: Thu, 19 Nov 2026 09:59:00 +0000\n{extra}\nCould you call me?\n"
    )
}

fn mbox(messages: &[String]) -> String {
    let lines = messages.iter().map(|message| {
        format!(
            "From MAILER-DAEMON Thu Nov 19 10:00:00 2026\n{}\n",
            message.replace("\nFrom ", "\n>From ")
        )
    });
    lines.collect()
}

async fn world() -> World {
    let world = World::new().await;
    let clients = "external_id,name,domain\nC1,Harbour,harbour.example\nC2,Mill,mill.example\n";
    world.import(ImportKind::Clients, clients).await;
    let contacts = "external_id,client,email\nP1,C1,ines@harbour.example\n";
    world.import(ImportKind::Contacts, contacts).await;
    world
}

async fn import(world: &World, name: &str, content: &str) -> ImportReport {
    let mut request = world.request(ImportKind::Messages, &world.write(name, content));
    request.options.mailbox = Some("sales".to_owned());
    request.options.address = Some("Ada@Ours.example".to_owned());
    request.options.authserv_id = Some("mx.ours.example".to_owned());
    world.run(&request).await.unwrap()
}

#[tokio::test]
async fn an_mbox_is_placed_among_people_and_threads_once() {
    let world = world().await;
    let text = mbox(&[
        message("1@h", "Inês <Ines@harbour.example>", "ada@ours.example", ""),
        message("2@o", "ada@ours.example", "ines@harbour.example", "In-Reply-To: <1@h>\n"),
        message("3@m", "stranger@mill.example", "ada@ours.example", ""),
        message("4@g", "somebody@gmail.com", "ada@ours.example", "References: <0@g> <9@g>\n"),
        message("5@h", "bob@ours.example", "new@harbour.example", "References: <0@h> <2@o>\n"),
    ]);
    let report = import(&world, "sales.mbox", &text).await;
    assert_eq!((report.read, counts(&report)), (5, [5, 0, 0, 0]), "{report:?}");
    let sql = "SELECT m.rfc_message_id || '|' || m.direction || '|' || COALESCE(c.external_id, '-') || '|' || \
               COALESCE(p.external_id, '-') || '|' || t.provider_id FROM messages m \
               JOIN threads t ON t.id = m.thread_id LEFT JOIN clients c ON c.id = m.client_id \
               LEFT JOIN contacts p ON p.id = m.contact_id ORDER BY 1";
    let expected = [
        "1@h|inbound|C1|P1|1@h",
        "2@o|outbound|C1|P1|1@h",
        "3@m|inbound|C2|-|3@m",
        "4@g|inbound|-|-|0@g",
        "5@h|outbound|C1|-|1@h",
    ];
    assert_eq!(world.texts(sql).await, expected);
    let sql = "SELECT kind || '|' || name || '|' || address || '|' || authserv_id FROM mailboxes";
    assert_eq!(world.texts(sql).await, ["import|sales|ada@ours.example|mx.ours.example"]);
    let sql = "SELECT received_at FROM messages WHERE rfc_message_id = '1@h'";
    assert_eq!(world.texts(sql).await[0][..19], *"2026-11-19T10:00:00");
    let sql =
        "SELECT DISTINCT reader_version || '|' || kind || '|' || sender FROM message_readings";
    assert_eq!(world.texts(sql).await, [format!("{READER_VERSION}|person|unauthenticated")]);

    let again = import(&world, "sales.mbox", &text).await;
    assert_eq!(counts(&again), [0, 0, 5, 0], "{again:?}");
    assert_eq!((world.count("messages").await, world.count("message_readings").await), (5, 5));
    assert_eq!((world.count("threads").await, world.count("mailboxes").await), (3, 1));
}

#[tokio::test]
async fn the_raw_bytes_are_kept_and_are_the_key() {
    let world = world().await;
    let text = message("1@h", "ines@harbour.example", "ada@ours.example", "");
    let report = import(&world, "one.eml", &text).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{report:?}");
    let stored = world.texts("SELECT CAST(raw AS TEXT) FROM messages").await;
    assert_eq!(stored, [text.as_str()]);
    let sql = "SELECT raw_sha256 FROM messages WHERE provider_id = raw_sha256";
    assert_eq!(world.texts(sql).await[0].len(), 64);
    // The same bytes out of an mbox are the same message.
    let report = import(&world, "one.mbox", &mbox(&[text])).await;
    assert_eq!(counts(&report), [0, 0, 1, 0], "{report:?}");
}

#[tokio::test]
async fn a_folder_of_messages_is_read_by_name_and_bad_ones_are_told() {
    let world = world().await;
    let folder = world.path("mails");
    std::fs::create_dir(&folder).unwrap();
    let put = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content).unwrap();
    put("a.eml", message("1@h", "ines@harbour.example", "ada@ours.example", "").as_bytes());
    put("b.EML", b"From: x@y.example\nSubject: no time at all\n\nhello\n");
    put("c.eml", b"no headers here");
    put("d.eml", &vec![b'x'; 25 * 1024 * 1024 + 1]);
    put("e.eml", b"From: x@y.example\nDate: Thu, 19 Nov 2099 09:59:00 +0000\n\nfrom the future\n");
    put(
        "f.eml",
        b"From: x@y.example\nReceived: from a; Thu, 19 Nov 2026 10:00:00 +0000\n\nno date\n",
    );
    put("notes.txt", b"not a message");
    let report = world.run(&world.request(ImportKind::Messages, &folder)).await.unwrap();
    assert_eq!((report.read, counts(&report)), (6, [3, 0, 0, 3]), "{report:?}");
    let found = problems(&report);
    assert!(found[0].starts_with("0 Date: has neither a readable Received nor"), "{found:?}");
    assert!(found[1].starts_with("0 message: the message has no headers"), "{found:?}");
    assert!(found[2].starts_with("0 message: is larger than 26214400 bytes"), "{found:?}");
    let oddities: Vec<_> = report.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(oddities[0].contains("in the future") && oddities[1].contains("no readable Date"));
    let rejects = std::fs::read_to_string(report.rejects_file.unwrap()).unwrap();
    assert_eq!(rejects.lines().count(), 4);
    assert!(rejects.contains("b.EML,0,Date,"), "{rejects}");
    assert_eq!(world.texts("SELECT name FROM mailboxes").await, ["mails"]);

    std::fs::create_dir(world.path("none")).unwrap();
    let request = world.request(ImportKind::Messages, &world.path("none"));
    assert!(matches!(world.run(&request).await, Err(IntakeError::Empty(_))));
}

#[tokio::test]
async fn people_who_come_later_are_found_when_mail_comes_again() {
    let world = world().await;
    let text = message("1@n", "noor@quay.example", "ada@ours.example", "");
    import(&world, "one.eml", &text).await;
    world.import(ImportKind::Clients, "external_id,name\nC3,Quay\n").await;
    world.import(ImportKind::Contacts, "external_id,client,email\nP3,C3,noor@quay.example\n").await;
    let report = import(&world, "one.eml", &text).await;
    assert_eq!(counts(&report), [0, 1, 0, 0], "{report:?}");
    let sql = "SELECT c.external_id FROM messages m JOIN clients c ON c.id = m.client_id";
    assert_eq!(world.texts(sql).await, ["C3"]);
}

#[tokio::test]
async fn a_sender_who_failed_the_proof_is_not_us() {
    let world = world().await;
    let failed = "Authentication-Results: mx.ours.example; dmarc=fail header.from=ours.example\n";
    let text =
        format!("{failed}{}", message("1@x", "ada@ours.example", "ines@harbour.example", ""));
    import(&world, "one.eml", &text).await;
    assert_eq!(world.texts("SELECT direction FROM messages").await, ["inbound"]);
    assert_eq!(world.texts("SELECT sender FROM message_readings").await, ["failed"]);
}

#[tokio::test]
async fn what_postgres_cannot_hold_is_left_out_of_columns_and_kept_in_the_raw() {
    let world = world().await;
    let long = "x".repeat(5_000);
    let text = format!(
        "Message-ID: <{long}@h>\nReferences: <{long}@g>\nFrom: ines@harbour.example\n\
         Date: Thu, 19 Nov 2026 09:59:00 +0000\nSubject: a\0b\n\nbody with \0 in it\n"
    );
    let report = import(&world, "one.eml", &text).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{report:?}");
    let sql = "SELECT COUNT(*) || '' FROM messages m JOIN message_readings r ON r.message_id = m.id \
               JOIN threads t ON t.id = m.thread_id WHERE m.rfc_message_id IS NULL \
               AND instr(r.body, char(0)) = 0 AND instr(COALESCE(m.subject, ''), char(0)) = 0 \
               AND t.provider_id = m.provider_id";
    assert_eq!(world.texts(sql).await, ["1"]);
}
