//! The columns of an order and of its lines, and how they are read.

use domain::money::{BasisPoints, Currency};
use store::import::{OrderLineRow, OrderRow};

use crate::{column::Column, kind::reference, row::Row};

/// Documents named on one order: a dossier, not an archive.
const ATTACHMENTS_MAX: usize = 100;
/// Between the names of documents in a cell.
const ATTACHMENT_DELIMITER: char = ';';

/// The columns of the file of orders.
pub(crate) const HEAD_COLUMNS: &[Column] = &[
    Column::required("external_id", "The order's key in the source.", "4711"),
    Column::required("client", "The key of the client who orders.", "C-1001"),
    Column::required(
        "ordered_on",
        "The date on which it was ordered; prices are looked up on it.",
        "2026-10-19",
    ),
    Column::optional("number", "Its number, as people know it; its key if left out.", "SO-4711"),
    Column::optional("contact", "The key of the contact who ordered.", "P-2001"),
    Column::optional("required_on", "When it is wanted.", "2026-11-02"),
    Column::optional("shipped_on", "When it left.", "2026-10-28"),
    Column::optional("delivered_on", "When it arrived.", "2026-10-30"),
    Column::optional("billed_on", "When it was billed.", "2026-10-31"),
    Column::optional("currency", "Currency of all its amounts; the tenant's if left out.", "EUR"),
    Column::optional("declared_total", "Its total as it states it, without tax.", "1190.00"),
    Column::optional("freight", "Freight; none if left out.", "25.00"),
    Column::optional("discount", "Discount on the sum of its lines; none if left out.", "0.02"),
    Column::optional("terms_days", "The terms it asks for, in days.", "30"),
    Column::optional(
        "is_bill",
        "Whether it is paid later; if left out, whether it asks for terms.",
        "true",
    ),
    Column::optional("po_number", "The client's purchase order number.", "PO-99812"),
    Column::optional(
        "attachments",
        "Names of the documents that came with it, divided by `;`.",
        "drawing.pdf;permit.pdf",
    ),
];

/// The columns of the file of their lines.
pub(crate) const LINE_COLUMNS: &[Column] = &[
    Column::required("order", "The key of the order that the line belongs to.", "4711"),
    Column::required("quantity", "How much, with at most three decimals.", "120"),
    Column::required("unit_price", "Price of one unit before any discount.", "9.90"),
    Column::optional("product", "The product's key in the source; this or sku is needed.", "8841"),
    Column::optional(
        "sku",
        "The article number as the order gives it; the product's key if left out.",
        "RS-500",
    ),
    Column::optional("unit", "The unit of the quantity.", "piece"),
    Column::optional("discount", "Discount on the line; none if left out.", "0.05"),
    Column::optional("declared_total", "The line's total as the order states it.", "1128.60"),
    Column::optional(
        "line_no",
        "The line's number in the order; its place in the file if left out.",
        "1",
    ),
];

/// An order, its references still by their keys.
pub(super) struct OrderDraft {
    pub client: String,
    pub contact: Option<String>,
    /// Without its lines.
    pub row: OrderRow,
    pub lines: Vec<LineDraft>,
}

/// A line, its product still by its key.
pub(super) struct LineDraft {
    pub product: Option<String>,
    pub row: OrderLineRow,
}

/// Reads an order's head. `None` only if it has a fault.
pub(super) fn read_head(row: &mut Row<'_>) -> Option<OrderDraft> {
    let external_id = row.need("external_id", Row::key);
    let client = row.need("client", Row::key);
    let ordered_on = row.need("ordered_on", Row::date);
    let number = row.key("number").or_else(|| external_id.clone());
    let contact = row.key("contact");
    let currency = row.currency("currency");
    let terms_days = row.terms_days("terms_days");
    let is_bill = row.flag("is_bill");
    let order = OrderRow {
        client: reference::unresolved(),
        contact: None,
        required_on: row.date("required_on"),
        shipped_on: row.date("shipped_on"),
        delivered_on: row.date("delivered_on"),
        billed_on: row.date("billed_on"),
        declared_total_minor: row.money("declared_total", currency),
        freight_minor: row.money("freight", currency).unwrap_or(0),
        discount: row.share("discount").unwrap_or(BasisPoints(0)),
        is_bill: is_bill.unwrap_or(terms_days.is_some_and(|days| 0 < days)),
        terms_days,
        po_number: row.key("po_number"),
        attachments: attachments(row),
        lines: Vec::new(),
        external_id: external_id?,
        number: number?,
        ordered_on: ordered_on?,
        currency: currency?,
    };
    Some(OrderDraft { client: client?, contact, row: order, lines: Vec::new() })
}

/// Reads a line of an order. `None` only if it has a fault.
pub(super) fn read_line(row: &mut Row<'_>, currency: Currency, index: usize) -> Option<LineDraft> {
    let quantity = row.need("quantity", Row::quantity);
    let unit_price_minor = row.need("unit_price", |row, column| row.money(column, Some(currency)));
    let product = row.key("product");
    let faults = row.faults.len();
    let sku = row.key("sku").or_else(|| product.clone());
    if sku.is_none() && row.faults.len() == faults {
        row.refuse("sku", "is empty, and so is product", "name the product by one of them");
    }
    let given = row.count("line_no");
    let line_no = match given {
        Some(number) => i32::try_from(number).ok().filter(|number| 0 < *number),
        None => i32::try_from(index + 1).ok(),
    };
    if line_no.is_none() {
        row.refuse(
            "line_no",
            "is not a line's number",
            "number lines from 1, or leave the cell empty",
        );
    }
    let line = OrderLineRow {
        product: None,
        unit: row.name("unit"),
        discount: row.share("discount").unwrap_or(BasisPoints(0)),
        declared_total_minor: row.money("declared_total", Some(currency)),
        sku: sku?,
        line_no: line_no?,
        quantity: quantity?,
        unit_price_minor: unit_price_minor?,
    };
    Some(LineDraft { product, row: line })
}

fn attachments(row: &mut Row<'_>) -> Vec<String> {
    let text = row.text("attachments").unwrap_or_default();
    let names = text.split(ATTACHMENT_DELIMITER).map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if ATTACHMENTS_MAX < names.len() {
        let reason = format!("names {} documents, more than {ATTACHMENTS_MAX}", names.len());
        row.refuse("attachments", reason, "name those that the order needs");
    }
    names
}
