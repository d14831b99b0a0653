//! Lists of words that are looked up, whole, for every word of a mail.

use std::{collections::HashSet, sync::OnceLock};

/// Words or sayings between upright strokes, in lower case.
pub(super) struct Listed {
    list: &'static str,
    words: OnceLock<HashSet<&'static str>>,
}

impl Listed {
    pub(super) const fn of(list: &'static str) -> Self {
        Self { list, words: OnceLock::new() }
    }

    /// Whether a word, in lower case, is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.get_or_init(|| self.list.split('|').collect()).contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_listed_whole() {
        static LIST: Listed = Listed::of("one|two words|drei");
        assert!(LIST.has("one") && LIST.has("two words") && LIST.has("drei"));
        assert!(!LIST.has("two") && !LIST.has("One") && !LIST.has("") && !LIST.has("one|two"));
    }
}
