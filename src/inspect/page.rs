//! A text for eyes: each line with whose it is, and below it what was found in its words.

use domain::mail::Span;

/// Most lines of a text that are shown.
const LINES_MAX: usize = 300;
/// Most columns of a line that are shown.
const COLUMNS_MAX: usize = 200;

/// Words of a text, and what they were taken for.
pub struct Mark {
    pub span: Span,
    pub label: String,
}

/// Prints a text line by line, with `whose` of each in the margin and the marks below. A line is
/// told by its number from zero and by where its words stand.
pub fn print(text: &str, whose: impl Fn(u32, Span) -> &'static str, marks: &[Mark]) -> String {
    let mut page = String::new();
    let mut start = 0;
    let count = text.lines().count();
    for (line, number) in text.lines().zip(0_u32..).take(LINES_MAX) {
        let words = line.trim();
        let begin = start + (line.len() - line.trim_start().len());
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span { start: offset(begin), end: offset(begin + words.len()) };
        let margin = if words.is_empty() { "" } else { whose(number, span) };
        page.push_str(&format!("{margin:>4} | {}\n", harmless(line)));
        for mark in marks {
            if let Some(row) = row(line, start, mark) {
                page.push_str(&format!("     | {row}\n"));
            }
        }
        start += line.len() + 1;
    }
    if LINES_MAX < count {
        page.push_str(&format!("     | … and {} lines more\n", count - LINES_MAX));
    }
    page
}

/// The words of a line that a mark is about, underlined; the label stands where they begin.
fn row(line: &str, start: usize, mark: &Mark) -> Option<String> {
    let (from, to) = (usize::try_from(mark.span.start).ok()?, usize::try_from(mark.span.end).ok()?);
    let end = start + line.len();
    if to <= start || end <= from {
        return None;
    }
    let before = line.get(..from.saturating_sub(start))?.chars().count();
    let words = line.get(from.max(start) - start..to.min(end) - start)?;
    let words = words.trim_end().chars().count();
    if COLUMNS_MAX < before || words == 0 {
        return None;
    }
    let label = if start <= from { mark.label.as_str() } else { "" };
    let underlined = "~".repeat(words.min(COLUMNS_MAX - before.min(COLUMNS_MAX - 1)));
    Some(format!("{}{underlined} {label}", " ".repeat(before)).trim_end().to_owned())
}

/// What a terminal would obey is shown as what it is: a stranger's text.
pub fn harmless(line: &str) -> String {
    line.chars()
        .map(|letter| match letter {
            '\t' => ' ',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .take(COLUMNS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_below_the_words_that_they_are_about() {
        let text = "Hi Bob,\nplease call\nme. \u{1b}[31m\n";
        let marks = [Mark { span: Span { start: 8, end: 23 }, label: "ask: call".to_owned() }];
        let page = print(text, |number, _| if number == 0 { "own" } else { "" }, &marks);
        let expected = " own | Hi Bob,\n     | please call\n     | ~~~~~~~~~~~ ask: call\n     \
            | me. \u{fffd}[31m\n     | ~~~\n";
        assert_eq!(page, expected);
        let long = "x\n".repeat(LINES_MAX + 2);
        assert!(print(&long, |_, _| "", &[]).ends_with("… and 2 lines more\n"));
    }
}
