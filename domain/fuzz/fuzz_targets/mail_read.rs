//! A raw message of any bytes is read or refused, and every place that is named lies in its body.

#![no_main]

use domain::mail::{self, Reading, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    if let Ok(reading) = mail::read(raw, Some("mx.us.example")) {
        check(&reading);
    }
});

fn check(reading: &Reading) {
    let findings = &reading.findings;
    assert!(reading.body.len() <= mail::BODY_BYTES_MAX);
    assert!(findings.asks.len() <= mail::ASKS_MAX);
    assert!(findings.mentions.len() <= mail::MENTIONS_MAX);
    assert!(reading.recipients.len() <= mail::bounce::RECIPIENTS_MAX);
    let lies_in_body = |span: Span| {
        assert!(reading.words(span).is_some(), "{span:?} does not lie in the body");
    };
    findings.written.iter().copied().for_each(lies_in_body);
    for ask in &findings.asks {
        assert!(reading.stands_in_written(ask.span));
        ask.by.map(|by| by.span).into_iter().for_each(lies_in_body);
    }
    findings.mentions.iter().map(|it| it.span).for_each(lies_in_body);
    reading.absence.and_then(|it| it.span).into_iter().for_each(lies_in_body);
    if let Some(signature) = &reading.signature {
        lies_in_body(signature.span);
        signature.phones.iter().map(|it| it.span).for_each(lies_in_body);
        signature.urls.iter().copied().for_each(lies_in_body);
    }
    // What is derived from a reading must not fail either.
    let _ = reading.reply_text();
    let _ = mail::belong::names(reading, Some("us@us.example"));
    for link in &reading.links {
        let _ = link.is_misleading();
    }
}
