//! Asking whether an API answers at an address.

use std::{net::SocketAddr, time::Duration};

use axum::{body::Body, http::Request};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Who is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An API of ours, that can work.
    Ready,
    /// An API of ours, that cannot work at the moment.
    NotReady,
    /// Somebody else, or somebody who does not answer.
    Stranger,
    /// Nobody.
    Nobody,
}

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Asks a server about itself.
const PATH: &str = "/health/ready";

/// Asks who is at an address.
pub async fn ask(address: SocketAddr) -> Answer {
    let Ok(stream) = TcpStream::connect(address).await else { return Answer::Nobody };
    let asked = tokio::time::timeout(ANSWER_TIME_MAX, status(address, stream)).await;
    match asked.ok().flatten() {
        Some(200) => Answer::Ready,
        Some(503) => Answer::NotReady,
        Some(_) | None => Answer::Stranger,
    }
}

/// The status of a server's readiness, if it has such a thing as ours.
async fn status(address: SocketAddr, stream: TcpStream) -> Option<u16> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(PATH).header("host", address.to_string()).body(Body::empty());
    let answered = async {
        let response = sender.send_request(request.ok()?).await.ok()?;
        let is_ours = response.headers().contains_key("x-request-id");
        is_ours.then(|| response.status().as_u16())
    };
    tokio::select! {
        status = answered => status,
        _ = connection => None,
    }
}
