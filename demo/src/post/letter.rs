//! One message, before it is put into the form of mail.

use domain::{mail::AskKind, policy::Effect, proposal::CaseKind, record::Direction};

use super::{Outcome, Wish};

/// A message as the tables write it.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    /// Its key, and the local part of its `Message-ID`.
    pub(super) key: &'static str,
    /// Days after the start, hour and minute; before it, if negative.
    pub(super) at: (i64, u32, u32),
    pub(super) from: Party,
    pub(super) to: Party,
    pub(super) subject: &'static str,
    /// The key of the message that it answers.
    pub(super) answers: Option<&'static str>,
    pub(super) vouched: Vouched,
    /// Header lines that ordinary mail does not have.
    pub(super) marks: &'static [&'static str],
    pub(super) body: Body,
    pub(super) calls_for: &'static [Outcome],
    pub(super) because: &'static str,
}

/// Who writes or is written to.
#[derive(Clone, Copy)]
pub(super) enum Party {
    /// The tenant.
    Us,
    /// A person on record, by the places of client and person.
    Person(usize, usize),
    /// Somebody whom no record knows.
    Stranger { name: &'static str, address: &'static str },
}

/// What the receiving provider says about the sender.
#[derive(Clone, Copy)]
pub(super) enum Vouched {
    /// DKIM, SPF and DMARC pass at the provider that is trusted.
    Passed,
    /// DMARC fails there.
    Failed,
    /// Nobody says anything.
    Nobody,
    /// A provider that nobody trusts says so, and below it stands a forged word of the trusted one.
    Planted,
}

/// The text, with `{me}` where the signature goes.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Plain(&'static str),
    Html(&'static str),
    /// The same in both forms, as most programs send it.
    Both {
        plain: &'static str,
        html: &'static str,
    },
    /// A delivery report about the person at these places (RFC 3464).
    Report {
        text: &'static str,
        about: (usize, usize),
        action: &'static str,
        status: &'static str,
    },
}

impl Letter {
    /// A person's plain mail to us, vouched for, of which nothing may come.
    pub(super) const fn new(
        key: &'static str,
        at: (i64, u32, u32),
        from: Party,
        subject: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            key,
            at,
            from,
            to: Party::Us,
            subject,
            answers: None,
            vouched: Vouched::Passed,
            marks: &[],
            body: Body::Plain(text),
            calls_for: &[],
            because: "",
        }
    }

    pub(super) const fn to(mut self, to: Party) -> Self {
        self.to = to;
        self
    }

    pub(super) const fn answering(mut self, key: &'static str) -> Self {
        self.answers = Some(key);
        self
    }

    pub(super) const fn vouched(mut self, vouched: Vouched) -> Self {
        self.vouched = vouched;
        self
    }

    pub(super) const fn marked(mut self, marks: &'static [&'static str]) -> Self {
        self.marks = marks;
        self
    }

    pub(super) const fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Nothing may come of it.
    pub(super) const fn idle(mut self, because: &'static str) -> Self {
        self.because = because;
        self
    }

    pub(super) const fn calls_for(
        mut self,
        outcomes: &'static [Outcome],
        because: &'static str,
    ) -> Self {
        self.calls_for = outcomes;
        self.because = because;
        self
    }

    pub(super) const fn direction(&self) -> Direction {
        match self.from {
            Party::Us => Direction::Outbound,
            Party::Person(..) | Party::Stranger { .. } => Direction::Inbound,
        }
    }
}

/// A person on record.
pub(super) const fn person(client: usize, slot: usize) -> Party {
    Party::Person(client, slot)
}

/// A task that may be made.
pub(super) const fn task(kind: AskKind) -> Outcome {
    Outcome { wish: Wish::Task(kind), effect: Effect::Allow }
}

/// A task that waits for a person, because nobody vouches for the sender.
pub(super) const fn held_task(kind: AskKind) -> Outcome {
    Outcome { wish: Wish::Task(kind), effect: Effect::NeedsApproval }
}

/// A task that is denied, as a violation.
pub(super) const fn denied_task(kind: AskKind) -> Outcome {
    Outcome { wish: Wish::Task(kind), effect: Effect::Deny }
}

/// A case that may be opened.
pub(super) const fn case(kind: CaseKind) -> Outcome {
    Outcome { wish: Wish::Case(kind), effect: Effect::Allow }
}

/// A case that waits for a person, because nobody vouches for the sender.
pub(super) const fn held_case(kind: CaseKind) -> Outcome {
    Outcome { wish: Wish::Case(kind), effect: Effect::NeedsApproval }
}

/// A deal that may move on.
pub(super) const ADVANCE: Outcome = Outcome { wish: Wish::AdvanceDeal, effect: Effect::Allow };
/// A loss that may be kept.
pub(super) const LOSS: Outcome = Outcome { wish: Wish::RecordLoss, effect: Effect::Allow };
