//! The sixty articles.

use chrono::NaiveDate;
use domain::{money::Quantity, time::Date};
use store::import::ProductRow;

use crate::company::eur;

/// An article, as the table below gives it.
struct Article {
    sku: &'static str,
    name: &'static str,
    unit: &'static str,
    /// What one unit cost in 2025, in cents.
    base_minor: i64,
    quantity_min: Option<i64>,
    pack: Option<i64>,
}

const fn article(
    sku: &'static str,
    name: &'static str,
    unit: &'static str,
    base_minor: i64,
    quantity_min: Option<i64>,
    pack: Option<i64>,
) -> Article {
    Article { sku, name, unit, base_minor, quantity_min, pack }
}

/// Not sold any more since before the demo's past begins.
pub(crate) const DISCONTINUED_LONG_AGO: &str = "WS-1018";
/// Not sold any more from 1 April 2026 on, which the demo's clock reaches.
pub(crate) const DISCONTINUED_IN_APRIL: &str = "HY-2018";
/// Marked as no longer sold, and nobody wrote down since when.
pub(crate) const DISCONTINUED_SOME_DAY: &str = "PK-3018";
/// New in the catalogue, and without any price yet.
pub(crate) const WITHOUT_PRICE: &str = "WS-1020";
/// An offer of the winter, whose price ended with January 2026.
pub(crate) const PRICE_EXPIRED: &str = "HY-2019";
/// Sold in packs of ten, twenty at least: ten are too few, and twenty-five are a broken pack.
pub(crate) const BROKEN_BY_25: &str = "HY-2003";
/// Dearer since January 2026, which several clients have overlooked.
pub(crate) const REPRICED: &str = "HY-2005";
/// Dearer again from 1 April 2026 on.
pub(crate) const REPRICED_IN_APRIL: &str = "PK-3005";
/// Sold one by one, whatever the quantity.
pub(crate) const WITHOUT_PACKS: &str = "WS-1007";

/// Articles that ordinary orders leave alone, because something is the matter with them.
const SPECIAL: [&str; 7] = [
    DISCONTINUED_LONG_AGO,
    DISCONTINUED_IN_APRIL,
    DISCONTINUED_SOME_DAY,
    WITHOUT_PRICE,
    PRICE_EXPIRED,
    "WS-1019",
    "PK-3019",
];

/// The articles that nothing is the matter with.
pub(crate) fn ordinary(products: &[ProductRow]) -> Vec<&ProductRow> {
    products.iter().filter(|product| !SPECIAL.contains(&product.sku.as_str())).collect()
}

/// The articles as rows. Those that have no entry in the price book have a list price, but for one.
pub(crate) fn products() -> Vec<ProductRow> {
    ARTICLES.iter().map(row).collect()
}

/// What an article cost in 2025, in cents, if the price book has it at all.
pub(crate) fn base_minor(sku: &str) -> Option<i64> {
    let listed = ARTICLES.iter().find(|article| article.sku == sku)?;
    (!has_list_price(sku) && sku != WITHOUT_PRICE).then_some(listed.base_minor)
}

/// Two articles are bought in on demand, and have one price for all days.
fn has_list_price(sku: &str) -> bool {
    ["WS-1019", "PK-3019"].contains(&sku)
}

fn row(article: &Article) -> ProductRow {
    let since: Option<Date> = match article.sku {
        DISCONTINUED_LONG_AGO => NaiveDate::from_ymd_opt(2025, 11, 30),
        DISCONTINUED_IN_APRIL => NaiveDate::from_ymd_opt(2026, 4, 1),
        _ => None,
    };
    ProductRow {
        external_id: article.sku.to_owned(),
        sku: article.sku.to_owned(),
        name: article.name.to_owned(),
        unit: Some(article.unit.to_owned()),
        is_discontinued: [DISCONTINUED_LONG_AGO, DISCONTINUED_SOME_DAY].contains(&article.sku),
        discontinued_on: since,
        list_price: has_list_price(article.sku).then(|| eur(article.base_minor)),
        quantity_min: article.quantity_min.map(Quantity::from_units),
        pack_multiple: article.pack.map(Quantity::from_units),
    }
}

const ARTICLES: [Article; 60] = [
    article("WS-1001", "Cutting disc 125 mm, metal", "piece", 189, Some(10), Some(10)),
    article("WS-1002", "Flap disc 115 mm, grain 60", "piece", 345, Some(10), Some(10)),
    article("WS-1003", "Nitrile work gloves, size 9", "pair", 215, Some(12), Some(12)),
    article("WS-1004", "Cut-proof gloves, level D", "pair", 689, Some(6), Some(6)),
    article("WS-1005", "Safety glasses, clear", "piece", 495, Some(5), None),
    article("WS-1006", "Earplugs, corded", "box", 2_890, None, None),
    article("WS-1007", "Torque wrench 20 to 100 Nm", "piece", 8_950, None, None),
    article("WS-1008", "Hex key set, nine pieces", "set", 1_490, None, None),
    article("WS-1009", "Cobalt drill set, 25 pieces", "set", 7_490, None, None),
    article("WS-1010", "Penetrating oil 400 ml", "can", 620, Some(12), Some(12)),
    article("WS-1011", "Brake cleaner 600 ml", "can", 385, Some(12), Some(12)),
    article("WS-1012", "Cable ties 300 mm", "bag", 540, Some(5), None),
    article("WS-1013", "Insulating tape 19 mm", "roll", 145, Some(20), Some(10)),
    article("WS-1014", "Absorbent granules 20 kg", "sack", 1_690, Some(2), None),
    article("WS-1015", "Hand lamp, chargeable", "piece", 4_290, None, None),
    article("WS-1016", "Storage bin, size 3", "piece", 310, Some(10), Some(5)),
    article("WS-1017", "Ratchet strap 4 m", "piece", 980, Some(4), Some(2)),
    article("WS-1018", "Grease gun, lever", "piece", 2_150, None, None),
    article("WS-1019", "Bench vice 150 mm", "piece", 16_900, None, None),
    article("WS-1020", "Magnetic sweeper 60 cm", "piece", 7_900, None, None),
    article("HY-2001", "Hand cleaner paste 10 l", "canister", 4_890, None, None),
    article("HY-2002", "Skin protection cream 1 l", "bottle", 1_790, Some(6), Some(6)),
    article("HY-2003", "Hand disinfectant 500 ml", "bottle", 529, Some(20), Some(10)),
    article("HY-2004", "Surface disinfectant 5 l", "canister", 2_640, Some(2), None),
    article("HY-2005", "Paper towels, folded, 2-ply", "case", 2_290, Some(4), Some(2)),
    article("HY-2006", "Wiping roll, blue, 3-ply", "roll", 1_150, Some(2), Some(2)),
    article("HY-2007", "Toilet paper, 3-ply", "case", 2_780, Some(2), None),
    article("HY-2008", "Foam soap 1 l", "cartridge", 640, Some(6), Some(6)),
    article("HY-2009", "Disposable gloves, nitrile, M", "box", 690, Some(10), Some(10)),
    article("HY-2010", "Disposable aprons", "box", 890, Some(5), None),
    article("HY-2011", "Hair nets", "bag", 460, Some(10), Some(5)),
    article("HY-2012", "Waste bags 120 l", "roll", 385, Some(20), Some(10)),
    article("HY-2013", "Floor cleaner, neutral, 10 l", "canister", 2_190, None, None),
    article("HY-2014", "Degreaser, alkaline, 10 l", "canister", 3_390, None, None),
    article("HY-2015", "Descaler 5 l", "canister", 1_980, None, None),
    article("HY-2016", "Microfibre cloths, red", "pack", 790, Some(5), None),
    article("HY-2017", "Mop covers 50 cm", "piece", 520, Some(10), Some(5)),
    article("HY-2018", "Urinal screens", "box", 1_240, Some(2), None),
    article("HY-2019", "De-icing salt 25 kg", "sack", 790, Some(10), Some(10)),
    article("HY-2020", "Soap dispenser, touchless", "piece", 4_490, None, None),
    article("PK-3001", "Carton 400 x 300 x 200", "piece", 78, Some(50), Some(25)),
    article("PK-3002", "Carton 600 x 400 x 400", "piece", 149, Some(50), Some(25)),
    article("PK-3003", "Stretch film, hand, 23 my", "roll", 890, Some(6), Some(6)),
    article("PK-3004", "Stretch film, machine, 20 my", "roll", 3_650, Some(4), Some(2)),
    article("PK-3005", "Packing tape, brown, 66 m", "roll", 215, Some(36), Some(36)),
    article("PK-3006", "Packing tape, printed", "roll", 345, Some(36), Some(36)),
    article("PK-3007", "Bubble wrap 100 m", "roll", 2_890, Some(2), None),
    article("PK-3008", "Paper padding, 450 m", "pack", 6_450, None, None),
    article("PK-3009", "Pallet cover sheets", "roll", 4_190, None, None),
    article("PK-3010", "Strapping band PP 12 mm", "roll", 3_490, None, None),
    article("PK-3011", "Strapping clips", "box", 1_890, None, None),
    article("PK-3012", "Shipping labels 103 x 199", "roll", 1_090, Some(4), Some(4)),
    article("PK-3013", "Document pouches C5", "box", 3_190, None, None),
    article("PK-3014", "Edge protectors 1 m", "piece", 95, Some(50), Some(25)),
    article("PK-3015", "Mailing bags, 350 x 450", "pack", 1_290, Some(2), None),
    article("PK-3016", "Wood wool 10 kg", "sack", 2_490, None, None),
    article("PK-3017", "Pallet, single use", "piece", 790, Some(10), Some(5)),
    article("PK-3018", "Foam chips 500 l", "sack", 1_990, Some(2), None),
    article("PK-3019", "Carton sealer, bench", "piece", 12_900, None, None),
    article("PK-3020", "Tape dispenser", "piece", 1_150, None, None),
];
