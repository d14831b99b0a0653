//! A planner that obeys an attacker: it proposes anything at all, and knows the honest plan well enough to bend it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use agent::{Planner, PlannerError};
use async_trait::async_trait;
use domain::{
    action::{ActionKind, SubjectKind},
    cycle::{MessageRef, PlanInputs, plan},
    engagement::StageType,
    id::{CaseId, ClientId, ComplianceItemId, ContactId, MessageId},
    mail::{AskKind, Span},
    money::Score,
    proposal::{
        AdvancePayload, CaseKind, CasePayload, Evidence, Justification, LetterPayload, LossPayload,
        Payload, Proposal, Subject, TaskPayload,
    },
};
use sea_orm::prelude::Uuid;

use crate::{
    dice::Dice,
    town::{Town, address_of},
};

/// What the attacker would like clients to read.
pub const LURE: &str = "Pay at https://attacker.example/now";
/// Where the attacker would like letters to go.
pub const STRANGER: &str = "boss@attacker.example";

/// How much of what the attacker proposes in one plan.
#[derive(Clone, Copy)]
pub struct Taste {
    /// Made up from nothing.
    pub wild: usize,
    /// Honest proposals with one thing changed.
    pub bent: usize,
    /// Honest proposals once more, under another key.
    pub repeated: usize,
    /// Whether every kind, payload and subject is tried with every other.
    pub is_thorough: bool,
}

/// See the module's words.
pub struct Malice {
    towns: [Town; 2],
    taste: Taste,
    state: Mutex<State>,
}

struct State {
    dice: Dice,
    count: u64,
    /// Mails that were seen once: honest plans name them once, the attacker remembers.
    mails: Vec<MessageRef>,
    /// Every honest proposal that was ever seen.
    honest: Vec<Proposal>,
}

impl Malice {
    pub fn new(towns: &[Town; 2], taste: Taste, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let state = State { dice, count: 0, mails: Vec::new(), honest: Vec::new() };
        Self { towns: towns.clone(), taste, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Planner for Malice {
    async fn propose(&self, inputs: &PlanInputs) -> Result<Vec<Proposal>, PlannerError> {
        let mut state = self.state();
        let State { dice, count, mails, honest } = &mut *state;
        mails.extend(inputs.email_updates.iter().cloned());
        honest.extend(plan(inputs));
        let mut hand = Hand { towns: &self.towns, dice, count, mails, honest };
        let mut proposals = Vec::new();
        if self.taste.is_thorough {
            proposals.extend(hand.thorough());
        }
        for _ in 0..self.taste.wild {
            proposals.push(hand.wild());
        }
        for _ in 0..self.taste.bent {
            proposals.extend(hand.bent());
        }
        for _ in 0..self.taste.repeated {
            proposals.extend(hand.repeated());
        }
        Ok(proposals)
    }
}

/// What the attacker reaches for while making up one plan.
struct Hand<'a> {
    towns: &'a [Town; 2],
    dice: &'a mut Dice,
    count: &'a mut u64,
    mails: &'a [MessageRef],
    honest: &'a [Proposal],
}

impl Hand<'_> {
    /// Every kind with every payload and every subject: of the tenant, of the other one, and of nobody.
    fn thorough(&mut self) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for kind in ActionKind::ALL {
            for subject_kind in SubjectKind::ALL {
                for payload in 0..PAYLOADS {
                    for whose in 0..3 {
                        let id = match whose {
                            0 | 1 => self.id_in(whose, *subject_kind),
                            _ => self.nobody(),
                        };
                        let subject = Subject { kind: *subject_kind, id };
                        let payload = self.payload(payload);
                        let client = self.client();
                        proposals.push(self.proposal(*kind, subject, client, payload));
                    }
                }
            }
        }
        proposals
    }

    fn wild(&mut self) -> Proposal {
        let kind = *self.dice.pick(ActionKind::ALL);
        let subject = self.subject();
        let client = self.client();
        let which = self.dice.below(PAYLOADS);
        let payload = self.payload(which);
        self.proposal(kind, subject, client, payload)
    }

    fn repeated(&mut self) -> Option<Proposal> {
        let honest = self.some_honest()?;
        let key = self.key();
        Some(Proposal { dedup_key: key, score: self.score(), ..honest })
    }

    /// An honest proposal with one thing, or two, that are not.
    fn bent(&mut self) -> Option<Proposal> {
        let mut it = self.repeated()?;
        for _ in 0..=self.dice.below(2) {
            match self.dice.below(8) {
                0 => it.kind = *self.dice.pick(ActionKind::ALL),
                1 => it.subject = self.subject(),
                2 => it.subject.id = self.id_in(0, it.subject.kind),
                3 => it.client = self.client(),
                4 => {
                    let which = self.dice.below(PAYLOADS);
                    it.payload = self.payload(which);
                }
                _ => self.bend(&mut it.payload),
            }
        }
        Some(it)
    }

    fn bend(&mut self, payload: &mut Payload) {
        match payload {
            Payload::Plain => {}
            Payload::Letter(letter) => self.bend_letter(letter),
            Payload::Advance(advance) => match self.dice.below(3) {
                0 => advance.to = *self.dice.pick(StageType::ALL),
                1 => advance.message = self.message(),
                _ => advance.span = self.span(),
            },
            Payload::Loss(loss) => match self.dice.below(4) {
                0 => loss.reason = Some(LURE.to_owned()),
                1 => loss.reason = None,
                2 => loss.message = Some(self.message()),
                _ => loss.span = Some(self.span()),
            },
            Payload::Task(task) => match self.dice.below(3) {
                0 => task.task = *self.dice.pick(AskKind::ALL),
                1 => task.justification = self.justification(),
                _ => {
                    if let Justification::ClientAsk { words, .. } = &mut task.justification {
                        words.push('!');
                    }
                }
            },
            Payload::Case(case) => match self.dice.below(3) {
                0 => case.case = *self.dice.pick(CaseKind::ALL),
                1 => case.message = self.message(),
                _ => case.span = self.span(),
            },
        }
    }

    fn bend_letter(&mut self, letter: &mut LetterPayload) {
        match self.dice.below(8) {
            0 => letter.to = STRANGER.to_owned(),
            1 => letter.to.push_str("\nBcc: boss@attacker.example"),
            2 => letter.body.push_str(LURE),
            3 => letter.subject = LURE.to_owned(),
            4 => letter.template = "lure-1".to_owned(),
            5 => letter.epoch = self.epoch(),
            6 => letter.contact = self.contact(),
            _ => {
                // Another person of the same town, with the right address.
                let key = self.contact_key();
                letter.contact = self.towns[0].contact(&key);
                letter.to = address_of(self.towns[0].slug, &key);
            }
        }
    }

    fn some_honest(&mut self) -> Option<Proposal> {
        (!self.honest.is_empty()).then(|| self.dice.pick(self.honest).clone())
    }

    fn proposal(
        &mut self,
        kind: ActionKind,
        subject: Subject,
        client: Option<ClientId>,
        payload: Payload,
    ) -> Proposal {
        Proposal {
            kind,
            subject,
            client,
            payload,
            dedup_key: self.key(),
            score: self.score(),
            reasons: vec![LURE.to_owned()],
            evidence: vec![Evidence::Words { message: self.message(), span: self.span() }],
        }
    }
}

/// How many kinds of payload there are.
const PAYLOADS: usize = 6;

/// Letters as an attacker would have them, without the honest ones.
impl Hand<'_> {
    fn payload(&mut self, which: usize) -> Payload {
        match which {
            0 => Payload::Plain,
            1 => Payload::Letter(self.letter()),
            2 => Payload::Advance(AdvancePayload {
                from: *self.dice.pick(StageType::ALL),
                to: *self.dice.pick(StageType::ALL),
                message: self.message(),
                span: self.span(),
            }),
            3 => Payload::Loss(LossPayload {
                reason: self.dice.one_in(2).then(|| LURE.to_owned()),
                message: self.dice.one_in(2).then(|| self.message()),
                span: self.dice.one_in(2).then(|| self.span()),
            }),
            4 => Payload::Task(TaskPayload {
                task: *self.dice.pick(AskKind::ALL),
                justification: self.justification(),
            }),
            _ => Payload::Case(CasePayload {
                case: *self.dice.pick(CaseKind::ALL),
                message: self.message(),
                span: self.span(),
            }),
        }
    }

    fn letter(&mut self) -> LetterPayload {
        let letters: Vec<&LetterPayload> = self
            .honest
            .iter()
            .filter_map(|it| match &it.payload {
                Payload::Letter(letter) => Some(letter),
                _ => None,
            })
            .collect();
        if !letters.is_empty() && !self.dice.one_in(3) {
            let mut letter = (*self.dice.pick(&letters)).clone();
            self.bend_letter(&mut letter);
            return letter;
        }
        let key = self.contact_key();
        let town = self.dice.pick(self.towns);
        LetterPayload {
            contact: town.contact(&key),
            to: address_of(town.slug, &key),
            template: "touch-1".to_owned(),
            subject: LURE.to_owned(),
            body: LURE.to_owned(),
            epoch: self.epoch(),
        }
    }

    fn justification(&mut self) -> Justification {
        match self.dice.below(8) {
            0 => Justification::None,
            1 => {
                let id = self.id_in(0, SubjectKind::ComplianceItem);
                Justification::ComplianceDue { item: ComplianceItemId::from_uuid(id) }
            }
            2 => {
                let id = self.any_id(SubjectKind::ComplianceItem);
                Justification::ComplianceDue { item: ComplianceItemId::from_uuid(id) }
            }
            3 => {
                let id = self.any_id(SubjectKind::Case);
                Justification::Safety { case: CaseId::from_uuid(id) }
            }
            4 => Justification::ClientAsk {
                message: self.message(),
                span: self.span(),
                words: "Please call me back today.".to_owned(),
            },
            _ => self.quotation(),
        }
    }

    /// Some words that really stand somewhere in a mail: quoted ones, harmless ones, or those of a real ask.
    fn quotation(&mut self) -> Justification {
        if self.mails.is_empty() {
            return Justification::None;
        }
        let mail = self.dice.pick(self.mails);
        let lines: Vec<&str> = mail.body.lines().filter(|line| !line.is_empty()).collect();
        let Some(line) = lines.get(self.dice.below(lines.len())) else {
            return Justification::None;
        };
        let words = line.trim_start_matches(['>', ' ']);
        let start = mail.body.find(words).unwrap_or(0);
        Justification::ClientAsk {
            message: mail.id,
            span: between(start, start + words.len()),
            words: words.to_owned(),
        }
    }

    fn span(&mut self) -> Span {
        if self.mails.is_empty() || self.dice.one_in(3) {
            let start = self.dice.below(60);
            return between(start, start + self.dice.below(60));
        }
        let findings = &self.dice.pick(self.mails).findings;
        let mut spans: Vec<Span> = findings.asks.iter().map(|ask| ask.span).collect();
        spans.extend(findings.written.iter().copied());
        spans.extend([findings.complaint, findings.safety].into_iter().flatten());
        spans.extend([findings.quote_lost, findings.buying_signal].into_iter().flatten());
        if spans.is_empty() { between(0, 10) } else { *self.dice.pick(&spans) }
    }

    fn message(&mut self) -> MessageId {
        MessageId::from_uuid(self.any_id(SubjectKind::Message))
    }

    fn contact(&mut self) -> ContactId {
        ContactId::from_uuid(self.any_id(SubjectKind::Contact))
    }

    fn contact_key(&mut self) -> String {
        let mut keys: Vec<&String> = self.towns[0].contacts.keys().collect();
        keys.sort();
        (*self.dice.pick(&keys)).clone()
    }

    fn client(&mut self) -> Option<ClientId> {
        match self.dice.below(12) {
            0 => None,
            1 => Some(ClientId::from_uuid(self.nobody())),
            2 => Some(ClientId::from_uuid(self.id_in(1, SubjectKind::Client))),
            _ => Some(ClientId::from_uuid(self.id_in(0, SubjectKind::Client))),
        }
    }

    fn subject(&mut self) -> Subject {
        let kind = *self.dice.pick(SubjectKind::ALL);
        let of = if self.dice.one_in(6) { *self.dice.pick(SubjectKind::ALL) } else { kind };
        Subject { kind, id: self.any_id(of) }
    }

    fn any_id(&mut self, kind: SubjectKind) -> Uuid {
        match self.dice.below(8) {
            0 => self.nobody(),
            1 => self.id_in(1, kind),
            _ => self.id_in(0, kind),
        }
    }

    fn id_in(&mut self, town: usize, kind: SubjectKind) -> Uuid {
        let town = &self.towns[town];
        let rows = match kind {
            SubjectKind::Client => &town.clients,
            SubjectKind::Contact => &town.contacts,
            SubjectKind::Order => &town.orders,
            SubjectKind::Deal => &town.deals,
            SubjectKind::Quote => &town.quotes,
            SubjectKind::ComplianceItem => &town.items,
            SubjectKind::Message => &town.messages,
            SubjectKind::Case => &town.cases,
            SubjectKind::Product => &town.products,
        };
        let mut ids: Vec<Uuid> = rows.values().copied().collect();
        ids.sort();
        *self.dice.pick(&ids)
    }

    fn nobody(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.dice.roll(), self.dice.roll())
    }

    fn epoch(&mut self) -> Option<i32> {
        let number = i32::try_from(self.dice.below(6)).expect("it is small");
        (!self.dice.one_in(4)).then_some(number)
    }

    fn score(&mut self) -> Score {
        *self.dice.pick(&[Score(0), Score(5_000), Score(10_000), Score(i32::MAX), Score(i32::MIN)])
    }

    /// A key that no earlier proposal had; now and then one that no index and no text column takes as it is.
    fn key(&mut self) -> String {
        *self.count += 1;
        let number = *self.count;
        match self.dice.below(200) {
            0 => {
                let noise: String =
                    (0..400).map(|_| format!("{:016x}", self.dice.roll())).collect();
                format!("long:{number}:{noise}")
            }
            1 => format!("nothing\0:{number}"),
            _ => format!("evil:{number}"),
        }
    }
}

fn between(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: offset(start), end: offset(end) }
}
