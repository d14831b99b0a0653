//! Entity tags: what a row was when it was read, so that nobody overwrites what they have not seen.
//!
//! A tag is a hash of the resource as it is shown: what cannot be seen cannot be lost.

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{
        Header, HeaderStyle, MediaType, Operation, ParameterSchemaOrContent, ReferenceOr, Response,
        SchemaObject,
    },
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response as HttpResponse},
};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{header as header_parameter, refusals};
use crate::{
    error::{ApiError, ApiResult, Code},
    state::AppState,
};

/// Bytes of a hash that make a tag: 128 bits tell any two apart.
const TAG_BYTES: usize = 16;

/// The tag of a resource as it is shown.
pub fn etag_of<V: Serialize>(view: &V) -> ApiResult<String> {
    let bytes = serde_json::to_vec(view).map_err(|error| ApiError::internal(&error))?;
    Ok(format!("\"{}\"", domain::proposal::hex(&Sha256::digest(&bytes)[..TAG_BYTES])))
}

/// What an update was made from.
pub struct IfMatch(String);

impl IfMatch {
    /// Errors unless the resource is still what the update was made from.
    pub fn check<V: Serialize>(&self, current: &V) -> ApiResult<()> {
        let tag = etag_of(current)?;
        if names(&self.0, &tag, false) {
            return Ok(());
        }
        let detail = "it was changed since you read it: read it again, and decide anew";
        Err(ApiError::new(Code::PreconditionFailed, detail).at("If-Match"))
    }
}

/// What the caller has already, if anything.
pub struct IfNoneMatch(Option<String>);

impl IfNoneMatch {
    /// Whether the caller has what there is.
    pub fn has(&self, tag: &str) -> bool {
        self.0.as_deref().is_some_and(|given| names(given, tag, true))
    }
}

/// Whether a list of tags has one, or `*`. A weak tag never stands for an update (RFC 9110, §13.1.1).
fn names(given: &str, tag: &str, weakly: bool) -> bool {
    given.split(',').map(str::trim).any(|one| {
        one == "*" || one == tag || (weakly && one.strip_prefix("W/").is_some_and(|it| it == tag))
    })
}

fn given(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned)
}

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        given(&parts.headers, header::IF_MATCH).map(Self).ok_or_else(|| {
            let detail = "give the ETag of what you read in the header `If-Match`";
            ApiError::new(Code::PreconditionRequired, detail).at("If-Match")
        })
    }
}

impl FromRequestParts<AppState> for IfNoneMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        Ok(Self(given(&parts.headers, header::IF_NONE_MATCH)))
    }
}

impl OperationInput for IfMatch {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let text = "The `ETag` of what the update was made from.";
        header_parameter(operation, "If-Match", text, true, json_schema!({ "type": "string" }));
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(412, "It was changed since it was read"), (428, "`If-Match` is missing")])
    }
}

impl OperationInput for IfNoneMatch {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let text =
            "The `ETag` of what the caller has: if that is what there is, the answer is 304.";
        let schema = json_schema!({ "type": "string" });
        header_parameter(operation, "If-None-Match", text, false, schema);
    }
}

/// A resource with its tag.
pub enum Tagged<V> {
    /// As it is.
    Fresh {
        /// The resource.
        view: V,
        /// Its tag.
        tag: String,
    },
    /// What the caller has already.
    Unchanged(String),
}

impl<V: Serialize> Tagged<V> {
    /// The resource with its tag.
    pub fn of(view: V) -> ApiResult<Self> {
        let tag = etag_of(&view)?;
        Ok(Self::Fresh { view, tag })
    }

    /// The resource, or nothing if the caller has it.
    pub fn unless(view: V, has: &IfNoneMatch) -> ApiResult<Self> {
        let tag = etag_of(&view)?;
        Ok(if has.has(&tag) { Self::Unchanged(tag) } else { Self::Fresh { view, tag } })
    }
}

impl<V: Serialize> IntoResponse for Tagged<V> {
    fn into_response(self) -> HttpResponse {
        let (mut response, tag) = match self {
            Self::Fresh { view, tag } => (json_response(StatusCode::OK, &view), tag),
            Self::Unchanged(tag) => (StatusCode::NOT_MODIFIED.into_response(), tag),
        };
        if let Ok(value) = HeaderValue::try_from(tag) {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }
}

/// It is done, and there is nothing to show.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> HttpResponse {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl OperationOutput for NoContent {
    type Inner = ();

    fn operation_response(_: &mut GenContext, _: &mut Operation) -> Option<Response> {
        Some(Response { description: "It is done".to_owned(), ..Response::default() })
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        let done = Self::operation_response(ctx, operation).unwrap_or_default();
        vec![(Some(204), done)]
    }
}

/// A response of JSON.
pub fn json_response<V: Serialize>(status: StatusCode, view: &V) -> HttpResponse {
    match serde_json::to_vec(view) {
        Ok(bytes) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            (status, kind, bytes).into_response()
        }
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

/// How JSON of a type is described.
pub fn json_doc<V: JsonSchema>(ctx: &mut GenContext, description: &str) -> Response {
    let schema = SchemaObject {
        json_schema: ctx.schema.subschema_for::<V>(),
        example: None,
        external_docs: None,
    };
    let media = MediaType { schema: Some(schema), ..MediaType::default() };
    Response {
        description: description.to_owned(),
        content: [("application/json".to_owned(), media)].into_iter().collect(),
        ..Response::default()
    }
}

/// How a response of text is described.
pub fn text_doc(kind: &str, description: &str, about: &str) -> Response {
    let json_schema = json_schema!({ "type": "string", "description": about });
    let schema = SchemaObject { json_schema, example: None, external_docs: None };
    let media = MediaType { schema: Some(schema), ..MediaType::default() };
    Response {
        description: description.to_owned(),
        content: [(kind.to_owned(), media)].into_iter().collect(),
        ..Response::default()
    }
}

/// A header of a response, described.
pub fn header_doc(response: &mut Response, name: &str, description: &str) {
    let schema = SchemaObject {
        json_schema: json_schema!({ "type": "string" }),
        example: None,
        external_docs: None,
    };
    let header = Header {
        description: Some(description.to_owned()),
        style: HeaderStyle::Simple,
        required: true,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema),
        example: None,
        examples: Default::default(),
        extensions: Default::default(),
    };
    response.headers.insert(name.to_owned(), ReferenceOr::Item(header));
}

impl<V: JsonSchema> OperationOutput for Tagged<V> {
    type Inner = V;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
        let mut response = json_doc::<V>(ctx, "As it is now");
        header_doc(&mut response, "ETag", "Another one as soon as it changes.");
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        let fresh = Self::operation_response(ctx, operation).unwrap_or_default();
        // Only what is asked with `If-None-Match` may be answered so.
        let is_conditional = operation.parameters.iter().any(|it| {
            it.as_item().is_some_and(|it| it.clone().parameter_data().name == "If-None-Match")
        });
        let mut all = vec![(Some(200), fresh)];
        if is_conditional {
            let text = "It is what the caller has".to_owned();
            all.push((Some(304), Response { description: text, ..Response::default() }));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others() {
        assert!(names("\"a\"", "\"a\"", false) && names("\"b\", \"a\"", "\"a\"", false));
        assert!(names("*", "\"a\"", false) && names("W/\"a\"", "\"a\"", true));
        assert!(!names("W/\"a\"", "\"a\"", false) && !names("\"ab\"", "\"a\"", false));
        assert_ne!(etag_of(&1).unwrap(), etag_of(&2).unwrap());
    }
}
