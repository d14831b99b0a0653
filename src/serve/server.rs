//! `steward api`

use std::{net::SocketAddr, process::ExitCode};

use api::{AppState, Options, QueueView, Server};
use platform::{config::Config, shutdown::StopRequests};
use tokio::sync::watch;

use super::desk::parts;
use crate::{app::App, fleet::engine, output::Output};

/// Serve the API: other systems bring data, enqueue work and read results over HTTP.
#[derive(clap::Args)]
pub struct Args {
    /// Where to listen, such as 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub async fn run(args: Args, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    let (stop, stopping) = watch::channel(false);
    let queue = match engine::open_to_enqueue(&app).await? {
        Some(engine) => QueueView::Owned(engine),
        None => QueueView::Beside(engine::queue_file(&app)),
    };
    let front = FrontDoor::open(&app, args.listen, queue, stopping).await?;
    front.tell(output);
    let mut requests = StopRequests::listen();
    tokio::select! {
        () = front.serve() => {}
        () = stopped(&mut requests, stop, output) => {}
    }
    app.close().await;
    output.note("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The API of this process, which listens and does not answer yet.
pub struct FrontDoor {
    server: Server,
    app: AppState,
    options: Options,
    stopping: watch::Receiver<bool>,
}

impl FrontDoor {
    /// Takes the address that is named, or the one that is configured.
    pub async fn open(
        app: &App,
        listen: Option<SocketAddr>,
        queue: QueueView,
        stopping: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let mut options = options(app.config());
        options.listen = listen.unwrap_or(options.listen);
        let server = Server::bind(options.listen).await?;
        let metrics = platform::telemetry::metrics()?;
        let parts = parts(app, queue, metrics, stopping.clone())?;
        let app = AppState::new(parts, &options);
        Ok(Self { server, app, options, stopping })
    }

    /// Says where it is.
    pub fn tell(&self, output: &Output) {
        let address = self.server.address();
        output.note(&format!(
            "the API answers on http://{address}; http://{address}/docs describes it"
        ));
        if !address.ip().is_loopback() {
            output.note("it can be reached from other machines: put TLS in front of it");
        }
    }

    /// Answers until it is to stop.
    pub async fn serve(self) {
        self.server.run(api::router(self.app, &self.options), self.stopping).await;
    }
}

/// The first request lets what was begun finish, and the second does not wait for it.
async fn stopped(requests: &mut StopRequests, stop: watch::Sender<bool>, output: &Output) {
    requests.next().await;
    stop.send_replace(true);
    output.note("stopping: what was begun is finished first; once more to stop at once");
    requests.next().await;
}

/// How the API is served, as the environment says.
fn options(config: &Config) -> Options {
    Options {
        listen: config.api.listen,
        requests_per_second: config.api.requests_per_second,
        cors_origins: config.api.cors_origins.clone(),
    }
}
