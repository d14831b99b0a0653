//! The states and kinds of plain records, by the names under which they are stored.

use crate::named::named_enum;

named_enum! {
    /// Where an order is on its way.
    pub enum OrderStatus, "order status" {
        /// Waits for its first check.
        New = "new",
        /// Checked and accepted; not delivered yet.
        Open = "open",
        /// Checked, and held by at least one error.
        Held = "held",
        /// Delivered.
        Done = "done",
        /// Called off.
        Cancelled = "cancelled",
    }
}

/// What may be changed of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderChange {
    /// Everything: it is checked anew.
    Everything,
    /// How far it is: it was accepted as it stands.
    Progress,
    /// Nothing.
    Nothing,
}

impl OrderStatus {
    /// What may be changed of an order in this state.
    pub const fn may_change(self) -> OrderChange {
        match self {
            Self::New | Self::Held => OrderChange::Everything,
            Self::Open | Self::Done => OrderChange::Progress,
            Self::Cancelled => OrderChange::Nothing,
        }
    }

    /// The state of an accepted order whose day of delivery changes: one that is done without a day stays done.
    pub const fn after_delivery(self, was_delivered: bool, is_delivered: bool) -> Self {
        match (was_delivered, is_delivered) {
            (false, true) => Self::Done,
            (true, false) => Self::Open,
            (true, true) | (false, false) => self,
        }
    }
}

named_enum! {
    /// Whether a matter still has to be looked after.
    pub enum OpenOrClosed, "status" {
        /// It has.
        Open = "open",
        /// It has not.
        Closed = "closed",
    }
}

named_enum! {
    /// Which way a message went.
    pub enum Direction, "direction" {
        /// To the tenant.
        Inbound = "inbound",
        /// From the tenant.
        Outbound = "outbound",
    }
}

named_enum! {
    /// Where the messages of a mailbox come from.
    pub enum MailboxKind, "mailbox kind" {
        /// Imported from files.
        Import = "import",
        /// Written to files by the outbound ledger.
        File = "file",
    }
}

named_enum! {
    /// What a goal counts.
    pub enum GoalMetric, "goal metric" {
        /// Orders placed.
        Orders = "orders",
        /// What orders placed are worth, in minor units of the tenant's currency.
        Revenue = "revenue",
        /// Deals won.
        DealsWon = "deals_won",
    }
}

named_enum! {
    /// What a memory is.
    pub enum MemoryKind, "memory kind" {
        /// Something that was so.
        Fact = "fact",
        /// Something that tends to be so.
        Pattern = "pattern",
        /// Something believed, with a test.
        Hypothesis = "hypothesis",
    }
}

named_enum! {
    /// Where a memory stands.
    pub enum MemoryStatus, "memory status" {
        /// Held.
        Active = "active",
        /// A hypothesis that came true.
        Confirmed = "confirmed",
        /// A hypothesis that did not.
        Dropped = "dropped",
        /// Past its time to live.
        Expired = "expired",
    }
}

named_enum! {
    /// Whose clock an engagement clock is.
    pub enum ClockOwner, "clock owner" {
        /// A person's.
        Contact = "contact",
        /// A company's.
        Account = "account",
    }
}

named_enum! {
    /// What a touch was derived from.
    pub enum TouchSource, "touch source" {
        /// A message of a person.
        Message = "message",
        /// A letter of ours that left.
        Outbound = "outbound",
    }
}

named_enum! {
    /// Why nobody can be written to at a contact.
    pub enum Unreachable, "reason" {
        /// The records have no address.
        NoAddress = "no_address",
        /// The address must not be written to.
        Suppressed = "suppressed",
        /// The person has left.
        Inactive = "inactive",
        /// The account is no customer at present.
        ClientInactive = "client_inactive",
        /// A complaint or safety case is open for the account.
        OpenCase = "open_case",
    }
}

/// Why a contact cannot be written to, the hardest reason first; `None` if they can.
pub fn unreachable_because(
    has_address: bool,
    is_suppressed: bool,
    is_active: bool,
    client_is_active: bool,
    has_open_case: bool,
) -> Option<Unreachable> {
    if !client_is_active {
        Some(Unreachable::ClientInactive)
    } else if !is_active {
        Some(Unreachable::Inactive)
    } else if !has_address {
        Some(Unreachable::NoAddress)
    } else if is_suppressed {
        Some(Unreachable::Suppressed)
    } else if has_open_case {
        Some(Unreachable::OpenCase)
    } else {
        None
    }
}
