//! Bodies: JSON of a size, in time, of a type; what is wrong with one is told with the field's path.

use std::time::Duration;

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{MediaType, Operation, ReferenceOr, RequestBody, Response, SchemaObject},
};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::refusals;
use crate::{
    error::{ApiError, ApiResult, Code},
    state::AppState,
};

/// The most that a body of JSON may have: an order of a thousand lines is a fifth of it.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long the next bytes of a body may take.
pub const BODY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long a body of JSON may take as a whole.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// SHA-256 of a body, in hex: what an `Idempotency-Key` is bound to.
#[derive(Clone, Debug)]
pub struct BodyDigest(pub String);

/// A body of JSON.
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// Its hash.
    pub digest: BodyDigest,
}

/// A change to a resource, as RFC 7396 has it: what is named is set, and null clears.
pub struct MergePatch<T> {
    /// The change, to be merged into what is there.
    pub patch: serde_json::Value,
    of: std::marker::PhantomData<T>,
}

impl<T: DeserializeOwned> MergePatch<T> {
    /// What the resource is with the change.
    pub fn apply<C: serde::Serialize>(&self, current: &C) -> ApiResult<T> {
        let mut merged =
            serde_json::to_value(current).map_err(|error| ApiError::internal(&error))?;
        json_patch::merge(&mut merged, &self.patch);
        read_value(merged)
    }
}

/// Reads a value that is JSON already. Errors with the path of the field at fault.
pub fn read_value<T: DeserializeOwned>(value: serde_json::Value) -> ApiResult<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner().to_string());
        wrong_field(&path, &inner)
    })
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> ApiResult<Self> {
        require_type(request.headers(), &[JSON])?;
        let bytes = read_body(request, BODY_BYTES_MAX).await?;
        let value = read_json(&bytes)?;
        Ok(Self { value, digest: BodyDigest(domain::proposal::hex(&Sha256::digest(&bytes))) })
    }
}

impl<T> FromRequest<AppState> for MergePatch<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> ApiResult<Self> {
        require_type(request.headers(), &[MERGE_PATCH, JSON])?;
        let bytes = read_body(request, BODY_BYTES_MAX).await?;
        let patch: serde_json::Value = read_json(&bytes)?;
        if !patch.is_object() {
            let detail = "a change is an object with the fields that are to be other than they are";
            return Err(ApiError::field("body", detail));
        }
        Ok(Self { patch, of: std::marker::PhantomData })
    }
}

/// Reads JSON. Errors with the path of the field at fault.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        ApiError::new(Code::InvalidJson, format!("byte {at} is no UTF-8: send JSON in UTF-8"))
    })?;
    // Serde takes a list for the fields of an object, in their order; nobody means that.
    if text.trim_start().starts_with('[') {
        return Err(ApiError::field("body", "is a list: send an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer);
    let value = value.map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        if inner.is_data() { wrong_field(&path, &inner.to_string()) } else { no_json(inner) }
    })?;
    deserializer.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> ApiError {
    // The position, and no word of what stands there.
    let (line, column) = (error.line(), error.column());
    let detail = if error.is_eof() {
        "the body ends before its JSON does".to_owned()
    } else {
        format!("the body is no JSON from line {line}, column {column} on, or is nested too deeply")
    };
    ApiError::new(Code::InvalidJson, detail)
}

/// A field that cannot be meant. Serde's words quote values only where they name a variant or a type.
fn wrong_field(path: &str, problem: &str) -> ApiError {
    let problem = problem.split(" at line ").next().unwrap_or(problem);
    let named = |prefix: &str| {
        let name = problem.strip_prefix(prefix)?.split('`').nth(1)?;
        Some(if path == "." { name.to_owned() } else { format!("{path}.{name}") })
    };
    if let Some(field) = named("missing field") {
        return ApiError::field(field, "is missing");
    }
    if problem.starts_with("unknown field") {
        return ApiError::field(path, "there is no such field; the document lists those there are");
    }
    let field = if path == "." { "body" } else { path };
    ApiError::field(field, crate::error::shown(&unquoted(problem)))
}

/// A type error without the value that it quotes, which may be a person's words.
fn unquoted(problem: &str) -> String {
    let Some(rest) = problem.strip_prefix("invalid type: ") else {
        if let Some((_, expected)) = problem.rsplit_once("expected ")
            && (problem.starts_with("invalid value") || problem.starts_with("unknown variant"))
        {
            return format!("is not {expected}");
        }
        return problem.to_owned();
    };
    match rest.rsplit_once(", expected ") {
        Some((_, expected)) => format!("is of another type: {expected} is expected"),
        None => "is of another type".to_owned(),
    }
}

/// Errors unless the body is of one of these types.
pub fn require_type(headers: &HeaderMap, taken: &[&str]) -> ApiResult<()> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if taken.iter().any(|it| it.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("send the body as {}", taken.join(" or "));
    Err(ApiError::new(Code::UnsupportedMediaType, detail).at("Content-Type"))
}

/// Reads a whole body: at most so many bytes, without long pauses.
pub async fn read_body(request: Request, bytes_max: usize) -> ApiResult<Bytes> {
    let too_large = || {
        let detail = format!("a body of at most {bytes_max} bytes is taken here");
        ApiError::new(Code::BodyTooLarge, detail)
    };
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let announced = announced.and_then(|it| it.parse::<u64>().ok());
    let mut body = request.into_body();
    if announced.is_some_and(|it| usize::try_from(it).map_or(true, |it| bytes_max < it)) {
        let_pass(&mut body).await;
        return Err(too_large());
    }
    let mut read = BytesMut::new();
    let all = async {
        loop {
            let frame = tokio::time::timeout(BODY_PAUSE_MAX, body.frame()).await;
            let Some(frame) = frame.map_err(|_| too_slow())? else { return Ok(()) };
            let frame = frame.map_err(|_| broken())?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes_max < read.len() + data.len() {
                let_pass(&mut body).await;
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
    };
    tokio::time::timeout(BODY_TIME_MAX, all).await.map_err(|_| too_slow())??;
    Ok(read.freeze())
}

/// Bytes of a refused body that are let pass, so that its sender comes to read the answer …
const PASSING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// … and for how long.
const PASSING_TIME_MAX: Duration = Duration::from_secs(2);

/// Reads on for a while, and keeps nothing: whoever is cut off while they send never sees why.
async fn let_pass(body: &mut axum::body::Body) {
    let passing = async {
        let mut passed = 0;
        while let Some(Ok(frame)) = body.frame().await {
            passed += frame.data_ref().map_or(0, Bytes::len);
            if PASSING_BYTES_MAX < passed {
                return;
            }
        }
    };
    // Whoever sends for longer is cut off after all.
    let _ = tokio::time::timeout(PASSING_TIME_MAX, passing).await;
}

/// The body took too long.
pub fn too_slow() -> ApiError {
    ApiError::new(Code::BodyTooSlow, "the body did not arrive in time; nothing was done")
}

/// The body broke off.
pub fn broken() -> ApiError {
    ApiError::new(Code::InvalidJson, "the body broke off; nothing was done")
}

fn document<T: JsonSchema>(ctx: &mut GenContext, operation: &mut Operation, kind: &str) {
    let json_schema = ctx.schema.subschema_for::<T>();
    let schema = SchemaObject { json_schema, example: None, external_docs: None };
    let media = MediaType { schema: Some(schema), ..MediaType::default() };
    operation.request_body = Some(ReferenceOr::Item(RequestBody {
        description: None,
        content: [(kind.to_owned(), media)].into_iter().collect(),
        required: true,
        extensions: Default::default(),
    }));
}

fn refused(ctx: &mut GenContext) -> Vec<(Option<u16>, Response)> {
    refusals(
        ctx,
        &[
            (400, "The body is no JSON, or a parameter cannot be meant"),
            (408, "The body did not arrive in time"),
            (413, "The body is too large"),
            (415, "The body is of another type"),
            (422, "A field cannot be meant"),
        ],
    )
}

impl<T: JsonSchema> OperationInput for Body<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        document::<T>(ctx, operation, JSON);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refused(ctx)
    }
}

impl<T: JsonSchema> OperationInput for MergePatch<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        // Two types with one schema are more than generators of clients understand.
        document::<Change<T>>(ctx, operation, MERGE_PATCH);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refused(ctx)
    }
}

/// The schema of a change: that of the resource, with nothing required.
struct Change<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Change<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Change", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = T::json_schema(generator);
        schema.remove("required");
        // A default belongs to what is made: a change leaves alone what it does not name.
        if let Some(fields) =
            schema.ensure_object().get_mut("properties").and_then(|it| it.as_object_mut())
        {
            for field in fields.values_mut().filter_map(|it| it.as_object_mut()) {
                field.remove("default");
            }
        }
        schema.insert(
            "description".to_owned(),
            "What is named is set, null clears, and what is not named stays (RFC 7396). `application/json` is taken as well."
                .into(),
        );
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only whether it can be read is of interest")]
        lines: Vec<u8>,
    }

    fn fault(text: &str) -> (Code, Option<String>) {
        let error = read_json::<Sample>(text.as_bytes()).unwrap_err();
        (error.code(), error.field_name().map(str::to_owned))
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_its_words() {
        assert_eq!(fault("{"), (Code::InvalidJson, None));
        assert_eq!(fault(""), (Code::InvalidJson, None));
        assert_eq!(fault("5"), (Code::InvalidField, Some("body".to_owned())));
        assert_eq!(fault("{}"), (Code::InvalidField, Some("lines".to_owned())));
        assert_eq!(fault(r#"{"lines":[1,"Ada"]}"#).1.as_deref(), Some("lines[1]"));
        assert_eq!(fault(r#"{"lines":[],"more":1}"#).1.as_deref(), Some("more"));
        let error = read_json::<Sample>(br#"{"lines":"Ada Lovelace"}"#).unwrap_err();
        assert!(!error.detail().contains("Ada"), "{}", error.detail());
        let deep = format!("{{\"lines\":{}1{}}}", "[".repeat(500), "]".repeat(500));
        assert!(read_json::<serde_json::Value>(deep.as_bytes()).is_err());
        assert!(read_json::<Sample>(b"{\"lines\":[1]} x").is_err());
        assert_eq!(read_json::<Sample>(b"\xff").unwrap_err().code(), Code::InvalidJson);
    }
}
