//! What happens, as it happens: server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aide::{
    OperationOutput,
    axum::{ApiRouter, routing::get_with},
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::State,
    response::{
        IntoResponse, Response as HttpResponse, Sse,
        sse::{Event as Sent, KeepAlive},
    },
};
use domain::metrics as names;
use futures_util::{Stream, stream};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};

use crate::{
    error::ApiResult,
    extract::{Viewer, text_doc},
    resource::named,
    state::AppState,
    watch::{Event, LOOK_EVERY, Watch},
};

const EVENT_STREAM: &str = "text/event-stream";
/// How often a quiet stream gives a sign of life.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// A stream of what happens.
struct Events<S>(S);

impl<S: Stream<Item = Result<Sent, Infallible>> + Send + 'static> IntoResponse for Events<S> {
    fn into_response(self) -> HttpResponse {
        let alive = KeepAlive::new().interval(ALIVE_EVERY).text("still here");
        Sse::new(self.0).keep_alive(alive).into_response()
    }
}

impl<S> OperationOutput for Events<S> {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
        // The shape of an event's data belongs into the document, though a stream is no JSON.
        ctx.schema.subschema_for::<Event>();
        let text = "Events in the form of text/event-stream; the `data` of `cycle`, `action` and `job` is an Event.";
        Some(text_doc(EVENT_STREAM, "What happens from now on", text))
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
        "/v1/events",
        get_with(watch, |op| {
            named(op, "watch", "events", "events", "")
                .summary("Watches cycles, actions and recorded jobs")
                .description(
                    "Server-sent events: `ready` first, then one for each state that a cycle, an action or a new or settled job \
                     comes into, within about a second. A reader \
                     that is too slow is told with `gap` how many it has missed; after that, and after a \
                     connection that broke off, the lists have what was missed. A stream ends when its key does.",
                )
        }),
    )
}

async fn watch(
    caller: Viewer,
    State(app): State<AppState>,
) -> ApiResult<Events<impl Stream<Item = Result<Sent, Infallible>> + Send + 'static>> {
    let (watch, events) = app.inner().watches.join(caller.tenant)?;
    // Whoever is told that it is ready has missed nothing since.
    watch.begin(&app).await?;
    let next_look = Instant::now() + LOOK_EVERY;
    let watcher =
        Watcher { app, key: caller.caller.digest, watch, events, is_ready: false, next_look };
    metrics::gauge!(names::EVENT_STREAMS).increment(1);
    Ok(Events(stream::unfold(watcher, |mut watcher| async move {
        let next = watcher.next().await?;
        Some((Ok(next), watcher))
    })))
}

/// One who watches.
struct Watcher {
    app: AppState,
    key: crate::auth::KeyDigest,
    watch: Arc<Watch>,
    events: Receiver<Event>,
    is_ready: bool,
    /// When the key is asked for again, and the rows are looked at.
    next_look: Instant,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        metrics::gauge!(names::EVENT_STREAMS).decrement(1);
    }
}

impl Watcher {
    /// The next event; none when the stream is to end.
    async fn next(&mut self) -> Option<Sent> {
        if !self.is_ready {
            self.is_ready = true;
            return Some(Sent::default().event("ready").data("{}"));
        }
        let mut stopping = self.app.stopping.clone();
        loop {
            tokio::select! {
                // Whoever reads slowly, with much before them, is asked for their key all the same.
                biased;
                () = tokio::time::sleep_until(self.next_look) => {
                    self.next_look = Instant::now() + LOOK_EVERY;
                    let known = self.app.inner().keys.of_digest(&self.key).await;
                    match known {
                        Ok(Some(_)) => {}
                        Ok(None) => return None,
                        Err(error) if !error.is_passing() => return None,
                        // Whether it still opens anything is asked again in a second.
                        Err(_) => continue,
                    }
                    if let Err(error) = self.watch.look(&self.app).await {
                        tracing::debug!(%error, "what happened could not be looked up");
                    }
                }
                event = self.events.recv() => return match event {
                    Ok(event) => {
                        let data = serde_json::to_string(&event).unwrap_or_default();
                        Some(Sent::default().event(event.kind.as_str()).data(data))
                    }
                    Err(RecvError::Lagged(missed)) => {
                        let data = format!("{{\"missed\":{missed}}}");
                        Some(Sent::default().event("gap").data(data))
                    }
                    Err(RecvError::Closed) => None,
                },
                () = async { drop(stopping.wait_for(|stop| *stop).await) } => return None,
            }
        }
    }
}
