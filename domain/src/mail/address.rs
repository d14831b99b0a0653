//! Addresses as they stand in From, To and Cc (RFC 5322, §3.4).
//!
//! The reader is strict where it matters: what it cannot read without a guess is no address,
//! because the display name beside it is free text of the sender and is often made to look like
//! one.

use super::{Address, header};

/// Most addresses that are taken from headers of one name; providers allow fewer recipients.
pub(super) const ADDRESSES_MAX: usize = 500;
/// Longest address, in bytes (RFC 5321, §4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;

/// What a From header holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Exactly one well-formed address.
    One(Address),
    /// More than one address, or a group of them.
    Several,
    /// Nothing, or something that cannot be read without a guess.
    Unreadable,
}

/// Reads a From header.
pub(super) fn sender(value: &str) -> Sender {
    let list = split(value);
    match list.mailboxes.as_slice() {
        _ if list.is_broken => Sender::Unreadable,
        [] => Sender::Unreadable,
        [one] if !list.has_group => one.read().map_or(Sender::Unreadable, Sender::One),
        _ => Sender::Several,
    }
}

/// The addresses of a header that can be read; the others are left out.
pub(super) fn list(value: &str) -> Vec<Address> {
    split(value).mailboxes.iter().filter_map(Mailbox::read).take(ADDRESSES_MAX).collect()
}

/// A sender as people copy it, in whatever form: what could be a name, and an address if there is one.
pub(super) fn loosely(text: &str) -> Address {
    let (name, rest) = text.split_once(['<', '[']).unwrap_or((text, text));
    let of_address = |letter: char| letter.is_alphanumeric() || "@._-+".contains(letter);
    let address = rest.split(|letter| !of_address(letter)).find(|word| word.contains('@'));
    let name = name.split('@').next().unwrap_or(name).trim_matches(['"', ' ', '\'']);
    Address {
        name: header::decode_text(name),
        address: address.unwrap_or_default().to_ascii_lowercase(),
    }
}

/// The parts of one mailbox, before anybody knows which of them is the address.
#[derive(Debug, Default)]
struct Mailbox {
    /// Outside angle brackets and comments, with quotation marks.
    bare: String,
    /// The same without quotation marks.
    display: String,
    /// Inside the last pair of angle brackets.
    angled: Option<String>,
    /// Inside the last comment.
    comment: String,
    /// Two pairs of angle brackets, or text after one.
    is_broken: bool,
}

#[derive(Debug, Default)]
struct List {
    mailboxes: Vec<Mailbox>,
    has_group: bool,
    is_broken: bool,
}

/// Cuts a value at its commas, keeping quoted strings, comments and angle brackets whole.
fn split(value: &str) -> List {
    let mut list = List::default();
    let mut mailbox = Mailbox::default();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                let whole = until(&mut letters, '"', None, &mut mailbox.display);
                list.is_broken |= !whole;
                mailbox.bare.push('"');
                mailbox.is_broken |= mailbox.angled.is_some();
            }
            '(' => {
                mailbox.comment.clear();
                list.is_broken |= !until(&mut letters, ')', Some('('), &mut mailbox.comment);
            }
            '<' => {
                mailbox.is_broken |= mailbox.angled.is_some();
                let mut angled = String::new();
                list.is_broken |= !until(&mut letters, '>', None, &mut angled);
                mailbox.angled = Some(angled);
            }
            ',' | ';' => list.finish(&mut mailbox),
            ':' => {
                list.has_group = true;
                mailbox = Mailbox::default();
            }
            letter => {
                mailbox.is_broken |= mailbox.angled.is_some() && !letter.is_whitespace();
                mailbox.is_broken |= letter == '>' || letter == ')';
                mailbox.bare.push(letter);
                mailbox.display.push(letter);
            }
        }
    }
    list.finish(&mut mailbox);
    list
}

/// Reads up to a closing mark, which may be nested if it has an opening one; false if it never
/// comes.
fn until(
    letters: &mut std::str::Chars<'_>,
    close: char,
    open: Option<char>,
    into: &mut String,
) -> bool {
    let mut depth = 1_usize;
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            into.extend(letters.next());
            continue;
        }
        if Some(letter) == open {
            depth += 1;
        }
        if letter == close {
            depth -= 1;
        }
        if depth == 0 {
            return true;
        }
        into.push(letter);
    }
    false
}

impl List {
    fn finish(&mut self, mailbox: &mut Mailbox) {
        let mailbox = std::mem::take(mailbox);
        let is_blank = mailbox.angled.is_none() && mailbox.bare.trim().is_empty();
        if !is_blank {
            self.mailboxes.push(mailbox);
        }
    }
}

impl Mailbox {
    fn read(&self) -> Option<Address> {
        if self.is_broken {
            return None;
        }
        let (address, name) = match &self.angled {
            Some(angled) => (angled.trim(), self.display.as_str()),
            None => (self.bare.trim(), self.comment.as_str()),
        };
        let name = if name.trim().is_empty() { self.comment.as_str() } else { name };
        // Only ASCII is folded: Unicode folding would turn the Kelvin sign of a look-alike domain
        // into a plain k.
        is_address(address).then(|| Address {
            name: header::decode_text(name),
            address: address.to_ascii_lowercase(),
        })
    }
}

/// Whether a text is `local@domain` in the shape that business mail uses.
///
/// Quoted local parts and domain literals exist in the standard and in attacks, and hardly anywhere
/// else.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_letter =
        |letter: char| letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
    };
    text.len() <= ADDRESS_BYTES_MAX
        && !local.is_empty()
        && local.chars().all(local_letter)
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Option<(Option<String>, String)> {
        match sender(value) {
            Sender::One(address) => Some((address.name, address.address)),
            Sender::Several | Sender::Unreadable => None,
        }
    }

    #[test]
    fn a_sender_is_the_address_and_never_the_name() {
        let table = [
            ("Ada Byron <Ada@Good.example>", Some("Ada Byron"), "ada@good.example"),
            ("ada@good.example", None, "ada@good.example"),
            ("ada@good.example (Ada (B))", Some("Ada (B)"), "ada@good.example"),
            ("\"boss@good.example\" <x@evil.example>", Some("boss@good.example"), "x@evil.example"),
            ("boss@good.example <x@evil.example>", Some("boss@good.example"), "x@evil.example"),
            ("\"a, b\" <x@evil.example>", Some("a, b"), "x@evil.example"),
            (
                "\"<boss@good.example>\" <x@evil.example>",
                Some("<boss@good.example>"),
                "x@evil.example",
            ),
            ("x@evil.example (boss@good.example)", Some("boss@good.example"), "x@evil.example"),
            (
                "=?utf-8?q?boss=40good.example?= <x@evil.example>",
                Some("boss@good.example"),
                "x@evil.example",
            ),
        ];
        for (value, name, address) in table {
            assert_eq!(one(value), Some((name.map(str::to_owned), address.to_owned())), "{value}");
        }
    }

    #[test]
    fn doubt_about_the_sender_is_no_sender() {
        for value in [
            "",
            "Ada",
            "<ada@good.example> <x@evil.example>",
            "<ada@good.example> x@evil.example",
            "\"ada@good.example",
            "ada@good.example (",
            "ada@good.example@evil.example",
            "\"ada@good.example\"@evil.example",
            "<@evil.example:ada@good.example>",
            "ada@[192.0.2.1]",
            "ada@good.example\u{0} ",
            "ada@good..example",
            "ada @good.example",
            "=?utf-8?q?ada=40good.example?=",
        ] {
            assert_eq!(sender(value), Sender::Unreadable, "{value}");
        }
        for value in
            ["a@good.example, b@evil.example", "team: a@good.example;", "a@good.example, Ada"]
        {
            assert_eq!(sender(value), Sender::Several, "{value}");
        }
    }

    #[test]
    fn lists_leave_out_what_they_cannot_read() {
        let read = list("Team: a@x.example, \"B, C\" <b@x.example>; broken, <c@x.example>");
        let addresses: Vec<&str> = read.iter().map(|entry| entry.address.as_str()).collect();
        assert_eq!(addresses, ["a@x.example", "b@x.example", "c@x.example"]);
    }
}
