//! Everything about one person: found, handed out, erased.
//!
//! What does not live here: which columns may hold a person's words at all; a test of the schema holds that list.

use std::collections::HashSet;

use domain::{
    action::{ActionStatus, Actor},
    id::{ContactId, Id, MessageId},
    privacy::{ERASED_ADDRESS, PrivacyRequest, concerns, erased_address},
    proposal::{Justification, Payload},
    record::ClockOwner,
    time::Timestamp,
};
use entity::{
    actions, contacts, engagement_clocks as clocks, engagement_touches as touches, memories,
    message_readings as readings, messages, outbound_messages as letters, privacy_requests,
    suppressions, tasks, threads,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::{Json, Uuid},
    sea_query::Expr,
};
use serde::Serialize;

use crate::{Scope, StoreResult, tenant::json};

/// Rows of one kind in a person's file.
pub const FILE_ROWS_MAX: u64 = 10_000;
/// Ids in one statement.
const IDS_PER_STATEMENT: usize = 1_000;

/// A message in a person's file.
#[derive(Clone, Debug)]
pub struct FiledMessage {
    /// The message.
    pub message: messages::Model,
    /// What its sender wrote, if it was read.
    pub body: Option<String>,
}

/// Everything about one person; each list has at most [`FILE_ROWS_MAX`] rows.
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

    /// Everything about a person.
    pub async fn load_person_file(&self, id: ContactId) -> StoreResult<Option<PersonFile>> {
        let Some(contact) = self.find_record::<contacts::Model>(id.uuid()).await? else {
            return Ok(None);
        };
        let messages = self.messages_of(&contact).await?;
        let written = messages.iter().map(|it| MessageId::from_uuid(it.message.id)).collect();
        let letters = letters::Entity::find()
            .filter(letters::Column::TenantId.eq(self.tenant.uuid()))
            .filter(letters::Column::ContactId.eq(id.uuid()))
            .order_by_desc(letters::Column::Id)
            .limit(FILE_ROWS_MAX)
            .all(&self.conn)
            .await?;
        let tasks = tasks::Entity::find()
            .filter(tasks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(tasks::Column::ContactId.eq(id.uuid()))
            .order_by_desc(tasks::Column::Id)
            .limit(FILE_ROWS_MAX)
            .all(&self.conn)
            .await?;
        let touches = touches::Entity::find()
            .filter(touches::Column::TenantId.eq(self.tenant.uuid()))
            .filter(touches::Column::ContactId.eq(id.uuid()))
            .order_by_desc(touches::Column::Id)
            .limit(FILE_ROWS_MAX)
            .all(&self.conn)
            .await?;
        let suppression = suppressions::Entity::find()
            .filter(suppressions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(suppressions::Column::Address.eq(contact.email.clone().unwrap_or_default()))
            .one(&self.conn)
            .await?;
        let of_theirs: HashSet<Uuid> = letters
            .iter()
            .map(|it| it.action_id)
            .chain(tasks.iter().map(|it| it.action_id))
            .collect();
        let actions = self.actions_about(&contact, written, &of_theirs).await?;
        Ok(Some(PersonFile { contact, messages, letters, actions, tasks, touches, suppression }))
    }

    async fn messages_of(&self, contact: &contacts::Model) -> StoreResult<Vec<FiledMessage>> {
        use messages::Column;
        let mut theirs = Condition::any().add(Column::ContactId.eq(contact.id));
        if let Some(email) = &contact.email {
            theirs = theirs.add(Column::FromAddress.eq(email.as_str()));
            // Rare enough to look at each of the tenant's messages.
            let among =
                format!("%{}%", escaped(&serde_json::Value::from(email.as_str()).to_string()));
            let recipients = Expr::col(Column::ToAddresses).cast_as("text");
            theirs =
                theirs.add(recipients.like(sea_orm::sea_query::LikeExpr::new(among).escape('\\')));
        }
        let rows = messages::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(theirs)
            .order_by_desc(Column::Id)
            .limit(FILE_ROWS_MAX)
            .all(&self.conn)
            .await?;
        let mut filed = Vec::with_capacity(rows.len());
        for message in rows {
            let body: Option<String> = readings::Entity::find()
                .select_only()
                .column(readings::Column::Body)
                .filter(readings::Column::TenantId.eq(self.tenant.uuid()))
                .filter(readings::Column::MessageId.eq(message.id))
                .into_tuple()
                .one(&self.conn)
                .await?;
            filed.push(FiledMessage { message, body });
        }
        Ok(filed)
    }

    /// Actions that are about a person, belong to a letter to them, or answer to what they wrote.
    async fn actions_about(
        &self,
        contact: &contacts::Model,
        written: Vec<MessageId>,
        of_theirs: &HashSet<Uuid>,
    ) -> StoreResult<Vec<actions::Model>> {
        use actions::Column;
        let near = Condition::any()
            .add(Column::ClientId.eq(contact.client_id))
            .add(Column::SubjectId.eq(contact.id));
        let mut rows = actions::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(near)
            .order_by_desc(Column::Id)
            .all(&self.conn)
            .await?;
        let id = ContactId::from_uuid(contact.id);
        rows.retain(|row| {
            let payload = serde_json::from_value::<Payload>(row.payload.clone());
            row.subject_id == contact.id
                || of_theirs.contains(&row.id)
                || payload.is_ok_and(|it| concerns(&it, id, &written))
        });
        Ok(rows)
    }

    /// Erases a person: what they are called and wrote, and what was written to them. The record of what was done
    /// stays, with ids and hashes.
    pub async fn mark_person_erased(&self, id: ContactId, now: Timestamp) -> StoreResult<Erased> {
        let Some(file) = self.load_person_file(id).await? else { return Ok(Erased::Unknown) };
        let executing = ActionStatus::Executing.as_str();
        if file.actions.iter().any(|it| it.status == executing) {
            return Ok(Erased::Busy);
        }
        let counts = file.counts();
        self.erase_messages(&file, now).await?;
        let ids: Vec<Uuid> = file.letters.iter().map(|it| it.id).collect();
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            use letters::Column;
            letters::Entity::update_many()
                .col_expr(Column::ToAddress, Expr::value(""))
                .col_expr(Column::Subject, Expr::value(""))
                .col_expr(Column::Body, Expr::value(""))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(chunk.iter().copied()))
                .exec(&self.conn)
                .await?;
        }
        self.erase_actions(&file, now).await?;
        self.erase_address(&file, now).await?;
        self.erase_contact(&file.contact, now).await?;
        self.expire_import_words(now).await?;
        Ok(Erased::Done(counts))
    }

    async fn erase_messages(&self, file: &PersonFile, now: Timestamp) -> StoreResult<()> {
        use messages::Column;
        let email = file.contact.email.as_deref();
        for FiledMessage { message, .. } in &file.messages {
            let is_theirs = message.contact_id == Some(file.contact.id)
                || (email.is_some() && message.from_address.as_deref() == email);
            let mut change = messages::Entity::update_many()
                .col_expr(Column::Raw, Expr::value(Vec::<u8>::new()))
                .col_expr(Column::HandledAt, Expr::value(Some(message.handled_at.unwrap_or(now))));
            if is_theirs {
                let none = Expr::value(None::<String>);
                change = change
                    .col_expr(Column::FromName, none.clone())
                    .col_expr(Column::FromAddress, none.clone())
                    .col_expr(Column::Subject, none.clone())
                    .col_expr(Column::RfcMessageId, none)
                    .col_expr(Column::ToAddresses, Expr::value(Json::Array(Vec::new())));
                readings::Entity::update_many()
                    .col_expr(readings::Column::Body, Expr::value(""))
                    .filter(readings::Column::TenantId.eq(self.tenant.uuid()))
                    .filter(readings::Column::MessageId.eq(message.id))
                    .exec(&self.conn)
                    .await?;
                let thread = threads::Column::ProviderId;
                threads::Entity::update_many()
                    .col_expr(thread, Expr::value(format!("erased:{}", message.thread_id)))
                    .filter(threads::Column::TenantId.eq(self.tenant.uuid()))
                    .filter(threads::Column::Id.eq(message.thread_id))
                    .exec(&self.conn)
                    .await?;
            } else {
                // Somebody else's words, with this person among the recipients.
                let mut left = message.to_addresses.clone();
                if let Some(all) = left.as_array_mut() {
                    all.retain(|it| it.as_str() != email);
                }
                change = change.col_expr(Column::ToAddresses, Expr::value(left));
            }
            change
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.eq(message.id))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    async fn erase_actions(&self, file: &PersonFile, now: Timestamp) -> StoreResult<()> {
        use actions::Column;
        let nothing = json(&Payload::Plain)?;
        let open = [ActionStatus::Proposed, ActionStatus::Awaiting, ActionStatus::Approved]
            .map(ActionStatus::as_str);
        let ids: Vec<Uuid> = file.actions.iter().map(|it| it.id).collect();
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let of_these = Condition::all()
                .add(Column::TenantId.eq(self.tenant.uuid()))
                .add(Column::Id.is_in(chunk.iter().copied()));
            // The hash of what was decided on stays.
            actions::Entity::update_many()
                .col_expr(Column::Payload, Expr::value(nothing.clone()))
                .col_expr(Column::UpdatedAt, Expr::value(now))
                .filter(of_these.clone())
                .exec(&self.conn)
                .await?;
            actions::Entity::update_many()
                .col_expr(Column::Status, Expr::value(ActionStatus::Expired.as_str()))
                .col_expr(Column::Error, Expr::value(Some("the person was erased")))
                .filter(of_these)
                .filter(Column::Status.is_in(open))
                .exec(&self.conn)
                .await?;
            tasks::Entity::update_many()
                .col_expr(tasks::Column::Justification, Expr::value(json(&Justification::None)?))
                .col_expr(tasks::Column::UpdatedAt, Expr::value(now))
                .filter(tasks::Column::TenantId.eq(self.tenant.uuid()))
                .filter(tasks::Column::ActionId.is_in(chunk.iter().copied()))
                .exec(&self.conn)
                .await?;
        }
        Ok(())
    }

    /// Keeps the hash of an address, so that whoever brings it back is not written to either.
    async fn erase_address(&self, file: &PersonFile, now: Timestamp) -> StoreResult<()> {
        let Some(email) = &file.contact.email else { return Ok(()) };
        suppressions::Entity::delete_many()
            .filter(suppressions::Column::TenantId.eq(self.tenant.uuid()))
            .filter(suppressions::Column::Address.eq(email.as_str()))
            .exec(&self.conn)
            .await?;
        self.suppress(erased_address(email), now).await
    }

    async fn suppress(&self, address: String, now: Timestamp) -> StoreResult<()> {
        let id: Id<()> = self.new_id(now);
        let row = suppressions::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(self.tenant.uuid()),
            address: Set(address),
            reason: Set(ERASED.to_owned()),
            since: Set(now),
            created_by: Set(Actor::Agent.to_string()),
        };
        suppressions::Entity::insert(row)
            .on_conflict_do_nothing_on([
                suppressions::Column::TenantId,
                suppressions::Column::Address,
            ])
            .exec_without_returning(&self.conn)
            .await?;
        Ok(())
    }

    async fn erase_contact(&self, contact: &contacts::Model, now: Timestamp) -> StoreResult<()> {
        use contacts::Column;
        let (none, key) = (Expr::value(None::<String>), format!("erased:{}", contact.id));
        contacts::Entity::update_many()
            .col_expr(Column::Name, none.clone())
            .col_expr(Column::Title, none.clone())
            .col_expr(Column::Role, none.clone())
            .col_expr(Column::Email, none.clone())
            .col_expr(Column::Phone, none)
            .col_expr(Column::ExternalId, Expr::value(key.as_str()))
            .col_expr(Column::IsActive, Expr::value(false))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(contact.id))
            .exec(&self.conn)
            .await?;
        clocks::Entity::update_many()
            .col_expr(clocks::Column::EntityKey, Expr::value(key))
            .col_expr(clocks::Column::IsOpen, Expr::value(false))
            .filter(clocks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(clocks::Column::EntityType.eq(ClockOwner::Contact.as_str()))
            .filter(clocks::Column::EntityId.eq(contact.id))
            .exec(&self.conn)
            .await?;
        memories::Entity::delete_many()
            .filter(memories::Column::TenantId.eq(self.tenant.uuid()))
            .filter(memories::Column::ScopeId.eq(contact.id))
            .exec(&self.conn)
            .await?;
        self.clear_standing([contact.client_id].into()).await
    }

    /// Suppresses addresses of people who were erased and are brought back.
    pub(crate) async fn renew_erased(&self, addresses: &[&str], now: Timestamp) -> StoreResult<()> {
        use suppressions::Column;
        let hashed: Vec<(String, &str)> =
            addresses.iter().map(|it| (erased_address(it), *it)).collect();
        for chunk in hashed.chunks(IDS_PER_STATEMENT) {
            let known: Vec<String> = suppressions::Entity::find()
                .select_only()
                .column(Column::Address)
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Address.is_in(chunk.iter().map(|it| it.0.as_str())))
                .into_tuple()
                .all(&self.conn)
                .await?;
            for (_, address) in chunk.iter().filter(|it| known.contains(&it.0)) {
                self.suppress((*address).to_owned(), now).await?;
            }
        }
        Ok(())
    }

    /// Whether anybody of this tenant's was ever erased.
    pub(crate) async fn has_erased(&self) -> StoreResult<bool> {
        use suppressions::Column;
        let one: Option<Uuid> = suppressions::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Address.gte(ERASED_ADDRESS))
            .filter(Column::Address.lt(format!("{ERASED_ADDRESS}~")))
            .limit(1)
            .into_tuple()
            .one(&self.conn)
            .await?;
        Ok(one.is_some())
    }
}

/// Why an address is not written to whose person was erased.
const ERASED: &str = "asked to be erased";

/// Text as it is looked for with LIKE.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
