//! Making a record: what is taken for it, and how the answer tells where it is.

use std::{borrow::Cow, marker::PhantomData};

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{ApiError, ApiResult, problem_doc},
    extract::{Body, BodyDigest, etag_of, header_doc, json_doc, json_response, read_value},
    state::AppState,
    wire::{Key, Source},
};

/// A record to make: its fields, and the key that it has elsewhere.
pub struct New<F> {
    /// The system that its key belongs to.
    pub source: Option<Source>,
    /// Its key there.
    pub external_id: Option<Key>,
    /// What else it is.
    pub fields: F,
    /// The hash of all of it.
    pub digest: BodyDigest,
}

impl<F: DeserializeOwned + Send> FromRequest<AppState> for New<F> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> ApiResult<Self> {
        type Fields = serde_json::Map<String, serde_json::Value>;
        let body = Body::<Fields>::from_request(request, app).await?;
        let mut given = body.value;
        let mut taken = |name: &str| given.remove(name).filter(|it| !it.is_null());
        let source: Option<Source> = taken("source").map(|it| part("source", it)).transpose()?;
        let external_id = taken("external_id").map(|it| part("external_id", it)).transpose()?;
        let fields = read_value(serde_json::Value::Object(given))?;
        Ok(Self { source, external_id, fields, digest: body.digest })
    }
}

fn part<T: DeserializeOwned>(name: &'static str, value: serde_json::Value) -> ApiResult<T> {
    read_value(value).map_err(|error| error.at(name))
}

impl<F: JsonSchema> OperationInput for New<F> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Body::<NewSchema<F>>::operation_input(ctx, operation);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        Body::<NewSchema<F>>::inferred_early_responses(ctx, operation)
    }
}

/// The schema of a record to make: its fields, with the two parts of its key.
struct NewSchema<F>(PhantomData<F>);

impl<F: JsonSchema> JsonSchema for NewSchema<F> {
    fn schema_name() -> Cow<'static, str> {
        format!("New{}", F::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = F::json_schema(generator);
        let mut add = |name: &str, mut of: Schema, text: &str| {
            of.insert("description".to_owned(), text.into());
            of.insert("type".to_owned(), serde_json::json!(["string", "null"]));
            if let Some(fields) =
                schema.ensure_object().get_mut("properties").and_then(|it| it.as_object_mut())
            {
                fields.insert(name.to_owned(), of.to_value());
            }
        };
        add(
            "source",
            Source::json_schema(generator),
            "The system that `external_id` belongs to; `api` if left out.",
        );
        add(
            "external_id",
            Key::json_schema(generator),
            "Its key in that system; made up if left out.",
        );
        schema
    }
}

/// Something that was made.
pub struct Created<V> {
    status: StatusCode,
    location: String,
    tag: String,
    view: V,
}

impl<V: Serialize> Created<V> {
    /// What was made, and where it is.
    pub fn of(status: StatusCode, location: String, view: V) -> ApiResult<Self> {
        let tag = etag_of(&view)?;
        Ok(Self { status, location, tag, view })
    }
}

impl<V: Serialize> IntoResponse for Created<V> {
    fn into_response(self) -> HttpResponse {
        let mut response = json_response(self.status, &self.view);
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.tag)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl<V: JsonSchema> OperationOutput for Created<V> {
    type Inner = V;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
        let mut response = json_doc::<V>(ctx, "It is made");
        header_doc(&mut response, "Location", "Where it is.");
        header_doc(&mut response, "ETag", "Another one as soon as it changes.");
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        let made = Self::operation_response(ctx, operation).unwrap_or_default();
        vec![
            (Some(201), made),
            (Some(404), problem_doc(ctx, "What a repeated request made is gone")),
            (Some(409), problem_doc(ctx, "It exists already, or does not go with what is there")),
        ]
    }
}
