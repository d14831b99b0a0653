//! Each code from the one change that causes it, and the verdict as a whole.

use super::*;

/// The faults of the clean order after one change, each as `CODE path | expected | actual`.
fn faults_after(change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::clean();
    change(&mut world);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let shown = |fault: &Fault| {
        let (expected, actual) = (text(&fault.expected), text(&fault.actual));
        format!("{} {} | {expected} | {actual}", fault.code, fault.field_path)
    };
    world.check().faults.iter().map(shown).collect()
}

/// Changes the clean order, and names the one fault that must follow.
type Row = (fn(&mut World), &'static str);

fn assert_rows(rows: &[Row]) {
    for (change, expected) in rows {
        assert_eq!(faults_after(change), [*expected]);
    }
}

#[test]
fn an_order_as_agreed_is_clean_and_added_up() {
    let verdict = World::clean().check();
    assert!(verdict.is_clean() && !verdict.holds(), "{verdict:?}");
    assert_eq!(verdict.total, Some(Money::new(27_100, currency("EUR"))));
}

#[test]
fn products_and_quantities() {
    assert_rows(&[
        (
            |world| world.lines[1].product = None,
            "UNKNOWN_SKU lines[2].sku | a SKU of the catalogue | SKU-2",
        ),
        (
            |world| world.lines[1].product = Some(product_id(99)),
            "UNKNOWN_SKU lines[2].sku | a SKU of the catalogue | SKU-2",
        ),
        (
            |world| world.product(1).discontinued_on = Some(day("2027-03-01")),
            "DISCONTINUED_SKU lines[1].sku | a product that is sold \
             | SKU-1, discontinued on 2027-03-01",
        ),
        (
            |world| world.lines[0].unit = Some("pallet\n".to_owned()),
            "UOM_MISMATCH lines[1].unit | box | pallet",
        ),
        (
            |world| world.product(1).quantity_min = Some(Quantity { milli: 12_001 }),
            "MOQ lines[1].quantity | 12.001 or more | 12",
        ),
        (
            |world| {
                world.lines[0].quantity = Quantity { milli: 0 };
                world.order.declared_total_minor = None;
            },
            "MOQ lines[1].quantity | more than 0 | 0",
        ),
        (
            |world| world.product(1).pack_multiple = Some(Quantity::from_units(5)),
            "PACK_MULTIPLE lines[1].quantity | a multiple of 5 | 12",
        ),
        (
            |world| {
                world.lines.clear();
                world.order.declared_total_minor = None;
            },
            "NO_LINES lines | one line or more | no line",
        ),
    ]);
    let silent: [fn(&mut World); 5] = [
        |world| world.product(1).discontinued_on = Some(day("2027-03-02")),
        |world| {
            world.product(1).is_discontinued = true;
            world.product(1).discontinued_on = Some(day("2027-03-02"));
        },
        |world| world.lines[0].unit = Some(" ".to_owned()),
        |world| world.product(1).unit = None,
        |world| world.product(1).pack_multiple = Some(Quantity { milli: 0 }),
    ];
    for change in silent {
        assert_eq!(faults_after(change), [""; 0]);
    }
}

#[test]
fn a_product_discontinued_on_an_unknown_date_only_warns() {
    let mut world = World::clean();
    world.product(1).is_discontinued = true;
    let verdict = world.check();
    assert_eq!(verdict.faults[0].code, FaultCode::DiscontinuedSku);
    assert!(!verdict.is_clean() && !verdict.holds());
}

#[test]
fn prices() {
    assert_rows(&[
        (
            |world| {
                world.lines[0].unit_price_minor = 1_408;
                world.order.declared_total_minor = None;
            },
            "PRICE_MISMATCH lines[1].unit_price | 14.00 EUR | 14.08 EUR",
        ),
        (
            |world| {
                world.lines[0].unit_price_minor = -1;
                world.order.declared_total_minor = None;
            },
            "PRICE_MISMATCH lines[1].unit_price | 0.00 EUR or more | -0.01 EUR",
        ),
        (
            |world| world.product(1).prices[0].valid_to = Some(day("2027-02-28")),
            "PRICE_EXPIRED lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 \
             | a price until 2027-02-28",
        ),
        (
            |world| world.product(1).prices[0].valid_from = day("2027-03-02"),
            "NO_PRICE lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 \
             | a price from 2027-03-02 on",
        ),
        (
            |world| world.product(1).prices[0].quantity_min = Quantity::from_units(20),
            "NO_PRICE lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 \
             | a price from 20 upward, for an order of 12",
        ),
        (
            |world| world.product(1).prices[0].currency = currency("USD"),
            "CURRENCY_MISMATCH lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 \
             | a price in USD only",
        ),
        (
            |world| world.product(1).prices.clear(),
            "NO_PRICE lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 | no price",
        ),
        (
            |world| {
                world.product(1).prices.clear();
                world.product(1).list_price = Some(Money::new(1_400, currency("JPY")));
            },
            "CURRENCY_MISMATCH lines[1].unit_price | a price of SKU-1 in EUR on 2027-03-01 \
             | a price in JPY only",
        ),
        (
            |world| {
                world.product(1).prices.clear();
                world.product(1).list_price = Some(Money::new(1_860, currency("EUR")));
            },
            "PRICE_MISMATCH lines[1].unit_price | 18.60 EUR | 14.00 EUR",
        ),
    ]);
}

#[test]
fn the_larger_price_tolerance_applies_and_is_shown() {
    let mut world = World::clean();
    world.order.declared_total_minor = None;
    world.lines[0].unit_price_minor = 1_407;
    assert!(world.check().is_clean(), "0.5 % of 14.00 is 0.07");
    world.policy.price_tolerance = BasisPoints(0);
    world.policy.price_tolerance_minor = 6;
    let verdict = world.check();
    assert_eq!(verdict.faults[0].tolerance.as_deref(), Some("0.06 EUR"));
    let fix = &verdict.faults[0].suggested_fix;
    assert!(fix.contains("to 14.00 EUR") && fix.contains("price book for SKU-1"), "{fix}");
}

#[test]
fn discounts() {
    assert_rows(&[
        (
            |world| {
                world.lines[0].discount = BasisPoints(500);
                world.order.declared_total_minor = None;
            },
            "DISCOUNT_UNAUTHORISED lines[1].discount | no discount | 5 %",
        ),
        (
            |world| {
                world.policy.discount_max = BasisPoints(1_200);
                world.lines[0].discount = BasisPoints(500);
                world.order.discount = BasisPoints(1_000);
                world.order.declared_total_minor = None;
            },
            "DISCOUNT_UNAUTHORISED lines[1].discount | from 0 % to 12 % \
             | 15 % (5 % on the line, 10 % on the order)",
        ),
        (
            |world| {
                world.order.discount = BasisPoints(1_000);
                world.order.declared_total_minor = None;
            },
            "DISCOUNT_UNAUTHORISED discount | no discount | 10 %",
        ),
        (
            |world| {
                world.order.discount = BasisPoints(-1_000);
                world.order.declared_total_minor = None;
            },
            "DISCOUNT_UNAUTHORISED discount | from 0 % to 100 % | -10 %",
        ),
        (
            |world| {
                world.policy.discount_max = BasisPoints(20_000);
                world.lines[0].discount = BasisPoints(10_001);
                world.order.declared_total_minor = None;
            },
            "DISCOUNT_UNAUTHORISED lines[1].discount | from 0 % to 100 % | 100.01 %",
        ),
    ]);
}

#[test]
fn a_price_entry_sets_its_own_discount() {
    let mut world = World::clean();
    world.policy.discount_max = BasisPoints(9_000);
    world.product(1).prices[0].discount_max = Some(BasisPoints(1_000));
    world.order.declared_total_minor = None;
    world.lines[0].discount = BasisPoints(1_000);
    assert!(world.check().is_clean());
    world.lines[0].discount = BasisPoints(1_001);
    assert_eq!(world.check().faults[0].code, FaultCode::DiscountUnauthorised);
}

#[test]
fn totals() {
    assert_rows(&[
        (
            |world| world.order.declared_total_minor = Some(27_103),
            "TOTAL_MISMATCH total | 271.00 EUR | 271.03 EUR",
        ),
        (
            |world| world.lines[0].declared_total_minor = Some(16_798),
            "TOTAL_MISMATCH lines[1].total | 168.00 EUR | 167.98 EUR",
        ),
        (
            |world| {
                world.order.freight_minor = -1;
                world.order.declared_total_minor = None;
            },
            "TOTAL_MISMATCH freight | 0.00 EUR or more | -0.01 EUR",
        ),
    ]);
    let within: [fn(&mut World); 3] = [
        |world| world.order.declared_total_minor = Some(27_102),
        |world| world.order.declared_total_minor = None,
        |world| world.lines[0].declared_total_minor = Some(16_799),
    ];
    for change in within {
        assert_eq!(faults_after(change), [""; 0]);
    }
}

#[test]
fn the_order_discount_is_taken_off_the_lines_and_not_off_the_freight() {
    let mut world = World::clean();
    world.policy.discount_max = BasisPoints(1_000);
    world.order.discount = BasisPoints(1_000);
    world.order.declared_total_minor = Some(24_440);
    let verdict = world.check();
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(verdict.total, Some(Money::new(24_440, currency("EUR"))));
}

#[test]
fn amounts_that_do_not_fit() {
    let mut world = World::clean();
    world.order.declared_total_minor = None;
    world.credit = None;
    world.order.is_bill = false;
    world.product(1).prices[0].unit_price_minor = i64::MAX;
    world.lines[0].unit_price_minor = i64::MAX;
    let verdict = world.check();
    assert_eq!(verdict.faults.len(), 1, "{verdict:?}");
    assert_eq!(verdict.faults[0].code, FaultCode::AmountTooLarge);
    assert_eq!(verdict.faults[0].field_path, "lines[1].total");
    assert_eq!(verdict.total, None);

    world.lines[0].quantity = Quantity::from_units(1);
    let verdict = world.check();
    assert_eq!(verdict.faults.len(), 1, "{verdict:?}");
    assert_eq!(verdict.faults[0].field_path, "total");
    assert_eq!(verdict.total, None);
}

#[test]
fn a_product_at_the_very_edge_of_the_arithmetic_is_too_large_and_no_panic() {
    let mut world = World::clean();
    // These three multiply to 2^127 − 2: it fits, and adding half a divisor to it would not.
    world.lines[0].unit_price_minor = i64::MAX;
    world.lines[0].quantity = Quantity { milli: 3_074_457_345_618_258_603 };
    world.lines[0].discount = BasisPoints(9_994);
    let codes: Vec<_> = world.check().faults.iter().map(|fault| fault.code).collect();
    assert!(codes.contains(&FaultCode::AmountTooLarge), "{codes:?}");
}

#[test]
fn credit() {
    assert_rows(&[
        (
            |world| world.credit = None,
            "CREDIT_HOLD client.credit | a credit profile | no credit profile",
        ),
        (
            |world| world.credit().is_on_hold = true,
            "CREDIT_HOLD client.credit | credit that is not on hold | on hold",
        ),
        (|world| world.credit().overdue_minor = 1, "OVERDUE client.credit | 0.00 EUR | 0.01 EUR"),
        (
            |world| world.credit().outstanding_minor = 62_901,
            "CREDIT_LIMIT client.credit | 1000.00 EUR at most | 1000.01 EUR",
        ),
        (
            |world| world.credit().open_orders_minor = i64::MAX,
            "CREDIT_LIMIT client.credit | 1000.00 EUR at most | 92233720368547758.07 EUR",
        ),
        (
            |world| world.credit().limit.currency = currency("CHF"),
            "CURRENCY_MISMATCH currency | CHF | EUR",
        ),
        (
            |world| world.order.terms_days = Some(31),
            "PAYMENT_TERMS_MISMATCH terms_days | 30 days at most | 31 days",
        ),
    ]);
    let silent: [fn(&mut World); 3] = [
        |world| world.credit().outstanding_minor = 62_900,
        |world| world.credit().terms_days = None,
        |world| {
            world.order.is_bill = false;
            world.credit = None;
        },
    ];
    for change in silent {
        assert_eq!(faults_after(change), [""; 0]);
    }
}

#[test]
fn a_credit_fault_belongs_to_finance_and_says_whether_payment_would_settle_it() {
    let mut world = World::clean();
    world.credit().limit.currency = currency("CHF");
    let fault = world.check().faults.remove(0);
    assert_eq!(fault.exception_type, ExceptionType::CreditHold);
    assert_eq!(fault.owner_role, OwnerRole::Finance);

    let mut world = World::clean();
    world.credit().outstanding_minor = 90_000;
    assert!(world.check().faults[0].resolves_itself);
    world.credit().limit.minor = 27_099;
    assert!(!world.check().faults[0].resolves_itself);
}

#[test]
fn a_negative_order_makes_no_room_under_the_limit() {
    let mut world = World::clean();
    world.order.declared_total_minor = None;
    world.order.freight_minor = -1_000_000;
    world.credit().outstanding_minor = 90_001;
    world.credit().is_tenant_default = true;
    let verdict = world.check();
    let fault = verdict.faults.iter().find(|fault| fault.code == FaultCode::CreditLimit).unwrap();
    assert_eq!(fault.actual.as_deref(), Some("1000.01 EUR"));
    assert!(fault.suggested_fix.contains("only the tenant's default"), "{}", fault.suggested_fix);
}

#[test]
fn the_reason_of_a_hold_is_not_repeated() {
    let mut world = World::clean();
    world.credit().is_on_hold = true;
    world.credit().hold_reason = Some("Promised by a person".to_owned());
    assert!(!format!("{:?}", world.check()).contains("person"));
}

#[test]
fn requirements() {
    assert_rows(&[
        (
            |world| world.client.is_active = false,
            "INACTIVE_CUSTOMER client.is_active | an active client | inactive",
        ),
        (
            |world| world.same_po_elsewhere = true,
            "DUPLICATE_PO po_number | a number that no other order of the client has \
             | the same number as another order",
        ),
        (
            |world| world.order.po_number = Some(" ".to_owned()),
            "PO_MISSING po_number | a purchase order number | none",
        ),
        (
            |world| world.order.required_on = Some(day("2027-02-28")),
            "DATE_INFEASIBLE required_on | 2027-03-01 or later | 2027-02-28",
        ),
        (
            |world| world.order.attachments.clear(),
            "REQUIREMENT_MISSING attachments | signed ORDER | no attachment",
        ),
        (
            |world| world.requirements[1].evidence_held = false,
            "REQUIREMENT_MISSING client.insurance \
             | transport insurance, valid until 2027-03-29 or later | none held",
        ),
        (
            |world| {
                world.requirements[2].valid_until = Some(day("2027-03-28"));
                world.requirements[2].from_vendor = true;
            },
            "REQUIREMENT_MISSING vendor.licence \
             | import licence, valid until 2027-03-29 or later | valid until 2027-03-28",
        ),
    ]);
    assert_eq!(faults_after(|world| world.requirements[2].valid_until = None), [""; 0]);
}

#[test]
fn all_faults_are_found_at_once_and_in_reading_order() {
    let mut world = World::clean();
    world.client.is_active = false;
    world.credit().overdue_minor = 5;
    world.credit().is_on_hold = true;
    world.order.declared_total_minor = Some(1);
    world.lines.reverse();
    world.lines[0].unit_price_minor = 1;
    world.lines[1].unit_price_minor = 1;
    world.lines[1].unit = Some("kg".to_owned());
    let verdict = world.check();
    let found: Vec<_> = verdict.faults.iter().map(|fault| (fault.code, fault.line_no)).collect();
    assert_eq!(
        found,
        [
            (FaultCode::TotalMismatch, None),
            (FaultCode::UomMismatch, Some(1)),
            (FaultCode::PriceMismatch, Some(1)),
            (FaultCode::PriceMismatch, Some(2)),
            (FaultCode::CreditHold, None),
            (FaultCode::Overdue, None),
            (FaultCode::InactiveCustomer, None),
        ]
    );
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<OrderVerdict>(&json).unwrap(), verdict);
}

#[test]
fn a_hundred_thousand_wrong_lines_do_not_hide_the_credit_hold() {
    let mut world = World::clean();
    world.lines = (1..=100_000)
        .map(|line_no| OrderLine { product: Some(product_id(1)), ..line(line_no, 1, 1) })
        .collect();
    world.credit().is_on_hold = true;
    world.order.declared_total_minor = None;
    let verdict = world.check();
    assert!(verdict.faults.len() <= FAULTS_MAX);
    // Each line has a wrong price, and the client's credit is on hold and, by the total, exceeded.
    assert_eq!(verdict.faults.len() + verdict.faults_omitted, 100_002);
    assert_eq!(verdict.faults.last().map(|fault| fault.code), Some(FaultCode::CreditHold));
    assert!(verdict.faults.windows(2).all(|pair| pair[0].exception_type <= pair[1].exception_type));
}
