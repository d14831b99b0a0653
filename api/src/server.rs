//! The server: connections with limits, and an orderly stop.
//!
//! A connection that sends its headers slowly, or does not read its answer, is closed; so are more of them than there
//! is room for kept waiting, without being accepted.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use domain::metrics as names;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

/// Connections at once; the next one waits to be accepted.
const CONNECTIONS_MAX: usize = 12_000;
/// How long a client may take for the headers of a request, and keep a connection without one.
const HEADER_TIME_MAX: Duration = Duration::from_secs(15);
/// How long a client may leave an answer unread.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes that are read ahead of a connection; headers have to fit.
const BUFFER_BYTES_MAX: usize = 32 * 1024;
/// How long to wait when no more connections can be accepted, because files have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests have to finish once the process is to stop.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// It cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    #[error(
        "cannot listen on {address}: {problem}; set STEWARD_API_LISTEN to an address that is free"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        problem: std::io::Error,
    },
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes an address.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let failed = |problem| ServeError::Listen { address, problem };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is to stop; then lets what was begun finish, for a while.
    pub async fn run(self, router: Router, mut stop: watch::Receiver<bool>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        let told = stop.clone();
        let accepting = async {
            loop {
                let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                match self.listener.accept().await {
                    Ok((stream, address)) => {
                        let (router, told) = (router.clone(), told.clone());
                        connections.spawn(async move {
                            metrics::gauge!(names::HTTP_CONNECTIONS).increment(1);
                            serve(stream, address, router, told).await;
                            metrics::gauge!(names::HTTP_CONNECTIONS).decrement(1);
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
                while connections.try_join_next().is_some() {}
            }
        };
        tokio::select! {
            () = accepting => {}
            () = asked(&mut stop) => {}
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!(left = connections.len(), "connections were cut off");
        }
    }
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME_MAX));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = asked(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Waits until the process is to stop.
async fn asked(stop: &mut watch::Receiver<bool>) {
    // Whoever could ask is gone: that is a stop as well.
    drop(stop.wait_for(|stop| *stop).await);
}
