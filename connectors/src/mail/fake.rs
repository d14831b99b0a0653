//! A transport that remembers, and that goes wrong on purpose. For tests.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::id::OutboundId;

use super::{MailError, MailTransport, OutgoingMail, Whereabouts};

/// What goes wrong with the next letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is refused for good.
    Refuse,
    /// It does not leave; later it may.
    Unavailable,
    /// It leaves, and the answer is lost.
    AnswerLost,
    /// It leaves, the answer is lost, and nobody can tell afterwards.
    Vanish,
}

#[derive(Default)]
struct State {
    sent: BTreeMap<OutboundId, Vec<OutgoingMail>>,
    mishaps: VecDeque<Mishap>,
    vanished: Vec<OutboundId>,
}

/// See the module's words.
#[derive(Default)]
pub struct FakeTransport {
    state: Mutex<State>,
}

impl FakeTransport {
    /// Plans what goes wrong with the next letters, in order.
    pub fn plan(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state().mishaps.extend(mishaps);
    }

    /// Every letter that left, with how often it did.
    pub fn sent(&self) -> Vec<(OutgoingMail, usize)> {
        let state = self.state();
        state
            .sent
            .values()
            .filter_map(|times| Some((times.first()?.clone(), times.len())))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MailTransport for FakeTransport {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let mut state = self.state();
        let mishap = state.mishaps.pop_front();
        match mishap {
            Some(Mishap::Refuse) => return Err(MailError::Refused("planned".to_owned())),
            Some(Mishap::Unavailable) => return Err(MailError::Unavailable("planned".to_owned())),
            Some(Mishap::Vanish) => state.vanished.push(mail.intent),
            Some(Mishap::AnswerLost) | None => {}
        }
        state.sent.entry(mail.intent).or_default().push(mail.clone());
        match mishap {
            Some(_) => Err(MailError::Unanswered("planned".to_owned())),
            None => Ok(format!("fake:{}", mail.intent)),
        }
    }

    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError> {
        let state = self.state();
        Ok(if state.vanished.contains(&intent) {
            Whereabouts::Unknown
        } else if state.sent.contains_key(&intent) {
            Whereabouts::Sent { reference: format!("fake:{intent}") }
        } else {
            Whereabouts::NotSent
        })
    }
}
