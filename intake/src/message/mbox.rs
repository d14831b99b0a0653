//! An mbox file as a stream of messages.
//!
//! A message begins after a line with `From `, an address and a time, at the start of the file or below an
//! empty line. Lines of a message that begin like that were quoted with `>` when they were written (mboxrd).

use std::io::{self, BufRead, BufReader, Read};

use super::origin::Content;

/// What the line between two messages begins with.
pub(super) const SEPARATOR: &[u8] = b"From ";
/// Longest piece of a line that is looked at at a time; mail has lines of at most 998 bytes (RFC 5322).
const PIECE_BYTES_MAX: u64 = 64 * 1024;

/// Reads the messages of an mbox.
pub(super) struct MboxReader<R> {
    input: BufReader<R>,
    piece: Vec<u8>,
    message_bytes_max: usize,
    line: u64,
    bytes_read: u64,
    /// The line of the message that is being read, once a first one has begun.
    began_on: Option<u64>,
    is_below_empty_line: bool,
}

impl<R: Read> MboxReader<R> {
    /// A reader of messages of at most that many bytes.
    pub fn new(input: R, message_bytes_max: usize) -> Self {
        Self {
            input: BufReader::new(input),
            piece: Vec::new(),
            message_bytes_max,
            line: 0,
            bytes_read: 0,
            began_on: None,
            is_below_empty_line: true,
        }
    }

    /// Bytes that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next message, with the line that its separator stands on.
    pub fn next_message(&mut self) -> io::Result<Option<(u64, Content)>> {
        let mut message = Vec::new();
        let mut is_too_large = false;
        let mut is_line_start = true;
        loop {
            self.piece.clear();
            let mut limited = (&mut self.input).take(PIECE_BYTES_MAX);
            let read = limited.read_until(b'\n', &mut self.piece)?;
            self.bytes_read += read as u64;
            if read == 0 {
                let began_on = self.began_on.take();
                return Ok(began_on.map(|line| (line, finished(message, is_too_large))));
            }
            self.line += u64::from(is_line_start);
            if is_line_start && self.is_below_empty_line && is_separator(&self.piece) {
                self.is_below_empty_line = false;
                if let Some(line) = self.began_on.replace(self.line) {
                    return Ok(Some((line, finished(message, is_too_large))));
                }
                continue;
            }
            let text = if is_line_start { unquoted(&self.piece) } else { &self.piece };
            if self.message_bytes_max < message.len() + text.len() {
                is_too_large = true;
                message = Vec::new();
            } else if !is_too_large {
                message.extend_from_slice(text);
            }
            self.is_below_empty_line = is_line_start && matches!(&self.piece[..], b"\n" | b"\r\n");
            is_line_start = self.piece.ends_with(b"\n");
        }
    }
}

/// Whether a line stands between two messages: it begins like one and names a time of day.
///
/// The time keeps a sentence such as "From here on …" from cutting a message that nobody quoted.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(SEPARATOR) else { return false };
    rest.windows(5)
        .any(|part| part[2] == b':' && [0, 1, 3, 4].iter().all(|at| part[*at].is_ascii_digit()))
}

/// A line as it was before it was quoted: `>From ` and `>>From ` lose one mark.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    if 0 < marks && line[marks..].starts_with(SEPARATOR) { &line[1..] } else { line }
}

/// A message without the empty line that the format puts below each.
fn finished(mut message: Vec<u8>, is_too_large: bool) -> Content {
    if is_too_large {
        return Content::TooLarge;
    }
    for (ends, added) in [(b"\r\n\r\n".as_slice(), 2), (b"\n\n".as_slice(), 1)] {
        if message.ends_with(ends) {
            message.truncate(message.len() - added);
            break;
        }
    }
    Content::Bytes(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, message_bytes_max: usize) -> Vec<(u64, Option<String>)> {
        let mut reader = MboxReader::new(text.as_bytes(), message_bytes_max);
        let mut found = Vec::new();
        while let Some((line, content)) = reader.next_message().unwrap() {
            let text = match content {
                Content::Bytes(bytes) => Some(String::from_utf8(bytes).unwrap()),
                Content::TooLarge => None,
                Content::Unreadable(because) => panic!("{because}"),
            };
            found.push((line, text));
        }
        assert_eq!(reader.bytes_read(), text.len() as u64);
        found
    }

    #[test]
    fn messages_are_told_apart_and_unquoted() {
        let text = "From ada@example.com Thu Nov 19 10:00:00 2026\nSubject: a\n\n\
                    >From the start\n>>From further back\nFrom here on\n\nFrom now on\n\n\
                    From MAILER-DAEMON Thu Nov 19 10:05:00 2026\nSubject: b\n\nlast\n";
        let expected = [
            (
                1,
                Some(
                    "Subject: a\n\nFrom the start\n>From further back\nFrom here on\n\nFrom now on\n"
                        .to_owned(),
                ),
            ),
            (10, Some("Subject: b\n\nlast\n".to_owned())),
        ];
        assert_eq!(messages(text, 1_000), expected);
        assert_eq!(messages(&text.replace('\n', "\r\n"), 1_000).len(), 2);
    }

    #[test]
    fn a_message_beyond_the_limit_costs_only_itself() {
        let text = format!(
            "From a@b Thu Nov 19 10:00:00 2026\n\n{}\n\nFrom a@b Thu Nov 19 10:00:00 2026\nX: y\n\nz\n",
            "x".repeat(200_000)
        );
        let expected = [(1, None), (5, Some("X: y\n\nz\n".to_owned()))];
        assert_eq!(messages(&text, 1_000), expected);
    }

    #[test]
    fn an_empty_message_is_still_a_message() {
        let line = "From a@b Thu Nov 19 10:00:00 2026\n";
        assert_eq!(messages(&format!("{line}\n{line}"), 10).len(), 2);
    }
}
