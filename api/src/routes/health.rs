//! Whether the process lives, whether it can work, and what it counts.

use std::time::Duration;

use aide::axum::{ApiRouter, routing::get_with};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jobs::Queue;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::{ApiError, ApiResult},
    extract::json_response,
    state::AppState,
};

/// How long a part has to say that it is there.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

pub fn routes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/health/live",
            get_with(live, |op| {
                let op = op.id("get_liveness").tag("health").summary("Says that the process lives");
                op.response::<200, axum_json::Json<Live>>()
            }),
        )
        .api_route(
            "/health/ready",
            get_with(ready, |op| {
                let op = op.id("get_readiness").tag("health");
                op.summary("Says whether requests can be answered, and if not, why")
                    .response::<200, axum_json::Json<Ready>>()
                    .response::<503, axum_json::Json<Ready>>()
            }),
        )
        .api_route(
            "/metrics",
            get_with(metrics, |op| {
                let op = op.id("get_metrics").tag("health");
                op.summary("What the process counts, as Prometheus reads it")
                    .response::<200, axum_json::Text>()
            }),
        )
}

/// The process lives.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Live {
    /// Always `live`.
    status: &'static str,
}

/// Whether requests can be answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ready {
    /// Whether all of it is there.
    is_ready: bool,
    /// Each part, and what is wrong with it.
    parts: Vec<Part>,
}

/// A part that requests need.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Part {
    /// Which.
    name: &'static str,
    /// Whether it is there.
    is_ready: bool,
    /// Why not.
    reason: Option<&'static str>,
}

async fn live() -> Response {
    json_response(StatusCode::OK, &Live { status: "live" })
}

async fn ready(State(app): State<AppState>) -> Response {
    let asked = tokio::time::timeout(ASK_TIMEOUT, app.store.system().ping()).await;
    let reason = match asked {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the database");
            Some("it refuses, or cannot be reached")
        }
        Err(_) => Some("it does not answer in time"),
    };
    let database = Part { name: "database", is_ready: reason.is_none(), reason };
    let stopping = *app.stopping.borrow();
    let reason = stopping.then_some("it is stopping");
    let process = Part { name: "process", is_ready: !stopping, reason };
    let parts = vec![database, process];
    let ready = Ready { is_ready: parts.iter().all(|it| it.is_ready), parts };
    let status = if ready.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_response(status, &ready)
}

async fn metrics(State(app): State<AppState>) -> ApiResult<Response> {
    for (what, measured) in [
        ("outbox", tokio::time::timeout(ASK_TIMEOUT, measure_outbox(&app)).await),
        ("queues", tokio::time::timeout(ASK_TIMEOUT, measure_queues(&app)).await),
    ] {
        // The rest is worth knowing all the more.
        match measured {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(what, error = error.detail(), "not measured"),
            Err(_) => tracing::warn!(what, "not measured in time"),
        }
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, app.metrics.render()).into_response())
}

/// The figures of the outbox are looked up when they are asked for: all the more when the queue is away.
async fn measure_outbox(app: &AppState) -> Result<(), ApiError> {
    let outbox = app.store.system().look_at_outbox().await?;
    queue::measure_outbox(outbox.jobs, outbox.oldest_at, app.clock.now());
    Ok(())
}

/// And so are those of the queues.
async fn measure_queues(app: &AppState) -> Result<(), ApiError> {
    let now = app.clock.now();
    for queue in Queue::ALL {
        queue::measure_queue(&app.queue.stats(queue).await?, now);
    }
    Ok(())
}

/// Types that only describe a response.
mod axum_json {
    use aide::{
        OperationOutput,
        generate::GenContext,
        openapi::{Operation, Response},
    };
    use schemars::JsonSchema;

    pub struct Json<T>(std::marker::PhantomData<T>);
    pub struct Text;

    impl<T: JsonSchema> OperationOutput for Json<T> {
        type Inner = T;

        fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
            Some(crate::extract::json_doc::<T>(ctx, "As it is now"))
        }
    }

    impl OperationOutput for Text {
        type Inner = String;

        fn operation_response(_: &mut GenContext, _: &mut Operation) -> Option<Response> {
            Some(crate::extract::text_doc(
                "text/plain",
                "Counters and gauges",
                "As Prometheus reads them.",
            ))
        }
    }
}
