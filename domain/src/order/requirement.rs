//! Whether an order brings what its client and its vendor ask for.
//!
//! What lives here: documents, certificates, and what must be true of the order as a whole.
//! What does not: prices ([`super::pricing`]) and credit ([`super::credit`]).

use super::{
    OrderFacts, OrderHead,
    exception::{ExceptionType, Fault, FaultCode, FaultList, OwnerRole, shown},
    same_words,
};
use crate::{named::named_enum, time::Date};

named_enum! {
    /// What kind of evidence a requirement asks for.
    pub enum RequirementKind, "requirement kind" {
        /// A document that comes with each order.
        Attachment = "attachment",
        /// An insurance certificate, kept until it ends.
        Insurance = "insurance",
        /// A licence or permit, kept until it ends.
        Licence = "licence",
        /// A purchase order number on each order.
        PoNumber = "po_number",
    }
}

/// One thing that an order must have, and what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementFacts {
    /// What kind of evidence is asked for.
    pub kind: RequirementKind,
    /// What it is called; for an attachment, the name that the order's list must contain.
    pub name: String,
    /// Whether the vendor's rules ask for it; otherwise the client's do.
    pub from_vendor: bool,
    /// Last day of the evidence held; `None` when it does not end. Insurance and licence only.
    pub valid_until: Option<Date>,
    /// Whether there is evidence at all. Insurance and licence only.
    pub evidence_held: bool,
}

/// Checks what must be true of the order as a whole, then each requirement.
pub(super) fn check(facts: &OrderFacts<'_>) -> FaultList {
    let mut faults = FaultList::new(ExceptionType::MissingRequirements);
    if !facts.client.is_active {
        let fix = "Make the client active again, or decline the order.";
        faults.push(
            Fault::of_order(FaultCode::InactiveCustomer, "client.is_active", fix)
                .expected("an active client")
                .actual("inactive"),
        );
    }
    if facts.same_po_elsewhere {
        let fix =
            "Ask whether the order was sent twice; if not, have it sent with a number of its own.";
        faults.push(
            Fault::of_order(FaultCode::DuplicatePo, "po_number", fix)
                .expected("a number that no other order of the client has")
                .actual("the same number as another order"),
        );
    }
    faults.extend(date_fault(facts.order));
    for requirement in facts.requirements {
        faults.extend(requirement_fault(facts.order, requirement));
    }
    faults
}

/// The fault of goods that are required before they were ordered.
fn date_fault(order: &OrderHead) -> Option<Fault> {
    let required_on = order.required_on.filter(|required_on| *required_on < order.ordered_on)?;
    let fix = format!("Agree on a delivery date of {} or later.", order.ordered_on);
    Some(
        Fault::of_order(FaultCode::DateInfeasible, "required_on", fix)
            .expected(format!("{} or later", order.ordered_on))
            .actual(required_on),
    )
}

/// The fault of a requirement that is not met.
fn requirement_fault(order: &OrderHead, requirement: &RequirementFacts) -> Option<Fault> {
    match requirement.kind {
        RequirementKind::Attachment => attachment_fault(order, requirement),
        RequirementKind::Insurance => evidence_fault(order, requirement, "insurance"),
        RequirementKind::Licence => evidence_fault(order, requirement, "licence"),
        RequirementKind::PoNumber => po_number_fault(order),
    }
}

fn attachment_fault(order: &OrderHead, requirement: &RequirementFacts) -> Option<Fault> {
    if order.attachments.iter().any(|attached| same_words(attached, &requirement.name)) {
        return None;
    }
    let name = shown(&requirement.name);
    // The attached names are only counted: file names tend to hold people's names.
    let actual = match order.attachments.len() {
        0 => "no attachment".to_owned(),
        1 => "one attachment of another name".to_owned(),
        count => format!("{count} attachments of other names"),
    };
    let fix = format!("Attach `{name}` to the order; {} asks for it.", party(requirement));
    let mut fault = Fault::of_order(FaultCode::RequirementMissing, "attachments", fix)
        .expected(name)
        .actual(actual);
    // Whoever sends the order sends its documents, whichever party asks for them.
    fault.owner_role = OwnerRole::PurchasingContact;
    Some(fault)
}

/// The fault of a certificate that is not held, or ends before the goods are there.
fn evidence_fault(order: &OrderHead, requirement: &RequirementFacts, noun: &str) -> Option<Fault> {
    let needed_until =
        order.required_on.map_or(order.ordered_on, |date| date.max(order.ordered_on));
    let actual = if !requirement.evidence_held {
        "none held".to_owned()
    } else {
        let ends_on = requirement.valid_until.filter(|ends_on| *ends_on < needed_until)?;
        format!("valid until {ends_on}")
    };
    let name = shown(&requirement.name);
    let fix = format!(
        "File evidence of the {noun} `{name}` that is valid on {needed_until}; {} asks for it.",
        party(requirement)
    );
    let side = if requirement.from_vendor { "vendor" } else { "client" };
    Some(
        Fault::of_order(FaultCode::RequirementMissing, &format!("{side}.{noun}"), fix)
            .expected(format!("{name}, valid until {needed_until} or later"))
            .actual(actual),
    )
}

fn po_number_fault(order: &OrderHead) -> Option<Fault> {
    if order.po_number.as_deref().is_some_and(|number| !number.trim().is_empty()) {
        return None;
    }
    let fix = "Ask for the purchase order number and enter it.";
    Some(
        Fault::of_order(FaultCode::PoMissing, "po_number", fix)
            .expected("a purchase order number")
            .actual("none"),
    )
}

/// Who asks, as a text says it.
const fn party(requirement: &RequirementFacts) -> &'static str {
    if requirement.from_vendor { "the vendor" } else { "the client" }
}
