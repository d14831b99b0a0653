//! The deterministic planner: what each input calls for, and in which order.
//!
//! It proposes; it does not decide. A planner made of a language model hands over the same [`Proposal`]s.

use crate::{
    action::{ActionKind, SubjectKind},
    engagement::{
        ComplianceStep, QuoteStatus, QuoteStep, StageType, compliance_step, follow_up_due,
        quote_step,
    },
    id::ClientId,
    mail::{AskKind, MessageKind, Span},
    money::Score,
    policy::PIPELINE,
    proposal::{
        AdvancePayload, CaseKind, CasePayload, Evidence, Justification, LetterPayload, LossPayload,
        Payload, Proposal, Subject, TaskPayload,
    },
    time::Date,
};

use super::inputs::{
    Addressee, CaseRef, ComplianceRef, DealRef, MessageRef, OrderRef, PlanInputs, QuoteRef,
    TouchTarget,
};

/// Actions that one message may lead to: a mail with more asks than this is read by a person anyway.
pub const MESSAGE_ACTIONS_MAX: usize = 10;

/// How pressing each kind of work is before its own facts are looked at, in points of 100.
///
/// People in danger first, then what a client asked for, then money that waits, then keeping in touch.
mod urgency {
    pub const SAFETY: i32 = 98;
    pub const CLIENT_ASK: i32 = 92;
    pub const COMPLAINT: i32 = 90;
    pub const COMPLIANCE_OVERDUE: i32 = 86;
    pub const NEW_ORDER: i32 = 80;
    pub const BUYING_SIGNAL: i32 = 76;
    pub const HELD_ORDER: i32 = 70;
    pub const COMPLIANCE_REMINDER: i32 = 64;
    pub const QUOTE: i32 = 60;
    pub const STALLED_DEAL: i32 = 52;
    pub const LOSS: i32 = 40;
}
/// A touch scores its priority of 0 to 100, scaled into the points below the follow-ups that clients wait for.
const TOUCH_POINTS_MAX: i32 = 50;

/// A letter that was not decided on, or not sent, is proposed again a week later.
const DAYS_PER_WEEK: i64 = 7;

/// Proposes everything that the inputs call for, most pressing first.
pub fn plan(inputs: &PlanInputs) -> Vec<Proposal> {
    let today = inputs.tenant.calendar.local_date(inputs.now);
    let mut proposals: Vec<(Proposal, String)> = Vec::new();
    let orders = inputs.new_orders.iter().chain(&inputs.pending_orders);
    proposals.extend(orders.map(|order| (process_order(order, today), order.number.clone())));
    for message in &inputs.email_updates {
        let actions = from_message(message).into_iter().take(MESSAGE_ACTIONS_MAX);
        proposals.extend(actions.map(|proposal| (proposal, message.key.clone())));
    }
    proposals.extend(inputs.safety_cases.iter().map(|case| (safety_task(case), case.key.clone())));
    for deal in &inputs.stale_deals {
        proposals.extend(follow_up_deal(deal, today).map(|proposal| (proposal, deal.key.clone())));
    }
    for quote in &inputs.pending_quotes {
        proposals.extend(from_quote(quote, today).map(|proposal| (proposal, quote.key.clone())));
    }
    for item in &inputs.vendor_compliance {
        proposals.extend(from_compliance(item, today).map(|proposal| (proposal, item.key.clone())));
    }
    for target in &inputs.engagement_violations {
        proposals.push((touch(target), target.key.clone()));
    }
    rank(&mut proposals);
    proposals.into_iter().map(|(proposal, _)| proposal).collect()
}

/// Sorts proposals by score, then kind, then the key that people know: the same on every database.
pub fn rank(proposals: &mut [(Proposal, String)]) {
    proposals.sort_by(|(a, a_key), (b, b_key)| {
        b.score
            .cmp(&a.score)
            .then_with(|| a.kind.cmp(&b.kind))
            .then_with(|| a_key.cmp(b_key))
            .then_with(|| a.dedup_key.cmp(&b.dedup_key))
    });
}

fn process_order(order: &OrderRef, today: Date) -> Proposal {
    let (points, because) = if order.is_recheck {
        (urgency::HELD_ORDER, format!("order of {} is held: look again", order.ordered_on))
    } else {
        (urgency::NEW_ORDER, format!("new order of {} was never checked", order.ordered_on))
    };
    // A held order is looked at once a day; a new one once.
    let key = if order.is_recheck {
        format!("process_order:{}:{today}", order.id)
    } else {
        format!("process_order:{}:{}", order.id, order.revision.timestamp_micros())
    };
    Proposal {
        kind: ActionKind::ProcessOrder,
        subject: Subject { kind: SubjectKind::Order, id: order.id.uuid() },
        client: Some(order.client),
        payload: Payload::Plain,
        dedup_key: key,
        score: Score::points(points),
        reasons: vec![because],
        evidence: Vec::new(),
    }
}

fn from_message(message: &MessageRef) -> Vec<Proposal> {
    if message.findings.kind != MessageKind::Person {
        return Vec::new();
    }
    let Some(client) = message.client else { return Vec::new() };
    let mut proposals = Vec::new();
    for (span, case, points) in [
        (message.findings.safety, CaseKind::Safety, urgency::SAFETY),
        (message.findings.complaint, CaseKind::Complaint, urgency::COMPLAINT),
    ] {
        let Some(span) = span else { continue };
        let payload = Payload::Case(CasePayload { case, message: message.id, span });
        let because = format!("the words speak of {case}");
        proposals.push(on_words(
            ActionKind::OpenCase,
            message,
            client,
            span,
            payload,
            points,
            because,
        ));
    }
    for ask in &message.findings.asks {
        let words = slice(&message.body, ask.span).unwrap_or_default().to_owned();
        let justification = Justification::ClientAsk { message: message.id, span: ask.span, words };
        let payload = Payload::Task(TaskPayload { task: ask.kind, justification });
        let because = format!("the client asks for: {}", ask.kind);
        let points = urgency::CLIENT_ASK;
        proposals.push(on_words(
            ActionKind::CreateTask,
            message,
            client,
            ask.span,
            payload,
            points,
            because,
        ));
    }
    proposals.extend(signal(message, client));
    proposals.extend(loss(message, client));
    proposals
}

/// A buyer's signal moves a deal only when there is no doubt which one is meant.
fn signal(message: &MessageRef, client: ClientId) -> Option<Proposal> {
    let span = message.findings.buying_signal?;
    let [(deal, from)] = message.open_deals.as_slice() else { return None };
    if !matches!(from, StageType::Open | StageType::OnHold) {
        return None;
    }
    let to = StageType::Ongoing;
    let payload = Payload::Advance(AdvancePayload { from: *from, to, message: message.id, span });
    let because = format!("the buyer's words carry the deal from {from} to {to}");
    let points = urgency::BUYING_SIGNAL;
    let mut proposal =
        on_words(ActionKind::AdvanceDeal, message, client, span, payload, points, because);
    proposal.subject = Subject { kind: SubjectKind::Deal, id: deal.uuid() };
    Some(proposal)
}

fn loss(message: &MessageRef, client: ClientId) -> Option<Proposal> {
    let span = message.findings.quote_lost?;
    let [quote] = message.waiting_quotes.as_slice() else { return None };
    let payload =
        Payload::Loss(LossPayload { reason: None, message: Some(message.id), span: Some(span) });
    let because = "the client says that the quote was not taken".to_owned();
    let points = urgency::LOSS;
    let mut proposal =
        on_words(ActionKind::RecordQuoteLoss, message, client, span, payload, points, because);
    proposal.subject = Subject { kind: SubjectKind::Quote, id: quote.uuid() };
    Some(proposal)
}

fn on_words(
    kind: ActionKind,
    message: &MessageRef,
    client: ClientId,
    span: Span,
    payload: Payload,
    points: i32,
    because: String,
) -> Proposal {
    // One sentence may ask for two things, or be a complaint and a warning: each is an action of its own.
    let what = match &payload {
        Payload::Task(task) => format!(":{}", task.task),
        Payload::Case(case) => format!(":{}", case.case),
        Payload::Plain | Payload::Letter(_) | Payload::Advance(_) | Payload::Loss(_) => {
            String::new()
        }
    };
    Proposal {
        kind,
        subject: Subject { kind: SubjectKind::Message, id: message.id.uuid() },
        client: Some(client),
        payload,
        dedup_key: format!("{kind}:{}:{}{what}", message.id, span.start),
        score: Score::points(points),
        reasons: vec![because],
        evidence: vec![Evidence::Words { message: message.id, span }],
    }
}

fn safety_task(case: &CaseRef) -> Proposal {
    let justification = Justification::Safety { case: case.id };
    let subject = Subject { kind: SubjectKind::Case, id: case.id.uuid() };
    Proposal {
        kind: ActionKind::CreateTask,
        subject,
        client: Some(case.client),
        payload: Payload::Task(TaskPayload { task: AskKind::Other, justification }),
        dedup_key: format!("create_task:case:{}", case.id),
        score: Score::points(urgency::SAFETY),
        reasons: vec!["a safety case is open and nobody was given it".to_owned()],
        evidence: vec![Evidence::Row { subject }],
    }
}

fn follow_up_deal(deal: &DealRef, today: Date) -> Option<Proposal> {
    let stalled = follow_up_due(&deal.facts, &PIPELINE, today)?;
    let addressee = deal.addressee.as_ref()?;
    let subject = Subject { kind: SubjectKind::Deal, id: deal.id.uuid() };
    // Once a week of quiet: a proposal that nobody decided on comes again, but not every hour or day.
    let week = stalled.days_quiet / DAYS_PER_WEEK;
    let key = format!("follow_up_deal:{}:{}:{week}", deal.id, deal.facts.follow_ups_since_signal);
    let reasons = stalled.reasons.iter().map(ToString::to_string).collect();
    let points = urgency::STALLED_DEAL;
    Some(letter_proposal(
        ActionKind::FollowUpDeal,
        subject,
        deal.client,
        addressee,
        None,
        key,
        points,
        reasons,
    ))
}

fn from_quote(quote: &QuoteRef, today: Date) -> Option<Proposal> {
    let subject = Subject { kind: SubjectKind::Quote, id: quote.id.uuid() };
    if quote.facts.status == QuoteStatus::Lost && !quote.is_loss_recorded {
        let payload = LossPayload { reason: quote.lost_reason.clone(), message: None, span: None };
        return Some(Proposal {
            kind: ActionKind::RecordQuoteLoss,
            subject,
            client: Some(quote.client),
            payload: Payload::Loss(payload),
            dedup_key: format!("record_quote_loss:{}", quote.id),
            score: Score::points(urgency::LOSS),
            reasons: vec![
                "the quote was lost, and its reason is not kept as a pattern yet".to_owned(),
            ],
            evidence: vec![Evidence::Row { subject }],
        });
    }
    let because = match quote_step(&quote.facts, &PIPELINE, today) {
        QuoteStep::ConfirmReceipt => "nobody has confirmed that the quote arrived".to_owned(),
        QuoteStep::FollowUp { because } => because,
        QuoteStep::Nothing { .. } | QuoteStep::Expire => return None,
    };
    let addressee = quote.addressee.as_ref()?;
    let waited =
        quote.facts.submitted_on.map_or(0, |day| today.signed_duration_since(day).num_days());
    let week = waited / DAYS_PER_WEEK;
    let key = format!("follow_up_quote:{}:{}:{week}", quote.id, quote.facts.follow_ups);
    let points = urgency::QUOTE;
    let kind = ActionKind::FollowUpQuote;
    Some(letter_proposal(kind, subject, quote.client, addressee, None, key, points, vec![because]))
}

fn from_compliance(item: &ComplianceRef, today: Date) -> Option<Proposal> {
    let subject = Subject { kind: SubjectKind::ComplianceItem, id: item.id.uuid() };
    match compliance_step(&item.facts, today) {
        ComplianceStep::NotYet { .. } | ComplianceStep::Settled => None,
        ComplianceStep::Remind { days_left } => {
            let addressee = item.addressee.as_ref()?;
            let week = days_left / DAYS_PER_WEEK;
            let key = format!("remind_compliance:{}:{}:{week}", item.id, item.facts.reminders);
            let reasons = vec![format!("due on {}, {days_left} days left", item.facts.due_on)];
            let points = urgency::COMPLIANCE_REMINDER;
            let kind = ActionKind::RemindCompliance;
            Some(letter_proposal(kind, subject, item.client, addressee, None, key, points, reasons))
        }
        ComplianceStep::Escalate { days_overdue } => Some(Proposal {
            kind: ActionKind::CreateTask,
            subject,
            client: Some(item.client),
            payload: Payload::Task(TaskPayload {
                task: AskKind::Document,
                justification: Justification::ComplianceDue { item: item.id },
            }),
            dedup_key: format!("create_task:compliance:{}", item.id),
            score: Score::points(urgency::COMPLIANCE_OVERDUE),
            reasons: vec![format!("was due on {}, {days_overdue} days ago", item.facts.due_on)],
            evidence: vec![Evidence::Row { subject }],
        }),
    }
}

fn touch(target: &TouchTarget) -> Proposal {
    let contact = target.addressee.contact;
    let subject = Subject { kind: SubjectKind::Contact, id: contact.uuid() };
    let key = format!("send_touch:{contact}:{}", target.epoch);
    let epoch = Some(target.epoch);
    let reasons = target.reasons.clone();
    let kind = ActionKind::SendTouch;
    let mut proposal =
        letter_proposal(kind, subject, target.client, &target.addressee, epoch, key, 0, reasons);
    proposal.score = Score(target.score.0 * TOUCH_POINTS_MAX / 100);
    if !target.is_never_touched {
        proposal
            .evidence
            .push(Evidence::Date { what: "next_touch_due".to_owned(), at: target.due });
    }
    proposal
}

/// A proposal to send a letter, word for word as the records would write it.
#[expect(clippy::too_many_arguments, reason = "five letters share this one way to be proposed")]
pub fn letter_proposal(
    kind: ActionKind,
    subject: Subject,
    client: ClientId,
    addressee: &Addressee,
    epoch: Option<i32>,
    dedup_key: String,
    points: i32,
    reasons: Vec<String>,
) -> Proposal {
    let letter = &addressee.letter;
    Proposal {
        kind,
        subject,
        client: Some(client),
        payload: Payload::Letter(LetterPayload {
            contact: addressee.contact,
            to: addressee.address.clone(),
            template: letter.template.to_owned(),
            subject: letter.subject.clone(),
            body: letter.body.clone(),
            epoch,
        }),
        dedup_key,
        score: Score::points(points),
        reasons,
        evidence: vec![Evidence::Row { subject }],
    }
}

fn slice(body: &str, span: Span) -> Option<&str> {
    body.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)
}
