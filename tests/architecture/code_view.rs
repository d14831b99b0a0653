//! A source with its comments and literals blanked out, so that rules about code judge code alone.
//!
//! What lives here: just enough of Rust's lexical grammar for that.
//! What does not: tokens, trees, and any opinion about what is read.

/// The text with every comment, string and character replaced by blanks, line for line.
///
/// Delimiters of strings stay, so `call("x")` reads `call(" ")`.
pub fn code_only(source: &str) -> String {
    let mut view = String::with_capacity(source.len());
    let mut rest = source;
    while !rest.is_empty() {
        let (kind, length) = next_piece(rest, view.chars().next_back());
        let (piece, after) = rest.split_at(length);
        match kind {
            Piece::Code => view.push_str(piece),
            Piece::Silent => {
                view.extend(piece.chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
            }
            Piece::Literal => blank_inside(piece, &mut view),
        }
        rest = after;
    }
    view
}

enum Piece {
    Code,
    Silent,
    Literal,
}

/// What the text begins with, and its length in bytes.
fn next_piece(text: &str, before: Option<char>) -> (Piece, usize) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return (Piece::Silent, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Piece::Silent, block_comment(text));
    }
    if text.starts_with('"') {
        return (Piece::Literal, quoted(text, '"'));
    }
    if text.starts_with('\'') {
        return match character(text) {
            Some(length) => (Piece::Literal, length),
            None => (Piece::Code, first), // a lifetime or a label
        };
    }
    // `r` begins a raw string only where it does not end a name; `br` and `cr` are such ends.
    let begins = match before {
        Some('b' | 'c') => true,
        Some(one) => !(one.is_alphanumeric() || one == '_'),
        None => true,
    };
    match raw_string(text) {
        Some(length) if begins => (Piece::Literal, length),
        Some(_) | None => (Piece::Code, first),
    }
}

/// Comments nest in Rust.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a literal that ends at its next quote without a backslash.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if one == quote => return at + one.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// A character literal's length; none for a lifetime, which has no second quote after one character.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        return Some(quoted(text, '\''));
    }
    inside.next().filter(|(_, second)| *second == '\'').map(|(at, _)| at + 1)
}

/// The length of `r"…"` or `r#"…"#` with any number of hashes.
fn raw_string(text: &str) -> Option<usize> {
    let after_r = text.strip_prefix('r')?;
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    let inside = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(text.len() - inside.len() + length)
}

/// Blanks all of a literal but its first and its closing character, keeping its lines.
fn blank_inside(literal: &str, view: &mut String) {
    let last = literal.chars().count().saturating_sub(1);
    for (at, one) in literal.chars().enumerate() {
        let closes = at == last && matches!(one, '"' | '\'' | '#');
        view.push(if at == 0 || closes || one == '\n' { one } else { ' ' });
    }
}

#[test]
fn comments_and_literals_are_blank_and_code_is_not() {
    for (source, expected) in [
        ("a(); // b()", "a();       "),
        ("/// doc\nfn a() {}", "       \nfn a() {}"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("a(\"b\\\"c\", d)", "a(\"    \", d)"),
        ("a(\"two\nlines\")", "a(\"   \n     \")"),
        ("a('\"', '\\'', 'b')", "a(' ', '  ', ' ')"),
        ("fn a<'b>(c: &'b str) {}", "fn a<'b>(c: &'b str) {}"),
        ("r#\"a \" b\"# + c", "r        # + c"),
        ("br\"\\\" + c", "br  \" + c"),
        ("for r in bar { 'x: loop {} }", "for r in bar { 'x: loop {} }"),
        ("a // ü \"\nb", "a       \nb"),
        ("\"ü\" a", "\" \" a"),
    ] {
        assert_eq!(code_only(source), expected, "from {source}");
    }
}

#[test]
fn what_never_ends_is_blank_to_the_end() {
    for source in ["/* a", "\"a", "r#\"a\"", "'\\", "'"] {
        assert!(!code_only(source).contains('a'), "from {source}");
    }
}
