//! What counts as proof that a person may be bothered, or that a client's words carry an action.

use crate::{
    action::ActionKind,
    engagement::{ComplianceStep, compliance_step},
    mail::{AskKind, MessageKind, SenderProof, Span},
    proposal::{CaseKind, Justification, Payload, Proposal, TaskPayload},
    time::{Timestamp, whole_days},
};

use super::{MessageFacts, Opinion, PolicyFacts, ProofFacts};

/// An ask older than this has been settled some other way, or nobody waits for it any more.
pub const ASK_AGE_DAYS_MAX: i64 = 30;

/// No human task, unless a client's own words, a compliance deadline or a safety case require it.
///
/// The proof complete: permit. Only the sender's authentication missing: hold. Otherwise: forbid.
pub(super) fn no_human_tasks(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    if proposal.kind != ActionKind::CreateTask {
        return Opinion::Silent;
    }
    let Payload::Task(task) = &proposal.payload else {
        return Opinion::Forbid("a task says what for and why".to_owned());
    };
    match (&task.justification, &facts.proof) {
        (Justification::ClientAsk { span, words, .. }, ProofFacts::Message(message)) => {
            client_ask(task, *span, words, message, now)
        }
        // What is due or dangerous says what a person is needed for; any other errand would be the planner's.
        (Justification::ComplianceDue { .. }, _) if task.task != AskKind::Document => {
            forbid("a due paper justifies asking for that paper and nothing else")
        }
        (Justification::Safety { .. }, _) if task.task != AskKind::Other => {
            forbid("a safety case justifies looking after it and nothing else")
        }
        (Justification::ComplianceDue { .. }, ProofFacts::Compliance { item, is_of_client }) => {
            match compliance_step(item, facts.today(now)) {
                _ if !is_of_client => forbid("the compliance item is not this client's"),
                ComplianceStep::Escalate { days_overdue } => Opinion::Permit(format!(
                    "a compliance deadline is due: {} on {}, {days_overdue} days ago",
                    item.status, item.due_on
                )),
                ComplianceStep::NotYet { .. } | ComplianceStep::Remind { .. } => {
                    forbid("the compliance deadline is not due yet")
                }
                ComplianceStep::Settled => forbid("the compliance item is settled"),
            }
        }
        (
            Justification::Safety { .. },
            ProofFacts::Case { kind, is_open, has_source, is_of_client },
        ) => match kind {
            CaseKind::Safety if *is_open && *has_source && *is_of_client => {
                Opinion::Permit("an open safety case of this client requires it".to_owned())
            }
            CaseKind::Safety => forbid("the safety case is closed, unsourced or another client's"),
            CaseKind::Complaint | CaseKind::Service => forbid("the case is not one of safety"),
        },
        (Justification::None, _) => {
            forbid("no client asked for it, nothing is due, nobody is in danger")
        }
        _ => forbid("what was cited is not in the records"),
    }
}

/// A deal moves, a loss is kept or a case is opened on somebody's words only if those words stand there.
pub(super) fn words_prove_it(proposal: &Proposal, facts: &PolicyFacts, now: Timestamp) -> Opinion {
    let (span, found): (Span, fn(&MessageFacts) -> Option<Span>) = match &proposal.payload {
        Payload::Advance(advance) => (advance.span, |message| message.findings.buying_signal),
        Payload::Case(case) => match case.case {
            CaseKind::Complaint => (case.span, |message| message.findings.complaint),
            CaseKind::Safety => (case.span, |message| message.findings.safety),
            CaseKind::Service => return forbid("a service case is opened by a person"),
        },
        Payload::Loss(loss) => match (&loss.message, loss.span) {
            (None, _) => return loss_as_recorded(loss.reason.as_deref(), facts),
            // Words prove that a quote was lost and not why: a reason beside them would be the planner's.
            (Some(_), _) if loss.reason.is_some() => {
                return forbid("a reason comes from the records alone");
            }
            (Some(_), Some(span)) => (span, |message| message.findings.quote_lost),
            (Some(_), None) => return forbid("a message was cited without its words"),
        },
        Payload::Plain | Payload::Letter(_) | Payload::Task(_) => return Opinion::Silent,
    };
    let ProofFacts::Message(message) = &facts.proof else {
        return forbid("the message cited is not in the records");
    };
    if let Some(refusal) = witness_refusal(message, now) {
        return Opinion::Forbid(refusal);
    }
    if found(message) != Some(span) || !stands(message, span) {
        return forbid("the words cited do not say so");
    }
    let said_on = facts.calendar.local_date(message.received_at);
    let begun_on = match &facts.subject {
        super::SubjectFacts::Deal { deal } => Some(deal.stage_entered_on),
        super::SubjectFacts::Quote { quote, .. } => quote.submitted_on,
        _ => None,
    };
    if begun_on.is_some_and(|begun_on| said_on < begun_on) {
        return forbid("the words are older than what they are to carry");
    }
    if 0 < facts.rivals {
        return Opinion::Forbid(format!("the words could mean {} others as well", facts.rivals));
    }
    hold_for_sender(message.findings.sender)
}

fn loss_as_recorded(reason: Option<&str>, facts: &PolicyFacts) -> Opinion {
    let super::SubjectFacts::Quote { lost_reason, quote, .. } = &facts.subject else {
        return forbid("there is no such quote");
    };
    let is_lost = quote.status == crate::engagement::QuoteStatus::Lost;
    if is_lost && reason == lost_reason.as_deref() {
        Opinion::Silent
    } else {
        forbid("the records do not say that the quote was lost, or say another reason")
    }
}

fn client_ask(
    task: &TaskPayload,
    span: Span,
    words: &str,
    message: &MessageFacts,
    now: Timestamp,
) -> Opinion {
    if let Some(refusal) = witness_refusal(message, now) {
        return Opinion::Forbid(refusal);
    }
    if !stands(message, span) || slice(&message.body, span) != Some(words) {
        return forbid("the words do not stand in what the person wrote");
    }
    // One sentence may ask for two things, so two asks may share a span.
    let asked: Vec<AskKind> =
        message.findings.asks.iter().filter(|ask| ask.span == span).map(|ask| ask.kind).collect();
    if asked.is_empty() {
        return forbid("the words ask for nothing");
    }
    if !asked.contains(&task.task) {
        return forbid("the words ask for something else");
    }
    match message.findings.sender {
        SenderProof::Authenticated => {
            Opinion::Permit("the client asked for it in words that stand there".to_owned())
        }
        SenderProof::Unauthenticated | SenderProof::Failed => {
            hold_for_sender(message.findings.sender)
        }
    }
}

/// Why a message cannot be a witness at all.
fn witness_refusal(message: &MessageFacts, now: Timestamp) -> Option<String> {
    if !message.is_inbound {
        return Some("the message cited is one of ours".to_owned());
    }
    match message.findings.kind {
        MessageKind::Person => {}
        kind @ (MessageKind::AutoReply
        | MessageKind::List
        | MessageKind::Bounce
        | MessageKind::Complaint
        | MessageKind::DeliveryNotice) => {
            return Some(format!("the message cited is no person's: {kind}"));
        }
    }
    if !message.is_from_client_person {
        return Some("the words are not from one of this client's people".to_owned());
    }
    let age_days = whole_days(message.received_at, now);
    (!(0..=ASK_AGE_DAYS_MAX).contains(&age_days))
        .then(|| format!("the message cited is {age_days} days old, not within {ASK_AGE_DAYS_MAX}"))
}

fn stands(message: &MessageFacts, span: Span) -> bool {
    message.findings.written.iter().any(|part| part.start <= span.start && span.end <= part.end)
}

fn slice(body: &str, span: Span) -> Option<&str> {
    body.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)
}

fn hold_for_sender(sender: SenderProof) -> Opinion {
    let because = match sender {
        SenderProof::Failed => "the sender's authentication failed",
        SenderProof::Unauthenticated => "nobody vouches for the sender",
        // Asked only where it matters; a sender who is authenticated holds nothing.
        SenderProof::Authenticated => return Opinion::Silent,
    };
    Opinion::Hold(format!("{because}: a person decides whether to believe it"))
}

fn forbid(because: &str) -> Opinion {
    Opinion::Forbid(because.to_owned())
}
