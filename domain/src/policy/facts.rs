//! What the policy looks at: loaded by the gate when it is asked, never supplied by the proposer.

use serde::Serialize;

use crate::{
    action::TenantMode,
    engagement::{ClockState, ComplianceFacts, DealFacts, QuoteFacts, RenderedLetter},
    mail::{Findings, Reading},
    money::BasisPoints,
    proposal::CaseKind,
    time::{BusinessCalendar, Date, Timestamp},
};

/// Everything that the rules may ask about one proposal.
///
/// Its JSON is stored with the decision, so whatever is a person's own text is left out of it.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyFacts {
    /// Whether what leaves waits for a person.
    pub mode: TenantMode,
    /// When the tenant does business.
    #[serde(skip)]
    pub calendar: BusinessCalendar,
    /// The row that the proposal is about, as it is now.
    pub subject: SubjectFacts,
    /// Whether the subject belongs to the client that the proposal names.
    pub subject_is_of_client: bool,
    /// Whether that client is a customer at present.
    pub client_is_active: bool,
    /// Whether a case of complaint or safety is open for the client.
    pub has_open_complaint: bool,
    /// The person a letter goes to.
    pub recipient: Option<RecipientFacts>,
    /// The letter as the records alone would write it now.
    #[serde(skip)]
    pub letter: Option<RenderedLetter>,
    /// What a task or case rests on.
    pub proof: ProofFacts,
    /// How many other deals or quotes of the client the words cited could mean as well.
    pub rivals: u32,
    /// Whether research may be thought of.
    pub research: ResearchFacts,
}

/// The person a letter goes to.
#[derive(Clone, Debug, Serialize)]
pub struct RecipientFacts {
    /// The address in the records.
    #[serde(skip)]
    pub address: Option<String>,
    /// Whether the person is one of the client's.
    pub is_of_client: bool,
    /// Whether the person is still there.
    pub is_active: bool,
    /// Why the address must not be written to.
    #[serde(skip)]
    pub suppressed_because: Option<String>,
    /// Until when the person's clock rests, for instance while out of office.
    pub paused_until: Option<Timestamp>,
    /// When the last letter of ours left for this person.
    pub last_letter_at: Option<Timestamp>,
}

/// The state of the row that a proposal is about.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SubjectFacts {
    /// There is no such row of this tenant.
    Unknown,
    /// An order.
    Order {
        /// Whether it waits for its check.
        is_waiting: bool,
    },
    /// A contact with a clock.
    Contact {
        /// The clock.
        #[serde(skip)]
        clock: ClockState,
        /// When the next touch is due.
        next_touch_due: Timestamp,
        /// Whether a touch of this epoch has been proposed already.
        is_fired: bool,
        /// Which epoch the clock is in.
        epoch: i32,
    },
    /// A deal.
    Deal {
        /// Its state.
        #[serde(skip)]
        deal: DealFacts,
    },
    /// A quote.
    Quote {
        /// Its state.
        #[serde(skip)]
        quote: QuoteFacts,
        /// The reason that was recorded with it.
        #[serde(skip)]
        lost_reason: Option<String>,
        /// Whether its loss has been kept already.
        is_loss_recorded: bool,
    },
    /// A compliance item.
    Compliance {
        /// Its state.
        #[serde(skip)]
        item: ComplianceFacts,
    },
    /// A message.
    Message,
    /// An account, product or case that exists.
    Other,
}

/// What a task or a case rests on, as it is in the records.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ProofFacts {
    /// Nothing was cited, or what was cited does not exist for this tenant.
    None,
    /// A message.
    Message(Box<MessageFacts>),
    /// A compliance item.
    Compliance {
        /// Its state.
        #[serde(skip)]
        item: ComplianceFacts,
        /// Whether it is the client's.
        is_of_client: bool,
    },
    /// A case.
    Case {
        /// What about.
        kind: CaseKind,
        /// Whether it is still open.
        is_open: bool,
        /// Whether it says where it comes from.
        has_source: bool,
        /// Whether it is the client's.
        is_of_client: bool,
    },
}

/// A message as a witness.
#[derive(Clone, Debug, Serialize)]
pub struct MessageFacts {
    /// Whether it came in, rather than went out.
    pub is_inbound: bool,
    /// Whether its sender is a known person of the client that the proposal names.
    pub is_from_client_person: bool,
    /// What was understood of it.
    pub findings: Findings,
    /// Its text, for comparing words.
    #[serde(skip)]
    pub body: String,
    /// When it arrived.
    pub received_at: Timestamp,
}

impl MessageFacts {
    /// A witness from a reading.
    pub fn from_reading(
        reading: Reading,
        is_inbound: bool,
        of_client: bool,
        at: Timestamp,
    ) -> Self {
        Self {
            is_inbound,
            is_from_client_person: of_client,
            findings: reading.findings,
            body: reading.body,
            received_at: at,
        }
    }
}

/// What decides whether research may be thought of.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ResearchFacts {
    /// The share of reachable contacts and accounts that were touched in time.
    pub compliance: BasisPoints,
    /// Whether a goal of the tenant is behind its pace.
    pub goals_behind_pace: bool,
    /// Whether the open pipeline is worth less than what it should cover.
    pub pipeline_is_thin: bool,
}

impl PolicyFacts {
    /// The tenant's local day.
    pub fn today(&self, now: Timestamp) -> Date {
        self.calendar.local_date(now)
    }
}
