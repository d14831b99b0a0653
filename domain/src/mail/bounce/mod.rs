//! What a report says of each recipient: whether their mail arrived, and if not, why.
//!
//! What lives here: one [`RecipientReport`] per recipient, from a standard report (RFC 3464,
//! RFC 5965) or from prose. What does not: whether a message is a report at all ([`super::kind`]),
//! and what follows for the address.
//!
//! Each recipient is read on its own, so nobody gets another one's diagnosis. What a system wrote
//! comes before the codes it chose: half of them answer everything with `5.0.0`.

mod address;
pub(super) mod notice;
mod phrases;
mod prose;
mod reason;
mod report;
mod smtp;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::smtp::Status;
use self::{reason::Evidence as Diagnosis, smtp::Command};
use super::{
    MessageKind,
    header::{self, Fields},
    kind::{self, Evidence as Source},
    part::Part,
};
use crate::named::named_enum;

/// Most recipients that are read from one report; [`super::Reading::has_more_recipients`] says that
/// one had more.
pub const RECIPIENTS_MAX: usize = 500;
/// Where reading stops: one more than is kept shows that there are more.
const READ_MAX: usize = RECIPIENTS_MAX + 1;

named_enum! {
    /// What became of a message at a recipient (RFC 3464, §2.3.3).
    pub enum DeliveryAction, "delivery action" {
        /// It did not arrive, and nobody tries any more.
        Failed = "failed",
        /// It has not arrived yet, and somebody still tries.
        Delayed = "delayed",
        /// It arrived.
        Delivered = "delivered",
        /// It went on to a system that sends no reports.
        Relayed = "relayed",
        /// It went on to several recipients.
        Expanded = "expanded",
    }
}

named_enum! {
    /// Why, in the words that bounce handling commonly uses.
    pub enum BounceReason, "bounce reason" {
        /// There is no such recipient.
        UserUnknown = "userunknown",
        /// There is no such host or domain.
        HostUnknown = "hostunknown",
        /// The recipient has another address now.
        HasMoved = "hasmoved",
        /// The host or domain takes no mail at all.
        NotAccept = "notaccept",
        /// The mailbox is full.
        MailboxFull = "mailboxfull",
        /// The account is locked, inactive or disabled.
        Suspend = "suspend",
        /// Refused after the content was seen, though the recipient was accepted before; or taken for
        /// unknown, but neither a code nor a command says so.
        Filtered = "filtered",
        /// Taken for spam.
        SpamDetected = "spamdetected",
        /// Taken for a virus.
        VirusDetected = "virusdetected",
        /// The sending host or its address is blocked.
        Blocked = "blocked",
        /// The sending host has a bad name.
        BadReputation = "badreputation",
        /// SPF, DKIM or DMARC did not pass.
        AuthFailure = "authfailure",
        /// The sending host's address leads to no name.
        RequirePtr = "requireptr",
        /// Against a rule of the receiving system.
        PolicyViolation = "policyviolation",
        /// The sender or the envelope was refused.
        Rejected = "rejected",
        /// The system passes no mail on for others.
        NoRelaying = "norelaying",
        /// A login, encryption or a right was missing.
        SecurityError = "securityerror",
        /// Too many connections, recipients or messages at once.
        TooManyConn = "toomanyconn",
        /// Too large for the recipient.
        ExceedLimit = "exceedlimit",
        /// Too large for the system.
        MesgTooBig = "mesgtoobig",
        /// The content or its headers are malformed or unwanted.
        ContentError = "contenterror",
        /// Tried for as long as it was worth it, or still being tried.
        Expired = "expired",
        /// A loop, or no way to the host.
        NetworkError = "networkerror",
        /// The receiving system is out of order.
        SystemError = "systemerror",
        /// The receiving system's disk is full.
        SystemFull = "systemfull",
        /// The program that takes the mail at the end failed.
        MailerError = "mailererror",
        /// A command that the other side did not understand.
        SyntaxError = "syntaxerror",
        /// Held back, and nobody says why.
        OnHold = "onhold",
        /// Nothing says why.
        Undefined = "undefined",
        /// A recipient's complaint.
        Feedback = "feedback",
        /// An answering machine's note.
        Vacation = "vacation",
        /// It arrived.
        Delivered = "delivered",
    }
}

impl BounceReason {
    /// Whether the address or its host can never work, whatever code was sent along.
    pub const fn is_hard(self) -> bool {
        matches!(self, Self::UserUnknown | Self::HostUnknown | Self::HasMoved | Self::NotAccept)
    }
}

/// What a report says of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientReport {
    /// Whose mail it was: the address that was written to if the report says so, lower-cased.
    pub address: Option<String>,
    /// What became of it; none for a complaint or an absence.
    pub action: Option<DeliveryAction>,
    /// The enhanced status code (RFC 3463).
    pub status: Option<Status>,
    /// The three digits of the other side's answer (RFC 5321).
    pub reply_code: Option<u16>,
    /// Why.
    pub reason: BounceReason,
    /// Whether the reason is one that the address or its host never gets over. Only one that
    /// failed is out of reach: a delay may pass all the same.
    pub hard: bool,
}

/// A recipient as far as a report has been read.
#[derive(Debug, Default)]
struct Draft {
    address: Option<String>,
    action: Option<DeliveryAction>,
    status: Option<Status>,
    /// What the other side answered, by the standard field.
    diagnostic: String,
    /// What the text says of this recipient.
    said: String,
    /// The recipient is a program or a file, not a mailbox.
    is_program: bool,
}

/// What a message of such a kind reports, recipient by recipient, and whether it reports more than
/// that.
pub(super) fn read(source: &Source<'_>, kind: MessageKind) -> (Vec<RecipientReport>, bool) {
    let mut recipients = all(source, kind);
    let has_more = RECIPIENTS_MAX < recipients.len();
    recipients.truncate(RECIPIENTS_MAX);
    (recipients, has_more)
}

fn all(source: &Source<'_>, kind: MessageKind) -> Vec<RecipientReport> {
    if kind == MessageKind::Person {
        return Vec::new();
    }
    let noticed = notice::recipients(source.body);
    if !noticed.is_empty() {
        return noticed;
    }
    match kind {
        MessageKind::Complaint => report::complaint(source),
        MessageKind::DeliveryNotice if report::is_praise(source) => Vec::new(),
        MessageKind::DeliveryNotice if report::is_feedback(source) => report::complaint(source),
        MessageKind::Bounce | MessageKind::DeliveryNotice => delivery(source, kind),
        MessageKind::AutoReply if kind::is_answering_machine(source) => {
            let address = source.headers.from.as_ref().map(|from| from.address.clone());
            vec![plain(address, None, BounceReason::Vacation)]
        }
        MessageKind::Person | MessageKind::List | MessageKind::AutoReply => Vec::new(),
    }
}

fn plain(
    address: Option<String>,
    action: Option<DeliveryAction>,
    reason: BounceReason,
) -> RecipientReport {
    RecipientReport { address, action, status: None, reply_code: None, reason, hard: false }
}

fn delivery(source: &Source<'_>, kind: MessageKind) -> Vec<RecipientReport> {
    if source.parts.iter().any(|part| part.content_type.name == "message/disposition-notification")
    {
        return Vec::new();
    }
    let text = prose::Text::of(source);
    let mut drafts = report::drafts(source, text.own());
    if drafts.is_empty() {
        drafts = prose::drafts(source, &text);
    } else {
        text.add_to(&mut drafts);
    }
    drafts.truncate(READ_MAX);
    let subject = source.headers.subject.clone().unwrap_or_default();
    let usual = match kind {
        MessageKind::DeliveryNotice => DeliveryAction::Delayed,
        _ => DeliveryAction::Failed,
    };
    // The last command that is named at all is meant for those of whom none is.
    let command = Command::of(text.own());
    drafts.into_iter().map(|draft| conclude(draft, usual, &subject, command)).collect()
}

fn conclude(
    draft: Draft,
    usual: DeliveryAction,
    subject: &str,
    otherwise: Option<Command>,
) -> RecipientReport {
    let (answered, said) =
        (smtp::Codes::of(&draft.diagnostic), smtp::Codes::of_failure(&draft.said));
    let codes = answered.or(said);
    let by_trust = [answered.status, draft.status, said.status];
    let status = by_trust.into_iter().flatten().find(|it| !it.is_vague());
    let status = status.or_else(|| by_trust.into_iter().flatten().next());
    let is_there = draft.status.is_some_and(|status| status.class == 2);
    let action = draft.action.unwrap_or(if is_there { DeliveryAction::Delivered } else { usual });
    let arrived = matches!(
        action,
        DeliveryAction::Delivered | DeliveryAction::Relayed | DeliveryAction::Expanded
    );
    let command = Command::of(&draft.said).or_else(|| Command::of(&draft.diagnostic)).or(otherwise);
    let diagnosis = Diagnosis {
        diagnostic: &draft.diagnostic,
        said: &draft.said,
        subject,
        status,
        reply_code: codes.reply,
        command,
        is_program: draft.is_program,
        is_delayed: action == DeliveryAction::Delayed,
    };
    let reason = if arrived { BounceReason::Delivered } else { reason::tell(&diagnosis) };
    RecipientReport {
        address: draft.address,
        action: Some(action),
        status,
        reply_code: codes.reply,
        reason,
        hard: !arrived && reason.is_hard(),
    }
}

/// The recipients of the message that a report is about, by its own headers.
fn original_recipients(source: &Source<'_>, text: &str) -> Vec<String> {
    let attached = source.parts.iter().find(|part| {
        matches!(
            part.content_type.name.as_str(),
            "message/rfc822" | "text/rfc822-headers" | "message/global"
        )
    });
    let bytes = attached.map_or_else(|| text.as_bytes().to_vec(), Part::bytes);
    let (fields, _) = Fields::split(&bytes);
    let mut found: Vec<String> = Vec::new();
    for name in ["x-failed-recipients", "x-original-to", "to", "cc"] {
        for value in fields.all(name) {
            found.extend(super::address::list(&value).into_iter().map(|it| it.address));
        }
        if !found.is_empty() {
            break;
        }
    }
    found.truncate(READ_MAX);
    found
}

/// Text as it is compared: bounded, in lower case, on one line.
fn normal(text: &str) -> String {
    let lower = header::clip(text, TEXT_BYTES_MAX).to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Longest text about one recipient that is looked at, in bytes.
const TEXT_BYTES_MAX: usize = 16 * 1024;
