//! What a route takes out of a request. Each of them describes itself in the document, with what it may refuse.

mod body;
mod caller;
mod etag;
mod id;
mod list;
mod once;

pub use body::{
    BODY_PAUSE_MAX, Body, BodyDigest, MergePatch, broken as body_broke_off, read_json, read_value,
    require_type, too_slow as body_too_slow,
};
pub use caller::{Admin, AdminOwner, Enqueuer, Operator, Owner, SECURITY, Viewer};
pub use etag::{
    IfMatch, IfNoneMatch, NoContent, Tagged, etag_of, header_doc, json_doc, json_response, text_doc,
};
pub use id::{ById, ByName};
pub use list::{
    FilterSpec, Holds, ListOf, Listed, ListedPage, SortSpec, describe_paging, read_limit,
    read_query,
};
pub use once::{Idempotency, Once};

use aide::{
    generate::GenContext,
    openapi::{
        Operation, Parameter, ParameterData, ParameterSchemaOrContent, PathStyle, QueryStyle,
        ReferenceOr, Response, SchemaObject,
    },
};
use schemars::Schema;

use crate::error::problem_doc;

/// What may be refused, for the document.
pub fn refusals(ctx: &mut GenContext, statuses: &[(u16, &str)]) -> Vec<(Option<u16>, Response)> {
    statuses.iter().map(|(status, text)| (Some(*status), problem_doc(ctx, text))).collect()
}

fn parameter_data(
    name: &str,
    description: &str,
    required: bool,
    json_schema: Schema,
) -> ParameterData {
    let schema = SchemaObject { json_schema, example: None, external_docs: None };
    ParameterData {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    }
}

/// Adds a parameter of the query.
pub fn query(operation: &mut Operation, name: &str, description: &str, schema: Schema) {
    in_query(operation, parameter_data(name, description, false, schema));
}

/// Adds a parameter of the query that has to be there.
pub fn required_query(operation: &mut Operation, name: &str, description: &str, schema: Schema) {
    in_query(operation, parameter_data(name, description, true, schema));
}

fn in_query(operation: &mut Operation, parameter_data: ParameterData) {
    operation.parameters.push(ReferenceOr::Item(Parameter::Query {
        parameter_data,
        allow_reserved: false,
        style: QueryStyle::Form,
        allow_empty_value: None,
    }));
}

fn path(operation: &mut Operation, name: &str, description: &str, schema: Schema) {
    operation.parameters.push(ReferenceOr::Item(Parameter::Path {
        parameter_data: parameter_data(name, description, true, schema),
        style: PathStyle::Simple,
    }));
}

fn header(
    operation: &mut Operation,
    name: &str,
    description: &str,
    required: bool,
    schema: Schema,
) {
    operation.parameters.push(ReferenceOr::Item(Parameter::Header {
        parameter_data: parameter_data(name, description, required, schema),
        style: aide::openapi::HeaderStyle::Simple,
    }));
}
