//! Files and rows that are wrong: each is told by its field, and nothing is lost or half done.

use intake::{ImportKind, IntakeError};

use crate::support::{World, counts, problems};

#[tokio::test]
async fn bad_rows_are_listed_with_their_lines_and_good_ones_are_imported() {
    let world = World::new().await;
    let text = "external_id,name,country,known_since\n\
        C1,Good,PT,2020-01-01\n\
        C2,\"two\nlines\",PT,\n\
        C3,=HYPERLINK(\"http://evil\"),PT,\n\
        C4,Too few\n\
        C5,Too,many,2020-01-01,cells\n\
        C6,,PT,01.02.2020\n\
        C1,Again,PT,\n\
        ,,,\n\
        C7,Bell\u{7},PT,\n\
        C8,Last good,PT,\n";
    let report = world.import(ImportKind::Clients, text).await;
    assert_eq!((report.read, counts(&report)), (9, [3, 0, 0, 6]), "{report:?}");
    assert_eq!(
        problems(&report),
        [
            "5 name: `=HYPERLINK(\"http://evil\")` looks like a formula, which a spreadsheet would run",
            "6 country: the row has 2 cells, and the header has 4",
            "7 cell 5: the row has 5 cells, and the header has 4",
            "8 name: is empty",
            "8 known_since: `01.02.2020` is not a date such as 2026-10-24",
            "9 external_id: `C1` is given twice, first on line 2",
            "11 name: holds the control character U+0007",
        ]
    );
    assert!(report.problems.iter().all(|problem| !problem.way_out.is_empty()));
    let names = world.texts("SELECT name FROM clients ORDER BY external_id").await;
    assert_eq!(names, ["Good", "two lines", "Last good"]);
}

#[tokio::test]
async fn refused_rows_are_kept_to_be_mended_and_brought_again() {
    let world = World::new().await;
    let text = "external_id,name,phone\n1,Good,x\n2,=1+1,\"a, b\"\n3,\"quote \"\" here\"\n";
    let map = "ignore = [\"phone\"]\n";
    let report = world.import_with(ImportKind::Clients, text, map).await;
    let path = report.rejects_file.unwrap();
    assert_eq!(path, world.path("clients.csv.rejects.csv"));
    // Files of the same folder are named as they are called there.
    let file = "clients.csv";
    let expected = format!(
        "\u{feff}file,line,field,reason,external_id,name,phone\n\
         {file},3,name,\"`=1+1` looks like a formula, which a spreadsheet would run: put the value in \
         its place, or begin the text with a letter\",2,'=1+1,\"a, b\"\n\
         {file},4,phone,\"the row has 2 cells, and the header has 3: put cells that hold the delimiter or \
         a line break in quotes, and keep empty cells\",3,\"quote \"\" here\"\n"
    );
    assert_eq!(world.rejects("clients.csv.rejects.csv"), expected);

    // A person mends both rows in that very file, and imports it as it is.
    let mended = expected.replace("'=1+1", "Two").replace("here\"\n", "here\",\n");
    let report = world.import_with(ImportKind::Clients, &mended, map).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    assert_eq!(report.rejects_file, None);
}

#[tokio::test]
async fn bytes_in_another_encoding_name_the_field_and_the_way_out() {
    let world = World::new().await;
    let text = b"external_id,name\n1,Caf\xe9\n2,Plain\n";
    let report = world.try_import(ImportKind::Clients, text, "").await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 1]);
    let problem = &report.problems[0];
    assert_eq!((problem.line, problem.field.as_str()), (2, "name"));
    assert!(problem.reason.contains("after `Caf`"), "{}", problem.reason);
    assert!(problem.way_out.contains("windows-1252"));

    let map = "encoding = \"windows-1252\"\n";
    let report = world.try_import(ImportKind::Clients, text, map).await.unwrap();
    assert_eq!(counts(&report), [1, 0, 1, 0]);
    assert_eq!(world.texts("SELECT name FROM clients WHERE external_id = '1'").await, ["Café"]);

    let header = b"external_id,name,Stra\xdfe\n1,x,y\n";
    let error = world.try_import(ImportKind::Clients, header, "ignore = \"*\"").await.unwrap_err();
    assert!(matches!(error, IntakeError::HeaderEncoding { column: 3, .. }), "{error}");
    let sixteen: Vec<u8> =
        "\u{feff}external_id,name\n3,Çelik\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let report = world.try_import(ImportKind::Clients, sixteen, "").await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_row_over_the_limit_and_an_open_quote_cost_only_themselves() {
    let world = World::new().await;
    let huge = "x".repeat(2 * 1024 * 1024);
    let text =
        format!("external_id,name\n1,Good\n2,\"{huge}\"\n3,Also good\n4,\"open\n5,swallowed\n");
    let report = world.import(ImportKind::Clients, &text).await;
    assert_eq!(counts(&report), [2, 0, 0, 2]);
    let found = problems(&report);
    assert!(found[0].starts_with("3 name: the row is larger than 1048576 bytes"), "{found:?}");
    assert!(found[1].starts_with("5 row: opens a quote that is never closed"), "{found:?}");
}

#[tokio::test]
async fn money_that_cannot_be_is_refused() {
    let world = World::new().await;
    let text = "external_id,name,list_price,currency,quantity_min\n\
        1,a,-5,EUR,\n2,b,99999999999999999999,EUR,\n3,c,1.234,EUR,\n4,d,1,XXQ,\n\
        5,e,\"1,50\",EUR,\n6,f,,EUR,-1\n7,g,1.50,JPY,\n8,h,=1+1,EUR,\n9,i,2.50,eur,0.5\n";
    let report = world.import(ImportKind::Products, text).await;
    assert_eq!(counts(&report), [1, 0, 0, 8]);
    assert_eq!(
        problems(&report),
        [
            "2 list_price: `-5` is negative, where zero or more is expected",
            "3 list_price: `99999999999999999999` is too large",
            "4 list_price: `1.234` has more than 2 decimals, which cannot be held exactly",
            "5 currency: `XXQ` is not an ISO 4217 currency code",
            "6 list_price: `1,50` is not a number",
            "7 quantity_min: `-1` is negative, where zero or more is expected",
            "8 list_price: `1.50` has more than 0 decimals, which cannot be held exactly",
            "9 list_price: `=1+1` looks like a formula, which a spreadsheet would run",
        ]
    );
}

#[tokio::test]
async fn another_tenants_rows_are_unknown() {
    let world = World::new().await;
    let mine = world.tenant;
    world.import(ImportKind::Clients, "external_id,name\nC1,Mine\n").await;
    let other = World { tenant: world.other_tenant().await, ..world };
    let report = other.import(ImportKind::Contacts, "external_id,client\nP1,C1\n").await;
    assert_eq!(problems(&report), ["2 client: client `C1` is not known for this tenant"]);
    assert_eq!(report.problems[0].way_out, "import clients first, or mend the reference");

    // The same keys of two tenants are two rows.
    other.import(ImportKind::Clients, "external_id,name\nC1,Theirs\n").await;
    other.import(ImportKind::Contacts, "external_id,client\nP1,C1\n").await;
    assert_eq!(other.texts("SELECT name FROM clients ORDER BY name").await, ["Mine", "Theirs"]);
    let contacts = other.store.tenant(mine).contact_ids("import", &["P1"]).await.unwrap();
    assert!(contacts.is_empty());
}

#[tokio::test]
async fn a_source_is_part_of_a_key() {
    let world = World::new().await;
    world.import(ImportKind::Clients, "external_id,name\nC1,From one\n").await;
    let mut request =
        world.request(ImportKind::Clients, &world.write("b.csv", "external_id,name\nC1,Other\n"));
    request.source = "crm".to_owned();
    assert_eq!(counts(&world.run(&request).await.unwrap()), [1, 0, 0, 0]);
    for source in ["", "agent", "Has Space"] {
        request.source = source.to_owned();
        assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))), "{source:?}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_says_how_it_could_be() {
    let world = World::new().await;
    let told = async |text: &str, map: &str| {
        world.try_import(ImportKind::Clients, text, map).await.unwrap_err().to_string()
    };
    let unknown = told("external_id,name,Fax,VAT\n1,a,b,c\n", "").await;
    assert!(unknown.contains("not known: `Fax`, `VAT`"), "{unknown}");
    assert!(unknown.contains("ignore = [\"Fax\", \"VAT\"]"), "{unknown}");
    assert!(unknown.contains("`annual_value`"), "{unknown}");
    let missing = told("ID,Company\n1,a\n", "").await;
    assert!(missing.contains("no column `external_id`, `name`"), "{missing}");
    assert!(missing.contains("`ID`, `Company`"), "{missing}");
    let headless = told("1,Harbour\n2,Mill\n", "").await;
    assert!(headless.contains("if the first row is not a header, add one"), "{headless}");
    let mapped = told("external_id,name\n1,a\n", "[columns]\nname = \"Firm\"\n").await;
    assert!(mapped.contains("`name (Firm in the map)`"), "{mapped}");
    let twice = told("external_id,name,name\n1,a,b\n", "").await;
    assert!(twice.contains("the column `name` twice"), "{twice}");
    assert!(told("", "").await.contains("is empty"));
    assert!(told("\n\n", "").await.contains("is empty"));
    let map = told("external_id,name\n", "[columns]\nname = 1\n").await;
    assert!(map.contains("the map, line 2"), "{map}");
    let report = world.import(ImportKind::Clients, "external_id,name\n").await;
    assert_eq!((report.read, counts(&report)), (0, [0, 0, 0, 0]));

    let request = world.request(ImportKind::Clients, &world.path("nothing.csv"));
    assert!(matches!(world.run(&request).await, Err(IntakeError::NotFound(_))));
    let mut request = world.request(ImportKind::Clients, world.folder.path());
    assert!(matches!(world.run(&request).await, Err(IntakeError::IsDirectory(_))));
    request.file = world.write("same.csv", "external_id,name\n");
    request.rejects = Some(request.file.clone());
    let error = world.run(&request).await.unwrap_err().to_string();
    assert!(error.contains("would be written over"), "{error}");
    request.rejects = Some(world.path("no/such/folder.csv"));
    request.file = world.write("same.csv", "external_id,name\n,x\n");
    assert!(matches!(world.run(&request).await, Err(IntakeError::Rejects { .. })));
}

#[tokio::test]
async fn other_peoples_ways_of_writing_are_understood() {
    let world = World::new().await;
    let text =
        "Nr;Firma;Aktiv;Umsatz;Seit;Fax\n1;Çelik & Söhne;J;1.250,50;1.2.98;12\n2;NULL;N;;;\n";
    let map = "delimiter = \";\"\nnull = [\"NULL\"]\nignore = [\"fax\"]\n\
        [columns]\nexternal_id = \"nr\"\nname = \"Firma\"\nis_active = \"Aktiv\"\n\
        annual_value = \"Umsatz\"\nknown_since = \"Seit\"\n\
        [constants]\ncountry = \"DE\"\nname = \"(unnamed)\"\n\
        [dates]\nformat = \"%d.%m.%y\"\n[numbers]\ndecimal_mark = \",\"\nthousands_mark = \".\"\n\
        [booleans]\ntrue = [\"J\"]\nfalse = [\"N\"]\n[values.country]\nDE = \"Germany\"\n";
    let report = world.import_with(ImportKind::Clients, text, map).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    let sql = "SELECT name || '|' || is_active || '|' || COALESCE(annual_value_minor, '') || '|' || \
               COALESCE(known_since, '') || '|' || country FROM clients ORDER BY external_id";
    let expected = ["Çelik & Söhne|1|125050|1998-02-01|DE", "(unnamed)|0|||DE"];
    assert_eq!(world.texts(sql).await, expected);
}

#[tokio::test]
async fn an_invalid_address_is_told_and_a_missing_one_is_fine() {
    let world = World::new().await;
    world.import(ImportKind::Clients, "external_id,name\nC1,Mine\n").await;
    let text = "external_id,client,email,phone,suppressed\n\
        P1,C1,not an address,,\nP2,C1,,+49 (0)30 123,\nP3,C1,,,bounced\n";
    let report = world.import(ImportKind::Contacts, text).await;
    assert_eq!(counts(&report), [2, 0, 0, 1]);
    assert_eq!(problems(&report), ["2 email: `not an address` is not a mail address"]);
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(world.count("suppressions").await, 0);
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_told_as_such() {
    let world = World::new().await;
    let nobody = World { tenant: "0190b5c2-7d3e-7a11-9c55-3f0a6b2d4e10".parse().unwrap(), ..world };
    let text = "external_id,name\nC1,Harbour\n";
    let error = nobody.try_import(ImportKind::Clients, text, "").await.unwrap_err().to_string();
    assert!(error.starts_with("there is no tenant `0190b5c2"), "{error}");
    assert!(!error.contains("kept"), "{error}");
}

#[tokio::test]
async fn settings_of_one_kind_are_refused_for_another() {
    let world = World::new().await;
    let mut request =
        world.request(ImportKind::Clients, &world.write("c.csv", "external_id,name\n"));
    request.options.address = Some("ada@ours.example".to_owned());
    assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))));
    request.kind = ImportKind::Messages;
    request.map = intake::ColumnMap::parse("ignore = \"*\"").unwrap();
    assert!(matches!(world.run(&request).await, Err(IntakeError::BadRequest(_))));
}
