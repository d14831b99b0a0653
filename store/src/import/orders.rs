//! Orders with their lines.
//!
//! An order belongs to the import until it is accepted. From then on it is left as it is: what was checked
//! must not change under the check.

use std::collections::{HashMap, HashSet};

use domain::{
    id::{ClientId, ContactId, ProductId},
    money::{BasisPoints, Currency, Quantity},
    record::{OpenOrClosed, OrderStatus},
    time::Date,
};
use entity::{order_exceptions, order_lines, orders};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, IdenStatic, IntoActiveModel,
    QueryFilter, QueryTrait, prelude::Uuid, sea_query::Expr,
};

use super::{
    Origin, UpsertCount,
    bulk::{Merge, PARAMETERS_MAX},
};
use crate::{Scope, StoreResult, parameter::Among};

/// An order, as it is imported. Amounts are in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its key in the source.
    pub external_id: String,
    /// Its number, as people know it.
    pub number: String,
    /// Who orders.
    pub client: ClientId,
    /// Which person there.
    pub contact: Option<ContactId>,
    /// The date on which it was ordered.
    pub ordered_on: Date,
    /// When it is wanted.
    pub required_on: Option<Date>,
    /// When it left.
    pub shipped_on: Option<Date>,
    /// When it arrived.
    pub delivered_on: Option<Date>,
    /// When it was billed.
    pub billed_on: Option<Date>,
    /// Currency of all its amounts.
    pub currency: Currency,
    /// The total as the order states it.
    pub declared_total_minor: Option<i64>,
    /// Freight.
    pub freight_minor: i64,
    /// Discount on the sum of its lines.
    pub discount: BasisPoints,
    /// Whether it is paid later, on terms.
    pub is_bill: bool,
    /// The terms it asks for, in days.
    pub terms_days: Option<i32>,
    /// The client's purchase order number.
    pub po_number: Option<String>,
    /// Names of the documents that came with it.
    pub attachments: Vec<String>,
    /// Its lines.
    pub lines: Vec<OrderLineRow>,
}

/// A line of an order, as it is imported. Amounts are in minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLineRow {
    /// Its number within the order.
    pub line_no: i32,
    /// The product it was found to mean; `None` when none was found.
    pub product: Option<ProductId>,
    /// The article number as the order gives it.
    pub sku: String,
    /// How much.
    pub quantity: Quantity,
    /// Of what unit.
    pub unit: Option<String>,
    /// Price of one unit before any discount.
    pub unit_price_minor: i64,
    /// Discount on this line.
    pub discount: BasisPoints,
    /// The line's total as the order states it.
    pub declared_total_minor: Option<i64>,
}

impl Scope<'_> {
    /// Writes orders; a new one gets `status`.
    ///
    /// One that is new or held is brought up to date with its lines, and a held one becomes new, to be
    /// checked again. One that was accepted, delivered or called off is left alone and counts as unchanged.
    pub async fn upsert_orders(
        &self,
        origin: &Origin<'_>,
        status: OrderStatus,
        rows: &[OrderRow],
    ) -> StoreResult<UpsertCount> {
        let mut stored = self.stored_orders(origin, rows).await?;
        let mut count = UpsertCount::default();
        let mut stale: HashSet<Uuid> = HashSet::new();
        let mut reopened = Vec::new();
        let mut relined = Vec::new();
        let mut changed = Vec::new();
        let mut new = Vec::new();
        for row in rows {
            let mut head = self.order_head(origin, status, row);
            let Some(before) = stored.remove(&row.external_id) else {
                stale.insert(head.client_id);
                count.inserted += 1;
                new.push((head.into_active_model(), row));
                continue;
            };
            head.id = before.head.id;
            if before.is_settled() || before.says_the_same(&head, &row.lines) {
                count.unchanged += 1;
                continue;
            }
            if before.head.status == OrderStatus::Held.as_str() {
                reopened.push(before.head.id);
            }
            head.status = OrderStatus::New.to_string();
            head.created_at = before.head.created_at;
            stale.extend([before.head.client_id, head.client_id]);
            relined.push(before.head.id);
            count.updated += 1;
            changed.push((head.into_active_model(), row));
        }
        // The indexes by client are those that the order of the file scatters.
        new.sort_by_key(|(_, row)| row.client);
        let (mut heads, mut brought): (Vec<_>, Vec<_>) = new.into_iter().unzip();
        self.insert_in_order(&mut heads).await?;
        let (changed, changed_rows): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
        heads.extend(changed.iter().cloned());
        brought.extend(changed_rows);
        self.write_many(changed, &order_columns(origin)).await?;
        self.delete_lines(&relined).await?;
        let lines = heads.iter().zip(brought).flat_map(|(head, row)| {
            row.lines.iter().map(|line| self.order_line(origin, *head.id.as_ref(), line))
        });
        let mut lines: Vec<_> = lines.collect();
        self.insert_in_order(&mut lines).await?;
        self.close_exceptions_of(origin, &reopened).await?;
        self.clear_standing(stale).await?;
        Ok(count)
    }

    /// The orders with the keys of `rows` as they stand, each with its lines by number.
    async fn stored_orders(
        &self,
        origin: &Origin<'_>,
        rows: &[OrderRow],
    ) -> StoreResult<HashMap<String, StoredOrder>> {
        let keys = rows.iter().map(|row| row.external_id.as_str());
        let heads = self.held_rows::<orders::Entity>(origin, keys).await?;
        let compared: Vec<Uuid> = heads
            .iter()
            .filter(|head| head.status == OrderStatus::New.as_str())
            .map(|head| head.id)
            .collect();
        let mut lines: HashMap<Uuid, Vec<order_lines::Model>> = HashMap::new();
        let select = order_lines::Entity::find()
            .filter(order_lines::Column::TenantId.eq(self.tenant.uuid()))
            .into_query();
        let among = Among::ids(order_lines::Column::OrderId.as_str(), compared);
        for line in self.find_among(select, among).await? {
            let line = order_lines::Model::from_query_result(&line, "")?;
            lines.entry(line.order_id).or_default().push(line);
        }
        let stored = heads.into_iter().map(|head| {
            let lines = lines.remove(&head.id).unwrap_or_default();
            (head.external_id.clone(), StoredOrder { head, lines })
        });
        Ok(stored.collect())
    }

    async fn delete_lines(&self, orders: &[Uuid]) -> StoreResult<()> {
        use order_lines::Column;
        for chunk in orders.chunks(PARAMETERS_MAX) {
            order_lines::Entity::delete_many()
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::OrderId.is_in(chunk.iter().copied()))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    /// Closes what an earlier check found: the next one starts from an order that was mended.
    async fn close_exceptions_of(&self, origin: &Origin<'_>, orders: &[Uuid]) -> StoreResult<()> {
        use order_exceptions::Column;
        for chunk in orders.chunks(PARAMETERS_MAX) {
            order_exceptions::Entity::update_many()
                .col_expr(Column::Status, Expr::value(OpenOrClosed::Closed.as_str()))
                .col_expr(Column::ResolvedAt, Expr::value(Some(origin.at)))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::OrderId.is_in(chunk.iter().copied()))
                .filter(Column::Status.eq(OpenOrClosed::Open.as_str()))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    fn order_head(
        &self,
        origin: &Origin<'_>,
        status: OrderStatus,
        row: &OrderRow,
    ) -> orders::Model {
        orders::Model {
            id: self.ids.next_uuid(origin.at),
            tenant_id: self.tenant.uuid(),
            source: origin.source.to_owned(),
            external_id: row.external_id.clone(),
            number: row.number.clone(),
            client_id: row.client.uuid(),
            contact_id: row.contact.map(|contact| contact.uuid()),
            status: status.to_string(),
            ordered_on: row.ordered_on,
            required_on: row.required_on,
            shipped_on: row.shipped_on,
            delivered_on: row.delivered_on,
            billed_on: row.billed_on,
            currency: row.currency.to_string(),
            declared_total_minor: row.declared_total_minor,
            computed_total_minor: None,
            freight_minor: row.freight_minor,
            discount_bp: row.discount.0,
            is_bill: row.is_bill,
            terms_days: row.terms_days,
            po_number: row.po_number.clone(),
            attachments: row.attachments.iter().map(String::as_str).collect(),
            checked_at: None,
            created_at: origin.at,
            updated_at: origin.at,
        }
    }

    fn order_line(
        &self,
        origin: &Origin<'_>,
        order: Uuid,
        line: &OrderLineRow,
    ) -> order_lines::ActiveModel {
        order_lines::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            order_id: Set(order),
            line_no: Set(line.line_no),
            product_id: Set(line.product.map(|product| product.uuid())),
            sku: Set(line.sku.clone()),
            quantity_milli: Set(line.quantity.milli),
            unit: Set(line.unit.clone()),
            unit_price_minor: Set(line.unit_price_minor),
            discount_bp: Set(line.discount.0),
            declared_total_minor: Set(line.declared_total_minor),
        }
    }
}

/// The columns of an order that an import changes while it may; the check's findings are the agent's.
fn order_columns(origin: &Origin<'_>) -> Merge<orders::Entity> {
    use orders::Column;
    Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
        .take([Column::Number, Column::ClientId, Column::ContactId, Column::Status])
        .take([Column::OrderedOn, Column::RequiredOn, Column::ShippedOn, Column::DeliveredOn])
        .take([Column::BilledOn, Column::Currency, Column::DeclaredTotalMinor])
        .take([Column::FreightMinor, Column::DiscountBp, Column::IsBill, Column::TermsDays])
        .take([Column::PoNumber, Column::Attachments])
        .renew(Column::UpdatedAt, Expr::value(origin.at))
}

/// An order as it stands, with its lines if they have to be compared.
struct StoredOrder {
    head: orders::Model,
    lines: Vec<order_lines::Model>,
}

impl StoredOrder {
    /// Whether the order is out of the import's hands.
    fn is_settled(&self) -> bool {
        ![OrderStatus::New, OrderStatus::Held].iter().any(|open| open.as_str() == self.head.status)
    }

    /// Whether the order is new and says what is brought. A held one always goes back to be checked.
    fn says_the_same(&self, brought: &orders::Model, lines: &[OrderLineRow]) -> bool {
        let head = &self.head;
        let alike = orders::Model {
            status: head.status.clone(),
            computed_total_minor: head.computed_total_minor,
            checked_at: head.checked_at,
            created_at: head.created_at,
            updated_at: head.updated_at,
            ..brought.clone()
        };
        head.status == OrderStatus::New.as_str() && *head == alike && self.has_lines(lines)
    }

    fn has_lines(&self, brought: &[OrderLineRow]) -> bool {
        let stored: HashMap<i32, &order_lines::Model> =
            self.lines.iter().map(|line| (line.line_no, line)).collect();
        stored.len() == brought.len()
            && brought.iter().all(|line| {
                stored.get(&line.line_no).is_some_and(|stored| is_same_line(stored, line))
            })
    }
}

fn is_same_line(stored: &order_lines::Model, brought: &OrderLineRow) -> bool {
    stored.product_id == brought.product.map(|product| product.uuid())
        && stored.sku == brought.sku
        && stored.quantity_milli == brought.quantity.milli
        && stored.unit == brought.unit
        && stored.unit_price_minor == brought.unit_price_minor
        && stored.discount_bp == brought.discount.0
        && stored.declared_total_minor == brought.declared_total_minor
}
