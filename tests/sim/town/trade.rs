//! What a town buys: orders right and wrong, deals, quotes, papers that are due, and open cases.

use domain::{
    engagement::{ComplianceStatus, QuoteStatus, StageType},
    money::{BasisPoints, Currency, Money, Quantity},
    proposal::CaseKind,
    record::{OpenOrClosed, OrderStatus},
};
use store::import::{
    CaseRow, ComplianceItemRow, DealRow, OrderLineRow, OrderRow, ProductRow, QuoteRow,
};

use super::{Builder, day, noon_days_ago};

/// Orders by key, client, status, date and the price named for the one product of the town.
const ORDERS: &[(&str, &str, OrderStatus, &str, i64)] = &[
    ("O1", "C1", OrderStatus::New, "2026-11-09", PRICE),
    ("O2", "C1", OrderStatus::New, "2026-11-09", PRICE + 300),
    ("O3", "C2", OrderStatus::Done, "2026-10-02", PRICE),
    ("O4", "C2", OrderStatus::New, "2026-11-05", PRICE - 200),
    // Dated later than the opening: nobody may see it yet.
    ("O5", "C1", OrderStatus::New, "2026-11-20", PRICE + 500),
    ("O6", "C8", OrderStatus::Cancelled, "2026-11-01", PRICE),
];

/// Deals by key, client, contact, stage, and when it entered the stage.
const DEALS: &[(&str, &str, &str, StageType, &str)] = &[
    ("D1", "C2", "Q1", StageType::Ongoing, "2026-09-01"),
    ("D2", "C1", "P1", StageType::Open, "2026-11-02"),
    ("D3", "C2", "Q1", StageType::Won, "2026-08-01"),
    ("D4", "C1", "P6", StageType::OnHold, "2026-10-25"),
    ("D5", "C8", "W1", StageType::Open, "2026-11-03"),
    // Two of one client: a buyer's words could mean either.
    ("D6", "C9", "X1", StageType::Open, "2026-11-03"),
    ("D7", "C9", "X1", StageType::Open, "2026-11-04"),
    // Dated later than the opening, and with a key that sorts first.
    ("D0", "C1", "P1", StageType::Open, "2026-12-01"),
];

/// Quotes by key, client, contact, status, submitted on, valid until, and why it was lost.
type QuoteLine = (
    &'static str,
    &'static str,
    &'static str,
    QuoteStatus,
    &'static str,
    &'static str,
    Option<&'static str>,
);
const QUOTES: &[QuoteLine] = &[
    ("K1", "C2", "Q2", QuoteStatus::Submitted, "2026-10-30", "2026-12-20", None),
    ("K2", "C1", "P1", QuoteStatus::Confirmed, "2026-11-06", "2026-12-20", None),
    ("K3", "C1", "P1", QuoteStatus::Lost, "2026-09-06", "2026-10-20", Some("price")),
    ("K4", "C1", "P1", QuoteStatus::Won, "2026-09-06", "2026-10-20", None),
    ("K5", "C2", "Q1", QuoteStatus::Submitted, "2026-09-01", "2026-10-01", None),
    ("K6", "C8", "W1", QuoteStatus::Submitted, "2026-11-08", "2026-12-20", None),
    ("K7", "C9", "X1", QuoteStatus::Submitted, "2026-11-08", "2026-12-20", None),
    ("K8", "C9", "X1", QuoteStatus::Confirmed, "2026-11-07", "2026-12-20", None),
];

/// Papers by key, client, contact, due day and status.
const PAPERS: &[(&str, &str, &str, &str, ComplianceStatus)] = &[
    ("L1", "C2", "Q1", "2026-11-05", ComplianceStatus::Missing),
    ("L2", "C8", "W1", "2026-11-25", ComplianceStatus::Missing),
    ("L3", "C1", "P1", "2027-03-01", ComplianceStatus::Missing),
    ("L4", "C1", "P1", "2026-11-01", ComplianceStatus::Received),
];

/// Cases by key, client, kind, status and days since they were opened.
const CASES: &[(&str, &str, CaseKind, OpenOrClosed, i64)] = &[
    ("A1", "C4", CaseKind::Complaint, OpenOrClosed::Open, 3),
    ("A2", "C5", CaseKind::Safety, OpenOrClosed::Open, 1),
    ("A3", "C1", CaseKind::Safety, OpenOrClosed::Closed, 90),
    ("A4", "C1", CaseKind::Service, OpenOrClosed::Open, 5),
];

/// What one unit of the one product costs, in cents.
const PRICE: i64 = 1_000;

fn euro() -> Currency {
    Currency::parse("EUR").expect("EUR is a currency")
}

impl Builder<'_> {
    pub(super) async fn products(&self) {
        let row = ProductRow {
            external_id: "G1".to_owned(),
            sku: "PAL-1".to_owned(),
            name: "Pallet".to_owned(),
            unit: None,
            is_discontinued: false,
            discontinued_on: None,
            list_price: Some(Money::new(PRICE, euro())),
            quantity_min: None,
            pack_multiple: None,
        };
        self.scope.upsert_products(&self.origin, &[row]).await.expect("products are written");
    }

    pub(super) async fn orders(&self) {
        let source = self.origin.source;
        let products = self.scope.product_ids(source, &["G1"]).await.expect("it was written");
        for (key, client, status, ordered_on, unit_price_minor) in ORDERS {
            let line = OrderLineRow {
                line_no: 1,
                product: Some(products["G1"]),
                sku: "PAL-1".to_owned(),
                quantity: Quantity::from_units(4),
                unit: None,
                unit_price_minor: *unit_price_minor,
                discount: BasisPoints(0),
                declared_total_minor: None,
            };
            let row = OrderRow {
                external_id: (*key).to_owned(),
                number: format!("{}-{key}", self.slug),
                client: self.client(client).await,
                contact: None,
                ordered_on: day(ordered_on),
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
                lines: vec![line],
            };
            let written = self.scope.upsert_orders(&self.origin, *status, &[row]).await;
            written.expect("orders are written");
        }
    }

    pub(super) async fn deals(&self) {
        let mut rows = Vec::new();
        for (key, client, contact, stage_type, entered_on) in DEALS {
            rows.push(DealRow {
                external_id: (*key).to_owned(),
                name: format!("Pallets of {key}"),
                client: self.client(client).await,
                contact: Some(self.contact(contact).await),
                stage_name: stage_type.to_string(),
                stage_type: *stage_type,
                stage_entered_on: Some(day(entered_on)),
                probability: None,
                value_minor: None,
                currency: None,
                next_step: None,
                next_step_on: None,
                opened_on: None,
                expected_close_on: None,
                closed_on: None,
                last_buyer_signal_on: None,
                lost_reason: None,
            });
        }
        let today = self.origin.at.date_naive();
        self.scope.upsert_deals(&self.origin, today, &rows).await.expect("deals are written");
    }

    pub(super) async fn quotes(&self) {
        let mut rows = Vec::new();
        for (key, client, contact, status, submitted_on, valid_until, lost_reason) in QUOTES {
            rows.push(QuoteRow {
                external_id: (*key).to_owned(),
                number: format!("{}-{key}", self.slug),
                client: self.client(client).await,
                contact: Some(self.contact(contact).await),
                deal: None,
                status: *status,
                submitted_on: Some(day(submitted_on)),
                confirmed_on: None,
                valid_until: Some(day(valid_until)),
                amount_minor: None,
                currency: None,
                decided_on: None,
                lost_reason: lost_reason.map(str::to_owned),
            });
        }
        self.scope.upsert_quotes(&self.origin, &rows).await.expect("quotes are written");
    }

    pub(super) async fn compliance(&self) {
        let mut rows = Vec::new();
        for (key, client, contact, due_on, status) in PAPERS {
            rows.push(ComplianceItemRow {
                external_id: (*key).to_owned(),
                client: self.client(client).await,
                contact: Some(self.contact(contact).await),
                name: "Certificate of insurance".to_owned(),
                due_on: day(due_on),
                status: *status,
                vendor_status: None,
            });
        }
        let written = self.scope.upsert_compliance_items(&self.origin, &rows).await;
        written.expect("compliance items are written");
    }

    pub(super) async fn cases(&self) {
        let mut rows = Vec::new();
        for (key, client, kind, status, days_ago) in CASES {
            rows.push(CaseRow {
                external_id: (*key).to_owned(),
                client: self.client(client).await,
                contact: None,
                order: None,
                message: None,
                kind: *kind,
                severity: "normal".to_owned(),
                status: *status,
                opened_at: noon_days_ago(*days_ago),
                closed_at: (*status == OpenOrClosed::Closed).then(|| noon_days_ago(1)),
            });
        }
        self.scope.upsert_cases(&self.origin, &rows).await.expect("cases are written");
    }
}
