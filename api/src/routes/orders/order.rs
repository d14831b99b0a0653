//! Orders: brought by other systems, checked by the agent.

use std::collections::{HashMap, HashSet};

use domain::{
    id::{ClientId, ContactId, OrderId, ProductId},
    money::{BasisPoints, Quantity},
    record::{OrderChange, OrderStatus},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use store::{
    Scope,
    import::{OrderLineRow, OrderRow},
    order::OrderProgress,
    record::{self, Fact, Filter, Page, Test},
};
use uuid::Uuid;

use super::{
    exception,
    fields::{Fields, LineFields, fields_of},
};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Head, Resource, Writing, as_shown},
    wire::{Day, Line, Minor, Moment, Whole, Word, Words},
};

/// Orders.
pub enum Orders {}

/// More lines and exceptions than any order has that was taken.
const PARTS_MAX: u64 = 100_000;

impl Listed for Orders {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "Of this client."),
        FilterSpec::is("status", Holds::Word(OrderStatus::names), "In this state."),
        FilterSpec::is("number", Holds::Text, "With this number."),
        FilterSpec {
            name: "ordered_from",
            column: "ordered_on",
            test: Test::AtLeast,
            holds: Holds::Day,
            about: "Ordered on this day or later.",
        },
        FilterSpec {
            name: "ordered_to",
            column: "ordered_on",
            test: Test::AtMost,
            holds: Holds::Day,
            about: "Ordered on this day or before.",
        },
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "ordered_on", holds: Holds::Day }];
}

/// An order among others, without its lines.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderHead")]
pub struct Item {
    /// Its id here.
    id: Uuid,
    /// The system that its key belongs to.
    source: String,
    /// Its key in that system.
    external_id: String,
    /// Its number, as people know it.
    number: String,
    /// Who orders.
    client_id: Uuid,
    /// Where it is on its way.
    status: Word<OrderStatus>,
    /// The day on which it was ordered.
    ordered_on: Day,
    /// The currency of its amounts.
    currency: String,
    /// What its lines add up to, in minor units; null until it was checked.
    computed_total_minor: Option<i64>,
    /// The total as it states it.
    declared_total_minor: Option<i64>,
    /// When it was last checked.
    checked_at: Option<Moment>,
    /// When it was last changed.
    updated_at: Moment,
}

/// An order by itself.
#[derive(Debug, Serialize)]
pub struct View {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    fields: Fields,
    #[serde(flatten)]
    found: Found,
}

/// What the agent found.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// Where it is on its way: new until it was checked, then open or held.
    status: Word<OrderStatus>,
    /// What its lines add up to, in minor units; null until it was checked.
    computed_total_minor: Option<Minor>,
    /// When it was last checked.
    checked_at: Option<Moment>,
    /// What is wrong with it, and what was.
    exceptions: Vec<exception::View>,
}

impl JsonSchema for View {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Order".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let parts = [
            Head::json_schema(generator),
            Fields::json_schema(generator),
            Found::json_schema(generator),
        ];
        let mut schema = as_shown(parts);
        let about = "An order with its lines, and what the check found.";
        schema.insert("description".to_owned(), about.into());
        schema
    }
}

/// The rows of an order, in an order of their own.
async fn parts_of<M: record::Record>(
    scope: &Scope<'_>,
    order: Uuid,
    sort: &'static str,
) -> ApiResult<Vec<M>> {
    let of_order = Filter { column: "order_id", test: Test::Is, value: Fact::Id(order) };
    let page =
        Page { filters: vec![of_order], sort, descending: false, after: None, limit: PARTS_MAX };
    Ok(scope.list_records(&page).await?)
}

impl Resource for Orders {
    type Row = record::Order;
    type Fields = Fields;
    type Item = Item;
    type View = View;

    const NOUN: &'static str = "order";
    const PLURAL: &'static str = "orders";

    fn item(row: record::Order) -> Item {
        Item {
            id: row.id,
            source: row.source,
            external_id: row.external_id,
            number: row.number,
            client_id: row.client_id,
            status: Word::stored(row.status),
            ordered_on: Day(row.ordered_on),
            currency: row.currency,
            computed_total_minor: row.computed_total_minor,
            declared_total_minor: row.declared_total_minor,
            checked_at: row.checked_at.map(Moment),
            updated_at: Moment(row.updated_at),
        }
    }

    async fn whole(scope: &Scope<'_>, row: &record::Order) -> ApiResult<(View, Fields)> {
        let lines: Vec<record::OrderLine> = parts_of(scope, row.id, "line_no").await?;
        let exceptions: Vec<record::OrderException> = parts_of(scope, row.id, "field_path").await?;
        let found = Found {
            status: Word::stored(&row.status),
            computed_total_minor: row.computed_total_minor.map(Whole),
            checked_at: row.checked_at.map(Moment),
            exceptions: exceptions.into_iter().map(exception::view).collect(),
        };
        let view = View { head: Head::of(row), fields: fields_of(row, &lines), found };
        Ok((view, fields_of(row, &lines)))
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        before: Option<&record::Order>,
    ) -> ApiResult<()> {
        if let Some(before) = before {
            let status: OrderStatus = Word::stored(&before.status).get()?;
            match status.may_change() {
                OrderChange::Everything => {}
                OrderChange::Progress => return progress(writing, fields, before).await,
                OrderChange::Nothing => {
                    let detail = "an order that was called off stays as it is: make another one";
                    return Err(ApiError::new(Code::Conflict, detail));
                }
            }
        }
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        writing.check::<record::Contact>("contact_id", "contact", fields.contact_id).await?;
        let lines = lines(writing, fields.lines.0).await?;
        let terms_days = fields.terms_days.map(Whole::narrow);
        let row = OrderRow {
            external_id: external_id.to_owned(),
            number: fields.number.map_or_else(|| external_id.to_owned(), Line::into_string),
            client: ClientId::from_uuid(fields.client_id),
            contact: fields.contact_id.map(ContactId::from_uuid),
            ordered_on: fields.ordered_on.0,
            required_on: fields.required_on.map(|it| it.0),
            shipped_on: fields.shipped_on.map(|it| it.0),
            delivered_on: fields.delivered_on.map(|it| it.0),
            billed_on: fields.billed_on.map(|it| it.0),
            currency: writing.currency(fields.currency),
            declared_total_minor: fields.declared_total_minor.map(|it| it.0),
            freight_minor: fields.freight_minor.0,
            discount: BasisPoints(fields.discount_bp.narrow()),
            is_bill: fields.is_bill.unwrap_or(terms_days.is_some_and(|days| 0 < days)),
            terms_days,
            po_number: fields.po_number.map(Line::into_string),
            attachments: fields.attachments.0.into_iter().map(Line::into_string).collect(),
            lines,
        };
        writing.scope.upsert_orders(&writing.origin(), OrderStatus::New, &[row]).await?;
        Ok(())
    }
}

/// An accepted order goes on, and nothing that was checked changes.
async fn progress(
    writing: &Writing<'_>,
    mut fields: Fields,
    before: &record::Order,
) -> ApiResult<()> {
    let was: OrderStatus = Word::<OrderStatus>::stored(&before.status).get()?;
    let (was_delivered, is_delivered) =
        (before.delivered_on.is_some(), fields.delivered_on.is_some());
    let progress = OrderProgress {
        was,
        status: was.after_delivery(was_delivered, is_delivered),
        shipped_on: fields.shipped_on.map(|it| it.0),
        delivered_on: fields.delivered_on.map(|it| it.0),
        billed_on: fields.billed_on.map(|it| it.0),
    };
    let (_, mut checked) = Orders::whole(&writing.scope, before).await?;
    for side in [&mut fields, &mut checked] {
        (side.shipped_on, side.delivered_on, side.billed_on) = (None, None, None);
    }
    let text = |fields: &Fields| serde_json::to_value(fields).ok();
    if text(&fields) != text(&checked) {
        let detail =
            "this order was accepted: only shipped_on, delivered_on and billed_on may change";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let id = OrderId::from_uuid(before.id);
    writing.scope.mark_order_progressed(id, &progress, writing.now).await?;
    Ok(())
}

async fn lines(writing: &Writing<'_>, given: Vec<LineFields>) -> ApiResult<Vec<OrderLineRow>> {
    let ids: HashSet<Uuid> = given.iter().filter_map(|it| it.product_id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let products: Vec<record::Product> = writing.scope.find_records(&ids).await?;
    let products: HashMap<Uuid, &record::Product> = products.iter().map(|it| (it.id, it)).collect();
    let unnamed = given.iter().filter(|it| it.product_id.is_none());
    let skus: Vec<&str> = unnamed.filter_map(|it| Some(it.sku.as_ref()?.as_str())).collect();
    let by_sku = writing.scope.product_ids_by_sku(&skus).await?;
    let mut numbers = HashSet::new();
    let mut rows = Vec::with_capacity(given.len());
    for (place, line) in given.into_iter().enumerate() {
        let at = |name: &str| format!("lines[{place}].{name}");
        let named = line.product_id.map(|id| products.get(&id).copied());
        if named == Some(None) {
            let field = at("product_id");
            return Err(ApiError::unknown_reference(&field, "product"));
        }
        let named = named.flatten();
        let sku = line.sku.map(Line::into_string).or_else(|| named.map(|it| it.sku.clone()));
        let Some(sku) = sku else {
            return Err(ApiError::field(at("sku"), "is missing, and so is product_id: give one"));
        };
        let in_place = i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1);
        let line_no = line.line_no.unwrap_or(Whole(in_place)).narrow();
        if !numbers.insert(line_no) {
            return Err(ApiError::field(at("line_no"), "is the number of another line too"));
        }
        rows.push(OrderLineRow {
            line_no,
            product: named
                .map(|it| ProductId::from_uuid(it.id))
                .or_else(|| by_sku.get(&sku).copied()),
            sku,
            quantity: Quantity { milli: line.quantity_milli.0 },
            unit: line.unit.map(Line::into_string),
            unit_price_minor: line.unit_price_minor.0,
            discount: BasisPoints(line.discount_bp.narrow()),
            declared_total_minor: line.declared_total_minor.map(|it| it.0),
        });
    }
    Ok(rows)
}
