//! The outbound ledger: intent and verdict first, then the claim, then the result.

use std::collections::HashMap;

use domain::{
    action::OutboundStatus,
    id::{ActionId, ClientId, ContactId, DecisionId, OutboundId},
    proposal::LetterPayload,
    time::Timestamp,
};
use entity::outbound_messages as outbound;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, TryIntoModel, sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition, error::unreadable};

/// An outbound message as it is stored.
#[derive(Clone, Debug)]
pub struct OutboundRow {
    /// The intent's id: the key under which a transport knows it.
    pub id: OutboundId,
    /// The action it carries out.
    pub action: ActionId,
    /// To whom.
    pub contact: ContactId,
    /// For which account.
    pub client: ClientId,
    /// Where it is.
    pub status: OutboundStatus,
    /// Whether its leaving counts as a touch.
    pub touches_clock: bool,
    /// When it was last handed over, as far as anybody knows.
    pub claimed_at: Option<Timestamp>,
    /// When it left.
    pub sent_at: Option<Timestamp>,
    /// The address.
    pub to_address: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// States of a letter that nobody knows to have left, and that may have.
pub(crate) const MAY_HAVE_LEFT: [&str; 2] =
    [OutboundStatus::Claimed.as_str(), OutboundStatus::Unknown.as_str()];

/// An intent to write down.
#[derive(Clone, Debug)]
pub struct NewOutbound<'a> {
    /// The action it carries out.
    pub action: ActionId,
    /// The verdict that allows it.
    pub decision: DecisionId,
    /// For which account.
    pub client: ClientId,
    /// The letter.
    pub letter: &'a LetterPayload,
    /// Which transport will take it.
    pub transport: &'a str,
    /// Whether its leaving counts as a touch.
    pub touches_clock: bool,
}

impl Scope<'_> {
    /// Writes down intents to send, and returns them in order. One action has one intent, however often it is begun.
    pub async fn insert_outbound(
        &self,
        new: &[NewOutbound<'_>],
        now: Timestamp,
    ) -> StoreResult<Vec<OutboundRow>> {
        let mut there = self.outbound_of(new.iter().map(|it| it.action)).await?;
        let mut rows = Vec::new();
        let mut intents = Vec::with_capacity(new.len());
        for it in new {
            let intent = match there.remove(&it.action) {
                Some(intent) => intent,
                None => {
                    let model = self.intent(it, now);
                    rows.push(model.clone());
                    outbound_row(model.try_into_model()?)?
                }
            };
            intents.push(intent);
        }
        self.insert_rows(&rows).await?;
        Ok(intents)
    }

    fn intent(&self, new: &NewOutbound<'_>, now: Timestamp) -> outbound::ActiveModel {
        let id: OutboundId = self.new_id(now);
        outbound::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            action_id: Set(new.action.uuid()),
            decision_id: Set(new.decision.uuid()),
            contact_id: Set(new.letter.contact.uuid()),
            client_id: Set(new.client.uuid()),
            status: Set(OutboundStatus::Intended.to_string()),
            transport: Set(new.transport.to_owned()),
            template: Set(new.letter.template.clone()),
            touches_clock: Set(new.touches_clock),
            claimed_by: Set(None),
            claimed_at: Set(None),
            sent_at: Set(None),
            provider_ref: Set(None),
            error: Set(None),
            created_at: Set(now),
            to_address: Set(new.letter.to.clone()),
            subject: Set(new.letter.subject.clone()),
            body: Set(new.letter.body.clone()),
        }
    }

    async fn outbound_of(
        &self,
        actions: impl Iterator<Item = ActionId>,
    ) -> StoreResult<HashMap<ActionId, OutboundRow>> {
        let rows = outbound::Entity::find()
            .filter(outbound::Column::TenantId.eq(self.tenant.uuid()))
            .filter(outbound::Column::ActionId.is_in(actions.map(|it| it.uuid())))
            .all(&self.conn)
            .await?;
        let rows = rows.into_iter().map(outbound_row);
        rows.map(|row| row.map(|row| (row.action, row))).collect()
    }

    /// The intent of an action, if it was written down.
    pub async fn find_outbound_of(&self, action: ActionId) -> StoreResult<Option<OutboundRow>> {
        Ok(self.outbound_of(std::iter::once(action)).await?.remove(&action))
    }

    /// Claims an intent for sending; only one caller gets it.
    pub async fn mark_outbound_claimed(
        &self,
        id: OutboundId,
        by: &str,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use outbound::Column;
        let moved = outbound::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OutboundStatus::Claimed.as_str()))
            .col_expr(Column::ClaimedBy, Expr::value(Some(by)))
            .col_expr(Column::ClaimedAt, Expr::value(Some(now)))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(OutboundStatus::Intended.as_str()))
            .exec(&self.conn)
            .await?;
        self.outbound_transition(id, moved.rows_affected, OutboundStatus::Claimed).await
    }

    /// Gives a claim back, because the letter has certainly not left.
    pub async fn mark_outbound_released(&self, id: OutboundId) -> StoreResult<Transition> {
        use outbound::Column;
        let moved = outbound::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OutboundStatus::Intended.as_str()))
            .col_expr(Column::ClaimedBy, Expr::value(None::<String>))
            .col_expr(Column::ClaimedAt, Expr::value(None::<Timestamp>))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(OutboundStatus::Claimed.as_str()))
            .exec(&self.conn)
            .await?;
        self.outbound_transition(id, moved.rows_affected, OutboundStatus::Intended).await
    }

    /// Withdraws what an action intended to send and nobody claimed, if there is such an intent.
    pub async fn mark_outbound_withdrawn(
        &self,
        action: ActionId,
        because: &str,
    ) -> StoreResult<()> {
        use outbound::Column;
        outbound::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OutboundStatus::Failed.as_str()))
            .col_expr(Column::Error, Expr::value(Some(because)))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::ActionId.eq(action.uuid()))
            .filter(Column::Status.eq(OutboundStatus::Intended.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Records what the transport said.
    pub async fn mark_outbound_result(
        &self,
        id: OutboundId,
        to: OutboundStatus,
        provider_ref: Option<&str>,
        error: Option<&str>,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use outbound::Column;
        let mut update = outbound::Entity::update_many()
            .col_expr(Column::Status, Expr::value(to.as_str()))
            .col_expr(Column::ProviderRef, Expr::value(provider_ref))
            .col_expr(Column::Error, Expr::value(error))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(OutboundStatus::Claimed.as_str()));
        if to == OutboundStatus::Sent {
            update = update.col_expr(Column::SentAt, Expr::value(Some(now)));
        }
        let moved = update.exec(&self.conn).await?;
        self.outbound_transition(id, moved.rows_affected, to).await
    }

    async fn outbound_transition(
        &self,
        id: OutboundId,
        moved: u64,
        to: OutboundStatus,
    ) -> StoreResult<Transition> {
        if moved == 1 {
            return Ok(Transition::Moved);
        }
        let status: Option<String> = outbound::Entity::find()
            .select_only()
            .column(outbound::Column::Status)
            .filter(outbound::Column::TenantId.eq(self.tenant.uuid()))
            .filter(outbound::Column::Id.eq(id.uuid()))
            .into_tuple()
            .one(&self.conn)
            .await?;
        let is_there = status.as_deref() == Some(to.as_str());
        Ok(if is_there { Transition::AlreadyThere } else { Transition::Lost })
    }

    /// Letters that left after `since`, or may have: one that was handed over and not answered for counts.
    pub async fn count_sent_since(&self, since: Timestamp) -> StoreResult<u32> {
        use outbound::Column;
        let may_have_left = Column::Status.is_in(MAY_HAVE_LEFT).and(Column::ClaimedAt.gt(since));
        let count = outbound::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::SentAt.gt(since).or(may_have_left))
            .count(&self.conn)
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The ledger, newest first.
    pub async fn list_outbound(&self, limit: u64) -> StoreResult<Vec<OutboundRow>> {
        let rows = outbound::Entity::find()
            .filter(outbound::Column::TenantId.eq(self.tenant.uuid()))
            .order_by_desc(outbound::Column::CreatedAt)
            .order_by_desc(outbound::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(outbound_row).collect()
    }
}

fn outbound_row(row: outbound::Model) -> StoreResult<OutboundRow> {
    Ok(OutboundRow {
        id: OutboundId::from_uuid(row.id),
        action: ActionId::from_uuid(row.action_id),
        contact: ContactId::from_uuid(row.contact_id),
        client: ClientId::from_uuid(row.client_id),
        status: row.status.parse().map_err(unreadable("outbound_messages.status"))?,
        touches_clock: row.touches_clock,
        claimed_at: row.claimed_at,
        sent_at: row.sent_at,
        to_address: row.to_address,
        subject: row.subject,
        body: row.body,
    })
}
