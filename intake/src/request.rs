//! What is asked of an import.

use std::path::{Path, PathBuf};

use domain::{action::Actor, money::Currency, record::OrderStatus, time::Tz};
use serde::{Serialize, Serializer};

use crate::{
    column::Column,
    error::IntakeError,
    kind::{
        cases::Cases, clients::Clients, compliance::Compliance, contacts::Contacts,
        credit_profiles::CreditProfiles, deals::Deals, goals::Goals, price_book::PriceBook,
        products::Products, quotes::Quotes, requirements::Requirements, table::TableKind,
    },
    map::ColumnMap,
    order,
};

/// The source that rows are kept under unless another is named.
pub const DEFAULT_SOURCE: &str = "import";
/// Sources that the agent's own rows are kept under: an import must not write over them.
const RESERVED_SOURCES: &[&str] = &["agent", "steward"];
/// A source is part of every key, so it is a short word.
const SOURCE_CHARS_MAX: usize = 40;
/// A mailbox's name is shown in lists.
const MAILBOX_CHARS_MAX: usize = 100;
/// Appended to a file's name for the file with its refused rows.
const REJECTS_SUFFIX: &str = ".rejects.csv";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportKind {
    /// Companies.
    Clients,
    /// People at clients.
    Contacts,
    /// Products with list prices.
    Products,
    /// Prices by date, quantity and client.
    PriceBook,
    /// How much credit clients have.
    CreditProfiles,
    /// What orders have to come with.
    Requirements,
    /// Orders; their lines are in a second file.
    Orders,
    /// Opportunities.
    Deals,
    /// Quotes and bids.
    Quotes,
    /// Complaints, safety concerns and service matters.
    Cases,
    /// What accounts have to hand in.
    Compliance,
    /// What the tenant wants to reach.
    Goals,
    /// Mail, as mbox or eml.
    Messages,
}

/// The text is not a kind of import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not something to import: use one of {expected}")]
pub struct UnknownKind {
    text: String,
    expected: String,
}

impl ImportKind {
    /// Every kind, in the order in which their references ask them to be imported.
    pub const ALL: &'static [Self] = &[
        Self::Clients,
        Self::Contacts,
        Self::Products,
        Self::PriceBook,
        Self::CreditProfiles,
        Self::Requirements,
        Self::Orders,
        Self::Deals,
        Self::Quotes,
        Self::Messages,
        Self::Cases,
        Self::Compliance,
        Self::Goals,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Contacts => "contacts",
            Self::Products => "products",
            Self::PriceBook => "price-book",
            Self::CreditProfiles => "credit-profiles",
            Self::Requirements => "requirements",
            Self::Orders => "orders",
            Self::Deals => "deals",
            Self::Quotes => "quotes",
            Self::Cases => "cases",
            Self::Compliance => "compliance",
            Self::Goals => "goals",
            Self::Messages => "messages",
        }
    }

    /// The columns of its file; mail has none.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Clients => Clients::COLUMNS,
            Self::Contacts => Contacts::COLUMNS,
            Self::Products => Products::COLUMNS,
            Self::PriceBook => PriceBook::COLUMNS,
            Self::CreditProfiles => CreditProfiles::COLUMNS,
            Self::Requirements => Requirements::COLUMNS,
            Self::Orders => order::HEAD_COLUMNS,
            Self::Deals => Deals::COLUMNS,
            Self::Quotes => Quotes::COLUMNS,
            Self::Cases => Cases::COLUMNS,
            Self::Compliance => Compliance::COLUMNS,
            Self::Goals => Goals::COLUMNS,
            Self::Messages => &[],
        }
    }

    /// The columns of its second file; only orders have one.
    pub const fn line_columns(self) -> &'static [Column] {
        match self {
            Self::Orders => order::LINE_COLUMNS,
            _ => &[],
        }
    }
}

impl std::fmt::Display for ImportKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ImportKind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text.trim());
        found.copied().ok_or_else(|| UnknownKind {
            text: text.chars().take(40).collect(),
            expected: Self::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Serialize for ImportKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One import: what, from where, and how to understand it.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// What the file holds.
    pub kind: ImportKind,
    /// The file; for messages it may be a folder of `.eml` files.
    pub file: PathBuf,
    /// The file with the lines of orders; needed for orders, refused for anything else.
    pub lines: Option<PathBuf>,
    /// The status of orders that were not there before: new, open or done. Only for orders; new if `None`.
    pub as_status: Option<OrderStatus>,
    /// How the file names and writes things.
    pub map: ColumnMap,
    /// The system that the external ids come from; references are looked up in the same.
    pub source: String,
    /// Where refused rows go; `None` is the file's name with `.rejects.csv`, in the present folder.
    pub rejects: Option<PathBuf>,
    /// The zone of times that are written without one.
    pub zone: Tz,
    /// The currency of amounts without one.
    pub currency: Currency,
    /// Who imports.
    pub actor: Actor,
    /// The mailbox that messages go to; the file's name without its ending if `None`.
    pub mailbox: Option<String>,
    /// The authserv-id whose word on senders is trusted in that mailbox.
    pub authserv_id: Option<String>,
    /// The tenant's own address in that mailbox: what it sent itself is outbound.
    pub address: Option<String>,
}

impl ImportRequest {
    /// An import with everything that can be left out left out.
    pub fn new(
        kind: ImportKind,
        file: impl Into<PathBuf>,
        actor: Actor,
        zone: Tz,
        currency: Currency,
    ) -> Self {
        Self {
            kind,
            file: file.into(),
            lines: None,
            as_status: None,
            map: ColumnMap::default(),
            source: DEFAULT_SOURCE.to_owned(),
            rejects: None,
            zone,
            currency,
            actor,
            mailbox: None,
            authserv_id: None,
            address: None,
        }
    }

    /// Checks what the types cannot.
    pub(crate) fn validate(&self) -> Result<(), IntakeError> {
        let checked = self.check_source().and_then(|()| self.check_orders());
        checked.and_then(|()| self.check_messages()).map_err(IntakeError::BadRequest)
    }

    fn check_source(&self) -> Result<(), String> {
        let source = &self.source;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if source.is_empty() || SOURCE_CHARS_MAX < source.len() || !source.bytes().all(is_plain) {
            return Err(format!(
                "`{source}` is no name for a source: use at most {SOURCE_CHARS_MAX} of a-z, 0-9, `-`, \
                 `_` and `.`"
            ));
        }
        if RESERVED_SOURCES.contains(&source.as_str()) {
            return Err(format!(
                "the source `{source}` is kept for rows of our own: use another name"
            ));
        }
        Ok(())
    }

    fn check_orders(&self) -> Result<(), String> {
        if self.kind != ImportKind::Orders {
            return match (&self.lines, self.as_status) {
                (None, None) => Ok(()),
                (Some(_), _) => {
                    Err(format!("--lines is for orders, and this imports {}", self.kind))
                }
                (None, Some(_)) => {
                    Err(format!("--as is for orders, and this imports {}", self.kind))
                }
            };
        }
        if self.lines.is_none() {
            return Err(
                "orders come in two files: name the one with their lines with --lines".to_owned()
            );
        }
        match self.as_status {
            None | Some(OrderStatus::New | OrderStatus::Open | OrderStatus::Done) => Ok(()),
            Some(status @ (OrderStatus::Held | OrderStatus::Cancelled)) => {
                Err(format!("orders cannot be imported as {status}: use new, open or done"))
            }
        }
    }

    fn check_messages(&self) -> Result<(), String> {
        if self.kind != ImportKind::Messages {
            let settings = [&self.mailbox, &self.authserv_id, &self.address];
            return match settings.iter().any(|setting| setting.is_some()) {
                false => Ok(()),
                true => Err(format!(
                    "--mailbox, --authserv-id and --address are for messages, and this imports {}",
                    self.kind
                )),
            };
        }
        if self.map != ColumnMap::default() {
            return Err(
                "messages have no columns, so --map has nothing to say about them".to_owned()
            );
        }
        let name = self.mailbox_name();
        let is_too_long = MAILBOX_CHARS_MAX < name.chars().count();
        if name.is_empty() || is_too_long || name.chars().any(char::is_control) {
            return Err(format!("a mailbox's name has from 1 to {MAILBOX_CHARS_MAX} characters"));
        }
        Ok(())
    }

    /// Where the refused rows of the file go.
    pub fn rejects_path(&self) -> PathBuf {
        self.rejects.clone().unwrap_or_else(|| rejects_beside_us(&self.file))
    }

    /// Where the refused rows of the second file go: beside those of the first.
    pub fn line_rejects_path(&self) -> Option<PathBuf> {
        let name = rejects_beside_us(self.lines.as_ref()?);
        let folder = self.rejects_path().parent().map(Path::to_owned).unwrap_or_default();
        Some(folder.join(name))
    }

    pub(crate) fn mailbox_name(&self) -> String {
        let stem = || self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.mailbox.clone().or_else(stem).unwrap_or_default().trim().to_owned()
    }
}

fn rejects_beside_us(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(REJECTS_SUFFIX);
    PathBuf::from(name)
}
