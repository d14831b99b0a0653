//! Mails understood in a second by one core, and how long the worst ones take.

use std::hint::black_box;

use anyhow::ensure;
use domain::mail::{self, MessageKind};

use crate::{
    figure::{Aim, Printer},
    meter::{Stopwatch, median, ms, rate},
    suite::{Suite, judge},
};

/// Mails understood in a second.
const RATE_MIN: f64 = 2_000.0;
/// Longest time for a million bytes of a mail that was made to be slow, in milliseconds.
const MS_PER_MB_MAX: f64 = 50.0;
/// Mails of each kind in one pass.
const OF_EACH: usize = 250;
/// Passes, of which the median counts.
const PASSES: usize = 11;
/// Bytes of a mail that was made to be slow.
const SLOW_BYTES: usize = 1_000_000;

/// Measures.
pub fn run(printer: &Printer) -> anyhow::Result<()> {
    let kinds = [
        ("a person's, quoted and signed", letter as fn(usize) -> String),
        ("reports", report),
        ("HTML", html),
    ];
    for (name, make) in kinds {
        let mails: Vec<String> = (0..OF_EACH).map(make).collect();
        let mut times = Vec::with_capacity(PASSES);
        for _ in 0..PASSES {
            let watch = Stopwatch::start();
            for raw in &mails {
                black_box(mail::read(black_box(raw.as_bytes()), Some("mx.us.example")))?;
            }
            times.push(watch.read().processor);
        }
        let bytes = mails.iter().map(String::len).sum::<usize>() / mails.len();
        let per_second = rate(u64::try_from(OF_EACH)?, median(&times));
        let measure = format!("mails understood, one core, {name}, {bytes} bytes");
        judge(printer, Suite::Mail, measure, per_second, "/s", Aim::AtLeast(RATE_MIN))?;
    }
    let understood = mail::read(report(0).as_bytes(), None)?;
    ensure!(understood.findings.kind == MessageKind::Bounce, "a report is one");
    for (name, line) in SLOW {
        let raw = format!("{PERSON}\n{}", line.repeat(SLOW_BYTES / line.len()));
        let watch = Stopwatch::start();
        black_box(mail::read(black_box(raw.as_bytes()), None))?;
        let spent = ms(watch.read().processor);
        let measure = format!("a megabyte of {name}");
        judge(printer, Suite::Mail, measure, spent, "ms", Aim::AtMost(MS_PER_MB_MAX))?;
    }
    Ok(())
}

const PERSON: &str = "From: Ada Byron <ada@good.example>\nTo: us@us.example\nSubject: Pumps\n\
    Authentication-Results: mx.us.example; dmarc=pass header.from=good.example\n";

/// What is over and over again in mails that were made to be slow.
const SLOW: [(&str, &str); 8] = [
    ("names", "Ada Byron\n"),
    ("leaves", "Thanks\n"),
    ("marks", "-- \n"),
    ("quotes and answers", "> a\nb\n"),
    ("beginnings of attributions", "On Monday <a@b.example>\n"),
    ("asks", "Please call me by Friday. "),
    ("at signs", "@"),
    ("brackets", "<"),
];

fn letter(number: usize) -> String {
    format!(
        "{PERSON}Date: Mon, 2 Mar 2026 10:15:00 +0100\nMessage-ID: <{number}@good.example>\n\n\
         Hi Bob,\n\nthanks for your call. Please send us a revised bid for the {number} pumps by \
         Thursday, and let me know when you could deliver. The last ones were fine.\n\n\
         Kind regards\nAda Byron\nHead of Purchasing\nEngines Ltd\nT: +44 20 7946 0958\n\
         www.good.example\n\nOn Fri, 27 Feb 2026 at 9:00, Bob <bob@us.example> wrote:\n{}",
        "> Dear Ada,\n> here is what we talked about.\n".repeat(10)
    )
}

fn report(number: usize) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: us@us.example\nSubject: Returned mail\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
         This is the mail system at mx.example. Your message could not be delivered.\n\n\
         <ada{number}@good.example>: host mx.good.example[192.0.2.7] said: 550 5.1.1\n    \
         <ada{number}@good.example>: Recipient address rejected (in reply to RCPT TO command)\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; ada{number}@good.example\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 <ada{number}@good.example>: Recipient address rejected\n\
         --b\nContent-Type: message/rfc822\n\nFrom: us@us.example\nTo: ada{number}@good.example\n\n\
         Hello\n--b--\n"
    )
}

fn html(number: usize) -> String {
    let rows = "<tr><td style='padding:0'>Pump</td><td>12</td></tr>\n".repeat(20);
    format!(
        "{PERSON}Content-Type: text/html; charset=utf-8\n\n<html><body><p>Hi Bob,</p>\
         <p>could you send us a price for {number} of these?</p><table>{rows}</table><p>Ada</p>\
         <blockquote><p>Dear Ada, here is our list.</p></blockquote></body></html>\n"
    )
}
