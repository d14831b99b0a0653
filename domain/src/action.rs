//! The vocabulary of actions: what may be done at all, by whom, and in which states it can be.
//!
//! Whether a particular action may happen is not decided here but in [`crate::policy`].

use serde::{Deserialize, Serialize};

use crate::named::{UnknownName, named_enum};

named_enum! {
    /// Everything a planner can propose. Adding a kind means classing it in [`ActionKind::class`].
    pub enum ActionKind, "action kind" {
        /// Check an order and finalise it or record its exceptions.
        ProcessOrder = "process_order",
        /// Write to a contact whose engagement clock is due.
        SendTouch = "send_touch",
        /// Write to the contact of a stalled deal and ask for the next step.
        FollowUpDeal = "follow_up_deal",
        /// Move a deal on by one stage, because its buyer gave a signal.
        AdvanceDeal = "advance_deal",
        /// Write to the contact of a quote that waits for a decision.
        FollowUpQuote = "follow_up_quote",
        /// Keep the reason for a lost quote.
        RecordQuoteLoss = "record_quote_loss",
        /// Remind an account of a compliance item that is due.
        RemindCompliance = "remind_compliance",
        /// Give a person of the tenant something to do.
        CreateTask = "create_task",
        /// Open a case for a complaint.
        OpenCase = "open_case",
        /// Research an account; gated, and without an executor yet, so nothing plans it.
        Research = "research",
        /// Change what a product costs.
        ChangePrice = "change_price",
        /// Change how much credit an account has.
        ChangeCreditLimit = "change_credit_limit",
        /// Pay, refund or credit money.
        MoveMoney = "move_money",
        /// Delete anything that people rely on.
        DeleteRecord = "delete_record",
    }
}

named_enum! {
    /// How much freedom the agent has with a kind of action.
    pub enum ActionClass, "action class" {
        /// Runs without a person, as far as the other rules allow.
        Autonomous = "autonomous",
        /// Needs a person's approval, or the client's own proven request in its place.
        Approval = "approval",
        /// Never, whoever asks.
        Forbidden = "forbidden",
    }
}

impl ActionKind {
    /// The one table of how every kind is classed.
    pub const fn class(self) -> ActionClass {
        match self {
            Self::ProcessOrder
            | Self::SendTouch
            | Self::FollowUpDeal
            | Self::AdvanceDeal
            | Self::FollowUpQuote
            | Self::RecordQuoteLoss
            | Self::RemindCompliance
            | Self::OpenCase
            | Self::Research => ActionClass::Autonomous,
            Self::CreateTask => ActionClass::Approval,
            Self::ChangePrice | Self::ChangeCreditLimit | Self::MoveMoney | Self::DeleteRecord => {
                ActionClass::Forbidden
            }
        }
    }

    /// Whether the effect reaches somebody outside the tenant.
    pub const fn leaves_system(self) -> bool {
        matches!(
            self,
            Self::SendTouch | Self::FollowUpDeal | Self::FollowUpQuote | Self::RemindCompliance
        )
    }
}

named_enum! {
    /// Where an action is on its way.
    pub enum ActionStatus, "action status" {
        /// Planned and permitted; waits for Act.
        Proposed = "proposed",
        /// Refused by the policy.
        Blocked = "blocked",
        /// Waits for a person's decision.
        Awaiting = "awaiting",
        /// A person agreed; the next Act checks it again and runs it.
        Approved = "approved",
        /// A person refused.
        Rejected = "rejected",
        /// Nobody decided in time, or its facts changed before it ran.
        Expired = "expired",
        /// An effect outside the database has begun.
        Executing = "executing",
        /// Finished.
        Done = "done",
        /// Tried and did not work.
        Failed = "failed",
        /// Nobody can tell whether the effect happened; never tried again by itself.
        Unknown = "unknown",
        /// What a rehearsal (`--as-of`) would have done.
        WouldDo = "would_do",
    }
}

named_enum! {
    /// What an action, decision or memory is about.
    pub enum SubjectKind, "subject kind" {
        /// The company at the other end.
        Client = "client",
        /// A person there.
        Contact = "contact",
        /// An order.
        Order = "order",
        /// An opportunity.
        Deal = "deal",
        /// A quote or bid.
        Quote = "quote",
        /// A compliance item.
        ComplianceItem = "compliance_item",
        /// A message.
        Message = "message",
        /// A case.
        Case = "case",
        /// A product.
        Product = "product",
    }
}

named_enum! {
    /// Where an outbound message is on its way.
    pub enum OutboundStatus, "outbound status" {
        /// Written down with its verdict; nothing has left.
        Intended = "intended",
        /// A worker is handing it over.
        Claimed = "claimed",
        /// The transport took it.
        Sent = "sent",
        /// The transport refused it for good.
        Failed = "failed",
        /// Nobody can tell; never sent again by itself.
        Unknown = "unknown",
    }
}

named_enum! {
    /// Whether what leaves the system waits for a person.
    pub enum TenantMode, "tenant mode" {
        /// Everything that leaves waits for approval; checks and clocks run. How a tenant starts.
        Approval = "approval",
        /// What the policy allows leaves by itself. An explicit act of a person.
        Autonomous = "autonomous",
    }
}

/// Who did something, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Steward itself.
    Agent,
    /// A person at the command line.
    Cli(String),
    /// A holder of an API key.
    Key(String),
}

/// Longest name of an actor that is kept.
const ACTOR_NAME_CHARS_MAX: usize = 100;

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent => f.write_str("agent"),
            Self::Cli(name) => write!(f, "cli:{name}"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let named = |name: &str| {
            let fits = !name.is_empty()
                && name.chars().count() <= ACTOR_NAME_CHARS_MAX
                && !name.chars().any(char::is_control);
            fits.then(|| name.to_owned())
        };
        let parsed = match text.split_once(':') {
            None if text == "agent" => Some(Self::Agent),
            Some(("cli", name)) => named(name).map(Self::Cli),
            Some(("key", id)) => named(id).map(Self::Key),
            _ => None,
        };
        parsed.ok_or_else(|| UnknownName {
            noun: "actor",
            text: text.chars().take(40).collect(),
            expected: "agent, cli:NAME, key:ID".to_owned(),
        })
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_classed_as_the_specification_says() {
        use ActionClass::{Approval, Autonomous, Forbidden};
        let table = [
            ("process_order", Autonomous, false),
            ("send_touch", Autonomous, true),
            ("follow_up_deal", Autonomous, true),
            ("advance_deal", Autonomous, false),
            ("follow_up_quote", Autonomous, true),
            ("record_quote_loss", Autonomous, false),
            ("remind_compliance", Autonomous, true),
            ("create_task", Approval, false),
            ("open_case", Autonomous, false),
            ("research", Autonomous, false),
            ("change_price", Forbidden, false),
            ("change_credit_limit", Forbidden, false),
            ("move_money", Forbidden, false),
            ("delete_record", Forbidden, false),
        ];
        assert_eq!(table.len(), ActionKind::ALL.len(), "a kind is missing from this table");
        for (name, class, leaves) in table {
            let kind: ActionKind = name.parse().unwrap();
            assert_eq!((kind.class(), kind.leaves_system()), (class, leaves), "{name}");
        }
    }

    #[test]
    fn actors_go_round_and_nameless_ones_are_refused() {
        for text in ["agent", "cli:ada", "key:3f0a"] {
            assert_eq!(text.parse::<Actor>().unwrap().to_string(), text);
        }
        for text in ["", "cli:", "cli", "root", "key:a\nb"] {
            assert!(text.parse::<Actor>().is_err(), "{text:?}");
        }
    }
}
