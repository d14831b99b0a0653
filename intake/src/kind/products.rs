//! Products with their list prices.

use domain::money::Money;
use store::{Scope, StoreResult, import::ProductRow};

use super::table::{Context, Outcome, TableKind};
use crate::{column::Column, row::Row};

/// Imports products.
pub(crate) enum Products {}

impl TableKind for Products {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The product's key in the source.", "8841"),
        Column::required("name", "The product's name.", "Ratchet strap 5 m"),
        Column::optional("sku", "The article number on orders; the key if left out.", "RS-500"),
        Column::optional("unit", "The unit that it is sold in.", "piece"),
        Column::optional(
            "is_discontinued",
            "Whether it is no longer sold; no if left out.",
            "false",
        ),
        Column::optional(
            "discontinued_on",
            "The first day on which it was not sold any more.",
            "2026-01-01",
        ),
        Column::optional(
            "list_price",
            "What one unit costs where no price book says otherwise; holds for all dates.",
            "12.50",
        ),
        Column::optional(
            "currency",
            "Currency of the list price; the tenant's if left out.",
            "EUR",
        ),
        Column::optional("quantity_min", "The least that is sold.", "10"),
        Column::optional("pack_multiple", "What quantities have to be a multiple of.", "5"),
    ];
    type Draft = ProductRow;

    fn read(row: &mut Row<'_>) -> Option<ProductRow> {
        let external_id = row.need("external_id", Row::key);
        let name = row.need("name", Row::name);
        let sku = row.key("sku").or_else(|| external_id.clone());
        let currency = row.currency("currency");
        let price_minor = row.money("list_price", currency);
        let is_discontinued = row.flag("is_discontinued");
        let discontinued_on = row.date("discontinued_on");
        if is_discontinued == Some(true) && discontinued_on.is_none() {
            row.warn(
                "discontinued_on",
                "the product is discontinued without a date: orders for it get a warning, whatever their date",
            );
        }
        Some(ProductRow {
            unit: row.name("unit"),
            is_discontinued: is_discontinued.unwrap_or(false),
            discontinued_on,
            list_price: price_minor
                .zip(currency)
                .map(|(minor, currency)| Money::new(minor, currency)),
            quantity_min: row.quantity("quantity_min"),
            pack_multiple: row.quantity("pack_multiple"),
            external_id: external_id?,
            sku: sku?,
            name: name?,
        })
    }

    fn key(draft: &ProductRow) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[ProductRow],
    ) -> StoreResult<Outcome> {
        let count = scope.upsert_products(&context.origin, drafts).await?;
        Ok(Outcome { count, refused: Vec::new() })
    }
}
