//! What can be imported, and under whose name it is kept.
//!
//! What does not live here: files, formats and columns, which are `intake`'s.

use serde::{Deserialize, Serialize};

use crate::{named::named_enum, record::OrderStatus, time::Tz};

named_enum! {
    /// What a file holds, in the order in which their references ask them to be imported.
    pub enum ImportKind, "kind of import" {
        /// Companies.
        Clients = "clients",
        /// People at clients.
        Contacts = "contacts",
        /// Products with list prices.
        Products = "products",
        /// Prices by date, quantity and client.
        PriceBook = "price-book",
        /// How much credit clients have.
        CreditProfiles = "credit-profiles",
        /// What orders have to come with.
        Requirements = "requirements",
        /// Orders; their lines are in a second file.
        Orders = "orders",
        /// Opportunities.
        Deals = "deals",
        /// Quotes and bids.
        Quotes = "quotes",
        /// Mail, as mbox or eml.
        Messages = "messages",
        /// Complaints, safety concerns and service matters.
        Cases = "cases",
        /// What accounts have to hand in.
        Compliance = "compliance",
        /// What the tenant wants to reach.
        Goals = "goals",
    }
}

named_enum! {
    /// How far an import is whose files were uploaded.
    pub enum ImportState, "state of an import" {
        /// Its files are on their way.
        Receiving = "receiving",
        /// Its files are here, and its job waits or runs.
        Waiting = "waiting",
        /// It came to its end: its report says what was refused.
        Done = "done",
        /// It could not be done at all, and says why.
        Failed = "failed",
    }
}

named_enum! {
    /// A file of an import.
    pub enum ImportPart, "part of an import" {
        /// What is imported.
        File = "file",
        /// The lines of orders.
        Lines = "lines",
        /// How the files name and write things.
        Map = "map",
        /// Rows that were refused.
        Rejects = "rejects",
        /// Lines of orders that were refused.
        LineRejects = "line_rejects",
    }
}

/// Sources that the agent's own rows are kept under: nobody else may write over them.
const RESERVED_SOURCES: &[&str] = &["agent", "steward"];
/// A source is part of every key, so it is a short word.
pub const SOURCE_CHARS_MAX: usize = 40;

/// Why a word cannot be a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// It is too long, empty, or has other characters.
    #[error("is no name of a system: give 1 to 40 of a-z, 0-9, `-`, `_` and `.`")]
    Malformed,
    /// It is ours.
    #[error("is kept for rows of our own: use another name")]
    Reserved,
}

/// Errors unless a word can be the name of a system that keys belong to.
pub fn check_source(text: &str) -> Result<(), SourceFault> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if text.is_empty() || SOURCE_CHARS_MAX < text.len() || !text.bytes().all(is_plain) {
        return Err(SourceFault::Malformed);
    }
    if RESERVED_SOURCES.contains(&text) {
        return Err(SourceFault::Reserved);
    }
    Ok(())
}

/// How an import is to be read, beside the map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    /// The status of orders that were not there before; new if left out.
    #[serde(default)]
    pub as_status: Option<OrderStatus>,
    /// The IANA time zone of times without one; the tenant's if left out.
    #[serde(default)]
    pub zone: Option<String>,
    /// The mailbox that messages go to.
    #[serde(default)]
    pub mailbox: Option<String>,
    /// The authserv-id whose word on senders is trusted in that mailbox.
    #[serde(default)]
    pub authserv_id: Option<String>,
    /// The tenant's own address in that mailbox: what it sent itself is outbound.
    #[serde(default)]
    pub address: Option<String>,
}

/// A mailbox's name is shown in lists.
const MAILBOX_CHARS_MAX: usize = 100;

/// An option that does not go with the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// Which, by its name.
    pub option: &'static str,
    /// What is wrong, as the rest of a sentence that begins with it.
    pub problem: String,
}

impl ImportOptions {
    /// Errors unless the options go with the kind and with each other.
    pub fn check(
        &self,
        kind: ImportKind,
        has_lines: bool,
        has_map: bool,
    ) -> Result<(), OptionFault> {
        let refuse = |option, problem: String| Err(OptionFault { option, problem });
        let only = |what: &str| format!("is for {what}, and this imports {kind}");
        let is_orders = kind == ImportKind::Orders;
        match (is_orders, has_lines) {
            (true, false) => {
                let problem =
                    "is missing: orders come in two files, and this is the one with their lines";
                return refuse("lines", problem.to_owned());
            }
            (false, true) => return refuse("lines", only("orders")),
            (true, true) | (false, false) => {}
        }
        match self.as_status {
            Some(_) if !is_orders => return refuse("as", only("orders")),
            Some(status @ (OrderStatus::Held | OrderStatus::Cancelled)) => {
                let problem = format!("is {status}, and orders come in as new, open or done");
                return refuse("as", problem);
            }
            Some(OrderStatus::New | OrderStatus::Open | OrderStatus::Done) | None => {}
        }
        if let Some(zone) = self.zone.as_ref().filter(|it| it.parse::<Tz>().is_err()) {
            let zone: String = zone.chars().take(40).collect();
            return refuse(
                "zone",
                format!("`{zone}` is not an IANA time zone such as Europe/Berlin"),
            );
        }
        let is_messages = kind == ImportKind::Messages;
        let of_messages = [
            ("mailbox", &self.mailbox),
            ("authserv-id", &self.authserv_id),
            ("address", &self.address),
        ];
        if let Some((option, _)) =
            of_messages.iter().find(|(_, value)| !is_messages && value.is_some())
        {
            return refuse(option, only("messages"));
        }
        if is_messages && has_map {
            return refuse(
                "map",
                "has nothing to say about messages: they have no columns".to_owned(),
            );
        }
        Ok(())
    }
}

/// Errors unless a mailbox can have this name.
pub fn check_mailbox_name(name: &str) -> Result<(), OptionFault> {
    let count = name.chars().count();
    if name.is_empty() || MAILBOX_CHARS_MAX < count || name.chars().any(char::is_control) {
        let problem = format!("has to have from 1 to {MAILBOX_CHARS_MAX} plain characters");
        return Err(OptionFault { option: "mailbox", problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_go_with_their_kind() {
        let none = ImportOptions::default();
        let status = |it| ImportOptions { as_status: Some(it), ..ImportOptions::default() };
        let zone = ImportOptions { zone: Some("Mars".to_owned()), ..ImportOptions::default() };
        let mail = ImportOptions { mailbox: Some("in".to_owned()), ..ImportOptions::default() };
        let table = [
            (&none, ImportKind::Clients, false, true, None),
            (&none, ImportKind::Clients, true, false, Some("lines")),
            (&none, ImportKind::Orders, false, false, Some("lines")),
            (&status(OrderStatus::Done), ImportKind::Orders, true, false, None),
            (&status(OrderStatus::Held), ImportKind::Orders, true, false, Some("as")),
            (&status(OrderStatus::New), ImportKind::Deals, false, false, Some("as")),
            (&zone, ImportKind::Goals, false, false, Some("zone")),
            (&mail, ImportKind::Messages, false, false, None),
            (&mail, ImportKind::Messages, false, true, Some("map")),
            (&mail, ImportKind::Cases, false, false, Some("mailbox")),
        ];
        for (options, kind, has_lines, has_map, fault) in table {
            let found = options.check(kind, has_lines, has_map).err().map(|it| it.option);
            assert_eq!(found, fault, "{options:?} {kind}");
        }
    }

    #[test]
    fn a_source_is_a_short_plain_word_of_somebody_else() {
        for good in ["erp", "sap-4.1_b", &"a".repeat(40)] {
            assert_eq!(check_source(good), Ok(()), "{good}");
        }
        for bad in ["", "ERP", "a b", "ä", &"a".repeat(41)] {
            assert_eq!(check_source(bad), Err(SourceFault::Malformed), "{bad}");
        }
        assert_eq!(check_source("agent"), Err(SourceFault::Reserved));
    }
}
