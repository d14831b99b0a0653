//! The forty companies.

use store::import::ClientRow;

use super::client_key;
use crate::company::{cents, day};

/// A company, as the table below gives it.
pub(crate) struct Account {
    /// Its name.
    pub(crate) name: &'static str,
    /// The name in its mail domain.
    pub(crate) slug: &'static str,
    kind: &'static str,
    country: &'static str,
    /// What it is worth in a year, in whole euros.
    pub(crate) value_major: i64,
    /// How often it ordered in the year before the start.
    pub(crate) orders: i64,
}

/// How a company stands with the bookkeeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may order on terms, within a limit that its orders never reach.
    Sound,
    /// It pays in advance, and has no credit profile.
    Prepays,
    /// It owes nearly as much as it may.
    NearLimit,
    /// A person stopped its credit.
    OnHold,
    /// It has invoices past their day.
    Overdue,
    /// It is no customer any more.
    Inactive,
}

/// Which companies do not simply order on terms.
const SPECIAL: [(usize, Standing); 14] = [
    (8, Standing::NearLimit),
    (13, Standing::OnHold),
    (16, Standing::Overdue),
    (23, Standing::Prepays),
    (30, Standing::Prepays),
    (31, Standing::Prepays),
    (32, Standing::Prepays),
    (33, Standing::Prepays),
    (34, Standing::Prepays),
    (35, Standing::Prepays),
    (36, Standing::Prepays),
    (37, Standing::Inactive),
    (38, Standing::Inactive),
    (39, Standing::Inactive),
];

/// How the company at this place stands with the bookkeeping.
pub(crate) fn standing(client: usize) -> Standing {
    let special = SPECIAL.iter().find(|(special, _)| *special == client);
    special.map_or(Standing::Sound, |(_, standing)| *standing)
}

/// The company whose mail domain nobody wrote down.
const WITHOUT_DOMAIN: usize = 36;
/// Days between the first days of two neighbours in the list, so that some are old friends.
const KNOWN_DAYS_EACH: i64 = 47;

/// The companies as rows.
pub(crate) fn clients() -> Vec<ClientRow> {
    let row = |(client, account): (usize, &Account)| ClientRow {
        external_id: client_key(client),
        name: account.name.to_owned(),
        is_active: standing(client) != Standing::Inactive,
        client_type: Some(account.kind.to_owned()),
        country: Some(account.country.to_owned()),
        domain: (client != WITHOUT_DOMAIN).then(|| format!("{}.example", account.slug)),
        annual_value_minor: Some(cents(account.value_major)),
        churn_risk: None,
        known_since: Some(day(-400 - KNOWN_DAYS_EACH * i64::try_from(client).unwrap_or(0))),
    };
    ACCOUNTS.iter().enumerate().map(row).collect()
}

const fn account(
    name: &'static str,
    slug: &'static str,
    kind: &'static str,
    country: &'static str,
    value_major: i64,
    orders: i64,
) -> Account {
    Account { name, slug, kind, country, value_major, orders }
}

/// The companies: the largest first, the inactive ones last.
pub(crate) const ACCOUNTS: [Account; 40] = [
    account("Altmoor Maschinenbau AG", "altmoor", "manufacturer", "DE", 820_000, 13),
    account("Bergflut Getränke GmbH", "bergflut", "food", "DE", 640_000, 13),
    account("Cordava Logistics BV", "cordava", "logistics", "NL", 515_000, 13),
    account("Drosselhof Kliniken", "drosselhof", "healthcare", "DE", 310_000, 8),
    account("Eichwerk Möbel GmbH", "eichwerk", "manufacturer", "DE", 265_000, 8),
    account("Falkensund A/S", "falkensund", "logistics", "DK", 240_000, 8),
    account("Grauwinkel Metall KG", "grauwinkel", "manufacturer", "DE", 198_000, 8),
    account("Hafenrot Spedition", "hafenrot", "logistics", "DE", 175_000, 8),
    account("Ilmenbach Molkerei eG", "ilmenbach", "food", "DE", 150_000, 8),
    account("Jadewerk Turbinen", "jadewerk", "manufacturer", "DE", 142_000, 8),
    account("Kupferstrom Anlagenbau", "kupferstrom", "manufacturer", "AT", 120_000, 8),
    account("Lerchenau Pflege gGmbH", "lerchenau", "healthcare", "DE", 104_000, 8),
    account("Mohnfeld Bäckereien", "mohnfeld", "food", "DE", 96_000, 5),
    account("Nordkant Werft", "nordkant", "manufacturer", "DE", 91_000, 5),
    account("Osterweil Facility GmbH", "osterweil", "facility", "DE", 84_000, 5),
    account("Pappelhain Hotels", "pappelhain", "hospitality", "AT", 78_000, 5),
    account("Quarzhaus Glas", "quarzhaus", "manufacturer", "CZ", 73_000, 5),
    account("Rabenfurt Automotive", "rabenfurt", "workshop", "DE", 69_000, 5),
    account("Silberdorn Verpackung", "silberdorn", "manufacturer", "PL", 64_000, 5),
    account("Tannenkai Lagerhaus", "tannenkai", "logistics", "DE", 58_000, 5),
    account("Ulmengrund Schulen", "ulmengrund", "public", "DE", 52_000, 5),
    account("Varnholt Landtechnik", "varnholt", "workshop", "DE", 47_000, 4),
    account("Weidenkamp Holzbau", "weidenkamp", "manufacturer", "DE", 43_000, 4),
    account("Yserloh Catering", "yserloh", "hospitality", "BE", 39_000, 4),
    account("Zinnober Druck", "zinnober", "manufacturer", "DE", 36_000, 4),
    account("Amselgrund Fleischwaren", "amselgrund", "food", "DE", 33_000, 4),
    account("Birkenlohe Gartenbau", "birkenlohe", "facility", "DE", 29_000, 4),
    account("Clairmont Traiteur SARL", "clairmont", "hospitality", "LU", 26_000, 4),
    account("Dornwald Sägewerk", "dornwald", "manufacturer", "DE", 23_000, 4),
    account("Erlenried Fahrzeugbau", "erlenried", "workshop", "AT", 20_000, 4),
    account("Finkenau Kitas", "finkenau", "public", "DE", 17_000, 4),
    account("Ginsterhof Catering", "ginsterhof", "hospitality", "DE", 14_000, 4),
    account("Heidelerche Reinigung", "heidelerche", "facility", "DE", 11_000, 4),
    account("Immergrün Gärtnerei", "immergruen", "retail", "DE", 9_200, 3),
    account("Kranichtal Zweiräder", "kranichtal", "workshop", "DE", 7_400, 2),
    account("Lindenquell Apotheke", "lindenquell", "retail", "DE", 5_800, 2),
    account("Mirafelt Konditorei", "mirafelt", "food", "AT", 4_100, 2),
    account("Nebeltal Campingbedarf", "nebeltal", "retail", "DE", 3_000, 3),
    account("Orlanda Fitness", "orlanda", "hospitality", "DE", 1_900, 2),
    account("Perlgras Floristik", "perlgras", "retail", "DE", 900, 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_makes_the_orders_of_the_past() {
        let past: i64 = ACCOUNTS.iter().map(|account| account.orders).sum();
        assert_eq!(past, 220);
        let falls = |pair: &[Account]| pair[1].value_major < pair[0].value_major;
        assert!(ACCOUNTS.windows(2).all(falls), "the largest stand first");
    }
}
