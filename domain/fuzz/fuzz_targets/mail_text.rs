//! A text of any bytes is read, whoever is said to have sent it: the first line says who.

#![no_main]

use domain::mail;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (from, text) = text.split_once('\n').unwrap_or(("", &text));
    let reading = mail::read_text(text, from);
    let lines = reading.body.split('\n').count();
    let exists = |line: &u32| assert!(usize::try_from(*line).is_ok_and(|it| it < lines));
    reading.reply_lines.iter().for_each(exists);
    reading.quoted_lines.iter().for_each(exists);
    if let Some(signature) = &reading.signature {
        signature.lines.iter().for_each(exists);
        assert!(signature.span.of(&reading.body).is_some());
        assert!(!signature.lines.iter().any(|line| reading.reply_lines.contains(line)));
    }
});
