//! Erasing a person, and knowing them again.

use std::collections::HashSet;

use domain::{
    action::{ActionStatus, Actor},
    id::{ContactId, Id},
    privacy::{ERASED_ADDRESS, erased_address},
    proposal::{Justification, Payload},
    record::ClockOwner,
    time::Timestamp,
};
use entity::{
    actions, agent_tenant_locks as locks, contacts, engagement_clocks as clocks, memories,
    message_readings as readings, messages, outbound_messages as letters, suppressions, tasks,
    threads,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    prelude::{Json, Uuid},
    sea_query::Expr,
};

use super::{Erased, FiledMessage, IDS_PER_STATEMENT, PersonFile};
use crate::{Scope, StoreResult, tenant::json};

/// Why an address is not written to whose person was erased.
const ERASED: &str = "asked to be erased";

impl Scope<'_> {
    /// Erases a person: what they are called and wrote, and what was written to them. The record of what was done
    /// stays, with ids and hashes.
    ///
    /// `now` is the machine's time. No cycle begins before this is committed.
    pub async fn mark_person_erased(&self, id: ContactId, now: Timestamp) -> StoreResult<Erased> {
        if !self.hold_off_cycles(now).await? {
            return Ok(Erased::AtWork);
        }
        let Some(file) = self.load_person_file(id, None).await? else {
            return Ok(Erased::Unknown);
        };
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

    /// Keeps cycles from beginning until this is committed, and from going on that have lapsed. False if one is at work.
    async fn hold_off_cycles(&self, now: Timestamp) -> StoreResult<bool> {
        use locks::Column;
        let none = locks::ActiveModel {
            tenant_id: Set(self.tenant.uuid()),
            locked_at: Set(now),
            locked_by: Set(String::new()),
            expires_at: Set(Timestamp::UNIX_EPOCH),
            fence: Set(0),
            run_id: Set(None),
            held_by_job: Set(None),
        };
        locks::Entity::insert(none)
            .on_conflict_do_nothing_on([Column::TenantId])
            .exec_without_returning(&self.conn)
            .await?;
        let raised = locks::Entity::update_many()
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::RunId.is_null().or(Column::ExpiresAt.lte(now)))
            .exec(&self.conn)
            .await?;
        Ok(raised.rows_affected == 1)
    }

    async fn erase_messages(&self, file: &PersonFile, now: Timestamp) -> StoreResult<()> {
        use messages::Column;
        let email = file.contact.email.as_deref();
        let is_theirs = |it: &&FiledMessage| {
            it.contact_id == Some(file.contact.id)
                || (email.is_some() && it.from_address.as_deref() == email)
        };
        let theirs: Vec<&FiledMessage> = file.messages.iter().filter(is_theirs).collect();
        let none = Expr::value(None::<String>);
        for chunk in theirs.chunks(IDS_PER_STATEMENT) {
            let ids = || chunk.iter().map(|it| it.id);
            messages::Entity::update_many()
                .col_expr(Column::Raw, Expr::value(Vec::<u8>::new()))
                .col_expr(Column::FromName, none.clone())
                .col_expr(Column::FromAddress, none.clone())
                .col_expr(Column::Subject, none.clone())
                .col_expr(Column::RfcMessageId, none.clone())
                .col_expr(Column::ToAddresses, Expr::value(Json::Array(Vec::new())))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(ids()))
                .exec(&self.conn)
                .await?;
            // What nobody has considered yet, nobody considers any more.
            messages::Entity::update_many()
                .col_expr(Column::HandledAt, Expr::value(Some(now)))
                .filter(Column::TenantId.eq(self.tenant.uuid()))
                .filter(Column::Id.is_in(ids()))
                .filter(Column::HandledAt.is_null())
                .exec(&self.conn)
                .await?;
            readings::Entity::update_many()
                .col_expr(readings::Column::Body, Expr::value(""))
                .filter(readings::Column::TenantId.eq(self.tenant.uuid()))
                .filter(readings::Column::MessageId.is_in(ids()))
                .exec(&self.conn)
                .await?;
        }
        let of_threads: HashSet<Uuid> = theirs.iter().map(|it| it.thread_id).collect();
        for thread in of_threads {
            let key = format!("erased:{thread}");
            threads::Entity::update_many()
                .col_expr(threads::Column::ProviderId, Expr::value(key))
                .filter(threads::Column::TenantId.eq(self.tenant.uuid()))
                .filter(threads::Column::Id.eq(thread))
                .exec(&self.conn)
                .await?;
        }
        // Somebody else's words, with this person among the recipients.
        for message in file.messages.iter().filter(|it| !is_theirs(it)) {
            let mut left = message.to_addresses.clone();
            if let Some(all) = left.as_array_mut() {
                all.retain(|it| it.as_str() != email);
            }
            messages::Entity::update_many()
                .col_expr(Column::Raw, Expr::value(Vec::<u8>::new()))
                .col_expr(Column::ToAddresses, Expr::value(left))
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
            // Why somebody refused it is in their own words, and may name the person.
            actions::Entity::update_many()
                .col_expr(Column::Error, Expr::value(None::<String>))
                .filter(of_these.clone())
                .filter(Column::Status.eq(ActionStatus::Rejected.as_str()))
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
