//! Every input that fuzzing kept is read, or refused, again: what once broke the reader would again.

use domain::mail::{self, Span};
use mail_parser::decoders::base64::base64_decode;

/// What the fuzz targets kept: one input to a line.
fn kept(lines: &str) -> Vec<Vec<u8>> {
    lines.lines().map(|line| base64_decode(line.as_bytes()).unwrap_or_default()).collect()
}

#[test]
fn kept_mails_are_read() {
    let mails = kept(include_str!("../fuzz/kept/mail_read"));
    assert!(100 < mails.len(), "the kept inputs are there");
    let mut count = 0;
    for raw in &mails {
        let Ok(reading) = mail::read(raw, Some("mx.us.example")) else { continue };
        count += 1;
        let findings = &reading.findings;
        let asks = findings.asks.iter().map(|ask| ask.span);
        let named = findings.mentions.iter().map(|it| it.span);
        let written = findings.written.iter().copied();
        for span in asks.chain(named).chain(written) {
            assert!(reading.stands_in_written(span), "{span:?} in {:?}", reading.body);
        }
        let lies_in_body = |span: Span| reading.words(span).is_some();
        assert!(reading.signature.as_ref().is_none_or(|it| lies_in_body(it.span)));
        let _ = reading.reply_text();
        let _ = mail::belong::names(&reading, Some("us@us.example"));
    }
    assert!(mails.len() / 2 < count, "most of them are messages");
}

#[test]
fn kept_texts_are_read() {
    let texts = kept(include_str!("../fuzz/kept/mail_text"));
    assert!(100 < texts.len(), "the kept inputs are there");
    for bytes in &texts {
        let text = String::from_utf8_lossy(bytes);
        let (from, text) = text.split_once('\n').unwrap_or(("", &text));
        let reading = mail::read_text(text, from);
        let signed = reading.signature.map(|it| it.lines).unwrap_or_default();
        assert!(!signed.iter().any(|line| reading.reply_lines.contains(line)));
    }
}
