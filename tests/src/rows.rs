//! Rows as an import would bring them: the least that is valid, for a test to change what it is about.
//!
//! What lives here: one function per kind of row, and short ways to write dates and amounts.
//! What does not: writing them (`world`).

use chrono::DateTime;
use domain::{
    engagement::{ComplianceStatus, QuoteStatus, StageType},
    id::{ClientId, ContactId, ProductId, ThreadId},
    mail::{Address, Findings, Headers, MessageKind, Reading, SenderProof, Span},
    money::{BasisPoints, Currency, Money, Quantity},
    order::RequirementKind,
    proposal::{CaseKind, hex},
    record::{Direction, GoalMetric, OpenOrClosed},
    time::{Date, Timestamp},
};
use store::import::{
    CaseRow, ClientRow, ComplianceItemRow, ContactRow, CreditProfileRow, DealRow, GoalRow,
    MessageRow, OrderLineRow, OrderRow, PriceBookEntryRow, ProductRow, QuoteRow, RequirementRow,
};

/// Reads a moment such as `2026-03-03T09:30:00Z`.
///
/// # Panics
/// If it is none.
pub fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).expect("the test writes a moment in RFC 3339").to_utc()
}

/// Reads a day such as `2026-03-03`.
///
/// # Panics
/// If it is none.
pub fn day(text: &str) -> Date {
    text.parse().expect("the test writes a day as year, month, day")
}

/// The currency of the tests.
///
/// # Panics
/// Never: the euro is a currency.
pub fn euro() -> Currency {
    Currency::parse("EUR").expect("the euro is a currency")
}

/// An amount in cents.
pub fn cents(minor: i64) -> Money {
    Money::new(minor, euro())
}

/// A number of whole pieces.
pub const fn pieces(count: i64) -> Quantity {
    Quantity { milli: count * 1_000 }
}

/// An active client.
pub fn client(key: &str) -> ClientRow {
    ClientRow {
        external_id: key.to_owned(),
        name: format!("{key} Trading"),
        is_active: true,
        client_type: None,
        country: None,
        domain: Some(format!("{}.example", key.to_lowercase())),
        annual_value_minor: None,
        churn_risk: None,
        known_since: None,
    }
}

/// An active person with an address.
pub fn contact(key: &str, client: ClientId) -> ContactRow {
    ContactRow {
        external_id: key.to_owned(),
        client,
        name: Some(format!("Person {key}")),
        title: None,
        role: None,
        email: Some(format!("{}@people.example", key.to_lowercase())),
        phone: None,
        known_since: None,
        is_active: true,
    }
}

/// A product at ten euros apiece.
pub fn product(sku: &str) -> ProductRow {
    ProductRow {
        external_id: sku.to_owned(),
        sku: sku.to_owned(),
        name: format!("Product {sku}"),
        unit: None,
        is_discontinued: false,
        discontinued_on: None,
        list_price: Some(cents(1_000)),
        quantity_min: None,
        pack_multiple: None,
    }
}

/// A price for everybody from the beginning of 2026 on.
pub fn price(key: &str, product: ProductId, minor: i64) -> PriceBookEntryRow {
    PriceBookEntryRow {
        external_id: key.to_owned(),
        book: "standard".to_owned(),
        product,
        client: None,
        unit_price: cents(minor),
        quantity_min: pieces(0),
        valid_from: day("2026-01-01"),
        valid_to: None,
        discount_max: None,
    }
}

/// A profile with a limit and nothing owed.
pub fn credit(key: &str, client: Option<ClientId>, limit_minor: i64) -> CreditProfileRow {
    CreditProfileRow {
        external_id: key.to_owned(),
        client,
        limit: cents(limit_minor),
        terms_days: Some(30),
        is_on_hold: false,
        hold_reason: None,
        outstanding_minor: 0,
        overdue_minor: 0,
        known_on: None,
    }
}

/// A document that has to come with each order.
pub fn requirement(key: &str, client: Option<ClientId>) -> RequirementRow {
    RequirementRow {
        external_id: key.to_owned(),
        client,
        kind: RequirementKind::Attachment,
        name: format!("document {key}"),
        from_vendor: false,
        is_evidence_held: false,
        valid_until: None,
    }
}

/// An order that is paid at once, without a line.
pub fn order(key: &str, client: ClientId) -> OrderRow {
    OrderRow {
        external_id: key.to_owned(),
        number: key.to_owned(),
        client,
        contact: None,
        ordered_on: day("2026-03-02"),
        required_on: None,
        shipped_on: None,
        delivered_on: None,
        billed_on: None,
        currency: euro(),
        declared_total_minor: None,
        freight_minor: 0,
        discount: BasisPoints(0),
        is_bill: false,
        terms_days: None,
        po_number: None,
        attachments: Vec::new(),
        lines: Vec::new(),
    }
}

/// A line of ten pieces at ten euros.
pub fn line(line_no: i32, product: ProductId) -> OrderLineRow {
    OrderLineRow {
        line_no,
        product: Some(product),
        sku: format!("SKU {line_no}"),
        quantity: pieces(10),
        unit: None,
        unit_price_minor: 1_000,
        discount: BasisPoints(0),
        declared_total_minor: None,
    }
}

/// A deal that was opened a while ago.
pub fn deal(key: &str, client: ClientId) -> DealRow {
    DealRow {
        external_id: key.to_owned(),
        name: format!("Deal {key}"),
        client,
        contact: None,
        stage_name: "Qualified".to_owned(),
        stage_type: StageType::Open,
        stage_entered_on: Some(day("2026-02-02")),
        probability: None,
        value_minor: Some(500_000),
        currency: Some(euro()),
        next_step: None,
        next_step_on: None,
        opened_on: None,
        expected_close_on: None,
        closed_on: None,
        last_buyer_signal_on: None,
        lost_reason: None,
    }
}

/// A quote that waits for a decision.
pub fn quote(key: &str, client: ClientId) -> QuoteRow {
    QuoteRow {
        external_id: key.to_owned(),
        number: format!("Q-{key}"),
        client,
        contact: None,
        deal: None,
        status: QuoteStatus::Submitted,
        submitted_on: Some(day("2026-02-20")),
        confirmed_on: None,
        valid_until: None,
        amount_minor: None,
        currency: None,
        decided_on: None,
        lost_reason: None,
    }
}

/// A case that is being looked after.
pub fn case(key: &str, client: ClientId, kind: CaseKind) -> CaseRow {
    CaseRow {
        external_id: key.to_owned(),
        client,
        contact: None,
        order: None,
        message: None,
        kind,
        severity: "high".to_owned(),
        status: OpenOrClosed::Open,
        opened_at: at("2026-03-02T08:00:00Z"),
        closed_at: None,
    }
}

/// A certificate that is missing.
pub fn compliance_item(key: &str, client: ClientId) -> ComplianceItemRow {
    ComplianceItemRow {
        external_id: key.to_owned(),
        client,
        contact: None,
        name: format!("certificate {key}"),
        due_on: day("2026-03-20"),
        status: ComplianceStatus::Missing,
        vendor_status: None,
    }
}

/// A goal of the first quarter.
pub fn goal(key: &str, metric: GoalMetric, target: i64) -> GoalRow {
    GoalRow {
        external_id: key.to_owned(),
        metric,
        target,
        currency: None,
        starts_on: day("2026-01-01"),
        ends_on: day("2026-03-31"),
    }
}

/// A person's own mail, of which all is their own words.
pub fn message(
    key: &str,
    thread: ThreadId,
    from: Option<(ClientId, ContactId)>,
    received_at: Timestamp,
) -> MessageRow {
    let body = format!("Please send the certificate for {key}.");
    let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
    MessageRow {
        thread,
        provider_id: key.to_owned(),
        direction: Direction::Inbound,
        client: from.map(|(client, _)| client),
        contact: from.map(|(_, contact)| contact),
        received_at,
        raw_sha256: hex(key.as_bytes()),
        raw: format!("Subject: {key}\r\n\r\n{body}").into_bytes(),
        reading: Reading {
            headers: Headers {
                rfc_message_id: Some(format!("{key}@mail.example")),
                from: Some(Address {
                    name: Some("Ada Buyer".to_owned()),
                    address: "ada@buyer.example".to_owned(),
                }),
                to: vec![Address { name: None, address: "sales@us.example".to_owned() }],
                subject: Some(format!("About {key}")),
                sent_at: Some(received_at),
                ..Headers::default()
            },
            body,
            findings: Findings {
                kind: MessageKind::Person,
                kind_reason: "nothing says otherwise".to_owned(),
                sender: SenderProof::Authenticated,
                sender_reason: "dmarc=pass".to_owned(),
                written: vec![Span { start: 0, end }],
                asks: Vec::new(),
                complaint: None,
                safety: None,
                quote_lost: None,
                buying_signal: None,
                churn: None,
                mentions: Vec::new(),
            },
            signature: None,
            recipients: Vec::new(),
            has_more_recipients: false,
            hidden_text: String::new(),
            links: Vec::new(),
            absence: None,
        },
    }
}
