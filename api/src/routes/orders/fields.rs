//! What an order and its lines are made of, on the wire.

use domain::money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::record;
use uuid::Uuid;

use crate::wire::{BasisPointsUpTo, Currency, Day, Key, Line, Minor, QuantityMilli, Whole};

/// Documents named on one order: a dossier, not an archive.
const ATTACHMENTS_MAX: usize = 100;
/// Lines of one order that are taken in one request.
const LINES_MAX: usize = 1_000;

/// An order of a client, with its lines.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Order")]
pub struct Fields {
    /// Its number, as people know it; its key if left out.
    #[serde(default)]
    pub number: Option<Key>,
    /// Who orders.
    pub client_id: Uuid,
    /// Which person there.
    #[serde(default)]
    pub contact_id: Option<Uuid>,
    /// The day on which it was ordered; prices are looked up on it.
    pub ordered_on: Day,
    /// When it is wanted.
    #[serde(default)]
    pub required_on: Option<Day>,
    /// When it left.
    #[serde(default)]
    pub shipped_on: Option<Day>,
    /// When it arrived.
    #[serde(default)]
    pub delivered_on: Option<Day>,
    /// When it was billed.
    #[serde(default)]
    pub billed_on: Option<Day>,
    /// The currency of all its amounts; the tenant's if left out.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The total as the order states it, without tax, in minor units.
    #[serde(default)]
    pub declared_total_minor: Option<Minor>,
    /// Freight, in minor units.
    #[serde(default = "nothing")]
    pub freight_minor: Minor,
    /// Discount on the sum of its lines, in basis points.
    #[serde(default = "no_discount")]
    pub discount_bp: BasisPointsUpTo<10_000>,
    /// Whether it is paid later; if left out, whether it asks for terms.
    #[serde(default)]
    pub is_bill: Option<bool>,
    /// The terms it asks for, in days.
    #[serde(default)]
    pub terms_days: Option<Whole<0, 3_650>>,
    /// The client's purchase order number.
    #[serde(default)]
    pub po_number: Option<Key>,
    /// Names of the documents that came with it.
    #[serde(default)]
    #[schemars(length(max = ATTACHMENTS_MAX))]
    pub attachments: Few<Line<300>, ATTACHMENTS_MAX>,
    /// Its lines.
    #[schemars(length(max = LINES_MAX))]
    pub lines: Few<LineFields, LINES_MAX>,
}

fn nothing() -> Minor {
    Whole(0)
}

fn no_discount() -> BasisPointsUpTo<10_000> {
    Whole(0)
}

/// A line of an order.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrderLine")]
pub struct LineFields {
    /// Its number within the order; its place if left out.
    #[serde(default)]
    pub line_no: Option<Whole<1, 1_000_000>>,
    /// What is ordered; found by its article number if left out.
    #[serde(default)]
    pub product_id: Option<Uuid>,
    /// The article number as the order gives it; the product's if left out.
    #[serde(default)]
    pub sku: Option<Key>,
    /// How much, in thousandths of the unit.
    pub quantity_milli: QuantityMilli,
    /// Of what unit.
    #[serde(default)]
    pub unit: Option<Line<300>>,
    /// Price of one unit before any discount, in minor units.
    pub unit_price_minor: Minor,
    /// Discount on the line, in basis points.
    #[serde(default = "no_discount")]
    pub discount_bp: BasisPointsUpTo<10_000>,
    /// The line's total as the order states it, in minor units.
    #[serde(default)]
    pub declared_total_minor: Option<Minor>,
}

/// Not too many of something.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Few<T, const MAX: usize>(pub Vec<T>);

impl<T, const MAX: usize> Default for Few<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Few<T, MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::<T>::deserialize(deserializer)?;
        if MAX < all.len() {
            let fault = format!("has {} entries, and {MAX} are taken", all.len());
            return Err(serde::de::Error::custom(fault));
        }
        Ok(Self(all))
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for Few<T, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("UpTo{MAX}{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "array", "maxItems": MAX, "items": items })
    }
}

/// What of an order may be set, as it is set.
pub fn fields_of(row: &record::Order, lines: &[record::OrderLine]) -> Fields {
    let attachments: Vec<String> =
        serde_json::from_value(row.attachments.clone()).unwrap_or_default();
    Fields {
        number: Some(Line::stored(&row.number)),
        client_id: row.client_id,
        contact_id: row.contact_id,
        ordered_on: Day(row.ordered_on),
        required_on: row.required_on.map(Day),
        shipped_on: row.shipped_on.map(Day),
        delivered_on: row.delivered_on.map(Day),
        billed_on: row.billed_on.map(Day),
        currency: money::Currency::parse(&row.currency).ok().map(Currency),
        declared_total_minor: row.declared_total_minor.map(Whole),
        freight_minor: Whole(row.freight_minor),
        discount_bp: Whole(row.discount_bp.into()),
        is_bill: Some(row.is_bill),
        terms_days: row.terms_days.map(|it| Whole(it.into())),
        po_number: row.po_number.as_deref().map(Line::stored),
        attachments: Few(attachments.into_iter().map(Line::stored).collect()),
        lines: Few(lines.iter().map(line_of).collect()),
    }
}

fn line_of(row: &record::OrderLine) -> LineFields {
    LineFields {
        line_no: Some(Whole(row.line_no.into())),
        product_id: row.product_id,
        sku: Some(Line::stored(&row.sku)),
        quantity_milli: Whole(row.quantity_milli),
        unit: row.unit.as_deref().map(Line::stored),
        unit_price_minor: Whole(row.unit_price_minor),
        discount_bp: Whole(row.discount_bp.into()),
        declared_total_minor: row.declared_total_minor.map(Whole),
    }
}
