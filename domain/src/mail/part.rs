//! The parts of a message (RFC 2046), found in one pass over its lines.
//!
//! A general parser looks for each boundary to the end of the message and nests as deep as the
//! sender likes, so that a message of the allowed size can cost hours or the stack. Here depth and
//! number are bounded, and an attached message is a leaf: what it says was not said by this sender.

use mail_parser::decoders::{base64::base64_decode, charsets::map::charset_decoder};

use super::{
    header::{Fields, line_at},
    structured::Structured,
};

/// Multiparts inside each other that are followed; real mail has four or five.
const DEPTH_MAX: usize = 16;
/// Parts that are looked at; a message with more is an archive, and its text stands at the
/// beginning.
const PARTS_MAX: usize = 200;
/// Bytes of one text part that are decoded: markup around the text that is kept may be much longer
/// than the text.
const TEXT_PART_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a part says that it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `type/subtype`, lower-cased; `text/plain` if nothing was said.
    pub(super) name: String,
    /// How the bytes spell letters.
    charset: Option<String>,
    boundary: Option<String>,
    /// `report-type` of a multipart/report (RFC 6522), lower-cased.
    pub(super) report_type: Option<String>,
    /// A file name was given, so it is an attachment whatever else it says.
    has_name: bool,
}

/// A part that is not a multipart.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// What it says that it is.
    pub(super) content_type: ContentType,
    /// Its bytes, still encoded for transfer.
    raw: &'a [u8],
    encoding: String,
    /// Shown in place, not offered as a file.
    pub(super) is_inline: bool,
    /// The outermost multipart/alternative that it stands in, numbered in order.
    pub(super) alternative: Option<usize>,
}

impl ContentType {
    /// Reads the Content-Type of a header block.
    pub(super) fn of(fields: &Fields<'_>, default: &str) -> Self {
        let value = Structured::parse(&fields.first("content-type").unwrap_or_default());
        let head = value.head();
        let boundary = value.parameter("boundary").filter(|boundary| !boundary.is_empty());
        // Without the mark between its parts, a multipart is one text.
        let is_whole = head.starts_with("multipart/") && boundary.is_none();
        // A bare word such as `text` is what programs wrote before there was a standard.
        let name = if head.contains('/') && !is_whole { head } else { default.to_owned() };
        let parameter = |name| value.parameter(name).map(str::to_owned);
        Self {
            name,
            charset: parameter("charset"),
            boundary: boundary.map(str::to_owned),
            report_type: parameter("report-type").map(|text| text.to_ascii_lowercase()),
            has_name: parameter("name").is_some(),
        }
    }
}

impl Part<'_> {
    /// The bytes as they were before they were encoded for transfer.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let raw = &self.raw[..self.raw.len().min(TEXT_PART_BYTES_MAX)];
        match self.encoding.as_str() {
            "base64" => decode_base64(raw),
            "quoted-printable" => decode_quoted_printable(raw),
            _ => raw.to_vec(),
        }
    }

    /// The text of this part.
    pub(super) fn text(&self) -> String {
        let bytes = self.bytes();
        let charset = self.content_type.charset.as_deref().unwrap_or("utf-8").to_ascii_lowercase();
        // Mail that says nothing, or says ASCII, is UTF-8 more often than anything else if it can
        // be.
        let may_be_utf8 = matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii");
        // In seven bits nothing else is written: what has eight is not what it says.
        let has_seven_bits = charset.starts_with("iso-2022-") || charset == "utf-7";
        match String::from_utf8(bytes) {
            Ok(text) if may_be_utf8 || has_seven_bits && !text.is_ascii() => text,
            Ok(text) if text.is_empty() => text,
            Ok(text) => decode(&charset, text.as_bytes()),
            Err(error) => decode(&charset, error.as_bytes()),
        }
    }
}

/// The leaves of a message in order, bounded in depth and number.
pub(super) fn leaves<'a>(fields: &Fields<'_>, body: &'a [u8]) -> Vec<Part<'a>> {
    let mut walk =
        Walk { body, open: Vec::new(), leaves: Vec::new(), current: None, alternatives: 0 };
    walk.enter(fields, 0, "text/plain");
    let mut at = 0;
    while at < body.len() && !walk.open.is_empty() && walk.leaves.len() < PARTS_MAX {
        let (line, next) = line_at(body, at);
        at = match walk.delimiter(line) {
            None => next,
            Some((depth, is_close)) => walk.cross(depth, is_close, at, next),
        };
    }
    // Past the bound on parts the last one ends where the reading stopped.
    walk.leave(if walk.open.is_empty() { body.len() } else { at.min(body.len()) });
    if walk.leaves.is_empty() && !body.trim_ascii().is_empty() {
        // The mark between the parts is not the one that was announced: what is there is one text.
        let content_type = ContentType { name: "text/plain".to_owned(), ..ContentType::default() };
        let encoding = String::new();
        walk.leaves.push(Part {
            content_type,
            raw: body,
            encoding,
            is_inline: true,
            alternative: None,
        });
    }
    walk.leaves
}

/// A multipart whose parts are being read.
struct Open {
    boundary: String,
    alternative: Option<usize>,
    is_digest: bool,
}

struct Walk<'a> {
    body: &'a [u8],
    open: Vec<Open>,
    leaves: Vec<Part<'a>>,
    /// The leaf being read and where its bytes begin.
    current: Option<(Part<'a>, usize)>,
    alternatives: usize,
}

impl Walk<'_> {
    /// Begins the part whose header block was just read.
    fn enter(&mut self, fields: &Fields<'_>, start: usize, default: &str) {
        let content_type = ContentType::of(fields, default);
        let alternative = self.open.last().and_then(|open| open.alternative);
        let is_multipart = content_type.name.starts_with("multipart/");
        if let Some(boundary) = content_type.boundary.clone().filter(|_| is_multipart)
            && self.open.len() < DEPTH_MAX
        {
            let is_alternative = content_type.name == "multipart/alternative";
            let alternative = alternative.or_else(|| is_alternative.then_some(self.alternatives));
            self.alternatives += usize::from(is_alternative);
            let is_digest = content_type.name == "multipart/digest";
            self.open.push(Open { boundary, alternative, is_digest });
            return;
        }
        let disposition =
            Structured::parse(&fields.first("content-disposition").unwrap_or_default());
        let is_file = content_type.has_name
            || disposition.head() == "attachment"
            || disposition.parameter("filename").is_some();
        let encoding = fields.first("content-transfer-encoding").unwrap_or_default();
        let part = Part {
            content_type,
            raw: &[],
            encoding: Structured::parse(&encoding).head(),
            is_inline: self.open.is_empty() || !is_file,
            alternative,
        };
        self.current = Some((part, start));
    }

    /// Which open multipart a line delimits, and whether it closes it (RFC 2046, §5.1.1).
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().find_map(|(depth, open)| {
            match text.strip_prefix(open.boundary.as_bytes())? {
                b"" => Some((depth, false)),
                b"--" => Some((depth, true)),
                _ => None,
            }
        })
    }

    /// Crosses a delimiter line: ends what it ends, begins the next part, and says where to read
    /// on.
    fn cross(&mut self, depth: usize, is_close: bool, line_start: usize, line_end: usize) -> usize {
        self.leave(line_start);
        if is_close {
            self.open.truncate(depth);
            return if self.open.is_empty() { self.body.len() } else { line_end };
        }
        self.open.truncate(depth + 1);
        let is_digest = self.open.last().is_some_and(|open| open.is_digest);
        let default = if is_digest { "message/rfc822" } else { "text/plain" };
        let (fields, length) = Fields::split(self.body.get(line_end..).unwrap_or_default());
        let start = line_end + length;
        self.enter(&fields, start, default);
        start
    }

    /// Ends the leaf being read; the line end before a delimiter belongs to the delimiter.
    fn leave(&mut self, end: usize) {
        let Some((mut part, start)) = self.current.take() else { return };
        let raw = self.body.get(start..end).unwrap_or_default();
        let raw = if self.open.is_empty() { raw } else { raw.strip_suffix(b"\n").unwrap_or(raw) };
        part.raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        self.leaves.push(part);
    }
}

fn decode(charset: &str, bytes: &[u8]) -> String {
    match charset_decoder(charset.as_bytes()) {
        Some(decoder) if !bytes.is_empty() => decoder(bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Decodes what belongs to the alphabet: list servers append plain footers to encoded text.
fn decode_base64(raw: &[u8]) -> Vec<u8> {
    let in_alphabet =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let letters: Vec<u8> = raw.iter().copied().filter(in_alphabet).collect();
    base64_decode(&letters).unwrap_or_default()
}

/// Decodes RFC 2045, §6.7, and leaves an escape that is none as it stands.
fn decode_quoted_printable(raw: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        at += 1;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        if let Some(length) = soft_break(&raw[at..]) {
            at += length;
        } else if let (Some(high), Some(low)) = (hex(raw.get(at)), hex(raw.get(at + 1))) {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 2;
        } else {
            decoded.push(b'=');
        }
    }
    decoded
}

/// Blanks that may follow the equals sign of a soft line break. Transports add a few; without a
/// bound, a hostile line would be measured again from each of its equals signs.
const SOFT_BREAK_BLANKS_MAX: usize = 80;

/// The length of what follows the equals sign of a soft line break, if it is one.
fn soft_break(after: &[u8]) -> Option<usize> {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
    let blanks = after.iter().take(SOFT_BREAK_BLANKS_MAX).take_while(is_blank).count();
    match after.get(blanks) {
        None => Some(blanks),
        Some(b'\n') => Some(blanks + 1),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(raw: &str) -> Vec<(String, String, bool, Option<usize>)> {
        let (fields, body) = Fields::split(raw.as_bytes());
        leaves(&fields, &raw.as_bytes()[body..])
            .iter()
            .map(|part| {
                (part.content_type.name.clone(), part.text(), part.is_inline, part.alternative)
            })
            .collect()
    }

    #[test]
    fn finds_nested_parts_and_ends_them_where_the_outer_one_ends() {
        let raw = "Content-Type: multipart/mixed; boundary=out\n\npreamble\n--out\n\
            Content-Type: multipart/alternative; boundary=\"out in\"\n\n--out in\n\none\r\n--out \
            in\n\
            Content-Type: text/html\n\n<p>two\n--out\nContent-Type: text/plain; name=x.txt\n\n\
            three\n\
            --out\nContent-Type: message/rfc822\n\nSubject: x\n\nfour\n--out--\n--out\n\nepilogue";
        let text = |name: &str, text: &str, inline, alternative| {
            (name.to_owned(), text.to_owned(), inline, alternative)
        };
        assert_eq!(
            parts(raw),
            [
                text("text/plain", "one", true, Some(0)),
                text("text/html", "<p>two", true, Some(0)),
                text("text/plain", "three", false, None),
                text("message/rfc822", "Subject: x\n\nfour", true, None),
            ]
        );
    }

    #[test]
    fn decodes_what_can_be_decoded() {
        let table = [
            ("quoted-printable", "utf-8", "caf=C3=A9 =3D =zz a=\n b= \nc", "café = =zz a bc"),
            ("base64", "utf-8", "Y2Fmw6k=\n--footer!", "café"),
            ("8bit", "iso-8859-1", "plain", "plain"),
            ("quoted-printable", "windows-1252", "=80 5", "€ 5"),
            ("quoted-printable", "no-such-charset", "=C3=A9", "é"),
            ("quoted-printable", "us-ascii", "=C3=A9", "é"),
        ];
        for (encoding, charset, body, expected) in table {
            let raw = format!(
                "Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: \
                    {encoding}\n\n{body}"
            );
            let text = parts(&raw).remove(0).1;
            assert!(text.starts_with(expected), "{encoding} {charset}: {text:?}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested: String = (0..1_000)
            .map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"))
            .collect();
        assert!(parts(&nested).len() <= 1);
        let many =
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(5_000));
        assert!(parts(&many).len() <= PARTS_MAX + 1);
    }
}
