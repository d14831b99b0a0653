//! Imported text as a letter may show it: one line, visible, and no longer than its place.
//!
//! An imported name is data. Whatever stands in it, it cannot start a line, and so neither a header
//! nor a paragraph, and it cannot carry text that a person does not see but a program reads.

/// Longest name of a person, company, deal, quote or item that is shown; `…` marks a cut.
pub const NAME_CHARS_MAX: usize = 60;

/// A name as it may be shown, or what stands in for one with nothing to show.
pub(super) fn name_or(name: &str, stand_in: &str) -> String {
    let name = clean(name, NAME_CHARS_MAX);
    if name.is_empty() { stand_in.to_owned() } else { name }
}

/// One line of visible text: breaks and control characters become single spaces, hidden ones go.
pub(super) fn clean(text: &str, chars_max: usize) -> String {
    let visible: String = text
        .chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // Line and paragraph separators are white space to Unicode, so the split takes them out too.
    let words: Vec<&str> = visible.split_whitespace().collect();
    clip(&words.join(" "), chars_max)
}

/// Cuts a text to a number of characters, the mark of the cut included.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Characters that show nothing, or turn the reading direction of what follows.
///
/// The joiners U+200C and U+200D stay: Persian and several Indian scripts spell names with them.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_cut() {
        let table = [
            ("  Ada\t Byron ", "Ada Byron"),
            ("Ada\r\nBcc: eve@example.org", "Ada Bcc: eve@example.org"),
            ("Ada\u{2028}\u{2029}\u{85}Byron", "Ada Byron"),
            ("A\u{202e}d\u{200b}a\u{0}", "Ada"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("\u{feff}\u{7}\n", ""),
        ];
        for (name, expected) in table {
            assert_eq!(clean(name, NAME_CHARS_MAX), expected, "{name:?}");
        }
        assert_eq!(clean(&"x".repeat(60), NAME_CHARS_MAX), "x".repeat(60));
        assert_eq!(clean(&"é".repeat(61), NAME_CHARS_MAX), format!("{}…", "é".repeat(59)));
    }
}
