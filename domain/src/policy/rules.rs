//! The rules, one function each.
//!
//! A rule says what it thinks of one proposal and nothing about the others; [`super::combine`] weighs them.

use chrono::TimeDelta;

use crate::{
    action::{ActionClass, ActionKind, TenantMode},
    engagement::{
        ComplianceStep, QuoteStatus, QuoteStep, compliance_step, follow_up_due, quote_step,
    },
    money::BasisPoints,
    proposal::{Payload, Proposal},
    time::Timestamp,
};

use super::{Obligation, Opinion, PolicyFacts, Rule, SubjectFacts, proof};

pub(super) const ALL: &[Rule] = &[
    Rule { id: "action-class", is_hard: true, ask: action_class },
    Rule { id: "subject-known", is_hard: true, ask: subject_known },
    Rule { id: "subject-state", is_hard: false, ask: subject_state },
    Rule { id: "no-human-tasks", is_hard: true, ask: proof::no_human_tasks },
    Rule { id: "words-prove-it", is_hard: true, ask: proof::words_prove_it },
    Rule { id: "research-after-exhaustion", is_hard: true, ask: research_after_exhaustion },
    Rule { id: "tenant-mode", is_hard: true, ask: tenant_mode },
    Rule { id: "recipient-from-records", is_hard: true, ask: recipient_from_records },
    Rule { id: "not-suppressed", is_hard: true, ask: not_suppressed },
    Rule { id: "letter-from-records", is_hard: true, ask: letter_from_records },
    Rule { id: "no-letter-in-a-pause", is_hard: false, ask: no_letter_in_a_pause },
    Rule { id: "one-letter-at-a-time", is_hard: true, ask: one_letter_at_a_time },
    Rule { id: "quiet-hours", is_hard: true, ask: quiet_hours },
];

fn action_class(proposal: &Proposal, _: &PolicyFacts, _: Timestamp) -> Opinion {
    let kind = proposal.kind;
    match kind.class() {
        ActionClass::Autonomous => Opinion::Permit(format!("{kind} runs without a person")),
        // Silence: a proof or a person has to speak for it, or the default denies it.
        ActionClass::Approval => Opinion::Silent,
        ActionClass::Forbidden => Opinion::Forbid(format!("{kind} is never the agent's to do")),
    }
}

fn subject_known(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    if matches!(facts.subject, SubjectFacts::Unknown) {
        return Opinion::Forbid(format!("there is no such {}", proposal.subject.kind));
    }
    if !facts.subject_is_of_client {
        return Opinion::Forbid(format!("the {} is not this client's", proposal.subject.kind));
    }
    let fits = match (proposal.kind, &proposal.payload) {
        // Only a touch answers to a clock: another letter with an epoch would use that clock's turn up.
        (kind, Payload::Letter(letter)) => {
            kind.leaves_system() && (kind == ActionKind::SendTouch || letter.epoch.is_none())
        }
        (ActionKind::AdvanceDeal, Payload::Advance(_))
        | (ActionKind::RecordQuoteLoss, Payload::Loss(_))
        | (ActionKind::CreateTask, Payload::Task(_))
        | (ActionKind::OpenCase, Payload::Case(_)) => true,
        (kind, Payload::Plain) => matches!(kind, ActionKind::ProcessOrder | ActionKind::Research),
        _ => false,
    };
    if fits || proposal.kind.class() == ActionClass::Forbidden {
        Opinion::Silent
    } else {
        Opinion::Forbid(format!("the payload is not one of {}", proposal.kind))
    }
}

/// Asks the row itself whether this is the moment: an order once, a touch once per epoch, a reminder when due.
fn subject_state(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    let today = facts.today(now);
    let refusal = match (proposal.kind, &facts.subject) {
        (ActionKind::ProcessOrder, SubjectFacts::Order { is_waiting }) => {
            (!is_waiting).then(|| "the order does not wait for a check".to_owned())
        }
        (ActionKind::SendTouch, SubjectFacts::Contact { next_touch_due, is_fired, epoch, .. }) => {
            touch_refusal(proposal, *next_touch_due, *is_fired, *epoch, now)
        }
        (ActionKind::FollowUpDeal, SubjectFacts::Deal { deal }) => {
            follow_up_due(deal, &PIPELINE, today)
                .is_none()
                .then(|| "the deal is not stalled, or was followed up lately".to_owned())
        }
        (ActionKind::AdvanceDeal, SubjectFacts::Deal { deal }) => {
            advance_refusal(proposal, deal.stage_type)
        }
        (ActionKind::FollowUpQuote, SubjectFacts::Quote { quote, .. }) => {
            match quote_step(quote, &PIPELINE, today) {
                QuoteStep::ConfirmReceipt | QuoteStep::FollowUp { .. } => None,
                QuoteStep::Nothing { because } => Some(because),
                QuoteStep::Expire => Some("the quote is no longer valid".to_owned()),
            }
        }
        (ActionKind::RecordQuoteLoss, SubjectFacts::Quote { quote, is_loss_recorded, .. }) => {
            let is_open_question = matches!(
                quote.status,
                QuoteStatus::Lost | QuoteStatus::Submitted | QuoteStatus::Confirmed
            );
            (*is_loss_recorded || !is_open_question)
                .then(|| "the quote is not one whose loss is still to be kept".to_owned())
        }
        (ActionKind::RemindCompliance, SubjectFacts::Compliance { item }) => {
            match compliance_step(item, today) {
                ComplianceStep::Remind { .. } => None,
                ComplianceStep::NotYet { due_on } => {
                    Some(format!("due on {due_on}, and no reminder is due now"))
                }
                ComplianceStep::Escalate { .. } => Some("overdue: a task, not a letter".to_owned()),
                ComplianceStep::Settled => Some("the item is settled".to_owned()),
            }
        }
        (kind, subject) => return kind_of_subject(kind, subject),
    };
    refusal.map_or(Opinion::Silent, Opinion::Forbid)
}

/// The thresholds of the pipeline; one place, so that the planner and the gate cannot disagree.
pub const PIPELINE: crate::engagement::PipelinePolicy = crate::engagement::PipelinePolicy::STANDARD;

fn kind_of_subject(kind: ActionKind, subject: &SubjectFacts) -> Opinion {
    let fits = match kind {
        ActionKind::CreateTask | ActionKind::OpenCase => {
            matches!(
                subject,
                SubjectFacts::Message | SubjectFacts::Compliance { .. } | SubjectFacts::Other
            )
        }
        ActionKind::Research => matches!(subject, SubjectFacts::Other),
        // Forbidden kinds are refused by their class; what they aim at adds nothing.
        ActionKind::ChangePrice
        | ActionKind::ChangeCreditLimit
        | ActionKind::MoveMoney
        | ActionKind::DeleteRecord => true,
        ActionKind::ProcessOrder
        | ActionKind::SendTouch
        | ActionKind::FollowUpDeal
        | ActionKind::AdvanceDeal
        | ActionKind::FollowUpQuote
        | ActionKind::RecordQuoteLoss
        | ActionKind::RemindCompliance => false,
    };
    if fits { Opinion::Silent } else { Opinion::Forbid(format!("{kind} is not about such a row")) }
}

fn touch_refusal(
    proposal: &Proposal,
    due: Timestamp,
    is_fired: bool,
    epoch: i32,
    now: Timestamp,
) -> Option<String> {
    let Payload::Letter(letter) = &proposal.payload else {
        return Some("a touch is a letter".to_owned());
    };
    // Or else one person's due clock would carry letters to another.
    if letter.contact.uuid() != proposal.subject.id {
        return Some("the letter is not to the person whose clock this is".to_owned());
    }
    if letter.epoch != Some(epoch) {
        return Some(format!("the clock is in epoch {epoch}, and the letter is for another"));
    }
    if is_fired {
        return Some(format!("a touch was already proposed in epoch {epoch}"));
    }
    (now < due).then(|| format!("the next touch is due at {due}"))
}

fn advance_refusal(proposal: &Proposal, stage: crate::engagement::StageType) -> Option<String> {
    use crate::engagement::StageType::{Lost, OnHold, Ongoing, Open, Won};
    let Payload::Advance(advance) = &proposal.payload else {
        return Some("an advance names its stages".to_owned());
    };
    if advance.from != stage {
        return Some(format!("the deal is {stage}, not {}", advance.from));
    }
    match (advance.from, advance.to) {
        (Open | OnHold, Ongoing) => None,
        (Won | Lost, _) => Some("the deal is closed".to_owned()),
        (Open | OnHold | Ongoing, to) => Some(format!(
            "from {stage} to {to} is not one stage on; closing a deal is a person's act"
        )),
    }
}

fn research_after_exhaustion(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    if proposal.kind != ActionKind::Research {
        return Opinion::Silent;
    }
    let research = &facts.research;
    if research.compliance < BasisPoints::WHOLE {
        let rate = research.compliance;
        return Opinion::Forbid(format!("contacts come first: {rate} were touched in time"));
    }
    if !research.goals_behind_pace && !research.pipeline_is_thin {
        return Opinion::Forbid("goals are on pace and the pipeline covers them".to_owned());
    }
    Opinion::Permit("every contact was touched, and goals or pipeline need it".to_owned())
}

fn tenant_mode(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    match facts.mode {
        TenantMode::Approval if proposal.kind.leaves_system() => {
            Opinion::Hold("this tenant approves what leaves the system".to_owned())
        }
        TenantMode::Approval | TenantMode::Autonomous => Opinion::Silent,
    }
}

/// A recipient's address may not come from anywhere but the records.
fn recipient_from_records(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    let Payload::Letter(letter) = &proposal.payload else { return Opinion::Silent };
    let Some(recipient) = &facts.recipient else {
        return Opinion::Forbid("the recipient is not a contact of this tenant".to_owned());
    };
    if !recipient.is_of_client {
        return Opinion::Forbid("the recipient is not one of this client's people".to_owned());
    }
    if !recipient.is_active || !facts.client_is_active {
        return Opinion::Forbid("the recipient or the account is not active".to_owned());
    }
    match &recipient.address {
        None => Opinion::Forbid("the contact has no address".to_owned()),
        Some(address) if *address != letter.to => {
            Opinion::Forbid("the address is not the contact's".to_owned())
        }
        Some(_) => Opinion::Silent,
    }
}

fn not_suppressed(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    let suppressed = facts.recipient.as_ref().and_then(|it| it.suppressed_because.as_ref());
    match (&proposal.payload, suppressed) {
        // Why is a person's own matter, and stands with the suppression alone.
        (Payload::Letter(_), Some(_)) => {
            Opinion::Forbid("the address must not be written to".to_owned())
        }
        _ => Opinion::Silent,
    }
}

/// A letter says what the records say: the gate writes it again and compares every letter of it.
fn letter_from_records(proposal: &Proposal, facts: &PolicyFacts, _: Timestamp) -> Opinion {
    let Payload::Letter(letter) = &proposal.payload else { return Opinion::Silent };
    let is_same = facts.letter.as_ref().is_some_and(|ours| {
        ours.subject == letter.subject
            && ours.body == letter.body
            && ours.template == letter.template
    });
    if is_same {
        Opinion::Silent
    } else {
        Opinion::Forbid("the text is not what the records would write".to_owned())
    }
}

fn no_letter_in_a_pause(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    if !matches!(proposal.payload, Payload::Letter(_)) {
        return Opinion::Silent;
    }
    if facts.has_open_complaint {
        return Opinion::Forbid("a complaint or safety case is open for this client".to_owned());
    }
    match facts.recipient.as_ref().and_then(|it| it.paused_until) {
        Some(until) if now < until => Opinion::Forbid(format!("the contact rests until {until}")),
        _ => Opinion::Silent,
    }
}

/// Days between two letters to one person: whatever the reasons, a person is not written to again before.
pub const LETTER_GAP_DAYS: i64 = 3;

fn one_letter_at_a_time(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    if !matches!(proposal.payload, Payload::Letter(_)) {
        return Opinion::Silent;
    }
    let Some(last) = facts.recipient.as_ref().and_then(|it| it.last_letter_at) else {
        return Opinion::Silent;
    };
    let Some(free_at) = last.checked_add_signed(TimeDelta::days(LETTER_GAP_DAYS)) else {
        return Opinion::Silent;
    };
    if free_at <= now {
        return Opinion::Silent;
    }
    match facts.calendar.next_open(free_at) {
        Some(at) => Opinion::Oblige(
            Obligation::NotBefore { at },
            format!("the last letter to this person left at {last}"),
        ),
        None => Opinion::Oblige(Obligation::FindOpening, "no business day follows".to_owned()),
    }
}

fn quiet_hours(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    if !matches!(proposal.payload, Payload::Letter(_)) || facts.calendar.is_open(now) {
        return Opinion::Silent;
    }
    match facts.calendar.next_open(now) {
        Some(at) => Opinion::Oblige(
            Obligation::NotBefore { at },
            "outside business hours: letters wait for the next opening".to_owned(),
        ),
        None => Opinion::Oblige(
            Obligation::FindOpening,
            "the calendar has no business day ahead: a person has to mend it".to_owned(),
        ),
    }
}
