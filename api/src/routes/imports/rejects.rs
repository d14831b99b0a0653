//! The refused rows of an import, as a file that can be mended and sent again.

use aide::{
    OperationInput, OperationOutput,
    axum::{ApiRouter, routing::get_with},
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{header, request::Parts},
    response::{IntoResponse, Response as HttpResponse},
};
use bytes::Bytes;
use domain::{
    id::{ImportId, TenantId},
    import::ImportPart,
};
use futures_util::stream;
use schemars::json_schema;
use store::StoreResult;

use crate::{
    error::{ApiError, ApiResult, shown},
    extract::{ById, Viewer, query, read_query, refusals, text_doc},
    resource::{named, not_found},
    state::AppState,
};

const CSV: &str = "text/csv";

/// Which of an import's files the rows were refused of.
struct Of(ImportPart);

impl FromRequestParts<AppState> for Of {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let given = read_query(parts, &["of"])?;
        match given.first().map(|(_, value)| value.as_str()) {
            None | Some("file") => Ok(Self(ImportPart::Rejects)),
            Some("lines") => Ok(Self(ImportPart::LineRejects)),
            Some(other) => {
                let detail = format!("`{}` is none of file, lines", shown(other));
                Err(ApiError::parameter("of", detail))
            }
        }
    }
}

impl OperationInput for Of {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let files =
            json_schema!({ "type": "string", "enum": ["file", "lines"], "default": "file" });
        query(operation, "of", "Of the orders or of their lines.", files);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}

/// A file of refused rows, read piece by piece.
struct RefusedRows(Body);

impl IntoResponse for RefusedRows {
    fn into_response(self) -> HttpResponse {
        let headers = [
            (header::CONTENT_TYPE, CSV),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"rejects.csv\""),
        ];
        (headers, self.0).into_response()
    }
}

impl OperationOutput for RefusedRows {
    type Inner = Self;

    fn operation_response(_: &mut GenContext, _: &mut Operation) -> Option<Response> {
        let about = "The file's own columns, behind four of ours.";
        Some(text_doc(CSV, "The refused rows, each with its reasons in front", about))
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        Self::operation_response(ctx, operation).map(|it| (Some(200), it)).into_iter().collect()
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/imports/{id}/rejects",
        get_with(read, |op| {
            let op = named(op, "get", "import_rejects", "imports", "Reads the refused rows of");
            let op = op.summary("Reads the refused rows of an import").description(
                "Mended, the file can be sent again as it is: its first four columns are left out.",
            );
            not_found(op, "import with refused rows")
        }),
    )
}

async fn read(
    caller: Viewer,
    State(app): State<AppState>,
    ById(id): ById,
    Of(part): Of,
) -> ApiResult<RefusedRows> {
    let (tenant, id) = (caller.tenant, ImportId::from_uuid(id));
    let Some(first) = piece(&app, tenant, id, part, 0).await? else {
        return Err(ApiError::not_found("import with refused rows"));
    };
    let rest = stream::try_unfold((app, 1), move |(app, position)| async move {
        let next = piece(&app, tenant, id, part, position).await?;
        StoreResult::Ok(next.map(|bytes| (bytes, (app, position + 1))))
    });
    let all = futures_util::StreamExt::chain(stream::once(async { Ok(first) }), rest);
    Ok(RefusedRows(Body::from_stream(all)))
}

async fn piece(
    app: &AppState,
    tenant: TenantId,
    id: ImportId,
    part: ImportPart,
    position: u32,
) -> StoreResult<Option<Bytes>> {
    let bytes = app.store.tenant(tenant).find_import_chunk(id, part, position).await?;
    Ok(bytes.map(Bytes::from))
}
