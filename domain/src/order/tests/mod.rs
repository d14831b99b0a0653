//! The whole check on one order without a fault, changed by each test.

mod codes;
mod properties;

use super::*;

/// An order without a fault, whose parts a test changes one at a time.
#[derive(Clone, Debug)]
struct World {
    order: OrderHead,
    lines: Vec<OrderLine>,
    client: ClientFacts,
    products: ProductCatalogue,
    credit: Option<CreditFacts>,
    requirements: Vec<RequirementFacts>,
    same_po_elsewhere: bool,
    policy: OrderPolicy,
}

impl World {
    /// Two lines, 12 at 14.00 and 10 at 9.80, on terms, with freight: 271.00 EUR in all.
    fn clean() -> Self {
        Self {
            order: OrderHead {
                ordered_on: day("2027-03-01"),
                required_on: Some(day("2027-03-29")),
                currency: currency("EUR"),
                declared_total_minor: Some(27_100),
                freight_minor: 500,
                is_bill: true,
                terms_days: Some(30),
                po_number: Some("PO-7".to_owned()),
                discount: BasisPoints(0),
                attachments: vec!["Signed order".to_owned()],
            },
            lines: vec![line(1, 12, 1_400), line(2, 10, 980)],
            client: ClientFacts { is_active: true },
            products: ProductCatalogue::from([
                (product_id(1), product(1, vec![price(1_400)])),
                (product_id(2), product(2, vec![price(980)])),
            ]),
            credit: Some(CreditFacts {
                limit: Money::new(100_000, currency("EUR")),
                is_tenant_default: false,
                is_on_hold: false,
                hold_reason: None,
                outstanding_minor: 40_000,
                open_orders_minor: 10_000,
                overdue_minor: 0,
                terms_days: Some(30),
            }),
            requirements: vec![
                requirement(RequirementKind::Attachment, " signed ORDER "),
                requirement(RequirementKind::Insurance, "transport insurance"),
                requirement(RequirementKind::Licence, "import licence"),
                requirement(RequirementKind::PoNumber, "PO number"),
            ],
            same_po_elsewhere: false,
            policy: OrderPolicy::default(),
        }
    }

    fn check(&self) -> OrderVerdict {
        let facts = OrderFacts {
            order: &self.order,
            lines: &self.lines,
            client: &self.client,
            products: &self.products,
            credit: self.credit.as_ref(),
            requirements: &self.requirements,
            same_po_elsewhere: self.same_po_elsewhere,
        };
        check_order(&facts, &self.policy)
    }

    fn product(&mut self, number: u128) -> &mut ProductFacts {
        self.products.get_mut(&product_id(number)).unwrap()
    }

    fn credit(&mut self) -> &mut CreditFacts {
        self.credit.as_mut().unwrap()
    }
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn product_id(number: u128) -> ProductId {
    ProductId::from_uuid(uuid::Uuid::from_u128(number))
}

fn product(number: u128, prices: Vec<PriceEntry>) -> ProductFacts {
    ProductFacts {
        sku: format!("SKU-{number}"),
        unit: Some("box".to_owned()),
        prices,
        ..ProductFacts::default()
    }
}

fn price(unit_price_minor: i64) -> PriceEntry {
    PriceEntry {
        client_specific: false,
        currency: currency("EUR"),
        unit_price_minor,
        valid_from: day("2027-01-01"),
        valid_to: None,
        quantity_min: Quantity { milli: 0 },
        discount_max: None,
    }
}

/// A line of the product that has the line's number.
fn line(line_no: i32, units: i64, unit_price_minor: i64) -> OrderLine {
    OrderLine {
        line_no,
        sku: format!("SKU-{line_no}"),
        product: Some(product_id(line_no.unsigned_abs().into())),
        quantity: Quantity::from_units(units),
        unit: Some(" BOX".to_owned()),
        unit_price_minor,
        discount: BasisPoints(0),
        declared_total_minor: None,
    }
}

fn requirement(kind: RequirementKind, name: &str) -> RequirementFacts {
    RequirementFacts {
        kind,
        name: name.to_owned(),
        from_vendor: false,
        valid_until: Some(day("2027-03-29")),
        evidence_held: true,
    }
}
