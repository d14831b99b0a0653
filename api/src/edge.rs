//! What goes on around every request: its id, its time, its place among others, its count, and how a problem is told.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use domain::metrics as names;
use futures_util::FutureExt;
use tokio::{sync::Semaphore, time::Instant};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use crate::{
    error::{ApiError, Code, PROBLEM_JSON, Problem},
    state::{AppState, Options},
    unread,
};

/// How long a request may take; longer than a healthy database ever needs.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(15);
/// The same for files and long batches, which arrive piece by piece.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(600);
/// Requests that take files and batches.
const UPLOADS: &[(Method, &str)] =
    &[(Method::POST, "/v1/jobs/batch"), (Method::POST, "/v1/imports")];
/// Of those, how many are taken in at once: a sender may be slow, and must not keep others from their turn.
const UPLOADS_MAX: usize = 64;
/// Requests that are worked on at once: more than ten connections to a database can serve in a moment.
const IN_FLIGHT_MAX: usize = 512;
/// How long a request waits for its turn.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of a caller's own.
const REQUEST_ID_CHARS_MAX: usize = 64;

#[derive(Clone)]
struct Edge {
    app: AppState,
    turns: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

/// Puts everything around the routes.
pub fn wrap(routes: Router, app: AppState, options: &Options) -> Router {
    let turns = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let edge = Edge { app, turns, uploads: Arc::new(Semaphore::new(UPLOADS_MAX)) };
    let routes = routes
        .fallback(|| async {
            ApiError::new(
                Code::NotFound,
                "there is no such path: the document at /openapi.json lists them",
            )
        })
        .method_not_allowed_fallback(|| async {
            let detail =
                "this path does not take this method; the header `Allow` says which it takes";
            ApiError::new(Code::MethodNotAllowed, detail)
        })
        .layer(from_fn_with_state(edge, around));
    match cors(&options.cors_origins) {
        None => routes,
        Some(cors) => routes.layer(cors),
    }
}

/// Closed unless origins are named.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|it| it.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let headers = ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
            .allow_headers(headers.map(HeaderName::from_static))
            .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, REQUEST_ID]),
    )
}

async fn around(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&edge.app, &request);
    let route = request.extensions().get::<MatchedPath>().map(|it| it.as_str().to_owned());
    // A path that is none of ours is the caller's invention, and no label.
    let route = route.unwrap_or_else(|| "none".to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id, %method, route);
    let (request, end) = unread::watch(request);
    let mut response = answer(&edge, request, &route, next).instrument(span.clone()).await;
    if !end.is_reached() {
        // The rest of the body would be taken for the next request: whoever is refused early connects anew.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = told(response, problem, &id);
    }
    finish(&mut response, &id);
    let took = began.elapsed();
    span.in_scope(|| {
        tracing::info!(status = status.as_u16(), took_ms = took.as_millis(), "answered")
    });
    count(&method, route, status, took);
    response
}

/// The response within its time, whatever happens inside.
async fn answer(edge: &Edge, request: Request, route: &str, next: Next) -> Response {
    // Signs of life must not wait behind work.
    let needs_turn = !route.starts_with("/health") && route != "/metrics";
    let is_upload =
        UPLOADS.iter().any(|(method, path)| method == request.method() && *path == route);
    let turns = if is_upload { &edge.uploads } else { &edge.turns };
    let turn = async {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, turns.acquire()).await;
        turn.ok().and_then(Result::ok)
    };
    let turn = if needs_turn { turn.await } else { None };
    if needs_turn && turn.is_none() {
        let detail = "too many requests at once; nothing was done";
        return ApiError::unavailable(detail, Duration::from_secs(1)).into_response();
    }
    let time = if is_upload { UPLOAD_TIME_MAX } else { REQUEST_TIME_MAX };
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(time, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::internal(&"a handler panicked").into_response(),
        Err(_) => ApiError::new(Code::Timeout, "it took too long, and was given up: whether it was done is not known, and a repeated request with its `Idempotency-Key` finds out")
            .after(Duration::from_secs(2))
            .into_response(),
    }
}

fn request_id(app: &AppState, request: &Request) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    let given = request.headers().get(&REQUEST_ID).and_then(|it| it.to_str().ok());
    let given = given
        .filter(|it| (1..=REQUEST_ID_CHARS_MAX).contains(&it.len()) && it.bytes().all(is_plain));
    match given {
        Some(id) => id.to_owned(),
        None => app.store.new_uuid(app.clock.now()).to_string(),
    }
}

fn told(response: Response, mut problem: Problem, id: &str) -> Response {
    problem.request_id = Some(id.to_owned());
    let (parts, _) = response.into_parts();
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut told = (parts.status, body).into_response();
    told.headers_mut().extend(parts.headers);
    told.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    told
}

fn finish(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What a key opens is nobody else's to keep.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn count(method: &Method, route: String, status: StatusCode, took: Duration) {
    let method = method_label(method);
    let status = status.as_u16().to_string();
    metrics::counter!(names::HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!(names::HTTP_REQUEST_SECONDS, "method" => method, "route" => route)
        .record(took.as_secs_f64());
}

/// Methods are labels, and callers can make them up.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
    known.into_iter().find(|it| *it == method.as_str()).unwrap_or("other")
}
