//! Ids and names in paths.

use std::collections::HashMap;

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use schemars::json_schema;
use uuid::Uuid;

use super::{path, refusals};
use crate::{
    error::{ApiError, ApiResult, shown},
    state::AppState,
    wire::Words,
};

/// The one id in a path.
pub struct ById(pub Uuid);

/// One of our words in a path, such as a queue's name.
pub struct ByName<W>(pub W);

async fn only_segment(parts: &mut Parts, app: &AppState, name: &str) -> ApiResult<String> {
    let found = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
    let found = found.ok().and_then(|Path(mut all)| all.remove(name));
    // A path that is no UTF-8 names nothing.
    found.ok_or_else(|| ApiError::parameter(name, "cannot be read"))
}

impl FromRequestParts<AppState> for ById {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let text = only_segment(parts, app, "id").await?;
        // The form that the document promises, and none of the others that a UUID may be written in.
        let id = Uuid::try_parse(&text).ok().filter(|_| text.len() == UUID_CHARS);
        id.map(Self).ok_or_else(|| {
            let detail = format!("`{}` is no id: give a UUID", shown(&text));
            ApiError::parameter("id", detail)
        })
    }
}

/// Characters of a UUID with its hyphens.
const UUID_CHARS: usize = 36;

impl<W: Words> FromRequestParts<AppState> for ByName<W> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let text = only_segment(parts, app, "name").await?;
        let known = W::names().contains(&text.as_str());
        text.parse().ok().filter(|_| known).map(Self).ok_or_else(|| {
            let detail = format!("`{}` is none of {}", shown(&text), W::names().join(", "));
            ApiError::parameter("name", detail)
        })
    }
}

const UNREADABLE: &[(u16, &str)] = &[(400, "A parameter cannot be meant")];

impl OperationInput for ById {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({ "type": "string", "format": "uuid" });
        path(operation, "id", "Which one.", schema);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, UNREADABLE)
    }
}

impl<W: Words> OperationInput for ByName<W> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({ "type": "string", "enum": W::names() });
        path(operation, "name", "Which one.", schema);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, UNREADABLE)
    }
}
