//! Clients, their people, and the addresses that must not be written to.

use std::collections::HashSet;

use domain::{
    id::ClientId,
    money::Score,
    record::ClockOwner,
    time::{Date, Timestamp},
};
use entity::{clients, contacts, engagement_clocks, suppressions};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, prelude::Uuid,
    sea_query::Expr,
};

use super::{
    Origin, UpsertCount,
    bulk::{Merge, PARAMETERS_MAX, Written, WrittenRow},
};
use crate::{Scope, StoreResult};

/// The epoch that a touch was last proposed in, before the first proposal: one that no clock has.
const NEVER_FIRED: i32 = -1;

/// A company, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// Its key in the source.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a customer at present.
    pub is_active: bool,
    /// The source's word for what kind of client it is.
    pub client_type: Option<String>,
    /// Country, as the source writes it.
    pub country: Option<String>,
    /// Its mail domain, in lower case.
    pub domain: Option<String>,
    /// What it is worth in a year, in minor units of the tenant's currency.
    pub annual_value_minor: Option<i64>,
    /// How likely it is to be lost, from 0 to 100 points, if the source knows better than its orders tell.
    pub churn_risk: Option<Score>,
    /// Since when it has been a client.
    pub known_since: Option<Date>,
}

/// A person at a client, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Their key in the source.
    pub external_id: String,
    /// Where they work.
    pub client: ClientId,
    /// Their name.
    pub name: Option<String>,
    /// Their title, as it would stand on a card.
    pub title: Option<String>,
    /// What they decide about, in the source's words.
    pub role: Option<String>,
    /// Their address, trimmed and in lower case.
    pub email: Option<String>,
    /// Their telephone number, as the source writes it.
    pub phone: Option<String>,
    /// Since when they have been known.
    pub known_since: Option<Date>,
    /// Whether they still work there.
    pub is_active: bool,
}

/// An address that must not be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionRow {
    /// The address, trimmed and in lower case.
    pub address: String,
    /// Why.
    pub reason: String,
}

impl Scope<'_> {
    /// Writes clients, and for each new one its clock, due since ever.
    pub async fn upsert_clients(
        &self,
        origin: &Origin<'_>,
        rows: &[ClientRow],
    ) -> StoreResult<UpsertCount> {
        use clients::Column;
        let models = rows.iter().map(|row| clients::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            name: Set(row.name.clone()),
            is_active: Set(row.is_active),
            client_type: Set(row.client_type.clone()),
            country: Set(row.country.clone()),
            domain: Set(row.domain.clone()),
            annual_value_minor: Set(row.annual_value_minor),
            churn_risk: Set(row.churn_risk.map(|risk| risk.0)),
            known_since: Set(row.known_since),
            standing_at: Set(None),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::Name, Column::IsActive, Column::ClientType, Column::Country])
            .take([Column::Domain, Column::AnnualValueMinor, Column::ChurnRisk, Column::KnownSince])
            .renew(Column::StandingAt, Expr::value(None::<Timestamp>))
            .renew(Column::UpdatedAt, Expr::value(origin.at))
            .owned_by(Column::Id);
        let written = self.write_sourced(origin, models.collect(), &merge).await?;
        self.start_clocks(origin, ClockOwner::Account, &written).await?;
        Ok(written.count)
    }

    /// Writes contacts, and for each new one its clock, due since ever.
    pub async fn upsert_contacts(
        &self,
        origin: &Origin<'_>,
        rows: &[ContactRow],
    ) -> StoreResult<UpsertCount> {
        use contacts::Column;
        let models = rows.iter().map(|row| contacts::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            client_id: Set(row.client.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            name: Set(row.name.clone()),
            title: Set(row.title.clone()),
            role: Set(row.role.clone()),
            email: Set(row.email.clone()),
            phone: Set(row.phone.clone()),
            known_since: Set(row.known_since),
            is_active: Set(row.is_active),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::ClientId, Column::Name, Column::Title, Column::Role, Column::Email])
            .take([Column::Phone, Column::KnownSince, Column::IsActive])
            .renew(Column::UpdatedAt, Expr::value(origin.at))
            .owned_by(Column::ClientId);
        let written = self.write_sourced(origin, models.collect(), &merge).await?;
        if self.has_erased().await? {
            let addresses: Vec<&str> = rows.iter().filter_map(|it| it.email.as_deref()).collect();
            self.renew_erased(&addresses, origin.at).await?;
        }
        self.start_clocks(origin, ClockOwner::Contact, &written).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    /// Writes addresses that must not be written to; one that is known keeps the reason it had.
    pub async fn upsert_suppressions(
        &self,
        origin: &Origin<'_>,
        rows: &[SuppressionRow],
    ) -> StoreResult<UpsertCount> {
        use suppressions::Column;
        let mut seen = HashSet::new();
        let distinct = rows.iter().filter(|row| seen.insert(row.address.as_str()));
        let models: Vec<_> = distinct
            .map(|row| suppressions::ActiveModel {
                id: Set(self.ids.next_uuid(origin.at)),
                tenant_id: Set(self.tenant.uuid()),
                address: Set(row.address.clone()),
                reason: Set(row.reason.clone()),
                since: Set(origin.at),
                created_by: Set(origin.actor.to_string()),
            })
            .collect();
        let merge = Merge::on([Column::TenantId, Column::Address]).telling(Column::Address);
        let written = self.write_many(models, &merge).await?;
        let new: Vec<&str> = written.inserted.iter().map(|row| row.key.as_str()).collect();
        self.clear_standing(self.clients_of_addresses(&new).await?).await?;
        Ok(written.count)
    }

    /// The clients whose people have these addresses: whom to reach there is a question again.
    async fn clients_of_addresses(&self, addresses: &[&str]) -> StoreResult<HashSet<Uuid>> {
        use contacts::Column;
        let mut found = HashSet::new();
        for chunk in addresses.chunks(PARAMETERS_MAX) {
            let clients: Vec<Uuid> = contacts::Entity::find()
                .select_only()
                .column(Column::ClientId)
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Email.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(&self.conn)
                .await?;
            found.extend(clients);
        }
        Ok(found)
    }

    /// Makes the clocks of new rows, and moves the clock of a person who changed companies.
    async fn start_clocks(
        &self,
        origin: &Origin<'_>,
        owner: ClockOwner,
        written: &Written,
    ) -> StoreResult<()> {
        use engagement_clocks::Column;
        let clock = |row| self.clock(origin, owner, row);
        let mut new: Vec<_> = written.inserted.iter().map(clock).collect();
        self.insert_in_order(&mut new).await?;
        let merge = Merge::on([Column::TenantId, Column::EntityType, Column::EntityId])
            .take([Column::ClientId])
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        self.write_many(written.updated.iter().map(clock).collect(), &merge).await?;
        Ok(())
    }

    fn clock(
        &self,
        origin: &Origin<'_>,
        owner: ClockOwner,
        row: &WrittenRow,
    ) -> engagement_clocks::ActiveModel {
        engagement_clocks::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            entity_type: Set(owner.to_string()),
            entity_id: Set(row.id),
            entity_key: Set(row.key.clone()),
            client_id: Set(row.owner),
            next_touch_due: Set(domain::engagement::due_since_ever()),
            touch_count_30d: Set(0),
            priority_score: Set(0),
            standing_points: Set(0),
            epoch: Set(0),
            fired_epoch: Set(NEVER_FIRED),
            is_open: Set(true),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
            // Nobody was touched and nothing rests: the other columns are empty, and not even sent.
            ..Default::default()
        }
    }

    /// Has the next plan work out anew how much these clients matter.
    pub(crate) async fn clear_standing(&self, stale: HashSet<Uuid>) -> StoreResult<()> {
        use clients::Column;
        let stale: Vec<Uuid> = stale.into_iter().collect();
        for chunk in stale.chunks(PARAMETERS_MAX) {
            clients::Entity::update_many()
                .col_expr(Column::StandingAt, Expr::value(None::<Timestamp>))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(chunk.iter().copied()))
                .filter(Column::StandingAt.is_not_null())
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }
}
