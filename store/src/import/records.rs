//! Cases, compliance items and goals.

use domain::{
    engagement::ComplianceStatus,
    id::{ClientId, ContactId, MessageId, OrderId},
    money::Currency,
    proposal::CaseKind,
    record::{GoalMetric, OpenOrClosed},
    time::{Date, Timestamp},
};
use entity::{cases, compliance_items, goals};
use sea_orm::{
    ActiveValue::Set,
    ExprTrait,
    sea_query::{CaseStatement, Expr},
};

use super::{
    Origin, UpsertCount,
    bulk::{Merge, brought, stored},
};
use crate::{Scope, StoreResult};

/// A matter that is being looked after, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// Its key in the source.
    pub external_id: String,
    /// Whose.
    pub client: ClientId,
    /// Who raised it.
    pub contact: Option<ContactId>,
    /// Which order it is about.
    pub order: Option<OrderId>,
    /// The message that raised it.
    pub message: Option<MessageId>,
    /// What about.
    pub kind: CaseKind,
    /// How grave, in the source's words.
    pub severity: String,
    /// Whether it still has to be looked after.
    pub status: OpenOrClosed,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// When it was settled.
    pub closed_at: Option<Timestamp>,
}

/// Something that an account has to hand in, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplianceItemRow {
    /// Its key in the source.
    pub external_id: String,
    /// Who has to hand it in.
    pub client: ClientId,
    /// Who is reminded.
    pub contact: Option<ContactId>,
    /// What it is called.
    pub name: String,
    /// The day on which it is due.
    pub due_on: Date,
    /// Whether it is there.
    pub status: ComplianceStatus,
    /// The vendor manager's own word for its state.
    pub vendor_status: Option<String>,
}

/// What the tenant wants to reach by when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalRow {
    /// Its key in the source.
    pub external_id: String,
    /// What is counted.
    pub metric: GoalMetric,
    /// How much of it; of money, in minor units.
    pub target: i64,
    /// The currency of a target in money.
    pub currency: Option<Currency>,
    /// First day that counts.
    pub starts_on: Date,
    /// Last day that counts.
    pub ends_on: Date,
}

impl Scope<'_> {
    /// Writes cases; a message that a case was linked to stays linked.
    pub async fn upsert_cases(
        &self,
        origin: &Origin<'_>,
        rows: &[CaseRow],
    ) -> StoreResult<UpsertCount> {
        use cases::Column;
        let models = rows.iter().map(|row| cases::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            client_id: Set(row.client.uuid()),
            contact_id: Set(row.contact.map(|contact| contact.uuid())),
            order_id: Set(row.order.map(|order| order.uuid())),
            message_id: Set(row.message.map(|message| message.uuid())),
            action_id: Set(None),
            kind: Set(row.kind.to_string()),
            severity: Set(row.severity.clone()),
            status: Set(row.status.to_string()),
            evidence: Set(serde_json::Value::Array(Vec::new())),
            opened_at: Set(row.opened_at),
            closed_at: Set(row.closed_at),
            opened_by: Set(origin.actor.to_string()),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::ClientId, Column::ContactId, Column::OrderId, Column::Kind])
            .take([Column::Severity, Column::Status, Column::OpenedAt, Column::ClosedAt])
            .fill([Column::MessageId])
            .renew(Column::UpdatedAt, Expr::value(origin.at))
            .owned_by(Column::ClientId);
        let written = self.write_sourced(origin, models.collect(), &merge).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    /// Writes compliance items. One that was asked for does not become merely missing again.
    pub async fn upsert_compliance_items(
        &self,
        origin: &Origin<'_>,
        rows: &[ComplianceItemRow],
    ) -> StoreResult<UpsertCount> {
        use compliance_items::{Column, Entity};
        let models = rows.iter().map(|row| compliance_items::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            client_id: Set(row.client.uuid()),
            contact_id: Set(row.contact.map(|contact| contact.uuid())),
            name: Set(row.name.clone()),
            due_on: Set(row.due_on),
            status: Set(row.status.to_string()),
            vendor_status: Set(row.vendor_status.clone()),
            last_reminder_on: Set(None),
            reminders: Set(0),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let was_asked_for = stored::<Entity>(Column::Status)
            .eq(ComplianceStatus::Requested.as_str())
            .and(brought(Column::Status).eq(ComplianceStatus::Missing.as_str()));
        let status = CaseStatement::new()
            .case(was_asked_for, stored::<Entity>(Column::Status))
            .finally(brought(Column::Status));
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::ClientId, Column::ContactId, Column::Name, Column::DueOn])
            .take([Column::VendorStatus])
            .set(Column::Status, status.into())
            .renew(Column::UpdatedAt, Expr::value(origin.at))
            .owned_by(Column::ClientId);
        let written = self.write_sourced(origin, models.collect(), &merge).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    /// Writes goals.
    pub async fn upsert_goals(
        &self,
        origin: &Origin<'_>,
        rows: &[GoalRow],
    ) -> StoreResult<UpsertCount> {
        use goals::Column;
        let models = rows.iter().map(|row| goals::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            metric: Set(row.metric.to_string()),
            target: Set(row.target),
            currency: Set(row.currency.map(|currency| currency.to_string())),
            starts_on: Set(row.starts_on),
            ends_on: Set(row.ends_on),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::Metric, Column::Target, Column::Currency])
            .take([Column::StartsOn, Column::EndsOn])
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        Ok(self.write_sourced(origin, models.collect(), &merge).await?.count)
    }
}
