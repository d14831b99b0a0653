//! Sentences and words of what a person wrote, and a small language of phrases to look for in them.
//!
//! What lives here: cutting text, and matching. What does not: what any phrase means.

use super::Span;

/// Sentences that are looked at; a person who writes more has attached a book.
const SENTENCES_MAX: usize = 1_000;
/// Longest sentence that is looked at, in bytes. What has no end for this long is a table or a log.
const SENTENCE_BYTES_MAX: usize = 800;
/// A line at least this long, in characters, was probably wrapped by a program, so the sentence
/// goes on below it.
const WRAPPED_LINE_CHARS_MIN: usize = 50;
/// Longest salutation, in characters.
const SALUTATION_CHARS_MAX: usize = 60;
/// Words that the gap `~` of a phrase may pass over.
const GAP_WORDS_MAX: usize = 3;

/// One sentence.
#[derive(Debug)]
pub(super) struct Sentence {
    /// Where it stands, trimmed.
    pub(super) span: Span,
    /// Its words in order.
    pub(super) words: Vec<Word>,
    /// Whether it ends in a question mark.
    pub(super) is_question: bool,
}

/// One word.
#[derive(Debug)]
pub(super) struct Word {
    /// Lower-cased, with straight apostrophes.
    pub(super) text: String,
    /// Where it stands in the body.
    pub(super) span: Span,
    /// Which clause of the sentence it belongs to, counted from 0.
    pub(super) clause: usize,
    /// The last mark before it, if there is one between it and the word before.
    pub(super) mark: Option<char>,
    /// Whether it stands between quotation marks.
    pub(super) is_quoted: bool,
}

/// Cuts what a person wrote into sentences.
pub(super) fn split(body: &str, written: &[Span]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for span in written {
        let Some(text) = span.of(body) else { continue };
        let Ok(start) = usize::try_from(span.start) else { continue };
        for (from, to) in paragraphs(text) {
            let mut quoting = Quoting::default();
            for (first, last) in cuts(&text[from..to]) {
                if sentences.len() == SENTENCES_MAX {
                    return sentences;
                }
                sentences.extend(sentence(
                    &text[from..to],
                    first,
                    last,
                    start + from,
                    &mut quoting,
                ));
            }
        }
    }
    sentences
}

impl Sentence {
    /// Where a phrase matches from a word on: the index after its last word.
    ///
    /// A phrase is words between blanks. `a|b` is either, `stem*` any word that begins so, `word?`
    /// may be missing, `~` is up to three words of any kind.
    pub(super) fn matches(&self, at: usize, phrase: &str) -> Option<usize> {
        // Byte by byte: phrases are short, and this is asked of every word.
        let end = phrase.bytes().position(|byte| byte == b' ');
        let (head, rest) = end.map_or((phrase, ""), |end| (&phrase[..end], &phrase[end + 1..]));
        if head.is_empty() {
            return Some(at);
        }
        if head == "~" {
            return (0..=GAP_WORDS_MAX).find_map(|gap| self.matches(at + gap, rest));
        }
        let (head, is_optional) = head.strip_suffix('?').map_or((head, false), |head| (head, true));
        let found = self.words.get(at).filter(|word| word.is_one_of(head));
        found
            .and_then(|_| self.matches(at + 1, rest))
            .or_else(|| if is_optional { self.matches(at, rest) } else { None })
    }

    /// The first place where a phrase matches within a range of words.
    pub(super) fn find(
        &self,
        from: usize,
        to: usize,
        phrase: &str,
    ) -> Option<std::ops::Range<usize>> {
        let to = to.min(self.words.len());
        (from..to).find_map(|at| self.matches(at, phrase).map(|end| at..end))
    }

    /// Whether any word of a range stands between quotation marks.
    pub(super) fn is_quoted(&self, from: usize, to: usize) -> bool {
        self.words.iter().skip(from).take(to.saturating_sub(from)).any(|word| word.is_quoted)
    }

    /// Whether more than half of the words stand between quotation marks.
    pub(super) fn is_mostly_quoted(&self) -> bool {
        self.words.len() < 2 * self.words.iter().filter(|word| word.is_quoted).count()
    }

    /// The first word of the clause that a word belongs to.
    pub(super) fn clause_start(&self, at: usize) -> usize {
        let Some(word) = self.words.get(at) else { return at };
        self.words[..at]
            .iter()
            .rposition(|other| other.clause != word.clause)
            .map_or(0, |last| last + 1)
    }
}

impl Word {
    /// Whether it is one of the alternatives of a phrase.
    pub(super) fn is_one_of(&self, alternatives: &str) -> bool {
        // Asked of every word for every phrase: most differ in their first letter, and are passed over byte by byte.
        let (word, mut rest) = (self.text.as_bytes(), alternatives.as_bytes());
        loop {
            let length = rest.iter().position(|byte| *byte == b'|').unwrap_or(rest.len());
            if rest.first() == word.first() || rest.first() == Some(&b'*') {
                let wanted = &rest[..length];
                let is_it = match wanted.strip_suffix(b"*") {
                    Some(stem) => word.starts_with(stem),
                    None => word == wanted,
                };
                if is_it {
                    return true;
                }
            }
            match rest.get(length + 1..) {
                Some(more) => rest = more,
                None => return false,
            }
        }
    }

    /// Whether it negates.
    pub(super) fn is_negation(&self) -> bool {
        self.text.ends_with("n't") || self.text.starts_with("n'") || self.is_one_of(NEGATIONS)
    }
}

const NEGATIONS: &str = "not|no|never|none|nothing|nobody|neither|nor|without|cannot|dont|cant|\
    wont|didnt|doesnt|isnt|wasnt|nicht|kein|keine|keinen|keiner|keinem|keines|nie|niemals|nichts|\
    niemand|ohne|weder|ne|pas|jamais|aucun|aucune|sans|ni|nunca|sin|ningún|ninguna|tampoco|não|sem|\
    non|senza|nessun|nessuno|nessuna|niet|geen|nooit|zonder|niets";

/// Paragraphs of a text as byte ranges: parted by blank lines.
fn paragraphs(text: &str) -> Vec<(usize, usize)> {
    let mut paragraphs = Vec::new();
    let mut at = 0;
    let mut start = None;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            paragraphs.extend(start.take().map(|start| (start, at)));
        } else {
            start = start.or(Some(at));
        }
        at += line.len();
    }
    paragraphs.extend(start.map(|start| (start, at)));
    paragraphs
}

/// Cuts a paragraph into sentences, as byte ranges: at full stops, and at line ends that no program
/// made.
fn cuts(paragraph: &str) -> Vec<(usize, usize)> {
    let mut cuts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut lines = paragraph.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        for end in stops(line) {
            cuts.push((start, at + end));
            start = at + end;
        }
        at += line.len();
        let ends_here = lines.peek().is_none_or(|next| is_hard_break(line.trim(), next.trim()));
        if ends_here && start < at {
            cuts.push((start, at));
            start = at;
        }
    }
    cuts
}

/// Offsets after the marks of a line that end a sentence: the next character is a blank or a
/// closing mark.
fn stops(line: &str) -> Vec<usize> {
    let mut stops = Vec::new();
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !matches!(letter, '.' | '?' | '!' | '…' | '。' | '？' | '！') {
            continue;
        }
        let mut end = at + letter.len_utf8();
        while let Some((at, closing)) = letters.next_if(|(_, next)| ".?!\"'”’»“)]".contains(*next))
        {
            end = at + closing.len_utf8();
        }
        let is_free = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if is_free && !(letter == '.' && is_abbreviation(&line[..at], line[end..].trim_start())) {
            stops.push(end);
        }
    }
    stops
}

/// Whether a full stop after `before` belongs to an abbreviation or an ordinal and not to the end
/// of a sentence.
fn is_abbreviation(before: &str, after: &str) -> bool {
    let is_blank = |letter: char| letter.is_whitespace() || matches!(letter, '(' | '"' | '\'');
    let word = before.rsplit(is_blank).next().unwrap_or_default().to_lowercase();
    let is_initial =
        word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i";
    let is_ordinal = !word.is_empty()
        && word.len() <= ORDINAL_DIGITS_MAX
        && word.chars().all(|digit| digit.is_ascii_digit())
        && goes_on_after_ordinal(after);
    // "3 p.m. on Monday" goes on, "3 p.m. On Monday" does not.
    let is_dotted = word.contains('.') && after.starts_with(char::is_lowercase);
    is_initial || is_ordinal || is_dotted || ABBREVIATIONS.contains(&word.as_str())
}

/// "on 3. May", "am 3. März", "im 2. stock": a month or a small letter follows an ordinal.
fn goes_on_after_ordinal(after: &str) -> bool {
    let next = after.split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    let lower = next.to_lowercase();
    let is_month = MONTHS.iter().any(|month| lower.starts_with(month));
    is_month || next.starts_with(char::is_lowercase)
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "mär", "apr", "may", "mai", "jun", "jul", "aug", "sep", "oct", "okt",
    "nov", "dec", "dez", "quartal", "quarter",
];

/// "3. März" and "15. of May" have at most two digits; a longer number ends a sentence.
const ORDINAL_DIGITS_MAX: usize = 2;
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "nr", "art", "approx", "e.g", "i.e", "eg", "ie",
    "etc", "vs", "inc", "ltd", "co", "dept", "fig", "ref", "tel", "incl", "excl", "max", "min",
    "z.b", "bzw", "ca", "d.h", "u.a", "ggf", "inkl", "evtl", "usw", "hr", "fr", "str", "p.o",
    "attn", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
    "dec", "mon", "tue", "wed", "thu", "fri",
];

/// Whether a line end was made by the writer and not by a program that wraps.
fn is_hard_break(line: &str, next: &str) -> bool {
    let is_item = next.starts_with(['-', '*', '•', '–', '·', '+'])
        || next.split_once(['.', ')']).is_some_and(|(number, _)| {
            number.len() <= ORDINAL_DIGITS_MAX
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        });
    let length = line.chars().count();
    let is_salutation =
        length <= SALUTATION_CHARS_MAX && line.ends_with([',', '!', ':']) && is_greeting(line);
    let begins_anew =
        next.starts_with(|letter: char| letter.is_uppercase() || letter.is_ascii_digit());
    is_item || is_salutation || length < WRAPPED_LINE_CHARS_MIN && begins_anew
}

fn is_greeting(line: &str) -> bool {
    let lower = line.to_lowercase();
    let first = lower.split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    matches!(
        first,
        "hi" | "hello"
            | "hey"
            | "dear"
            | "good"
            | "greetings"
            | "hallo"
            | "guten"
            | "sehr"
            | "liebe"
            | "lieber"
            | "moin"
            | "servus"
            | "grüezi"
            | "bonjour"
            | "hola"
            | "ciao"
            | "beste"
            | "hej"
    )
}

/// Where a quotation is open, carried from sentence to sentence of a paragraph.
#[derive(Debug, Default)]
struct Quoting {
    closing: Option<char>,
}

impl Quoting {
    /// Follows one character; `before` tells an inch mark from a quotation mark.
    fn follow(&mut self, letter: char, before: Option<char>) {
        if let Some(closing) = self.closing {
            let closes = letter == closing
                || closing == '”' && letter == '"'
                || closing == '“' && letter == '”';
            if closes {
                self.closing = None;
            }
            return;
        }
        self.closing = match letter {
            '"' if before.is_some_and(|before| before.is_ascii_digit()) => None,
            '"' => Some('"'),
            '“' | '”' => Some('”'),
            '„' => Some('“'),
            '«' => Some('»'),
            '»' => Some('«'),
            '‘' => Some('’'),
            '‹' => Some('›'),
            _ => None,
        };
    }
}

/// Reads the words between two offsets of a paragraph that begins at `base`.
fn sentence(
    paragraph: &str,
    first: usize,
    last: usize,
    base: usize,
    quoting: &mut Quoting,
) -> Option<Sentence> {
    let raw = &paragraph[first..last];
    let words = words(raw, base + first, quoting);
    let is_item_mark = |letter: char| {
        letter.is_whitespace() || matches!(letter, '-' | '*' | '•' | '–' | '·' | '+')
    };
    let trimmed_start = raw.trim_start_matches(is_item_mark);
    let start = first + raw.len() - trimmed_start.len();
    let text = trimmed_start.trim_end();
    if words.is_empty() || SENTENCE_BYTES_MAX < text.len() {
        return None;
    }
    Some(Sentence {
        span: Span::between(base + start, base + start + text.len()),
        words,
        is_question: text.trim_end_matches(['"', '”', '’', '»', ')']).ends_with(['?', '？']),
    })
}

fn words(text: &str, base: usize, quoting: &mut Quoting) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut clause = 0;
    let mut mark = None;
    let mut before = None;
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        if !letter.is_alphanumeric() {
            quoting.follow(letter, before);
            if matches!(letter, ',' | ';' | ':' | '–' | '—' | '(' | ')' | '?' | '!') {
                clause += 1;
            }
            if !letter.is_whitespace() {
                mark = Some(letter);
            }
            before = Some(letter);
            continue;
        }
        let mut word = String::from(letter);
        let mut end = start + letter.len_utf8();
        while let Some((at, next)) = letters.next_if(|(_, next)| is_inside(*next)) {
            end = at + next.len_utf8();
            let next = if next == '’' { '\'' } else { next };
            word.push(next);
        }
        before = word.chars().next_back();
        let text = word.trim_end_matches(['\'', '-']).to_lowercase();
        if matches!(text.as_str(), "but" | "however" | "although" | "aber" | "jedoch") {
            clause += 1;
        }
        let span = Span::between(base + start, base + end);
        let is_quoted = quoting.closing.is_some();
        words.push(Word { text, span, clause, mark: mark.take(), is_quoted });
    }
    words
}

/// Hyphens and apostrophes are parts of words: re-quote, don't.
fn is_inside(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '\'' | '’' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<&str> {
        let whole = [Span::between(0, body.len())];
        split(body, &whole).iter().map(|sentence| sentence.span.of(body).unwrap()).collect()
    }

    #[test]
    fn cuts_where_a_reader_would() {
        let table: [(&str, &[&str]); 8] = [
            ("One. Two? Three! four", &["One.", "Two?", "Three!", "four"]),
            ("Hi Ada,\nplease call.", &["Hi Ada,", "please call."]),
            (
                "Please call Mr. Smith at 3.30 p.m. on 5. May.",
                &["Please call Mr. Smith at 3.30 p.m. on 5. May."],
            ),
            ("Thanks\nPlease call", &["Thanks", "Please call"]),
            (
                "This is a sentence that was wrapped by a mail program\nPlease read on.",
                &["This is a sentence that was wrapped by a mail program\nPlease read on."],
            ),
            ("Two things:\n- a bid\n- a call", &["Two things:", "a bid", "a call"]),
            ("He said \"Call me.\" Twice.", &["He said \"Call me.\"", "Twice."]),
            ("...", &[]),
        ];
        for (body, expected) in table {
            assert_eq!(texts(body), expected, "{body}");
        }
    }

    #[test]
    fn phrases_match_words() {
        let body = "Could you please send us 12 new certificates, and don’t wait?";
        let whole = [Span::between(0, body.len())];
        let sentence = split(body, &whole).remove(0);
        assert_eq!(sentence.matches(0, "could|can you please? send"), Some(4));
        assert_eq!(sentence.matches(3, "send us ~ certificate*"), Some(8));
        assert_eq!(sentence.matches(3, "send us certificates"), None);
        assert_eq!(sentence.find(0, 99, "don't wait"), Some(9..11));
        assert!(sentence.words[9].is_negation() && sentence.is_question);
        assert_eq!(sentence.clause_start(10), 8);
    }

    #[test]
    fn quotation_marks_hold_over_sentences_but_not_over_paragraphs() {
        let body = "He wrote \"Call me. Send it.\" A 24\" pipe.\n\nFree „zu“ here";
        let whole = [Span::between(0, body.len())];
        let quoted: Vec<Vec<bool>> = split(body, &whole)
            .iter()
            .map(|sentence| sentence.words.iter().map(|word| word.is_quoted).collect())
            .collect();
        assert_eq!(
            quoted,
            [
                vec![false, false, true, true],
                vec![true, true],
                vec![false, false, false],
                vec![false, true, false],
            ]
        );
    }
}
