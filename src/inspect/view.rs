//! What is understood of a mail, for programs and for eyes.

use std::{fmt::Write as _, path::Path};

use domain::mail::{Reading, SenderProof, bounce::RecipientReport};
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
            reply_text: findings
                .written
                .iter()
                .map(|span| words(*span))
                .collect::<Vec<_>>()
                .join("\n"),
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
        text
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
