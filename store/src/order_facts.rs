//! What an order check needs to know, for many orders at once: a handful of queries, however many orders.

use std::collections::{HashMap, HashSet};

use domain::{
    id::{ClientId, OrderId, ProductId},
    money::{BasisPoints, Currency, Money, Quantity},
    order::{
        ClientFacts, CreditFacts, OrderFacts, OrderHead, OrderLine, PriceEntry, ProductCatalogue,
        ProductFacts, RequirementFacts,
    },
    record::OrderStatus,
    time::Date,
};
use entity::{
    clients, credit_profiles, order_lines, orders, price_book_entries, products, requirements,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::Expr,
};

use crate::{Scope, StoreResult, error::unreadable};

/// One order with everything that its check looks at.
#[derive(Clone, Debug)]
pub struct OrderToCheck {
    /// Which order.
    pub id: OrderId,
    /// Its number.
    pub number: String,
    /// Whose it is.
    pub client: ClientId,
    /// The status it is in.
    pub status: OrderStatus,
    head: OrderHead,
    lines: Vec<OrderLine>,
    client_facts: ClientFacts,
    products: ProductCatalogue,
    credit: Option<CreditFacts>,
    requirements: Vec<RequirementFacts>,
    same_po_elsewhere: bool,
}

impl OrderToCheck {
    /// The facts, as the check takes them.
    pub fn facts(&self) -> OrderFacts<'_> {
        OrderFacts {
            order: &self.head,
            lines: &self.lines,
            client: &self.client_facts,
            products: &self.products,
            credit: self.credit.as_ref(),
            requirements: &self.requirements,
            same_po_elsewhere: self.same_po_elsewhere,
        }
    }

    /// Whether the order uses the client's credit.
    pub fn is_bill(&self) -> bool {
        self.head.is_bill
    }

    /// Its lines, for what is learnt from them.
    pub fn lines(&self) -> &[OrderLine] {
        &self.lines
    }

    /// Adds what other orders of the client used up since the facts were loaded.
    pub fn add_exposure(&mut self, minor: i64) {
        if let Some(credit) = &mut self.credit {
            credit.open_orders_minor = credit.open_orders_minor.saturating_add(minor);
        }
    }
}

/// Ids in one statement: well under the 32,766 parameters that SQLite takes.
const IDS_PER_STATEMENT: usize = 5_000;

impl Scope<'_> {
    /// Loads orders that wait for a check or a re-check, in the order of their dates and numbers.
    ///
    /// `today` is the tenant's day: what is dated later is not visible yet.
    pub async fn load_orders_to_check(
        &self,
        ids: &[OrderId],
        today: Date,
    ) -> StoreResult<Vec<OrderToCheck>> {
        let mut heads = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let uuids = chunk.iter().map(|id| id.uuid());
            let rows = orders::Entity::find()
                .filter(orders::Column::TenantId.eq(self.tenant.uuid()))
                .filter(orders::Column::Id.is_in(uuids))
                .filter(orders::Column::OrderedOn.lte(today))
                .all(&self.conn)
                .await?;
            heads.extend(rows);
        }
        heads.sort_by(|a, b| a.ordered_on.cmp(&b.ordered_on).then_with(|| a.number.cmp(&b.number)));
        let order_ids: Vec<Uuid> = heads.iter().map(|row| row.id).collect();
        let client_ids: Vec<Uuid> = distinct(heads.iter().map(|row| row.client_id));
        let mut lines = self.lines_by_order(&order_ids).await?;
        let product_ids: Vec<Uuid> =
            distinct(lines.values().flatten().filter_map(|line| line.product.map(|id| id.uuid())));
        let catalogue = self.catalogue(&product_ids).await?;
        let activity = self.client_activity(&client_ids).await?;
        let credit = self.credit_by_client(&client_ids, today).await?;
        let requirements = self.requirements_by_client(&client_ids).await?;
        let doubled = self.doubled_purchase_orders(&heads, today).await?;
        heads
            .into_iter()
            .map(|row| {
                let client = row.client_id;
                let lines = lines.remove(&row.id).unwrap_or_default();
                let products = products_for(&lines, client, &catalogue);
                let of_client =
                    requirements.iter().filter(|(who, _)| who.is_none_or(|it| it == client));
                Ok(OrderToCheck {
                    id: OrderId::from_uuid(row.id),
                    number: row.number.clone(),
                    client: ClientId::from_uuid(client),
                    status: row.status.parse().map_err(unreadable("orders.status"))?,
                    client_facts: ClientFacts { is_active: activity.contains(&client) },
                    products,
                    credit: row.is_bill.then(|| credit.for_client(client)).flatten(),
                    requirements: of_client.map(|(_, it)| it.clone()).collect(),
                    same_po_elsewhere: row
                        .po_number
                        .as_ref()
                        .is_some_and(|po| doubled.contains(&(client, po.clone()))),
                    lines,
                    head: head(row)?,
                })
            })
            .collect()
    }

    async fn lines_by_order(&self, orders: &[Uuid]) -> StoreResult<HashMap<Uuid, Vec<OrderLine>>> {
        let mut by_order: HashMap<Uuid, Vec<OrderLine>> = HashMap::with_capacity(orders.len());
        for chunk in orders.chunks(IDS_PER_STATEMENT) {
            let rows = order_lines::Entity::find()
                .filter(order_lines::Column::TenantId.eq(self.tenant.uuid()))
                .filter(order_lines::Column::OrderId.is_in(chunk.iter().copied()))
                .order_by_asc(order_lines::Column::LineNo)
                .all(&self.conn)
                .await?;
            for row in rows {
                by_order.entry(row.order_id).or_default().push(OrderLine {
                    line_no: row.line_no,
                    sku: row.sku,
                    product: row.product_id.map(ProductId::from_uuid),
                    quantity: Quantity { milli: row.quantity_milli },
                    unit: row.unit,
                    unit_price_minor: row.unit_price_minor,
                    discount: BasisPoints(row.discount_bp),
                    declared_total_minor: row.declared_total_minor,
                });
            }
        }
        Ok(by_order)
    }

    async fn catalogue(&self, ids: &[Uuid]) -> StoreResult<HashMap<Uuid, CatalogueEntry>> {
        let mut catalogue = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let rows = products::Entity::find()
                .filter(products::Column::TenantId.eq(self.tenant.uuid()))
                .filter(products::Column::Id.is_in(chunk.iter().copied()))
                .all(&self.conn)
                .await?;
            for row in rows {
                catalogue
                    .insert(row.id, CatalogueEntry { facts: product(row)?, prices: Vec::new() });
            }
            let prices = price_book_entries::Entity::find()
                .filter(price_book_entries::Column::TenantId.eq(self.tenant.uuid()))
                .filter(price_book_entries::Column::ProductId.is_in(chunk.iter().copied()))
                .all(&self.conn)
                .await?;
            for row in prices {
                let Some(entry) = catalogue.get_mut(&row.product_id) else { continue };
                entry.prices.push((row.client_id, price(row)?));
            }
        }
        Ok(catalogue)
    }

    async fn client_activity(&self, ids: &[Uuid]) -> StoreResult<HashSet<Uuid>> {
        let mut active = HashSet::new();
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let rows: Vec<Uuid> = clients::Entity::find()
                .select_only()
                .column(clients::Column::Id)
                .filter(clients::Column::TenantId.eq(self.tenant.uuid()))
                .filter(clients::Column::Id.is_in(chunk.iter().copied()))
                .filter(clients::Column::IsActive.eq(true))
                .into_tuple()
                .all(&self.conn)
                .await?;
            active.extend(rows);
        }
        Ok(active)
    }

    async fn credit_by_client(&self, ids: &[Uuid], today: Date) -> StoreResult<CreditLedger> {
        let mut ledger = CreditLedger::default();
        let is_ours = credit_profiles::Column::TenantId.eq(self.tenant.uuid());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let who = Condition::any()
                .add(credit_profiles::Column::ClientId.is_in(chunk.iter().copied()))
                .add(credit_profiles::Column::ClientId.is_null());
            let rows = credit_profiles::Entity::find()
                .filter(is_ours.clone())
                .filter(who)
                .order_by_asc(credit_profiles::Column::ExternalId)
                .all(&self.conn)
                .await?;
            for row in rows {
                let client = row.client_id;
                let facts = credit(row)?;
                match client {
                    Some(client) => ledger.by_client.insert(client, facts),
                    None => ledger.standard.replace(facts),
                };
            }
            ledger.open.extend(self.open_on_terms(chunk, today).await?);
        }
        Ok(ledger)
    }

    /// What accepted orders on terms, not billed yet, add to each client's exposure.
    async fn open_on_terms(
        &self,
        clients: &[Uuid],
        today: Date,
    ) -> StoreResult<HashMap<Uuid, i64>> {
        use orders::Column;
        let sum = Expr::cust(
            "CAST(COALESCE(SUM(COALESCE(computed_total_minor, declared_total_minor, 0)), 0) AS BIGINT)",
        );
        let accepted = [OrderStatus::Open, OrderStatus::Done].map(OrderStatus::as_str);
        let rows: Vec<(Uuid, i64)> = orders::Entity::find()
            .select_only()
            .column(Column::ClientId)
            .column_as(sum, "exposure")
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ClientId.is_in(clients.iter().copied()))
            .filter(Column::Status.is_in(accepted))
            .filter(Column::IsBill.eq(true))
            .filter(Column::OrderedOn.lte(today))
            .filter(
                Condition::any().add(Column::BilledOn.is_null()).add(Column::BilledOn.gt(today)),
            )
            .group_by(Column::ClientId)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().collect())
    }

    async fn requirements_by_client(
        &self,
        ids: &[Uuid],
    ) -> StoreResult<Vec<(Option<Uuid>, RequirementFacts)>> {
        let mut found = Vec::new();
        let mut chunks: Vec<&[Uuid]> = ids.chunks(IDS_PER_STATEMENT).collect();
        chunks.truncate(REQUIREMENT_CHUNKS_MAX);
        for (index, chunk) in chunks.into_iter().enumerate() {
            let mut who =
                Condition::any().add(requirements::Column::ClientId.is_in(chunk.iter().copied()));
            if index == 0 {
                who = who.add(requirements::Column::ClientId.is_null());
            }
            let rows = requirements::Entity::find()
                .filter(requirements::Column::TenantId.eq(self.tenant.uuid()))
                .filter(who)
                .order_by_asc(requirements::Column::ExternalId)
                .all(&self.conn)
                .await?;
            for row in rows {
                found.push((
                    row.client_id,
                    RequirementFacts {
                        kind: row.kind.parse().map_err(unreadable("requirements.kind"))?,
                        name: row.name,
                        from_vendor: row.from_vendor,
                        valid_until: row.valid_until,
                        evidence_held: row.is_evidence_held,
                    },
                ));
            }
        }
        Ok(found)
    }

    /// Purchase order numbers that a client has used on more than one order.
    async fn doubled_purchase_orders(
        &self,
        heads: &[orders::Model],
        today: Date,
    ) -> StoreResult<HashSet<(Uuid, String)>> {
        use orders::Column;
        let numbers: Vec<String> = distinct(heads.iter().filter_map(|row| row.po_number.clone()));
        let mut doubled = HashSet::new();
        for chunk in numbers.chunks(IDS_PER_STATEMENT) {
            let rows: Vec<(Uuid, String)> = orders::Entity::find()
                .select_only()
                .column(Column::ClientId)
                .column(Column::PoNumber)
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::PoNumber.is_in(chunk.iter().cloned()))
                .filter(Column::Status.ne(OrderStatus::Cancelled.as_str()))
                .filter(Column::OrderedOn.lte(today))
                .group_by(Column::ClientId)
                .group_by(Column::PoNumber)
                .having(Expr::cust("COUNT(*) > 1"))
                .into_tuple()
                .all(&self.conn)
                .await?;
            doubled.extend(rows);
        }
        Ok(doubled)
    }
}

/// A check is asked for at most this many times `IDS_PER_STATEMENT` clients; the cycle asks for far fewer.
const REQUIREMENT_CHUNKS_MAX: usize = 100;

struct CatalogueEntry {
    facts: ProductFacts,
    prices: Vec<(Option<Uuid>, PriceEntry)>,
}

#[derive(Default)]
struct CreditLedger {
    by_client: HashMap<Uuid, CreditFacts>,
    standard: Option<CreditFacts>,
    open: HashMap<Uuid, i64>,
}

impl CreditLedger {
    fn for_client(&self, client: Uuid) -> Option<CreditFacts> {
        let mut facts = match self.by_client.get(&client) {
            Some(own) => own.clone(),
            None => CreditFacts { is_tenant_default: true, ..self.standard.clone()? },
        };
        facts.open_orders_minor = self.open.get(&client).copied().unwrap_or(0);
        Some(facts)
    }
}

fn products_for(
    lines: &[OrderLine],
    client: Uuid,
    catalogue: &HashMap<Uuid, CatalogueEntry>,
) -> ProductCatalogue {
    let ids = lines.iter().filter_map(|line| line.product);
    ids.filter_map(|id| {
        let entry = catalogue.get(&id.uuid())?;
        let prices = entry
            .prices
            .iter()
            .filter(|(who, _)| who.is_none_or(|it| it == client))
            .map(|(_, price)| price.clone())
            .collect();
        Some((id, ProductFacts { prices, ..entry.facts.clone() }))
    })
    .collect()
}

fn head(row: orders::Model) -> StoreResult<OrderHead> {
    Ok(OrderHead {
        ordered_on: row.ordered_on,
        required_on: row.required_on,
        currency: Currency::parse(&row.currency).map_err(unreadable("orders.currency"))?,
        declared_total_minor: row.declared_total_minor,
        freight_minor: row.freight_minor,
        is_bill: row.is_bill,
        terms_days: row.terms_days,
        po_number: row.po_number,
        discount: BasisPoints(row.discount_bp),
        attachments: serde_json::from_value(row.attachments)
            .map_err(unreadable("orders.attachments"))?,
    })
}

fn product(row: products::Model) -> StoreResult<ProductFacts> {
    let list_price = match (row.list_price_minor, row.currency) {
        (Some(minor), Some(code)) => Some(Money::new(
            minor,
            Currency::parse(&code).map_err(unreadable("products.currency"))?,
        )),
        _ => None,
    };
    Ok(ProductFacts {
        sku: row.sku,
        is_discontinued: row.is_discontinued,
        discontinued_on: row.discontinued_on,
        list_price,
        unit: row.unit,
        quantity_min: row.quantity_min_milli.map(|milli| Quantity { milli }),
        pack_multiple: row.pack_multiple_milli.map(|milli| Quantity { milli }),
        prices: Vec::new(),
    })
}

fn price(row: price_book_entries::Model) -> StoreResult<PriceEntry> {
    Ok(PriceEntry {
        client_specific: row.client_id.is_some(),
        currency: Currency::parse(&row.currency)
            .map_err(unreadable("price_book_entries.currency"))?,
        unit_price_minor: row.unit_price_minor,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        quantity_min: Quantity { milli: row.quantity_min_milli },
        discount_max: row.discount_max_bp.map(BasisPoints),
    })
}

fn credit(row: credit_profiles::Model) -> StoreResult<CreditFacts> {
    let currency =
        Currency::parse(&row.currency).map_err(unreadable("credit_profiles.currency"))?;
    Ok(CreditFacts {
        limit: Money::new(row.limit_minor, currency),
        is_tenant_default: row.client_id.is_none(),
        is_on_hold: row.is_on_hold,
        hold_reason: row.hold_reason,
        outstanding_minor: row.outstanding_minor,
        open_orders_minor: 0,
        overdue_minor: row.overdue_minor,
        terms_days: row.terms_days,
    })
}

fn distinct<T: std::hash::Hash + Eq + Clone>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
