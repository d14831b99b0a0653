//! Reports of our own writing, one for each way in which systems write them.

use super::{super::read, BounceReason as R, *};

fn recipients(raw: &str) -> Vec<RecipientReport> {
    read(raw.as_bytes(), None).unwrap().recipients
}

/// What a report says of each recipient: address, action, status, reply code, reason, hard.
type Told = (String, String, String, u16, R, bool);

fn told(raw: &str) -> Vec<Told> {
    let of = |it: RecipientReport| {
        let action = it.action.map(|action| action.as_str().to_owned()).unwrap_or_default();
        let status = it.status.map(|status| status.to_string()).unwrap_or_default();
        let address = it.address.unwrap_or_default();
        (address, action, status, it.reply_code.unwrap_or_default(), it.reason, it.hard)
    };
    recipients(raw).into_iter().map(of).collect()
}

fn one(address: &str, action: &str, status: &str, reply: u16, reason: R) -> Told {
    (address.to_owned(), action.to_owned(), status.to_owned(), reply, reason, reason.is_hard())
}

/// A standard report with these words and these blocks.
fn report(words: &str, blocks: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: us@us.example\nSubject: Returned mail\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n{words}\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{blocks}\n--b\n\
         Content-Type: message/rfc822\n\nFrom: us@us.example\nTo: ada@good.example\nSubject: Bid\n\n\
         Hello\n--b--\n"
    )
}

/// A report in prose.
fn prose(headers: &str, words: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: us@us.example\n{headers}\n\n{words}\n"
    )
}

#[test]
fn each_recipient_has_its_own_block() {
    let blocks = "Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: smtp; 550 5.1.1 <ada@good.example>... User unknown\n\n\
        Original-Recipient: rfc822;bob@good.example\nFinal-Recipient: rfc822; b.b@other.example\n\
        Action: delayed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 mailbox full\n\n\
        Final-Recipient: rfc822; eve@good.example\nAction: delivered\nStatus: 2.0.0\n";
    let mut bob = one("bob@good.example", "delayed", "4.2.2", 452, R::MailboxFull);
    bob.5 = false;
    assert_eq!(
        told(&report("Sorry.", blocks)),
        [
            one("ada@good.example", "failed", "5.1.1", 550, R::UserUnknown),
            bob,
            one("eve@good.example", "delivered", "2.0.0", 0, R::Delivered),
        ]
    );
}

#[test]
fn words_say_more_than_a_vague_code_and_less_than_the_answer() {
    let block = |rest: &str| {
        format!("Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: 5.0.0\n{rest}")
    };
    let words = "<ada@good.example>: host mx.good.example said: 552 5.2.2 The mailbox is full";
    let full = one("ada@good.example", "failed", "5.2.2", 552, R::MailboxFull);
    assert_eq!(told(&report(words, &block(""))), [full]);
    let answer = "Diagnostic-Code: smtp; 550 5.7.1 blocked using bl.example\n";
    let blocked = one("ada@good.example", "failed", "5.7.1", 550, R::Blocked);
    assert_eq!(told(&report(words, &block(answer))), [blocked]);
}

#[test]
fn who_was_refused_depends_on_the_command() {
    let at = |command: &str| {
        let words =
            format!("<ada@good.example>: host mx said: 550 no such user (in reply to {command})");
        let block = "Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: 5.0.0\n\
            Diagnostic-Code: smtp; 550 no such user\n";
        told(&report(&words, block))[0].4
    };
    assert_eq!(at("RCPT TO command"), R::UserUnknown);
    assert_eq!(at("end of DATA\n    command"), R::Filtered);
    assert_eq!(at("MAIL FROM command"), R::Rejected);
}

#[test]
fn a_bare_user_unknown_says_neither_when_nor_by_which_code() {
    let of = |answer: &str| {
        let block = format!(
            "Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: 5.0.0\n\
             Diagnostic-Code: smtp; {answer}\n"
        );
        told(&report("Sorry.", &block))[0].clone()
    };
    for answer in ["550 user unknown", "no such user"] {
        let it = of(answer);
        assert_eq!((it.4, it.5), (R::Filtered, false), "{answer}");
    }
    for answer in ["550 5.1.1 user unknown", "User ada not listed in Directory"] {
        let it = of(answer);
        assert_eq!((it.4, it.5), (R::UserUnknown, true), "{answer}");
    }
}

#[test]
fn more_recipients_than_are_read_are_not_passed_over_in_silence() {
    let block = |number: usize| {
        format!(
            "Final-Recipient: rfc822; ada{number}@good.example\nAction: failed\nStatus: 5.1.1\n\n"
        )
    };
    let of = |count: usize| {
        let blocks: String = (0..count).map(block).collect();
        let reading = read(report("Sorry.", &blocks).as_bytes(), None).unwrap();
        (reading.recipients.len(), reading.has_more_recipients)
    };
    assert_eq!(of(RECIPIENTS_MAX), (RECIPIENTS_MAX, false));
    assert_eq!(of(RECIPIENTS_MAX + 9), (RECIPIENTS_MAX, true));
}

#[test]
fn prose_names_its_recipients_in_many_ways() {
    let qmail = "Hi. This is the program at mx.example. I could not deliver your message.\n\n\
        <ada@good.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
        <bob@good.example>:\n192.0.2.7 does not like recipient.\nRemote host said: 552 over quota\n\n\
        --- Below this line is a copy of the message.\n\nTo: eve@good.example\n";
    assert_eq!(
        told(&prose("Subject: failure notice", qmail)),
        [
            one("ada@good.example", "failed", "5.1.1", 0, R::UserUnknown),
            one("bob@good.example", "failed", "", 552, R::MailboxFull),
        ]
    );
    let exim = "A message that you sent could not be delivered.\n\n  ada@good.example\n    \
        SMTP error from remote mail server after RCPT TO:<ada@good.example>:\n    \
        host mx.good.example [192.0.2.1]: 550 unknown user\n";
    assert_eq!(
        told(&prose("Subject: Mail delivery failed\nX-Failed-Recipients: ada@good.example", exim)),
        [one("ada@good.example", "failed", "", 550, R::UserUnknown)]
    );
    let office = "Your message did not reach the following recipient(s):\n\n\
        ada@good.example on Mon, 2 Mar 2026 10:00\n    The recipient name is not recognized\n";
    assert_eq!(
        told(&prose("Subject: Undeliverable: Bid", office)),
        [one("ada@good.example", "failed", "", 0, R::UserUnknown)]
    );
    let transcript = "   ----- Transcript of session follows -----\n>>> RCPT To:<ada@good.example>\n\
        <<< 550 <ada@good.example>... User unknown\n554 <bob@far.example>... 550 Host unknown\n\
        ----- Unsent message follows -----\nReceived: by x\n";
    let told_of = told(&prose("Subject: Returned mail", transcript));
    let reasons: Vec<R> = told_of.iter().map(|it| it.4).collect();
    assert_eq!(reasons, [R::UserUnknown, R::HostUnknown]);
}

#[test]
fn a_report_that_names_nobody_is_about_whom_the_message_was_for() {
    let raw = prose(
        "Subject: Mail delivery failed",
        "Your message was refused as spam.\n\nReceived: from a by b\nFrom: us@us.example\n\
         To: Ada <ada@good.example>\nSubject: Bid\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\nHello\n",
    );
    assert_eq!(told(&raw), [one("ada@good.example", "failed", "", 0, R::SpamDetected)]);
}

#[test]
fn a_report_whose_marks_were_lost_is_read_from_its_text() {
    let raw = report(
        "Sorry.",
        "Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: 5.1.2\n\
         Diagnostic-Code: smtp; 550 Host unknown\n",
    )
    .replace("boundary=b", "boundary=other");
    assert_eq!(told(&raw), [one("ada@good.example", "failed", "5.1.2", 550, R::HostUnknown)]);
}

#[test]
fn complaints_name_who_complained() {
    let raw = "From: fbl@provider.example\nTo: us@us.example\nSubject: complaint\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAbuse.\n\
        --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\
        Original-Rcpt-To: <ada@good.example>\nOriginal-Rcpt-To: bob@good.example\n\n--b\n\
        Content-Type: message/rfc822\n\nTo: eve@good.example\n\nx\n--b--\n";
    let of = |raw: &str| told(raw).into_iter().map(|it| (it.0, it.4)).collect::<Vec<_>>();
    let feedback = |address: &str| (address.to_owned(), R::Feedback);
    assert_eq!(of(raw), [feedback("ada@good.example"), feedback("bob@good.example")]);
    let unnamed = raw.replace("Original-Rcpt-To", "X");
    assert_eq!(of(&unnamed), [feedback("eve@good.example")]);
    let of_two = unnamed.replace("To: eve@", "To: bob@good.example, eve@");
    assert_eq!(of(&of_two), [feedback("")], "one of two complained, and nobody says who");
    assert_eq!(of(&raw.replace("abuse", "not-spam")), [], "nobody complained");
    let asked =
        "From: ada@good.example\nSubject: unsubscribe\nAuto-Submitted: auto-replied\n\nPlease.\n";
    assert_eq!(read(asked.as_bytes(), None).unwrap().findings.kind, MessageKind::Complaint);
}

#[test]
fn notices_of_a_sending_service_are_read() {
    let notice = |json: &str| {
        let raw =
            format!("From: no-reply@notify.example\nSubject: Notification\n\n{json}\n\n--\nStop\n");
        (read(raw.as_bytes(), None).unwrap().findings.kind, told(&raw))
    };
    let bounced = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent",
"bouncedRecipients":[{"emailAddress":"ada@good.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}"#;
    let (kind, of) = notice(bounced);
    assert_eq!(kind, MessageKind::Bounce);
    assert_eq!(of, [one("ada@good.example", "failed", "5.1.1", 550, R::UserUnknown)]);
    let complained = r#"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"ada@good.example"}]}}"#;
    assert_eq!(notice(complained).0, MessageKind::Complaint);
    let there = r#"{"notificationType":"Delivery","delivery":{"recipients":["ada@good.example"],"smtpResponse":"250 2.6.0 ok"}}"#;
    assert_eq!(notice(there).1, [one("ada@good.example", "delivered", "2.6.0", 250, R::Delivered)]);
    assert_eq!(notice(r#"{"notificationType":"Bounce"#).0, MessageKind::AutoReply, "cut off");
}

#[test]
fn an_absence_names_who_is_away_and_a_person_reports_nothing() {
    let away = "From: Ada <ada@good.example>\nSubject: Automatic reply: Bid\n\nBack on Monday.\n";
    assert_eq!(told(away), [one("ada@good.example", "", "", 0, R::Vacation)]);
    let person =
        "From: Ada <ada@good.example>\nSubject: Bid\n\nUser unknown, 550 5.1.1 <x@y.example>\n";
    assert_eq!(told(person), []);
}

#[test]
fn reasons_are_told_by_what_systems_say() {
    let table = [
        ("550 5.7.26 Unauthenticated email is not accepted due to DMARC policy", R::AuthFailure),
        ("550 5.7.25 The IP address has no PTR record", R::RequirePtr),
        ("421 4.7.0 Too many connections from your host", R::TooManyConn),
        ("451 temporarily rate limited due to IP reputation", R::BadReputation),
        ("554 5.7.1 Client host rejected: blocked using bl.example", R::Blocked),
        ("552 5.2.2 over quota", R::MailboxFull),
        ("552 5.3.4 message too large", R::MesgTooBig),
        ("552 5.2.3 Message size exceeds limit", R::ExceedLimit),
        ("550 5.1.1 <x@y.example>: inactive email address", R::UserUnknown),
        ("550 5.2.1 The account is inactive", R::Suspend),
        ("550 5.4.1 Recipient address rejected: Access denied", R::UserUnknown),
        ("550 Recipient address rejected: mailer error", R::MailerError),
        ("553 5.1.8 Domain of sender address does not exist", R::Rejected),
        ("550 5.1.10 Null MX", R::NotAccept),
        ("554 5.7.1 Relay access denied", R::NoRelaying),
        ("554 5.7.9 Message not accepted for policy reasons", R::PolicyViolation),
        ("550 5.6.0 content rejected", R::ContentError),
        ("550 virus found", R::VirusDetected),
        ("554 5.4.6 Too many hops", R::NetworkError),
        ("503 5.5.1 bad sequence of commands", R::SyntaxError),
        ("554 4.4.7 Message expired <421 4.4.2 Connection refused>", R::Expired),
        ("550 5.1.6 recipient no longer on server", R::HasMoved),
        ("550 5.7.8 qwertz", R::SecurityError),
        ("550 qwertz", R::OnHold),
        ("450 4.2.0 mailbox unavailable", R::Expired),
        ("450 4.1.1 Recipient address rejected: User unknown", R::UserUnknown),
        ("550 5.1.7 invalid address", R::Rejected),
        ("550 5.7.1 Recipient rejected", R::PolicyViolation),
        ("550 5.1.1 no such user at marble.example", R::UserUnknown),
        ("550 5.1.1 no such user, says antispam.example", R::UserUnknown),
        ("550 5.1.1 no such user. All mail is scanned for viruses", R::UserUnknown),
        (
            "smtp; 5.1.0 - Unknown address error 550-'5.2.2 <a@b.example>... Mailbox full'",
            R::MailboxFull,
        ),
    ];
    for (answer, reason) in table {
        let status =
            answer.split(' ').find(|word| word.contains('.') && word.parse::<Status>().is_ok());
        let block = format!(
            "Final-Recipient: rfc822; ada@good.example\nAction: failed\nStatus: {}\n\
             Diagnostic-Code: smtp; {answer}\n",
            status.unwrap_or("5.0.0")
        );
        let of = told(&report("", &block));
        assert_eq!((of[0].4, of[0].5), (reason, reason.is_hard()), "{answer}");
    }
}

#[test]
fn a_program_that_fails_says_nothing_about_an_address() {
    let block = "Final-Recipient: rfc822;|/usr/bin/filter\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: x-unix; filter: no such user\n";
    assert_eq!(told(&report("", block))[0].4, R::MailerError);
}
