//! What a planner hands over: a typed wish, its reasons and its evidence.
//!
//! A proposal has no power.
//! Whether it happens is decided by [`crate::policy`], on facts that the planner did not supply.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    action::{ActionKind, SubjectKind},
    engagement::StageType,
    id::{CaseId, ClientId, ComplianceItemId, ContactId, MessageId},
    mail::{AskKind, Span},
    money::Score,
    time::Timestamp,
};

/// The row that an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Which table.
    pub kind: SubjectKind,
    /// Which row.
    pub id: Uuid,
}

/// One proposed action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What is to be done.
    pub kind: ActionKind,
    /// To what.
    pub subject: Subject,
    /// For which account.
    pub client: Option<ClientId>,
    /// The exact wish, bound by its hash.
    pub payload: Payload,
    /// What makes this proposal the same as an earlier one: proposing twice changes nothing.
    pub dedup_key: String,
    /// How pressing it is, 0 to 100.00.
    pub score: Score,
    /// Why, one sentence each, figures and ids only.
    pub reasons: Vec<String>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// Something a reader can look up to check a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Evidence {
    /// Words in a message.
    Words {
        /// Which message.
        message: MessageId,
        /// Which words of its reading's body.
        span: Span,
    },
    /// A row.
    Row {
        /// Which one.
        subject: Subject,
    },
    /// A date that decided something.
    Date {
        /// What happens on it, such as `next_touch_due`.
        what: String,
        /// When.
        at: Timestamp,
    },
}

/// The exact wish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "snake_case")]
pub enum Payload {
    /// The subject says it all.
    Plain,
    /// A letter to a person.
    Letter(LetterPayload),
    /// One stage further.
    Advance(AdvancePayload),
    /// The reason for a loss.
    Loss(LossPayload),
    /// A task for a person of the tenant.
    Task(TaskPayload),
    /// A case to open.
    Case(CasePayload),
}

impl Payload {
    /// The message that the wish answers to.
    pub fn message(&self) -> Option<MessageId> {
        match self {
            Self::Task(task) => match &task.justification {
                Justification::ClientAsk { message, .. } => Some(*message),
                Justification::ComplianceDue { .. }
                | Justification::Safety { .. }
                | Justification::None => None,
            },
            Self::Advance(advance) => Some(advance.message),
            Self::Case(case) => Some(case.message),
            Self::Loss(loss) => loss.message,
            Self::Plain | Self::Letter(_) => None,
        }
    }
}

/// A letter, word for word as it would leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterPayload {
    /// To whom.
    pub contact: ContactId,
    /// At which address; must be the one that the contact has.
    pub to: String,
    /// Name and version of the template.
    pub template: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The clock's epoch that a touch answers to.
    pub epoch: Option<i32>,
}

/// A stage change and the buyer's words that justify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvancePayload {
    /// The stage type that the deal is in.
    pub from: StageType,
    /// The one it goes to.
    pub to: StageType,
    /// Where the buyer said so.
    pub message: MessageId,
    /// In which words.
    pub span: Span,
}

/// Why a quote was lost, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossPayload {
    /// The reason, as imported with the quote.
    pub reason: Option<String>,
    /// The message that says so.
    pub message: Option<MessageId>,
    /// Its words.
    pub span: Option<Span>,
}

/// A task and the proof that a person may be given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPayload {
    /// What the person is to do.
    pub task: AskKind,
    /// Why it may be asked of a person.
    pub justification: Justification,
}

/// The three things that justify a task for a person, and there is no fourth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Justification {
    /// The client asked for it, in these very words.
    ClientAsk {
        /// Where.
        message: MessageId,
        /// Which words.
        span: Span,
        /// The words, repeated, so that a wrong span cannot point at something harmless.
        words: String,
    },
    /// A compliance deadline is due.
    ComplianceDue {
        /// Which one.
        item: ComplianceItemId,
    },
    /// A safety case requires it.
    Safety {
        /// Which one.
        case: CaseId,
    },
    /// Nothing: refused, and kept so that a planner's wish can be recorded as it was.
    None,
}

impl TaskPayload {
    /// What the task rests on, so that one ask, deadline or case gives one task, whoever proposes it how often.
    pub fn proof_key(&self) -> String {
        match &self.justification {
            Justification::ClientAsk { message, span, .. } => {
                format!("ask:{message}:{}:{}", span.start, self.task)
            }
            Justification::ComplianceDue { item } => format!("compliance:{item}"),
            Justification::Safety { case } => safety_key(*case),
            Justification::None => "none".to_owned(),
        }
    }
}

/// The key of the task that a safety case requires.
pub fn safety_key(case: CaseId) -> String {
    format!("safety:{case}")
}

/// A case and the words that call for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePayload {
    /// What about.
    pub case: CaseKind,
    /// Which message.
    pub message: MessageId,
    /// Its words.
    pub span: Span,
}

crate::named::named_enum! {
    /// What a case is about.
    pub enum CaseKind, "case kind" {
        /// The client is dissatisfied.
        Complaint = "complaint",
        /// Somebody could be hurt.
        Safety = "safety",
        /// Anything else that is being looked after.
        Service = "service",
    }
}

impl Proposal {
    /// SHA-256 over kind, subject and payload, in hex: what an approval is bound to.
    pub fn payload_hash(&self) -> String {
        payload_hash(self.kind, self.subject, &self.payload)
    }
}

/// SHA-256 over kind, subject and payload, in hex.
pub fn payload_hash(kind: ActionKind, subject: Subject, payload: &Payload) -> String {
    let text = serde_json::to_string(&(kind, subject, payload))
        .expect("a payload is plain data with string keys");
    hex(&Sha256::digest(text.as_bytes()))
}

/// Lower-case hex digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
