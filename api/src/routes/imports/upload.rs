//! Taking files in, piece by piece: none is held in memory, and the database is not held up by a slow sender.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aide::{
    OperationInput,
    axum::routing::{ApiMethodRouter, post_with},
    generate::GenContext,
    openapi::{MediaType, Operation, ReferenceOr, RequestBody, Response, SchemaObject},
};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State, multipart::Field},
    http::StatusCode,
};
use domain::{
    id::{ImportId, TenantId},
    import::{ImportKind, ImportPart},
    proposal::hex,
    time::Timestamp,
};
use futures_util::StreamExt;
use jobs::ImportUpload;
use schemars::json_schema;
use sha2::{Digest, Sha256};
use store::{Scope, StoreResult, Transition, recorded::Sameness, upload::NewImport};

use super::{
    asked::{Asked, refused},
    view::{Imports, View},
};
use crate::{
    error::{ApiError, ApiResult, Code, shown},
    extract::{
        BODY_PAUSE_MAX, BodyDigest, Idempotency, Once, Operator, body_broke_off, body_too_slow,
        refusals, require_type,
    },
    kept,
    made::Created,
    resource::named,
    state::AppState,
};

const MULTIPART: &str = "multipart/form-data";
/// Bytes of all files of an import: more than a million rows.
const UPLOAD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes of a map.
const MAP_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a piece.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Bytes that may arrive before the next piece of a file begins: what stands before and between the files is held in
/// memory, and has no reason to be long.
const BETWEEN_BYTES_MAX: usize = 256 * 1024;

/// Files, as they arrive.
pub struct Upload {
    parts: Multipart,
    /// Bytes that arrived since the last piece.
    since: Arc<AtomicUsize>,
}

impl FromRequest<AppState> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> ApiResult<Self> {
        require_type(request.headers(), &[MULTIPART])?;
        let since = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&since);
        let request = request.map(|body| {
            let pieces = body.into_data_stream().map(move |piece| {
                let piece = piece?;
                let held = counted.fetch_add(piece.len(), Ordering::Relaxed) + piece.len();
                if BETWEEN_BYTES_MAX < held {
                    return Err(axum::Error::new("there is no end to what stands between files"));
                }
                Ok(piece)
            });
            Body::from_stream(pieces)
        });
        match Multipart::from_request(request, app).await {
            Ok(parts) => Ok(Self { parts, since }),
            Err(_) => {
                let detail =
                    "names no boundary between the files: let your client make this header";
                Err(ApiError::new(Code::UnsupportedMediaType, detail).at("Content-Type"))
            }
        }
    }
}

impl OperationInput for Upload {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let file = |text: &str| serde_json::json!({ "type": "string", "format": "binary", "description": text });
        let json_schema = json_schema!({
            "type": "object",
            "required": ["file"],
            "additionalProperties": false,
            "properties": {
                "file": file("What is imported: CSV, or an mbox for messages."),
                "lines": file("For orders, and needed there: the file with their lines."),
                "map": file("How the files name and write things, as TOML."),
            },
        });
        let schema = SchemaObject { json_schema, example: None, external_docs: None };
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        operation.request_body = Some(ReferenceOr::Item(RequestBody {
            description: Some("The files, 256 MiB at most.".to_owned()),
            content: [(MULTIPART.to_owned(), media)].into_iter().collect(),
            required: true,
            extensions: Default::default(),
        }));
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(
            ctx,
            &[
                (400, "A parameter cannot be meant, or the body is cut off"),
                (408, "The body did not arrive in time"),
                (413, "The files are too large"),
                (415, "The body is of another type"),
                (422, "A file is missing, or there is one too many"),
            ],
        )
    }
}

pub fn route() -> ApiMethodRouter<AppState> {
    let route = post_with(upload, |op| {
        named(op, "create", "import", "imports", "Uploads the files of").description(
            "A job reads them; the import's `state` says how far it is, and its report what was refused and why.",
        )
    });
    // Its own limit counts, and says which.
    route.layer(DefaultBodyLimit::disable())
}

async fn upload(
    caller: Operator,
    State(app): State<AppState>,
    asked: Asked,
    idempotency: Idempotency,
    upload: Upload,
) -> ApiResult<Created<View>> {
    let _place = app.inner().uploads.join(caller.tenant)?;
    let (now, actor) = (app.clock.now(), caller.actor());
    let scope = app.store.tenant(caller.tenant);
    let Asked { kind, source, options, text } = &asked;
    let new = NewImport { kind: *kind, source, options, actor: &actor };
    let id = scope.insert_import(&new, now).await?;
    let mut received = Received { scope: &scope, id, now, bytes: 0, hashes: BTreeMap::new() };
    let taken = match received.all(upload).await {
        Ok(()) => received.check(&asked),
        Err(error) => Err(error),
    };
    let made = match taken {
        Ok(()) => {
            let digest = received.digest(text);
            start(&app, &caller, &idempotency, id, received.bytes, &digest).await
        }
        Err(error) => Err(error),
    };
    if made.as_ref().ok() != Some(&id)
        && let Err(error) = drop_upload(&app, caller.tenant, id).await
    {
        // A daily chore comes by.
        tracing::warn!(%error, "files that are not imported were not dropped");
    }
    let id = made?;
    let view = kept::find::<Imports>(&scope, id.uuid()).await?;
    Created::of(StatusCode::CREATED, format!("/v1/imports/{id}"), view)
}

/// Drops what was uploaded, unless it is on its way to be imported after all.
async fn drop_upload(app: &AppState, tenant: TenantId, id: ImportId) -> StoreResult<()> {
    let work = app.store.begin(tenant).await?;
    work.scope().expire_import(id).await?;
    work.commit().await
}

/// Starts the import; or says which one the same request has started before.
async fn start(
    app: &AppState,
    caller: &Operator,
    idempotency: &Idempotency,
    id: ImportId,
    bytes: usize,
    digest: &BodyDigest,
) -> ApiResult<ImportId> {
    let (tenant_id, now) = (caller.tenant, app.clock.now());
    match idempotency.begin(app, tenant_id, Some(digest)).await? {
        Once::Repeated { subject, .. } => Ok(ImportId::from_uuid(subject.unwrap_or_default())),
        Once::First(doing) => {
            let scope = doing.scope();
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            if scope.mark_import_waiting(id, bytes, now).await? != Transition::Moved {
                return Err(ApiError::new(Code::Conflict, "the upload was dropped meanwhile"));
            }
            let job = ImportUpload { tenant_id, import_id: id };
            let sameness = Sameness::Once(format!("import:{id}"));
            scope.record_job(&job, &sameness, now, now).await?;
            drop(scope);
            doing.finish(StatusCode::CREATED, Some(id.uuid())).await?;
            Ok(id)
        }
    }
}

/// What has arrived so far.
struct Received<'r> {
    scope: &'r Scope<'r>,
    id: ImportId,
    now: Timestamp,
    bytes: usize,
    hashes: BTreeMap<&'static str, String>,
}

impl Received<'_> {
    async fn all(&mut self, upload: Upload) -> ApiResult<()> {
        let Upload { mut parts, since } = upload;
        loop {
            let next = tokio::time::timeout(BODY_PAUSE_MAX, parts.next_field()).await;
            let next = next.map_err(|_| body_too_slow())?.map_err(|_| body_broke_off())?;
            let Some(field) = next else { return Ok(()) };
            since.store(0, Ordering::Relaxed);
            self.one(field, &since).await?;
        }
    }

    async fn one(&mut self, mut field: Field<'_>, since: &AtomicUsize) -> ApiResult<()> {
        let name = field.name().unwrap_or_default().to_owned();
        let part = match name.as_str() {
            "file" => ImportPart::File,
            "lines" => ImportPart::Lines,
            "map" => ImportPart::Map,
            other => {
                let detail = "is none of the files of an import: file, lines, map";
                return Err(ApiError::field(shown(other), detail));
            }
        };
        if self.hashes.contains_key(part.as_str()) {
            return Err(ApiError::field(part.as_str(), "is there twice"));
        }
        let (mut hash, mut held, mut position, mut size) = (Sha256::new(), Vec::new(), 0, 0);
        loop {
            let next = tokio::time::timeout(BODY_PAUSE_MAX, field.chunk()).await;
            let next = next.map_err(|_| body_too_slow())?.map_err(|_| body_broke_off())?;
            since.store(0, Ordering::Relaxed);
            if let Some(bytes) = &next {
                hash.update(bytes);
                size += bytes.len();
                self.bytes += bytes.len();
                self.check_size(part, size)?;
                held.extend_from_slice(bytes);
            }
            if CHUNK_BYTES <= held.len() || (next.is_none() && !held.is_empty()) {
                let bytes = std::mem::take(&mut held);
                let (id, now) = (self.id, self.now);
                self.scope.insert_import_chunk(id, part, position, bytes, now).await?;
                position += 1;
            }
            if next.is_none() {
                break;
            }
        }
        if size == 0 {
            return Err(ApiError::field(part.as_str(), "is empty"));
        }
        self.hashes.insert(part.as_str(), hex(&hash.finalize()));
        Ok(())
    }

    fn check_size(&self, part: ImportPart, size: usize) -> ApiResult<()> {
        let detail = if UPLOAD_BYTES_MAX < self.bytes {
            format!("files of at most {UPLOAD_BYTES_MAX} bytes are taken together: split them")
        } else if part == ImportPart::Map && MAP_BYTES_MAX < size {
            format!("a map of at most {MAP_BYTES_MAX} bytes is taken")
        } else {
            return Ok(());
        };
        Err(ApiError::new(Code::BodyTooLarge, detail).at(part.as_str()))
    }

    /// Errors unless the files are those that the import needs.
    fn check(&self, asked: &Asked) -> ApiResult<()> {
        let has = |part: ImportPart| self.hashes.contains_key(part.as_str());
        if !has(ImportPart::File) {
            return Err(ApiError::field("file", "is missing: it is what is imported"));
        }
        let (kind, lines, map) = (asked.kind, has(ImportPart::Lines), has(ImportPart::Map));
        let checked = asked.options.check(kind, lines, map);
        checked.map_err(|fault| match kind {
            ImportKind::Orders => ApiError::field(fault.option, fault.problem),
            _ if matches!(fault.option, "lines" | "map") => {
                ApiError::field(fault.option, fault.problem)
            }
            _ => refused(fault),
        })
    }

    /// The hash of everything that was sent.
    fn digest(&self, asked: &str) -> BodyDigest {
        let mut hash = Sha256::new();
        hash.update(asked.as_bytes());
        for (part, of) in &self.hashes {
            hash.update(format!("\0{part}\0{of}"));
        }
        BodyDigest(hex(&hash.finalize()))
    }
}
