//! The proof of a task: complete, it is allowed; without the sender's authentication, it is held;
//! with any other piece missing, it is denied, and that is a violation.

use chrono::TimeDelta;

use super::*;
use crate::mail;

fn cite(scene: &mut Scene, cited: Span, text: &str) {
    let Justification::ClientAsk { span, words, .. } = &mut scene.task().justification else {
        panic!("no ask")
    };
    (*span, *words) = (cited, text.to_owned());
}

/// Cites a sentence of the message faithfully.
fn cite_sentence(scene: &mut Scene, words: &str) {
    cite(scene, span_of(words), words);
}

#[test]
fn a_complete_proof_is_allowed_and_unproven_senders_are_held() {
    check(
        "no-human-tasks",
        asked_task,
        &[
            ("complete", |_| {}, Says::Permit),
            (
                "nobody vouches",
                |it| it.message().findings.sender = SenderProof::Unauthenticated,
                Says::Hold,
            ),
            ("forged", |it| it.message().findings.sender = SenderProof::Failed, Says::Hold),
        ],
    );
    for (sender, expected) in [
        (SenderProof::Authenticated, Effect::Allow),
        (SenderProof::Unauthenticated, Effect::NeedsApproval),
        (SenderProof::Failed, Effect::NeedsApproval),
    ] {
        for mode in TenantMode::ALL {
            for moment in Moment::ALL {
                let mut scene = asked_task();
                scene.message().findings.sender = sender;
                scene.facts.mode = *mode;
                let verdict = scene.decide(*moment);
                assert_eq!(verdict.effect, expected, "{sender} {mode} {moment}");
                assert_eq!(verdict.violations().count(), 0, "{sender} {mode} {moment}");
            }
        }
    }
}

/// Found by these tests: of two asks in one sentence, the second was refused as a violation.
#[test]
fn both_asks_of_one_sentence_are_proven_by_it() {
    for (kind, expected) in [
        (AskKind::Document, Effect::Allow),
        (AskKind::RevisedBid, Effect::Allow),
        (AskKind::Call, Effect::Deny),
    ] {
        let mut scene = asked_task();
        cite_sentence(&mut scene, TWO_ASKS);
        scene.task().task = kind;
        assert_eq!(scene.effect(), expected, "{kind}");
    }
}

/// Every single piece of the proof, taken away alone.
const MISSING: &[Change] = &[
    ("the message is ours", |it| it.message().is_inbound = false),
    ("an automatic reply", |it| it.message().findings.kind = MessageKind::AutoReply),
    ("a mailing list", |it| it.message().findings.kind = MessageKind::List),
    ("a bounce", |it| it.message().findings.kind = MessageKind::Bounce),
    ("an abuse report", |it| it.message().findings.kind = MessageKind::Complaint),
    ("a delivery notice", |it| it.message().findings.kind = MessageKind::DeliveryNotice),
    ("nobody of this client", |it| it.message().is_from_client_person = false),
    ("nothing written", |it| it.message().findings.written.clear()),
    ("written before the words", |it| {
        it.message().findings.written = vec![Span { start: 0, end: span_of(CALL).start }];
    }),
    ("written but for the last character", |it| {
        it.message().findings.written = vec![Span { start: 0, end: span_of(CALL).end - 1 }];
    }),
    ("somebody else's words in between", |it| {
        let call = span_of(CALL);
        let middle = call.start + 6;
        let halves = [(call.start, middle), (middle, call.end)];
        it.message().findings.written = halves.map(|(start, end)| Span { start, end }).to_vec();
    }),
    ("quoted words", |it| {
        let span = span_of(QUOTED);
        it.message().findings.asks.push(Ask { kind: AskKind::Price, span, by: None });
        cite_sentence(it, QUOTED);
        it.task().task = AskKind::Price;
    }),
    ("other words", |it| cite(it, span_of(CALL), "please call me at once.")),
    ("words in another case", |it| cite(it, span_of(CALL), &CALL.to_uppercase())),
    ("a full stop less", |it| cite(it, span_of(CALL), CALL.trim_end_matches('.'))),
    ("no words", |it| cite(it, span_of(CALL), "")),
    ("harmless words beside another span", |it| cite(it, span_of(TWO_ASKS), CALL)),
    ("no ask of the message", |it| cite_sentence(it, UNHAPPY)),
    ("a part of the ask", |it| cite_sentence(it, "call me tomorrow.")),
    ("more than the ask", |it| {
        let span = Span { start: span_of(CALL).start, end: span_of(TWO_ASKS).end };
        let words = format!("{CALL}\n{TWO_ASKS}");
        cite(it, span, &words);
    }),
    ("an empty span", |it| {
        let start = span_of(CALL).start;
        cite(it, Span { start, end: start }, "");
    }),
    ("a span backwards", |it| {
        let Span { start, end } = span_of(CALL);
        cite(it, Span { start: end, end: start }, CALL);
    }),
    ("a span beyond the text", |it| cite(it, Span { start: 0, end: u32::MAX }, BODY)),
    ("a span through a letter", |it| cite(it, Span { start: 3, end: 9 }, CALL)),
    ("an ask that the reader did not find", |it| it.message().findings.asks.clear()),
    ("an ask of another kind", |it| it.task().task = AskKind::Meeting),
    ("an ask of the next sentence's kind", |it| it.task().task = AskKind::Document),
    ("31 days old", |it| it.message().received_at = it.now - TimeDelta::days(31)),
    ("a year old", |it| it.message().received_at = it.now - TimeDelta::days(365)),
    ("from the future", |it| it.message().received_at = it.now + TimeDelta::seconds(1)),
    ("no such message", |it| it.facts.proof = ProofFacts::None),
    ("a compliance item in its place", |it| it.facts.proof = compliance_task().facts.proof),
    ("a case in its place", |it| it.facts.proof = safety_task().facts.proof),
    ("no justification", |it| it.task().justification = Justification::None),
    ("a deadline nobody knows", |it| {
        it.task().justification = Justification::ComplianceDue { item: id(ROW) };
    }),
    ("a case nobody knows", |it| {
        it.task().justification = Justification::Safety { case: id(ROW) };
    }),
    ("no task at all", |it| it.proposal.payload = Payload::Plain),
    ("a case to open", |it| it.proposal.payload = complaint_case().proposal.payload),
];

#[test]
fn each_missing_piece_alone_denies_the_task() {
    for (what, change) in MISSING {
        // An unproven sender makes nothing better: what is incomplete is denied and not held.
        for sender in SenderProof::ALL {
            let mut scene = asked_task();
            scene.message().findings.sender = *sender;
            change(&mut scene);
            for mode in TenantMode::ALL {
                scene.facts.mode = *mode;
                for moment in Moment::ALL {
                    let verdict = scene.decide(*moment);
                    assert_eq!(verdict.effect, Effect::Deny, "{what}, {sender}: {verdict:?}");
                    let mut violations = verdict.violations();
                    assert!(violations.any(|it| it.rule == "no-human-tasks"), "{what}");
                }
            }
        }
    }
}

#[test]
fn an_ask_is_settled_after_thirty_days() {
    let second = TimeDelta::seconds(1);
    let age_max = TimeDelta::days(ASK_AGE_DAYS_MAX);
    // Days are counted whole: the thirtieth is over when the thirty-first is full.
    let table = [
        (TimeDelta::zero(), Effect::Allow),
        (age_max, Effect::Allow),
        (age_max + TimeDelta::days(1) - second, Effect::Allow),
        (age_max + TimeDelta::days(1), Effect::Deny),
    ];
    for (age, expected) in table {
        let mut scene = asked_task();
        scene.message().received_at = scene.now - age;
        assert_eq!(scene.effect(), expected, "{age}");
    }
}

fn item(scene: &mut Scene) -> (&mut ComplianceFacts, &mut bool) {
    let ProofFacts::Compliance { item, is_of_client } = &mut scene.facts.proof else { panic!() };
    (item, is_of_client)
}

#[test]
fn a_compliance_deadline_justifies_a_task_from_its_day_on() {
    check(
        "no-human-tasks",
        compliance_task,
        &[
            ("due today", |_| {}, Says::Permit),
            ("due last year", |it| item(it).0.due_on = day("2026-03-10"), Says::Permit),
            ("due tomorrow", |it| item(it).0.due_on = day("2027-03-11"), Says::Forbid),
            ("due in a year", |it| item(it).0.due_on = day("2028-03-10"), Says::Forbid),
            ("run out", |it| item(it).0.status = ComplianceStatus::Expired, Says::Permit),
            ("asked for", |it| item(it).0.status = ComplianceStatus::Requested, Says::Permit),
            ("received", |it| item(it).0.status = ComplianceStatus::Received, Says::Forbid),
            ("waived", |it| item(it).0.status = ComplianceStatus::Waived, Says::Forbid),
            ("another client's", |it| *item(it).1 = false, Says::Forbid),
            ("no such item", |it| it.facts.proof = ProofFacts::None, Says::Forbid),
            ("a case in its place", |it| it.facts.proof = safety_task().facts.proof, Says::Forbid),
            ("a mail in its place", |it| it.facts.proof = asked_task().facts.proof, Says::Forbid),
            ("no justification", |it| it.task().justification = Justification::None, Says::Forbid),
        ],
    );
    // The deadline's day is the tenant's: an hour before midnight in UTC it has begun in Berlin.
    let mut scene = compliance_task();
    scene.now = at("2027-03-09T22:59:59Z");
    assert_eq!(scene.effect(), Effect::Deny);
    scene.now = at("2027-03-09T23:00:00Z");
    assert_eq!(scene.effect(), Effect::Allow);
}

fn case(scene: &mut Scene) -> (&mut CaseKind, &mut bool, &mut bool, &mut bool) {
    let ProofFacts::Case { kind, is_open, has_source, is_of_client } = &mut scene.facts.proof
    else {
        panic!("no case")
    };
    (kind, is_open, has_source, is_of_client)
}

#[test]
fn only_an_open_safety_case_with_its_source_justifies_a_task() {
    check(
        "no-human-tasks",
        safety_task,
        &[
            ("open", |_| {}, Says::Permit),
            ("closed", |it| *case(it).1 = false, Says::Forbid),
            ("unsourced", |it| *case(it).2 = false, Says::Forbid),
            ("another client's", |it| *case(it).3 = false, Says::Forbid),
            ("a complaint", |it| *case(it).0 = CaseKind::Complaint, Says::Forbid),
            ("a service case", |it| *case(it).0 = CaseKind::Service, Says::Forbid),
            ("no such case", |it| it.facts.proof = ProofFacts::None, Says::Forbid),
            (
                "a deadline in its place",
                |it| it.facts.proof = compliance_task().facts.proof,
                Says::Forbid,
            ),
            ("a mail in its place", |it| it.facts.proof = asked_task().facts.proof, Says::Forbid),
            ("no justification", |it| it.task().justification = Justification::None, Says::Forbid),
        ],
    );
}

#[test]
fn no_human_tasks_says_nothing_of_other_actions() {
    for make in ALLOWED.iter().filter(|make| make().proposal.kind != ActionKind::CreateTask) {
        assert_eq!(make().opinion("no-human-tasks"), Opinion::Silent);
    }
}

/// An action, and how to take away the finding that carries it.
type Carried = (fn() -> Scene, fn(&mut Findings));

/// Which finding carries which action.
const CARRIED: &[Carried] = &[
    (deal_advance, |it| it.buying_signal = None),
    (loss_by_words, |it| it.quote_lost = None),
    (complaint_case, |it| it.complaint = None),
    (safety_case, |it| it.safety = None),
];

#[test]
fn words_carry_an_action_only_if_they_stand_there() {
    for (make, _) in CARRIED {
        check(
            "words-prove-it",
            *make,
            &[
                ("complete", |_| {}, Says::Silent),
                (
                    "nobody vouches",
                    |it| it.message().findings.sender = SenderProof::Unauthenticated,
                    Says::Hold,
                ),
                ("forged", |it| it.message().findings.sender = SenderProof::Failed, Says::Hold),
                ("ours", |it| it.message().is_inbound = false, Says::Forbid),
                (
                    "an automatic reply",
                    |it| it.message().findings.kind = MessageKind::AutoReply,
                    Says::Forbid,
                ),
                ("a newsletter", |it| it.message().findings.kind = MessageKind::List, Says::Forbid),
                (
                    "nobody of this client",
                    |it| it.message().is_from_client_person = false,
                    Says::Forbid,
                ),
                ("quoted", |it| it.message().findings.written.clear(), Says::Forbid),
                (
                    "31 days old",
                    |it| it.message().received_at = it.now - TimeDelta::days(31),
                    Says::Forbid,
                ),
                (
                    "from the future",
                    |it| it.message().received_at = it.now + TimeDelta::hours(1),
                    Says::Forbid,
                ),
                ("no such message", |it| it.facts.proof = ProofFacts::None, Says::Forbid),
                (
                    "a case in its place",
                    |it| it.facts.proof = safety_task().facts.proof,
                    Says::Forbid,
                ),
            ],
        );
    }
}

#[test]
fn each_action_needs_the_finding_that_is_its_own() {
    for (own, (make, forget)) in CARRIED.iter().enumerate() {
        let mut scene = make();
        forget(&mut scene.message().findings);
        assert_eq!(says(&scene.opinion("words-prove-it")), Says::Forbid, "{own}");
        let spans = [BUYING, NOT_TAKEN, UNHAPPY, HURT, CALL].map(span_of);
        for (cited, span) in spans.into_iter().enumerate().filter(|(cited, _)| *cited != own) {
            let mut scene = make();
            match &mut scene.proposal.payload {
                Payload::Advance(advance) => advance.span = span,
                Payload::Loss(loss) => loss.span = Some(span),
                Payload::Case(case) => case.span = span,
                other => panic!("{other:?} cites nothing"),
            }
            assert_eq!(says(&scene.opinion("words-prove-it")), Says::Forbid, "{own} on {cited}");
            assert_eq!(scene.effect(), Effect::Deny, "{own} on {cited}");
        }
    }
    check(
        "words-prove-it",
        complaint_case,
        &[(
            "a service case",
            |it| {
                let Payload::Case(case) = &mut it.proposal.payload else { panic!("no case") };
                case.case = CaseKind::Service;
            },
            Says::Forbid,
        )],
    );
}

fn loss(scene: &mut Scene) -> &mut LossPayload {
    let Payload::Loss(loss) = &mut scene.proposal.payload else { panic!("no loss") };
    loss
}

#[test]
fn a_loss_is_told_by_the_records_or_by_the_client() {
    check(
        "words-prove-it",
        loss_by_words,
        &[
            ("a message without words", |it| loss(it).span = None, Says::Forbid),
            ("neither", |it| (loss(it).message, loss(it).span) = (None, None), Says::Forbid),
        ],
    );
    check(
        "words-prove-it",
        loss_by_record,
        &[
            ("as recorded", |_| {}, Says::Silent),
            ("another reason", |it| loss(it).reason = Some("quality".to_owned()), Says::Forbid),
            ("no reason beside a recorded one", |it| loss(it).reason = None, Says::Forbid),
            (
                "a reason beside none",
                |it| {
                    let SubjectFacts::Quote { lost_reason, .. } = &mut it.facts.subject else {
                        panic!()
                    };
                    *lost_reason = None;
                },
                Says::Forbid,
            ),
            (
                "none and none",
                |it| {
                    let SubjectFacts::Quote { lost_reason, .. } = &mut it.facts.subject else {
                        panic!()
                    };
                    *lost_reason = None;
                    loss(it).reason = None;
                },
                Says::Silent,
            ),
            (
                "not lost",
                |it| {
                    let SubjectFacts::Quote { quote, .. } = &mut it.facts.subject else { panic!() };
                    quote.status = QuoteStatus::Submitted;
                },
                Says::Forbid,
            ),
            ("no quote", |it| it.facts.subject = SubjectFacts::Message, Says::Forbid),
        ],
    );
}

/// Found by these tests: proven words let any text of the planner's into the records as the reason.
#[test]
fn words_bring_no_reason_of_the_planner_s_with_them() {
    check(
        "words-prove-it",
        loss_by_words,
        &[
            (
                "invented",
                |it| loss(it).reason = Some("see http://elsewhere.example".to_owned()),
                Says::Forbid,
            ),
            ("empty", |it| loss(it).reason = Some(String::new()), Says::Forbid),
        ],
    );
}

/// A raw mail, read by the reader, and cited wherever it asks for a call.
fn from_mail(authentication: &str, text: &str) -> Scene {
    let raw = format!(
        "{authentication}From: Ada Byron <{ADDRESS}>\r\nTo: sales@northern.example\r\n\
         Subject: Our order\r\nDate: Tue, 9 Mar 2027 08:00:00 +0000\r\n\
         Message-ID: <1@mill.example>\r\n\r\n{text}"
    );
    let reading = mail::read(raw.as_bytes(), Some("mx.provider.example")).unwrap();
    let mut scene = asked_task();
    let words = "Please call me tomorrow at ten.";
    let start = u32::try_from(reading.body.find(words).unwrap()).unwrap();
    let end = start + u32::try_from(words.len()).unwrap();
    cite(&mut scene, Span { start, end }, words);
    let received_at = at("2027-03-09T08:00:00Z");
    scene.facts.proof =
        ProofFacts::Message(Box::new(MessageFacts::from_reading(reading, true, true, received_at)));
    scene
}

#[test]
fn what_the_reader_finds_is_what_the_policy_takes_for_proof() {
    let vouched =
        "Authentication-Results: mx.provider.example; dmarc=pass header.from=mill.example\r\n";
    let stranger =
        "Authentication-Results: mx.elsewhere.example; dmarc=pass header.from=mill.example\r\n";
    let asks = "Hello Sam,\r\n\r\nPlease call me tomorrow at ten.\r\n\r\nAda\r\n";
    let quotes = "Thank you, that is settled.\r\n\r\nOn Mon, 8 Mar 2027, Sam wrote:\r\n\
                  > Please call me tomorrow at ten.\r\n";
    let table = [
        ("asked", vouched, asks, Effect::Allow),
        ("asked, and nobody vouches", "", asks, Effect::NeedsApproval),
        ("asked, and a stranger vouches", stranger, asks, Effect::NeedsApproval),
        ("quoted", vouched, quotes, Effect::Deny),
    ];
    for (what, authentication, text, expected) in table {
        assert_eq!(from_mail(authentication, text).effect(), expected, "{what}");
    }
}
