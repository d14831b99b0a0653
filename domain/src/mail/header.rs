//! The header block as bytes: fields in order, nothing merged, nothing tidied.
//!
//! Guards depend on which header stands topmost and on how often one occurs, and libraries smooth
//! exactly that away. What lives here is the splitting of RFC 5322 and the decoding of single
//! values; what a header means lives elsewhere.

use mail_parser::{DateTime, HeaderValue, parsers::MessageStream};

use crate::time::Timestamp;

/// Longest value of a header that is looked at, in bytes: some five hundred recipients. The rest of
/// a longer one is cut off, so a hostile header costs no more than an honest one.
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Longest value that is decoded as text (RFC 2047), in bytes: a subject or a name, not a document.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Longest message id, in bytes: RFC 5322 allows no longer line.
const MESSAGE_ID_BYTES_MAX: usize = 998;
/// Most message ids that are taken from one header: a thread longer than this is found by its
/// nearest messages.
const MESSAGE_IDS_MAX: usize = 200;

/// One header field.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

/// The fields of one header block, in order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    fields: Vec<Field<'a>>,
}

impl<'a> Fields<'a> {
    /// Splits a message or a part into its header block and the offset of what follows.
    ///
    /// A line that is no header (such as the `From ` line of an mbox file) is passed over together
    /// with its folds.
    pub(super) fn split(raw: &'a [u8]) -> (Self, usize) {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut at = 0;
        let mut value_start = None;
        while at < raw.len() {
            let (line, next) = line_at(raw, at);
            if line.is_empty() {
                return (Self { fields }, next);
            }
            if matches!(line.first(), Some(b' ' | b'\t')) {
                if let (Some(start), Some(field)) = (value_start, fields.last_mut()) {
                    field.value = raw.get(start..at + line.len()).unwrap_or_default();
                }
            } else if let Some((name, value)) = name_and_value(line) {
                value_start = Some(at + line.len() - value.len());
                fields.push(Field { name, value });
            } else {
                value_start = None;
            }
            at = next;
        }
        (Self { fields }, raw.len())
    }

    /// Whether there is none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Every value of a header, topmost first, unfolded and at most [`VALUE_BYTES_MAX`] long.
    /// `name` is lower-case.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = String> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| unfold(field.value))
    }

    /// The topmost value of a header, unfolded.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        self.all(name).next()
    }

    /// Whether a header occurs.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether a header occurs whose name begins like this.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.fields.iter().any(|field| {
            let start = field.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    }
}

/// The line at an offset without its end, and the offset of the next one.
pub(super) fn line_at(raw: &[u8], at: usize) -> (&[u8], usize) {
    let rest = raw.get(at..).unwrap_or_default();
    let (line, next) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], at + end + 1),
        None => (rest, raw.len()),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), next)
}

/// Decodes RFC 2047 words and leaves one clean line of text; `None` if nothing visible remains.
pub(super) fn decode_text(value: &str) -> Option<String> {
    let mut line = clip(value, TEXT_BYTES_MAX).to_owned();
    line.push('\n');
    let decoded = match MessageStream::new(line.as_bytes()).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    };
    let visible: String = super::body::visible(&decoded).collect();
    let text = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// The message ids of a value, in order, without their angle brackets.
///
/// Some programs leave the brackets out, so a value that is one bare word counts as an id.
pub(super) fn message_ids(value: &str) -> Vec<String> {
    let plausible = |id: &&str| {
        !id.is_empty()
            && id.len() <= MESSAGE_ID_BYTES_MAX
            && !id.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    };
    let bracketed = value.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let mut ids: Vec<String> = bracketed
        .map(|(id, _)| id.trim())
        .filter(plausible)
        .take(MESSAGE_IDS_MAX)
        .map(str::to_owned)
        .collect();
    if ids.is_empty() && !value.contains(['<', '>']) {
        ids.extend(Some(value.trim()).filter(plausible).map(str::to_owned));
    }
    ids
}

/// The moment of a Date header, and how many seconds east of Greenwich its clock is.
pub(super) fn moment(value: &str) -> Option<(Timestamp, i32)> {
    let date = DateTime::parse_rfc822(clip(value, TEXT_BYTES_MAX)).filter(DateTime::is_valid)?;
    let seconds = i32::from(date.tz_hour) * 3_600 + i32::from(date.tz_minute) * 60;
    let east = if date.tz_before_gmt { -seconds } else { seconds };
    Some((Timestamp::from_timestamp(date.to_timestamp(), 0)?, east))
}

/// The beginning of a text, at most `bytes_max` long, cut on a character boundary.
pub(super) fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// A field's name is visible ASCII up to the colon (RFC 5322, §2.2); older mail has spaces before
/// the colon.
fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then_some((name, &line[colon + 1..]))
}

/// Joins folded lines (RFC 5322, §2.2.3); bytes that are not UTF-8 become replacement characters.
fn unfold(value: &[u8]) -> String {
    let value = &value[..value.len().min(VALUE_BYTES_MAX)];
    let lines: Vec<&[u8]> = value
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    String::from_utf8_lossy(&lines.concat()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_folds() {
        let raw = b"From someone Mon Jan 1 12:00:00 2026\n folded junk\nA: one\r\n two\r\na : \
            three\nB:\n\nC: body";
        let (fields, body) = Fields::split(raw);
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["one two", "three"]);
        assert_eq!(fields.first("b").as_deref(), Some(""));
        assert!(!fields.has("c") && fields.has_prefix("B"));
        assert_eq!(&raw[body..], b"C: body");
    }

    #[test]
    fn no_header_is_no_header() {
        for raw in
            [&b""[..], b"\n", b"just text\nand more", b" A: folded under nothing\n", b"\xff: x\n"]
        {
            assert!(Fields::split(raw).0.is_empty(), "{raw:?}");
        }
    }

    #[test]
    fn ids_dates_and_words_are_read_or_left_alone() {
        assert_eq!(message_ids("<a@x.example> junk <b@x.example>"), ["a@x.example", "b@x.example"]);
        assert_eq!(message_ids(" bare@x.example "), ["bare@x.example"]);
        assert!(message_ids("two words").is_empty() && message_ids("<unclosed").is_empty());
        let at = |text| moment(text).map(|(at, _)| at.to_rfc3339());
        assert_eq!(
            at("Mon, 2 Mar 2026 18:22:10 +0400 (MSK)").as_deref(),
            Some("2026-03-02T14:22:10+00:00")
        );
        assert_eq!(at("yesterday"), None);
        assert_eq!(
            decode_text("=?utf-8?q?Gr=C3=BC=C3=9Fe?=\u{200b}  an alle").as_deref(),
            Some("Grüße an alle")
        );
        assert_eq!(decode_text(" \u{202e} "), None);
    }
}
