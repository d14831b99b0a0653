//! Signatures of our own writing, and ends of mails that are none.

use super::{super::read_text, *};

/// The lines of the signature, trimmed.
fn signed(text: &str, from: &str) -> Vec<String> {
    let reading = read_text(text, from);
    let lines: Vec<&str> = reading.body.split('\n').collect();
    let Some(signature) = reading.signature else { return Vec::new() };
    signature.lines.iter().map(|it| lines[*it as usize].trim().to_owned()).collect()
}

#[test]
fn the_end_of_a_mail_is_a_signature_if_something_anchors_it() {
    let ada = "Ada Byron <ada.byron@engines.example>";
    for (end, from) in [
        ("Ada", ada),
        ("Thanks,\nAda", ada),
        ("Many thanks\n\nAda Byron\nHead of Purchasing\nEngines Ltd\n+44 20 7946 0958", ada),
        (
            "Mit freundlichen Grüßen\n\nAda Byron\nLeiterin Einkauf\nMaschinen GmbH\nHauptstraße 5\n10115 Berlin\nTel. +49 30 123456",
            ada,
        ),
        ("Cordialement,\nAda BYRON\nResponsable achats", ada),
        ("-- \nada b.\nsomewhere on the road", ada),
        ("--\nAda", ada),
        ("Best,\n\nCharles", "accounts@engines.example"),
        ("-Ada", ada),
        ("Your friend, Ada.", ada),
        ("Thanks. AB", ada),
        ("Byron, Ada\nx-3705", ada),
        ("Ada and Charles", ada),
        ("ADA BYRON\nOffice: 503-555-0150 * Cell: 503-555-0151\nwww.engines.example", ada),
        ("Charles Babbage\nPurchasing Manager\n(503) 555-0150", "office@engines.example"),
        ("ada.byron@engines.example\n503-555-0150", ada),
        ("Charles", "office@engines.example"),
        ("Sent from my iPhone", ada),
    ] {
        let text = format!("Hello Bob,\n\nthe pumps have arrived and we are happy.\n\n{end}\n");
        let expected: Vec<&str> =
            end.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(signed(&text, from), expected, "{end}");
    }
}

#[test]
fn names_and_numbers_that_a_mail_is_about_are_no_signature() {
    let ada = "Ada Byron <ada.byron@engines.example>";
    for end in [
        "Thanks",
        "Thank you!",
        "Please call me at 503-555-0150.",
        "Call Charles Babbage on 503-555-0150",
        "It was Ada who said so.",
        "1. Pumps\n2. Valves\n3. Gaskets",
        "December 20 and 21  503-555-0150\nDecember 22 to 26  503-555-0151",
        "See https://engines.example/catalogue",
        "Ada Byron\nCharles Babbage\nAugustus De Morgan\nMary Somerville",
        "good news",
        "Is Ada there?",
        "Status: shipped",
        "Charles Babbage\n503-555-0150",
        "Charles Babbage\nPurchasing Manager\ncharles@other.example",
        "Thank you\nUNIT PRICE LIST ATTACHED",
        "__________\nAnnual Price List",
        "__________\nPurchasing Manager",
        "PO Number 4500012345",
    ] {
        let text = format!("Hello Bob,\n\nthe pumps have arrived and we are happy.\n\n{end}\n");
        assert_eq!(signed(&text, ada), Vec::<String>::new(), "{end}");
    }
    assert_eq!(signed("", ada), Vec::<String>::new());
}

#[test]
fn what_is_quoted_below_is_not_signed_by_the_sender() {
    let text = "Fine with me.\n\nAda\n\nOn Mon, 2 Mar 2026, Bob <bob@us.example> wrote:\n\
        > Shall we?\n> Regards,\n> Bob\n";
    assert_eq!(signed(text, "Ada <ada@engines.example>"), ["Ada"]);
    let both = "Ada\n\n> How many?\n\nTwelve, please.\n\nRegards,\nAda Byron\n";
    assert_eq!(signed(both, "Ada Byron <ada@engines.example>"), ["Regards,", "Ada Byron"]);
    let below = "> How many?\n\nTwelve, please.\n\nRegards,\nAda\n";
    assert_eq!(signed(below, "Ada <ada@engines.example>"), ["Regards,", "Ada"]);
}

#[test]
fn a_title_and_a_firm_may_share_a_line() {
    let parts = |line: &str| {
        let text = format!("It works.\n\nRegards\nAda Byron\n{line}\n");
        let reading = read_text(&text, "Ada Byron <ada@engines.example>");
        let signature = reading.signature.unwrap();
        let said = |found: Option<Found>| {
            found.map(|it| it.span.of(&reading.body).unwrap().to_owned()).unwrap_or_default()
        };
        (said(signature.title), said(signature.company))
    };
    let both = |title: &str, company: &str| (title.to_owned(), company.to_owned());
    assert_eq!(parts("Buyer, Engines Ltd"), both("Buyer", "Engines Ltd"));
    assert_eq!(parts("Head of Purchasing | Engines"), both("Head of Purchasing", "Engines"));
    assert_eq!(parts("Sales Director at Engines GmbH"), both("Sales Director", "Engines GmbH"));
    assert_eq!(parts("Director, Sales and Marketing"), both("Director, Sales and Marketing", ""));
    assert_eq!(parts("Fennbrook Supply GmbH"), both("", "Fennbrook Supply GmbH"));
    assert_eq!(parts("Vice President\nEngines"), both("Vice President", "Engines"));
}

#[test]
fn its_parts_are_found_with_their_places() {
    let text = "It works.\n\nKind regards\nAda Byron\nHead of Purchasing\nEngines Ltd\n\
        T: +44 (0)20 7946 0958 | M: 07700 900123\nwww.engines.example\n\n\
        This email and any attachments are confidential.\n";
    let reading = read_text(text, "Ada Byron <ada@engines.example>");
    let signature = reading.signature.unwrap();
    let words = |span: Span| span.of(&reading.body).unwrap();
    let said = |found: Option<Found>| found.map(|found| words(found.span));
    assert_eq!(said(signature.name), Some("Ada Byron"));
    assert_eq!(said(signature.title), Some("Head of Purchasing"));
    assert_eq!(said(signature.company), Some("Engines Ltd"));
    assert_eq!(signature.roles, [Role::DecisionMaker, Role::Purchasing]);
    let phones: Vec<(&str, Option<&str>)> =
        signature.phones.iter().map(|it| (words(it.span), it.e164.as_deref())).collect();
    assert_eq!(phones, [("+44 (0)20 7946 0958", Some("+442079460958")), ("07700 900123", None)]);
    assert_eq!(
        signature.urls.iter().map(|it| words(*it)).collect::<Vec<_>>(),
        ["www.engines.example"]
    );
    assert!(words(signature.span).starts_with("Kind regards"));
    assert!(words(signature.span).ends_with("www.engines.example"), "and no small print");
    assert_eq!(reading.reply_lines, [0]);
}
