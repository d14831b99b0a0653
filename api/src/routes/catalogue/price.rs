//! Entries of price books.

use domain::{
    id::{ClientId, ProductId},
    money::{self, BasisPoints, Money, Quantity},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::PriceBookEntryRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing, check_days},
    wire::{BasisPointsUpTo, Currency, Day, Line, Minor, QuantityMilli, Whole},
};

/// Prices.
pub enum Prices {}

/// What a product costs, from one day to another, from a quantity upward, for everybody or for one client.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Price")]
pub struct Fields {
    /// The price book's name.
    #[serde(default = "standard")]
    book: Line<300>,
    /// What is sold.
    product_id: Uuid,
    /// To whom; everybody if null.
    #[serde(default)]
    client_id: Option<Uuid>,
    /// What one unit costs before any discount, in minor units of `currency`.
    unit_price_minor: Minor,
    /// The currency of the price; the tenant's if left out.
    #[serde(default)]
    currency: Option<Currency>,
    /// From which quantity upward, in thousandths of the unit.
    #[serde(default = "any_quantity")]
    quantity_min_milli: QuantityMilli,
    /// The first day of the price.
    valid_from: Day,
    /// Its last day; until further notice if null.
    #[serde(default)]
    valid_to: Option<Day>,
    /// The discount that may be given on it, in basis points; the tenant's settings say if null.
    #[serde(default)]
    discount_max_bp: Option<BasisPointsUpTo<10_000>>,
}

fn standard() -> Line<300> {
    Line::stored("standard")
}

fn any_quantity() -> QuantityMilli {
    Whole(0)
}

impl Listed for Prices {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("product_id", Holds::Id, "Of this product."),
        FilterSpec::is("client_id", Holds::Id, "Agreed with this client."),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "valid_from", holds: Holds::Day }];
}

impl Plain for Prices {
    type Row = record::Price;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "price";
    const PLURAL: &'static str = "prices";

    fn fields(row: &record::Price) -> (Fields, Nothing) {
        let fields = Fields {
            book: Line::stored(&row.book),
            product_id: row.product_id,
            client_id: row.client_id,
            unit_price_minor: Whole(row.unit_price_minor),
            currency: money::Currency::parse(&row.currency).ok().map(Currency),
            quantity_min_milli: Whole(row.quantity_min_milli),
            valid_from: Day(row.valid_from),
            valid_to: row.valid_to.map(Day),
            discount_max_bp: row.discount_max_bp.map(|it| Whole(it.into())),
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Price>,
    ) -> ApiResult<()> {
        check_days("valid_to", Some(fields.valid_from), fields.valid_to, "valid_from")?;
        writing.require::<record::Product>("product_id", "product", fields.product_id).await?;
        writing.check::<record::Client>("client_id", "client", fields.client_id).await?;
        let row = PriceBookEntryRow {
            external_id: external_id.to_owned(),
            book: fields.book.into_string(),
            product: ProductId::from_uuid(fields.product_id),
            client: fields.client_id.map(ClientId::from_uuid),
            unit_price: Money::new(fields.unit_price_minor.0, writing.currency(fields.currency)),
            quantity_min: Quantity { milli: fields.quantity_min_milli.0 },
            valid_from: fields.valid_from.0,
            valid_to: fields.valid_to.map(|it| it.0),
            discount_max: fields.discount_max_bp.map(|it| BasisPoints(it.narrow())),
        };
        writing.scope.upsert_price_book_entries(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
