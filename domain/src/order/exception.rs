//! What can be wrong with an order, in the codes of the trade, and how a finding is written down.
//!
//! What lives here: the codes, their table of type, severity and owner, and the limit on findings.
//! What does not: the checks that find them, and what is done about a held order.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::named::named_enum;

named_enum! {
    /// The kinds of exception that hold an order, in the order in which they are checked.
    pub enum ExceptionType, "exception type" {
        /// What is ordered, or what it costs, is not as agreed.
        PricingError = "pricing_error",
        /// The client may not buy this on payment terms now.
        CreditHold = "credit_hold",
        /// Something that the client or the vendor must bring is not there.
        MissingRequirements = "missing_requirements",
    }
}

named_enum! {
    /// How much a fault matters.
    pub enum Severity, "severity" {
        /// Worth knowing; the order goes on.
        Warning = "warning",
        /// Holds the order.
        Error = "error",
    }
}

named_enum! {
    /// Who can settle a fault: a role, so that a fault never names a person.
    pub enum OwnerRole, "owner role" {
        /// Keeps products, prices and discounts of the tenant.
        Sales = "sales",
        /// Keeps credit and payments of the tenant.
        Finance = "finance",
        /// Keeps certificates and licences of the tenant.
        Compliance = "compliance",
        /// Places orders at the client.
        PurchasingContact = "purchasing_contact",
    }
}

named_enum! {
    /// What exactly is wrong. Adding a code means one row in the table below.
    pub enum FaultCode, "fault code" {
        /// The client is not active.
        InactiveCustomer = "INACTIVE_CUSTOMER",
        /// Another order of the client bears the same purchase order number.
        DuplicatePo = "DUPLICATE_PO",
        /// A purchase order number is required, and there is none.
        PoMissing = "PO_MISSING",
        /// The line names no product that is sold.
        UnknownSku = "UNKNOWN_SKU",
        /// The product is no longer sold.
        DiscontinuedSku = "DISCONTINUED_SKU",
        /// The line counts in another unit than the product is sold in.
        UomMismatch = "UOM_MISMATCH",
        /// Less than the least quantity that is sold.
        Moq = "MOQ",
        /// Not a whole number of packs.
        PackMultiple = "PACK_MULTIPLE",
        /// The unit price is not the one that is valid on the order's date.
        PriceMismatch = "PRICE_MISMATCH",
        /// The price that was agreed ended before the order's date.
        PriceExpired = "PRICE_EXPIRED",
        /// There is no price on the order's date for this quantity.
        NoPrice = "NO_PRICE",
        /// The order's currency is not the one of the price, or of the credit limit.
        CurrencyMismatch = "CURRENCY_MISMATCH",
        /// More discount than anybody authorised, or a rate that is none.
        DiscountUnauthorised = "DISCOUNT_UNAUTHORISED",
        /// A declared amount is not what the lines add up to.
        TotalMismatch = "TOTAL_MISMATCH",
        /// The client would owe more than its credit limit.
        CreditLimit = "CREDIT_LIMIT",
        /// The client has no credit, or it is on hold.
        CreditHold = "CREDIT_HOLD",
        /// The client has invoices that are past their due date.
        Overdue = "OVERDUE",
        /// The order asks for longer terms than were agreed.
        PaymentTermsMismatch = "PAYMENT_TERMS_MISMATCH",
        /// The goods are required before they were ordered.
        DateInfeasible = "DATE_INFEASIBLE",
        /// An attachment, insurance or licence is missing or runs out too early.
        RequirementMissing = "REQUIREMENT_MISSING",
        /// An amount does not fit into what can be stored.
        AmountTooLarge = "AMOUNT_TOO_LARGE",
        /// The order has no line.
        NoLines = "NO_LINES",
    }
}

/// One row of the table of codes.
struct CodeRow {
    exception_type: ExceptionType,
    severity: Severity,
    owner_role: OwnerRole,
    resolves_itself: bool,
}

impl FaultCode {
    /// The type of exception that the code belongs to, unless the fault says otherwise.
    pub const fn exception_type(self) -> ExceptionType {
        self.row().exception_type
    }

    /// How much the code matters, unless the fault says otherwise.
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// Who can settle it, unless the fault says otherwise.
    pub const fn owner_role(self) -> OwnerRole {
        self.row().owner_role
    }

    /// Whether a later check may pass although nobody changes the order or a rule.
    pub const fn resolves_itself(self) -> bool {
        self.row().resolves_itself
    }

    /// The one table of how every code is classed.
    const fn row(self) -> CodeRow {
        use ExceptionType::{CreditHold, MissingRequirements, PricingError};
        use OwnerRole::{Compliance, Finance, PurchasingContact, Sales};
        match self {
            Self::InactiveCustomer => stays(MissingRequirements, Sales),
            Self::DuplicatePo => stays(MissingRequirements, PurchasingContact),
            Self::PoMissing => stays(MissingRequirements, PurchasingContact),
            Self::UnknownSku => stays(PricingError, Sales),
            Self::DiscontinuedSku => stays(PricingError, Sales),
            Self::UomMismatch => stays(PricingError, PurchasingContact),
            Self::Moq => stays(PricingError, PurchasingContact),
            Self::PackMultiple => stays(PricingError, PurchasingContact),
            Self::PriceMismatch => stays(PricingError, Sales),
            Self::PriceExpired => stays(PricingError, Sales),
            Self::NoPrice => stays(PricingError, Sales),
            Self::CurrencyMismatch => stays(PricingError, Sales),
            Self::DiscountUnauthorised => stays(PricingError, Sales),
            Self::TotalMismatch => stays(PricingError, PurchasingContact),
            Self::CreditLimit => passes(CreditHold, Finance),
            Self::CreditHold => stays(CreditHold, Finance),
            Self::Overdue => passes(CreditHold, Finance),
            Self::PaymentTermsMismatch => stays(CreditHold, Finance),
            Self::DateInfeasible => stays(MissingRequirements, PurchasingContact),
            Self::RequirementMissing => stays(MissingRequirements, Compliance),
            Self::AmountTooLarge => stays(PricingError, Sales),
            Self::NoLines => stays(PricingError, PurchasingContact),
        }
    }
}

/// A code that holds the order until somebody acts.
const fn stays(exception_type: ExceptionType, owner_role: OwnerRole) -> CodeRow {
    CodeRow { exception_type, severity: Severity::Error, owner_role, resolves_itself: false }
}

/// A code that holds the order until the client has paid.
const fn passes(exception_type: ExceptionType, owner_role: OwnerRole) -> CodeRow {
    CodeRow { exception_type, severity: Severity::Error, owner_role, resolves_itself: true }
}

/// One finding about an order. Its texts name amounts, SKUs, documents and dates, never a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub code: FaultCode,
    /// The exception it is filed under; the code's own, except where two checks share a code.
    pub exception_type: ExceptionType,
    /// Whether it holds the order.
    pub severity: Severity,
    /// Where: `lines[3].unit_price` (by line number), `total`, `client.credit`.
    pub field_path: String,
    /// What would have been right, as text for people.
    pub expected: Option<String>,
    /// What was found, as text for people.
    pub actual: Option<String>,
    /// How far `actual` may be from `expected`, as text for people.
    pub tolerance: Option<String>,
    /// What its owner can do about it, in one or two sentences.
    pub suggested_fix: String,
    /// Who can settle it.
    pub owner_role: OwnerRole,
    /// Whether a later check may pass although nobody changes the order or a rule.
    pub resolves_itself: bool,
    /// The line's number as the order gives it; `None` for a fault of the whole order.
    pub line_no: Option<i32>,
}

impl Fault {
    /// A fault of the whole order, classed as its code is.
    pub(super) fn of_order(code: FaultCode, field_path: &str, fix: impl Into<String>) -> Self {
        Self {
            code,
            exception_type: code.exception_type(),
            severity: code.severity(),
            field_path: field_path.to_owned(),
            expected: None,
            actual: None,
            tolerance: None,
            suggested_fix: fix.into(),
            owner_role: code.owner_role(),
            resolves_itself: code.resolves_itself(),
            line_no: None,
        }
    }

    /// A fault of one line, classed as its code is.
    pub(super) fn of_line(
        code: FaultCode,
        line_no: i32,
        field: &str,
        fix: impl Into<String>,
    ) -> Self {
        let mut fault = Self::of_order(code, &format!("lines[{line_no}].{field}"), fix);
        fault.line_no = Some(line_no);
        fault
    }

    pub(super) fn expected(mut self, expected: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    pub(super) fn actual(mut self, actual: impl ToString) -> Self {
        self.actual = Some(actual.to_string());
        self
    }

    pub(super) fn tolerance(mut self, tolerance: impl ToString) -> Self {
        self.tolerance = Some(tolerance.to_string());
        self
    }

    /// How a person reads the faults of one exception: the whole order first, then line by line.
    ///
    /// The texts come last, so that the answer does not depend on the order of the facts.
    fn reading_order(&self, other: &Self) -> Ordering {
        let place = |fault: &Self| (fault.line_no, fault.code);
        place(self)
            .cmp(&place(other))
            .then_with(|| self.field_path.cmp(&other.field_path))
            .then_with(|| self.expected.cmp(&other.expected))
            .then_with(|| self.actual.cmp(&other.actual))
            .then_with(|| self.suggested_fix.cmp(&other.suggested_fix))
    }
}

/// Characters of a text from outside that a fault repeats: the longest SKU in use, and no essay.
const SHOWN_CHARS_MAX: usize = 60;

/// A text from outside as a fault repeats it: on one line, and short.
pub(super) fn shown(text: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    text.trim().chars().take(SHOWN_CHARS_MAX).map(printable).collect()
}

/// Most faults that a verdict keeps: more than anybody reads, little enough to store and show.
pub const FAULTS_MAX: usize = 1_000;

impl ExceptionType {
    /// The type's share of [`FAULTS_MAX`]: a thousand wrong prices must not hide a credit hold.
    const fn faults_max(self) -> usize {
        match self {
            // Several for each line: nearly all that is found in a hopeless order.
            Self::PricingError => {
                FAULTS_MAX - Self::CreditHold.faults_max() - Self::MissingRequirements.faults_max()
            }
            // A handful at most, whatever the order.
            Self::CreditHold => 10,
            // As many as the parties ask documents for.
            Self::MissingRequirements => 190,
        }
    }
}

/// The faults of one exception type: the gravest up to the type's share, and a count of the rest.
#[derive(Debug)]
pub(super) struct FaultList {
    exception_type: ExceptionType,
    kept: Vec<Fault>,
    omitted: usize,
}

impl FaultList {
    /// An empty list, which costs no allocation.
    pub(super) const fn new(exception_type: ExceptionType) -> Self {
        Self { exception_type, kept: Vec::new(), omitted: 0 }
    }

    /// Files a fault under the list's type.
    pub(super) fn push(&mut self, mut fault: Fault) {
        fault.exception_type = self.exception_type;
        self.kept.push(fault);
        // Pruned at twice the limit: the list stays short, and a fault costs the same on average.
        if 2 * self.exception_type.faults_max() <= self.kept.len() {
            self.prune();
        }
    }

    /// Files each of the faults that a check found.
    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    /// Moves the faults to the end of `all` in reading order; returns how many were left out.
    pub(super) fn drain_into(mut self, all: &mut Vec<Fault>) -> usize {
        self.prune();
        self.kept.sort_by(Fault::reading_order);
        all.append(&mut self.kept);
        self.omitted
    }

    /// Leaves out what is over the limit: warnings first, so that no verdict forgets to hold.
    fn prune(&mut self) {
        let surplus = self.kept.len().saturating_sub(self.exception_type.faults_max());
        if 0 < surplus {
            self.kept.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.reading_order(b)));
            self.kept.truncate(self.exception_type.faults_max());
            self.omitted = self.omitted.saturating_add(surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_classed() {
        use ExceptionType::{CreditHold, MissingRequirements, PricingError};
        use OwnerRole::{Compliance, Finance, PurchasingContact, Sales};
        let table = [
            ("INACTIVE_CUSTOMER", MissingRequirements, Sales, false),
            ("DUPLICATE_PO", MissingRequirements, PurchasingContact, false),
            ("PO_MISSING", MissingRequirements, PurchasingContact, false),
            ("UNKNOWN_SKU", PricingError, Sales, false),
            ("DISCONTINUED_SKU", PricingError, Sales, false),
            ("UOM_MISMATCH", PricingError, PurchasingContact, false),
            ("MOQ", PricingError, PurchasingContact, false),
            ("PACK_MULTIPLE", PricingError, PurchasingContact, false),
            ("PRICE_MISMATCH", PricingError, Sales, false),
            ("PRICE_EXPIRED", PricingError, Sales, false),
            ("NO_PRICE", PricingError, Sales, false),
            ("CURRENCY_MISMATCH", PricingError, Sales, false),
            ("DISCOUNT_UNAUTHORISED", PricingError, Sales, false),
            ("TOTAL_MISMATCH", PricingError, PurchasingContact, false),
            ("CREDIT_LIMIT", CreditHold, Finance, true),
            ("CREDIT_HOLD", CreditHold, Finance, false),
            ("OVERDUE", CreditHold, Finance, true),
            ("PAYMENT_TERMS_MISMATCH", CreditHold, Finance, false),
            ("DATE_INFEASIBLE", MissingRequirements, PurchasingContact, false),
            ("REQUIREMENT_MISSING", MissingRequirements, Compliance, false),
            ("AMOUNT_TOO_LARGE", PricingError, Sales, false),
            ("NO_LINES", PricingError, PurchasingContact, false),
        ];
        assert_eq!(table.len(), FaultCode::ALL.len(), "a code is missing from this table");
        for (name, exception_type, owner_role, resolves_itself) in table {
            let code: FaultCode = name.parse().unwrap();
            assert_eq!(code.exception_type(), exception_type, "{name}");
            assert_eq!(code.severity(), Severity::Error, "{name}");
            assert_eq!(code.owner_role(), owner_role, "{name}");
            assert_eq!(code.resolves_itself(), resolves_itself, "{name}");
        }
    }

    #[test]
    fn the_shares_of_the_types_are_the_whole_limit() {
        let shares: usize = ExceptionType::ALL.iter().map(|kind| kind.faults_max()).sum();
        assert_eq!(shares, FAULTS_MAX);
        assert!(ExceptionType::ALL.iter().all(|kind| 0 < kind.faults_max()));
    }

    #[test]
    fn a_full_list_keeps_its_one_error_and_counts_the_rest() {
        let mut list = FaultList::new(ExceptionType::PricingError);
        for line_no in 0..5_000 {
            let mut fault = Fault::of_line(FaultCode::DiscontinuedSku, line_no, "sku", "Wait.");
            fault.severity = if line_no == 4_999 { Severity::Error } else { Severity::Warning };
            list.push(fault);
        }
        let mut faults = Vec::new();
        let omitted = list.drain_into(&mut faults);
        assert_eq!(faults.len(), ExceptionType::PricingError.faults_max());
        assert_eq!(faults.len() + omitted, 5_000);
        assert_eq!(faults.last().map(|fault| fault.severity), Some(Severity::Error));
        assert!(faults.is_sorted_by_key(|fault| fault.line_no));
    }

    #[test]
    fn a_fault_goes_round_through_json() {
        let fault = Fault::of_line(FaultCode::PriceMismatch, 3, "unit_price", "Correct the price.")
            .expected("14.00 EUR")
            .actual("18.60 EUR")
            .tolerance("0.07 EUR");
        let json = serde_json::to_string(&fault).unwrap();
        assert!(
            json.contains(r#""code":"PRICE_MISMATCH","exception_type":"pricing_error""#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
    }

    #[test]
    fn a_hostile_text_is_repeated_short_and_on_one_line() {
        assert_eq!(shown(" A\n1\u{1b}[2J "), "A 1 [2J");
        assert_eq!(shown(&"ü".repeat(1_000)).chars().count(), SHOWN_CHARS_MAX);
    }
}
