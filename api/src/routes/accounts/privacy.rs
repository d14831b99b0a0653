//! A person's data in one call: handed out, or erased. Both are on record.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    action::{ActionKind, ActionStatus, OutboundStatus},
    id::ContactId,
    privacy::PrivacyRequest,
    record::{Direction, OpenOrClosed},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Scope,
    privacy::{Erased, FILE_ROWS_MAX, PersonCounts, PersonFile},
    record,
};
use uuid::Uuid;

use super::contact::Contacts;
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{ById, FilterSpec, Holds, Idempotency, Listed, Once, Owner, SortSpec, Tagged},
    kept::Kept,
    resource::{named, not_found, problem},
    state::AppState,
    wire::{Moment, Word},
};

/// Everything about a person. Where there is more than 10,000 of something, the newest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ContactExport")]
struct Export {
    /// Their id.
    id: Uuid,
    /// Who they are.
    contact: <Contacts as Kept>::Item,
    /// Why they are not written to, if so.
    suppressed_because: Option<String>,
    /// What they wrote, and what names them as a recipient.
    messages: Vec<Message>,
    /// What was written to them.
    letters: Vec<Letter>,
    /// What was proposed about them.
    actions: Vec<Wish>,
    /// What people were asked to do about them.
    tasks: Vec<Task>,
    /// When they were in touch.
    touches: Vec<Touch>,
    /// Whether there is more than is shown.
    is_cut_off: bool,
}

/// A message in a person's file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExportedMessage")]
struct Message {
    /// Its id.
    id: Uuid,
    /// Which way it went.
    direction: Word<Direction>,
    /// The name that its sender gave.
    from_name: Option<String>,
    /// The address that its sender gave.
    from_address: Option<String>,
    /// To whom it went.
    to_addresses: serde_json::Value,
    /// Its subject.
    subject: Option<String>,
    /// When it arrived.
    received_at: Moment,
    /// What its sender wrote.
    body: Option<String>,
}

/// A letter in a person's file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExportedLetter")]
struct Letter {
    /// Its id.
    id: Uuid,
    /// What became of it.
    status: Word<OutboundStatus>,
    /// To which address.
    to_address: String,
    /// Its subject.
    subject: String,
    /// Its words.
    body: String,
    /// When it left.
    sent_at: Option<Moment>,
}

/// An action in a person's file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExportedAction")]
struct Wish {
    /// Its id.
    id: Uuid,
    /// What kind it is.
    kind: Word<ActionKind>,
    /// What became of it.
    status: Word<ActionStatus>,
    /// When it was proposed.
    proposed_at: Moment,
    /// What was proposed.
    payload: serde_json::Value,
}

/// A task in a person's file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExportedTask")]
struct Task {
    /// Its id.
    id: Uuid,
    /// What was to be done.
    kind: String,
    /// Whether it still is.
    status: Word<OpenOrClosed>,
    /// Why it was asked for.
    justification: serde_json::Value,
    /// When it was made.
    created_at: Moment,
}

/// A touch in a person's file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExportedTouch")]
struct Touch {
    /// When.
    touched_at: Moment,
    /// In which way.
    touch_type: String,
}

/// What was erased.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
struct Erasure {
    /// Whose: the id stays, and stands for nobody.
    id: Uuid,
    /// How much there was; null in the answer to a repeated request.
    counts: Option<Counts>,
}

/// How much there was about a person.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ErasedCounts")]
struct Counts {
    /// Messages that they wrote or that name them.
    messages: usize,
    /// Letters to them.
    letters: usize,
    /// Actions about them; their hashes stay.
    actions: usize,
    /// Tasks about them.
    tasks: usize,
}

/// What was done about people's data.
pub enum PrivacyRequests {}

impl Listed for PrivacyRequests {
    const FILTERS: &'static [FilterSpec] =
        &[FilterSpec::is("contact_id", Holds::Id, "About this person.")];
    const SORTS: &'static [SortSpec] = &[];
}

/// Something that was done about a person's data.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PrivacyRequest")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// What was done.
    kind: Word<PrivacyRequest>,
    /// About whom.
    contact_id: Uuid,
    /// At whose wish.
    requested_by: String,
    /// When.
    created_at: Moment,
    /// How much there was of each kind.
    counts: serde_json::Value,
}

impl Kept for PrivacyRequests {
    type Row = record::PrivacyNote;
    type Item = View;
    type View = View;

    const NOUN: &'static str = "privacy_request";
    const PLURAL: &'static str = "privacy-requests";

    fn item(row: record::PrivacyNote) -> View {
        View {
            id: row.id,
            kind: Word::stored(row.kind),
            contact_id: row.contact_id,
            requested_by: row.requested_by,
            created_at: Moment(row.created_at),
            counts: row.counts,
        }
    }

    async fn view(_: &Scope<'_>, row: record::PrivacyNote) -> ApiResult<View> {
        Ok(Self::item(row))
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/contacts/{id}/export",
            get_with(export, |op| {
                let op = named(op, "export", "contact", "contacts", "Hands out everything about");
                not_found(op, "contact").description("It is noted who asked for it.")
            }),
        )
        .api_route(
            "/v1/contacts/{id}/erase",
            post_with(erase, |op| {
                let op = named(op, "erase", "contact", "contacts", "Erases everything about")
                    .description(
                        "For ever. What was done stays on record with ids and hashes; whoever brings the address \
                         back finds it suppressed. Refused rows of ended imports are dropped as well, since they \
                         may hold anybody's. Letters that were written to files lie in the outbox folder, and stay there.",
                    );
                problem(not_found(op, "contact"), 409, "A cycle is at work, or a letter to them is leaving")
            }),
        )
}

fn shown(file: PersonFile) -> Export {
    let most = usize::try_from(FILE_ROWS_MAX).unwrap_or(usize::MAX);
    let counts = [file.messages.len(), file.letters.len(), file.tasks.len(), file.touches.len()];
    let messages = file.messages.into_iter().map(|it| Message {
        id: it.id,
        direction: Word::stored(it.direction),
        from_name: it.from_name,
        from_address: it.from_address,
        to_addresses: it.to_addresses,
        subject: it.subject,
        received_at: Moment(it.received_at),
        body: it.body,
    });
    let letters = file.letters.into_iter().map(|it| Letter {
        id: it.id,
        status: Word::stored(it.status),
        to_address: it.to_address,
        subject: it.subject,
        body: it.body,
        sent_at: it.sent_at.map(Moment),
    });
    let actions = file.actions.into_iter().map(|it| Wish {
        id: it.id,
        kind: Word::stored(it.kind),
        status: Word::stored(it.status),
        proposed_at: Moment(it.proposed_at),
        payload: it.payload,
    });
    let tasks = file.tasks.into_iter().map(|it| Task {
        id: it.id,
        kind: it.kind,
        status: Word::stored(it.status),
        justification: it.justification,
        created_at: Moment(it.created_at),
    });
    let touches = file
        .touches
        .into_iter()
        .map(|it| Touch { touched_at: Moment(it.touched_at), touch_type: it.touch_type });
    Export {
        id: file.contact.id,
        suppressed_because: file.suppression.map(|it| it.reason),
        messages: messages.collect(),
        letters: letters.collect(),
        actions: actions.collect(),
        tasks: tasks.collect(),
        touches: touches.collect(),
        is_cut_off: counts.iter().any(|it| most <= *it),
        contact: <Contacts as Kept>::item(file.contact),
    }
}

async fn export(
    caller: Owner,
    State(app): State<AppState>,
    ById(id): ById,
) -> ApiResult<Tagged<Export>> {
    let contact = ContactId::from_uuid(id);
    let reading = app.store.tenant(caller.tenant);
    let file = reading.load_person_file(contact, Some(FILE_ROWS_MAX)).await?;
    let file = file.ok_or_else(|| ApiError::not_found("contact"))?;
    let work = app.begin(caller.tenant).await?;
    let scope = work.scope();
    let (kind, counts) = (PrivacyRequest::Export, file.counts());
    let (actor, now) = (caller.actor(), app.clock.now());
    scope.insert_privacy_request(kind, contact, &counts, &actor, now).await?;
    drop(scope);
    work.commit().await?;
    Tagged::of(shown(file))
}

async fn erase(
    caller: Owner,
    State(app): State<AppState>,
    ById(id): ById,
    idempotency: Idempotency,
) -> ApiResult<Tagged<Erasure>> {
    let contact = ContactId::from_uuid(id);
    let doing = match idempotency.begin(&app, caller.tenant, None).await? {
        Once::Repeated { .. } => return Tagged::of(Erasure { id, counts: None }),
        Once::First(doing) => doing,
    };
    let scope = doing.scope();
    let (actor, now) = (caller.actor(), app.clock.now());
    let counts = match scope.mark_person_erased(contact, now).await? {
        Erased::Done(counts) => counts,
        Erased::Unknown => return Err(ApiError::not_found("contact")),
        Erased::AtWork => {
            let detail = "a cycle is at work and may be writing about them: try again in a minute";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        Erased::Busy => {
            let detail = "a letter to this person is leaving at this moment: try again in a minute";
            return Err(ApiError::new(Code::Conflict, detail));
        }
    };
    let kind = PrivacyRequest::Erasure;
    scope.insert_privacy_request(kind, contact, &counts, &actor, now).await?;
    drop(scope);
    doing.finish(StatusCode::OK, Some(id)).await?;
    let PersonCounts { messages, letters, actions, tasks } = counts;
    Tagged::of(Erasure { id, counts: Some(Counts { messages, letters, actions, tasks }) })
}
