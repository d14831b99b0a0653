//! Products and services.

use domain::money::{self, Money, Quantity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::ProductRow, record};

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing},
    wire::{Currency, Day, Key, Line, Minor, QuantityMilli, Whole},
};

/// Products.
pub enum Products {}

/// A product or service that is sold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Product")]
pub struct Fields {
    /// The article number that orders name it by.
    sku: Key,
    /// Its name.
    name: Line<300>,
    /// The unit that it is sold in.
    #[serde(default)]
    unit: Option<Line<300>>,
    /// Whether it is no longer sold.
    #[serde(default)]
    is_discontinued: bool,
    /// The first day on which it was not sold any more.
    #[serde(default)]
    discontinued_on: Option<Day>,
    /// What one unit costs where no price says otherwise, in minor units of `currency`.
    #[serde(default)]
    list_price_minor: Option<Minor>,
    /// The currency of the list price; the tenant's if left out.
    #[serde(default)]
    currency: Option<Currency>,
    /// The least that is sold, in thousandths of the unit.
    #[serde(default)]
    quantity_min_milli: Option<QuantityMilli>,
    /// What quantities have to be a multiple of, in thousandths of the unit.
    #[serde(default)]
    pack_multiple_milli: Option<QuantityMilli>,
}

impl Listed for Products {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("sku", Holds::Text, "With this article number."),
        FilterSpec::is(
            "is_discontinued",
            Holds::Flag,
            "Only those no longer sold, or only others.",
        ),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "name", holds: Holds::Text }];
}

impl Plain for Products {
    type Row = record::Product;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "product";
    const PLURAL: &'static str = "products";

    fn fields(row: &record::Product) -> (Fields, Nothing) {
        let currency = row.currency.as_deref().and_then(|it| money::Currency::parse(it).ok());
        let fields = Fields {
            sku: Line::stored(&row.sku),
            name: Line::stored(&row.name),
            unit: row.unit.as_deref().map(Line::stored),
            is_discontinued: row.is_discontinued,
            discontinued_on: row.discontinued_on.map(Day),
            list_price_minor: row.list_price_minor.map(Whole),
            currency: currency.map(Currency),
            quantity_min_milli: row.quantity_min_milli.map(Whole),
            pack_multiple_milli: row.pack_multiple_milli.map(Whole),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Product>,
    ) -> ApiResult<()> {
        let currency = writing.currency(fields.currency);
        let milli = |it: QuantityMilli| Quantity { milli: it.0 };
        let row = ProductRow {
            external_id: external_id.to_owned(),
            sku: fields.sku.into_string(),
            name: fields.name.into_string(),
            unit: fields.unit.map(Line::into_string),
            is_discontinued: fields.is_discontinued,
            discontinued_on: fields.discontinued_on.map(|it| it.0),
            list_price: fields.list_price_minor.map(|it| Money::new(it.0, currency)),
            quantity_min: fields.quantity_min_milli.map(milli),
            pack_multiple: fields.pack_multiple_milli.map(milli),
        };
        writing.scope.upsert_products(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
