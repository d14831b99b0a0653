//! What one line at the end of a mail looks like.

use super::{
    super::{listed::Listed, quote},
    words,
};

/// Longest line that is looked at, in bytes: longer ones are sentences.
const LINE_BYTES_MAX: usize = 200;
/// Most words of a closing that says more than the usual, such as "Your pal, Craig."
const CLOSING_WORDS_MAX: usize = 5;
/// Most words of a name.
const NAME_WORDS_MAX: usize = 5;
/// Most words of a name behind a dash.
const DASHED_WORDS_MAX: usize = 3;
/// Most words of a title, a firm or a department.
const TITLE_WORDS_MAX: usize = 9;
/// Digits of the shortest telephone number that is written out.
const PHONE_DIGITS_MIN: usize = 7;
/// Words beside a telephone number that label it.
const WORDS_BESIDE_MAX: usize = 6;

/// Who sent a mail, as far as names go.
#[derive(Debug, Default)]
pub(super) struct Sender {
    /// The words of their name and of their address, in lower case.
    words: Vec<String>,
    /// The first letters of the words of their name, in lower case.
    initials: Vec<char>,
    is_person: bool,
}

impl Sender {
    /// From a display name in whatever order, and an address.
    pub(super) fn of(name: &str, address: &str) -> Self {
        let local = address.split('@').next().unwrap_or_default();
        let parts = |text: &str| -> Vec<String> {
            text.split(|letter: char| !letter.is_alphabetic())
                .filter(|word| 1 < word.chars().count())
                .map(str::to_lowercase)
                .collect()
        };
        let of_name = parts(name);
        let initials = name
            .split(|letter: char| !letter.is_alphabetic())
            .filter_map(|word| word.chars().next())
            .flat_map(char::to_lowercase)
            .collect();
        let of_address = parts(local);
        let is_acronym = |word: &String| name.contains(&word.to_uppercase());
        let is_person = (2..=3).contains(&of_name.len())
            && of_name.iter().any(|word| of_address.contains(word) && !is_acronym(word))
            && !of_name.iter().any(|word| words::ROLES.has(word));
        let mut words = of_name;
        words.extend(of_address);
        Self { words, initials, is_person }
    }

    /// Whether they are somebody by name, and not an office or a list: their address has a word of
    /// their name.
    pub(super) const fn is_person(&self) -> bool {
        self.is_person
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|it| it == word)
    }

    /// Whether a word is made of the first letters of their names, in any order.
    fn has_initials(&self, word: &str) -> bool {
        let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        (2..=3).contains(&letters.len()) && letters.iter().all(|it| self.initials.contains(it))
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    /// Two dashes, or a rule.
    Mark,
    /// What a telephone adds by itself.
    SentFrom,
    /// Somebody takes leave.
    Closing,
    /// The same with the sender's name behind it.
    ClosingAndName,
    /// The sender's own name.
    OwnName,
    /// Somebody's name, or what could be one.
    Name,
    /// What they do.
    Title,
    /// A firm, a department, or anything else in capitals.
    Capitals,
    /// A telephone number with little beside it.
    Phone,
    /// An address of mail or of a page, with little beside it.
    Link,
    /// Where to send a letter.
    Place,
    /// Anything else.
    Prose,
}

impl Kind {
    /// Whether such a line may stand below the name.
    pub(super) const fn is_contact(self) -> bool {
        matches!(self, Self::Title | Self::Phone | Self::Link | Self::Place)
    }
}

/// Tells what a line is.
pub(super) fn kind(line: &str, sender: &Sender) -> Kind {
    let line = line.trim().trim_matches(['*', '|']).trim();
    if line.is_empty() {
        return Kind::Blank;
    }
    if LINE_BYTES_MAX < line.len() {
        return Kind::Prose;
    }
    if quote::is_signature_mark(line) || quote::is_rule(line) {
        return Kind::Mark;
    }
    if quote::is_sent_from(line) {
        return Kind::SentFrom;
    }
    let words = Words::of(line);
    leave(&words, sender)
        .or_else(|| name_of_sender(&words, sender))
        .or_else(|| contact(line, &words))
        .or_else(|| place(line, &words))
        .or_else(|| in_capitals(line, &words))
        .unwrap_or(Kind::Prose)
}

/// The words of a line, without the punctuation around them.
struct Words<'a> {
    words: Vec<&'a str>,
    lower: Vec<String>,
    /// The line in lower case, without punctuation at its end.
    whole: String,
    ends_sentence: bool,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let edges = |letter: char| ",;:!?()\"“”<>[]".contains(letter);
        let words: Vec<&str> = line
            .split_whitespace()
            .map(|word| word.trim_matches(edges))
            .filter(|word| !word.is_empty())
            .collect();
        let lower = words.iter().map(|word| word.trim_end_matches('.').to_lowercase()).collect();
        let whole = line.to_lowercase();
        let whole = whole.trim_end_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
        let ends_sentence = line.ends_with(['?', '!']) || ends_with_stop(line);
        Self { words, lower, whole, ends_sentence }
    }

    fn has_sentence(&self) -> bool {
        // Two capitals are a state or a country: Oregon is no "or".
        let is_code = |word: &str| word.len() == 2 && word.chars().all(char::is_uppercase);
        self.words
            .iter()
            .zip(&self.lower)
            .any(|(word, lower)| !is_code(word) && words::OF_SENTENCES.has(lower))
    }
}

/// Whether a line ends with a full stop that is not an abbreviation's.
fn ends_with_stop(line: &str) -> bool {
    let Some(rest) = line.strip_suffix('.') else { return false };
    let last = rest.rsplit([' ', '.']).next().unwrap_or_default();
    let lower = last.to_lowercase();
    1 < last.chars().count()
        && !words::FIRMS.has(&lower)
        && !matches!(lower.as_str(), "jr" | "sr" | "dr" | "ph" | "st")
}

fn leave(words: &Words<'_>, sender: &Sender) -> Option<Kind> {
    if words::CLOSINGS.has(&words.whole) {
        return Some(Kind::Closing);
    }
    // "-Ada"
    if let Some(name) = words.whole.strip_prefix(['-', '–', '—', '~'])
        && let Some(dashed) = words.words.first()
        && words.words.len() <= DASHED_WORDS_MAX
        && !words.has_sentence()
        && is_capital(dashed)
        && words.words.iter().all(|word| is_capital(word))
        && name.chars().all(|letter| letter.is_alphabetic() || " .'’".contains(letter))
    {
        return Some(Kind::ClosingAndName);
    }
    let last = words.lower.last()?;
    let before = words.lower.split_last()?.1;
    let said = before.join(" ");
    let is_leave = words::CLOSINGS.has(&said);
    let is_name = sender.has(last) || sender.has_initials(last);
    if is_leave && is_name {
        return Some(Kind::ClosingAndName);
    }
    // "Your pal, Craig."
    let parts: Vec<&str> = words.whole.split(',').collect();
    let [greeting, name] = parts.as_slice() else { return None };
    let asks = greeting.split_whitespace().any(|word| ASKING.has(word));
    let is_short = !asks && greeting.split_whitespace().count() < CLOSING_WORDS_MAX;
    let is_named = name.split_whitespace().any(|word| sender.has(word.trim_end_matches('.')));
    (is_short
        && is_named
        && 1 < greeting.split_whitespace().count()
        && name.split_whitespace().count() <= 2)
        .then_some(Kind::ClosingAndName)
}

fn name_of_sender(words: &Words<'_>, sender: &Sender) -> Option<Kind> {
    let has_own = words.lower.iter().any(|word| sender.has(word));
    let is_of_name = |(word, lower): (&&str, &String)| {
        sender.has(lower) || is_capital(word) || words::JOINERS.has(lower)
    };
    let is_short = words.words.len() <= NAME_WORDS_MAX;
    let has_digit = words.whole.contains(|letter: char| letter.is_ascii_digit() || letter == '@');
    let is_whole = words.words.iter().zip(&words.lower).all(is_of_name);
    let is_role = words.lower.iter().any(|word| words::ROLES.has(word) && !sender.has(word));
    let ends = words.whole.ends_with('?');
    (has_own && is_short && is_whole && !has_digit && !is_role && !ends).then_some(Kind::OwnName)
}

fn contact(line: &str, words: &Words<'_>) -> Option<Kind> {
    let is_link = |word: &&str| {
        word.contains('@') || word.contains("://") || word.to_lowercase().starts_with("www.")
    };
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let phones = super::contact::phones(line);
    let plain = words
        .lower
        .iter()
        .filter(|word| word.chars().all(|letter| !letter.is_ascii_digit()))
        .filter(|word| word.chars().any(char::is_alphabetic))
        .filter(|word| !is_link(&word.as_str()) && !words::LABELS.has(word))
        .count();
    if !phones.is_empty()
        && plain <= WORDS_BESIDE_MAX
        && !words.has_sentence()
        && !words.ends_sentence
    {
        let is_long = phones.iter().any(|it| PHONE_DIGITS_MIN <= it.digits);
        if is_long || plain == 0 && digits <= super::contact::EXTENSION_DIGITS_MAX {
            return Some(Kind::Phone);
        }
    }
    let has_link = words.words.iter().any(is_link);
    (has_link && plain <= 2 && !words.has_sentence()).then_some(Kind::Link)
}

/// A street with its number, a post-office box, or a town with its code.
fn place(line: &str, words: &Words<'_>) -> Option<Kind> {
    if words.has_sentence() || words.ends_sentence || TITLE_WORDS_MAX < words.words.len() {
        return None;
    }
    let is_number = |word: &&str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        0 < digits && word.chars().all(|it| it.is_ascii_alphanumeric() || "-/#.".contains(it))
    };
    let has_number = words.words.iter().any(is_number);
    let is_street = words
        .lower
        .iter()
        .any(|word| STREETS.has(word) || STREET_ENDINGS.iter().any(|end| word.ends_with(end)));
    let ends_with_code = words.words.last().is_some_and(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        (4..=9).contains(&digits) && is_number(word)
    });
    let begins_with_code = words.words.first().is_some_and(|word| {
        word.chars().filter(char::is_ascii_digit).count() == 5 && is_number(word)
    });
    let has_capital = words.words.iter().any(|word| is_capital(word));
    let is_town = (ends_with_code || begins_with_code) && has_capital && line.len() < 60;
    (has_number && is_street && has_capital || is_town).then_some(Kind::Place)
}

fn in_capitals(line: &str, words: &Words<'_>) -> Option<Kind> {
    if words.has_sentence()
        || words.ends_sentence
        || TITLE_WORDS_MAX < words.words.len()
        || line.ends_with(':')
    {
        return None;
    }
    let first = words.words.first()?;
    let is_fitting = |word: &&&str| {
        is_capital(word)
            || words::JOINERS.has(&word.to_lowercase())
            || word.chars().all(|it| it.is_ascii_digit())
    };
    let fitting = words.words.iter().filter(is_fitting).count();
    let is_role = words.lower.iter().any(|word| words::ROLES.has(word.trim_matches('.')));
    let is_all = fitting == words.words.len();
    if is_role && is_capital(first) && (is_all || words.words.len() <= 2 * fitting) {
        return Some(Kind::Title);
    }
    if !is_all || !is_capital(first) && !first.chars().all(char::is_numeric) {
        return None;
    }
    let is_name = words.words.len() <= NAME_WORDS_MAX
        && words
            .words
            .iter()
            .all(|word| !word.contains(|it: char| it.is_ascii_digit() || it == '_'))
        && !words.lower.iter().any(|word| words::NO_NAMES.has(word));
    Some(if is_name { Kind::Name } else { Kind::Capitals })
}

/// Whether a word begins with a capital, as names do; in scripts that have none every word does.
pub(super) fn is_capital(word: &str) -> bool {
    let word = word.trim_start_matches(['\'', '’', '-', '.', '(']);
    let Some(first) = word.chars().next() else { return false };
    first.is_uppercase() || first.is_alphabetic() && !first.is_lowercase()
}

/// Words of a request, which is no leave even with a name behind it.
static ASKING: Listed =
    Listed::of("please|call|send|let|can|could|need|want|give|tell|ask|bring|come|check|bitte");
/// Words of streets, in lower case.
static STREETS: Listed = Listed::of(
    "street|st|road|rd|avenue|ave|boulevard|blvd|drive|dr|lane|ln|way|court|ct|plaza|\
    square|sq|highway|hwy|parkway|pkwy|suite|ste|floor|fl|building|bldg|room|rm|box|broadway|place|\
    pl|rue|av|chemin|calle|avenida|via|viale|piazza|corso|rua|ul|ulica|str|platz|allee|weg|strasse|straße",
);
/// How streets end where they are written as one word, in lower case.
const STREET_ENDINGS: [&str; 14] = [
    "straße", "strasse", "str.", "gasse", "platz", "allee", "weg", "straat", "laan", "plein",
    "vägen", "gatan", "vej", "gade",
];
