//! Orders: two files, whole orders or none, and who may change an order when.

use domain::record::OrderStatus;
use intake::{ColumnMap, ImportKind, IntakeError};

use crate::support::{World, counts, problems};

const HEADS: &str = "external_id,client,contact,ordered_on,declared_total,terms_days,attachments\n\
    O1,C1,P1,2026-11-02,31.50,30,drawing.pdf; permit.pdf\n\
    O2,C1,,2026-11-03,,,\n";
const LINES: &str = "order,product,sku,quantity,unit_price,discount\n\
    O2,,RS-500,3,12.50,0\n\
    O1,8841,,2,12.50,0.05\n\
    O1,,NO-SUCH,1.5,5.00,0\n";

async fn world() -> World {
    let world = World::new().await;
    world.import(ImportKind::Clients, "external_id,name\nC1,Harbour\nC2,Mill\n").await;
    world.import(ImportKind::Contacts, "external_id,client\nP1,C1\n").await;
    let products = "external_id,sku,name,list_price\n8841,RS-500,Strap,12.50\n";
    world.import(ImportKind::Products, products).await;
    world
}

#[tokio::test]
async fn orders_come_with_their_lines_and_an_unknown_product_is_left_to_the_check() {
    let world = world().await;
    let report = world.import_orders(HEADS, LINES).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    assert_eq!((report.read, report.lines_read), (2, 3));
    let sql = "SELECT number || '|' || status || '|' || is_bill || '|' || attachments FROM orders ORDER BY 1";
    let expected = ["O1|new|1|[\"drawing.pdf\",\"permit.pdf\"]", "O2|new|0|[]"];
    assert_eq!(world.texts(sql).await, expected);
    let sql = "SELECT o.number || '|' || l.line_no || '|' || l.sku || '|' || COALESCE(p.sku, '?') || '|' || \
               l.quantity_milli || '|' || l.unit_price_minor || '|' || l.discount_bp \
               FROM order_lines l JOIN orders o ON o.id = l.order_id \
               LEFT JOIN products p ON p.id = l.product_id ORDER BY 1";
    let lines = [
        "O1|1|8841|RS-500|2000|1250|500",
        "O1|2|NO-SUCH|?|1500|500|0",
        "O2|1|RS-500|RS-500|3000|1250|0",
    ];
    assert_eq!(world.texts(sql).await, lines);

    let ids = "SELECT hex(id) FROM order_lines ORDER BY id";
    let before = world.texts(ids).await;
    assert_eq!(counts(&world.import_orders(HEADS, LINES).await), [0, 0, 2, 0]);
    assert_eq!(world.texts(ids).await, before, "an order that says the same keeps its lines");
}

#[tokio::test]
async fn an_order_is_the_imports_until_it_is_accepted() {
    let world = world().await;
    world.import_orders(HEADS, LINES).await;
    world.execute("UPDATE clients SET standing_at = '2026-11-20T00:00:00+00:00'").await;
    let changed =
        LINES.replace("O1,8841,,2,", "O1,8841,,4,").replace("O1,,NO-SUCH,1.5,5.00,0\n", "");
    assert_eq!(counts(&world.import_orders(HEADS, &changed).await), [0, 1, 1, 0]);
    assert_eq!(world.count("order_lines").await, 2);
    let stale = "SELECT external_id FROM clients WHERE standing_at IS NULL";
    assert_eq!(world.texts(stale).await, ["C1"]);

    // A check holds the order; brought again, even unchanged, it waits for the next check.
    world
        .execute("UPDATE orders SET status = 'held', computed_total_minor = 7 WHERE number = 'O1'")
        .await;
    world
        .execute(
            "INSERT INTO order_exceptions (id, tenant_id, order_id, type, code, severity, field_path, \
             suggested_fix, owner_role, resolves_itself, status, first_seen_at, last_seen_at) \
             SELECT randomblob(16), tenant_id, id, 'pricing_error', 'NO_PRICE', 'error', 'lines', '', '', 0, \
             'open', created_at, created_at FROM orders WHERE number = 'O1'",
        )
        .await;
    assert_eq!(counts(&world.import_orders(HEADS, &changed).await), [0, 1, 1, 0]);
    let sql = "SELECT status || computed_total_minor FROM orders WHERE number = 'O1'";
    assert_eq!(world.texts(sql).await, ["new7"]);
    assert_eq!(world.texts("SELECT status FROM order_exceptions").await, ["closed"]);

    for status in ["open", "done", "cancelled"] {
        world.execute(&format!("UPDATE orders SET status = '{status}'")).await;
        assert_eq!(counts(&world.import_orders(HEADS, LINES).await), [0, 0, 2, 0], "{status}");
        assert_eq!(world.count("order_lines").await, 2);
        assert_eq!(world.texts("SELECT DISTINCT status FROM orders").await, [status]);
    }
}

#[tokio::test]
async fn new_orders_take_the_status_that_was_asked_for() {
    let world = world().await;
    let mut request = world.request(ImportKind::Orders, &world.write("orders.csv", HEADS));
    assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))), "no lines");
    request.lines = Some(world.write("lines.csv", LINES));
    request.options.as_status = Some(OrderStatus::Held);
    assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))), "held");
    request.options.as_status = Some(OrderStatus::Done);
    assert_eq!(counts(&world.run(&request).await.unwrap()), [2, 0, 0, 0]);
    assert_eq!(world.texts("SELECT DISTINCT status FROM orders").await, ["done"]);
    request.kind = ImportKind::Clients;
    assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))), "not orders");
}

#[tokio::test]
async fn an_order_is_imported_whole_or_not_at_all() {
    let world = world().await;
    let heads = format!(
        "{HEADS}O3,C9,,2026-11-04,,,\nO4,C1,,2026-11-05,,,\nO5,C1,,,,,\nO2,C2,,2026-11-06,,,\n"
    );
    let lines = format!(
        "{LINES}O1,,RS-500,-1,5.00,0\nO3,,RS-500,1,5.00,0\nO5,,RS-500,1,1,0\nO6,,RS-500,1,5.00,0\nO2,ragged\n\
         ,,RS-500,1,5.00,0\n"
    );
    let report = world.import_orders(&heads, &lines).await;
    assert_eq!(counts(&report), [0, 0, 0, 6], "{report:?}");
    assert_eq!(report.lines_rejected, 4);
    assert_eq!(
        problems(&report),
        [
            "9 sku: the row has 2 cells, and the header has 6",
            "10 order: is empty",
            "5 quantity: `-1` is negative, where zero or more is expected",
            "2 lines: 1 of its lines are refused, and an order is imported whole or not at all",
            "3 lines: 1 of its lines are refused, and an order is imported whole or not at all",
            &format!(
                "5 lines: no line of {} belongs to this order",
                world.path("lines.csv").display()
            ),
            "6 ordered_on: is empty",
            "7 lines: no line of {} belongs to this order"
                .replace("{}", &world.path("lines.csv").display().to_string())
                .as_str(),
            "4 client: client `C9` is not known for this tenant",
            "8 order: order `O6` is not in orders.csv",
        ]
    );
    assert_eq!(world.count("orders").await, 0);
    assert_eq!(report.line_rejects_file, Some(world.path("lines.csv.rejects.csv")));
    assert!(world.rejects("lines.csv.rejects.csv").contains("O6,,RS-500,1,5.00,0"));
    assert!(world.rejects("orders.csv.rejects.csv").contains("O3,C9,,2026-11-04"));
}

#[tokio::test]
async fn an_order_may_have_a_hundred_thousand_lines_and_not_one_more() {
    let world = world().await;
    let mut lines = "order,sku,quantity,unit_price\n".to_owned();
    for number in 0..100_000 {
        lines.push_str(&format!("O1,RS-{number},1,1.00\n"));
    }
    let heads = "external_id,client,ordered_on\nO1,C1,2026-11-02\n";
    let report = world.import_orders(heads, &lines).await;
    assert_eq!(counts(&report), [1, 0, 0, 0]);
    assert_eq!(world.count("order_lines").await, 100_000);
    lines.push_str("O1,RS-0,1,1.00\n");
    let report = world.import_orders(heads, &lines).await;
    assert_eq!(problems(&report), ["2 lines: the order has 100001 lines, more than 100000"]);
    assert_eq!(world.count("order_lines").await, 100_000);
}

#[tokio::test]
async fn lines_that_may_have_swallowed_others_stop_the_import_before_it_begins() {
    let world = world().await;
    let mut request = world.request(ImportKind::Orders, &world.write("orders.csv", HEADS));
    request.lines =
        Some(world.write("lines.csv", format!("{LINES}O1,\"open,x,1,1,0\nO2,,x,1,1,0\n")));
    let error = world.run(&request).await.unwrap_err();
    assert!(matches!(error, IntakeError::BrokenLines { line: 5, .. }), "{error}");
    assert!(error.to_string().contains("no order was imported"), "{error}");
    assert_eq!(world.count("orders").await, 0);
}

#[tokio::test]
async fn line_numbers_are_kept_and_never_given_twice() {
    let world = world().await;
    let heads = "external_id,client,ordered_on\nO1,C1,2026-11-02\nO2,C1,2026-11-02\n";
    let lines = "order,sku,quantity,unit_price,line_no\n\
        O1,a,1,1,20\nO1,b,1,1,10\nO2,a,1,1,2\nO2,b,1,1,\nO2,c,1,1,0\n";
    let report = world.import_orders(heads, lines).await;
    assert_eq!(counts(&report), [1, 0, 0, 1], "{report:?}");
    let found = problems(&report);
    assert_eq!(found[0], "5 line_no: the number stands twice in the order, first on line 4");
    assert_eq!(found[1], "6 line_no: is not a line's number");
    let sql = "SELECT line_no || sku FROM order_lines ORDER BY line_no";
    assert_eq!(world.texts(sql).await, ["10b", "20a"]);
}

#[tokio::test]
async fn both_files_are_understood_through_one_map() {
    let world = world().await;
    let heads = "OrderID,CustomerID,OrderDate,ShipVia\n1,C1,1996-07-04 00:00:00.000,3\n";
    let lines = "OrderID,ProductID,UnitPrice,Quantity,Discount\n1,8841,14.00,12,15\n";
    let map = "null = [\"NULL\", \"\"]\nignore = [\"ShipVia\"]\n\
        [columns]\nexternal_id = \"OrderID\"\nclient = \"CustomerID\"\nordered_on = \"OrderDate\"\n\
        [constants]\ncurrency = \"USD\"\nis_bill = true\n[dates]\nformat = \"%Y-%m-%d %H:%M:%S%.f\"\n\
        [lines.columns]\norder = \"OrderID\"\nproduct = \"ProductID\"\nunit_price = \"UnitPrice\"\n\
        quantity = \"Quantity\"\ndiscount = \"Discount\"\n[lines.numbers]\ndiscount = \"percent\"\n";
    let mut request = world.request(ImportKind::Orders, &world.write("orders.csv", heads));
    request.lines = Some(world.write("lines.csv", lines));
    request.map = ColumnMap::parse(map).unwrap();
    let report = world.run(&request).await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0], "{report:?}");
    let sql = "SELECT ordered_on || currency || is_bill || discount_bp FROM orders";
    assert_eq!(world.texts(sql).await, ["1996-07-04USD10"]);
    assert_eq!(world.texts("SELECT discount_bp || '' FROM order_lines").await, ["1500"]);
}
