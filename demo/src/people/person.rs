//! The hundred and twenty people: three at each company.

use store::import::SuppressionRow;

use super::{ACCOUNTS, PEOPLE_EACH, client_key, contact_key};
use crate::{company::day, world::Contact};

/// Companies whose third person has no address on record.
const WITHOUT_ADDRESS: [usize; 8] = [3, 8, 13, 18, 23, 28, 33, 36];
/// Companies whose third person must not be written to, and why.
const SUPPRESSED: [(usize, &str); 3] =
    [(5, "hard bounce"), (15, "asked not to be written to"), (25, "complained about mail")];
/// Companies whose third person has left.
const HAS_LEFT: [usize; 2] = [10, 20];
/// The place at its company of everybody that these lists are about.
const LISTED_SLOT: usize = 2;

/// Titles of those who buy, of those who use, and of those who pay or decide.
const TITLES: [[&str; 6]; PEOPLE_EACH] = [
    [
        "Head of Purchasing",
        "Purchasing Manager",
        "Buyer",
        "Procurement Lead",
        "Supply Chain Manager",
        "Strategic Buyer",
    ],
    [
        "Workshop Manager",
        "Plant Manager",
        "Site Manager",
        "Head of Maintenance",
        "Operations Manager",
        "Hygiene Officer",
    ],
    [
        "Accounts Payable",
        "Quality Manager",
        "Managing Director",
        "Finance Manager",
        "Sustainability Lead",
        "Warehouse Lead",
    ],
];
const ROLES: [&str; PEOPLE_EACH] = ["purchasing", "operations", "finance"];

/// Ranges in Berlin and Frankfurt that the regulator keeps free for films: 000 to 999 in each.
const PHONE_RANGES: [&str; 2] = ["+49 30 23125", "+49 69 90009"];

/// Everybody, company by company.
pub(crate) fn contacts() -> Vec<Contact> {
    (0..ACCOUNTS.len())
        .flat_map(|client| (0..PEOPLE_EACH).map(move |slot| (client, slot)))
        .map(|(client, slot)| contact(client, slot))
        .collect()
}

fn contact(client: usize, slot: usize) -> Contact {
    let number = client * PEOPLE_EACH + slot;
    let (first, first_ascii) = FIRST_NAMES[number % FIRST_NAMES.len()];
    // Seven steps each, and one more for each round of first names: no full name comes twice.
    let last = (number * 7 + number / FIRST_NAMES.len()) % LAST_NAMES.len();
    let (last, last_ascii) = LAST_NAMES[last];
    let is_listed = |list: &[usize]| slot == LISTED_SLOT && list.contains(&client);
    let address = format!("{first_ascii}.{last_ascii}@{}.example", ACCOUNTS[client].slug);
    Contact {
        key: contact_key(client, slot),
        client: client_key(client),
        name: format!("{first} {last}"),
        title: TITLES[slot][(client + slot) % TITLES[slot].len()].to_owned(),
        role: ROLES[slot].to_owned(),
        email: (!is_listed(&WITHOUT_ADDRESS)).then_some(address),
        phone: format!("{} {number:03}", PHONE_RANGES[client % PHONE_RANGES.len()]),
        known_since: day(-380 + i64::try_from(number).unwrap_or(0)),
        is_active: !is_listed(&HAS_LEFT),
    }
}

/// The addresses that must not be written to.
pub(crate) fn suppressions(contacts: &[Contact]) -> Vec<SuppressionRow> {
    let row = |(client, reason): &(usize, &str)| {
        let key = contact_key(*client, LISTED_SLOT);
        let contact = contacts.iter().find(|contact| contact.key == key)?;
        Some(SuppressionRow { address: contact.email.clone()?, reason: (*reason).to_owned() })
    };
    SUPPRESSED.iter().filter_map(row).collect()
}

/// First names, and how they stand in an address.
const FIRST_NAMES: [(&str, &str); 40] = [
    ("Annika", "annika"),
    ("Bastian", "bastian"),
    ("Carla", "carla"),
    ("Dominik", "dominik"),
    ("Elif", "elif"),
    ("Florian", "florian"),
    ("Greta", "greta"),
    ("Henrik", "henrik"),
    ("Ida", "ida"),
    ("Jörn", "joern"),
    ("Katrin", "katrin"),
    ("Levent", "levent"),
    ("Mirjam", "mirjam"),
    ("Nils", "nils"),
    ("Orsolya", "orsolya"),
    ("Piotr", "piotr"),
    ("Quirin", "quirin"),
    ("Ronja", "ronja"),
    ("Stefan", "stefan"),
    ("Theresa", "theresa"),
    ("Uwe", "uwe"),
    ("Vera", "vera"),
    ("Wiebke", "wiebke"),
    ("Xenia", "xenia"),
    ("Yannick", "yannick"),
    ("Zofia", "zofia"),
    ("Arne", "arne"),
    ("Birgit", "birgit"),
    ("Cem", "cem"),
    ("Dörte", "doerte"),
    ("Emil", "emil"),
    ("Frauke", "frauke"),
    ("Gesa", "gesa"),
    ("Hannes", "hannes"),
    ("Imke", "imke"),
    ("Jasper", "jasper"),
    ("Kirsten", "kirsten"),
    ("Lasse", "lasse"),
    ("Maren", "maren"),
    ("Noël", "noel"),
];

/// Last names, and how they stand in an address; a prime number, so that the steps meet them all.
const LAST_NAMES: [(&str, &str); 43] = [
    ("Achterberg", "achterberg"),
    ("Bruckmoser", "bruckmoser"),
    ("Claasvogt", "claasvogt"),
    ("Dinkelfeld", "dinkelfeld"),
    ("Ehrensperg", "ehrensperg"),
    ("Fahrenbrink", "fahrenbrink"),
    ("Gutzkamp", "gutzkamp"),
    ("Hollerweg", "hollerweg"),
    ("Immenrath", "immenrath"),
    ("Jungclaasen", "jungclaasen"),
    ("Kesselbruch", "kesselbruch"),
    ("Lüttjohann", "luettjohann"),
    ("Mittenzwey", "mittenzwey"),
    ("Nottbohm", "nottbohm"),
    ("Ohlendiek", "ohlendiek"),
    ("Pfannenstill", "pfannenstill"),
    ("Quandtmeier", "quandtmeier"),
    ("Rosenhagen", "rosenhagen"),
    ("Steinwachs", "steinwachs"),
    ("Tiedgens", "tiedgens"),
    ("Uhlenbrauck", "uhlenbrauck"),
    ("Vahrenkamp", "vahrenkamp"),
    ("Wittgenfeld", "wittgenfeld"),
    ("Yildizhan", "yildizhan"),
    ("Zumbrägel", "zumbraegel"),
    ("Ackerstaff", "ackerstaff"),
    ("Borgstedter", "borgstedter"),
    ("Cramerhof", "cramerhof"),
    ("Dückershoff", "dueckershoff"),
    ("Eggersgluess", "eggersgluess"),
    ("Fockenbrock", "fockenbrock"),
    ("Grotjohann", "grotjohann"),
    ("Hasselbusch", "hasselbusch"),
    ("Ingwersen", "ingwersen"),
    ("Jessenkamp", "jessenkamp"),
    ("Kleinsorge", "kleinsorge"),
    ("Lammersdorf", "lammersdorf"),
    ("Mühlenhaupt", "muehlenhaupt"),
    ("Niebuhrt", "niebuhrt"),
    ("Oltmannsen", "oltmannsen"),
    ("Pralle", "pralle"),
    ("Rehbockel", "rehbockel"),
    ("Sonderhues", "sonderhues"),
];
