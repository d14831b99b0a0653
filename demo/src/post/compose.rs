//! From a letter to the bytes of a message (RFC 5322), the same every time.

use std::fmt::Write;

use super::{
    Letter, Party,
    letter::{Body, Vouched},
};
use crate::{
    company::{ADDRESS, AUTHSERV_ID, COMPANY, SENDER, calendar, moment},
    people::{ACCOUNTS, contact_key},
    world::Contact,
};

/// Marks off the parts of a message that has several.
const BOUNDARY: &str = "=_fennbrook_demo_part";
/// Where the signature of whoever writes goes.
const SIGNATURE: &str = "{me}";
/// Answers above this many are a mistake in the tables: the walk to a thread's first letter ends.
const THREAD_LETTERS_MAX: usize = 10;

/// Who stands in a header: name, address and signature.
struct Named {
    name: String,
    address: String,
    signature: String,
}

impl Named {
    fn of(party: Party, contacts: &[Contact]) -> Self {
        match party {
            Party::Us => Self {
                name: SENDER.to_owned(),
                address: ADDRESS.to_owned(),
                signature: format!("{SENDER}\n{COMPANY}"),
            },
            Party::Stranger { name, address } => Self {
                name: name.to_owned(),
                address: address.to_owned(),
                signature: name.to_owned(),
            },
            Party::Person(client, slot) => {
                let key = contact_key(client, slot);
                let contact = contacts
                    .iter()
                    .find(|contact| contact.key == key)
                    .expect("the tables name people who exist");
                let company = ACCOUNTS[client].name;
                Self {
                    name: contact.name.clone(),
                    address: contact.email.clone().expect("whoever writes has an address"),
                    signature: format!(
                        "{}\n{}, {company}\n{}",
                        contact.name, contact.title, contact.phone
                    ),
                }
            }
        }
    }

    fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    fn header(&self) -> String {
        format!("{} <{}>", encoded(&self.name), self.address)
    }
}

/// The `Message-ID` of a letter, without angle brackets.
pub(super) fn message_id(letter: &Letter, contacts: &[Contact]) -> String {
    format!("{}@{}", letter.key, Named::of(letter.from, contacts).domain())
}

/// The whole message.
pub(super) fn raw(letter: &Letter, letters: &[&Letter], contacts: &[Contact]) -> Vec<u8> {
    let from = Named::of(letter.from, contacts);
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(text, "{name}: {value}").expect("writing to a string does not fail");
    };
    let (offset, hour, minute) = letter.at;
    let date = moment(offset, hour, minute).with_timezone(&calendar().zone).to_rfc2822();
    if !matches!(letter.from, Party::Us) {
        let is_report = matches!(letter.body, Body::Report { .. });
        let path = if is_report { String::new() } else { from.address.clone() };
        line("Return-Path", &format!("<{path}>"));
        for results in authentication_results(letter.vouched, &from) {
            line("Authentication-Results", &results);
        }
        let relay = format!("from mail.{} by {AUTHSERV_ID}", from.domain());
        line("Received", &format!("{relay}\n\twith ESMTPS id {}; {date}", letter.key));
    }
    line("From", &from.header());
    line("To", &Named::of(letter.to, contacts).header());
    line("Subject", &encoded(letter.subject));
    line("Date", &date);
    line("Message-ID", &format!("<{}>", message_id(letter, contacts)));
    let thread = thread_of(letter, letters, contacts);
    if let Some(answered) = thread.last() {
        line("In-Reply-To", answered);
        line("References", &thread.join("\n "));
    }
    for mark in letter.marks {
        writeln!(text, "{mark}").expect("writing to a string does not fail");
    }
    text.push_str("MIME-Version: 1.0\n");
    text.push_str(&body(letter.body, &from, contacts));
    text.replace('\n', "\r\n").into_bytes()
}

/// What the providers on the way say of the sender, the last one first.
fn authentication_results(vouched: Vouched, from: &Named) -> Vec<String> {
    let (domain, address) = (from.domain(), &from.address);
    let told = |authserv_id: &str, result: &str, dkim: &str| {
        format!(
            "{authserv_id};\n\tdkim={dkim} header.d={domain} header.s=mail;\n\tspf={result} \
             smtp.mailfrom={address};\n\tdmarc={result} header.from={domain}"
        )
    };
    match vouched {
        Vouched::Passed => vec![told(AUTHSERV_ID, "pass", "pass")],
        Vouched::Failed => vec![told(AUTHSERV_ID, "fail", "none")],
        Vouched::Nobody => Vec::new(),
        Vouched::Planted => vec![
            told("mx.relay-of-nobody.example", "pass", "pass"),
            told(AUTHSERV_ID, "pass", "pass"),
        ],
    }
}

/// The ids of the letters before this one in its thread, the oldest first, in angle brackets.
fn thread_of(letter: &Letter, letters: &[&Letter], contacts: &[Contact]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut answers = letter.answers;
    while let Some(before) = answers.and_then(|key| letters.iter().find(|letter| letter.key == key))
    {
        ids.insert(0, format!("<{}>", message_id(before, contacts)));
        answers = before.answers.filter(|_| ids.len() < THREAD_LETTERS_MAX);
    }
    ids
}

fn body(body: Body, from: &Named, contacts: &[Contact]) -> String {
    let signed = |text: &str| text.replace(SIGNATURE, &from.signature);
    let signed_html = |html: &str| html.replace(SIGNATURE, &from.signature.replace('\n', "<br>\n"));
    match body {
        Body::Plain(plain) => part("text/plain", &signed(plain)),
        Body::Html(html) => part("text/html", &signed_html(html)),
        Body::Both { plain, html } => {
            let parts = [part("text/plain", &signed(plain)), part("text/html", &signed_html(html))];
            multipart("multipart/alternative", &parts)
        }
        Body::Report { text, about, action, status } => {
            let about = Named::of(Party::Person(about.0, about.1), contacts);
            let report = format!(
                "Content-Type: message/delivery-status\n\nReporting-MTA: dns; {AUTHSERV_ID}\n\n\
                 Final-Recipient: rfc822; {}\nAction: {action}\nStatus: {status}\n",
                about.address
            );
            let original = format!(
                "Content-Type: text/rfc822-headers\n\nFrom: {}\nTo: {}\nSubject: A word from us\n",
                ADDRESS, about.address
            );
            let parts = [part("text/plain", &signed(text)), report, original];
            multipart("multipart/report; report-type=delivery-status", &parts)
        }
    }
}

fn part(name: &str, text: &str) -> String {
    format!(
        "Content-Type: {name}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
        text.trim_end()
    )
}

fn multipart(name: &str, parts: &[String]) -> String {
    let mut text = format!("Content-Type: {name};\n\tboundary=\"{BOUNDARY}\"\n\n");
    for part in parts {
        text.push_str(&format!("--{BOUNDARY}\n{part}\n"));
    }
    text.push_str(&format!("--{BOUNDARY}--\n"));
    text
}

/// A text as a header may hold it: what is not ASCII becomes an encoded word (RFC 2047).
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut word = String::from("=?utf-8?q?");
    for byte in text.bytes() {
        match byte {
            b' ' => word.push('_'),
            byte if byte.is_ascii_alphanumeric() => word.push(char::from(byte)),
            byte => write!(word, "={byte:02X}").expect("writing to a string does not fail"),
        }
    }
    word.push_str("?=");
    word
}
