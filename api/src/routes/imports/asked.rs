//! What is asked of an import, in the query: so that it is known before the first byte of a file arrives.

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{
    import::{ImportKind, ImportOptions, OptionFault, check_mailbox_name, check_source},
    record::OrderStatus,
};
use schemars::json_schema;

use crate::{
    error::{ApiError, ApiResult, shown},
    extract::{query, read_query, refusals, required_query},
    state::AppState,
    wire::{Words, find_text_fault},
};

/// The source of imported rows, unless another is named.
const SOURCE: &str = "import";
/// Longest address, zone or host.
const TEXT_CHARS_MAX: usize = 254;

/// An import that is asked for.
pub struct Asked {
    /// What its files hold.
    pub kind: ImportKind,
    /// The system that its keys belong to.
    pub source: String,
    /// How it is to be read.
    pub options: ImportOptions,
    /// All of it, as it was written.
    pub text: String,
}

/// The options' names, and what they say.
const TEXTS: &[(&str, &str)] = &[
    ("source", "The system that the external ids come from, and references; `import` if left out."),
    ("zone", "The IANA time zone of times without one; the tenant's if left out."),
    ("mailbox", "For messages, and needed there: the mailbox they go to."),
    ("authserv_id", "For messages: the authserv-id whose word on senders is trusted."),
    ("address", "For messages: the tenant's own address; what it sent is outbound."),
];

/// Statuses that orders may come in with.
const STATUSES: [OrderStatus; 3] = [OrderStatus::New, OrderStatus::Open, OrderStatus::Done];

/// What is wrong with an option, by the name of its parameter.
pub fn refused(fault: OptionFault) -> ApiError {
    ApiError::parameter(fault.option.replace('-', "_"), fault.problem)
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let known = ["kind", "source", "as", "zone", "mailbox", "authserv_id", "address"];
        let text = parts.uri.query().unwrap_or_default().to_owned();
        let mut kind = None;
        let mut source = SOURCE.to_owned();
        let mut options = ImportOptions::default();
        for (name, value) in read_query(parts, &known)? {
            if let Some(fault) = find_text_fault(&value, TEXT_CHARS_MAX) {
                return Err(ApiError::parameter(name, fault));
            }
            let none_of = |names: Vec<&str>| {
                let detail = format!("`{}` is none of {}", shown(&value), names.join(", "));
                ApiError::parameter(&name, detail)
            };
            match name.as_str() {
                "kind" => {
                    kind = Some(value.parse().map_err(|_| none_of(ImportKind::names()))?);
                }
                "as" => {
                    let status = STATUSES.into_iter().find(|it| it.as_str() == value);
                    let names = STATUSES.map(OrderStatus::as_str).to_vec();
                    options.as_status = Some(status.ok_or_else(|| none_of(names))?);
                }
                "zone" => options.zone = Some(value),
                "mailbox" => options.mailbox = Some(value),
                "authserv_id" => options.authserv_id = Some(value),
                "address" => options.address = Some(value),
                _ => source = value,
            }
        }
        let Some(kind) = kind else {
            let detail = format!("is missing: give one of {}", ImportKind::names().join(", "));
            return Err(ApiError::parameter("kind", detail));
        };
        check_source(&source).map_err(|it| ApiError::parameter("source", it.to_string()))?;
        // What has to be there of files is known once they are.
        options.check(kind, kind == ImportKind::Orders, false).map_err(refused)?;
        if kind == ImportKind::Messages {
            let name = options.mailbox.as_deref().unwrap_or_default();
            check_mailbox_name(name).map_err(refused)?;
        }
        Ok(Self { kind, source, options, text })
    }
}

impl OperationInput for Asked {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let kinds = json_schema!({ "type": "string", "enum": ImportKind::names() });
        required_query(operation, "kind", "What the file holds.", kinds);
        let statuses = STATUSES.map(OrderStatus::as_str);
        let statuses = json_schema!({ "type": "string", "enum": statuses });
        let text = "For orders: the status of those that were not there before; `new` if left out.";
        query(operation, "as", text, statuses);
        for (name, about) in TEXTS {
            let schema =
                json_schema!({ "type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX });
            query(operation, name, about, schema);
        }
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}
