//! Tenants: who Steward works for.

use domain::{
    action::TenantMode,
    id::TenantId,
    money::Currency,
    tenant::TenantSettings,
    time::{BusinessCalendar, Clock, Timestamp},
};
use entity::tenants;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};

use crate::{
    Scope, StoreError, StoreResult, Transition, UnitOfWork, error::unreadable, system::System,
};

/// A tenant with everything that decisions need to know of it.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name, unique.
    pub slug: String,
    /// Its name in letters.
    pub name: String,
    /// The name under letters.
    pub sender_name: String,
    /// Whether what leaves waits for a person.
    pub mode: TenantMode,
    /// The currency of its goals and of bands of value.
    pub currency: Currency,
    /// When it does business.
    pub calendar: BusinessCalendar,
    /// What its operator has set.
    pub settings: TenantSettings,
    /// Its own stored clock, if it lives on one: the demo does.
    pub simulated_now: Option<Timestamp>,
}

impl Tenant {
    /// The tenant's present: its own stored clock if it has one.
    pub fn now(&self, clock: &dyn Clock) -> Timestamp {
        self.simulated_now.unwrap_or_else(|| clock.now())
    }

    /// Whether this tenant is a simulation, in which a letter to a file counts as a touch.
    pub fn is_simulated(&self) -> bool {
        self.simulated_now.is_some()
    }

    fn from_row(row: tenants::Model) -> StoreResult<Self> {
        Ok(Self {
            id: TenantId::from_uuid(row.id),
            mode: row.mode.parse().map_err(unreadable("tenants.mode"))?,
            currency: Currency::parse(&row.currency).map_err(unreadable("tenants.currency"))?,
            calendar: serde_json::from_value(row.calendar)
                .map_err(unreadable("tenants.calendar"))?,
            settings: serde_json::from_value(row.settings)
                .map_err(unreadable("tenants.settings"))?,
            slug: row.slug,
            name: row.name,
            sender_name: row.sender_name,
            simulated_now: row.simulated_now,
        })
    }
}

/// What is needed to make a tenant.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Short name, unique.
    pub slug: String,
    /// Name in letters.
    pub name: String,
    /// The name under letters.
    pub sender_name: String,
    /// How it starts; approval unless somebody knows better.
    pub mode: TenantMode,
    /// ISO 4217.
    pub currency: Currency,
    /// When it does business.
    pub calendar: BusinessCalendar,
    /// What its operator has set.
    pub settings: TenantSettings,
    /// Where its own clock starts, if it lives on one.
    pub simulated_now: Option<Timestamp>,
}

/// What an owner may change of a tenant.
#[derive(Clone, Debug)]
pub struct TenantChange {
    /// Name in letters.
    pub name: String,
    /// The name under letters.
    pub sender_name: String,
    /// When it does business.
    pub calendar: BusinessCalendar,
    /// What its operator has set.
    pub settings: TenantSettings,
}

impl<'s> System<'s> {
    /// Makes a tenant. Errors with [`StoreError::AlreadyExists`] when the short name is taken.
    pub async fn create_tenant(&self, new: NewTenant, now: Timestamp) -> StoreResult<TenantId> {
        let work = self.begin_tenant(new, now).await?;
        let id = work.scope().tenant_id();
        work.commit().await?;
        Ok(id)
    }

    /// Makes a tenant, and what comes with it in the same unit of work: its first key.
    pub async fn begin_tenant(
        &self,
        new: NewTenant,
        now: Timestamp,
    ) -> StoreResult<UnitOfWork<'s>> {
        let id: TenantId = self.store.ids().next(now);
        let row = tenants::ActiveModel {
            id: Set(id.uuid()),
            slug: Set(new.slug.clone()),
            name: Set(new.name),
            mode: Set(new.mode.to_string()),
            currency: Set(new.currency.to_string()),
            calendar: Set(json(&new.calendar)?),
            settings: Set(json(&new.settings)?),
            sender_name: Set(new.sender_name),
            simulated_now: Set(new.simulated_now),
            deleted_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let work = self.store.begin(id).await?;
        let made = tenants::Entity::insert(row).exec_without_returning(&work.scope().conn).await;
        match made.map_err(StoreError::from) {
            Ok(_) => Ok(work),
            Err(StoreError::AlreadyExists(_)) => {
                Err(StoreError::AlreadyExists(format!("a tenant named `{}`", new.slug)))
            }
            Err(error) => Err(error),
        }
    }

    /// The tenant with this short name or id.
    pub async fn find_tenant(&self, slug_or_id: &str) -> StoreResult<Option<Tenant>> {
        let mut query = tenants::Entity::find();
        query = match slug_or_id.parse::<TenantId>() {
            Ok(id) => query.filter(tenants::Column::Id.eq(id.uuid())),
            Err(_) => query.filter(tenants::Column::Slug.eq(slug_or_id)),
        };
        let query = query.filter(tenants::Column::DeletedAt.is_null());
        query.one(self.store.db()).await?.map(Tenant::from_row).transpose()
    }

    /// The tenant with this short name or id, or a clear error.
    pub async fn require_tenant(&self, slug_or_id: &str) -> StoreResult<Tenant> {
        let found = self.find_tenant(slug_or_id).await?;
        found.ok_or_else(|| StoreError::UnknownTenant(slug_or_id.chars().take(60).collect()))
    }

    /// Every tenant, by short name. One whose row cannot be read is left out and told of: it keeps nobody else waiting.
    pub async fn list_tenants(&self) -> StoreResult<Vec<Tenant>> {
        let rows = tenants::Entity::find()
            .filter(tenants::Column::DeletedAt.is_null())
            .order_by_asc(tenants::Column::Slug)
            .all(self.store.db())
            .await?;
        let mut tenants = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            match Tenant::from_row(row) {
                Ok(tenant) => tenants.push(tenant),
                Err(error) => tracing::error!(tenant = %id, %error, "a tenant that cannot be read"),
            }
        }
        Ok(tenants)
    }
}

impl Scope<'_> {
    /// The tenant itself.
    pub async fn get_tenant(&self) -> StoreResult<Tenant> {
        let row = tenants::Entity::find_by_id(self.tenant.uuid()).one(&self.conn).await?;
        // One that is being deleted is there for nobody.
        let row = row.filter(|it| it.deleted_at.is_none());
        let row = row.ok_or_else(|| StoreError::UnknownTenant(self.tenant.to_string()))?;
        Tenant::from_row(row)
    }

    /// The tenant itself, which nobody else changes until this unit of work ends.
    pub async fn get_tenant_to_change(&self) -> StoreResult<Tenant> {
        tenants::Entity::find_by_id(self.tenant.uuid())
            .lock(LockType::NoKeyUpdate)
            .one(&self.conn)
            .await?;
        self.get_tenant().await
    }

    /// Sets whether what leaves waits for a person.
    pub async fn mark_mode(&self, mode: TenantMode, now: Timestamp) -> StoreResult<Transition> {
        let changed = tenants::Entity::update_many()
            .col_expr(tenants::Column::Mode, Expr::value(mode.as_str()))
            .col_expr(tenants::Column::UpdatedAt, Expr::value(now))
            .filter(tenants::Column::Id.eq(self.tenant.uuid()))
            .filter(tenants::Column::Mode.ne(mode.as_str()))
            .exec(&self.conn)
            .await?;
        Ok(if changed.rows_affected == 1 { Transition::Moved } else { Transition::AlreadyThere })
    }

    /// Changes what an owner may change of a tenant.
    pub async fn mark_tenant_changed(
        &self,
        change: &TenantChange,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use tenants::Column;
        let changed = tenants::Entity::update_many()
            .col_expr(Column::Name, Expr::value(change.name.as_str()))
            .col_expr(Column::SenderName, Expr::value(change.sender_name.as_str()))
            .col_expr(Column::Calendar, Expr::value(json(&change.calendar)?))
            .col_expr(Column::Settings, Expr::value(json(&change.settings)?))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::Id.eq(self.tenant.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(if changed.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Moves a simulated tenant's own clock on; never back.
    pub async fn mark_simulated_now(&self, to: Timestamp) -> StoreResult<Transition> {
        let changed = tenants::Entity::update_many()
            .col_expr(tenants::Column::SimulatedNow, Expr::value(Some(to)))
            .filter(tenants::Column::Id.eq(self.tenant.uuid()))
            .filter(tenants::Column::SimulatedNow.lt(to))
            .exec(&self.conn)
            .await?;
        Ok(if changed.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> StoreResult<serde_json::Value> {
    serde_json::to_value(value).map_err(unreadable("value to store"))
}
