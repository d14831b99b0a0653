//! What is understood of a mail, for programs and for eyes.

use std::{fmt::Write as _, path::Path};

use domain::mail::{
    Reading, SenderProof, Span, TextReading,
    bounce::RecipientReport,
    signature::{Found, Signature as Read},
};
use serde::Serialize;

/// One message.
#[derive(Serialize)]
pub struct Mail {
    file: String,
    kind: &'static str,
    kind_reason: String,
    /// None if nobody was named whom to believe.
    authenticated: Option<bool>,
    sender_reason: String,
    from: Option<String>,
    subject: Option<String>,
    bounce: Bounce,
    reply_text: String,
    signature: Option<Signature>,
    asks: Vec<Ask>,
}

#[derive(Serialize)]
struct Bounce {
    recipients: Vec<RecipientReport>,
}

#[derive(Serialize)]
struct Ask {
    kind: &'static str,
    text: String,
}

impl Mail {
    pub fn of(file: &Path, reading: &Reading, is_judged: bool) -> Self {
        let findings = &reading.findings;
        let words = |span| reading.words(span).unwrap_or_default().to_owned();
        Self {
            file: file.display().to_string(),
            kind: findings.kind.as_str(),
            kind_reason: findings.kind_reason.clone(),
            authenticated: is_judged.then_some(findings.sender == SenderProof::Authenticated),
            sender_reason: findings.sender_reason.clone(),
            from: reading.headers.from.as_ref().map(|from| from.address.clone()),
            subject: reading.headers.subject.clone(),
            bounce: Bounce { recipients: reading.recipients.clone() },
            reply_text: reading.reply_text(),
            signature: reading.signature.as_ref().map(|it| Signature::of(&reading.body, it)),
            asks: findings
                .asks
                .iter()
                .map(|ask| Ask { kind: ask.kind.as_str(), text: words(ask.span) })
                .collect(),
        }
    }

    pub fn text(&self, _reading: &Reading) -> String {
        let mut text = String::new();
        let none = || "(none)".to_owned();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}", self.file);
        let _ = writeln!(text, "  from     {}", self.from.clone().unwrap_or_else(none));
        let _ = writeln!(text, "  subject  {}", self.subject.clone().unwrap_or_else(none));
        let _ = writeln!(text, "  kind     {}: {}", self.kind, self.kind_reason);
        let _ = writeln!(text, "  sender   {}", self.sender_reason);
        for it in &self.bounce.recipients {
            let _ = writeln!(text, "  for      {}", recipient(it));
        }
        if let Some(signature) = &self.signature {
            text.push_str(&signature.lines());
        }
        text
    }
}

/// A signature, with the words that its parts stand for.
#[derive(Serialize)]
struct Signature {
    text: String,
    lines: Vec<String>,
    name: Option<String>,
    title: Option<String>,
    company: Option<String>,
    phones: Vec<Phone>,
    urls: Vec<String>,
    /// From nothing to one.
    confidence: f64,
}

#[derive(Serialize)]
struct Phone {
    raw: String,
    e164: Option<String>,
}

impl Signature {
    fn of(body: &str, read: &Read) -> Self {
        let words = |span: Span| span.of(body).unwrap_or_default().to_owned();
        let said = |found: Option<Found>| found.map(|found| words(found.span));
        let all: Vec<&str> = body.split('\n').collect();
        let line = |number: &u32| usize::try_from(*number).ok().and_then(|at| all.get(at));
        Self {
            text: words(read.span),
            lines: read.lines.iter().filter_map(line).map(|it| (*it).to_owned()).collect(),
            name: said(read.name),
            title: said(read.title),
            company: said(read.company),
            phones: read
                .phones
                .iter()
                .map(|it| Phone { raw: words(it.span), e164: it.e164.clone() })
                .collect(),
            urls: read.urls.iter().map(|span| words(*span)).collect(),
            confidence: f64::from(read.confidence) / 100.0,
        }
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        let parts = [("name", &self.name), ("title", &self.title), ("company", &self.company)];
        for (label, value) in parts {
            if let Some(value) = value {
                let _ = writeln!(text, "  {label:<8} {value}");
            }
        }
        for phone in &self.phones {
            let _ = writeln!(text, "  phone    {}", phone.raw);
        }
        text
    }
}

/// A text without headers.
#[derive(Serialize)]
pub struct Text {
    file: String,
    reply_text: String,
    /// Numbers of lines from one, as are the next two.
    reply_lines: Vec<u32>,
    quoted_lines: Vec<u32>,
    signature_lines: Vec<u32>,
    signature: Option<Signature>,
}

impl Text {
    pub fn of(file: &Path, reading: &TextReading) -> Self {
        let all: Vec<&str> = reading.body.split('\n').collect();
        let line = |number: &u32| usize::try_from(*number).ok().and_then(|at| all.get(at));
        let from_one = |numbers: &[u32]| numbers.iter().map(|number| number + 1).collect();
        let signed = reading.signature.as_ref();
        Self {
            file: file.display().to_string(),
            reply_text: reading
                .reply_lines
                .iter()
                .filter_map(line)
                .copied()
                .collect::<Vec<_>>()
                .join("\n"),
            reply_lines: from_one(&reading.reply_lines),
            quoted_lines: from_one(&reading.quoted_lines),
            signature_lines: from_one(signed.map_or(&[], |it| &it.lines)),
            signature: signed.map(|it| Signature::of(&reading.body, it)),
        }
    }

    /// The text itself, each line with what it is taken for.
    pub fn text(&self, reading: &TextReading) -> String {
        let mut text = format!("{}\n", self.file);
        for (line, number) in reading.body.lines().zip(1_u32..) {
            let mark = if self.signature_lines.binary_search(&number).is_ok() {
                "sig"
            } else if self.quoted_lines.binary_search(&number).is_ok() {
                ">"
            } else if self.reply_lines.binary_search(&number).is_ok() {
                "own"
            } else {
                ""
            };
            // What a terminal would obey is shown as what it is: a stranger's text.
            let harmless =
                line.replace(|letter: char| letter.is_control() && letter != '\t', "\u{fffd}");
            let _ = writeln!(text, "{mark:>4} | {harmless}");
        }
        text + &self.signature.as_ref().map(Signature::lines).unwrap_or_default()
    }
}

fn recipient(it: &RecipientReport) -> String {
    let mut told = vec![it.address.clone().unwrap_or_else(|| "(nobody named)".to_owned())];
    told.extend(it.action.map(|action| action.as_str().to_owned()));
    told.extend(it.status.map(|status| status.to_string()));
    told.extend(it.reply_code.map(|code| code.to_string()));
    told.push(it.reason.as_str().to_owned());
    if it.hard {
        told.push("hard".to_owned());
    }
    told.join(", ")
}

/// A file that is no message.
#[derive(Serialize)]
pub struct Unread {
    file: String,
    error: String,
}

impl Unread {
    pub fn of(file: &Path, error: &anyhow::Error) -> Self {
        Self { file: file.display().to_string(), error: format!("{error:#}") }
    }

    pub fn text(&self) -> String {
        format!("{}\n  cannot be read: {}", self.file, self.error)
    }
}
