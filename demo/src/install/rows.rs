//! Writes the world's rows through the store's imports, table by table in the order of references.

use chrono::Days;
use domain::{
    id::uuid_v7,
    record::{OpenOrClosed, OrderStatus, TouchSource},
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use store::{
    Scope,
    engagement::Touch,
    import::{
        CaseRow, ComplianceItemRow, ContactRow, CreditProfileRow, DealRow, OrderLineRow, OrderRow,
        Origin, PriceBookEntryRow, QuoteRow, RequirementRow,
    },
    tenant::Tenant,
};
use uuid::Uuid;

use super::{
    DemoError, SOURCE,
    keys::{Keys, id_of, id_of_some},
};
use crate::{
    company::{DAYS_AHEAD, day, eur},
    world::{Deal, Order, PastTouch, World},
};

/// Who was in touch with people before the agent was.
const COLLEAGUE: &str = "person";
/// How far each push moved a close date.
const PUSHED_DAYS: u64 = 14;
/// More rows than the world has of a kind.
const ROWS_MAX: u64 = 1_000;

/// Companies, their people, and who must not be written to.
pub(super) async fn accounts(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
    keys: &mut Keys,
) -> Result<(), DemoError> {
    scope.upsert_clients(origin, &world.clients).await?;
    let wanted: Vec<&str> = world.clients.iter().map(|it| it.external_id.as_str()).collect();
    keys.clients = scope.client_ids(SOURCE, &wanted).await?;
    let mut rows = Vec::with_capacity(world.contacts.len());
    for contact in &world.contacts {
        rows.push(ContactRow {
            external_id: contact.key.clone(),
            client: id_of(&keys.clients, &contact.client)?,
            name: Some(contact.name.clone()),
            title: Some(contact.title.clone()),
            role: Some(contact.role.clone()),
            email: contact.email.clone(),
            phone: Some(contact.phone.clone()),
            known_since: Some(contact.known_since),
            is_active: contact.is_active,
        });
    }
    scope.upsert_contacts(origin, &rows).await?;
    let wanted: Vec<&str> = world.contacts.iter().map(|it| it.key.as_str()).collect();
    keys.contacts = scope.contact_ids(SOURCE, &wanted).await?;
    scope.upsert_suppressions(origin, &world.suppressions).await?;
    Ok(())
}

/// Articles, prices, credit and requirements.
pub(super) async fn catalogue(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
    keys: &mut Keys,
) -> Result<(), DemoError> {
    scope.upsert_products(origin, &world.products).await?;
    let wanted: Vec<&str> = world.products.iter().map(|it| it.external_id.as_str()).collect();
    keys.products = scope.product_ids(SOURCE, &wanted).await?;
    let mut prices = Vec::with_capacity(world.prices.len());
    for price in &world.prices {
        prices.push(PriceBookEntryRow {
            external_id: price.key.clone(),
            book: price.book.clone(),
            product: id_of(&keys.products, &price.sku)?,
            client: id_of_some(&keys.clients, price.client.as_deref())?,
            unit_price: eur(price.entry.unit_price_minor),
            quantity_min: price.entry.quantity_min,
            valid_from: price.entry.valid_from,
            valid_to: price.entry.valid_to,
            discount_max: price.entry.discount_max,
        });
    }
    scope.upsert_price_book_entries(origin, &prices).await?;
    let mut profiles = Vec::with_capacity(world.credit.len());
    for credit in &world.credit {
        profiles.push(CreditProfileRow {
            external_id: credit.key.clone(),
            client: Some(id_of(&keys.clients, &credit.client)?),
            limit: credit.facts.limit,
            terms_days: credit.facts.terms_days,
            is_on_hold: credit.facts.is_on_hold,
            hold_reason: credit.facts.hold_reason.clone(),
            outstanding_minor: credit.facts.outstanding_minor,
            overdue_minor: credit.facts.overdue_minor,
            known_on: Some(credit.known_on),
        });
    }
    scope.upsert_credit_profiles(origin, &profiles).await?;
    let mut requirements = Vec::with_capacity(world.requirements.len());
    for requirement in &world.requirements {
        requirements.push(RequirementRow {
            external_id: requirement.key.clone(),
            client: id_of_some(&keys.clients, requirement.client.as_deref())?,
            kind: requirement.facts.kind,
            name: requirement.facts.name.clone(),
            from_vendor: requirement.facts.from_vendor,
            is_evidence_held: requirement.facts.evidence_held,
            valid_until: requirement.facts.valid_until,
        });
    }
    scope.upsert_requirements(origin, &requirements).await?;
    Ok(())
}

/// Orders, each in the status that it has.
pub(super) async fn orders(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
    keys: &mut Keys,
) -> Result<(), DemoError> {
    for status in OrderStatus::ALL {
        let of_status = world.orders.iter().filter(|order| order.status == *status);
        let rows = of_status.map(|order| order_row(order, keys)).collect::<Result<Vec<_>, _>>()?;
        if !rows.is_empty() {
            scope.upsert_orders(origin, *status, &rows).await?;
        }
    }
    let wanted: Vec<&str> = world.orders.iter().map(|it| it.number.as_str()).collect();
    keys.orders = scope.order_ids(SOURCE, &wanted).await?;
    Ok(())
}

fn order_row(order: &Order, keys: &Keys) -> Result<OrderRow, DemoError> {
    let head = &order.head;
    let lines = order.lines.iter().map(|line| OrderLineRow {
        line_no: line.line_no,
        // An article number that nobody sells names no product, which is for the check to find.
        product: keys.products.get(&line.sku).copied(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        unit_price_minor: line.unit_price_minor,
        discount: line.discount,
        declared_total_minor: line.declared_total_minor,
    });
    Ok(OrderRow {
        external_id: order.number.clone(),
        number: order.number.clone(),
        client: id_of(&keys.clients, &order.client)?,
        contact: Some(id_of(&keys.contacts, &order.contact)?),
        ordered_on: head.ordered_on,
        required_on: head.required_on,
        shipped_on: order.shipped_on,
        delivered_on: order.delivered_on,
        billed_on: order.billed_on,
        currency: head.currency,
        declared_total_minor: head.declared_total_minor,
        freight_minor: head.freight_minor,
        discount: head.discount,
        is_bill: head.is_bill,
        terms_days: head.terms_days,
        po_number: head.po_number.clone(),
        attachments: head.attachments.clone(),
        lines: lines.collect(),
    })
}

/// Deals and quotes, with the mails about them that had left.
pub(super) async fn pipeline(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
    keys: &mut Keys,
) -> Result<(), DemoError> {
    let today = day(0);
    // A close date counts as pushed when an import brings a later one than the one before.
    let pushes = world.deals.iter().map(|deal| deal.facts.close_pushes).max().unwrap_or(0);
    for ahead in (0..=pushes).rev() {
        let rows = world.deals.iter().map(|deal| deal_row(deal, ahead, keys));
        scope.upsert_deals(origin, today, &rows.collect::<Result<Vec<_>, _>>()?).await?;
    }
    let wanted: Vec<&str> = world.deals.iter().map(|it| it.key.as_str()).collect();
    keys.deals = scope.deal_ids(SOURCE, &wanted).await?;
    for deal in &world.deals {
        let Some(on) = deal.facts.last_follow_up_on else { continue };
        for _ in 0..deal.facts.follow_ups_since_signal {
            scope.mark_deal_followed_up(id_of(&keys.deals, &deal.key)?, on, origin.at).await?;
        }
    }
    let mut quotes = Vec::with_capacity(world.quotes.len());
    for quote in &world.quotes {
        quotes.push(QuoteRow {
            external_id: quote.number.clone(),
            number: quote.number.clone(),
            client: id_of(&keys.clients, &quote.client)?,
            contact: Some(id_of(&keys.contacts, &quote.contact)?),
            deal: id_of_some(&keys.deals, quote.deal.as_deref())?,
            status: quote.facts.status,
            submitted_on: quote.facts.submitted_on,
            confirmed_on: quote.facts.confirmed_on,
            valid_until: quote.facts.valid_until,
            amount_minor: Some(quote.amount.minor),
            currency: Some(quote.amount.currency),
            decided_on: quote.decided_on,
            lost_reason: quote.lost_reason.clone(),
        });
    }
    scope.upsert_quotes(origin, &quotes).await?;
    Ok(())
}

fn deal_row(deal: &Deal, pushes_ahead: i32, keys: &Keys) -> Result<DealRow, DemoError> {
    let facts = &deal.facts;
    let pushes = u64::from(pushes_ahead.min(facts.close_pushes).unsigned_abs());
    let back = Days::new(PUSHED_DAYS * pushes);
    Ok(DealRow {
        external_id: deal.key.clone(),
        name: deal.name.clone(),
        client: id_of(&keys.clients, &deal.client)?,
        contact: Some(id_of(&keys.contacts, &deal.contact)?),
        stage_name: deal.stage_name.clone(),
        stage_type: facts.stage_type,
        stage_entered_on: Some(facts.stage_entered_on),
        probability: Some(deal.probability),
        value_minor: Some(deal.value.minor),
        currency: Some(deal.value.currency),
        next_step: deal.next_step.clone(),
        next_step_on: facts.next_step_on,
        opened_on: Some(deal.opened_on),
        expected_close_on: facts.expected_close_on.map(|date| date - back),
        closed_on: deal.closed_on,
        last_buyer_signal_on: facts.last_buyer_signal_on,
        lost_reason: deal.lost_reason.clone(),
    })
}

/// Mails about quotes and compliance items that had left before the start.
async fn past_reminders(scope: &Scope<'_>, world: &World, now: Timestamp) -> Result<(), DemoError> {
    let today = day(0);
    for row in scope.list_pending_quotes(today, ROWS_MAX).await? {
        let Some(quote) = world.quotes.iter().find(|it| it.number == row.key) else { continue };
        let Some(on) = quote.facts.last_follow_up_on else { continue };
        for _ in 0..quote.facts.follow_ups {
            scope.mark_quote_followed_up(row.id, on, now).await?;
        }
    }
    for row in scope.list_compliance_due(day(DAYS_AHEAD), ROWS_MAX).await? {
        let Some(item) = world.compliance_items.iter().find(|it| it.key == row.key) else {
            continue;
        };
        let Some(on) = item.facts.last_reminder_on else { continue };
        for _ in 0..item.facts.reminders {
            scope.mark_compliance_reminded(row.id, on, now).await?;
        }
    }
    Ok(())
}

/// Compliance items, goals and cases, and what had been written about them.
pub(super) async fn care(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
    keys: &Keys,
) -> Result<(), DemoError> {
    let mut items = Vec::with_capacity(world.compliance_items.len());
    for item in &world.compliance_items {
        items.push(ComplianceItemRow {
            external_id: item.key.clone(),
            client: id_of(&keys.clients, &item.client)?,
            contact: Some(id_of(&keys.contacts, &item.contact)?),
            name: item.name.clone(),
            due_on: item.facts.due_on,
            status: item.facts.status,
            vendor_status: Some(item.vendor_status.clone()),
        });
    }
    scope.upsert_compliance_items(origin, &items).await?;
    scope.upsert_goals(origin, &world.goals).await?;
    let mut cases = Vec::with_capacity(world.cases.len());
    for case in &world.cases {
        let is_closed = case.closed_at.is_some();
        cases.push(CaseRow {
            external_id: case.key.clone(),
            client: id_of(&keys.clients, &case.client)?,
            contact: Some(id_of(&keys.contacts, &case.contact)?),
            order: id_of_some(&keys.orders, case.order.as_deref())?,
            message: None,
            kind: case.kind,
            severity: case.severity.clone(),
            status: if is_closed { OpenOrClosed::Closed } else { OpenOrClosed::Open },
            opened_at: case.opened_at,
            closed_at: case.closed_at,
        });
    }
    scope.upsert_cases(origin, &cases).await?;
    past_reminders(scope, world, origin.at).await
}

/// Touches from before the start, the oldest first, so that each winds its clocks on.
pub(super) async fn touches(
    scope: &Scope<'_>,
    tenant: &Tenant,
    world: &World,
    keys: &Keys,
    now: Timestamp,
) -> Result<(), DemoError> {
    let mut touches: Vec<&PastTouch> = world.touches.iter().collect();
    touches.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    for touch in touches {
        let row = Touch {
            contact: Some(id_of(&keys.contacts, &touch.contact)?),
            client: id_of(&keys.clients, &touch.client)?,
            at: touch.at,
            kind: touch.kind,
            by: COLLEAGUE,
            source: (TouchSource::Message, stand_in_source(touch)),
        };
        scope.record_touch(&row, &tenant.calendar, now).await?;
    }
    Ok(())
}

/// An id for a touch of which no message was kept: the same every time, so that it counts once.
fn stand_in_source(touch: &PastTouch) -> Uuid {
    let digest = Sha256::digest(touch.key.as_bytes());
    let mut random = [0_u8; 10];
    random.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    uuid_v7(touch.at.timestamp_millis().unsigned_abs(), random)
}
