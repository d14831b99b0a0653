//! Mail, and what was understood of it.

use aide::axum::{ApiRouter, routing::get_with};
use axum::extract::State;
use domain::{id::MessageId, record::Direction};
use schemars::JsonSchema;
use serde::Serialize;
use store::record::{Fact, Filter, MessageHead, Page, Test};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{
        ById, FilterSpec, Holds, IfNoneMatch, ListOf, Listed, ListedPage, SortSpec, Tagged, Viewer,
    },
    resource::{named, not_found},
    state::AppState,
    wire::{Moment, Word, Words},
};

/// Messages.
pub enum Messages {}

impl Listed for Messages {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "With this client."),
        FilterSpec::is("contact_id", Holds::Id, "With this person."),
        FilterSpec::is("thread_id", Holds::Id, "In this conversation."),
        FilterSpec::is("direction", Holds::Word(Direction::names), "That went this way."),
    ];
    const SORTS: &'static [SortSpec] = &[SortSpec { column: "received_at", holds: Holds::Moment }];
}

/// A message among others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MessageHead")]
pub struct Item {
    /// Its id.
    id: Uuid,
    /// In which mailbox.
    mailbox_id: Uuid,
    /// In which conversation.
    thread_id: Uuid,
    /// Which way it went.
    direction: Word<Direction>,
    /// With which client.
    client_id: Option<Uuid>,
    /// With which person.
    contact_id: Option<Uuid>,
    /// The name that its sender gave.
    from_name: Option<String>,
    /// The address that its sender gave.
    from_address: Option<String>,
    /// Its subject.
    subject: Option<String>,
    /// When it arrived.
    received_at: Moment,
    /// When a cycle has considered it.
    handled_at: Option<Moment>,
}

/// A message with what was understood of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// The message, as it stands among others.
    message: Item,
    /// What the sender wrote, as it was read; text from outside, and nothing that is acted on by itself.
    body: Option<String>,
    /// What was understood: kinds, and where in the body each is said.
    findings: Option<serde_json::Value>,
}

fn item(row: MessageHead) -> Item {
    Item {
        id: row.id,
        mailbox_id: row.mailbox_id,
        thread_id: row.thread_id,
        direction: Word::stored(row.direction),
        client_id: row.client_id,
        contact_id: row.contact_id,
        from_name: row.from_name,
        from_address: row.from_address,
        subject: row.subject,
        received_at: Moment(row.received_at),
        handled_at: row.handled_at.map(Moment),
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/v1/messages",
            get_with(list, |op| named(op, "list", "messages", "messages", "Lists")),
        )
        .api_route(
            "/v1/messages/{id}",
            get_with(read, |op| {
                not_found(named(op, "get", "message", "messages", "Reads"), "message")
            }),
        )
}

async fn list(
    caller: Viewer,
    State(app): State<AppState>,
    list: ListOf<Messages>,
) -> ApiResult<ListedPage<Item>> {
    let rows = app.store.tenant(caller.tenant).list_message_heads(&list.page).await?;
    Ok(list.answer(rows, item))
}

async fn read(
    caller: Viewer,
    State(app): State<AppState>,
    ById(id): ById,
    has: IfNoneMatch,
) -> ApiResult<Tagged<View>> {
    let scope = app.store.tenant(caller.tenant);
    let this = Filter { column: "id", test: Test::Is, value: Fact::Id(id) };
    let page = Page { filters: vec![this], sort: "id", descending: false, after: None, limit: 1 };
    let head = scope.list_message_heads(&page).await?.pop();
    let head = head.ok_or_else(|| ApiError::not_found("message"))?;
    let reading = scope.load_messages(&[MessageId::from_uuid(id)]).await?.pop();
    let findings = reading.as_ref().and_then(|it| serde_json::to_value(&it.findings).ok());
    let body = reading.map(|it| it.body);
    Tagged::unless(View { id, message: item(head), body, findings }, &has)
}
