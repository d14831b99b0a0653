//! A small world with one of everything: two tenants whose rows have the same keys, so that a mix-up shows.
//!
//! What lives here: its rows, and by which keys a test finds their ids.
//! What does not: what the agent is to make of them; each test says that itself.

mod mail;
mod people;
mod trade;

use std::collections::HashMap;

use chrono::{NaiveTime, TimeDelta};
use domain::{
    action::{Actor, TenantMode},
    id::{ClientId, ContactId, TenantId},
    tenant::TenantSettings,
    time::{BusinessCalendar, Date, Timestamp},
};
use entity::{
    cases, clients, compliance_items, contacts, deals, messages, orders, products, quotes,
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, prelude::Uuid};
use store::{Scope, Store, import::Origin, tenant::NewTenant};

use crate::rig::{Rig, at};

pub use mail::ASKS;
pub use people::address_of;

/// A Tuesday morning in Berlin, within business hours.
pub const OPENING: &str = "2026-11-10T09:00:00Z";

/// The short names of both tenants.
pub const TENANTS: [&str; 2] = ["ahorn", "birke"];

/// The ids of one tenant's rows, by their keys.
#[derive(Clone)]
pub struct Town {
    /// Which tenant.
    pub tenant: TenantId,
    /// Its short name.
    pub slug: &'static str,
    pub clients: HashMap<String, Uuid>,
    pub contacts: HashMap<String, Uuid>,
    pub orders: HashMap<String, Uuid>,
    pub deals: HashMap<String, Uuid>,
    pub quotes: HashMap<String, Uuid>,
    pub items: HashMap<String, Uuid>,
    pub cases: HashMap<String, Uuid>,
    pub messages: HashMap<String, Uuid>,
    pub products: HashMap<String, Uuid>,
}

/// How a tenant of a town is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whether what leaves waits for a person.
    pub mode: TenantMode,
    /// What its operator has set.
    pub settings: TenantSettings,
    /// Where its own clock starts, if it lives on one.
    pub simulated_now: Option<Timestamp>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            mode: TenantMode::Autonomous,
            settings: TenantSettings::default(),
            simulated_now: None,
        }
    }
}

impl Town {
    /// Builds both tenants, of equal setup, at the moment of the rig's opening.
    pub async fn build_both(rig: &Rig, setup: &Setup) -> [Self; 2] {
        let [first, second] = TENANTS;
        [Self::build(rig, first, setup).await, Self::build(rig, second, setup).await]
    }

    /// Builds one tenant with one of everything.
    pub async fn build(rig: &Rig, slug: &'static str, setup: &Setup) -> Self {
        let store = &rig.test.store;
        let tenant = found(store, slug, setup).await;
        let actor = Actor::Cli("builder".to_owned());
        let origin = Origin { source: "import", actor: &actor, at: at(OPENING) };
        let work = store.begin(tenant).await.expect("a unit of work begins");
        let builder = Builder { scope: work.scope(), origin, slug };
        builder.clients().await;
        builder.contacts().await;
        builder.products().await;
        builder.orders().await;
        builder.deals().await;
        builder.quotes().await;
        builder.compliance().await;
        builder.cases().await;
        builder.messages().await;
        drop(builder);
        work.commit().await.expect("the town commits");
        Self::find(&rig.test.db, tenant, slug).await
    }

    async fn find(db: &DatabaseConnection, tenant: TenantId, slug: &'static str) -> Self {
        macro_rules! ids {
            ($table:ident, $key:ident) => {
                $table::Entity::find()
                    .filter($table::Column::TenantId.eq(tenant.uuid()))
                    .all(db)
                    .await
                    .expect("the rows can be read")
                    .into_iter()
                    .map(|row| (row.$key, row.id))
                    .collect()
            };
        }
        // Nine tables that differ in two words.
        Self {
            tenant,
            slug,
            clients: ids!(clients, external_id),
            contacts: ids!(contacts, external_id),
            orders: ids!(orders, external_id),
            deals: ids!(deals, external_id),
            quotes: ids!(quotes, external_id),
            items: ids!(compliance_items, external_id),
            cases: ids!(cases, external_id),
            messages: ids!(messages, provider_id),
            products: ids!(products, external_id),
        }
    }

    /// A contact by key.
    pub fn contact(&self, key: &str) -> ContactId {
        ContactId::from_uuid(self.contacts[key])
    }
}

/// A tenant without a single row.
pub async fn found(store: &Store, slug: &str, setup: &Setup) -> TenantId {
    let mut calendar = BusinessCalendar::weekdays(chrono_tz_berlin());
    calendar.holidays.insert(day("2026-12-25"));
    let new = NewTenant {
        slug: slug.to_owned(),
        name: format!("{} Supply", capital(slug)),
        sender_name: "Mara Lind".to_owned(),
        mode: setup.mode,
        currency: domain::money::Currency::parse("EUR").expect("EUR is a currency"),
        calendar,
        settings: setup.settings.clone(),
        simulated_now: setup.simulated_now,
    };
    store.system().create_tenant(new, at(OPENING)).await.expect("the tenant is new")
}

/// What writes one tenant's rows.
struct Builder<'a> {
    scope: Scope<'a>,
    origin: Origin<'a>,
    slug: &'static str,
}

impl Builder<'_> {
    async fn client(&self, key: &str) -> ClientId {
        let found = self.scope.client_ids(self.origin.source, &[key]).await;
        found.expect("clients can be looked up")[key]
    }

    async fn contact(&self, key: &str) -> ContactId {
        let found = self.scope.contact_ids(self.origin.source, &[key]).await;
        found.expect("contacts can be looked up")[key]
    }
}

/// The zone of both tenants.
fn chrono_tz_berlin() -> domain::time::Tz {
    "Europe/Berlin".parse().expect("it is a zone")
}

/// A day as ISO 8601 writes it.
pub fn day(text: &str) -> Date {
    text.parse().expect("the test writes a day")
}

/// So many days before the opening, at noon of Berlin.
pub fn noon_days_ago(days: i64) -> Timestamp {
    let date = at(OPENING).date_naive() - TimeDelta::days(days);
    let noon = NaiveTime::from_hms_opt(11, 0, 0).expect("eleven is an hour of the day");
    date.and_time(noon).and_utc()
}

fn capital(slug: &str) -> String {
    let (first, rest) = slug.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
