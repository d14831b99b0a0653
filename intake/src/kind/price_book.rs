//! Price book entries.

use domain::{
    money::{BasisPoints, Money, Quantity},
    time::Date,
};
use store::{Scope, StoreResult, import::PriceBookEntryRow};

use super::{
    reference,
    table::{Context, Outcome, TableKind},
};
use crate::{column::Column, row::Row};

/// Imports price book entries.
pub(crate) enum PriceBook {}

/// The book of entries that name none.
const DEFAULT_BOOK: &str = "standard";

/// An entry, its product and client still by their keys.
pub(crate) struct EntryDraft {
    external_id: String,
    book: String,
    product: String,
    client: Option<String>,
    unit_price: Money,
    quantity_min: Quantity,
    valid_from: Date,
    valid_to: Option<Date>,
    discount_max: Option<BasisPoints>,
}

impl TableKind for PriceBook {
    const COLUMNS: &'static [Column] = &[
        Column::required(
            "product",
            "The product's key in the source, or its article number.",
            "RS-500",
        ),
        Column::required("unit_price", "What one unit costs before any discount.", "11.90"),
        Column::required("valid_from", "The first day of the price.", "2026-01-01"),
        Column::optional(
            "valid_to",
            "The last day of the price; until further notice if left out.",
            "2026-12-31",
        ),
        Column::optional("currency", "Currency of the price; the tenant's if left out.", "EUR"),
        Column::optional("quantity_min", "From which quantity upward; any if left out.", "100"),
        Column::optional(
            "client",
            "The key of the client it is agreed with; everybody if left out.",
            "C-1001",
        ),
        Column::optional("discount_max", "The discount that may be given on it.", "0.05"),
        Column::optional("book", "The price book's name; `standard` if left out.", "export"),
        Column::optional(
            "external_id",
            "The entry's key in the source; made of book, product, client, currency, quantity and first day if left out.",
            "PB-77",
        ),
    ];
    type Draft = EntryDraft;

    fn read(row: &mut Row<'_>) -> Option<EntryDraft> {
        let product = row.need("product", Row::key);
        let currency = row.currency("currency");
        let price_minor = row.need("unit_price", |row, column| row.money(column, currency));
        let valid_from = row.need("valid_from", Row::date);
        let valid_to = row.date("valid_to");
        if valid_to.zip(valid_from).is_some_and(|(to, from)| to < from) {
            row.refuse("valid_to", "is before valid_from", "mend one of the two days");
        }
        let client = row.key("client");
        let book = row.name("book").unwrap_or_else(|| DEFAULT_BOOK.to_owned());
        let quantity_min = row.quantity("quantity_min").unwrap_or(Quantity::from_units(0));
        let discount_max = row.share("discount_max");
        let external_id = row.key("external_id");
        let (product, valid_from, currency) = (product?, valid_from?, currency?);
        let made_key = || {
            let whose = client.as_deref().unwrap_or("*");
            format!("{book}/{product}/{whose}/{currency}/{quantity_min}/{valid_from}")
        };
        Some(EntryDraft {
            external_id: external_id.unwrap_or_else(made_key),
            unit_price: Money::new(price_minor?, currency),
            book,
            product,
            client,
            quantity_min,
            valid_from,
            valid_to,
            discount_max,
        })
    }

    fn key(draft: &EntryDraft) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[EntryDraft],
    ) -> StoreResult<Outcome> {
        let origin = &context.origin;
        let keys = drafts.iter().map(|draft| draft.product.as_str());
        let products = reference::products(scope, origin.source, keys).await?;
        let keys = drafts.iter().filter_map(|draft| draft.client.as_deref());
        let clients = reference::clients(scope, origin.source, keys).await?;
        let mut outcome = Outcome::default();
        let rows = outcome.sort(drafts, |draft| {
            Ok(PriceBookEntryRow {
                external_id: draft.external_id.clone(),
                book: draft.book.clone(),
                product: products.get("product", &draft.product)?,
                client: clients.find("client", draft.client.as_deref())?,
                unit_price: draft.unit_price,
                quantity_min: draft.quantity_min,
                valid_from: draft.valid_from,
                valid_to: draft.valid_to,
                discount_max: draft.discount_max,
            })
        });
        outcome.count = scope.upsert_price_book_entries(origin, &rows).await?;
        Ok(outcome)
    }
}
