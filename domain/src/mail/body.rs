//! The visible text of a message.
//!
//! The plain part is what a mail program shows to those who want no markup, and it cannot hide
//! anything but characters without a shape; those are dropped here. HTML is only read where there
//! is no plain text, by [`super::html`].

use super::{
    BODY_BYTES_MAX, Link, header,
    html::{self, Document},
    link,
    part::Part,
};

/// What a message shows, and what it does not.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Its visible text.
    pub(super) text: String,
    /// What stands in it and nobody sees.
    pub(super) hidden: String,
    /// Where its links lead.
    pub(super) links: Vec<Link>,
}

/// The text of a message: its inline text parts in order, and of alternatives the plain one if it
/// has any words.
///
/// Markup beside a plain text is looked through all the same, for what it hides and where it leads.
pub(super) fn read(parts: &[Part<'_>]) -> Body {
    let mut body = Body::default();
    let mut pieces: Vec<(Option<usize>, bool, String)> = Vec::new();
    let mut length = 0;
    for part in parts.iter().filter(|part| part.is_inline) {
        if BODY_BYTES_MAX < length {
            break;
        }
        let is_plain = match part.content_type.name.as_str() {
            "text/plain" => true,
            "text/html" => false,
            _ => continue,
        };
        let has_plain = |(alternative, is_plain, _): &(Option<usize>, bool, String)| {
            *is_plain && alternative.is_some() && *alternative == part.alternative
        };
        let is_read = !is_plain && pieces.iter().any(has_plain);
        let text = if is_plain {
            let text = part.text();
            body.hide(&tagged(&text));
            clean(&text)
        } else {
            let Document { text, hidden, links } = html::read(&part.text());
            body.hide(&hidden);
            body.links.extend(links);
            clean(&text)
        };
        if is_read {
            continue;
        }
        if text.trim().is_empty() {
            continue;
        }
        if is_plain && part.alternative.is_some() {
            pieces
                .retain(|(alternative, is_plain, _)| *is_plain || *alternative != part.alternative);
        }
        length += text.len();
        pieces.push((part.alternative, is_plain, text));
    }
    let texts: Vec<String> = pieces.into_iter().map(|(_, _, text)| text).collect();
    let joined = texts.join("\n");
    body.text = header::clip(&joined, BODY_BYTES_MAX).to_owned();
    link::add_plain(&mut body.links, &body.text);
    body.links.truncate(link::LINKS_MAX);
    body
}

impl Body {
    fn hide(&mut self, text: &str) {
        if !text.is_empty() && self.hidden.len() < HIDDEN_BYTES_MAX {
            if !self.hidden.is_empty() {
                self.hidden.push(' ');
            }
            self.hidden.push_str(header::clip(text, HIDDEN_BYTES_MAX));
        }
    }
}

/// Most hidden text that is kept, in bytes.
const HIDDEN_BYTES_MAX: usize = 16 * 1024;

/// What is written in letters without a shape that stand for ASCII (Unicode's tags): whole orders
/// to a machine, of which a person sees nothing.
fn tagged(text: &str) -> String {
    if text.is_ascii() {
        return String::new();
    }
    let ascii = |letter: char| match letter {
        '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(letter) - 0xe_0000),
        _ => None,
    };
    text.chars().filter_map(ascii).take(HIDDEN_BYTES_MAX).collect()
}

/// The characters that a reader sees, with every kind of space as a space and every kind of line
/// end as `\n`.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter_map(|letter| match letter {
        '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
        '\t'
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => Some(' '),
        letter if letter.is_control() || has_no_shape(letter) => None,
        letter => Some(letter),
    })
}

/// Characters that take no room or turn the direction of others: they split words for a rule and
/// not for an eye, or carry whole sentences that only a machine reads.
const fn has_no_shape(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Line ends as `\n`, no invisible characters, no blanks at the ends of lines.
fn clean(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    // Most mails hold nothing that could be invisible.
    let is_plain = unix.bytes().all(|byte| byte == b'\n' || matches!(byte, b' '..=b'~'));
    let visible = if is_plain {
        header::clip(&unix, BODY_BYTES_MAX).to_owned()
    } else {
        visible(&unix).take(BODY_BYTES_MAX).collect()
    };
    let mut cleaned = String::with_capacity(visible.len());
    for line in visible.split_inclusive('\n') {
        // The two dashes of a signature mark keep their blank (RFC 3676, §4.3).
        let is_mark = line.trim_end_matches('\n') == "-- ";
        cleaned.push_str(if is_mark { "-- " } else { line.trim_end() });
        if line.ends_with('\n') {
            cleaned.push('\n');
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::super::{header::Fields, part};
    use super::*;

    fn body(raw: &str) -> String {
        let (fields, start) = Fields::split(raw.as_bytes());
        read(&part::leaves(&fields, &raw.as_bytes()[start..])).text
    }

    fn alternatives(plain: &str, html: &str) -> String {
        format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{plain}\n--b\n\
             Content-Type: text/html\n\n{html}\n--b--\n"
        )
    }

    #[test]
    fn plain_text_is_preferred_if_it_has_words() {
        assert_eq!(body(&alternatives("plain", "<p>rich</p>")), "plain");
        assert_eq!(body(&alternatives(" \u{200b} \n", "<p>rich</p>")), "rich");
        assert_eq!(body("Content-Type: text/html\n\n<p>rich</p>"), "rich");
    }

    #[test]
    fn inline_parts_are_joined_and_files_are_not() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\
            Content-Disposition: attachment; filename=f.txt\n\nfile\n--b\nContent-Type: \
            text/calendar\n\nx\n\
            --b\n\ntwo\n--b--";
        assert_eq!(body(raw), "one\ntwo");
    }

    #[test]
    fn what_cannot_be_seen_is_not_there() {
        assert_eq!(
            clean("c\u{200b}a\u{202e}ll \u{e0041}me\r\n-- \r\nx  \ry\u{a0}z"),
            "call me\n-- \nx\ny z"
        );
        assert_eq!(clean("tab\there\u{0}"), "tab here");
    }

    #[test]
    fn the_text_is_cut_on_a_character() {
        let raw =
            format!("Content-Type: text/plain; charset=utf-8\n\na{}", "é".repeat(BODY_BYTES_MAX));
        let text = body(&raw);
        assert!(text.len() <= BODY_BYTES_MAX && BODY_BYTES_MAX < text.len() + 2);
    }
}
