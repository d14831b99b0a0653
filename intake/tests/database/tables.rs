//! Every kind that comes as one table: what is written, and that writing it again changes nothing.

use crate::support::{World, counts, now, problems};
use intake::ImportKind;

const CLIENTS: &str = "external_id,name,is_active,domain,annual_value,churn_risk,known_since\n\
    C1,Harbour Supplies,yes,https://www.Harbour.example/shop,125000.50,35.5,2019-03-01\n\
    C2,\"Mill, Sons\",no,,,,\n";
const CONTACTS: &str = "external_id,client,name,title,email,phone,suppressed\n\
    P1,C1,Inês Duarte,Head of Purchasing, Ines@Harbour.example ,+351 21 000,\n\
    P2,C2,Otto,,otto@mill.example,,asked us not to\n\
    P3,C2,,,,-,\n";
const PRODUCTS: &str = "external_id,sku,name,is_discontinued,discontinued_on,list_price,currency\n\
    8841,RS-500,Ratchet strap,0,,12.50,\n\
    8842,RS-700,Old strap,1,2026-01-01,9.90,USD\n";

#[tokio::test]
async fn clients_and_contacts_get_clocks_and_are_the_same_when_they_come_again() {
    let world = World::new().await;
    let report = world.import(ImportKind::Clients, CLIENTS).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    let report = world.import(ImportKind::Contacts, CONTACTS).await;
    assert_eq!(counts(&report), [3, 0, 0, 0], "{report:?}");

    let sql = "SELECT name || '|' || domain || '|' || annual_value_minor || '|' || churn_risk \
               FROM clients WHERE external_id = 'C1'";
    assert_eq!(world.texts(sql).await, ["Harbour Supplies|harbour.example|12500050|3550"]);
    let sql = "SELECT email FROM contacts ORDER BY external_id";
    assert_eq!(world.texts(sql).await, ["ines@harbour.example", "otto@mill.example", "NULL"]);
    assert_eq!(world.texts("SELECT address FROM suppressions").await, ["otto@mill.example"]);
    let sql = "SELECT entity_type || '|' || entity_key || '|' || epoch || '|' || fired_epoch || '|' || is_open \
               FROM engagement_clocks ORDER BY entity_key";
    let clocks = [
        "account|C1|0|-1|1",
        "account|C2|0|-1|1",
        "contact|P1|0|-1|1",
        "contact|P2|0|-1|1",
        "contact|P3|0|-1|1",
    ];
    assert_eq!(world.texts(sql).await, clocks);

    let ids = "SELECT hex(id) FROM contacts ORDER BY external_id";
    let before = world.texts(ids).await;
    assert_eq!(counts(&world.import(ImportKind::Clients, CLIENTS).await), [0, 0, 2, 0]);
    assert_eq!(counts(&world.import(ImportKind::Contacts, CONTACTS).await), [0, 0, 3, 0]);
    assert_eq!(world.texts(ids).await, before);
    assert_eq!(world.count("engagement_clocks").await, 5);
    assert_eq!(world.count("suppressions").await, 1);
}

#[tokio::test]
async fn what_changes_about_a_client_has_its_standing_worked_out_again() {
    let world = World::new().await;
    world.import(ImportKind::Clients, CLIENTS).await;
    world.import(ImportKind::Contacts, CONTACTS).await;
    let standing = "SELECT external_id FROM clients WHERE standing_at IS NULL ORDER BY external_id";
    let settle = "UPDATE clients SET standing_at = '2026-11-20T00:00:00+00:00'";

    world.execute(settle).await;
    world.import(ImportKind::Contacts, CONTACTS).await;
    assert!(world.texts(standing).await.is_empty(), "nothing changed");

    let moved = CONTACTS.replace("P3,C2", "P3,C1");
    assert_eq!(counts(&world.import(ImportKind::Contacts, &moved).await), [0, 1, 2, 0]);
    assert_eq!(world.texts(standing).await, ["C1", "C2"], "the old company and the new one");
    let sql = "SELECT c.external_id FROM engagement_clocks k JOIN clients c ON c.id = k.client_id \
               WHERE entity_key = 'P3'";
    assert_eq!(world.texts(sql).await, ["C1"]);

    world.execute(settle).await;
    let renamed = CLIENTS.replace("Harbour", "Port");
    assert_eq!(counts(&world.import(ImportKind::Clients, &renamed).await), [0, 1, 1, 0]);
    assert_eq!(world.texts(standing).await, ["C1"]);

    world.execute(settle).await;
    let suppressed = moved.replace("+351 21 000,", "+351 21 000,bounced");
    world.import(ImportKind::Contacts, &suppressed).await;
    assert_eq!(world.texts(standing).await, ["C1"], "whom to reach is a question again");
}

#[tokio::test]
async fn products_bring_a_warning_and_the_authorised_discount() {
    let world = World::new().await;
    let undated = PRODUCTS.replace("2026-01-01", "");
    let map = "[policy]\ndiscount_max = \"0.25\"\n";
    let report = world.import_with(ImportKind::Products, &undated, map).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    assert_eq!(report.discount_max.unwrap().0, 2_500);
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(
        (report.warnings[0].line, report.warnings[0].field.as_str()),
        (3, "discontinued_on")
    );
    let tenant = world.store.tenant(world.tenant).get_tenant().await.unwrap();
    assert_eq!(tenant.settings.discount_max_bp.0, 2_500);
    let sql = "SELECT list_price_minor || currency FROM products ORDER BY external_id";
    assert_eq!(world.texts(sql).await, ["1250EUR", "990USD"]);
}

#[tokio::test]
async fn prices_credit_and_requirements_find_their_products_and_clients() {
    let world = World::new().await;
    world.import(ImportKind::Clients, CLIENTS).await;
    world.import(ImportKind::Products, PRODUCTS).await;
    let prices = "product,unit_price,valid_from,valid_to,client,quantity_min,discount_max\n\
        RS-500,11.90,2026-01-01,2026-12-31,,,0.05\n\
        8841,10.90,2026-01-01,,C1,100,\n\
        RS-900,1.00,2026-01-01,,,,\n\
        RS-500,1.00,2026-01-01,2025-12-31,C9,,\n";
    for expected in [[2, 0, 0, 2], [0, 0, 2, 2]] {
        let report = world.import(ImportKind::PriceBook, prices).await;
        assert_eq!(counts(&report), expected, "{report:?}");
        assert_eq!(
            problems(&report),
            [
                "5 valid_to: is before valid_from",
                "4 product: product `RS-900` is not known for this tenant",
            ]
        );
    }
    let credit = "client,limit,currency,terms_days,outstanding\n\
        C1,20000,,30,-12.50\n,5000,,,\nC1,1,,,\nC2,1,USD,,\n";
    for expected in [[3, 0, 0, 1], [0, 0, 3, 1]] {
        let report = world.import(ImportKind::CreditProfiles, credit).await;
        assert_eq!(counts(&report), expected, "{report:?}");
        assert_eq!(problems(&report), ["4 external_id: `C1` is given twice, first on line 2"]);
    }
    let second = "external_id,client,limit\nother,C1,1\nanother,,1\n";
    let report = world.import(ImportKind::CreditProfiles, second).await;
    assert_eq!(counts(&report), [0, 0, 0, 2]);
    assert_eq!(report.problems[0].reason, "has a credit profile already: `C1` of import");
    let requirements = "kind,name,client,is_evidence_held\ninsurance,cover,C1,1\npo_number,PO,,\n";
    for expected in [[2, 0, 0, 0], [0, 0, 2, 0]] {
        let report = world.import(ImportKind::Requirements, requirements).await;
        assert_eq!(counts(&report), expected, "{report:?}");
    }
}

#[tokio::test]
async fn deals_are_merged_with_what_the_agent_knows() {
    let world = World::new().await;
    world.import(ImportKind::Clients, CLIENTS).await;
    let map = "[columns]\nstage_name = \"stage\"\nstage_type = \"stage\"\n\
        [values.stage_type]\nWon = \"won\"\nEngaging = \"ongoing\"\nProspecting = \"open\"\n";
    let deals = "external_id,client,stage,opened_on,closed_on,value,expected_close_on\n\
        D1,C1,Engaging,2026-09-01,,1500,2026-12-01\n\
        D2,C1,Won,2026-08-01,2026-10-01,200.50,\n\
        D3,C2,Prospecting,,,,\n\
        D4,C2,Dreaming,,,,\n";
    for expected in [[3, 0, 0, 1], [0, 0, 3, 1]] {
        let report = world.import_with(ImportKind::Deals, deals, map).await;
        assert_eq!(counts(&report), expected, "{report:?}");
        assert_eq!(problems(&report), ["5 stage_type (stage): `Dreaming` is not a stage type"]);
        assert!(report.problems[0].way_out.contains("[values.stage_type]"));
    }
    let sql =
        "SELECT external_id || ' ' || stage_type || ' ' || stage_entered_on FROM deals ORDER BY 1";
    let expected = ["D1 ongoing 2026-09-01", "D2 won 2026-10-01", "D3 open 2026-11-20"];
    assert_eq!(world.texts(sql).await, expected);

    // The agent advances a deal and follows it up; the source has not heard of it and pushes the close date.
    world
        .execute(
            "UPDATE deals SET stage_type = 'won', stage_entered_on = '2026-11-01', \
             follow_ups_since_signal = 2, last_follow_up_on = '2026-11-05' WHERE external_id = 'D1'",
        )
        .await;
    let pushed = deals.replace("2026-12-01", "2027-01-15").replace("C2,Prospecting", "C2,Won");
    let report = world.import_with(ImportKind::Deals, &pushed, map).await;
    assert_eq!(counts(&report), [0, 2, 1, 1], "{report:?}");
    let sql = "SELECT stage_type || ' ' || follow_ups_since_signal || ' ' || close_pushes FROM deals \
               ORDER BY external_id";
    assert_eq!(world.texts(sql).await, ["won 2 1", "won 0 0", "won 0 0"]);
    let sql = "SELECT from_stage || ' ' || to_stage || ' ' || changed_by FROM deal_stage_changes";
    assert_eq!(world.texts(sql).await, ["open won cli:ada"]);
}

#[tokio::test]
async fn quotes_cases_compliance_and_goals_come_in_and_come_again() {
    let world = World::new().await;
    world.import(ImportKind::Clients, CLIENTS).await;
    world.import(ImportKind::Contacts, CONTACTS).await;
    let quotes = "external_id,client,contact,status,submitted_on,amount\nQ1,C1,P1,submitted,2026-11-01,17400\n";
    let cases = "external_id,client,kind,opened_at,severity\nT1,C1,safety,2026-10-25 02:30,high\n";
    let items = "external_id,client,name,due_on,status\nI1,C1,certificate,2026-12-31,missing\n";
    let goals = "metric,target,starts_on,ends_on\nrevenue,250000,2026-10-01,2026-12-31\norders,40,2026-10-01,2026-12-31\n";
    let files = [
        (ImportKind::Quotes, quotes, 1),
        (ImportKind::Cases, cases, 1),
        (ImportKind::Compliance, items, 1),
        (ImportKind::Goals, goals, 2),
    ];
    for (kind, text, rows) in files {
        let first = world.import(kind, text).await;
        assert_eq!(counts(&first), [rows, 0, 0, 0], "{first:?}");
        let again = world.import(kind, text).await;
        assert_eq!(counts(&again), [0, 0, rows, 0], "{kind}");
    }
    // Half past two was twice in Berlin that night; the first of the two is meant.
    assert_eq!(world.texts("SELECT opened_at FROM cases").await[0][..16], *"2026-10-25T00:30");
    let sql = "SELECT target || COALESCE(currency, '') FROM goals ORDER BY metric";
    assert_eq!(world.texts(sql).await, ["40", "25000000EUR"]);

    // The agent's own columns stay, and so does what it has learned.
    world.execute("UPDATE quotes SET status = 'lost', lost_reason = 'price', follow_ups = 3").await;
    world.execute("UPDATE compliance_items SET status = 'requested', reminders = 1").await;
    let quotes = quotes.replace("17400", "17500");
    assert_eq!(counts(&world.import(ImportKind::Quotes, &quotes).await), [0, 1, 0, 0]);
    assert_eq!(counts(&world.import(ImportKind::Compliance, items).await), [0, 0, 1, 0]);
    let sql = "SELECT status || lost_reason || follow_ups || amount_minor FROM quotes";
    assert_eq!(world.texts(sql).await, ["lostprice31750000"]);
    assert_eq!(
        world.texts("SELECT status || reminders FROM compliance_items").await,
        ["requested1"]
    );
}

#[tokio::test]
async fn an_import_that_broke_off_goes_on_where_it_was() {
    let world = World::new().await;
    world.import(ImportKind::Clients, CLIENTS).await;
    let mut text = "external_id,client\n".to_owned();
    for number in 0..12_500 {
        text.push_str(&format!("P{number},C1\n"));
    }
    world
        .execute(
            "CREATE TRIGGER gone BEFORE INSERT ON contacts WHEN NEW.external_id = 'P8700' \
             BEGIN SELECT RAISE(ABORT, 'gone'); END",
        )
        .await;
    let error = world.try_import(ImportKind::Contacts, &text, "").await.unwrap_err();
    assert!(error.to_string().contains("5000 rows were read and kept"), "{error}");
    assert_eq!(
        (world.count("contacts").await, world.count("engagement_clocks").await),
        (5_000, 5_002)
    );
    world.execute("DROP TRIGGER gone").await;
    let report = world.import(ImportKind::Contacts, &text).await;
    assert_eq!(counts(&report), [7_500, 0, 5_000, 0]);
}

#[tokio::test]
async fn progress_is_told_batch_by_batch() {
    let world = World::new().await;
    let mut text = "external_id,name\n".to_owned();
    for number in 0..12_500 {
        text.push_str(&format!("C{number},Company {number}\n"));
    }
    let request = world.request(ImportKind::Clients, &world.write("clients.csv", &text));
    let mut told = Vec::new();
    let mut tell = |progress: intake::Progress| told.push(progress);
    intake::import(&world.store, world.tenant, &request, now(), &mut tell).await.unwrap();
    assert_eq!(told.iter().map(|it| it.rows).collect::<Vec<_>>(), [5_000, 10_000, 12_500]);
    let last = told.last().unwrap();
    assert_eq!((last.bytes, last.bytes_total), (text.len() as u64, text.len() as u64));
}
