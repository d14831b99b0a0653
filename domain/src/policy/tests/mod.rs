//! What the policy promises, shown: each rule in tables, the proof of a task piece by piece,
//! letters around the clock, and properties of worlds that nobody thought of.
//!
//! Here stand the scenes that the tests share. In each of them everything is as it should be, so
//! that a test changes one thing and sees that this one thing decides.

mod approval;
mod letter;
mod proof;
mod properties;
mod table;
mod task_oracle;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::{
    action::{ActionKind, SubjectKind, TenantMode},
    engagement::{
        ClockState, ComplianceFacts, ComplianceStatus, DealFacts, LetterFacts, Purpose, QuoteFacts,
        QuoteStatus, StageType, render,
    },
    id::Id,
    mail::{Ask, AskKind, Findings, MessageKind, SenderProof, Span},
    money::{BasisPoints, Score},
    proposal::{
        AdvancePayload, CaseKind, CasePayload, Justification, LetterPayload, LossPayload, Payload,
        Subject, TaskPayload,
    },
    time::{BusinessCalendar, Date},
};

/// A Wednesday at eleven in Berlin: business is being done.
const NOW: &str = "2027-03-10T10:00:00Z";
const TODAY: &str = "2027-03-10";

const CLIENT: u128 = 1;
const CONTACT: u128 = 2;
const ROW: u128 = 3;
const MESSAGE: u128 = 4;
const EPOCH: i32 = 7;
const ADDRESS: &str = "ada@mill.example";

/// What the client wrote, and below it what somebody wrote to them.
const BODY: &str = "Grüß Gott,\n\
    please call me tomorrow.\n\
    Could you send the certificate and a revised bid?\n\
    We are very unhappy with the delay.\n\
    A drum is leaking and two people were hurt.\n\
    We would like to go ahead with the order.\n\
    Your quote was not taken.\n\
    \n\
    > Please send us a price.\n";
const CALL: &str = "please call me tomorrow.";
const TWO_ASKS: &str = "Could you send the certificate and a revised bid?";
const UNHAPPY: &str = "We are very unhappy with the delay.";
const HURT: &str = "A drum is leaking and two people were hurt.";
const BUYING: &str = "We would like to go ahead with the order.";
const NOT_TAKEN: &str = "Your quote was not taken.";
const QUOTED: &str = "Please send us a price.";

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn id<K>(number: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(number))
}

fn span_of(words: &str) -> Span {
    let start = BODY.find(words).unwrap();
    let offset = |at: usize| u32::try_from(at).unwrap();
    Span { start: offset(start), end: offset(start + words.len()) }
}

/// A proposal, the facts that the gate would load for it, and the moment of the question.
#[derive(Clone, Debug)]
struct Scene {
    proposal: Proposal,
    facts: PolicyFacts,
    now: Timestamp,
}

impl Scene {
    fn decide(&self, moment: Moment) -> Verdict {
        decide(&self.proposal, &self.facts, moment, self.now)
    }

    fn effect(&self) -> Effect {
        self.decide(Moment::Propose).effect
    }

    fn opinion(&self, rule: &str) -> Opinion {
        let rule = RULES.iter().find(|it| it.id == rule).unwrap();
        (rule.ask)(&self.proposal, &self.facts, self.now)
    }

    fn letter(&mut self) -> &mut LetterPayload {
        let Payload::Letter(letter) = &mut self.proposal.payload else { panic!("no letter") };
        letter
    }

    fn recipient(&mut self) -> &mut RecipientFacts {
        self.facts.recipient.as_mut().unwrap()
    }

    fn task(&mut self) -> &mut TaskPayload {
        let Payload::Task(task) = &mut self.proposal.payload else { panic!("no task") };
        task
    }

    fn message(&mut self) -> &mut MessageFacts {
        let ProofFacts::Message(message) = &mut self.facts.proof else { panic!("no message") };
        message
    }
}

fn scene(kind: ActionKind, about: SubjectKind, payload: Payload, subject: SubjectFacts) -> Scene {
    let proposal = Proposal {
        kind,
        subject: Subject { kind: about, id: Uuid::from_u128(ROW) },
        client: Some(id(CLIENT)),
        payload,
        dedup_key: format!("{kind}:{ROW}"),
        score: Score::points(50),
        reasons: Vec::new(),
        evidence: Vec::new(),
    };
    let facts = PolicyFacts {
        mode: TenantMode::Autonomous,
        calendar: BusinessCalendar::weekdays(chrono_tz::Europe::Berlin),
        subject,
        subject_is_of_client: true,
        client_is_active: true,
        has_open_complaint: false,
        recipient: None,
        letter: None,
        proof: ProofFacts::None,
        rivals: 0,
        research: ResearchFacts {
            compliance: BasisPoints::WHOLE,
            goals_behind_pace: true,
            pipeline_is_thin: false,
        },
    };
    Scene { proposal, facts, now: at(NOW) }
}

fn order_check() -> Scene {
    let subject = SubjectFacts::Order { is_waiting: true };
    scene(ActionKind::ProcessOrder, SubjectKind::Order, Payload::Plain, subject)
}

/// A letter that says, word for word, what the records would write.
fn letter(
    kind: ActionKind,
    about: SubjectKind,
    subject: SubjectFacts,
    purpose: Purpose<'_>,
) -> Scene {
    let written = render(&LetterFacts {
        recipient_name: Some("Ada Byron"),
        client_name: "Mill & Sons",
        tenant_name: "Northern Supplies",
        signature_name: "Sam Reed",
        purpose,
    });
    let payload = Payload::Letter(LetterPayload {
        contact: id(CONTACT),
        to: ADDRESS.to_owned(),
        template: written.template.to_owned(),
        subject: written.subject.clone(),
        body: written.body.clone(),
        epoch: None,
    });
    let mut scene = scene(kind, about, payload, subject);
    scene.facts.letter = Some(written);
    scene.facts.recipient = Some(RecipientFacts {
        address: Some(ADDRESS.to_owned()),
        is_of_client: true,
        is_active: true,
        suppressed_because: None,
        paused_until: None,
        last_letter_at: None,
    });
    scene
}

fn touch() -> Scene {
    let clock = ClockState { epoch: EPOCH, ..ClockState::default() };
    let subject = SubjectFacts::Contact {
        clock,
        next_touch_due: at("2027-03-10T08:00:00Z"),
        is_fired: false,
        epoch: EPOCH,
    };
    let purpose = Purpose::Touch { last_order: None, open_deal: None, never_touched: false };
    let mut touch = letter(ActionKind::SendTouch, SubjectKind::Contact, subject, purpose);
    touch.proposal.subject.id = Uuid::from_u128(CONTACT);
    touch.letter().epoch = Some(EPOCH);
    touch
}

/// Quiet for weeks, and without a step ahead.
fn stalled_deal() -> DealFacts {
    DealFacts {
        stage_type: StageType::Open,
        stage_entered_on: day("2027-01-11"),
        last_buyer_signal_on: Some(day("2027-01-20")),
        next_step_on: None,
        expected_close_on: None,
        close_pushes: 0,
        last_follow_up_on: None,
        follow_ups_since_signal: 0,
    }
}

fn deal_follow_up() -> Scene {
    let purpose = Purpose::Deal { deal_name: "Spring refit", stage_name: "Offer", next_step: None };
    let subject = SubjectFacts::Deal { deal: stalled_deal() };
    letter(ActionKind::FollowUpDeal, SubjectKind::Deal, subject, purpose)
}

/// With the client for nine days, and never asked about.
fn waiting_quote() -> QuoteFacts {
    QuoteFacts {
        status: QuoteStatus::Submitted,
        submitted_on: Some(day("2027-03-01")),
        confirmed_on: None,
        valid_until: Some(day("2027-04-01")),
        last_follow_up_on: None,
        follow_ups: 0,
    }
}

fn quote_subject(quote: QuoteFacts, lost_reason: Option<&str>) -> SubjectFacts {
    let lost_reason = lost_reason.map(str::to_owned);
    SubjectFacts::Quote { quote, lost_reason, is_loss_recorded: false }
}

fn quote_follow_up() -> Scene {
    let purpose = Purpose::Quote {
        quote_number: "Q-77",
        submitted_on: day("2027-03-01"),
        valid_until: Some(day("2027-04-01")),
        receipt_confirmed: false,
    };
    let subject = quote_subject(waiting_quote(), None);
    letter(ActionKind::FollowUpQuote, SubjectKind::Quote, subject, purpose)
}

fn item_due(on: &str) -> ComplianceFacts {
    ComplianceFacts {
        due_on: day(on),
        status: ComplianceStatus::Missing,
        last_reminder_on: None,
        reminders: 0,
    }
}

fn compliance_reminder() -> Scene {
    let purpose = Purpose::Compliance { item_name: "insurance", due_on: day("2027-03-20") };
    let subject = SubjectFacts::Compliance { item: item_due("2027-03-20") };
    letter(ActionKind::RemindCompliance, SubjectKind::ComplianceItem, subject, purpose)
}

fn witness() -> MessageFacts {
    let ask = |kind, words| Ask { kind, span: span_of(words), by: None };
    MessageFacts {
        is_inbound: true,
        is_from_client_person: true,
        findings: Findings {
            kind: MessageKind::Person,
            kind_reason: "a person wrote it".to_owned(),
            sender: SenderProof::Authenticated,
            sender_reason: "dmarc passed".to_owned(),
            written: vec![Span { start: 0, end: span_of(QUOTED).start - 3 }],
            asks: vec![
                ask(AskKind::Call, CALL),
                ask(AskKind::Document, TWO_ASKS),
                ask(AskKind::RevisedBid, TWO_ASKS),
            ],
            complaint: Some(span_of(UNHAPPY)),
            safety: Some(span_of(HURT)),
            quote_lost: Some(span_of(NOT_TAKEN)),
            buying_signal: Some(span_of(BUYING)),
            churn: None,
            mentions: Vec::new(),
        },
        body: BODY.to_owned(),
        received_at: at("2027-03-09T08:00:00Z"),
    }
}

fn on_words(kind: ActionKind, about: SubjectKind, payload: Payload, row: SubjectFacts) -> Scene {
    let mut scene = scene(kind, about, payload, row);
    scene.facts.proof = ProofFacts::Message(Box::new(witness()));
    scene
}

fn deal_advance() -> Scene {
    let payload = Payload::Advance(AdvancePayload {
        from: StageType::Open,
        to: StageType::Ongoing,
        message: id(MESSAGE),
        span: span_of(BUYING),
    });
    let row = SubjectFacts::Deal { deal: stalled_deal() };
    on_words(ActionKind::AdvanceDeal, SubjectKind::Deal, payload, row)
}

/// A loss that the client's words tell of.
fn loss_by_words() -> Scene {
    let loss =
        LossPayload { reason: None, message: Some(id(MESSAGE)), span: Some(span_of(NOT_TAKEN)) };
    let row = quote_subject(waiting_quote(), None);
    on_words(ActionKind::RecordQuoteLoss, SubjectKind::Quote, Payload::Loss(loss), row)
}

/// A loss that the records tell of.
fn loss_by_record() -> Scene {
    let loss = LossPayload { reason: Some("price".to_owned()), message: None, span: None };
    let quote = QuoteFacts { status: QuoteStatus::Lost, ..waiting_quote() };
    let row = quote_subject(quote, Some("price"));
    scene(ActionKind::RecordQuoteLoss, SubjectKind::Quote, Payload::Loss(loss), row)
}

fn case_of(case: CaseKind, words: &str) -> Scene {
    let payload = Payload::Case(CasePayload { case, message: id(MESSAGE), span: span_of(words) });
    on_words(ActionKind::OpenCase, SubjectKind::Message, payload, SubjectFacts::Message)
}

fn complaint_case() -> Scene {
    case_of(CaseKind::Complaint, UNHAPPY)
}

fn safety_case() -> Scene {
    case_of(CaseKind::Safety, HURT)
}

/// The client asked for a call, and every piece of the proof is there.
fn asked_task() -> Scene {
    let justification = Justification::ClientAsk {
        message: id(MESSAGE),
        span: span_of(CALL),
        words: CALL.to_owned(),
    };
    let payload = Payload::Task(TaskPayload { task: AskKind::Call, justification });
    on_words(ActionKind::CreateTask, SubjectKind::Message, payload, SubjectFacts::Message)
}

fn compliance_task() -> Scene {
    let item = item_due(TODAY);
    let justification = Justification::ComplianceDue { item: id(ROW) };
    let payload = Payload::Task(TaskPayload { task: AskKind::Document, justification });
    let row = SubjectFacts::Compliance { item };
    let mut task = scene(ActionKind::CreateTask, SubjectKind::ComplianceItem, payload, row);
    task.facts.proof = ProofFacts::Compliance { item, is_of_client: true };
    task
}

fn safety_task() -> Scene {
    let justification = Justification::Safety { case: id(ROW) };
    let payload = Payload::Task(TaskPayload { task: AskKind::Other, justification });
    let row = SubjectFacts::Other;
    let mut task = scene(ActionKind::CreateTask, SubjectKind::Case, payload, row);
    task.facts.proof = ProofFacts::Case {
        kind: CaseKind::Safety,
        is_open: true,
        has_source: true,
        is_of_client: true,
    };
    task
}

fn research() -> Scene {
    scene(ActionKind::Research, SubjectKind::Client, Payload::Plain, SubjectFacts::Other)
}

/// Scenes that the policy allows: every kind that may happen at all, by every way it may.
const ALLOWED: &[fn() -> Scene] = &[
    order_check,
    touch,
    deal_follow_up,
    quote_follow_up,
    compliance_reminder,
    deal_advance,
    loss_by_words,
    loss_by_record,
    complaint_case,
    safety_case,
    asked_task,
    compliance_task,
    safety_task,
    research,
];

/// What leaves the system.
const LETTERS: &[fn() -> Scene] = &[touch, deal_follow_up, quote_follow_up, compliance_reminder];

/// One thing that is changed in a scene, in words and in deed.
type Change = (&'static str, fn(&mut Scene));

/// One change, and what a rule says then.
type Row = (&'static str, fn(&mut Scene), Says);

/// What is never the agent's to do.
const FORBIDDEN: [ActionKind; 4] = [
    ActionKind::ChangePrice,
    ActionKind::ChangeCreditLimit,
    ActionKind::MoveMoney,
    ActionKind::DeleteRecord,
];

/// The kind of an opinion, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Silent,
    Permit,
    Hold,
    Forbid,
    Oblige,
}

fn says(opinion: &Opinion) -> Says {
    match opinion {
        Opinion::Silent => Says::Silent,
        Opinion::Permit(_) => Says::Permit,
        Opinion::Hold(_) => Says::Hold,
        Opinion::Forbid(_) => Says::Forbid,
        Opinion::Oblige(..) => Says::Oblige,
    }
}

/// Makes each change to a fresh scene and compares what the rule says; the verdict must carry it on
/// under the rule's id.
fn check(rule: &str, base: fn() -> Scene, table: &[Row]) {
    for (what, change, expected) in table {
        let mut scene = base();
        change(&mut scene);
        let opinion = scene.opinion(rule);
        assert_eq!(says(&opinion), *expected, "{rule}: {what}: {opinion:?}");
        let verdict = scene.decide(Moment::Propose);
        let told: Vec<Effect> =
            verdict.reasons.iter().filter(|it| it.rule == rule).map(|it| it.argues).collect();
        let carried = match expected {
            Says::Silent => Vec::new(),
            Says::Permit | Says::Oblige => vec![Effect::Allow],
            Says::Hold => vec![Effect::NeedsApproval],
            Says::Forbid => vec![Effect::Deny],
        };
        assert_eq!(told, carried, "{rule}: {what}: {verdict:?}");
        if *expected == Says::Forbid {
            assert_eq!(verdict.effect, Effect::Deny, "{rule}: {what}");
            assert!(verdict.violations().any(|it| it.rule == rule), "{rule}: {what}");
        }
    }
}
