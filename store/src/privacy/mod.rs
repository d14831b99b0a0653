//! Everything about one person: found, handed out, erased.
//!
//! What does not live here: which columns may hold a person's words at all; a test of the schema holds that list.

mod erase;

use std::collections::{HashMap, HashSet};

use domain::{
    action::Actor,
    id::{ContactId, Id, MessageId},
    privacy::{PrivacyRequest, concerns},
    proposal::Payload,
    time::Timestamp,
};
use entity::{
    actions, contacts, engagement_touches as touches, message_readings as readings, messages,
    outbound_messages as letters, privacy_requests, suppressions, tasks,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::{Json, Uuid},
    sea_query::{Expr, LikeExpr},
};
use serde::Serialize;

use crate::{Scope, StoreResult, tenant::json};

/// Rows of one kind in a file that is handed out.
pub const FILE_ROWS_MAX: u64 = 10_000;
/// Ids in one statement.
const IDS_PER_STATEMENT: usize = 1_000;

/// A message in a person's file.
#[derive(Clone, Debug, FromQueryResult)]
pub struct FiledMessage {
    /// Which message.
    pub id: Uuid,
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
    /// To whom it went.
    pub to_addresses: Json,
    /// Its subject.
    pub subject: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When a cycle has considered it.
    pub handled_at: Option<Timestamp>,
    /// What its sender wrote, if it was read.
    pub body: Option<String>,
}

/// Everything about one person.
#[derive(Clone, Debug)]
pub struct PersonFile {
    /// Who they are.
    pub contact: contacts::Model,
    /// What they wrote, and what names them as a recipient.
    pub messages: Vec<FiledMessage>,
    /// What was written to them.
    pub letters: Vec<letters::Model>,
    /// What was proposed about them.
    pub actions: Vec<actions::Model>,
    /// What people were asked to do about them.
    pub tasks: Vec<tasks::Model>,
    /// When they were in touch.
    pub touches: Vec<touches::Model>,
    /// Why they are not written to, if so.
    pub suppression: Option<suppressions::Model>,
}

/// How much there was about a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonCounts {
    /// Messages that they wrote or that name them.
    pub messages: usize,
    /// Letters to them.
    pub letters: usize,
    /// Actions about them.
    pub actions: usize,
    /// Tasks about them.
    pub tasks: usize,
}

/// What came of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Nothing of theirs is left, but that they were there.
    Done(PersonCounts),
    /// A letter to them is leaving at this moment.
    Busy,
    /// A cycle is at work, which may be writing about them.
    AtWork,
    /// There is no such contact.
    Unknown,
}

impl PersonFile {
    /// How much there is in it.
    pub fn counts(&self) -> PersonCounts {
        PersonCounts {
            messages: self.messages.len(),
            letters: self.letters.len(),
            actions: self.actions.len(),
            tasks: self.tasks.len(),
        }
    }
}

impl Scope<'_> {
    /// Notes what was done about a person's data, and at whose wish.
    pub async fn insert_privacy_request(
        &self,
        kind: PrivacyRequest,
        contact: ContactId,
        counts: &PersonCounts,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        let id: Id<()> = self.new_id(now);
        let row = privacy_requests::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            kind: Set(kind.to_string()),
            contact_id: Set(contact.uuid()),
            requested_by: Set(actor.to_string()),
            counts: Set(json(counts)?),
            created_at: Set(now),
        };
        privacy_requests::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Everything about a person; at most so many rows of a kind, if there is a limit.
    pub async fn load_person_file(
        &self,
        id: ContactId,
        limit: Option<u64>,
    ) -> StoreResult<Option<PersonFile>> {
        let Some(contact) = self.find_record::<contacts::Model>(id.uuid()).await? else {
            return Ok(None);
        };
        let tenant = self.tenant.uuid();
        let messages = self.messages_of(&contact, limit).await?;
        let letters = letters::Entity::find()
            .filter(letters::Column::TenantId.eq(tenant))
            .filter(letters::Column::ContactId.eq(id.uuid()))
            .order_by_desc(letters::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let tasks = tasks::Entity::find()
            .filter(tasks::Column::TenantId.eq(tenant))
            .filter(tasks::Column::ContactId.eq(id.uuid()))
            .order_by_desc(tasks::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let touches = touches::Entity::find()
            .filter(touches::Column::TenantId.eq(tenant))
            .filter(touches::Column::ContactId.eq(id.uuid()))
            .order_by_desc(touches::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let suppression = suppressions::Entity::find()
            .filter(suppressions::Column::TenantId.eq(tenant))
            .filter(suppressions::Column::Address.eq(contact.email.clone().unwrap_or_default()))
            .one(&self.conn)
            .await?;
        let mut file = PersonFile {
            contact,
            messages,
            letters,
            actions: Vec::new(),
            tasks,
            touches,
            suppression,
        };
        file.actions = self.actions_about(&file).await?;
        Ok(Some(file))
    }

    async fn messages_of(
        &self,
        contact: &contacts::Model,
        limit: Option<u64>,
    ) -> StoreResult<Vec<FiledMessage>> {
        use messages::Column;
        let mut theirs = Condition::any().add(Column::ContactId.eq(contact.id));
        if let Some(email) = &contact.email {
            theirs = theirs.add(Column::FromAddress.eq(email.as_str()));
            // Rare enough to look at each of the tenant's messages.
            let quoted = serde_json::Value::from(email.as_str()).to_string();
            let among = LikeExpr::new(format!("%{}%", escaped(&quoted))).escape('\\');
            theirs = theirs.add(Expr::col(Column::ToAddresses).cast_as("text").like(among));
        }
        let mut rows = messages::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::ThreadId,
                Column::Direction,
                Column::ClientId,
                Column::ContactId,
                Column::FromName,
                Column::FromAddress,
                Column::ToAddresses,
                Column::Subject,
                Column::ReceivedAt,
                Column::HandledAt,
            ])
            .expr_as(Expr::value(None::<String>), "body")
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(theirs)
            .order_by_desc(Column::Id)
            .limit(limit)
            .into_model::<FiledMessage>()
            .all(&self.conn)
            .await?;
        for chunk in rows.chunks_mut(IDS_PER_STATEMENT) {
            let read: Vec<(Uuid, String)> = readings::Entity::find()
                .select_only()
                .columns([readings::Column::MessageId, readings::Column::Body])
                .filter(readings::Column::TenantId.eq(self.tenant.uuid()))
                .filter(readings::Column::MessageId.is_in(chunk.iter().map(|it| it.id)))
                .into_tuple()
                .all(&self.conn)
                .await?;
            let mut bodies: HashMap<Uuid, String> = read.into_iter().collect();
            for row in chunk {
                row.body = bodies.remove(&row.id);
            }
        }
        Ok(rows)
    }

    /// Actions that are about a person, belong to a letter to them, or answer to what they wrote; at whichever client
    /// they were at the time.
    async fn actions_about(&self, file: &PersonFile) -> StoreResult<Vec<actions::Model>> {
        use actions::Column;
        let contact = ContactId::from_uuid(file.contact.id);
        let written: Vec<MessageId> =
            file.messages.iter().map(|it| MessageId::from_uuid(it.id)).collect();
        let of_letters = file.letters.iter().map(|it| it.action_id);
        let of_theirs: HashSet<Uuid> =
            of_letters.chain(file.tasks.iter().map(|it| it.action_id)).collect();
        let clients: HashSet<Uuid> = [file.contact.client_id]
            .into_iter()
            .chain(file.messages.iter().filter_map(|it| it.client_id))
            .chain(file.letters.iter().map(|it| it.client_id))
            .chain(file.tasks.iter().map(|it| it.client_id))
            .collect();
        // A wish may name them that nobody has acted on, at a client that they have left since.
        let named = LikeExpr::new(format!("%{}%", file.contact.id));
        let near = Condition::any()
            .add(Expr::col(Column::Payload).cast_as("text").like(named))
            .add(Column::ClientId.is_in(clients))
            .add(Column::SubjectId.eq(file.contact.id));
        let mut rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(near)
            .order_by_desc(Column::Id)
            .all(&self.conn)
            .await?;
        rows.retain(|row| {
            let payload = serde_json::from_value::<Payload>(row.payload.clone());
            row.subject_id == file.contact.id
                || of_theirs.contains(&row.id)
                || payload.is_ok_and(|it| concerns(&it, contact, &written))
        });
        let known: HashSet<Uuid> = rows.iter().map(|it| it.id).collect();
        let missing: Vec<Uuid> = of_theirs.difference(&known).copied().collect();
        for chunk in missing.chunks(IDS_PER_STATEMENT) {
            let more = actions::Entity::find()
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(chunk.iter().copied()));
            rows.extend(more.all(&self.conn).await?);
        }
        Ok(rows)
    }
}

/// Text as it is looked for with LIKE.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
