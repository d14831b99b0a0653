//! The mail of the demo: whole messages as they would arrive, true asks among false ones.
//!
//! What lives here: what was written, by whom, who vouches for it, and what must come of it.
//! What does not: reading it, which is `domain::mail`, and deciding, which is `domain::policy`.

mod ahead;
mod compose;
mod letter;
mod recent;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use domain::{mail::AskKind, policy::Effect, proposal::CaseKind};

use crate::{
    company::moment,
    world::{Contact, Message},
};
use letter::{Letter, Party};

/// Something that a message may call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// A task for a person of the tenant.
    Task(AskKind),
    /// A case to be opened.
    Case(CaseKind),
    /// The client's one open deal to move on.
    AdvanceDeal,
    /// The loss of the client's one waiting quote to be kept.
    RecordLoss,
}

/// What a message calls for, and what the policy must say to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// What would be done.
    pub wish: Wish,
    /// Allowed, held for a person, or denied as a violation.
    pub effect: Effect,
}

/// What must come of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedMail {
    /// The message's key in the world.
    pub key: &'static str,
    /// Its `Message-ID`, without angle brackets, as a database knows it.
    pub message_id: String,
    /// Everything that must be proposed because of it; empty if nothing may be.
    pub outcomes: &'static [Outcome],
    /// Why, in a sentence.
    pub because: &'static str,
}

/// Every letter, the oldest first.
fn letters() -> impl Iterator<Item = &'static Letter> {
    recent::LETTERS.iter().chain(ahead::LETTERS)
}

/// The messages, the oldest first.
pub(crate) fn messages(contacts: &[Contact]) -> Vec<Message> {
    let letters: Vec<&Letter> = letters().collect();
    let message = |letter: &&Letter| {
        let (offset, hour, minute) = letter.at;
        Message {
            key: letter.key.to_owned(),
            direction: letter.direction(),
            received_at: moment(offset, hour, minute),
            raw: compose::raw(letter, &letters, contacts),
        }
    };
    let mut messages: Vec<Message> = letters.iter().map(message).collect();
    messages.sort_by(|a, b| (a.received_at, &a.key).cmp(&(b.received_at, &b.key)));
    messages
}

/// What must come of each message, our own ones included, of which nothing may come.
pub fn expected_mail() -> &'static [ExpectedMail] {
    static EXPECTED: LazyLock<Vec<ExpectedMail>> = LazyLock::new(|| {
        let contacts = crate::people::contacts();
        let expected = |letter: &'static Letter| ExpectedMail {
            key: letter.key,
            message_id: compose::message_id(letter, &contacts),
            outcomes: letter.calls_for,
            because: letter.because,
        };
        letters().map(expected).collect()
    });
    &EXPECTED
}
