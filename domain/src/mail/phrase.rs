//! Tables of phrases, found by the first word of each.
//!
//! What lives here: passing over the phrases that cannot match. What does not: the language of
//! phrases and whether one matches, which is [`Sentence::matches`]. A mail is asked for hundreds of
//! phrases at every word, and nearly none begins with that word; without an index four fifths of
//! the time of a reading goes into finding that out.

use std::{collections::HashMap, ops::Range, sync::OnceLock};

use super::sentence::Sentence;

/// Phrases of which any will do.
pub(super) struct Phrases {
    list: &'static [&'static str],
    index: OnceLock<Index>,
}

impl Phrases {
    pub(super) const fn of(list: &'static [&'static str]) -> Self {
        Self { list, index: OnceLock::new() }
    }

    /// Where the first phrase of the table that matches from a word on ends.
    pub(super) fn at(&self, sentence: &Sentence, at: usize) -> Option<usize> {
        let index = self.index.get_or_init(|| Index::of(self.list.iter().copied()));
        index.candidates(sentence, at).find_map(|it| sentence.matches(at, self.list.get(it)?))
    }

    /// The first place in a range of words where any phrase begins.
    pub(super) fn find(&self, sentence: &Sentence, from: usize, to: usize) -> Option<Range<usize>> {
        let to = to.min(sentence.words.len());
        (from..to).find_map(|at| self.at(sentence, at).map(|end| at..end))
    }

    /// Whether any phrase begins in a range of words.
    pub(super) fn stand_in(&self, sentence: &Sentence, from: usize, to: usize) -> bool {
        self.find(sentence, from, to).is_some()
    }

    /// Whether any phrase stands anywhere in a sentence.
    pub(super) fn stand(&self, sentence: &Sentence) -> bool {
        self.stand_in(sentence, 0, sentence.words.len())
    }
}

/// Phrases that mean different things; the first of the table that matches counts.
pub(super) struct Table<T: 'static> {
    list: &'static [(T, &'static str)],
    index: OnceLock<Index>,
}

impl<T: Copy> Table<T> {
    pub(super) const fn of(list: &'static [(T, &'static str)]) -> Self {
        Self { list, index: OnceLock::new() }
    }

    /// What the first phrase of the table that matches from a word on means, and where it ends.
    pub(super) fn at(&self, sentence: &Sentence, at: usize) -> Option<(T, usize)> {
        let index = self.index.get_or_init(|| Index::of(self.list.iter().map(|(_, it)| *it)));
        index.candidates(sentence, at).find_map(|it| {
            let (meaning, phrase) = self.list.get(it)?;
            Some((*meaning, sentence.matches(at, phrase)?))
        })
    }
}

/// Which phrases of a list may begin with a word, in the order of the list.
struct Index {
    by_word: HashMap<&'static str, Vec<usize>>,
    /// By the beginning that a word must have.
    by_stem: HashMap<&'static str, Vec<usize>>,
    /// In bytes.
    shortest_stem: usize,
    longest_stem: usize,
}

impl Index {
    fn of(phrases: impl Iterator<Item = &'static str>) -> Self {
        let mut index = Self {
            by_word: HashMap::new(),
            by_stem: HashMap::new(),
            shortest_stem: usize::MAX,
            longest_stem: 0,
        };
        for (number, phrase) in phrases.enumerate() {
            for word in first_words(phrase) {
                let list = match word.strip_suffix('*') {
                    Some(stem) => {
                        index.shortest_stem = index.shortest_stem.min(stem.len());
                        index.longest_stem = index.longest_stem.max(stem.len());
                        index.by_stem.entry(stem).or_default()
                    }
                    None => index.by_word.entry(word).or_default(),
                };
                if list.last() != Some(&number) {
                    list.push(number);
                }
            }
        }
        index
    }

    fn candidates(&self, sentence: &Sentence, at: usize) -> impl Iterator<Item = usize> {
        let word = sentence.words.get(at).map_or("", |word| word.text.as_str());
        let exact = self.by_word.get(word).map_or(&[][..], Vec::as_slice);
        let mut by_stem: Vec<usize> = Vec::new();
        for length in self.shortest_stem..=self.longest_stem.min(word.len()) {
            let stem = word.get(..length).and_then(|stem| self.by_stem.get(stem));
            by_stem.extend(stem.into_iter().flatten());
        }
        // Few words match a stem, and of those few an exact phrase too.
        if !by_stem.is_empty() {
            by_stem.extend(exact);
            by_stem.sort_unstable();
            by_stem.dedup();
            return Candidates::Mixed(by_stem.into_iter());
        }
        Candidates::Exact(exact.iter())
    }
}

enum Candidates<'a> {
    Exact(std::slice::Iter<'a, usize>),
    Mixed(std::vec::IntoIter<usize>),
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Self::Exact(numbers) => numbers.next().copied(),
            Self::Mixed(numbers) => numbers.next(),
        }
    }
}

/// The words that a phrase may begin with: those of its first place, and of the next one too if
/// that place may be empty.
fn first_words(phrase: &'static str) -> Vec<&'static str> {
    let mut words = Vec::new();
    for place in phrase.split(' ') {
        debug_assert!(place != "~", "a phrase does not begin with a gap: {phrase}");
        let is_optional = place.ends_with('?');
        words.extend(place.trim_end_matches('?').split('|'));
        if !is_optional {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Span, sentence::split};

    fn sentence(text: &str) -> Sentence {
        split(text, &[Span::between(0, text.len())]).remove(0)
    }

    #[test]
    fn the_index_finds_what_every_phrase_by_itself_would() {
        static LIST: [&str; 6] =
            ["could|can you", "please? send|deliv*", "deliv* ~ now", "über*", "can", "in case"];
        static PHRASES: Phrases = Phrases::of(&LIST);
        for text in [
            "Could you please deliver it all now, or can we send it?",
            "Please delivery. Überall in case of überdeliv.",
            "ü ça d deliv",
        ] {
            let sentence = sentence(text);
            for at in 0..=sentence.words.len() {
                let alone = LIST.iter().find_map(|phrase| sentence.matches(at, phrase));
                assert_eq!(PHRASES.at(&sentence, at), alone, "{text} at {at}");
            }
        }
    }

    #[test]
    fn the_first_of_a_table_counts() {
        static TABLE: Table<u8> = Table::of(&[(1, "call*"), (2, "call me"), (3, "ring me")]);
        let sentence = sentence("Call me, ring me, phone me.");
        assert_eq!(TABLE.at(&sentence, 0), Some((1, 1)));
        assert_eq!(TABLE.at(&sentence, 2), Some((3, 4)));
        assert_eq!(TABLE.at(&sentence, 4), None);
        assert_eq!(TABLE.at(&sentence, 9), None);
    }
}
