//! Enqueueing thousands of jobs in one request: a line of JSON each, read as they arrive.
//!
//! Lines are taken in groups: the recorded jobs of one in one transaction, and then its volatile ones in one call. A
//! request that breaks off leaves what came before enqueued, and repeating it with its `Idempotency-Key` enqueues the
//! rest.

use aide::{
    OperationInput,
    axum::{ApiRouter, routing::post_with},
    generate::GenContext,
    openapi::{MediaType, Operation, ReferenceOr, RequestBody, Response, SchemaObject},
};
use axum::extract::{FromRequest, Request, State};
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use jobs::{JobId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    recorded::{self, Recorded},
    tenant::Tenant,
};

use super::{
    body::{NewJob, Read},
    enqueue::{Enqueued, Outcome, Same, check_same, same_work, sameness, task},
};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{
        BODY_PAUSE_MAX, Enqueuer, Idempotency, Tagged, body_broke_off, body_too_slow, read_json,
        refusals, require_type,
    },
    resource::named,
    state::AppState,
};

/// Jobs of one group.
const GROUP: usize = 500;
/// Jobs of one request.
const JOBS_MAX: u64 = 100_000;
/// Longest line: a payload of ids and intent, with room to spare.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Faults that are told.
const FAULTS_MAX: usize = 100;
const NDJSON: &str = "application/x-ndjson";

/// What came of a batch.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct BatchEnqueued {
    /// Lines that were read.
    read: u64,
    /// Jobs that are new.
    new: u64,
    /// Jobs that were there already.
    duplicates: u64,
    /// Lines that were refused.
    refused: u64,
    /// Why, of the first hundred.
    faults: Vec<LineFault>,
}

/// Why a line was refused.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineFault {
    /// Which line, from 1.
    line: u64,
    /// What kind of fault.
    code: Code,
    /// The field at fault.
    field: Option<String>,
    /// What is wrong.
    detail: String,
}

/// Lines, as they arrive.
pub struct Lines {
    body: axum::body::Body,
    held: BytesMut,
    is_over: bool,
    /// Which line was read last, from 1.
    number: u64,
}

impl FromRequest<AppState> for Lines {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> ApiResult<Self> {
        require_type(request.headers(), &[NDJSON])?;
        Ok(Self { body: request.into_body(), held: BytesMut::new(), is_over: false, number: 0 })
    }
}

fn too_long() -> ApiError {
    let detail = format!("a line of at most {LINE_BYTES_MAX} bytes is taken here");
    ApiError::new(Code::BodyTooLarge, detail)
}

impl Lines {
    /// The next line that is not empty; none at the end.
    async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.held[looked_at..].iter().position(|it| *it == b'\n') {
                if LINE_BYTES_MAX < looked_at + end {
                    return Err(too_long());
                }
                self.number += 1;
                let line = self.held.split_to(looked_at + end).freeze();
                self.held.advance(1);
                looked_at = 0;
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            looked_at = self.held.len();
            if LINE_BYTES_MAX < self.held.len() {
                return Err(too_long());
            }
            if self.is_over {
                self.number += 1;
                let rest = self.held.split().freeze();
                return Ok((!rest.trim_ascii().is_empty()).then_some(rest));
            }
            let frame = tokio::time::timeout(BODY_PAUSE_MAX, self.body.frame()).await;
            match frame.map_err(|_| body_too_slow())? {
                None => self.is_over = true,
                Some(frame) => {
                    let frame = frame.map_err(|_| body_broke_off())?;
                    if let Ok(data) = frame.into_data() {
                        self.held.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

impl OperationInput for Lines {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = SchemaObject {
            json_schema: ctx.schema.subschema_for::<NewJob>(),
            example: None,
            external_docs: None,
        };
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        operation.request_body = Some(ReferenceOr::Item(RequestBody {
            description: Some("A job on each line.".to_owned()),
            content: [(NDJSON.to_owned(), media)].into_iter().collect(),
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
                (400, "The body broke off, or a parameter cannot be meant"),
                (408, "The body did not arrive in time"),
                (413, "A line, or the body, is too large"),
                (415, "The body is of another type"),
                (422, "A field cannot be meant"),
            ],
        )
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/jobs/batch",
        post_with(enqueue, |op| {
            named(op, "enqueue", "jobs", "jobs", "Enqueues many").description(
                "A line of JSON for each job, up to 100,000 of them. A line that cannot be meant is refused and told; \
                 the others are enqueued. With an `Idempotency-Key`, a request that broke off may be repeated: what \
                 it enqueued is a duplicate then.",
            )
        }),
    )
}

async fn enqueue(
    caller: Enqueuer,
    State(app): State<AppState>,
    idempotency: Idempotency,
    mut lines: Lines,
) -> ApiResult<Tagged<BatchEnqueued>> {
    let _place = app.inner().uploads.join(caller.tenant)?;
    let tenant = app.tenant(caller.tenant).await?;
    let mut batch = Batch { app: &app, tenant: &tenant, done: BatchEnqueued::default() };
    let mut group = Vec::with_capacity(GROUP);
    while let Some(line) = lines.next().await.map_err(|error| batch.cut_short(&error))? {
        if JOBS_MAX <= batch.done.read {
            let detail = format!(
                "a request of at most {JOBS_MAX} jobs is taken here: send what follows in another one"
            );
            batch.keep_or_tell(&mut group).await?;
            let (new, known) = (batch.done.new, batch.done.duplicates);
            let detail = format!("{detail}; {new} of these were enqueued and {known} were known");
            return Err(ApiError::new(Code::BodyTooLarge, detail));
        }
        batch.done.read += 1;
        let number = lines.number;
        let request = idempotency.key.as_ref().map(|key| format!("batch:{key}:{number}"));
        match batch.read(number, &line, request.as_deref()) {
            Ok(read) => group.push(read),
            Err(error) => batch.refuse(number, &error),
        }
        if group.len() == GROUP {
            batch.keep_or_tell(&mut group).await?;
        }
    }
    batch.keep_or_tell(&mut group).await?;
    Tagged::of(batch.done)
}

/// A line that was read.
struct Line {
    number: u64,
    job: NewJob,
    key: Option<Same>,
    read: Read,
}

struct Batch<'b> {
    app: &'b AppState,
    tenant: &'b Tenant,
    done: BatchEnqueued,
}

impl Batch<'_> {
    fn read(&self, number: u64, line: &[u8], request: Option<&str>) -> ApiResult<Line> {
        let job: NewJob = read_json(line)?;
        let key = same_work(request, job.unique_key.as_ref())?;
        let now = self.app.clock.now();
        let id = JobId::from_uuid(self.app.store.new_uuid(now));
        let present = self.tenant.now(self.app.clock.as_ref());
        let read = job.job.read(self.tenant.id, id, now, present)?;
        if matches!(read, Read::Volatile(_)) {
            // Told here, before anything of its group is kept.
            self.app.queue.engine()?;
        }
        Ok(Line { number, job, key, read })
    }

    /// Why nothing more is taken, and what became of the lines before.
    fn cut_short(&self, error: &ApiError) -> ApiError {
        let (new, known) = (self.done.new, self.done.duplicates);
        let because = error.detail().trim_end_matches("; nothing was done");
        let detail = format!(
            "{because}; {new} jobs were enqueued before that and {known} were known: with its `Idempotency-Key` the \
             request may be repeated"
        );
        error.told_as(detail)
    }

    async fn keep_or_tell(&mut self, group: &mut Vec<Line>) -> ApiResult<()> {
        let kept = self.keep(group).await;
        kept.map_err(|error| self.cut_short(&error))
    }

    fn refuse(&mut self, line: u64, error: &ApiError) {
        self.done.refused += 1;
        if self.done.faults.len() < FAULTS_MAX {
            self.done.faults.push(LineFault {
                line,
                code: error.code(),
                field: error.field_name().map(str::to_owned),
                detail: error.detail().to_owned(),
            });
        }
    }

    fn count(&mut self, name: &'static str, enqueued: &Enqueued) {
        enqueued.count(name);
        match enqueued.outcome {
            Outcome::New => self.done.new += 1,
            Outcome::Duplicate => self.done.duplicates += 1,
        }
    }

    /// Enqueues a group: its recorded jobs in one transaction, its volatile ones in one call.
    async fn keep(&mut self, group: &mut Vec<Line>) -> ApiResult<()> {
        if group.is_empty() {
            return Ok(());
        }
        let (mut tasks, mut names) = (Vec::new(), Vec::new());
        let now = self.app.clock.now();
        let lines = std::mem::take(group);
        let (recorded, volatile): (Vec<&Line>, Vec<&Line>) =
            lines.iter().partition(|line| matches!(line.read, Read::Recorded(_)));
        for line in volatile {
            let Read::Volatile(envelope) = &line.read else { continue };
            match task(envelope, &line.job, line.key.as_ref()) {
                Ok(task) => {
                    tasks.push(task);
                    names.push(line.job.job.name());
                }
                Err(error) => self.refuse(line.number, &error),
            }
        }
        if !recorded.is_empty() {
            self.record(recorded, now).await?;
        }
        self.done.faults.sort_by_key(|fault| fault.line);
        if !tasks.is_empty() {
            let kept = self.app.queue.engine()?.enqueue(tasks).await?;
            for (name, kept) in names.into_iter().zip(kept) {
                self.count(name, &Enqueued::of_kept(kept));
            }
        }
        Ok(())
    }

    /// Records jobs in one transaction.
    async fn record(&mut self, recorded: Vec<&Line>, now: Timestamp) -> ApiResult<()> {
        let mut ended = Vec::new();
        let work = self.app.begin(self.tenant.id).await?;
        let scope = work.scope();
        let new: Vec<_> = recorded.iter().filter_map(|line| new_record(line, now)).collect();
        let kept = scope.record_jobs(&new, now).await?;
        for ((line, new), kept) in recorded.into_iter().zip(&new).zip(kept) {
            match kept {
                Ok(recorded) => {
                    if let (Recorded::Duplicate(there), Some(Same::Request(_))) =
                        (recorded, &line.key)
                        && let Err(error) = check_same(&scope, there, new.job).await
                    {
                        self.refuse(line.number, &error);
                        continue;
                    }
                    ended.push((line.job.job.name(), Enqueued::of_recorded(recorded)));
                }
                Err(error) => self.refuse(line.number, &error.into()),
            }
        }
        drop(scope);
        work.commit().await?;
        for (name, enqueued) in ended {
            self.count(name, &enqueued);
        }
        Ok(())
    }
}

/// A line's job as it is recorded; none if it is not.
fn new_record(line: &Line, now: Timestamp) -> Option<recorded::NewJob<'_>> {
    let Read::Recorded(job) = &line.read else { return None };
    let run_at = line.job.run_at.map_or(now, |it| it.0);
    Some(recorded::NewJob { job, sameness: sameness(line.key.as_ref()), run_at })
}
