//! Whether a request's body was read to its end. If not, its connection carries no other request.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Says later whether a body was read to its end.
#[derive(Clone)]
pub struct End(Arc<AtomicBool>);

impl End {
    /// Whether it was.
    pub fn is_reached(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A body that notes when it ends.
struct Watched {
    body: Body,
    end: Arc<AtomicBool>,
}

/// Watches the body of a request.
pub fn watch(request: Request) -> (Request, End) {
    let end = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let told = End(Arc::clone(&end));
    (request.map(|body| Body::new(Watched { body, end }.boxed_unsync())), told)
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.end.store(true, Ordering::Release);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
