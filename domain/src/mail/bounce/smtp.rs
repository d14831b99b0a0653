//! What a server answered: reply codes, enhanced status codes, and to which command.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An enhanced status code (RFC 3463), such as `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    /// 2 for success, 4 for a failure that may pass, 5 for one that will not.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 7 the policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl Status {
    pub(super) const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Whether it says no more than that something went well or wrong.
    pub(super) const fn is_vague(self) -> bool {
        self.subject == 0
    }

    /// Reads the code at the beginning of a text, and how long it is.
    fn at_start(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let class = match bytes.first()? {
            digit @ (b'2' | b'4' | b'5') => digit - b'0',
            _ => return None,
        };
        let (subject, at) = number_after_dot(bytes, 1)?;
        let (detail, end) = number_after_dot(bytes, at)?;
        // An address of a host has four numbers.
        let goes_on = matches!(bytes.get(end), Some(b'.'))
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        (!goes_on).then_some((Self::new(class, subject, detail), end))
    }
}

/// Up to three digits behind a full stop, and where they end.
fn number_after_dot(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    let digits = bytes.get(at..)?.strip_prefix(b".")?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&length) {
        return None;
    }
    let number = digits[..length].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    Some((number, at + 1 + length))
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = Self::at_start(text).filter(|(_, length)| *length == text.len());
        let wrong = || "is no status code: give three numbers such as 5.1.1".to_owned();
        whole.map(|(status, _)| status).ok_or_else(wrong)
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The codes of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// The three digits.
    pub(super) reply: Option<u16>,
    /// The enhanced code.
    pub(super) status: Option<Status>,
}

impl Codes {
    /// The first codes of failures in a text.
    pub(super) fn of_failure(text: &str) -> Self {
        Self::first(text, |class| class != 2)
    }

    /// The first codes in a text.
    pub(super) fn of(text: &str) -> Self {
        Self::first(text, |_| true)
    }

    /// An answer's codes begin a word; other numbers stand inside of one.
    fn first(text: &str, is_wanted: impl Fn(u8) -> bool) -> Self {
        let mut codes = Self::default();
        for word in
            text.split(|letter: char| letter.is_whitespace() || "\"'();,:<>[]".contains(letter))
        {
            let word = word.trim_start_matches('#');
            if let Some((status, end)) = Status::at_start(word) {
                let is_whole = word[end..].chars().all(|letter| !letter.is_alphanumeric());
                let is_it = is_whole && is_wanted(status.class);
                codes.status = codes.status.or(is_it.then_some(status));
            } else if let Some((reply, rest)) = reply_at_start(word)
                && is_wanted(if reply < 300 { 2 } else { 5 })
            {
                codes.reply = codes.reply.or(Some(reply));
                let status = Status::at_start(rest).map(|(status, _)| status);
                codes.status = codes.status.or(status);
            }
            if codes.reply.is_some() && codes.status.is_some() {
                break;
            }
        }
        codes
    }

    /// These, and where one is missing, the other ones.
    pub(super) fn or(self, other: Self) -> Self {
        Self { reply: self.reply.or(other.reply), status: self.status.or(other.status) }
    }
}

/// The reply code that a word consists of, and what follows its hyphen in an answer of several lines.
fn reply_at_start(word: &str) -> Option<(u16, &str)> {
    let (digits, rest) = word.split_at_checked(3)?;
    let is_code =
        digits.starts_with(['2', '4', '5']) && digits.bytes().all(|it| it.is_ascii_digit());
    let rest = match rest.strip_prefix('-') {
        Some(more) => more,
        None if rest.is_empty() || rest == "." => "",
        None => return None,
    };
    // The lowest and highest second digits that RFC 5321 knows.
    let second_is_known = matches!(digits.as_bytes()[1], b'0'..=b'5');
    (is_code && second_is_known).then(|| digits.parse().ok().map(|code| (code, rest)))?
}

/// The command that an answer was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The connection itself, or the greeting.
    Greeting,
    /// The sender of the envelope.
    Mail,
    /// A recipient of the envelope.
    Recipient,
    /// The content.
    Data,
}

impl Command {
    /// The last command that a report names: by Postfix in brackets, by others on a line of its own.
    pub(super) fn of(text: &str) -> Option<Self> {
        let lower = super::normal(text);
        let (mut last, mut at) = (None, 0);
        for (mark, command) in COMMANDS {
            let found = lower.rfind(mark);
            if let Some(found) = found
                && (last.is_none() || at < found)
            {
                (last, at) = (Some(*command), found);
            }
        }
        last
    }
}

/// How reports name the command that was answered, in lower case.
const COMMANDS: &[(&str, Command)] = &[
    ("in reply to mail from", Command::Mail),
    ("in reply to rcpt to", Command::Recipient),
    ("in reply to data", Command::Data),
    ("in reply to end of data", Command::Data),
    ("in reply to helo", Command::Greeting),
    ("in reply to ehlo", Command::Greeting),
    (">>> mail from", Command::Mail),
    (">>> rcpt to", Command::Recipient),
    (">>> data", Command::Data),
    (">>> ehlo", Command::Greeting),
    (">>> helo", Command::Greeting),
    ("after mail from", Command::Mail),
    ("after rcpt to", Command::Recipient),
    ("after data", Command::Data),
    ("after end of data", Command::Data),
    ("after pipelined data", Command::Data),
    ("after initial connection", Command::Greeting),
    ("after helo", Command::Greeting),
    ("after ehlo", Command::Greeting),
    ("did not like our final data", Command::Data),
    ("did not like our data", Command::Data),
    ("did not like our rcpt to", Command::Recipient),
    ("did not like our mail from", Command::Mail),
    ("smtp command data", Command::Data),
    ("smtp command rcpt", Command::Recipient),
    ("state 18", Command::Data),
    ("state 17", Command::Data),
    ("state 14", Command::Recipient),
    ("state 13", Command::Mail),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_an_answer_puts_them() {
        let codes = |text| {
            let codes = Codes::of(text);
            (codes.reply, codes.status.map(|status| status.to_string()))
        };
        let some = |reply: u16, status: &str| (Some(reply), Some(status.to_owned()));
        assert_eq!(codes("smtp; 550 5.1.1 <a@b.example>... User Unknown"), some(550, "5.1.1"));
        assert_eq!(codes("smtp;550-5.7.26 Unauthenticated"), some(550, "5.7.26"));
        assert_eq!(codes("host mx[192.0.2.5] said: 452 4.3.2 (slow)"), some(452, "4.3.2"));
        assert_eq!(codes("550-'5.2.2 <a@b.example>... Full'"), some(550, "5.2.2"));
        assert_eq!(codes("said: 550 Unknown user. (#5.5.0)"), some(550, "5.5.0"));
        assert_eq!(codes("192.0.2.45 at 10.15 after 3600 s, room 5500"), (None, None));
        assert_eq!(codes("expired after 420 minutes, 4.4.7"), some(420, "4.4.7"));
    }

    #[test]
    fn the_last_command_counts() {
        assert_eq!(Command::of("(in reply to RCPT TO\n    command)"), Some(Command::Recipient));
        assert_eq!(
            Command::of(">>> RCPT To:<a@b.example>\n<<< 250 ok\n>>> DATA"),
            Some(Command::Data)
        );
        assert_eq!(Command::of("no word of it"), None);
    }
}
