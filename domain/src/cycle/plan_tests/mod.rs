//! The planner: the same plan from the same world, ranked as documented, and nothing proposed where
//! there is doubt.

mod message;
mod ranking;
mod row;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::plan::{MESSAGE_ACTIONS_MAX, plan, rank};
use super::*;
use crate::{
    action::{ActionKind, SubjectKind, TenantMode},
    engagement::{
        ComplianceFacts, ComplianceStatus, DealFacts, QuoteFacts, QuoteStatus, RenderedLetter,
        StageType,
    },
    id::Id,
    mail::{Ask, AskKind, Findings, MessageKind, SenderProof, Span},
    money::Score,
    proposal::{Payload, Proposal},
    time::{BusinessCalendar, Date, Timestamp},
};

/// A Wednesday morning in Berlin.
const NOW: &str = "2027-03-10T10:00:00Z";

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn id<K>(number: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(number))
}

fn nothing() -> PlanInputs {
    PlanInputs {
        tenant: TenantFacts {
            mode: TenantMode::Autonomous,
            calendar: BusinessCalendar::weekdays(chrono_tz::Europe::Berlin),
        },
        now: at(NOW),
        goals: Vec::new(),
        new_orders: Vec::new(),
        pending_orders: Vec::new(),
        stale_deals: Vec::new(),
        pending_quotes: Vec::new(),
        engagement_violations: Vec::new(),
        email_updates: Vec::new(),
        vendor_compliance: Vec::new(),
        safety_cases: Vec::new(),
    }
}

fn addressee(number: u128) -> Addressee {
    let letter = RenderedLetter {
        subject: format!("Subject {number}"),
        body: format!("Body {number}"),
        template: "touch/1",
    };
    Addressee { contact: id(number), address: format!("person{number}@mill.example"), letter }
}

fn order(number: u128, is_recheck: bool) -> OrderRef {
    OrderRef {
        id: id(number),
        number: format!("SO-{number}"),
        client: id(1),
        ordered_on: day("2027-03-09"),
        required_on: None,
        revision: Timestamp::UNIX_EPOCH,
        is_recheck,
    }
}

fn deal(number: u128) -> DealRef {
    let facts = DealFacts {
        stage_type: StageType::Open,
        stage_entered_on: day("2027-01-11"),
        last_buyer_signal_on: None,
        next_step_on: None,
        expected_close_on: None,
        close_pushes: 0,
        last_follow_up_on: None,
        follow_ups_since_signal: 0,
    };
    let addressee = Some(addressee(number));
    DealRef {
        id: id(number),
        key: format!("D-{number}"),
        client: id(1),
        facts,
        value: None,
        addressee,
    }
}

fn quote(number: u128, status: QuoteStatus) -> QuoteRef {
    let facts = QuoteFacts {
        status,
        submitted_on: Some(day("2027-03-01")),
        confirmed_on: None,
        valid_until: Some(day("2027-04-01")),
        last_follow_up_on: None,
        follow_ups: 0,
    };
    QuoteRef {
        id: id(number),
        key: format!("Q-{number}"),
        client: id(1),
        facts,
        lost_reason: (status == QuoteStatus::Lost).then(|| "price".to_owned()),
        is_loss_recorded: false,
        addressee: Some(addressee(number)),
    }
}

fn item(number: u128, due_on: &str) -> ComplianceRef {
    let facts = ComplianceFacts {
        due_on: day(due_on),
        status: ComplianceStatus::Missing,
        last_reminder_on: None,
        reminders: 0,
    };
    let addressee = Some(addressee(number));
    ComplianceRef { id: id(number), key: format!("C-{number}"), client: id(1), facts, addressee }
}

fn safety_case(number: u128) -> CaseRef {
    CaseRef { id: id(number), key: format!("S-{number}"), client: id(1), opened_at: at(NOW) }
}

fn target(number: u128, points: i32) -> TouchTarget {
    TouchTarget {
        addressee: addressee(number),
        key: format!("P-{number}"),
        client: id(1),
        epoch: 4,
        due: at("2027-03-09T08:00:00Z"),
        is_never_touched: false,
        score: Score::points(points),
        reasons: vec!["due since 2027-03-09".to_owned()],
    }
}

fn span(start: u32) -> Span {
    Span { start, end: start + 10 }
}

/// A person's mail, without anything in it that calls for an action.
fn message(number: u128) -> MessageRef {
    let findings = Findings {
        kind: MessageKind::Person,
        kind_reason: "a person wrote it".to_owned(),
        sender: SenderProof::Authenticated,
        sender_reason: "dmarc passed".to_owned(),
        written: vec![Span { start: 0, end: 1_000 }],
        asks: Vec::new(),
        complaint: None,
        safety: None,
        quote_lost: None,
        buying_signal: None,
        churn: None,
        mentions: Vec::new(),
    };
    MessageRef {
        id: id(number),
        key: format!("M-{number}"),
        client: Some(id(1)),
        received_at: at("2027-03-10T07:00:00Z"),
        findings,
        body: "0123456789".repeat(100),
        open_deals: Vec::new(),
        waiting_quotes: Vec::new(),
    }
}

/// A mail that calls for everything that a mail can call for.
fn full_message(number: u128) -> MessageRef {
    let mut message = message(number);
    let findings = &mut message.findings;
    findings.asks = vec![Ask { kind: AskKind::Call, span: span(0), by: None }];
    findings.safety = Some(span(20));
    findings.complaint = Some(span(40));
    findings.buying_signal = Some(span(60));
    findings.quote_lost = Some(span(80));
    message.open_deals = vec![(id(number + 1), StageType::Open)];
    message.waiting_quotes = vec![id(number + 2)];
    message
}

fn of(messages: Vec<MessageRef>) -> PlanInputs {
    PlanInputs { email_updates: messages, ..nothing() }
}

/// Several of everything, each under its own key.
fn world() -> PlanInputs {
    PlanInputs {
        new_orders: (100..105).map(|number| order(number, false)).collect(),
        pending_orders: (110..113).map(|number| order(number, true)).collect(),
        stale_deals: (120..124).map(deal).collect(),
        pending_quotes: vec![
            quote(130, QuoteStatus::Submitted),
            quote(131, QuoteStatus::Lost),
            quote(132, QuoteStatus::Submitted),
            quote(133, QuoteStatus::Lost),
        ],
        engagement_violations: vec![
            target(140, 90),
            target(141, 40),
            target(142, 40),
            target(143, 0),
        ],
        email_updates: vec![full_message(150), full_message(160), message(170)],
        vendor_compliance: vec![
            item(180, "2027-03-20"),
            item(181, "2027-03-01"),
            item(182, "2027-03-20"),
            item(183, "2027-03-10"),
        ],
        safety_cases: vec![safety_case(190), safety_case(191)],
        ..nothing()
    }
}

fn kinds(proposals: &[Proposal]) -> Vec<ActionKind> {
    proposals.iter().map(|it| it.kind).collect()
}

fn keys(proposals: &[Proposal]) -> Vec<String> {
    proposals.iter().map(|it| it.dedup_key.clone()).collect()
}
