//! What is understood of a mail, for programs and for eyes.

use std::path::Path;

use domain::{
    mail::{
        self, Findings, MentionKind, Reading, SenderProof, Span, TextReading,
        bounce::RecipientReport,
        signature::{Found, Signature as Read},
    },
    time::{Date, Timestamp},
};
use serde::Serialize;

use super::page::{self, Mark};

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
    out_of_office: Option<Absence>,
    reply_text: String,
    signature: Option<Signature>,
    asks: Vec<Ask>,
    mentions: Vec<Mention>,
    signals: Vec<Signal>,
    links: Vec<Link>,
    hidden_text: String,
}

#[derive(Serialize)]
struct Bounce {
    recipients: Vec<RecipientReport>,
    /// Whether it reports of more than those.
    has_more: bool,
}

#[derive(Serialize)]
struct Absence {
    /// The first day back, if they say so.
    returns_on: Option<Date>,
    /// The sentence, if it stands in the body.
    text: Option<String>,
}

#[derive(Serialize)]
struct Ask {
    kind: &'static str,
    text: String,
    by: Option<By>,
}

#[derive(Serialize)]
struct By {
    day: Date,
    /// Hours and minutes, if they name an hour.
    time: Option<String>,
    /// The moment in UTC: that hour, or the end of the day where they are.
    at: Timestamp,
    text: String,
}

#[derive(Serialize)]
struct Mention {
    kind: &'static str,
    text: String,
    /// The number in capitals, or the amount with its currency.
    value: String,
}

#[derive(Serialize)]
struct Signal {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Link {
    text: String,
    target: String,
    /// It shows the address of one host and leads to another.
    is_misleading: bool,
}

impl Mail {
    pub fn of(file: &Path, reading: &Reading, is_judged: bool) -> Self {
        let findings = &reading.findings;
        let words = |span| reading.words(span).unwrap_or_default().to_owned();
        let ask = |ask: &mail::Ask| Ask {
            kind: ask.kind.as_str(),
            text: words(ask.span),
            by: ask.by.map(|by| By {
                day: by.day,
                time: by.time.map(|time| time.format("%H:%M").to_string()),
                at: by.at,
                text: words(by.span),
            }),
        };
        Self {
            file: file.display().to_string(),
            kind: findings.kind.as_str(),
            kind_reason: findings.kind_reason.clone(),
            authenticated: is_judged.then_some(findings.sender == SenderProof::Authenticated),
            sender_reason: findings.sender_reason.clone(),
            from: reading.headers.from.as_ref().map(|from| from.address.clone()),
            subject: reading.headers.subject.clone(),
            bounce: Bounce {
                recipients: reading.recipients.clone(),
                has_more: reading.has_more_recipients,
            },
            out_of_office: reading
                .absence
                .map(|it| Absence { returns_on: it.returns_on, text: it.span.map(words) }),
            reply_text: reading.reply_text(),
            signature: reading.signature.as_ref().map(|it| Signature::of(&reading.body, it)),
            asks: findings.asks.iter().map(ask).collect(),
            mentions: findings.mentions.iter().map(|it| mention(*it, words(it.span))).collect(),
            signals: signals(findings)
                .into_iter()
                .map(|(kind, span)| Signal { kind, text: words(span) })
                .collect(),
            links: reading
                .links
                .iter()
                .map(|it| Link {
                    text: it.text.clone(),
                    target: it.target.clone(),
                    is_misleading: it.is_misleading(),
                })
                .collect(),
            hidden_text: reading.hidden_text.clone(),
        }
    }

    pub fn text(&self, reading: &Reading) -> String {
        let mut facts = vec![
            ("from", self.from.clone().unwrap_or_else(|| "(none)".to_owned())),
            ("subject", self.subject.clone().unwrap_or_else(|| "(none)".to_owned())),
            ("kind", format!("{}: {}", self.kind, self.kind_reason)),
            ("sender", self.sender_reason.clone()),
        ];
        facts.extend(self.bounce.recipients.iter().map(|it| ("for", recipient(it))));
        if self.bounce.has_more {
            facts.push(("for", "(and more than these)".to_owned()));
        }
        if let Some(absence) = &self.out_of_office {
            let back = absence.returns_on.map(|day| format!("back on {day}"));
            facts.push(("away", back.unwrap_or_else(|| "nobody says until when".to_owned())));
        }
        facts.extend(self.signature.iter().flat_map(Signature::facts));
        let leads = |link: &Link| {
            let mark = if link.is_misleading { "MISLEADING: " } else { "" };
            let shown = if link.text == link.target { "" } else { link.text.as_str() };
            ("link", format!("{mark}{shown} -> {}", link.target))
        };
        facts.extend(self.links.iter().take(LINKS_SHOWN).map(leads));
        if !self.hidden_text.is_empty() {
            facts.push(("hidden", self.hidden_text.clone()));
        }
        let mut text = format!("{}\n", self.file);
        for (label, value) in facts {
            text.push_str(&format!("  {label:<8} {}\n", page::harmless(&value)));
        }
        text + &page::print(
            &reading.body,
            |number, words| whose(reading, number, words),
            &marks(reading),
        )
    }
}

/// Most links that are shown to eyes.
const LINKS_SHOWN: usize = 10;

fn mention(it: mail::Mention, text: String) -> Mention {
    let value = match it.kind {
        MentionKind::Money => {
            mail::Mention::money(&text).map(|money| money.to_string()).unwrap_or_default()
        }
        _ => mail::Mention::number(&text),
    };
    Mention { kind: it.kind.as_str(), text, value }
}

/// The signals of a mail, each by its name.
fn signals(findings: &Findings) -> Vec<(&'static str, Span)> {
    let all = [
        ("complaint", findings.complaint),
        ("safety", findings.safety),
        ("quote_lost", findings.quote_lost),
        ("buying", findings.buying_signal),
        ("churn", findings.churn),
    ];
    all.into_iter().filter_map(|(kind, span)| Some((kind, span?))).collect()
}

/// Whose a line of a body is, for its margin.
fn whose(reading: &Reading, number: u32, words: Span) -> &'static str {
    let is_signed = reading.signature.as_ref().is_some_and(|it| it.lines.contains(&number));
    match () {
        () if is_signed => "sig",
        () if reading.stands_in_written(words) => "own",
        () => ">",
    }
}

/// Everything that was found in the words of a body.
fn marks(reading: &Reading) -> Vec<Mark> {
    let findings = &reading.findings;
    let mut marks = Vec::new();
    let mut add =
        |span: Span, label: String| match marks.iter_mut().find(|it: &&mut Mark| it.span == span) {
            Some(mark) => mark.label = format!("{}; {label}", mark.label),
            None => marks.push(Mark { span, label }),
        };
    for ask in &findings.asks {
        add(ask.span, format!("ask: {}", ask.kind));
        if let Some(by) = ask.by {
            let time = by.time.map(|time| time.format(" %H:%M").to_string()).unwrap_or_default();
            add(by.span, format!("by {}{time}", by.day));
        }
    }
    for it in &findings.mentions {
        add(it.span, it.kind.as_str().to_owned());
    }
    for (kind, span) in signals(findings) {
        add(span, format!("signal: {kind}"));
    }
    if let Some(span) = reading.absence.and_then(|it| it.span) {
        add(span, "away".to_owned());
    }
    if let Some(signature) = &reading.signature {
        let parts =
            [("name", signature.name), ("title", signature.title), ("company", signature.company)];
        for (label, found) in parts {
            if let Some(found) = found {
                add(found.span, format!("{label}, {} %", found.confidence));
            }
        }
        for phone in &signature.phones {
            add(phone.span, format!("phone {}", phone.e164.as_deref().unwrap_or("(no country)")));
        }
    }
    marks
}

/// A signature, with the words that its parts stand for.
#[derive(Serialize)]
struct Signature {
    text: String,
    lines: Vec<String>,
    name: Option<String>,
    title: Option<String>,
    /// What the title says of what they decide.
    roles: Vec<&'static str>,
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
            roles: read.roles.iter().map(|role| role.as_str()).collect(),
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

    fn facts(&self) -> Vec<(&'static str, String)> {
        let parts = [("name", &self.name), ("title", &self.title), ("company", &self.company)];
        let mut facts: Vec<(&str, String)> =
            parts.into_iter().filter_map(|(label, value)| Some((label, value.clone()?))).collect();
        if !self.roles.is_empty() {
            facts.push(("roles", self.roles.join(", ")));
        }
        facts.extend(self.phones.iter().map(|phone| ("phone", phone.raw.clone())));
        facts
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
        let whose = |number: u32, _| {
            let number = number + 1;
            let has = |lines: &[u32]| lines.binary_search(&number).is_ok();
            match () {
                () if has(&self.signature_lines) => "sig",
                () if has(&self.quoted_lines) => ">",
                () if has(&self.reply_lines) => "own",
                () => "",
            }
        };
        let mut text = format!("{}\n{}", self.file, page::print(&reading.body, whose, &[]));
        for (label, value) in self.signature.iter().flat_map(Signature::facts) {
            text.push_str(&format!("  {label:<8} {}\n", page::harmless(&value)));
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
