//! The reader as a whole, on mails of our own writing, and on bytes of nobody's.

use proptest::prelude::*;

use super::*;

const TRUSTED: &str = "mx.trusted.example";

fn reading(raw: &str) -> Reading {
    read(raw.as_bytes(), Some(TRUSTED)).unwrap()
}

/// A plain mail of a person whose provider vouches for her.
fn mail(body: &str) -> String {
    format!(
        "Authentication-Results: {TRUSTED}; dmarc=pass header.from=good.example\n\
         From: Ada Byron <Ada@Good.example>\nTo: sales@us.example, \"Bob, B.\" <bob@us.example>\n\
         Cc: eve@good.example\nSubject: =?utf-8?q?Re:_Gr=C3=BC=C3=9Fe?=\nMessage-ID: \
         <1@good.example>\n\
         In-Reply-To: <0@us.example>\nReferences: <a@us.example> <0@us.example>\n\
         Date: Mon, 2 Mar 2026 10:15:00 +0100\nContent-Type: text/plain; charset=utf-8\n\n{body}"
    )
}

fn html_mail(html: &str) -> String {
    mail("").replace("text/plain", "text/html") + html
}

fn asks(raw: &str) -> Vec<(AskKind, String)> {
    let reading = reading(raw);
    let words = |ask: &Ask| reading.words(ask.span).unwrap().to_owned();
    reading.findings.asks.iter().map(|ask| (ask.kind, words(ask))).collect()
}

#[test]
fn a_message_is_placed_proven_and_read() {
    let reading = reading(&mail("Hi Bob,\n\nplease send us a revised bid by 3 PM.\n\nAda\n"));
    let from = reading.headers.from.clone().unwrap();
    assert_eq!(
        (from.name.as_deref(), from.address.as_str()),
        (Some("Ada Byron"), "ada@good.example")
    );
    assert_eq!((from.local_part(), from.domain()), ("ada", "good.example"));
    let to: Vec<&str> = reading.headers.to.iter().map(|to| to.address.as_str()).collect();
    assert_eq!(to, ["sales@us.example", "bob@us.example"]);
    assert_eq!(reading.headers.cc.len(), 1);
    assert_eq!(reading.headers.subject.as_deref(), Some("Re: Grüße"));
    assert_eq!(reading.headers.rfc_message_id.as_deref(), Some("1@good.example"));
    assert_eq!(reading.headers.in_reply_to.as_deref(), Some("0@us.example"));
    assert_eq!(reading.headers.references, ["a@us.example", "0@us.example"]);
    assert_eq!(reading.headers.sent_at.unwrap().to_rfc3339(), "2026-03-02T09:15:00+00:00");
    assert_eq!(reading.findings.kind, MessageKind::Person);
    assert_eq!(reading.findings.sender, SenderProof::Authenticated);
    let ask = reading.findings.asks[0];
    assert_eq!(ask.kind, AskKind::RevisedBid);
    assert_eq!(reading.words(ask.span), Some("please send us a revised bid by 3 PM."));
    assert!(reading.stands_in_written(ask.span));
}

#[test]
fn findings_are_stored_without_a_word_of_the_mail() {
    let findings = reading(&mail("Please call me on Thursday.\n")).findings;
    let json = serde_json::to_string(&findings).unwrap();
    assert_eq!(serde_json::from_str::<Findings>(&json).unwrap(), findings);
    for personal in ["Thursday", "call me", "ada", "good.example"] {
        assert!(!json.contains(personal), "{json}");
    }
}

#[test]
fn what_is_no_message_is_refused() {
    assert_eq!(read(b"", None), Err(ReadError::NoHeaders));
    assert_eq!(read(b"only text, no header", None), Err(ReadError::NoHeaders));
    let bytes = MESSAGE_BYTES_MAX + 1;
    assert_eq!(read(&vec![b'a'; bytes], None), Err(ReadError::TooLarge { bytes }));
    assert!(ReadError::TooLarge { bytes }.to_string().contains("26214400"));
}

#[test]
fn an_ask_in_history_is_nobodys() {
    for body in [
        "Thanks.\n\n> Please call me on Thursday.\n",
        "Thanks.\n\nOn Mon, 2 Mar 2026, Bob <bob@us.example> wrote:\n> Please call me.\n> Bob\n",
        "Thanks.\n\nOn Mon, 2 Mar 2026, Bob\n<bob@us.example> wrote:\n\nPlease call me.\n",
        "Danke.\n\nAm 2. März 2026 um 10:15 schrieb Bob <bob@us.example>:\n\nPlease call me.\n",
        "Thanks.\n\n-----Original Message-----\nFrom: Bob\nPlease cancel order 4711.\n",
        "Thanks.\n\nVon: Bob\nGesendet: Montag, 2. März 2026\nAn: Ada\nBetreff: x\n\nBitte rufen \
            Sie mich an.\n",
        "FYI\n\n---------- Forwarded message ---------\nFrom: Eve\n\nPlease cancel the order.\n",
        "Thanks.\n-- \nAda\nPlease call me on 555 0100.\n",
        "He wrote \"please call me on Thursday\".\n",
        "Thanks.\n\nIf you have received this message in error, please call us.\n",
    ] {
        assert_eq!(asks(&mail(body)), [], "{body}");
    }
}

#[test]
fn an_answer_between_quotes_is_the_senders() {
    let body = "On Mon, 2 Mar 2026, Bob <bob@us.example> wrote:\n> Please cancel the order.\n\n\
        Please send us a revised bid.\n\n> Shall we meet?\n> Please call me.\n\nNo.\n";
    assert_eq!(
        asks(&mail(body)),
        [(AskKind::RevisedBid, "Please send us a revised bid.".to_owned())]
    );
    let reading = reading(&mail(body));
    let [first, .., last] = reading.findings.written.as_slice() else { panic!("two stretches") };
    assert!(!reading.stands_in_written(Span { start: first.start, end: last.end }));
    assert!(!reading.stands_in_written(Span { start: first.start, end: first.start }));
    assert!(!reading.stands_in_written(Span { start: u32::MAX, end: u32::MAX }));
    assert_eq!(reading.words(Span { start: 5, end: 2 }), None);
}

#[test]
fn hidden_text_cannot_ask() {
    let visible = "<p>Thanks for the call.</p>";
    for hidden in [
        "<div style='display:none'>Please cancel order 4711.</div>",
        "<span style='font-size:0px'>Please cancel order 4711.</span>",
        "<p style='opacity:0'>Please cancel order 4711.</p>",
        "<p style='visibility:hidden'>Please cancel order 4711.</p>",
        "<p style='color:#ffffff'>Please cancel order 4711.</p>",
        "<!-- Please cancel order 4711. -->",
        "<img src=x alt='Please cancel order 4711.'>",
        "<style>.h{display:none}</style><p class=h>Please cancel order 4711.</p>",
        "<blockquote>Please cancel order 4711.</blockquote>",
        "<div class=gmail_quote>Please cancel order 4711.</div>",
        "<title>Please cancel order 4711.</title>",
    ] {
        assert_eq!(asks(&html_mail(&format!("{visible}{hidden}"))), [], "{hidden}");
    }
    let shown = html_mail("<p>Please cancel order&nbsp;4711.</p>");
    assert_eq!(asks(&shown), [(AskKind::Cancel, "Please cancel order 4711.".to_owned())]);
    let set_aside = |html: &str| reading(&html_mail(html)).hidden_text;
    assert_eq!(set_aside("<p style='opacity:0'>Pay now.</p><p>Hi</p>"), "Pay now.");
    let beside = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nHi\n--b\n\
        Content-Type: text/html\n\n<p hidden>Pay now.</p><a href=https://x.example>Hi</a>\n--b--\n";
    let both = reading(&format!("From: ada@good.example\n{beside}"));
    assert_eq!((both.body.as_str(), both.hidden_text.as_str()), ("Hi", "Pay now."));
    assert_eq!(both.links[0].target, "https://x.example");
    let tags: String =
        "Pay".chars().map(|it| char::from_u32(0xe_0000 + u32::from(it)).unwrap()).collect();
    assert_eq!(
        reading(&mail(&format!("Hi {tags}"))).hidden_text,
        "Pay",
        "in letters without a shape"
    );
    let split = mail("Please can\u{200b}cel order 4711.");
    assert_eq!(asks(&split), [(AskKind::Cancel, "Please cancel order 4711.".to_owned())]);
}

#[test]
fn only_a_person_asks() {
    let body = "Please call me on Thursday. This is unacceptable. There was a fire.\n";
    for header in [
        "Auto-Submitted: auto-replied",
        "List-Id: <l.example>",
        "Precedence: bulk",
        "Return-Path: <>",
    ] {
        let findings = reading(&format!("{header}\n{}", mail(body))).findings;
        assert_ne!(findings.kind, MessageKind::Person);
        assert!(
            findings.asks.is_empty() && findings.complaint.is_none() && findings.safety.is_none(),
            "{header}"
        );
        assert!(!findings.written.is_empty());
    }
}

/// Which signals a body gives: complaint, safety, quote lost, buying.
fn signals(body: &str) -> [bool; 4] {
    let findings = reading(&mail(body)).findings;
    [findings.complaint, findings.safety, findings.quote_lost, findings.buying_signal]
        .map(|span| span.is_some())
}

#[test]
fn signals_are_sentences_in_plain_words() {
    let table = [
        ("This is unacceptable.", [true, false, false, false]),
        ("Half of the boxes arrived damaged.", [true, false, false, false]),
        ("You sent us the wrong items again.", [true, false, false, false]),
        ("We are very disappointed with the service.", [true, false, false, false]),
        ("We want to file a formal complaint.", [true, false, false, false]),
        ("We are not satisfied with the finish.", [true, false, false, false]),
        ("Die Ware ist beschädigt angekommen.", [true, false, false, false]),
        ("One of our drivers was injured by the lift.", [false, true, false, false]),
        ("The charger caught fire last night.", [false, true, false, false]),
        ("We had to recall the batch.", [false, true, false, false]),
        ("A customer had an allergic reaction.", [false, true, false, false]),
        ("There is a gas leak at the valve.", [false, true, false, false]),
        ("Ein Mitarbeiter wurde verletzt.", [false, true, false, false]),
        ("We went with another supplier.", [false, false, true, false]),
        ("We have decided not to proceed with your quote.", [false, false, true, false]),
        ("Unfortunately your bid was not successful.", [false, false, true, false]),
        ("The contract was awarded to another bidder.", [false, false, true, false]),
        ("Wir haben uns für einen anderen Anbieter entschieden.", [false, false, true, false]),
        ("We would like to proceed.", [false, false, false, true]),
        ("Looks good, let's go ahead.", [false, false, false, true]),
        ("We are ready to order.", [false, false, false, true]),
        ("Please send us the contract.", [false, false, false, true]),
        ("We accept your offer.", [false, false, false, true]),
        ("Wir möchten 100 Stück bestellen.", [false, false, false, true]),
    ];
    for (body, expected) in table {
        assert_eq!(signals(body), expected, "{body}");
    }
}

#[test]
fn whoever_thinks_of_leaving_says_so() {
    let churn = |body: &str| {
        let reading = reading(&mail(body));
        reading.findings.churn.map(|span| reading.words(span).unwrap().to_owned())
    };
    for body in [
        "We are looking at other suppliers.",
        "If this happens again, we will switch to another vendor.",
        "We will not renew the contract.",
        "We want to terminate the agreement.",
        "Please close our account.",
        "We will take our business elsewhere.",
        "This was our last order with you.",
        "Wir werden den Vertrag kündigen.",
        "Wir sehen uns nach einem anderen Anbieter um.",
    ] {
        assert_eq!(churn(body).as_deref(), Some(body), "{body}");
    }
    for body in [
        "We are not looking at other suppliers.",
        "We will renew the contract.",
        "You wrote: \"we switch to another vendor\".",
        "Please add an account.",
        "Our supplier is late.",
        "> We will switch to another vendor.",
    ] {
        assert_eq!(churn(body), None, "{body}");
    }
}

#[test]
fn what_only_sounds_like_a_signal_is_none() {
    for body in [
        "Nothing was damaged.",
        "The goods were not damaged.",
        "If anything is damaged, we will tell you.",
        "We are not disappointed at all.",
        "We have no complaint about the delivery.",
        "Nobody was injured.",
        "Please quote for a fire extinguisher.",
        "I recall that we spoke about the fire door.",
        "Please send the papers for the dangerous goods.",
        "We have not gone with another supplier.",
        "We have not decided yet.",
        "If we went with another supplier, it would be cheaper.",
        "We are not ready to order.",
        "We would like to proceed with the cancellation.",
        "Once we are ready to order, we will write.",
        "We would like to proceed, but the price is too high.",
        "> This is unacceptable. We went with another supplier.",
        "The manual says \"this is unacceptable\".",
    ] {
        assert_eq!(signals(body), [false; 4], "{body}");
    }
}

#[test]
fn hostile_shapes_are_read_to_the_end() {
    const SIZE: usize = 1_000_000;
    let fill = |piece: &str| piece.repeat(SIZE / piece.len());
    let plain = |text: &str| mail(&fill(text));
    let nested = |kind: &str| {
        format!("From: a@x.example\n{}", fill(&format!("Content-Type: {kind}\n\n--b\n")))
    };
    let raws = [
        plain("> "),
        plain("> x\n"),
        plain("On 1 "),
        plain("From: a\n"),
        plain("please call me "),
        plain("\" please. "),
        plain("If "),
        plain("a."),
        plain("=?utf-8?q?"),
        html_mail(&fill("<div>")),
        html_mail(&fill("<div></b>")),
        html_mail(&fill("<a <b")),
        html_mail(&fill("<!--")),
        html_mail(&fill("<style>")),
        html_mail(&fill("<style></style>")),
        html_mail(&fill("<p style='")),
        html_mail(&fill("<b>x</p>")),
        html_mail(&fill("&lt;")),
        html_mail(&format!("<style>{}", fill("a{b}/*"))),
        html_mail(&fill("<blockquote>x")),
        fill("X-Long: header\n"),
        format!("From: {}\n\nx", fill("a@x.example, ")),
        format!("From: {}\n\nx", fill("(")),
        format!("Subject: {}\nFrom: a@x.example\n\nx", fill("=?utf-8?q?=")),
        format!(
            "Authentication-Results: {TRUSTED}; {}\nFrom: a@x.example\n\n",
            fill("dkim=pass (")
        ),
        format!("References: {}\n\n", fill("<a")),
        nested("multipart/mixed; boundary=b"),
        nested("message/rfc822"),
        format!(
            "Content-Type: multipart/mixed; boundary=b\n\n{}",
            fill("--b\nContent-Type: multipart/x; boundary=c\n\n")
        ),
        format!("Content-Transfer-Encoding: quoted-printable\n\n{}", fill("= ")),
        format!("Content-Transfer-Encoding: base64\n\n{}", fill("====")),
    ];
    for raw in &raws {
        let reading = read(raw.as_bytes(), Some(TRUSTED));
        assert!(reading.is_ok(), "{}", &raw[..40]);
        check(&reading.unwrap());
    }
}

/// What holds of every reading.
fn check(reading: &Reading) {
    let findings = &reading.findings;
    assert!(reading.body.len() <= BODY_BYTES_MAX);
    let mut end = 0;
    for span in &findings.written {
        assert!(end <= span.start && span.start < span.end);
        end = span.end;
        let words = reading.words(*span).expect("a written span lies in the body");
        assert_eq!(words, words.trim());
    }
    assert!(findings.asks.len() <= ASKS_MAX);
    assert!(findings.mentions.len() <= MENTIONS_MAX);
    let signals = [
        findings.complaint,
        findings.safety,
        findings.quote_lost,
        findings.buying_signal,
        findings.churn,
    ];
    let dates = findings.asks.iter().filter_map(|ask| ask.by.map(|by| by.span));
    let said = findings.asks.iter().map(|ask| ask.span).chain(dates);
    let named = findings.mentions.iter().map(|it| it.span);
    for span in said.chain(named).chain(signals.into_iter().flatten()) {
        assert!(reading.stands_in_written(span), "{span:?} in {:?}", reading.body);
        assert_eq!(findings.kind, MessageKind::Person);
    }
    let absence = reading.absence.and_then(|it| it.span);
    assert!(absence.is_none_or(|span| reading.words(span).is_some()));
    assert!(reading.recipients.len() <= bounce::RECIPIENTS_MAX);
    let Some(signature) = &reading.signature else { return };
    let of = |found: Option<signature::Found>| found.map(|found| found.span);
    let parts =
        [Some(signature.span), of(signature.name), of(signature.title), of(signature.company)];
    let phones = signature.phones.iter().map(|it| it.span).chain(signature.urls.iter().copied());
    for span in parts.into_iter().flatten().chain(phones) {
        assert!(reading.words(span).is_some(), "{span:?} in {:?}", reading.body);
    }
    let lines = reading.body.split('\n').count();
    assert!(signature.lines.iter().all(|line| usize::try_from(*line).is_ok_and(|it| it < lines)));
}

/// A mail of each kind that has more in it than words.
fn samples() -> Vec<String> {
    let report = "From: MAILER-DAEMON@x.example\nTo: us@us.example\nContent-Type: multipart/report; \
        report-type=delivery-status; boundary=b\n\n--b\n\n<ada@good.example>: 550 no such user\n--b\n\
        Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; ada@good.example\n\
        Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550-'5.1.1 é full'\n--b--\n";
    let prose = "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\n\
        <ada@good.example>:\n>>> RCPT To:<ada@good.example>\n<<< 550 5.1.1 é unknown\n\n\
        --- Below this line is a copy of the message.\nFrom: us\nTo: x@y.example\nDate: x\n";
    let notice = "From: no-reply@x.example\n\n{\"notificationType\":\"Bounce\",\"bounce\":\
        {\"bouncedRecipients\":[{\"emailAddress\":\"ada@good.example\",\"status\":\"5.1.1\"}]}}\n";
    let signed = mail(
        "Fine.\n\nViele Grüße\nAda Byron\nLeiterin Einkauf\nMaschinen GmbH\n+49 (0)30 / 123 456-78\n\
         www.good.example\n\nAm 02.03.2026 schrieb Bob <bob@us.example>:\n> Hello\n",
    );
    let away = "From: ada@good.example\nSubject: Automatic reply: Bid\nDate: Wed, 4 Mar 2026 \
        10:15:00 +0100\n\nIch bin bis zum 13.03.2026 im Urlaub, back on 16 March at 3 PM EST.\n";
    let dated = "From: ada@good.example\nDate: Wed, 4 Mar 2026 10:15:00 +0100\n\n\
        Please send PO-2026/0042 for € 1.250,00 by 3:30 p.m. on the 12th of March, 12.03.26.\n";
    let shown = html_mail(
        "<p>é<a href='https://a.example/?b=1&amp;c'>www.b.example</a>\
        <i style='display:none'>Please pay $5 é</i></p>",
    );
    let samples = [report, prose, notice, away, dated].map(str::to_owned);
    samples.into_iter().chain([signed, shown]).collect()
}

#[test]
fn every_byte_changed_and_every_cut_is_read() {
    for sample in samples() {
        let raw = sample.as_bytes();
        for at in 0..raw.len() {
            let read = |bytes: &[u8]| read(bytes, Some(TRUSTED)).map(|reading| check(&reading));
            // Without a header it is refused.
            let _ = read(&raw[..at]);
            for byte in [0, b'\n', b'<', b'@', b'9', 0xc3, 0xff] {
                let mut changed = raw.to_vec();
                changed[at] = byte;
                let _ = read(&changed);
            }
        }
    }
}

/// Pieces of mails, thrown together.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "From: a@x.example\n",
        "\n",
        "\n\n",
        "> ",
        "On 1 May, B <b@x.example> wrote:\n",
        "Please call me. ",
        "-- \n",
        "Could you send a bid? ",
        "<div style=\"display:none\">",
        "</div>",
        "<blockquote>",
        "<p>",
        "&amp;",
        "é",
        "„",
        "\"",
        "=",
        "Content-Type: text/html; charset=iso-2022-jp\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\n",
        "--b--\n",
        "Content-Type: text/plain; charset=utf-7\n",
        "Content-Transfer-Encoding: base64\n",
        "=?utf-8?b?w6k=?=",
        "=C3",
        "\r\n",
        "Content-Transfer-Encoding: quoted-printable\n",
        "Date: Mon, 31 Feb 2026 25:61:61 +9999\n",
        "\u{200b}",
        ". ",
        "not ",
        "Authentication-Results: mx.trusted.example; dmarc=pass",
        "; ",
        "(",
        "<",
        ">",
        ",",
        ":",
        "Subject: ",
        "bitte ",
        "if ",
    ];
    prop_oneof![proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), "\\PC{0,6}"]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, Some(TRUSTED));
        let mut raw = b"From: a@x.example\nContent-Type: text/html\n\n".to_vec();
        raw.extend(&bytes);
        check(&read(&raw, Some(TRUSTED)).unwrap());
    }

    #[test]
    fn any_shuffled_mail_is_read(pieces in proptest::collection::vec(piece(), 0..40)) {
        let raw = format!("X: y\n{}", pieces.concat());
        check(&read(raw.as_bytes(), Some(TRUSTED)).unwrap());
    }

    #[test]
    fn any_charset_is_read(
        charset in "(utf-7|utf-16|utf-16le|gb18030|big5|iso-2022-jp|euc-kr|shift_jis|koi8-r|\
            macintosh|windows-1252|x)",
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut raw = format!("From: a@x.example\nContent-Type: text/plain; charset={charset}\n\n\
            ").into_bytes();
        raw.extend(&bytes);
        check(&read(&raw, None).unwrap());
    }
}
