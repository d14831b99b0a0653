//! One message in, one [`Reading`] out: the order of the steps, and nothing else.

use super::{
    Findings, Headers, MESSAGE_BYTES_MAX, MessageKind, ReadError, Reading, address, ask, body,
    bounce,
    header::{self, Fields},
    kind::{self, Evidence},
    part, sender, sentence, signal, written,
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
    let body = body::text(&parts);
    let evidence = Evidence { fields: &fields, parts: &parts, headers: &headers, body: &body };
    let (kind, kind_reason) = kind::tell(&evidence);
    let recipients = bounce::read(&evidence, kind);
    let proof = sender::prove(&fields, trusted_authserv_id);
    let written = written::spans(&body);
    let mut findings = Findings {
        kind,
        kind_reason: kind_reason.to_owned(),
        sender: proof.proof,
        sender_reason: proof.reason.to_owned(),
        written,
        asks: Vec::new(),
        complaint: None,
        safety: None,
        quote_lost: None,
        buying_signal: None,
    };
    if kind == MessageKind::Person {
        let sentences = sentence::split(&body, &findings.written);
        findings.asks = ask::find(&sentences);
        let signals = signal::find(&sentences);
        findings.complaint = signals.complaint;
        findings.safety = signals.safety;
        findings.quote_lost = signals.quote_lost;
        findings.buying_signal = signals.buying_signal;
    }
    Ok(Reading { headers, body, findings, recipients })
}

fn read_headers(fields: &Fields<'_>) -> Headers {
    let ids = |name| header::message_ids(&fields.first(name).unwrap_or_default());
    let addresses = |name| {
        let values = fields.all(name).flat_map(|value| address::list(&value));
        values.take(address::ADDRESSES_MAX).collect()
    };
    Headers {
        rfc_message_id: ids("message-id").into_iter().next(),
        in_reply_to: ids("in-reply-to").into_iter().next(),
        references: ids("references"),
        from: fields.first("from").and_then(|value| address::list(&value).into_iter().next()),
        to: addresses("to"),
        cc: addresses("cc"),
        subject: fields.first("subject").and_then(|value| header::decode_text(&value)),
        sent_at: fields.first("date").and_then(|value| header::moment(&value)),
    }
}
