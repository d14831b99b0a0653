//! Cases that are looked after, and tasks that people were given.

use domain::{
    action::Actor,
    cycle::CaseRef,
    id::{ActionId, CaseId, ClientId, ContactId, MessageId, TaskId},
    policy::ProofFacts,
    proposal::{CaseKind, Evidence, TaskPayload, safety_key},
    record::OpenOrClosed,
    time::Timestamp,
};
use entity::{cases, tasks};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{Scope, StoreResult, Transition, error::unreadable, tenant::json};

/// A case to open.
#[derive(Clone, Debug)]
pub struct NewCase<'a> {
    /// What about.
    pub kind: CaseKind,
    /// The account.
    pub client: ClientId,
    /// The person who said so.
    pub contact: Option<ContactId>,
    /// Where they said it.
    pub message: MessageId,
    /// In which words.
    pub evidence: &'a [Evidence],
    /// The action that opens it.
    pub action: ActionId,
}

/// Where cases come from that the agent opened.
const SOURCE_AGENT: &str = "agent";

impl Scope<'_> {
    /// Opens a case; one message opens one case of a kind.
    pub async fn insert_case(&self, new: &NewCase<'_>, now: Timestamp) -> StoreResult<Transition> {
        let row = cases::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(SOURCE_AGENT.to_owned()),
            external_id: Set(format!("{}:{}", new.kind, new.message)),
            client_id: Set(new.client.uuid()),
            contact_id: Set(new.contact.map(|it| it.uuid())),
            order_id: Set(None),
            message_id: Set(Some(new.message.uuid())),
            action_id: Set(Some(new.action.uuid())),
            kind: Set(new.kind.to_string()),
            severity: Set(severity(new.kind).to_owned()),
            status: Set(OpenOrClosed::Open.to_string()),
            evidence: Set(json(&new.evidence)?),
            opened_at: Set(now),
            closed_at: Set(None),
            opened_by: Set(Actor::Agent.to_string()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let key = [cases::Column::TenantId, cases::Column::Source, cases::Column::ExternalId];
        let inserted = cases::Entity::insert(row)
            .on_conflict_do_nothing_on(key)
            .exec_without_returning(&self.conn)
            .await?;
        Ok(Transition::of_insert(inserted))
    }

    /// A case, as it is at a moment, as a proof for what is proposed for `client`.
    pub async fn find_case_proof(
        &self,
        id: CaseId,
        client: Option<ClientId>,
        now: Timestamp,
    ) -> StoreResult<Option<ProofFacts>> {
        let row = cases::Entity::find()
            .filter(cases::Column::TenantId.eq(self.tenant.uuid()))
            .filter(cases::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        row.map(|row| {
            let kind: CaseKind = row.kind.parse().map_err(unreadable("cases.kind"))?;
            Ok(ProofFacts::Case {
                kind,
                is_open: is_open_at(&row, now),
                // What the agent opened has its message; what a person imported names their system.
                has_source: row.message_id.is_some() || row.source != SOURCE_AGENT,
                is_of_client: Some(ClientId::from_uuid(row.client_id)) == client,
            })
        })
        .transpose()
    }

    /// The account of a case.
    pub async fn find_case_client(&self, id: CaseId) -> StoreResult<Option<ClientId>> {
        let client = cases::Entity::find()
            .filter(cases::Column::TenantId.eq(self.tenant.uuid()))
            .filter(cases::Column::Id.eq(id.uuid()))
            .one(&self.conn)
            .await?;
        Ok(client.map(|row| ClientId::from_uuid(row.client_id)))
    }

    /// Open safety cases that nobody was given yet, oldest first.
    pub async fn list_open_safety_cases(
        &self,
        now: Timestamp,
        limit: u64,
    ) -> StoreResult<Vec<CaseRef>> {
        let rows = cases::Entity::find()
            .filter(cases::Column::TenantId.eq(self.tenant.uuid()))
            .filter(cases::Column::Kind.eq(CaseKind::Safety.as_str()))
            .filter(open_at(now))
            .order_by_asc(cases::Column::OpenedAt)
            .order_by_asc(cases::Column::ExternalId)
            .limit(SAFETY_CASES_MAX)
            .all(&self.conn)
            .await?;
        let keys = rows.iter().map(|row| safety_key(CaseId::from_uuid(row.id)));
        let given: Vec<String> = tasks::Entity::find()
            .select_only()
            .column(tasks::Column::ProofKey)
            .filter(tasks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(tasks::Column::ProofKey.is_in(keys))
            .into_tuple()
            .all(&self.conn)
            .await?;
        let is_given = |row: &cases::Model| given.contains(&safety_key(CaseId::from_uuid(row.id)));
        Ok(rows
            .into_iter()
            .filter(|row| !is_given(row))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|row| CaseRef {
                id: CaseId::from_uuid(row.id),
                key: row.external_id,
                client: ClientId::from_uuid(row.client_id),
                opened_at: row.opened_at,
            })
            .collect())
    }

    /// Closes a case; the account's people can be written to again from the next plan on.
    pub async fn mark_case_closed(&self, id: CaseId, now: Timestamp) -> StoreResult<Transition> {
        use cases::Column;
        let Some(client) = self.find_case_client(id).await? else { return Ok(Transition::Lost) };
        let moved = cases::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OpenOrClosed::Closed.as_str()))
            .col_expr(Column::ClosedAt, Expr::value(Some(now)))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(OpenOrClosed::Open.as_str()))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 0 {
            return Ok(Transition::AlreadyThere);
        }
        self.mark_standing_stale(&[client]).await?;
        Ok(Transition::Moved)
    }

    /// Closes a task: somebody did it.
    pub async fn mark_task_closed(&self, id: TaskId, now: Timestamp) -> StoreResult<Transition> {
        use tasks::Column;
        let moved = tasks::Entity::update_many()
            .col_expr(Column::Status, Expr::value(OpenOrClosed::Closed.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq(OpenOrClosed::Open.as_str()))
            .exec(&self.conn)
            .await?;
        if moved.rows_affected == 1 {
            return Ok(Transition::Moved);
        }
        let there = self.find_record::<tasks::Model>(id.uuid()).await?;
        Ok(there.map_or(Transition::Lost, |_| Transition::AlreadyThere))
    }

    /// Gives a person of the tenant a task; one proof gives one, whichever actions rest on it.
    pub async fn insert_task(
        &self,
        action: ActionId,
        client: ClientId,
        contact: Option<ContactId>,
        payload: &TaskPayload,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        let row = tasks::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            client_id: Set(client.uuid()),
            contact_id: Set(contact.map(|it| it.uuid())),
            action_id: Set(action.uuid()),
            kind: Set(payload.task.to_string()),
            status: Set(OpenOrClosed::Open.to_string()),
            due_at: Set(None),
            proof_key: Set(payload.proof_key()),
            justification: Set(json(&payload.justification)?),
            created_by: Set(Actor::Agent.to_string()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let inserted = tasks::Entity::insert(row)
            .on_conflict_do_nothing_on([tasks::Column::TenantId, tasks::Column::ProofKey])
            .exec_without_returning(&self.conn)
            .await?;
        Ok(Transition::of_insert(inserted))
    }
}

/// Cases that are open at a moment: opened by then, and not closed by then.
pub(crate) fn open_at(now: Timestamp) -> Condition {
    use cases::Column;
    let is_left_open = Column::Status.eq(OpenOrClosed::Open.as_str());
    let is_closed_later = Column::ClosedAt.gt(now);
    Condition::all()
        .add(Column::OpenedAt.lte(now))
        .add(Condition::any().add(is_left_open).add(is_closed_later))
}

fn is_open_at(case: &cases::Model, now: Timestamp) -> bool {
    let is_left_open = case.status == OpenOrClosed::Open.as_str();
    case.opened_at <= now && (is_left_open || case.closed_at.is_some_and(|at| now < at))
}

/// Open safety cases that are looked through: a tenant with more has stopped doing business.
const SAFETY_CASES_MAX: u64 = 1_000;

const fn severity(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Safety => "high",
        CaseKind::Complaint => "normal",
        CaseKind::Service => "low",
    }
}
