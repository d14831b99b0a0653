//! Why a message did not arrive, from what was answered.
//!
//! Words come first, in an order in which the more telling ones stand before those that everybody
//! uses; then the enhanced status; then the place in the conversation; then silence.

use super::{BounceReason, Command, Status, phrases};

/// What is known of a recipient's failure.
pub(super) struct Evidence<'a> {
    /// The other side's answer.
    pub(super) diagnostic: &'a str,
    /// What the report says in its own words.
    pub(super) said: &'a str,
    /// The subject of the report.
    pub(super) subject: &'a str,
    pub(super) status: Option<Status>,
    pub(super) reply_code: Option<u16>,
    pub(super) command: Option<Command>,
    pub(super) is_program: bool,
    pub(super) is_delayed: bool,
}

/// The reason, as far as anything says so.
pub(super) fn tell(evidence: &Evidence<'_>) -> BounceReason {
    let diagnostic = words(evidence.diagnostic);
    let said = words(evidence.said);
    let by_words = in_words(&diagnostic, evidence).or_else(|| in_words(&said, evidence));
    let by_status = || evidence.status.and_then(by_status);
    let by_subject = || in_words(&words(evidence.subject), evidence);
    let says_nothing = evidence.status.is_none() && evidence.reply_code.is_none();
    let otherwise = if says_nothing { BounceReason::Undefined } else { BounceReason::OnHold };
    let reason = match by_words {
        Some(reason) => refined(reason, &diagnostic, &said, evidence),
        None if evidence.is_program => BounceReason::MailerError,
        None => by_status().or_else(|| by_place(evidence)).or_else(by_subject).unwrap_or(otherwise),
    };
    placed(reason, evidence)
}

/// The first reason in the order of the table whose words occur.
fn in_words(text: &str, evidence: &Evidence<'_>) -> Option<BounceReason> {
    let is_address = evidence.status.is_some_and(|it| it.subject == 1 && it.detail == 1);
    // "Inactive" beside "no such address" means that the address is gone for good.
    phrases::first_said(text, |reason| !(reason == BounceReason::Suspend && is_address))
}

/// What words alone leave open, and codes decide.
fn refined(
    reason: BounceReason,
    diagnostic: &str,
    said: &str,
    evidence: &Evidence<'_>,
) -> BounceReason {
    let status = evidence.status;
    let is = |subject, detail| {
        status.is_some_and(|status| status.subject == subject && status.detail == detail)
    };
    let is_temporary = status.is_some_and(|status| status.class == 4)
        || status.is_none() && evidence.reply_code.is_some_and(|code| code < 500);
    let is_of_policy = status.is_some_and(|status| status.subject == 7);
    match reason {
        // The sender's address, by the registry of codes.
        BounceReason::UserUnknown | BounceReason::HostUnknown if is(1, 7) || is(1, 8) => {
            BounceReason::Rejected
        }
        // "Mailbox unavailable" is also what a busy server says, and one with a rule.
        BounceReason::UserUnknown
            if (is_temporary || is_of_policy)
                && !phrases::says_for_sure(diagnostic)
                && !phrases::says_for_sure(said) =>
        {
            if is_of_policy {
                BounceReason::PolicyViolation
            } else {
                BounceReason::Expired
            }
        }
        BounceReason::SpamDetected if status.is_some_and(|status| status.subject == 6) => {
            let is_named = phrases::says(diagnostic, "spam") || phrases::says(said, "spam");
            if is_named { reason } else { BounceReason::ContentError }
        }
        BounceReason::MesgTooBig if is(2, 3) && !phrases::says(diagnostic, "too large") => {
            BounceReason::ExceedLimit
        }
        BounceReason::UserUnknown if is(1, 6) => BounceReason::HasMoved,
        BounceReason::UserUnknown
        | BounceReason::Suspend
        | BounceReason::SystemError
        | BounceReason::Expired
            if evidence.is_program =>
        {
            BounceReason::MailerError
        }
        other => other,
    }
}

/// Who was refused depends on the command that was answered.
fn placed(reason: BounceReason, evidence: &Evidence<'_>) -> BounceReason {
    // Telephone companies answer so for a recipient who takes no mail from strangers.
    let names_nobody = || {
        said_in(evidence, |text| {
            ["550 : user unknown", "550: : user unknown"].iter().any(|it| text.contains(it))
        })
    };
    // Nobody says at which point this was said, nor by a code what is meant by it.
    let is_unplaced = || {
        evidence.status.is_none_or(Status::is_vague)
            && !said_in(evidence, |text| DIRECTORIES.iter().any(|it| text.contains(it)))
    };
    // With several commands on their way at once, the answer to a recipient comes after the content.
    let is_of_address = evidence.status.is_some_and(|status| matches!(status.subject, 1 | 5));
    match (reason, evidence.command) {
        // The recipient had been accepted, so it is there; something read the message and said no.
        (BounceReason::UserUnknown, Some(Command::Data)) if !is_of_address => {
            BounceReason::Filtered
        }
        (BounceReason::UserUnknown, Some(Command::Mail)) => BounceReason::Rejected,
        (BounceReason::UserUnknown, None) if is_unplaced() || names_nobody() => {
            BounceReason::Filtered
        }
        (other, _) => other,
    }
}

/// Whether the answer or the report's own words say something.
fn said_in(evidence: &Evidence<'_>, says: impl Fn(&str) -> bool) -> bool {
    [evidence.diagnostic, evidence.said].into_iter().any(|text| says(&super::normal(text)))
}

/// What systems say that looked a name up in their own directory, in lower case.
const DIRECTORIES: &[&str] = &[
    "not listed in",
    "name is not recognized",
    "unknown recipient",
    "no mailbox here by that name",
    "has rejected address",
    "ディレクトリには",
];

/// What an enhanced status says (RFC 3463, and the registry of its codes at IANA).
fn by_status(status: Status) -> Option<BounceReason> {
    use BounceReason as R;
    Some(match (status.subject, status.detail) {
        (1, 1 | 0 | 3) => R::UserUnknown,
        (1, 2) => R::HostUnknown,
        (1, 4) => R::Filtered,
        (1, 6) => R::HasMoved,
        (1, 7..=9) => R::Rejected,
        (1, 10) => R::NotAccept,
        (2, 0 | 4) => R::Filtered,
        (2, 1) => R::Suspend,
        (2, 2) => R::MailboxFull,
        (2, 3) => R::ExceedLimit,
        (3, 1) => R::SystemFull,
        (3, 2) => R::NotAccept,
        (3, 4) => R::MesgTooBig,
        (3, _) => R::SystemError,
        (4, 4) => R::HostUnknown,
        (4, 6) | (4, 3) => R::NetworkError,
        (4, 5) => R::TooManyConn,
        (4, _) => R::Expired,
        (5, 3) => R::TooManyConn,
        (5, 0..=2 | 4..=6) => R::SyntaxError,
        (6, _) => R::ContentError,
        (7, 20..=24 | 26..=30) => R::AuthFailure,
        (7, 25) => R::RequirePtr,
        (7, 13) => R::Suspend,
        (7, _) => R::SecurityError,
        _ => return None,
    })
}

/// What remains where nobody gives a reason: where the conversation ended.
fn by_place(evidence: &Evidence<'_>) -> Option<BounceReason> {
    let is_final = evidence.reply_code.is_some_and(|code| 500 <= code);
    match evidence.command {
        _ if evidence.is_delayed => Some(BounceReason::Expired),
        Some(Command::Greeting) => Some(BounceReason::Blocked),
        Some(Command::Mail) => Some(BounceReason::Rejected),
        Some(Command::Recipient) if is_final => Some(BounceReason::UserUnknown),
        Some(Command::Data) if is_final => Some(BounceReason::Filtered),
        _ => None,
    }
}

/// A text without its codes and addresses, which are looked at elsewhere and say things by accident.
fn words(text: &str) -> String {
    let lower = super::normal(text);
    let is_code = |word: &str| {
        let rest = word.trim_start_matches(|letter: char| {
            letter.is_ascii_digit() || matches!(letter, '-' | '.' | '#' | '(' | ')' | '\'')
        });
        rest.is_empty()
    };
    let told: Vec<&str> =
        lower.split(' ').filter(|word| !word.contains('@') && !is_code(word)).collect();
    told.join(" ")
}
