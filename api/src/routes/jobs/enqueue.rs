//! Enqueueing a job: new, or a duplicate of one that is there.

use std::time::Duration;

use aide::{
    OperationOutput,
    axum::{ApiRouter, routing::post_with},
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response as HttpResponse},
};
use domain::{id::TenantId, metrics as names};
use jobs::{Envelope, JobId, Priority, Queue, Unique};
use queue::{Enqueued as Kept, NewTask};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::{
    Scope,
    idempotency::IDEMPOTENCY_HOURS,
    recorded::{Recorded, Sameness},
};
use uuid::Uuid;

use super::body::{NewJob, Read};
use crate::{
    error::{ApiError, ApiResult, Code},
    extract::{Body, Enqueuer, Idempotency, header_doc, json_doc, json_response},
    resource::named,
    state::AppState,
    wire::Line,
};

/// What came of enqueueing a job.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Enqueued {
    /// The job: the new one, or the one that was there.
    pub id: Uuid,
    /// Which of them.
    pub outcome: Outcome,
}

/// Whether a job is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "EnqueueOutcome", transform = crate::wire::plain_words)]
pub enum Outcome {
    /// It is enqueued.
    New,
    /// The same work is enqueued already.
    Duplicate,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Duplicate => "duplicate",
        }
    }
}

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/v1/jobs",
        post_with(enqueue, |op| {
            named(op, "enqueue", "job", "jobs", "Enqueues").description(
                "201 for a new job, 200 for one that is there already, under the same `Idempotency-Key` or `unique_key`.",
            )
        }),
    )
}

async fn enqueue(
    caller: Enqueuer,
    State(app): State<AppState>,
    idempotency: Idempotency,
    body: Body<NewJob>,
) -> ApiResult<Enqueued> {
    let (job, tenant, now) = (body.value, caller.tenant, app.clock.now());
    let id = JobId::from_uuid(app.store.new_uuid(now));
    let key = same_work(idempotency.key.as_deref(), job.unique_key.as_ref())?;
    let present = match job.job.asks_for_present() {
        true => app.tenant(tenant).await?.now(app.clock.as_ref()),
        false => now,
    };
    let done = match job.job.read(tenant, id, now, present)? {
        Read::Volatile(envelope) => {
            let task = task(&envelope, &job, key.as_ref())?;
            let kept = app.queue.engine()?.enqueue(vec![task]).await?;
            Enqueued::of_kept(kept.first().copied().unwrap_or(Kept::New(id)))
        }
        Read::Recorded(read) => {
            let work = app.begin(tenant).await?;
            let sameness = sameness(key.as_ref());
            let run_at = job.run_at.map_or(now, |it| it.0);
            let recorded = work.scope().record_any_job(&read, &sameness, run_at, now).await?;
            if let (Recorded::Duplicate(there), Some(Same::Request(_))) = (recorded, &key) {
                check_same(&work.scope(), there, &read).await?;
            }
            work.commit().await?;
            Enqueued::of_recorded(recorded)
        }
    };
    done.count(job.job.name());
    Ok(done)
}

/// What makes another request the same work.
pub enum Same {
    /// It carries the same `Idempotency-Key`, for a day.
    Request(String),
    /// Its job has the same key, until that ends.
    Job(String),
}

/// What makes a job the same as another one; one key at most.
pub fn same_work(request: Option<&str>, job: Option<&Line<200>>) -> ApiResult<Option<Same>> {
    match (request, job) {
        (Some(_), Some(_)) => Err(ApiError::field(
            "unique_key",
            "give this or the header `Idempotency-Key`: a job is the same as another by one key",
        )),
        // Hashed, because callers' keys may be longer than an index entry should be.
        (Some(key), None) => {
            let hash = domain::proposal::hex(&Sha256::digest(key.as_bytes()));
            Ok(Some(Same::Request(format!("request:{hash}"))))
        }
        (None, Some(key)) => Ok(Some(Same::Job(format!("job:{key}")))),
        (None, None) => Ok(None),
    }
}

/// The same in the words of the records.
///
/// A request's key holds for as long as its job's record is kept, which is longer than the day that was promised.
pub fn sameness(key: Option<&Same>) -> Sameness {
    match key {
        None => Sameness::Never,
        Some(Same::Request(key)) => Sameness::Once(key.clone()),
        Some(Same::Job(key)) => Sameness::WhilePending(key.clone()),
    }
}

/// A volatile job for the queue.
pub fn task(envelope: &Envelope, job: &NewJob, key: Option<&Same>) -> ApiResult<NewTask> {
    let unique = match key {
        None => Ok(None),
        Some(Same::Request(key)) => Unique::within(key.clone(), DAY).map(Some),
        Some(Same::Job(key)) => Unique::while_pending(key.clone()).map(Some),
    };
    Ok(NewTask {
        id: envelope.id,
        queue: Queue::Interactive,
        name: envelope.name.clone(),
        tenant: envelope.tenant,
        priority: Priority::default(),
        run_at: job.run_at.map(|it| it.0),
        unique: unique.map_err(|error| ApiError::field("unique_key", error.to_string()))?,
        body: envelope.to_bytes().map_err(|error| ApiError::field("job", error.to_string()))?,
    })
}

/// How long a request's key holds for a volatile job.
const DAY: Duration = Duration::from_secs(IDEMPOTENCY_HOURS.unsigned_abs() * 60 * 60);

/// A key that was given with another job is no repetition.
pub async fn check_same(scope: &Scope<'_>, there: JobId, asked: &jobs::AnyJob) -> ApiResult<()> {
    let Some(there) = scope.find_recorded_job(there).await? else { return Ok(()) };
    let payload = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let is_same = there.envelope.name == asked.name
        && payload(there.envelope.payload.get()) == payload(asked.payload.get());
    if is_same {
        return Ok(());
    }
    let detail = "this key was given with another job before: make a new one";
    Err(ApiError::new(Code::IdempotencyKeyReused, detail).at("Idempotency-Key"))
}

impl Enqueued {
    /// What the queue made of it.
    pub fn of_kept(kept: Kept) -> Self {
        match kept {
            Kept::New(id) => Self { id: id.uuid(), outcome: Outcome::New },
            Kept::Duplicate(id) => Self { id: id.uuid(), outcome: Outcome::Duplicate },
        }
    }

    /// What the records made of it.
    pub fn of_recorded(recorded: Recorded) -> Self {
        match recorded {
            Recorded::New(id) => Self { id: id.uuid(), outcome: Outcome::New },
            Recorded::Duplicate(id) => Self { id: id.uuid(), outcome: Outcome::Duplicate },
        }
    }

    /// Counts it.
    pub fn count(&self, name: &'static str) {
        let outcome = self.outcome.as_str();
        metrics::counter!(names::JOBS_ENQUEUED, "name" => name, "outcome" => outcome).increment(1);
    }
}

impl IntoResponse for Enqueued {
    fn into_response(self) -> HttpResponse {
        let status = match self.outcome {
            Outcome::New => StatusCode::CREATED,
            Outcome::Duplicate => StatusCode::OK,
        };
        let mut response = json_response(status, &self);
        if let Ok(place) = HeaderValue::try_from(format!("/v1/jobs/{}", self.id)) {
            response.headers_mut().insert(header::LOCATION, place);
        }
        response
    }
}

impl OperationOutput for Enqueued {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
        let mut response = json_doc::<Self>(ctx, "It is enqueued");
        header_doc(&mut response, "Location", "Where it is seen.");
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        let made = Self::operation_response(ctx, operation).unwrap_or_default();
        let there = Response { description: "It was there".to_owned(), ..made.clone() };
        vec![(Some(201), made), (Some(200), there)]
    }
}

/// Whose job an id is; none that is another's.
pub async fn recorded_job(
    app: &AppState,
    tenant: TenantId,
    id: Uuid,
) -> ApiResult<Option<store::recorded::RecordedJob>> {
    Ok(app.store.tenant(tenant).find_recorded_job(JobId::from_uuid(id)).await?)
}
