//! How soon the API answers with a million contacts and a million orders, how many jobs it enqueues in a second, and
//! what connections cost.
//!
//! It is the built command that is measured, over HTTP on the loopback address.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::access::KeyRole;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use store::Store;
use testkit::{database::Backend, postgres::PrivatePostgres, redis::PrivateRedis};
use tokio::{net::TcpStream, task::JoinSet};

use super::start::{Running, find_steward, listen, memory, wait_for};
use crate::{
    database::Database,
    dice::Dice,
    figure::{Aim, Printer},
    meter::{ms, percentile},
    suite::{Suite, judge, tell},
    world::{Size, World, actor, furnish, now},
};

/// People, and orders of three lines each.
const ROWS: usize = 1_000_000;
/// Orders that are held in memory together.
const ORDERS_TOGETHER: usize = 20_000;
/// Requests of one measure.
const REQUESTS: usize = 3_000;
/// Milliseconds that a read by id may take, 99 times of 100.
const READ_MS_MAX: f64 = 5.0;
/// Milliseconds that a list of a hundred may take, 99 times of 100.
const LIST_MS_MAX: f64 = 20.0;
/// Callers at once that enqueue.
const CALLERS: usize = 64;
/// Where many jobs come in one request.
const BATCH: &str = "/v1/jobs/batch";
/// Jobs of such a request.
const BATCH_JOBS: usize = 10_000;
/// Callers at once that send them.
const BATCH_CALLERS: usize = 4;
/// Requests for one job each, and jobs in batches, that a second should take.
const SINGLES_MIN: f64 = 15_000.0;
const BATCHED_MIN: f64 = 150_000.0;
/// How long they do.
const ENQUEUE: Duration = Duration::from_secs(5);
/// Connections that are held open.
const CONNECTIONS: usize = 10_000;
/// Connections that are opened together.
const TOGETHER: usize = 250;
/// What the command says once it answers.
const ANSWERS_SIGN: &str = "the API answers on http://";

/// Measures reads on each database, and what is about the process alone on SQLite.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, key) = with_tenant("up", &[], folder.path())?;
    enqueueing(printer, "embedded", &server, &key).await?;
    drop(server);
    connections(printer, folder.path()).await?;

    let (redis, postgres) = (PrivateRedis::start(&[])?, PrivatePostgres::start_durable()?);
    let database = postgres.url(&postgres.create_database());
    let environment = [("DATABASE_URL", database.as_str()), ("REDIS_URL", redis.url())];
    let (server, key) = with_tenant("api", &environment, folder.path())?;
    enqueueing(printer, "Postgres and Redis", &server, &key).await?;
    drop(server);
    for backend in backends {
        reads(printer, *backend).await?;
    }
    Ok(())
}

/// A server, and how it is asked.
struct Server {
    _running: Running,
    process: u32,
    address: SocketAddr,
}

impl Server {
    fn start(
        arguments: &[&str],
        environment: &[(&str, &str)],
        data: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(find_steward()?);
        command
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("STEWARD_DATA_DIR", data)
            .env("STEWARD_API_LISTEN", "127.0.0.1:0")
            .env("STEWARD_API_RATE", "1000000")
            .env("STEWARD_LOG", "error")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut running = Running { child: command.spawn().context("steward does not start")? };
        let stderr = running.child.stderr.take().context("steward has no standard error")?;
        let (_, line) = wait_for(&listen(stderr), ANSWERS_SIGN)?;
        let address = line.split(ANSWERS_SIGN).nth(1).and_then(|it| it.split(';').next());
        let address = address.context("it does not say where it answers")?.parse()?;
        Ok(Self { process: running.child.id(), _running: running, address })
    }
}

/// One connection.
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    _driven: JoinSet<()>,
}

impl Caller {
    async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driven = JoinSet::new();
        driven.spawn(async move {
            // Whoever asks hears of it.
            let _ = connection.await;
        });
        Ok(Self { sender, _driven: driven })
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: impl Into<Bytes>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let kind = if path == BATCH { "application/x-ndjson" } else { "application/json" };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "bench")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", kind)
            .body(Full::new(body.into()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    async fn get(&mut self, path: &str, key: &str) -> anyhow::Result<Value> {
        let (status, body) = self.ask("GET", path, key, "").await?;
        ensure!(status.is_success(), "{path} answers {status}");
        Ok(serde_json::from_slice(&body)?)
    }
}

async fn key_of(store: &Store, world: &World) -> anyhow::Result<String> {
    let secret = api::Secret::random();
    let actor = actor();
    let new = secret.to_keep("bench", KeyRole::Owner, &actor, None);
    let work = store.begin(world.tenant.id).await?;
    work.scope().insert_key(&new, now()).await?;
    work.commit().await?;
    Ok(secret.reveal().to_owned())
}

async fn reads(printer: &Printer, backend: Backend) -> anyhow::Result<()> {
    let database = Database::open(backend).await?;
    let size = Size { clients: 20_000, contacts: ROWS, products: 1_000 };
    let mut world = furnish(&database.store, "bench", size).await?;
    for _ in 0..ROWS / ORDERS_TOGETHER {
        world.add_done_orders(&database.store, ORDERS_TOGETHER).await?;
    }
    database.analyze().await?;
    let key = key_of(&database.store, &world).await?;
    let data = tempfile::tempdir()?;
    let url = database.url();
    let server = Server::start(&["api"], &[("DATABASE_URL", &url)], data.path())?;
    let mut caller = Caller::connect(server.address).await?;
    let mut dice = Dice::new(7);
    for plural in ["contacts", "orders"] {
        let ids = some_ids(&mut caller, plural, &key).await?;
        let paths: Vec<String> =
            (0..REQUESTS).map(|_| format!("/v1/{plural}/{}", ids[dice.place(ids.len())])).collect();
        let measure = format!("one of {ROWS} {plural} by id, p99, {}", database.name);
        timed(printer, &mut caller, &key, &paths, &measure, READ_MS_MAX).await?;
    }
    let clients = some_ids(&mut caller, "clients", &key).await?;
    let mut client = || clients[dice.place(clients.len())].clone();
    let lists: [(&str, Vec<String>); 4] = [
        ("newest contacts", vec!["/v1/contacts?limit=100".to_owned(); REQUESTS / 3]),
        ("newest orders", vec!["/v1/orders?limit=100".to_owned(); REQUESTS / 3]),
        (
            "a client's orders",
            (0..REQUESTS / 3)
                .map(|_| format!("/v1/orders?limit=100&client_id={}", client()))
                .collect(),
        ),
        ("orders by day", vec!["/v1/orders?limit=100&sort=-ordered_on".to_owned(); REQUESTS / 3]),
    ];
    for (name, paths) in lists {
        let measure = format!("100 of {ROWS}: {name}, p99, {}", database.name);
        timed(printer, &mut caller, &key, &paths, &measure, LIST_MS_MAX).await?;
    }
    Ok(())
}

/// Ids from all over a list: pages from the newest on, and from the oldest.
async fn some_ids(caller: &mut Caller, plural: &str, key: &str) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for sort in ["id", "-id"] {
        let page = caller.get(&format!("/v1/{plural}?limit=200&sort={sort}"), key).await?;
        let items = page["items"].as_array().context("a list has items")?;
        ids.extend(items.iter().filter_map(|it| it["id"].as_str().map(str::to_owned)));
    }
    Ok(ids)
}

async fn timed(
    printer: &Printer,
    caller: &mut Caller,
    key: &str,
    paths: &[String],
    measure: &str,
    most: f64,
) -> anyhow::Result<()> {
    let mut took = Vec::with_capacity(paths.len());
    for path in paths {
        let begin = Instant::now();
        let (status, _) = caller.ask("GET", path, key, "").await?;
        took.push(begin.elapsed());
        ensure!(status == StatusCode::OK, "{path} answers {status}");
    }
    took.sort_unstable();
    let median = ms(percentile(&took, 50));
    tell(printer, Suite::Api, measure.replace("p99", "p50"), median, "ms")?;
    judge(printer, Suite::Api, measure, ms(percentile(&took, 99)), "ms", Aim::AtMost(most))
}

/// Volatile and recorded jobs, one request each and many to a request, by many callers.
async fn enqueueing(
    printer: &Printer,
    name: &str,
    server: &Server,
    key: &str,
) -> anyhow::Result<()> {
    let volatile = r#"{"job":{"name":"probe"}}"#;
    let recorded = r#"{"job":{"name":"forget_settled_jobs"}}"#;
    let aim = |least| (name != "embedded").then_some(Aim::AtLeast(least));
    for (kind, job) in [("volatile", volatile), ("recorded", recorded)] {
        let is_volatile = kind == "volatile";
        let one = Load { path: "/v1/jobs", body: Bytes::from(job), jobs: 1, callers: CALLERS };
        let measure = format!("{kind} jobs enqueued, one request each, {CALLERS} callers, {name}");
        let least = aim(SINGLES_MIN).filter(|_| is_volatile);
        told(printer, measure, one.send(server, key).await?, least)?;
        let lines = Bytes::from(format!("{job}\n").repeat(BATCH_JOBS));
        let many = Load { path: BATCH, body: lines, jobs: BATCH_JOBS, callers: BATCH_CALLERS };
        let measure = format!(
            "{kind} jobs enqueued, {BATCH_JOBS} to a request, {BATCH_CALLERS} callers, {name}"
        );
        let least = aim(BATCHED_MIN).filter(|_| is_volatile);
        told(printer, measure, many.send(server, key).await?, least)?;
    }
    Ok(())
}

fn told(
    printer: &Printer,
    measure: String,
    per_second: f64,
    aim: Option<Aim>,
) -> anyhow::Result<()> {
    match aim {
        Some(aim) => judge(printer, Suite::Api, measure, per_second, "/s", aim),
        None => tell(printer, Suite::Api, measure, per_second, "/s"),
    }
}

/// Requests of one kind, again and again.
struct Load {
    path: &'static str,
    body: Bytes,
    jobs: usize,
    callers: usize,
}

impl Load {
    /// Jobs that were enqueued in a second.
    async fn send(&self, server: &Server, key: &str) -> anyhow::Result<f64> {
        let jobs = f64::from(u32::try_from(self.jobs)?);
        let begin = Instant::now();
        let mut callers = JoinSet::new();
        for _ in 0..self.callers {
            let (mut caller, key) = (Caller::connect(server.address).await?, key.to_owned());
            let (path, body, jobs) = (self.path, self.body.clone(), self.jobs);
            callers.spawn(async move {
                let mut done = 0_u32;
                while begin.elapsed() < ENQUEUE {
                    let (status, said) = caller.ask("POST", path, &key, body.clone()).await?;
                    ensure!(status.is_success(), "{status}: {said:?}");
                    let said: Value = serde_json::from_slice(&said)?;
                    let is_new = said["outcome"] == "new" || said["new"] == jobs;
                    ensure!(is_new, "not all of it was new: {said}");
                    done += 1;
                }
                anyhow::Ok(done)
            });
        }
        let mut done = 0.0;
        while let Some(one) = callers.join_next().await {
            done += f64::from(one??);
        }
        Ok(done * jobs / begin.elapsed().as_secs_f64())
    }
}

/// A server with a tenant, and its key.
fn with_tenant(
    command: &str,
    environment: &[(&str, &str)],
    data: &Path,
) -> anyhow::Result<(Server, String)> {
    let steward = find_steward()?;
    let run = |arguments: &[&str]| {
        Command::new(&steward)
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("STEWARD_DATA_DIR", data)
            .envs(environment.iter().copied())
            .output()
    };
    let migrated = run(&["migrate"])?;
    ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let made = run(&["tenant", "create", "bench", "--json"])?;
    let key = if made.status.success() {
        let made: Value = serde_json::from_slice(&made.stdout)?;
        made["key"].as_str().context("a tenant has a key")?.to_owned()
    } else {
        // It was made by the measure before.
        let made = run(&["key", "create", "bench", "--role", "owner", "--json"])?;
        let made: Value = serde_json::from_slice(&made.stdout)?;
        made["key"].as_str().context("a key was made")?.to_owned()
    };
    Ok((Server::start(&[command, "--listen", "127.0.0.1:0"], environment, data)?, key))
}

/// Thousands of connections that stay open and ask now and then.
async fn connections(printer: &Printer, data: &Path) -> anyhow::Result<()> {
    let (server, key) = with_tenant("up", &[], data)?;
    let mut first = Caller::connect(server.address).await?;
    first.get("/v1/tenant", &key).await?;
    let (before, _) = memory(server.process)?;
    tell(printer, Suite::Api, "memory with one connection", before, "MiB")?;
    let mut open = Vec::with_capacity(CONNECTIONS);
    while open.len() < CONNECTIONS {
        let mut some = JoinSet::new();
        for _ in 0..TOGETHER {
            let (address, key) = (server.address, key.clone());
            some.spawn(async move {
                let mut caller = Caller::connect(address).await?;
                caller.get("/v1/tenant", &key).await?;
                anyhow::Ok(caller)
            });
        }
        while let Some(one) = some.join_next().await {
            open.push(one??);
        }
    }
    let (full, _) = memory(server.process)?;
    let measure = format!("memory with {CONNECTIONS} connections");
    tell(printer, Suite::Api, measure, full, "MiB")?;
    let begin = Instant::now();
    let mut anew = 0.0;
    for caller in &mut open {
        // One that was quiet for longer than the server waits is closed, and opened again by whoever wants to ask.
        if caller.get("/v1/tenant", &key).await.is_err() {
            *caller = Caller::connect(server.address).await?;
            caller.get("/v1/tenant", &key).await?;
            anew += 1.0;
        }
    }
    let rate =
        f64::from(u32::try_from(open.len()).unwrap_or(u32::MAX)) / begin.elapsed().as_secs_f64();
    tell(printer, Suite::Api, "requests over them, one after the other", rate, "/s")?;
    tell(printer, Suite::Api, "connections that had been closed as idle", anew, "")?;
    let (again, _) = memory(server.process)?;
    let measure = "memory after another request on each, against before";
    judge(printer, Suite::Api, measure, again / full, "times", Aim::AtMost(1.1))
}
