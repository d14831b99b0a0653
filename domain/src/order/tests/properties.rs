//! What holds for every order: properties of the check on generated facts.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

fn any_currency() -> impl Strategy<Value = Currency> {
    select(vec![currency("EUR"), currency("USD"), currency("JPY")])
}

/// Days around the clean order's date, so that entries begin and end on both sides of it.
fn any_day() -> impl Strategy<Value = Date> {
    prop_oneof![
        8 => (0_u64..120).prop_map(|ahead| day("2027-01-01") + Days::new(ahead)),
        1 => Just(NaiveDate::MIN),
        1 => Just(NaiveDate::MAX),
    ]
}

/// Amounts that are likely to be ordinary, and to be at an end of what fits.
fn any_minor() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0_i64..10_000, 1 => any::<i64>(), 1 => select(vec![i64::MIN, -1, 0, i64::MAX])]
}

fn any_quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![2 => (0_i64..50).prop_map(Quantity::from_units), 1 => any_minor().prop_map(milli)]
}

fn milli(milli: i64) -> Quantity {
    Quantity { milli }
}

fn any_rate() -> impl Strategy<Value = BasisPoints> {
    prop_oneof![4 => 0_i32..=10_000, 1 => any::<i32>(), 1 => select(vec![i32::MIN, i32::MAX])]
        .prop_map(BasisPoints)
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![select(vec!["box".to_owned(), " BOX ".to_owned(), String::new()]), ".{0,80}"]
}

prop_compose! {
    fn any_price()(
        client_specific in any::<bool>(),
        currency in any_currency(),
        unit_price_minor in any_minor(),
        valid_from in any_day(),
        valid_to in option::of(any_day()),
        quantity_min in any_quantity(),
        discount_max in option::of(any_rate()),
    ) -> PriceEntry {
        PriceEntry {
            client_specific, currency, unit_price_minor, valid_from, valid_to, quantity_min,
            discount_max,
        }
    }
}

prop_compose! {
    fn any_product()(
        sku in any_text(),
        is_discontinued in any::<bool>(),
        discontinued_on in option::of(any_day()),
        list_price in option::of((any_minor(), any_currency())),
        unit in option::of(any_text()),
        quantity_min in option::of(any_quantity()),
        pack_multiple in option::of(any_quantity()),
        prices in vec(any_price(), 0..6),
    ) -> ProductFacts {
        let list_price = list_price.map(|(minor, currency)| Money::new(minor, currency));
        ProductFacts {
            sku, is_discontinued, discontinued_on, list_price, unit, quantity_min, pack_multiple,
            prices,
        }
    }
}

prop_compose! {
    fn any_line()(
        line_no in any::<i32>(),
        sku in any_text(),
        product in option::of((0_u128..4).prop_map(product_id)),
        quantity in any_quantity(),
        unit in option::of(any_text()),
        unit_price_minor in any_minor(),
        discount in any_rate(),
        declared_total_minor in option::of(any_minor()),
    ) -> OrderLine {
        OrderLine {
            line_no, sku, product, quantity, unit, unit_price_minor, discount, declared_total_minor,
        }
    }
}

prop_compose! {
    fn any_requirement()(
        kind in select(RequirementKind::ALL),
        name in any_text(),
        from_vendor in any::<bool>(),
        valid_until in option::of(any_day()),
        evidence_held in any::<bool>(),
    ) -> RequirementFacts {
        RequirementFacts { kind, name, from_vendor, valid_until, evidence_held }
    }
}

prop_compose! {
    fn any_credit()(
        (limit_minor, limit_currency) in (any_minor(), any_currency()),
        is_tenant_default in any::<bool>(),
        is_on_hold in any::<bool>(),
        hold_reason in option::of(any_text()),
        (outstanding_minor, open_orders_minor) in (any_minor(), any_minor()),
        overdue_minor in any_minor(),
        terms_days in option::of(any::<i32>()),
    ) -> CreditFacts {
        CreditFacts {
            limit: Money::new(limit_minor, limit_currency),
            is_tenant_default, is_on_hold, hold_reason, outstanding_minor, open_orders_minor,
            overdue_minor, terms_days,
        }
    }
}

prop_compose! {
    fn any_head()(
        (ordered_on, required_on) in (any_day(), option::of(any_day())),
        currency in any_currency(),
        (declared_total_minor, freight_minor) in (option::of(any_minor()), any_minor()),
        is_bill in any::<bool>(),
        terms_days in option::of(any::<i32>()),
        po_number in option::of(any_text()),
        discount in any_rate(),
        attachments in vec(any_text(), 0..3),
    ) -> OrderHead {
        OrderHead {
            ordered_on, required_on, currency, declared_total_minor, freight_minor, is_bill,
            terms_days, po_number, discount, attachments,
        }
    }
}

prop_compose! {
    fn any_policy()(
        price_tolerance_minor in any_minor(),
        price_tolerance in any_rate(),
        total_tolerance_minor in any_minor(),
        discount_max in any_rate(),
    ) -> OrderPolicy {
        OrderPolicy { price_tolerance_minor, price_tolerance, total_tolerance_minor, discount_max }
    }
}

prop_compose! {
    fn any_world()(
        order in any_head(),
        lines in vec(any_line(), 0..6),
        is_active in any::<bool>(),
        products in vec(any_product(), 0..4),
        credit in option::of(any_credit()),
        requirements in vec(any_requirement(), 0..6),
        same_po_elsewhere in any::<bool>(),
        policy in any_policy(),
    ) -> World {
        let products = (0..).map(product_id).zip(products).collect();
        let client = ClientFacts { is_active };
        World { order, lines, client, products, credit, requirements, same_po_elsewhere, policy }
    }
}

prop_compose! {
    /// An order of any size on terms, each line at its own price, with credit and no requirement.
    fn any_agreed_order()(
        agreed in vec((0_i64..1_000_000, 1_i64..10_000), 1..20),
        freight_minor in 0_i64..100_000,
    ) -> World {
        let mut world = World::clean();
        world.requirements.clear();
        world.products.clear();
        world.lines.clear();
        for (line_no, (unit_price_minor, units)) in (1..).zip(agreed) {
            world.lines.push(line(line_no, units, unit_price_minor));
            let number = u128::from(line_no.unsigned_abs());
            let facts = product(number, vec![price(unit_price_minor)]);
            world.products.insert(product_id(number), facts);
        }
        world.order.freight_minor = freight_minor;
        world.order.declared_total_minor = None;
        world.credit().limit.minor = i64::MAX;
        world
    }
}

/// Whether an error of the credit check holds the order.
fn credit_holds(verdict: &OrderVerdict) -> bool {
    verdict.faults.iter().any(|fault| {
        fault.exception_type == ExceptionType::CreditHold && fault.severity == Severity::Error
    })
}

proptest! {
    #[test]
    fn any_facts_get_a_verdict_that_is_ordered_and_complete(world in any_world()) {
        let verdict = world.check();
        let place = |fault: &Fault| (fault.exception_type, fault.line_no, fault.code);
        prop_assert!(verdict.faults.is_sorted_by_key(place));
        prop_assert_eq!(verdict.faults_omitted, 0);
        prop_assert!(verdict.total.is_none_or(|total| total.currency == world.order.currency));
        for fault in &verdict.faults {
            prop_assert!(!fault.field_path.is_empty() && !fault.suggested_fix.is_empty());
            prop_assert!(fault.expected.is_some() && fault.actual.is_some(), "{:?}", fault);
        }
        let line_numbers: BTreeSet<_> = world.lines.iter().map(|line| line.line_no).collect();
        let named = verdict.faults.iter().filter_map(|fault| fault.line_no);
        prop_assert!(named.into_iter().all(|line_no| line_numbers.contains(&line_no)));
    }

    #[test]
    fn an_order_priced_by_its_entries_is_clean(world in any_agreed_order()) {
        let verdict = world.check();
        prop_assert!(verdict.is_clean(), "{:?}", verdict);
        let of_line = |line: &OrderLine| line.unit_price_minor * line.quantity.milli / 1_000;
        let goods_minor: i64 = world.lines.iter().map(of_line).sum();
        let total_minor = goods_minor + world.order.freight_minor;
        prop_assert_eq!(verdict.total, Some(Money::new(total_minor, world.order.currency)));
    }

    #[test]
    fn a_price_beyond_the_tolerance_is_found_on_its_line(
        world in any_agreed_order(),
        which in any::<prop::sample::Index>(),
        beyond in 1_i64..1_000_000,
    ) {
        let mut world = world;
        let index = which.index(world.lines.len());
        let agreed_minor = world.lines[index].unit_price_minor;
        let tolerance_minor = (agreed_minor * 50 / 10_000).max(1);
        world.lines[index].unit_price_minor = agreed_minor + tolerance_minor;
        prop_assert!(world.check().is_clean());
        world.lines[index].unit_price_minor += beyond;
        let verdict = world.check();
        prop_assert!(verdict.holds());
        prop_assert_eq!(verdict.faults.len(), 1);
        prop_assert_eq!(verdict.faults[0].code, FaultCode::PriceMismatch);
        prop_assert_eq!(verdict.faults[0].line_no, Some(world.lines[index].line_no));
    }

    #[test]
    fn more_debt_never_frees_an_order(
        world in any_world(), more in 0_i64..i64::MAX, where_to in 0..3,
    ) {
        let before = world.check();
        let mut world = world;
        if let Some(credit) = &mut world.credit {
            let debt_minor = match where_to {
                0 => &mut credit.outstanding_minor,
                1 => &mut credit.open_orders_minor,
                _ => &mut credit.overdue_minor,
            };
            *debt_minor = debt_minor.saturating_add(more);
        }
        let after = world.check();
        prop_assert!(!credit_holds(&before) || credit_holds(&after));
        prop_assert!(!before.holds() || after.holds());
    }

    #[test]
    fn the_order_of_the_facts_does_not_matter(world in any_world(), turn in 0_usize..6) {
        let before = world.check();
        let mut world = world;
        for product in world.products.values_mut() {
            let by = turn % product.prices.len().max(1);
            product.prices.rotate_left(by);
            product.prices.reverse();
        }
        let by = turn % world.requirements.len().max(1);
        world.requirements.rotate_left(by);
        world.requirements.reverse();
        world.lines.reverse();
        prop_assert_eq!(world.check(), before);
    }

    #[test]
    fn the_price_found_is_valid_and_none_is_more_specific(
        product in any_product(),
        currency in any_currency(),
        quantity in any_quantity(),
        date in any_day(),
    ) {
        let applies = |entry: &&PriceEntry| {
            entry.currency == currency && entry.is_valid_on(date) && entry.quantity_min <= quantity
        };
        match price_on(&product, currency, quantity, date) {
            Ok(PriceFound { entry: Some(entry), unit_price_minor }) => {
                prop_assert!(applies(&entry));
                prop_assert_eq!(entry.unit_price_minor, unit_price_minor);
                let place = |entry: &PriceEntry| {
                    (entry.client_specific, entry.quantity_min, entry.valid_from)
                };
                let rivals = product.prices.iter().filter(applies);
                prop_assert!(rivals.into_iter().all(|rival| place(rival) <= place(entry)));
            }
            Ok(PriceFound { entry: None, unit_price_minor }) => {
                prop_assert!(product.prices.is_empty());
                prop_assert_eq!(product.list_price, Some(Money::new(unit_price_minor, currency)));
            }
            Err(_) => prop_assert!(!product.prices.iter().any(|entry| applies(&entry))),
        }
    }
}
