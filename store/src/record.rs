//! Rows as they stand, looked up and listed: what the API shows.
//!
//! What lives here: finding a row by its id or its key, and pages of rows in an order that an index has.
//! What does not: how a row is shown, which is the API's, and anything that changes one.

use std::str::FromStr;

use domain::time::{Date, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, Value},
};

use crate::{Scope, StoreError, StoreResult};

pub use entity::{
    actions::Model as Action, agent_autonomous_runs::Model as Run,
    agent_policy_violations::Model as Violation, cases::Model as Case, clients::Model as Client,
    compliance_items::Model as ComplianceItem, contacts::Model as Contact,
    credit_profiles::Model as CreditProfile, deals::Model as Deal, decisions::Model as Decision,
    goals::Model as Goal, imports::Model as Import, order_exceptions::Model as OrderException,
    order_lines::Model as OrderLine, orders::Model as Order, price_book_entries::Model as Price,
    privacy_requests::Model as PrivacyNote, products::Model as Product, quotes::Model as Quote,
    requirements::Model as Requirement, tasks::Model as Task,
};

/// A value that rows are compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Text, compared byte by byte.
    Text(String),
    /// An id.
    Id(Uuid),
    /// A day.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl From<Fact> for Value {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::Text(text) => text.into(),
            Fact::Id(id) => id.into(),
            Fact::Day(day) => day.into(),
            Fact::Moment(at) => at.into(),
            Fact::Number(number) => number.into(),
            Fact::Flag(flag) => flag.into(),
        }
    }
}

/// How a row's value is to stand to a given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is the same.
    Is,
    /// It is the same or more.
    AtLeast,
    /// It is the same or less.
    AtMost,
}

/// One condition of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The column's name.
    pub column: &'static str,
    /// How it is to stand …
    pub test: Test,
    /// … to this.
    pub value: Fact,
}

/// A page of rows.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the rows have to meet, all of it.
    pub filters: Vec<Filter>,
    /// The column that they are sorted by, one that is never empty; ties are broken by id, the same way round.
    pub sort: &'static str,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// The page begins after this row: its sorted value and its id.
    pub after: Option<(Fact, Uuid)>,
    /// Rows at most.
    pub limit: u64,
}

/// A row that has a place in a list.
pub trait Placed {
    /// What a column of it holds; `None` for nothing, for documents, and for a column that there is not.
    fn fact(&self, column: &str) -> Option<Fact>;

    /// Its id.
    fn id(&self) -> Uuid {
        match self.fact(ID) {
            Some(Fact::Id(id)) => id,
            _ => Uuid::nil(),
        }
    }

    /// The text in a column; nothing if it holds none.
    fn text(&self, column: &str) -> String {
        match self.fact(column) {
            Some(Fact::Text(text)) => text,
            _ => String::new(),
        }
    }
}

/// A whole row of a table that has a tenant and an id.
pub trait Record:
    Placed + ModelTrait<Entity: EntityTrait<Model = Self>> + FromQueryResult + Send + Sync + Sized
{
}

impl<M> Record for M where
    M: ModelTrait<Entity: EntityTrait<Model = M>> + FromQueryResult + Send + Sync
{
}

/// A message without its body and raw bytes, as it is shown among others.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MessageHead {
    /// Which message.
    pub id: Uuid,
    /// In which mailbox.
    pub mailbox_id: Uuid,
    /// In which conversation.
    pub thread_id: Uuid,
    /// Which way it went.
    pub direction: String,
    /// With which client.
    pub client_id: Option<Uuid>,
    /// With which person.
    pub contact_id: Option<Uuid>,
    /// The name that its sender gave.
    pub from_name: Option<String>,
    /// The address that its sender gave.
    pub from_address: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When a cycle has considered it.
    pub handled_at: Option<Timestamp>,
}

impl Placed for MessageHead {
    fn fact(&self, column: &str) -> Option<Fact> {
        match column {
            ID => Some(Fact::Id(self.id)),
            "received_at" => Some(Fact::Moment(self.received_at)),
            _ => None,
        }
    }
}

impl<M> Placed for M
where
    M: ModelTrait<Entity: EntityTrait<Model = M>> + FromQueryResult + Send + Sync,
{
    fn fact(&self, column: &str) -> Option<Fact> {
        let column = <M::Entity as EntityTrait>::Column::from_str(column).ok()?;
        match self.get(column) {
            Value::String(text) => text.map(|it| Fact::Text(it.to_string())),
            Value::Uuid(id) => id.map(Fact::Id),
            Value::ChronoDate(day) => day.map(Fact::Day),
            Value::ChronoDateTimeUtc(at) => at.map(Fact::Moment),
            Value::Int(number) => number.map(|it| Fact::Number(it.into())),
            Value::BigInt(number) => number.map(Fact::Number),
            Value::Bool(flag) => flag.map(Fact::Flag),
            _ => None,
        }
    }
}

/// Ids in one statement.
const IDS_PER_STATEMENT: usize = 1_000;
/// The columns that every listed table has.
const TENANT: &str = "tenant_id";
const ID: &str = "id";

impl Scope<'_> {
    /// A row of this tenant, if there is one with this id.
    pub async fn find_record<M>(&self, id: Uuid) -> StoreResult<Option<M>>
    where
        M: Record,
    {
        Ok(self.record_query::<M>(id)?.one(&self.conn).await?)
    }

    /// The same, kept from changing until this unit of work ends.
    pub async fn find_record_to_change<M>(&self, id: Uuid) -> StoreResult<Option<M>>
    where
        M: Record,
    {
        // SQLite has one writer at a time, and a unit of work is one from its beginning.
        Ok(self.record_query::<M>(id)?.lock_exclusive().one(&self.conn).await?)
    }

    /// The rows of this tenant among these ids, in no order.
    pub async fn find_records<M>(&self, ids: &[Uuid]) -> StoreResult<Vec<M>>
    where
        M: Record,
    {
        let (tenant, key) = (column::<M::Entity>(TENANT)?, column::<M::Entity>(ID)?);
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let query = M::Entity::find().filter(tenant.eq(self.tenant.uuid()));
            found.extend(query.filter(key.is_in(chunk.iter().copied())).all(&self.conn).await?);
        }
        Ok(found)
    }

    fn record_query<M>(&self, id: Uuid) -> StoreResult<sea_orm::Select<M::Entity>>
    where
        M: Record,
    {
        let (tenant, key) = (column::<M::Entity>(TENANT)?, column::<M::Entity>(ID)?);
        let query = M::Entity::find().filter(tenant.eq(self.tenant.uuid()));
        Ok(query.filter(key.eq(id)))
    }

    /// A row by its key in the system that it came from.
    pub async fn find_record_of_source<M>(
        &self,
        source: &str,
        external_id: &str,
    ) -> StoreResult<Option<M>>
    where
        M: Record,
    {
        let tenant = column::<M::Entity>(TENANT)?;
        let (of, key) = (column::<M::Entity>("source")?, column::<M::Entity>("external_id")?);
        let query = M::Entity::find().filter(tenant.eq(self.tenant.uuid()));
        Ok(query.filter(of.eq(source)).filter(key.eq(external_id)).one(&self.conn).await?)
    }

    /// A page of rows, one more than the page holds if there are more.
    pub async fn list_records<M>(&self, page: &Page) -> StoreResult<Vec<M>>
    where
        M: Record,
    {
        Ok(self.page_query::<M::Entity>(page)?.all(&self.conn).await?)
    }

    /// A page of messages, without their bodies.
    pub async fn list_message_heads(&self, page: &Page) -> StoreResult<Vec<MessageHead>> {
        use entity::messages::{Column, Entity};
        let query = self.page_query::<Entity>(page)?.select_only();
        let query = query
            .columns([Column::Id, Column::MailboxId, Column::ThreadId, Column::Direction])
            .columns([Column::ClientId, Column::ContactId, Column::FromName, Column::FromAddress])
            .columns([Column::Subject, Column::ReceivedAt, Column::HandledAt]);
        Ok(query.into_model::<MessageHead>().all(&self.conn).await?)
    }

    fn page_query<E: EntityTrait>(&self, page: &Page) -> StoreResult<sea_orm::Select<E>> {
        let (tenant, id) = (column::<E>(TENANT)?, column::<E>(ID)?);
        let sort = column::<E>(page.sort)?;
        let mut query = E::find().filter(tenant.eq(self.tenant.uuid()));
        for filter in &page.filters {
            let of = column::<E>(filter.column)?;
            let value = Value::from(filter.value.clone());
            query = query.filter(match filter.test {
                Test::Is => of.eq(value),
                Test::AtLeast => of.gte(value),
                Test::AtMost => of.lte(value),
            });
        }
        if let Some((value, last)) = &page.after {
            query = query.filter(self.after::<E>(page, sort, value.clone(), id, *last));
        }
        let order = if page.descending { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
        query = query.order_by(sort, order.clone());
        if page.sort != ID {
            query = query.order_by(id, order);
        }
        Ok(query.limit(page.limit.saturating_add(1)))
    }

    /// Behind a row, by value and then by id, as one comparison that an index can answer.
    fn after<E: EntityTrait>(
        &self,
        page: &Page,
        sort: E::Column,
        value: Fact,
        id: E::Column,
        last: Uuid,
    ) -> Condition {
        if page.sort == ID {
            let behind = if page.descending { id.lt(last) } else { id.gt(last) };
            return Condition::all().add(behind);
        }
        let here = Expr::tuple([Expr::col(sort), Expr::col(id)]);
        let there = Expr::tuple([Expr::val(Value::from(value)), Expr::val(last)]);
        let behind = if page.descending {
            sea_orm::ExprTrait::lt(here, there)
        } else {
            sea_orm::ExprTrait::gt(here, there)
        };
        Condition::all().add(behind)
    }
}

fn column<E: EntityTrait>(name: &'static str) -> StoreResult<E::Column> {
    E::Column::from_str(name).map_err(|_| StoreError::Invalid {
        field: name,
        because: "is no column of these rows".to_owned(),
    })
}
