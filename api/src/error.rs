//! What a caller is told when a request is not done: one problem+json envelope (RFC 9457) with a stable code.
//!
//! Codes are a promise. What went wrong inside is logged, once, and never leaves.

use std::time::Duration;

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as DocResponse, SchemaObject},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::StoreError;

/// What every route gives back.
pub type ApiResult<T> = Result<T, ApiError>;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, as the caller's program knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::wire::plain_words)]
pub enum Code {
    /// A parameter, header or field cannot be meant.
    InvalidField,
    /// The body is no JSON.
    InvalidJson,
    /// The body is of a type that is not taken here.
    UnsupportedMediaType,
    /// The body is larger than is taken here.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// There is no key, or one that nobody knows.
    Unauthorized,
    /// The key's time is over.
    KeyExpired,
    /// The key was taken back.
    KeyRevoked,
    /// The key's role does not allow it.
    Forbidden,
    /// There is nothing by this id or path.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// Something with this key is there already.
    AlreadyExists,
    /// What is asked for does not go with what is there.
    Conflict,
    /// The `Idempotency-Key` stands for another request.
    IdempotencyKeyReused,
    /// An update has to say, with `If-Match`, what it was made from.
    PreconditionRequired,
    /// The row is not what the update was made from.
    PreconditionFailed,
    /// A reference points at nothing of this tenant.
    UnknownReference,
    /// Too many requests with this key, or from this address.
    RateLimited,
    /// It is no fault of the request; the same may work later.
    Unavailable,
    /// It took too long, and was given up; whether it was done is not known.
    Timeout,
    /// A fault of ours.
    Internal,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidJson => StatusCode::BAD_REQUEST,
            Self::InvalidField | Self::UnknownReference | Self::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unauthorized | Self::KeyExpired | Self::KeyRevoked => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AlreadyExists | Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::InvalidField => "A value cannot be meant",
            Self::InvalidJson => "The body is not JSON",
            Self::UnsupportedMediaType => "This type of body is not taken here",
            Self::BodyTooLarge => "The body is too large",
            Self::BodyTooSlow => "The body did not arrive in time",
            Self::Unauthorized => "A key is needed",
            Self::KeyExpired => "The key has expired",
            Self::KeyRevoked => "The key was revoked",
            Self::Forbidden => "The key does not allow this",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "The path does not take this method",
            Self::AlreadyExists => "It exists already",
            Self::Conflict => "It does not go with what is there",
            Self::IdempotencyKeyReused => "The key stands for another request",
            Self::PreconditionRequired => "If-Match is needed",
            Self::PreconditionFailed => "It was changed meanwhile",
            Self::UnknownReference => "A reference points at nothing",
            Self::RateLimited => "Too many requests",
            Self::Unavailable => "Not available at the moment",
            Self::Timeout => "It took too long",
            Self::Internal => "A fault of the server",
        }
    }
}

/// What went wrong, and the way out (RFC 9457).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:steward:problem:` and the code.
    #[serde(rename = "type")]
    #[schemars(rename = "type")]
    pub kind: String,
    /// The kind of problem, in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The kind of problem, for programs; a promise.
    pub code: Code,
    /// What is wrong with this very request, and what to do.
    pub detail: String,
    /// The parameter, header or field at fault, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to ask for in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A request that is not done.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    status: Option<StatusCode>,
    detail: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

/// When to try again what a database could not answer.
const RETRY_SOON: Duration = Duration::from_secs(2);
/// Longest value of a caller's that is repeated to them.
const SHOWN_CHARS_MAX: usize = 60;

impl ApiError {
    /// A problem of a kind, and what is wrong in this case.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, status: None, detail: detail.into(), field: None, retry_after: None }
    }

    /// A value that cannot be meant.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Code::InvalidField, detail) }
    }

    /// A parameter of the address that cannot be meant.
    pub fn parameter(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status: Some(StatusCode::BAD_REQUEST), ..Self::field(field, detail) }
    }

    /// There is no such thing of this tenant's.
    pub fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {noun} of this tenant"))
    }

    /// A reference that points at nothing of this tenant's.
    pub fn unknown_reference(field: &str, noun: &str) -> Self {
        let detail = format!("there is no such {noun} of this tenant");
        Self { field: Some(field.to_owned()), ..Self::new(Code::UnknownReference, detail) }
    }

    /// It may work later.
    pub fn unavailable(detail: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(Code::Unavailable, detail) }
    }

    /// A fault of ours, which is logged here and not told.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request met a fault");
        Self::new(Code::Internal, "the fault was logged under this request's id")
    }

    /// With a time to wait before the next try.
    pub fn after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// The same problem in other words.
    pub fn told_as(&self, detail: String) -> Self {
        let (status, retry_after) = (self.status, self.retry_after);
        Self { status, retry_after, ..Self::new(self.code, detail) }
    }

    /// With the field at fault.
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The field at fault, if there is one.
    pub fn field_name(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// What is wrong with this very request.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether it may be another way in a moment.
    pub fn is_passing(&self) -> bool {
        self.status() == StatusCode::SERVICE_UNAVAILABLE
    }

    /// The status that it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| self.code.status())
    }
}

/// A caller's value, as far as it is repeated to them.
pub fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().filter(|it| !it.is_control()).take(SHOWN_CHARS_MAX).collect();
    if SHOWN_CHARS_MAX < text.chars().count() {
        shown.push('…');
    }
    shown
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(inner) => {
                tracing::warn!(error = %inner, "the database is not available");
                Self::unavailable("the database is not available; nothing was done", RETRY_SOON)
            }
            StoreError::AlreadyExists(_) => Self::new(
                Code::AlreadyExists,
                "something with the same key was made at the same moment; look it up",
            ),
            StoreError::Invalid { field, because } => Self::field(field, because),
            // The tenant of a key is deleted with its keys; a moment's cache may not know yet.
            StoreError::UnknownTenant(_) => {
                Self::new(Code::Unauthorized, "the tenant of this key is gone")
            }
            error @ (StoreError::Refused(_)
            | StoreError::Unreadable { .. }
            | StoreError::FenceLost { .. }) => Self::internal(&error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = (self.status(), serde_json::to_value(self.code).unwrap_or_default());
        let problem = Problem {
            kind: format!("urn:steward:problem:{}", code.as_str().unwrap_or("internal")),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            field: self.field,
            request_id: None,
        };
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs_f64().ceil().max(1.0);
            if let Ok(value) = HeaderValue::try_from(format!("{seconds}")) {
                headers.insert(header::RETRY_AFTER, value);
            }
        }
        if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // Written out where the request's id is known.
        response.extensions_mut().insert(problem);
        response
    }
}

impl OperationOutput for ApiError {
    type Inner = Problem;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<DocResponse> {
        Some(problem_doc(ctx, "A problem"))
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        vec![(Some(500), problem_doc(ctx, Code::Internal.title()))]
    }
}

/// How a problem is described in the document.
pub fn problem_doc(ctx: &mut GenContext, description: &str) -> DocResponse {
    let json_schema = ctx.schema.subschema_for::<Problem>();
    let schema = Some(SchemaObject { json_schema, example: None, external_docs: None });
    let media = MediaType { schema, ..MediaType::default() };
    DocResponse {
        description: description.to_owned(),
        content: [(PROBLEM_JSON.to_owned(), media)].into_iter().collect(),
        ..DocResponse::default()
    }
}
