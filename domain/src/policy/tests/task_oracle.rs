//! A task for a person is allowed exactly when its proof is complete: compared with an oracle that
//! was written from the words and not from the rules.
//!
//! The pieces of a proof are drawn one by one, most of them right, and the oracle looks at the
//! pieces only. A broken implementation would have to break in the same way twice.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{Days, TimeDelta};
use proptest::{
    bool::weighted,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRng, TestRunner},
};

use super::*;

/// What the task claims to rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Mail,
    Deadline,
    Danger,
    Nothing,
}

/// Where the cited span lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A sentence, outside quoted text.
    Sentence,
    /// A sentence that the reader holds for quoted.
    Quoted,
    /// Across the end of the client's own text.
    Straddling,
    /// In the midst of a character.
    Torn,
    /// Beyond the end.
    Beyond,
}

/// What the reader found at the cited span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    ThisAsk,
    OtherAsk,
    BothAsks,
}

/// What the task repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    Exactly,
    OneCharacterLess,
    AnotherSentence,
}

#[derive(Clone, Debug)]
struct MailPieces {
    inbound: bool,
    from_client_person: bool,
    kind: MessageKind,
    sender: SenderProof,
    place: Place,
    found: Found,
    repeats: Repeats,
    age_seconds: i64,
}

#[derive(Clone, Debug)]
struct DeadlinePieces {
    of_client: bool,
    due_in_days: i64,
    status: ComplianceStatus,
    reminders: i32,
}

#[derive(Clone, Debug)]
struct DangerPieces {
    kind: CaseKind,
    open: bool,
    sourced: bool,
    of_client: bool,
}

#[derive(Clone, Debug)]
struct Pieces {
    claim: Claim,
    /// What the records hold; other than the claim says if it cites what is not there.
    held: Claim,
    row_known: bool,
    row_of_client: bool,
    mode: TenantMode,
    moment: Moment,
    hour: i64,
    /// Facts that must not matter to a task.
    noise: (bool, bool, i32),
    mail: MailPieces,
    deadline: DeadlinePieces,
    danger: DangerPieces,
}

/// Mostly the right one, sometimes any.
fn mostly<T: Clone + std::fmt::Debug + 'static>(right: T, all: Vec<T>) -> impl Strategy<Value = T> {
    prop_oneof![12 => Just(right), 1 => select(all)]
}

prop_compose! {
    fn any_mail()(
        inbound in weighted(0.95),
        from_client_person in weighted(0.95),
        kind in mostly(MessageKind::Person, MessageKind::ALL.to_vec()),
        sender in prop_oneof![
            2 => Just(SenderProof::Authenticated), 1 => select(SenderProof::ALL),
        ],
        place in mostly(Place::Sentence, vec![
            Place::Quoted, Place::Straddling, Place::Torn, Place::Beyond,
        ]),
        found in prop_oneof![
            6 => Just(Found::ThisAsk), 4 => Just(Found::BothAsks), 1 => Just(Found::OtherAsk),
            1 => Just(Found::Nothing),
        ],
        repeats in mostly(Repeats::Exactly, vec![
            Repeats::OneCharacterLess, Repeats::AnotherSentence,
        ]),
        age_seconds in prop_oneof![
            12 => 0..31 * 86_400_i64, 1 => -200_000..200_000_i64,
            1 => 29 * 86_400..40 * 86_400_i64,
            1 => select(vec![-1, 0, 31 * 86_400 - 1, 31 * 86_400]),
        ],
    ) -> MailPieces {
        MailPieces {
            inbound, from_client_person, kind, sender, place, found, repeats, age_seconds,
        }
    }
}

prop_compose! {
    fn any_deadline()(
        of_client in weighted(0.9),
        due_in_days in prop_oneof![3 => -60..=0_i64, 1 => -2..40_i64],
        status in select(ComplianceStatus::ALL),
        reminders in 0..6_i32,
    ) -> DeadlinePieces {
        DeadlinePieces { of_client, due_in_days, status, reminders }
    }
}

prop_compose! {
    fn any_danger()(
        kind in mostly(CaseKind::Safety, CaseKind::ALL.to_vec()),
        open in weighted(0.9),
        sourced in weighted(0.9),
        of_client in weighted(0.9),
    ) -> DangerPieces {
        DangerPieces { kind, open, sourced, of_client }
    }
}

prop_compose! {
    fn any_pieces()(
        claim in prop_oneof![
            6 => Just(Claim::Mail), 2 => Just(Claim::Deadline), 2 => Just(Claim::Danger),
            1 => Just(Claim::Nothing),
        ],
        other in prop_oneof![
            12 => Just(None),
            1 => select(vec![Claim::Mail, Claim::Deadline, Claim::Danger, Claim::Nothing])
                .prop_map(Some),
        ],
        row_known in weighted(0.97),
        row_of_client in weighted(0.97),
        mode in select(TenantMode::ALL),
        moment in select(Moment::ALL),
        hour in 0..24_i64,
        noise in any::<(bool, bool, i32)>(),
        mail in any_mail(),
        deadline in any_deadline(),
        danger in any_danger(),
    ) -> Pieces {
        Pieces {
            claim, held: other.unwrap_or(claim), row_known, row_of_client, mode, moment, hour,
            noise, mail, deadline, danger,
        }
    }
}

/// What the issue says of these pieces.
fn oracle(pieces: &Pieces) -> Effect {
    if !pieces.row_known || !pieces.row_of_client || pieces.held != pieces.claim {
        return Effect::Deny;
    }
    match pieces.claim {
        Claim::Nothing => Effect::Deny,
        Claim::Deadline => {
            let deadline = &pieces.deadline;
            let is_missing = deadline.status != ComplianceStatus::Received
                && deadline.status != ComplianceStatus::Waived;
            if deadline.of_client && is_missing && deadline.due_in_days <= 0 {
                Effect::Allow
            } else {
                Effect::Deny
            }
        }
        Claim::Danger => {
            let danger = &pieces.danger;
            let is_safety = danger.kind == CaseKind::Safety;
            if is_safety && danger.open && danger.sourced && danger.of_client {
                Effect::Allow
            } else {
                Effect::Deny
            }
        }
        Claim::Mail => {
            let mail = &pieces.mail;
            let is_a_witness =
                mail.inbound && mail.from_client_person && mail.kind == MessageKind::Person;
            let is_recent = (0..31 * 24 * 60 * 60).contains(&mail.age_seconds);
            let says_so = mail.place == Place::Sentence
                && mail.repeats == Repeats::Exactly
                && matches!(mail.found, Found::ThisAsk | Found::BothAsks);
            match (is_a_witness && is_recent && says_so, mail.sender) {
                (false, _) => Effect::Deny,
                (true, SenderProof::Authenticated) => Effect::Allow,
                (true, SenderProof::Unauthenticated | SenderProof::Failed) => Effect::NeedsApproval,
            }
        }
    }
}

fn place_of(place: Place) -> Span {
    let own_end = u32::try_from(BODY.find("\n\n>").unwrap()).unwrap();
    match place {
        Place::Sentence => span_of(TWO_ASKS),
        Place::Quoted => span_of(QUOTED),
        Place::Straddling => Span { start: span_of(NOT_TAKEN).start, end: own_end + 4 },
        // The ü of the greeting begins before this offset and ends after it.
        Place::Torn => Span { start: 3, end: span_of(CALL).end },
        Place::Beyond => Span { start: own_end, end: u32::MAX },
    }
}

fn mail_facts(mail: &MailPieces, now: Timestamp) -> MessageFacts {
    let span = place_of(mail.place);
    let ask = |kind| Ask { kind, span, by: None };
    let found = match mail.found {
        Found::Nothing => Vec::new(),
        Found::ThisAsk => vec![ask(AskKind::Document)],
        Found::OtherAsk => vec![ask(AskKind::Price)],
        Found::BothAsks => vec![ask(AskKind::Price), ask(AskKind::Document)],
    };
    let mut facts = witness();
    facts.is_inbound = mail.inbound;
    facts.is_from_client_person = mail.from_client_person;
    facts.findings.kind = mail.kind;
    facts.findings.sender = mail.sender;
    facts.findings.asks = found;
    facts.findings.asks.push(Ask { kind: AskKind::Call, span: span_of(CALL), by: None });
    facts.received_at = now - TimeDelta::seconds(mail.age_seconds);
    facts
}

/// The scene that these pieces make.
fn scene_of(pieces: &Pieces) -> Scene {
    let mut scene = asked_task();
    scene.now = at("2027-03-09T23:00:00Z") + TimeDelta::hours(pieces.hour);
    scene.facts.mode = pieces.mode;
    (scene.facts.client_is_active, scene.facts.has_open_complaint, _) = pieces.noise;
    scene.facts.research.compliance = BasisPoints(pieces.noise.2);
    scene.facts.subject_is_of_client = pieces.row_of_client;
    if !pieces.row_known {
        scene.facts.subject = SubjectFacts::Unknown;
    }
    let span = place_of(pieces.mail.place);
    let cited = BODY.get(span.start as usize..span.end as usize).unwrap_or(TWO_ASKS);
    let words = match pieces.mail.repeats {
        Repeats::Exactly => cited.to_owned(),
        Repeats::OneCharacterLess => cited.chars().skip(1).collect(),
        Repeats::AnotherSentence => UNHAPPY.to_owned(),
    };
    scene.task().task = match pieces.claim {
        Claim::Danger => AskKind::Other,
        Claim::Mail | Claim::Deadline | Claim::Nothing => AskKind::Document,
    };
    scene.task().justification = match pieces.claim {
        Claim::Mail => Justification::ClientAsk { message: id(MESSAGE), span, words },
        Claim::Deadline => Justification::ComplianceDue { item: id(ROW) },
        Claim::Danger => Justification::Safety { case: id(ROW) },
        Claim::Nothing => Justification::None,
    };
    scene.facts.proof = match pieces.held {
        Claim::Mail => ProofFacts::Message(Box::new(mail_facts(&pieces.mail, scene.now))),
        Claim::Deadline => {
            let deadline = &pieces.deadline;
            let days = Days::new(deadline.due_in_days.unsigned_abs());
            let due_on =
                if deadline.due_in_days < 0 { day(TODAY) - days } else { day(TODAY) + days };
            let item = ComplianceFacts {
                due_on,
                status: deadline.status,
                last_reminder_on: None,
                reminders: deadline.reminders,
            };
            ProofFacts::Compliance { item, is_of_client: deadline.of_client }
        }
        Claim::Danger => ProofFacts::Case {
            kind: pieces.danger.kind,
            is_open: pieces.danger.open,
            has_source: pieces.danger.sourced,
            is_of_client: pieces.danger.of_client,
        },
        Claim::Nothing => ProofFacts::None,
    };
    scene
}

/// Enough draws to see every outcome of every claim many times.
const CASES: u32 = 4_000;
/// How often each of them must have been seen, or the property would prove little.
const SEEN_MIN: u32 = 100;

#[test]
fn a_task_is_allowed_exactly_when_the_oracle_finds_its_proof_complete() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let seen: RefCell<BTreeMap<String, u32>> = RefCell::default();
    let outcome = TestRunner::new_with_rng(config, rng).run(&any_pieces(), |pieces| {
        let expected = oracle(&pieces);
        let verdict = scene_of(&pieces).decide(pieces.moment);
        prop_assert_eq!(verdict.effect, expected, "{:?}", verdict);
        prop_assert_eq!(verdict.violations().count() > 0, expected == Effect::Deny);
        let key = format!("{:?} {expected}", pieces.claim);
        *seen.borrow_mut().entry(key).or_default() += 1;
        Ok(())
    });
    outcome.unwrap();
    let seen = seen.into_inner();
    for key in [
        "Mail allow",
        "Mail needs_approval",
        "Mail deny",
        "Deadline allow",
        "Deadline deny",
        "Danger allow",
        "Danger deny",
        "Nothing deny",
    ] {
        assert!(SEEN_MIN <= seen.get(key).copied().unwrap_or(0), "{key} is too rare: {seen:?}");
    }
}
