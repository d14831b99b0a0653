//! What is looked after besides orders and deals: documents, certificates, goals and cases.

use domain::{
    engagement::{ComplianceFacts, ComplianceStatus},
    order::{RequirementFacts, RequirementKind},
    proposal::CaseKind,
    record::GoalMetric,
    time::Date,
};
use store::import::GoalRow;

use crate::{
    company::{cents, day, euro, moment},
    people::{client_key, contact_key},
    world::{Case, ComplianceItem, Requirement},
};

/// The document that some clients ask for with each order.
const SIGNED_FORM: &str = "Signed order form";
/// Who asks for it.
const WANTS_SIGNED_FORM: [usize; 2] = [2, 7];
/// Who asks for its own number on each order.
const WANTS_PO_NUMBER: [usize; 5] = [1, 6, 12, 17, 22];
/// The insurance that some clients ask for.
const LIABILITY: &str = "Public liability insurance";

/// The documents that come with each order of the client at this place.
pub(crate) fn attachments_of(client: usize) -> Vec<String> {
    let wanted = WANTS_SIGNED_FORM.contains(&client).then(|| SIGNED_FORM.to_owned());
    wanted.into_iter().collect()
}

/// What orders have to come with.
pub(crate) fn requirements() -> Vec<Requirement> {
    use RequirementKind::{Attachment, Insurance, Licence, PoNumber};
    let attached = WANTS_SIGNED_FORM.map(|client| (client, Attachment, SIGNED_FORM, true, None));
    let numbered = WANTS_PO_NUMBER.map(|client| (client, PoNumber, "PO number", true, None));
    let held = [
        (4, Insurance, LIABILITY, true, Some(day(304))),
        // Ran out two weeks before the start.
        (9, Insurance, LIABILITY, true, Some(day(-15))),
        // Runs out on 10 April 2026, which the demo's clock reaches.
        (14, Insurance, LIABILITY, true, Some(day(39))),
        (3, Licence, "Handling of disinfectants", true, Some(day(500))),
        // Was asked for and never came.
        (11, Licence, "Handling of disinfectants", false, None),
    ];
    let rows = attached.into_iter().chain(numbered).chain(held);
    let of_clients = rows.map(|(client, kind, name, evidence_held, valid_until)| {
        requirement(Some(client), kind, name, evidence_held, valid_until)
    });
    // The vendor's own rule holds for the orders of every client, and is kept.
    let of_vendor = requirement(None, Insurance, "Product liability", true, Some(day(304)));
    of_clients.chain([of_vendor]).collect()
}

fn requirement(
    client: Option<usize>,
    kind: RequirementKind,
    name: &str,
    evidence_held: bool,
    valid_until: Option<Date>,
) -> Requirement {
    let whose = client.map_or_else(|| "ALL".to_owned(), client_key);
    Requirement {
        key: format!("RQ-{whose}-{kind}"),
        client: client.map(client_key),
        facts: RequirementFacts {
            kind,
            name: name.to_owned(),
            from_vendor: client.is_none(),
            valid_until,
            evidence_held,
        },
    }
}

/// One item of the table below: whose, what, due how many days after the start, in which state, and
/// how many days ago it was asked for last.
type Item = (usize, &'static str, i64, ComplianceStatus, Option<i64>);

/// What accounts have to hand in.
pub(crate) fn compliance_items() -> Vec<ComplianceItem> {
    use ComplianceStatus::{Expired, Missing, Received, Requested, Waived};
    let items: [Item; 12] = [
        // Due within the month: time to remind.
        (4, "Supplier self-declaration 2026", 5, Missing, None),
        (6, "Packaging register number", 12, Requested, Some(9)),
        (10, "Public liability insurance certificate", 20, Missing, None),
        (21, "Bank details confirmation", 28, Missing, None),
        // Later.
        (0, "Code of conduct, signed", 41, Missing, None),
        (2, "ISO 9001 certificate", 55, Missing, None),
        // Past their day.
        (9, "Public liability insurance certificate", -3, Expired, None),
        (11, "Licence for handling disinfectants", -10, Requested, Some(17)),
        (17, "Tax exemption certificate", -24, Missing, None),
        // Settled.
        (1, "Packaging register number", -40, Received, None),
        (3, "Supplier self-declaration 2026", 15, Received, None),
        (36, "ISO 9001 certificate", 30, Waived, None),
    ];
    items.iter().enumerate().map(|(place, item)| compliance_item(place, *item)).collect()
}

fn compliance_item(place: usize, item: Item) -> ComplianceItem {
    let (client, name, due, status, reminded_days_ago) = item;
    let is_settled = matches!(status, ComplianceStatus::Received | ComplianceStatus::Waived);
    ComplianceItem {
        key: format!("CI-{:02}", place + 1),
        client: client_key(client),
        contact: contact_key(client, 1),
        name: name.to_owned(),
        vendor_status: if is_settled { "complete" } else { "incomplete" }.to_owned(),
        facts: ComplianceFacts {
            due_on: day(due),
            status,
            last_reminder_on: reminded_days_ago.map(|days| day(-days)),
            reminders: i32::from(reminded_days_ago.is_some()),
        },
    }
}

/// Orders to be placed in the half-year.
const ORDERS_TARGET: i64 = 220;
/// What they are to be worth, in whole euros.
const REVENUE_TARGET_MAJOR: i64 = 160_000;
/// Deals to be won in the half-year: more than an even pace has brought so far.
const DEALS_WON_TARGET: i64 = 30;

/// What the tenant wants to reach in the first half of 2026.
pub(crate) fn goals() -> Vec<GoalRow> {
    let (starts_on, ends_on) = (day(-60), day(120));
    let goal = |key: &str, metric, target, currency| GoalRow {
        external_id: key.to_owned(),
        metric,
        target,
        currency,
        starts_on,
        ends_on,
    };
    vec![
        goal("GO-ORDERS", GoalMetric::Orders, ORDERS_TARGET, None),
        goal("GO-REVENUE", GoalMetric::Revenue, cents(REVENUE_TARGET_MAJOR), Some(euro())),
        goal("GO-DEALS", GoalMetric::DealsWon, DEALS_WON_TARGET, None),
    ]
}

/// A complaint that is open, one that was settled, and a danger that was reported by telephone.
pub(crate) fn cases() -> Vec<Case> {
    let case = |number: u32, client, kind, severity: &str, opened_at, closed_at| Case {
        key: format!("CA-{number:02}"),
        client: client_key(client),
        contact: contact_key(client, 0),
        order: None,
        kind,
        severity: severity.to_owned(),
        opened_at,
        closed_at,
    };
    let mut complaint = case(1, 33, CaseKind::Complaint, "normal", moment(-6, 11, 20), None);
    complaint.order = Some(COMPLAINED_ABOUT.to_owned());
    let closed_at = Some(moment(-33, 16, 5));
    vec![
        complaint,
        case(2, 12, CaseKind::Complaint, "normal", moment(-40, 9, 45), closed_at),
        case(3, 35, CaseKind::Safety, "high", moment(-3, 15, 10), None),
    ]
}

/// The order of the past that the open complaint is about; a test keeps it the client's own.
const COMPLAINED_ABOUT: &str = "SO-25142";
