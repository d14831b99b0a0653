//! Header values made of words, comments and `key=value` pairs between semicolons.
//!
//! `Content-Type` (RFC 2045) and `Authentication-Results` (RFC 8601) share this shape. One lexer
//! reads both, and says when a value is broken, so that a proof never rests on a guess.

/// A value, split at its semicolons.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Structured {
    /// What stood between the semicolons; never empty.
    pub(super) sections: Vec<Section>,
    /// An unfinished comment or quoted string, a stray closing parenthesis, or a quotation mark
    /// inside a comment, where only text copied from a stranger would put one.
    pub(super) is_suspect: bool,
}

/// One section: bare words and pairs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Words without an equals sign, in order.
    pub(super) words: Vec<String>,
    /// Pairs in order: the key lower-cased, the value without its quotation marks.
    pub(super) pairs: Vec<(String, String)>,
    /// An equals sign without a key or a value.
    pub(super) is_broken: bool,
}

impl Section {
    /// Every value of a key, which is lower-case.
    pub(super) fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl Structured {
    /// The first bare word, lower-cased: the value proper of most headers of this shape.
    pub(super) fn head(&self) -> String {
        let first = self.sections.first().and_then(|section| section.words.first());
        first.map(|word| word.to_ascii_lowercase()).unwrap_or_default()
    }

    /// The first value of a parameter, whose name is lower-case.
    pub(super) fn parameter<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.sections.iter().find_map(|section| section.values(name).next())
    }

    /// Splits a value. Comments are dropped; quoted strings join the word they touch.
    pub(super) fn parse(value: &str) -> Self {
        let mut lexer = Lexer { sections: vec![Section::default()], ..Lexer::default() };
        let mut letters = value.chars();
        while let Some(letter) = letters.next() {
            lexer.take(letter, &mut letters);
        }
        lexer.end_section();
        Self { sections: lexer.sections, is_suspect: lexer.is_suspect }
    }
}

#[derive(Default)]
struct Lexer {
    sections: Vec<Section>,
    is_suspect: bool,
    /// The word being read; a quoted empty string is a word too.
    word: Option<String>,
    /// The last finished word, until it is known whether an equals sign follows.
    pending: Option<String>,
    /// The key of the pair whose value comes next.
    key: Option<String>,
}

impl Lexer {
    fn take(&mut self, letter: char, letters: &mut std::str::Chars<'_>) {
        match letter {
            '(' => {
                self.end_word();
                self.is_suspect |= !skip_comment(letters);
            }
            ')' => self.is_suspect = true,
            '"' => {
                let word = self.word.get_or_insert_default();
                self.is_suspect |= !read_quoted(letters, word);
            }
            ';' => {
                self.end_section();
                self.sections.push(Section::default());
            }
            // Only the first equals sign parts key and value: boundaries and signatures are full of
            // them.
            '=' if self.key.is_none() => {
                self.end_word();
                self.key = self.pending.take();
                if self.key.is_none() {
                    self.section().is_broken = true;
                }
            }
            letter if letter.is_whitespace() => self.end_word(),
            letter => self.word.get_or_insert_default().push(letter),
        }
    }

    fn section(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        self.sections.last_mut().expect("one was just made if there was none")
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if let Some(key) = self.key.take() {
            self.section().pairs.push((key.to_ascii_lowercase(), word));
        } else if let Some(bare) = self.pending.replace(word) {
            self.section().words.push(bare);
        }
    }

    fn end_section(&mut self) {
        self.end_word();
        if let Some(bare) = self.pending.take() {
            self.section().words.push(bare);
        }
        if self.key.take().is_some() {
            self.section().is_broken = true;
        }
    }
}

/// Passes over a comment whose opening parenthesis was read; false if it is not one that an honest
/// program writes.
fn skip_comment(letters: &mut std::str::Chars<'_>) -> bool {
    let mut depth = 1_usize;
    let mut is_honest = true;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => is_honest = false,
            _ => {}
        }
        if depth == 0 {
            return is_honest;
        }
    }
    false
}

/// Reads a quoted string whose opening mark was read; false if it does not end.
fn read_quoted(letters: &mut std::str::Chars<'_>, word: &mut String) -> bool {
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return true,
            '\\' => word.extend(letters.next()),
            _ => word.push(letter),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_words_pairs_and_comments() {
        let value = Structured::parse(
            r#"Text/Plain (see (RFC)); charset = "utf-8" ;boundary=--=_a=b"c d"; x"#,
        );
        assert_eq!(value.head(), "text/plain");
        assert_eq!(value.parameter("charset"), Some("utf-8"));
        assert_eq!(value.parameter("boundary"), Some("--=_a=bc d"));
        assert_eq!(value.sections.last().unwrap().words, ["x"]);
        assert!(!value.is_suspect);
    }

    #[test]
    fn says_when_a_value_is_broken() {
        for text in ["a (b", "a \"b", "a ) b", r#"a (x "y" z)"#, r"a (b\)"] {
            assert!(Structured::parse(text).is_suspect, "{text}");
        }
        for text in ["=x", "a; =b", "a; b="] {
            let value = Structured::parse(text);
            assert!(value.sections.iter().any(|section| section.is_broken), "{text}");
        }
        assert!(Structured::parse("").sections[0].words.is_empty());
    }
}
