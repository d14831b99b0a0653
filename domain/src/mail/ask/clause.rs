//! Requests in languages whose verbs stand far from what opens a request.
//!
//! What lives here: one way of reading for all of them. A request is its opening, a verb of doing
//! something for somebody in the clause behind it, and the most telling word of that clause; a
//! denial anywhere in the clause turns all of it around. What does not: the words of a language,
//! each of which has a file of its own.

use super::Request;
use crate::mail::{
    AskKind::{self, Call, Cancel, Delivery, Meeting, Other},
    phrase::{Phrases, Table},
    sentence::{Sentence, Word},
};

/// Words after an opening in which its verb and its object stand.
const CLAUSE_WORDS_MAX: usize = 25;
/// Words at the start of a sentence, such as a salutation, after which an imperative may stand.
const LEAD_IN_WORDS_MAX: usize = 4;

/// The words of requests in one language.
pub(super) struct Language {
    /// What opens a request to the reader.
    pub(super) openings: Phrases,
    /// What opens a proposal to do something together: fewer things make sense after it.
    pub(super) joints: Phrases,
    /// What often follows an opening that asks for nothing.
    pub(super) idle: Phrases,
    /// Verbs and nouns of what somebody can do for somebody.
    pub(super) verbs: Phrases,
    /// Imperatives, with which a clause begins.
    pub(super) imperatives: Phrases,
    /// Wishes that name what they want done themselves.
    pub(super) wishes: Table<AskKind>,
    /// Needs: a thing that only we can give follows.
    pub(super) needs: Phrases,
    /// Questions that can only be answered by doing something.
    pub(super) questions: Table<AskKind>,
    /// The words of each kind, the most telling kind first.
    pub(super) kinds: [(AskKind, Phrases); 8],
}

impl Language {
    /// Every request that has the form of one, in order.
    pub(super) fn requests(&self, sentence: &Sentence) -> Vec<Request> {
        let mut requests: Vec<Request> = Vec::new();
        for at in 0..sentence.words.len() {
            let is_inside = requests.last().is_some_and(|request| at < request.words.end);
            if is_inside {
                continue;
            }
            requests.extend(
                self.question(sentence, at)
                    .or_else(|| self.addressed(sentence, at))
                    .or_else(|| self.need(sentence, at)),
            );
        }
        requests
    }

    fn question(&self, sentence: &Sentence, at: usize) -> Option<Request> {
        if !sentence.is_question {
            return None;
        }
        let (kind, end) = self.questions.at(sentence, at)?;
        Some(Request { kind, words: at..end })
    }

    fn addressed(&self, sentence: &Sentence, at: usize) -> Option<Request> {
        let joint = self.joints.at(sentence, at);
        let opening = joint.or_else(|| self.openings.at(sentence, at));
        let after = opening.or_else(|| self.is_imperative(sentence, at).then_some(at))?;
        if self.idle.at(sentence, after).is_some() {
            return None;
        }
        let end = clause_end(sentence, after);
        let verb = self.verbs.find(sentence, after, end)?;
        if sentence.words[after..end].iter().any(Word::is_negation) {
            return None;
        }
        let kind = self.kind(sentence, after, end);
        if joint.is_some() && !matches!(kind, Some(Call | Meeting | Delivery | Cancel)) {
            return None;
        }
        Some(Request { kind: kind.unwrap_or(Other), words: at..verb.end })
    }

    /// A verb at the start of a statement; a question could begin with the same words.
    fn is_imperative(&self, sentence: &Sentence, at: usize) -> bool {
        let begins = sentence.clause_start(at) == at && at <= LEAD_IN_WORDS_MAX;
        begins && !sentence.is_question && self.imperatives.at(sentence, at).is_some()
    }

    fn need(&self, sentence: &Sentence, at: usize) -> Option<Request> {
        if let Some((kind, end)) = self.wishes.at(sentence, at) {
            return Some(Request { kind, words: at..end });
        }
        let after = self.needs.at(sentence, at)?;
        let end = clause_end(sentence, after);
        if sentence.words[after..end].iter().any(Word::is_negation) {
            return None;
        }
        self.kind(sentence, after, end).map(|kind| Request { kind, words: at..after })
    }

    /// The most telling word of a clause decides.
    fn kind(&self, sentence: &Sentence, from: usize, to: usize) -> Option<AskKind> {
        let named = self.kinds.iter().find(|(_, phrases)| phrases.stand_in(sentence, from, to));
        named.map(|(kind, _)| *kind)
    }
}

fn clause_end(sentence: &Sentence, from: usize) -> usize {
    sentence.words.len().min(from + CLAUSE_WORDS_MAX)
}
