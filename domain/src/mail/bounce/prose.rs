//! Reports in prose: who is meant, and which lines are about whom.
//!
//! Systems that send no standard report still follow a few habits: an address alone on its line
//! with the reason below it, a list of addresses and then a transcript, or one sentence. The
//! original message, which many put behind the text, is cut off first: it names people too.

use std::collections::HashMap;

use super::{Draft, READ_MAX, Source, address, original_recipients};

/// Most bytes of a report's own words that are read.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Most bytes that are kept of what is said of one of several recipients.
const SHARE_BYTES_MAX: usize = 4 * 1024;
/// Header lines in a row that make the beginning of a message.
const HEADERS_MIN: usize = 3;
/// Words around an address on a line that is about nobody else.
const WORDS_AROUND_MAX: usize = 3;

/// What a report says in its own words, and what stands behind them.
pub(super) struct Text {
    own: String,
    original: String,
}

impl Text {
    /// Cuts the original message off.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let body = super::super::header::clip(source.body, TEXT_BYTES_MAX);
        let lines: Vec<&str> = body.lines().collect();
        let end = (0..lines.len()).find(|at| begins_original(&lines, *at)).unwrap_or(lines.len());
        let joined = |lines: &[&str]| lines.join("\n");
        let behind = lines[end..].iter().position(|line| is_header(line)).unwrap_or(0);
        Self { own: joined(&lines[..end]), original: joined(&lines[end + behind..]) }
    }

    /// What the report says itself.
    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// Gives each recipient of a standard report what the text says of them.
    pub(super) fn add_to(&self, drafts: &mut [Draft]) {
        if let [alone] = drafts {
            alone.said = self.own.clone();
            return;
        }
        let all: Vec<String> = drafts.iter().filter_map(|it| it.address.clone()).collect();
        let mut shares = self.shares(&all);
        for draft in drafts {
            let share = draft.address.as_ref().and_then(|address| shares.remove(address));
            draft.said = share.unwrap_or_default();
        }
    }

    /// What is said of each of some recipients: the lines from one that names them to one that names others. Of one
    /// alone everything is said.
    fn shares(&self, all: &[String]) -> HashMap<String, String> {
        if let [alone] = all {
            return HashMap::from([(alone.clone(), self.own.clone())]);
        }
        let mut shares: HashMap<String, String> =
            all.iter().map(|address| (address.clone(), String::new())).collect();
        let mut current: Vec<String> = Vec::new();
        for line in self.own.lines() {
            let mut named = address::in_text(line);
            named.retain(|address| shares.contains_key(address));
            if !named.is_empty() {
                current = named;
            } else if is_heading(line) {
                current.clear();
            }
            for address in &current {
                if let Some(share) = shares.get_mut(address)
                    && share.len() < SHARE_BYTES_MAX
                {
                    share.push_str(line);
                    share.push('\n');
                }
            }
        }
        shares
    }
}

/// The recipients that a report in prose is about.
pub(super) fn drafts(source: &Source<'_>, text: &Text) -> Vec<Draft> {
    let mut addresses = failed(source, text);
    addresses.truncate(READ_MAX);
    if addresses.is_empty() {
        return vec![Draft { said: text.own.clone(), ..Draft::default() }];
    }
    let mut shares = text.shares(&addresses);
    let is_program = text.own.contains("pipe to |");
    let draft = |address: String| Draft {
        said: shares.remove(&address).unwrap_or_default(),
        address: Some(address),
        is_program,
        ..Draft::default()
    };
    addresses.into_iter().map(draft).collect()
}

/// Whom a report names as not reached, by the surest sign that it gives.
fn failed(source: &Source<'_>, text: &Text) -> Vec<String> {
    let named: Vec<String> = source
        .fields
        .all("x-failed-recipients")
        .flat_map(|value| address::in_text(&value))
        .collect();
    if !named.is_empty() {
        return named;
    }
    // Whom the report is sent to is who wrote.
    let mut ours: Vec<&str> = source.headers.to.iter().map(|to| to.address.as_str()).collect();
    ours.extend(source.headers.from.iter().map(|from| from.address.as_str()));
    let is_theirs = |address: &String| {
        !ours.contains(&address.as_str()) && !DAEMONS.iter().any(|it| address.starts_with(it))
    };
    let original = original_recipients(source, &text.original);
    let is_named = |line: &str| is_labelled(line).or_else(|| stands_in_answer(line));
    let is_not_ours = |address: &String| !ours.contains(&address.as_str());
    let first = unique(text.own.lines().filter_map(stands_first).filter(is_theirs));
    if !first.is_empty() {
        return first;
    }
    let named = unique(text.own.lines().filter_map(is_named).filter(is_not_ours));
    if !named.is_empty() {
        return named;
    }
    let mentioned = unique(address::in_text(&text.own).into_iter().filter(is_theirs));
    let meant: Vec<String> = mentioned.iter().filter(|it| original.contains(it)).cloned().collect();
    match (meant.is_empty(), original.is_empty(), mentioned.is_empty()) {
        (false, ..) => meant,
        (true, false, _) => original,
        (true, true, false) => mentioned.into_iter().take(1).collect(),
        // A report to itself: whoever wrote, wrote to themselves.
        (true, true, true) => unique(text.own.lines().filter_map(stands_first)),
    }
}

fn unique(addresses: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for address in addresses {
        if !found.contains(&address) {
            found.push(address);
        }
        if READ_MAX <= found.len() {
            break;
        }
    }
    found
}

/// An address at the beginning of a line, with nothing before it, or alone on it.
fn stands_first(line: &str) -> Option<String> {
    let trimmed = line.trim_start().trim_start_matches(['*', '-', ' ']);
    let found = address::in_text(trimmed).into_iter().next()?;
    let bare = trimmed.trim_start_matches(['<', '"', '\'', '(', '[']).to_ascii_lowercase();
    let rest = bare.strip_prefix(&found)?.trim_start_matches(['>', '"', '\'', ')', ']']);
    let is_edge = rest.is_empty()
        || rest.starts_with([':', ',', ';', '.', '(', '['])
        || rest.trim_start() != rest && rest.split_whitespace().count() <= ANYTHING_AFTER_MAX;
    is_edge.then_some(found)
}

/// Words behind an address at the beginning of a line: `on` and a date, or a short reason.
const ANYTHING_AFTER_MAX: usize = 12;

/// An address behind a word that says what it is.
fn is_labelled(line: &str) -> Option<String> {
    let lower = line.trim_start().to_lowercase();
    let label = LABELS.iter().find(|label| lower.starts_with(**label))?;
    let rest = lower[label.len()..].trim_start_matches([' ', ':', '<', '"', '=', '\'']);
    let found = address::in_text(rest).into_iter().next()?;
    let before = rest.find(&found)?;
    (rest[..before].split_whitespace().count() <= WORDS_AROUND_MAX).then_some(found)
}

/// An address in a server's answer.
fn stands_in_answer(line: &str) -> Option<String> {
    let codes = super::smtp::Codes::of(line);
    codes.reply.filter(|code| 400 <= *code)?;
    address::in_text(line).into_iter().next()
}

/// How lines begin that name a recipient, in lower case.
const LABELS: &[&str] = &[
    "recipient",
    "failed recipient",
    "to:",
    "rcpt to",
    ">>> rcpt to",
    "address:",
    "addresses:",
    "user:",
    "mailbox:",
    "could not deliver message to",
    "could not be delivered to",
    "was not delivered to",
    "unable to deliver to",
    "delivery to",
    "there was an error delivering your mail to",
    "your message to",
    "email to",
    "invalid final delivery userid",
];

/// Local parts of programs, with the sign behind them.
const DAEMONS: &[&str] = &["mailer-daemon@", "postmaster@", "mailerdaemon@"];

/// Whether the original message begins at a line.
fn begins_original(lines: &[&str], at: usize) -> bool {
    let lower = lines[at].trim().to_lowercase();
    if lower.is_empty() {
        return false;
    }
    // A sentence may speak of the original message; a mark stands apart, or points ahead.
    let is_mark = lower.starts_with(['-', '=', '*', '_', '#'])
        || lower.ends_with(':')
        || lower.contains("follow");
    if is_mark && lower.len() < MARK_BYTES_MAX && ORIGINALS.iter().any(|it| lower.contains(it)) {
        return true;
    }
    let is_block = |from: usize| {
        let of_block = lines[from..].iter().take_while(|line| {
            is_header(line) || line.starts_with([' ', '\t']) && !line.trim().is_empty()
        });
        HEADERS_MIN <= of_block.filter(|line| is_header(line)).count()
    };
    let is_first = ["received:", "return-path:", "from:", "message-id:", "date:", "mime-version:"]
        .iter()
        .any(|name| lower.starts_with(name));
    is_first && is_header(lines[at]) && is_block(at)
}

/// Longest line that announces the original message, in bytes.
const MARK_BYTES_MAX: usize = 120;

/// How the original message is announced, in lower case.
const ORIGINALS: &[&str] = &[
    "below this line is a copy",
    "this is a copy of the message",
    "this is a copy of your message",
    "original message follows",
    "original message attached",
    "message headers follow",
    "message header follows",
    "the header of the original message",
    "headers of the original message",
    "header of original message",
    "--original message",
    "-- original message",
    "-original message",
    "returned message",
    "unsent message follows",
    "unsent message below",
    "your original message",
    "the original message is included",
    "the body of the message is",
    "your message headers",
    "message contents follow",
    "rejected message",
    "included is a copy of the message header",
    "the first few lines of the message",
    "--- undelivered message",
    "message text follows",
];

/// Whether a line is a header of a message, by a name that mail has.
fn is_header(line: &str) -> bool {
    let Some((name, _)) = line.split_once(':') else { return false };
    let lower = name.to_ascii_lowercase();
    lower.starts_with("x-")
        || lower.starts_with("content-")
        || lower.starts_with("dkim-")
        || lower.starts_with("arc-")
        || lower.starts_with("list-")
        || HEADERS.contains(&lower.as_str())
}

/// Headers that messages have.
const HEADERS: &[&str] = &[
    "received",
    "return-path",
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "reply-to",
    "sender",
    "delivered-to",
    "user-agent",
    "in-reply-to",
    "references",
    "authentication-results",
    "received-spf",
    "precedence",
    "errors-to",
    "domainkey-signature",
];

/// Whether a line is a heading between the parts of a report.
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("-----") || line.starts_with("=====") || line.starts_with("*****")
}
