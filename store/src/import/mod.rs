//! The bulk writes of an import, and the bulk look-ups that its references need.
//!
//! What lives here: one typed row per kind, and for each kind one method that writes many of them with a
//! constant number of statements. A row is recognised by (tenant, source, external id); writing it twice
//! changes nothing the second time.
//! What does not: files, formats and the reasons for refusing a row, which are `intake`'s, and any
//! column that the agent keeps for itself (an order's status, a deal's follow-ups, clocks and memories).
//!
//! A key may stand only once among the rows of one call: Postgres refuses to write a row twice in a
//! statement.

mod accounts;
mod bulk;
mod catalogue;
mod lookup;
mod mail;
mod orders;
mod pipeline;
mod records;
mod settings;

use std::ops::AddAssign;

use domain::{action::Actor, time::Timestamp};

pub use accounts::{ClientRow, ContactRow, SuppressionRow};
pub use catalogue::{CreditProfileRow, PriceBookEntryRow, ProductRow, RequirementRow};
pub use lookup::{Correspondent, CreditProfileKey, KnownThread};
pub use mail::{MailboxRow, MessageRow, StoredMailbox, ThreadRow};
pub use orders::{OrderLineRow, OrderRow};
pub use pipeline::{DealRow, QuoteRow};
pub use records::{CaseRow, ComplianceItemRow, GoalRow};

/// Where rows come from, who brings them, and when.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The name of the system that gave the external ids; part of every row's key.
    pub source: &'a str,
    /// Who imports.
    pub actor: &'a Actor,
    /// The moment of the import.
    pub at: Timestamp,
}

/// What came of writing many rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpsertCount {
    /// Rows that were not there before.
    pub inserted: u64,
    /// Rows that were there and say something else now.
    pub updated: u64,
    /// Rows that were there and say the same, or that may not be changed any more.
    pub unchanged: u64,
}

impl AddAssign for UpsertCount {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}
