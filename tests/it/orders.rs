//! What an order check is given: prices, credit, requirements and doubled orders, as of a day.

use domain::{
    engagement::StageType,
    id::{ClientId, OrderId, ProductId},
    money::BasisPoints,
    order::{FaultCode, OrderFacts, OrderPolicy, check_order},
    record::OrderStatus,
};
use store::{
    import::{
        ClientRow, CreditProfileRow, OrderLineRow, OrderRow, PriceBookEntryRow, ProductRow,
        RequirementRow,
    },
    order_facts::OrderToCheck,
};
use testkit::{
    database::TestDb,
    rows::{self, cents, day, pieces},
    world::World,
};

on_both!(
    an_order_comes_back_as_it_was_imported,
    a_client_sees_its_own_prices_and_everybodys,
    a_clients_own_credit_goes_before_the_tenants,
    accepted_orders_on_terms_use_up_credit,
    requirements_are_the_clients_own_and_everybodys,
    a_purchase_order_number_counts_on_visible_orders_of_one_client,
    what_is_dated_later_is_not_visible,
    orders_come_by_date_and_number,
    a_hundred_thousand_lines_are_loaded_in_their_order,
);

async fn an_order_comes_back_as_it_was_imported(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client_row(&ClientRow { is_active: false, ..rows::client("C1") }).await;
    let row = ProductRow {
        sku: "A-1".to_owned(),
        unit: Some("box".to_owned()),
        is_discontinued: true,
        discontinued_on: Some(day("2026-02-01")),
        list_price: Some(cents(i64::MAX)),
        quantity_min: Some(pieces(5)),
        pack_multiple: Some(pieces(2)),
        ..rows::product("A-1")
    };
    world.scope().upsert_products(&world.origin(), &[row]).await.unwrap();
    let product = world.scope().product_ids("crm", &["A-1"]).await.unwrap()["A-1"];
    let line = OrderLineRow {
        sku: "a 1".to_owned(),
        unit: Some("Karton".to_owned()),
        discount: BasisPoints(250),
        declared_total_minor: Some(-1),
        ..rows::line(7, product)
    };
    let row = OrderRow {
        required_on: Some(day("2026-04-01")),
        declared_total_minor: Some(i64::MIN),
        freight_minor: 995,
        discount: BasisPoints(100),
        terms_days: Some(14),
        po_number: Some("PO 1".to_owned()),
        attachments: vec!["Zeichnung äöü.pdf".to_owned(), String::new()],
        lines: vec![OrderLineRow { product: None, ..rows::line(8, product) }, line.clone()],
        ..rows::order("O1", client)
    };
    let order = load(&world, world.order(OrderStatus::New, &row).await).await;
    let OrderFacts { order: head, lines, client, products, credit, .. } = order.facts();

    assert_eq!((head.ordered_on, head.required_on), (row.ordered_on, row.required_on));
    assert_eq!((head.currency, head.declared_total_minor), (row.currency, Some(i64::MIN)));
    assert_eq!((head.freight_minor, head.discount), (995, BasisPoints(100)));
    assert_eq!((head.terms_days, head.po_number.as_deref()), (Some(14), Some("PO 1")));
    assert_eq!((&head.attachments, head.is_bill), (&row.attachments, false));
    assert!(!client.is_active && credit.is_none());
    let numbers: Vec<i32> = lines.iter().map(|line| line.line_no).collect();
    assert_eq!(numbers, [7, 8]);
    assert_eq!((lines[0].product, lines[1].product), (Some(product), None));
    assert_eq!((lines[0].sku.as_str(), lines[0].unit.as_deref()), ("a 1", Some("Karton")));
    assert_eq!((lines[0].discount, lines[0].declared_total_minor), (line.discount, Some(-1)));
    let found = &products[&product];
    assert_eq!(found.list_price, Some(cents(i64::MAX)));
    assert_eq!((found.quantity_min, found.pack_multiple), (Some(pieces(5)), Some(pieces(2))));
    assert_eq!((found.is_discontinued, found.discontinued_on), (true, Some(day("2026-02-01"))));
    assert_eq!((found.unit.as_deref(), found.sku.as_str()), (Some("box"), "A-1"));
}

async fn a_client_sees_its_own_prices_and_everybodys(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (one, two) = (world.client("C1").await, world.client("C2").await);
    let product = world.product("A-1").await;
    let of =
        |key: &str, client, minor| PriceBookEntryRow { client, ..rows::price(key, product, minor) };
    let dated = PriceBookEntryRow {
        valid_from: day("2025-01-01"),
        valid_to: Some(day("2025-12-31")),
        quantity_min: pieces(100),
        discount_max: Some(BasisPoints(500)),
        ..of("old", None, 950)
    };
    let prices =
        [of("general", None, 1_000), of("one", Some(one), 900), of("two", Some(two), 800), dated];
    world.scope().upsert_price_book_entries(&world.origin(), &prices).await.unwrap();

    for (key, client, own) in [("O1", one, 900), ("O2", two, 800)] {
        let order = with_line(&world, key, client, product).await;
        let mut seen: Vec<(i64, bool)> = order.facts().products[&product]
            .prices
            .iter()
            .map(|price| (price.unit_price_minor, price.client_specific))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, [(own, true), (950, false), (1_000, false)], "{key}");
        let old = order.facts().products[&product].prices.iter().find(|it| it.valid_to.is_some());
        let old = old.unwrap();
        assert_eq!((old.valid_from, old.valid_to), (day("2025-01-01"), Some(day("2025-12-31"))));
        assert_eq!((old.quantity_min, old.discount_max), (pieces(100), Some(BasisPoints(500))));
        let verdict = check_order(&order.facts(), &OrderPolicy::default());
        assert_eq!(verdict.faults[0].code, FaultCode::PriceMismatch, "{key}: {verdict:?}");
    }
}

async fn a_clients_own_credit_goes_before_the_tenants(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (own, standard) = (world.client("C1").await, world.client("C2").await);
    let order = on_terms(&world, "none", standard, "2026-03-02", 100).await;
    assert!(load(&world, order).await.facts().credit.is_none(), "there is no profile at all");

    let profile = CreditProfileRow {
        is_on_hold: true,
        hold_reason: Some("Ada called".to_owned()),
        outstanding_minor: -5,
        overdue_minor: 3,
        terms_days: None,
        ..rows::credit("own", Some(own), 200_000)
    };
    let profiles = [rows::credit("default", None, 100_000), profile];
    world.scope().upsert_credit_profiles(&world.origin(), &profiles).await.unwrap();

    let first = load(&world, on_terms(&world, "O1", own, "2026-03-02", 100).await).await;
    let credit = first.facts().credit.unwrap();
    assert_eq!((credit.limit, credit.is_tenant_default), (cents(200_000), false));
    assert_eq!((credit.is_on_hold, credit.hold_reason.as_deref()), (true, Some("Ada called")));
    assert_eq!((credit.outstanding_minor, credit.overdue_minor), (-5, 3));
    assert_eq!((credit.terms_days, credit.open_orders_minor), (None, 0));

    let second = load(&world, order).await;
    let credit = second.facts().credit.unwrap();
    assert_eq!((credit.limit, credit.is_tenant_default), (cents(100_000), true));
    // Who pays at once needs none.
    let row = OrderRow { is_bill: false, ..rows::order("cash", own) };
    let cash = load(&world, world.order(OrderStatus::New, &row).await).await;
    assert!(cash.facts().credit.is_none() && !cash.is_bill());
}

async fn accepted_orders_on_terms_use_up_credit(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (client, other) = (world.client("C1").await, world.client("C2").await);
    let profile = rows::credit("default", None, 100_000);
    world.scope().upsert_credit_profiles(&world.origin(), &[profile]).await.unwrap();
    let order = |key: &str, total| OrderRow {
        is_bill: true,
        declared_total_minor: Some(total),
        ..rows::order(key, client)
    };
    let billed = |on: &str| Some(day(on));
    let (open, done) = (OrderStatus::Open, OrderStatus::Done);
    for (status, row) in [
        (open, order("open", 1)),
        (done, order("done", 10)),
        (open, OrderRow { billed_on: billed("2026-03-04"), ..order("billed tomorrow", 100) }),
        (open, OrderRow { ordered_on: day("2026-03-03"), ..order("of today", 1_000) }),
        (open, OrderRow { declared_total_minor: None, ..order("of no total", 7) }),
        // None of these is a debt to come.
        (OrderStatus::New, order("unchecked", 7)),
        (OrderStatus::Cancelled, order("cancelled", 7)),
        (open, OrderRow { billed_on: billed("2026-03-03"), ..order("billed today", 7) }),
        (open, OrderRow { ordered_on: day("2026-03-04"), ..order("of tomorrow", 7) }),
        (open, OrderRow { is_bill: false, ..order("cash", 7) }),
        (open, OrderRow { client: other, ..order("another's", 7) }),
    ] {
        world.order(status, &row).await;
    }
    let waiting = on_terms(&world, "waiting", client, "2026-03-03", 50).await;
    let mut loaded = load(&world, waiting).await;
    assert_eq!(loaded.facts().credit.unwrap().open_orders_minor, 1_111);

    // What a check computed counts instead of what the order says of itself.
    world
        .execute(
            "UPDATE orders SET computed_total_minor = 5 WHERE tenant_id = $1 AND number = 'open'",
            [world.tenant.uuid().into()],
        )
        .await;
    loaded.add_exposure(20);
    assert_eq!(loaded.facts().credit.unwrap().open_orders_minor, 1_131);
    assert_eq!(load(&world, waiting).await.facts().credit.unwrap().open_orders_minor, 1_115);
}

async fn requirements_are_the_clients_own_and_everybodys(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (one, two) = (world.client("C1").await, world.client("C2").await);
    let dated = RequirementRow {
        kind: domain::order::RequirementKind::Insurance,
        from_vendor: true,
        is_evidence_held: true,
        valid_until: Some(day("2026-03-01")),
        ..rows::requirement("2", Some(one))
    };
    let rows = [rows::requirement("1", None), dated, rows::requirement("3", Some(two))];
    world.scope().upsert_requirements(&world.origin(), &rows).await.unwrap();
    let product = world.product("A-1").await;
    let order = with_line(&world, "O1", one, product).await;
    let found = order.facts().requirements;
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["document 1", "document 2"], "by their keys");
    assert_eq!((found[1].from_vendor, found[1].evidence_held), (true, true));
    assert_eq!(found[1].valid_until, Some(day("2026-03-01")));
    let both = world
        .scope()
        .load_orders_to_check(
            &[order.id, with_line(&world, "O2", two, product).await.id],
            day("2026-03-03"),
        )
        .await
        .unwrap();
    assert_eq!(both.iter().map(|it| it.facts().requirements.len()).collect::<Vec<_>>(), [2, 2]);
}

async fn a_purchase_order_number_counts_on_visible_orders_of_one_client(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (client, other) = (world.client("C1").await, world.client("C2").await);
    let order = |key: &str, client, po: Option<&str>, on: &str| OrderRow {
        po_number: po.map(str::to_owned),
        ordered_on: day(on),
        ..rows::order(key, client)
    };
    for (status, row) in [
        (OrderStatus::New, order("first", client, Some("twice"), "2026-03-01")),
        (OrderStatus::Done, order("second", client, Some("twice"), "2025-03-01")),
        (OrderStatus::New, order("cancelled", client, Some("once"), "2026-03-01")),
        (OrderStatus::Cancelled, order("called off", client, Some("once"), "2026-03-01")),
        (OrderStatus::New, order("ahead", client, Some("later"), "2026-03-03")),
        (OrderStatus::New, order("tomorrow", client, Some("later"), "2026-03-04")),
        (OrderStatus::New, order("ours", client, Some("shared"), "2026-03-01")),
        (OrderStatus::New, order("theirs", other, Some("shared"), "2026-03-01")),
        (OrderStatus::New, order("without", client, None, "2026-03-01")),
        (OrderStatus::New, order("without too", client, None, "2026-03-01")),
    ] {
        world.order(status, &row).await;
    }
    let doubled = async |today: &str| {
        let keys = ["first", "cancelled", "ahead", "ours", "theirs", "without"];
        let ids: Vec<OrderId> =
            world.scope().order_ids("crm", &keys).await.unwrap().into_values().collect();
        let orders = world.scope().load_orders_to_check(&ids, day(today)).await.unwrap();
        let mut found: Vec<String> = orders
            .into_iter()
            .filter(|it| it.facts().same_po_elsewhere)
            .map(|it| it.number)
            .collect();
        found.sort();
        found
    };
    assert_eq!(doubled("2026-03-03").await, ["first"]);
    assert_eq!(doubled("2026-03-04").await, ["ahead", "first"]);
}

async fn what_is_dated_later_is_not_visible(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    for (key, on) in [("past", "2026-03-01"), ("today", "2026-03-03"), ("ahead", "2026-03-04")] {
        let row = OrderRow { ordered_on: day(on), ..rows::order(key, client) };
        world.order(OrderStatus::New, &row).await;
    }
    let scope = world.scope();
    let waiting = async |today: &str| {
        let found = scope.list_orders_waiting(day(today), 10).await.unwrap();
        found.into_iter().map(|it| it.number).collect::<Vec<_>>()
    };
    assert_eq!(waiting("2026-02-28").await, Vec::<String>::new());
    assert_eq!(waiting("2026-03-03").await, ["past", "today"]);
    assert_eq!(waiting("2026-03-04").await, ["past", "today", "ahead"]);
    let mentions = scope.load_mentions(&[client], day("2026-03-03")).await.unwrap();
    assert_eq!(mentions[&client].last_order, Some(("today".to_owned(), day("2026-03-03"))));

    let deal = store::import::DealRow {
        stage_type: StageType::Ongoing,
        stage_entered_on: Some(day("2026-03-04")),
        ..rows::deal("D1", client)
    };
    scope.upsert_deals(&world.origin(), world.today(), &[deal]).await.unwrap();
    assert!(scope.list_open_deals(day("2026-03-03"), 10).await.unwrap().is_empty());
    assert_eq!(scope.list_open_deals(day("2026-03-04"), 10).await.unwrap().len(), 1);
}

async fn orders_come_by_date_and_number(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let mut ids = Vec::new();
    for (key, on) in
        [("9", "2026-03-02"), ("a", "2026-03-01"), ("B", "2026-03-01"), ("10", "2026-03-02")]
    {
        let row = OrderRow { ordered_on: day(on), ..rows::order(key, client) };
        ids.push(world.order(OrderStatus::New, &row).await);
    }
    let scope = world.scope();
    let expected = ["B", "a", "10", "9"];
    let listed = scope.list_orders_waiting(world.today(), 10).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.number.as_str()).collect::<Vec<_>>(), expected);
    let loaded = scope.load_orders_to_check(&ids, world.today()).await.unwrap();
    assert_eq!(loaded.iter().map(|it| it.number.as_str()).collect::<Vec<_>>(), expected);
    let mut keys = scope.order_keys(&ids).await.unwrap();
    keys.sort();
    assert_eq!(keys.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(), expected);
    let two = scope.list_orders_waiting(world.today(), 2).await.unwrap();
    assert_eq!(two.iter().map(|it| it.number.as_str()).collect::<Vec<_>>(), ["B", "a"]);
}

async fn a_hundred_thousand_lines_are_loaded_in_their_order(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let product = world.product("A-1").await;
    let count = 100_000;
    let lines = (1..=count).rev().map(|number| rows::line(number, product)).collect();
    let row = OrderRow { lines, ..rows::order("O1", client) };
    let order = load(&world, world.order(OrderStatus::New, &row).await).await;
    let numbers = order.lines().iter().map(|line| line.line_no);
    assert!(numbers.eq(1..=count), "in the order of their numbers");
    let verdict = check_order(&order.facts(), &OrderPolicy::default());
    assert_eq!(verdict.total, Some(cents(i64::from(count) * 10_000)));
}

async fn load(world: &World<'_>, order: OrderId) -> OrderToCheck {
    world.scope().load_orders_to_check(&[order], world.today()).await.unwrap().remove(0)
}

async fn with_line(
    world: &World<'_>,
    key: &str,
    client: ClientId,
    product: ProductId,
) -> OrderToCheck {
    let row = OrderRow { lines: vec![rows::line(1, product)], ..rows::order(key, client) };
    load(world, world.order(OrderStatus::New, &row).await).await
}

async fn on_terms(
    world: &World<'_>,
    key: &str,
    client: ClientId,
    on: &str,
    total_minor: i64,
) -> OrderId {
    let row = OrderRow {
        ordered_on: day(on),
        is_bill: true,
        declared_total_minor: Some(total_minor),
        ..rows::order(key, client)
    };
    world.order(OrderStatus::New, &row).await
}
