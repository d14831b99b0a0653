//! Reports in a standard form: of delivery (RFC 3464, RFC 6533) and of abuse (RFC 5965).

use super::{
    BounceReason, DeliveryAction, Draft, READ_MAX, RecipientReport, Source, Status, address,
    original_recipients, plain,
};

/// Most bytes of a report that are read; each recipient takes a few hundred.
const REPORT_BYTES_MAX: usize = 256 * 1024;

/// A block of fields: names in lower case, values unfolded.
struct Block(Vec<(String, String)>);

impl Block {
    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }
}

/// Cuts a report at its blank lines.
fn blocks(report: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(&report[..report.len().min(REPORT_BYTES_MAX)]);
    let mut blocks = vec![Block(Vec::new())];
    for line in text.lines() {
        let Some(block) = blocks.last_mut() else { break };
        if line.trim().is_empty() {
            if !block.0.is_empty() {
                blocks.push(Block(Vec::new()));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = block.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            block.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    blocks
}

/// The recipients of a delivery report, each with what stands in its own block.
pub(super) fn drafts(source: &Source<'_>, own: &str) -> Vec<Draft> {
    let is_report =
        |name: &str| matches!(name, "message/delivery-status" | "message/global-delivery-status");
    let parts = source.parts.iter().filter(|part| is_report(&part.content_type.name));
    let mut read: Vec<Block> = parts.flat_map(|part| blocks(&part.bytes())).collect();
    if read.is_empty() {
        read = blocks(within_text(own).as_bytes());
    }
    let mut drafts: Vec<Draft> = Vec::new();
    for block in read {
        if let Some(draft) = draft(&block)
            && drafts.len() < READ_MAX
            && !drafts.iter().any(|there| there.address.is_some() && there.address == draft.address)
        {
            drafts.push(draft);
        }
    }
    if let [alone] = drafts.as_mut_slice()
        && alone.address.is_none()
    {
        alone.address = original_recipients(source, "").into_iter().next();
    }
    drafts
}

/// The report in a text, where whoever sent it lost the marks of its part.
fn within_text(body: &str) -> &str {
    let begins = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        matches!(name.as_str(), "reporting-mta" | "final-recipient" | "original-recipient")
    };
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if begins(line) {
            let rest = &body[at..];
            return if rest.to_ascii_lowercase().contains("final-recipient:") { rest } else { "" };
        }
        at += line.len();
    }
    ""
}

/// What a block says of a recipient; none if it is about the message as a whole.
fn draft(block: &Block) -> Option<Draft> {
    let recipient = block.first("final-recipient").or_else(|| block.first("x-actual-recipient"));
    // The address that the sender knows: the final one may be what the recipient forwards to.
    let original = block.first("original-recipient");
    recipient.or(original).or_else(|| block.first("action"))?;
    let of = |value: Option<&str>| value.and_then(address::of_field);
    let diagnostic = block.first("diagnostic-code").unwrap_or_default();
    let is_of_a_program = diagnostic.trim_start().to_ascii_lowercase().starts_with("x-unix")
        || ["final-recipient", "x-actual-recipient"]
            .into_iter()
            .any(|name| block.first(name).is_some_and(|it| it.contains('|')));
    Some(Draft {
        address: of(original).or_else(|| of(recipient)),
        action: block.first("action").and_then(action),
        status: block.first("status").and_then(status),
        diagnostic: answer(diagnostic).to_owned(),
        said: String::new(),
        is_program: is_of_a_program,
    })
}

fn action(value: &str) -> Option<DeliveryAction> {
    let word: String =
        value.trim().chars().take_while(char::is_ascii_alphabetic).collect::<String>();
    let lower = word.to_ascii_lowercase();
    // Some write a form of the word that the standard has not.
    match lower.as_str() {
        "deliverable" => Some(DeliveryAction::Delivered),
        "expired" | "fail" | "failure" => Some(DeliveryAction::Failed),
        "delay" => Some(DeliveryAction::Delayed),
        _ => lower.parse().ok(),
    }
}

fn status(value: &str) -> Option<Status> {
    let word = value.split(|letter: char| letter.is_whitespace() || letter == '(').next()?;
    word.parse().ok()
}

/// What the other side answered, by a field with its type in front of it.
pub(super) fn answer(diagnostic: &str) -> &str {
    passed_on(without_type(diagnostic))
}

/// A diagnosis without the type in front of it, such as `smtp;`.
fn without_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if kind.len() <= TYPE_BYTES_MAX && !kind.trim().contains(' ') => {
            rest.trim()
        }
        _ => value,
    }
}

/// The other side's own answer, where a gateway quotes it behind words of its own: `error 550-'…'`.
fn passed_on(diagnostic: &str) -> &str {
    match diagnostic.split_once("-'") {
        Some((before, quoted)) if before.ends_with(|letter: char| letter.is_ascii_digit()) => {
            let code = before.len().saturating_sub(REPLY_DIGITS);
            // With its reply code in front, if that is on character boundaries, as digits are.
            if quoted.is_empty() { diagnostic } else { diagnostic.get(code..).unwrap_or(quoted) }
        }
        _ => diagnostic,
    }
}

/// Digits of a reply code.
const REPLY_DIGITS: usize = 3;

/// Longest type of a diagnosis, in bytes.
const TYPE_BYTES_MAX: usize = 20;

/// Whether it is a report that a message is no spam: nobody complains.
pub(super) fn is_praise(source: &Source<'_>) -> bool {
    let feedback =
        source.parts.iter().filter(|part| part.content_type.name == "message/feedback-report");
    feedback.flat_map(|part| blocks(&part.bytes())).any(|block| {
        block.first("feedback-type").is_some_and(|it| it.eq_ignore_ascii_case("not-spam"))
    })
}

/// Whether it is a report of abuse or of a failed authentication.
pub(super) fn is_feedback(source: &Source<'_>) -> bool {
    source.parts.iter().any(|part| part.content_type.name == "message/feedback-report")
}

/// Whom a complaint came from: the recipients that it names, or those of the message it is about.
pub(super) fn complaint(source: &Source<'_>) -> Vec<RecipientReport> {
    let mut addresses: Vec<String> = Vec::new();
    let feedback =
        source.parts.iter().filter(|part| part.content_type.name == "message/feedback-report");
    for block in feedback.flat_map(|part| blocks(&part.bytes())) {
        for name in ["original-rcpt-to", "removal-recipient"] {
            addresses.extend(block.all(name).filter_map(address::of_field));
        }
    }
    if addresses.is_empty() {
        // Of several only one complained, and nobody says who.
        addresses = original_recipients(source, "");
        if 1 < addresses.len() {
            return vec![plain(None, None, BounceReason::Feedback)];
        }
    }
    if addresses.is_empty() && !is_feedback(source) {
        // Who asks to be left in peace speaks for nobody else.
        addresses.extend(source.headers.from.as_ref().map(|from| from.address.clone()));
    }
    addresses.truncate(READ_MAX);
    let mut seen = std::collections::BTreeSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    if addresses.is_empty() {
        return vec![plain(None, None, BounceReason::Feedback)];
    }
    addresses.into_iter().map(|it| plain(Some(it), None, BounceReason::Feedback)).collect()
}
