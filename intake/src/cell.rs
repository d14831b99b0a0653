//! What the text of a cell may not be.
//!
//! What lives here: encoding, formulas, control characters and length, the same for every column.
//! What does not: what the text means in its column.

use std::borrow::Cow;

use crate::fault::shown;

/// Why a cell is refused, and the way out; the caller knows the field.
pub(crate) type Refusal = (String, String);

/// The text of a cell, trimmed; `None` when it is one of the words for nothing.
pub(crate) fn text<'a>(bytes: &'a [u8], nulls: &[String]) -> Result<Option<&'a str>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        (
            format!(
                "holds bytes that are not text in the file's encoding, after `{}`",
                shown(&before)
            ),
            "save the file as UTF-8, or set encoding in the map, such as \"windows-1252\""
                .to_owned(),
        )
    })?;
    let text = text.trim();
    let is_nothing = text.is_empty() || nulls.iter().any(|null| null == text);
    Ok((!is_nothing).then_some(text))
}

/// Refuses what a spreadsheet would run, what no screen shows, and what is longer than it can mean.
///
/// Line breaks and tabs become single spaces: they come from spreadsheets, and a name has one line.
pub(crate) fn clean(text: &str, chars_max: usize) -> Result<Cow<'_, str>, Refusal> {
    if looks_like_formula(text) {
        return Err((
            format!("`{}` looks like a formula, which a spreadsheet would run", shown(text)),
            "put the value in its place, or begin the text with a letter".to_owned(),
        ));
    }
    let mut has_breaks = false;
    for one in text.chars() {
        match one {
            '\n' | '\r' | '\t' => has_breaks = true,
            one if one.is_control() || is_direction_control(one) => {
                return Err((
                    format!("holds the control character U+{:04X}", u32::from(one)),
                    "remove it: it cannot be seen and may hide what the text says".to_owned(),
                ));
            }
            _ => {}
        }
    }
    if chars_max < text.len() && chars_max < text.chars().count() {
        return Err((
            format!("has {} characters, and {chars_max} are kept", text.chars().count()),
            "shorten it; is the column the right one, and every quote closed?".to_owned(),
        ));
    }
    if !has_breaks {
        return Ok(Cow::Borrowed(text));
    }
    Ok(Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Marks that change the direction of text can make it read as something else.
fn is_direction_control(one: char) -> bool {
    matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a spreadsheet would compute the cell instead of showing it.
///
/// A negative number, a telephone number and a list's dash are none of it.
pub(crate) fn looks_like_formula(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['=', '+', '-', '@']) else { return false };
    if text.starts_with('=') {
        return !rest.trim_start_matches(['=', ' ']).is_empty();
    }
    has_call(rest) || has_remote_call(rest) || begins_with_cell_and_operator(rest)
}

/// A name directly before a bracket, as in `SUM(` or `cmd|' /C calc'!A0(`.
fn has_call(text: &str) -> bool {
    text.match_indices('(')
        .any(|(at, _)| text[..at].ends_with(|one: char| one.is_ascii_alphabetic()))
}

/// The old way of having another program run: `program|'topic'!item`.
fn has_remote_call(text: &str) -> bool {
    text.split_once('|').is_some_and(|(_, topic)| topic.contains('!'))
}

/// `A1*2`, `$B$2+1`, `A1`: a place in a sheet, and nothing or something to compute with it.
fn begins_with_cell_and_operator(text: &str) -> bool {
    let text = text.trim_start_matches('$');
    let rest = text.trim_start_matches(|one: char| one.is_ascii_uppercase());
    let letters = text.len() - rest.len();
    let rest = rest.trim_start_matches('$');
    let after = rest.trim_start_matches(|one: char| one.is_ascii_digit());
    (1..=3).contains(&letters)
        && after.len() < rest.len()
        && (after.is_empty() || after.starts_with(['+', '-', '*', '/', '^', '&', ':', '!', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_text_that_begins_like_one() {
        for formula in [
            "=1+1",
            "=cmd|' /C calc'!A0",
            "= HYPERLINK(\"http://x\")",
            "+SUM(A1:A9)",
            "-2+3+cmd|' /C calc'!D2",
            "@SUM(1+9)",
            "+A1+B2",
            "-$B$2*3",
        ] {
            assert!(looks_like_formula(formula), "{formula}");
        }
        for text in [
            "+49 (0)30 123",
            "-5.20",
            "-",
            "- see notes",
            "@acme",
            "+1",
            "====",
            "-- none --",
            "A=1",
            "+49-30-1",
            "-A",
        ] {
            assert!(!looks_like_formula(text), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_and_line_breaks_become_spaces() {
        assert_eq!(clean("a\r\n\tb", 10).unwrap(), "a b");
        assert!(clean("a\u{0}b", 10).unwrap_err().0.contains("U+0000"));
        assert!(clean("pay\u{202e}dab", 10).unwrap_err().0.contains("U+202E"));
        assert!(clean("elf Zeichen", 10).unwrap_err().0.contains("11 characters"));
        assert_eq!(clean("zehn Zäune", 10).unwrap(), "zehn Zäune");
    }

    #[test]
    fn words_for_nothing_are_nothing() {
        let nulls = ["NULL".to_owned()];
        assert_eq!(text(b" NULL ", &nulls), Ok(None));
        assert_eq!(text(b"  ", &nulls), Ok(None));
        assert_eq!(text(b" null ", &nulls), Ok(Some("null")));
        assert!(text(b"M\xfcller", &nulls).unwrap_err().0.contains("after `M`"));
    }
}
