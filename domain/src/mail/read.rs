//! One message in, one [`Reading`] out: the order of the steps, and nothing else.

use super::{
    BODY_BYTES_MAX, Findings, Headers, MESSAGE_BYTES_MAX, MessageKind, ReadError, Reading, absence,
    address, ask, body, bounce,
    header::{self, Fields},
    kind::{self, Evidence},
    mention, part, sender, sentence, signal,
    signature::{self, Signature},
    when::Present,
    written::{self, Whose},
};

/// Reads a raw message (RFC 5322).
///
/// `trusted_authserv_id` is the name under which the provider that this mailbox is fetched from
/// writes `Authentication-Results`, such as `mx.provider.example`; without one no sender can be
/// authenticated.
///
/// It takes time in proportion to the size of the message, and no bytes make it panic.
pub fn read(raw: &[u8], trusted_authserv_id: Option<&str>) -> Result<Reading, ReadError> {
    if MESSAGE_BYTES_MAX < raw.len() {
        return Err(ReadError::TooLarge { bytes: raw.len() });
    }
    let (fields, start) = Fields::split(raw);
    if fields.is_empty() {
        return Err(ReadError::NoHeaders);
    }
    let headers = read_headers(&fields);
    let parts = part::leaves(&fields, raw.get(start..).unwrap_or_default());
    let body::Body { text: body, hidden: hidden_text, links } = body::read(&parts);
    let evidence = Evidence { fields: &fields, parts: &parts, headers: &headers, body: &body };
    let (kind, kind_reason) = kind::tell(&evidence);
    let (recipients, has_more_recipients) = bounce::read(&evidence, kind);
    let proof = sender::prove(&fields, trusted_authserv_id);
    let roles = written::roles(&body);
    let written = written::spans(&body, &roles);
    let mut findings = Findings {
        kind,
        kind_reason: kind_reason.to_owned(),
        sender: proof.proof,
        sender_reason: proof.reason.to_owned(),
        written,
        asks: Vec::new(),
        mentions: Vec::new(),
        complaint: None,
        safety: None,
        quote_lost: None,
        buying_signal: None,
        churn: None,
    };
    if kind == MessageKind::Person {
        let sentences = sentence::split(&body, &findings.written);
        findings.asks = ask::find(&sentences, Present::of(&headers).as_ref());
        let signals = signal::find(&sentences);
        findings.complaint = signals.complaint;
        findings.safety = signals.safety;
        findings.quote_lost = signals.quote_lost;
        findings.buying_signal = signals.buying_signal;
        findings.churn = signals.churn;
        findings.mentions = mention::find(&body, &sentences);
    }
    let is_person = kind == MessageKind::Person;
    let absence = (kind == MessageKind::AutoReply)
        .then(|| absence::find(&headers, &body, &findings.written))
        .flatten();
    let signature =
        is_person.then(|| signature::find(&body, &roles, headers.from.as_ref())).flatten();
    Ok(Reading {
        headers,
        body,
        findings,
        signature,
        recipients,
        has_more_recipients,
        hidden_text,
        links,
        absence,
    })
}

/// A text without headers, read as what somebody sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextReading {
    /// The text as its lines are counted: at most [`BODY_BYTES_MAX`], lines ending in `\n`.
    pub body: String,
    /// The numbers of the lines that they wrote, from zero, without blank ones and without their signature.
    pub reply_lines: Vec<u32>,
    /// Those of quoted and forwarded lines, without blank ones.
    pub quoted_lines: Vec<u32>,
    /// How they sign.
    pub signature: Option<Signature>,
}

/// Reads a text without headers; `from` is who sent it, as a From header would say.
pub fn read_text(text: &str, from: &str) -> TextReading {
    let unix = text.replace("\r\n", "\n");
    let body = header::clip(&unix, BODY_BYTES_MAX).to_owned();
    let from = address::loosely(from);
    let roles = written::roles(&body);
    let signature = signature::find(&body, &roles, Some(&from));
    let signed = signature.as_ref().map(|it| it.lines.clone()).unwrap_or_default();
    let (mut reply_lines, mut quoted_lines) = (Vec::new(), Vec::new());
    for ((line, role), number) in body.split('\n').zip(&roles).zip(0_u32..) {
        if line.trim().is_empty() || signed.contains(&number) {
            continue;
        }
        match role {
            Whose::Own => reply_lines.push(number),
            Whose::Theirs => quoted_lines.push(number),
            Whose::Apart => {}
        }
    }
    TextReading { body, reply_lines, quoted_lines, signature }
}

fn read_headers(fields: &Fields<'_>) -> Headers {
    let ids = |name| header::message_ids(&fields.first(name).unwrap_or_default());
    let addresses = |name| {
        let values = fields.all(name).flat_map(|value| address::list(&value));
        values.take(address::ADDRESSES_MAX).collect()
    };
    let sent = fields.first("date").and_then(|value| header::moment(&value));
    Headers {
        rfc_message_id: ids("message-id").into_iter().next(),
        in_reply_to: ids("in-reply-to").into_iter().next(),
        references: ids("references"),
        from: fields.first("from").and_then(|value| address::list(&value).into_iter().next()),
        to: addresses("to"),
        cc: addresses("cc"),
        subject: fields.first("subject").and_then(|value| header::decode_text(&value)),
        sent_at: sent.map(|(at, _)| at),
        sent_offset_seconds: sent.map_or(0, |(_, east)| east),
    }
}
