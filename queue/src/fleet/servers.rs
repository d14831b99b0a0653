//! Where the servers are: one alone, the one of several that Sentinels name, or a Cluster.
//!
//! What lives here: the URL, and how a connection comes about in each case.
//! What does not: when to connect again (`link`, `heart`, `thread`), and what is said.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, IntoConnectionInfo, RedisError, Value,
    aio::{ConnectionLike as _, MultiplexedConnection, PubSub},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr},
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};

use crate::{QueueError, QueueResult};

/// How long a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may take: longer than any stall that heals by itself.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// A Cluster is connected to in two rounds, its seeds and then all of it, each as slow as a server that does not answer.
const ROUNDS: u32 = 3;
/// Where Sentinels listen, if nothing else is said.
const SENTINEL_PORT: u16 = 26_379;
/// More are a mistake.
const SERVERS_MAX: usize = 100;

const FORMS: &str = "is none; give redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], \
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/SERVICE[/DATABASE][?sentinel_username=…&sentinel_password=…], \
    redis+cluster://[USER:PASSWORD@]HOST[:PORT],…, each also as rediss for TLS, or unix:PATH";

/// Where the servers are.
pub(super) struct Servers {
    /// In words, without anything that is secret.
    pub place: String,
    kind: Kind,
    /// Whose turn it is to be listened to.
    turn: AtomicUsize,
}

enum Kind {
    One(Box<Client>),
    Watched(Box<Watched>),
    Cluster(Vec<ConnectionInfo>),
}

/// One of several, and Sentinels that know which.
struct Watched {
    sentinels: tokio::sync::Mutex<SentinelClient>,
    /// The one that was found last.
    found: Mutex<Option<Client>>,
}

/// A connection that many calls share.
#[derive(Clone)]
pub(super) enum Line {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Line {
    pub async fn send(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(line) => line.send_packed_command(command).await,
            Self::Cluster(line) => line.req_packed_command(command).await,
        }
    }

    /// Sends what names no key to the server that has this one.
    pub async fn send_to(&mut self, key: &str, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(line) => line.send_packed_command(command).await,
            Self::Cluster(line) => {
                let route = Route::with_key(key, SlotAddr::Master);
                let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
                line.route_command(command.clone(), routing).await
            }
        }
    }
}

/// What the heart connects to.
pub(super) enum Pulse {
    /// One server.
    One(Box<Client>),
    /// Several, each with some of the queues.
    Cluster(Box<ClusterClient>),
}

impl Servers {
    /// Errors if the URL is none. The library's own words are left out: they would repeat it, and with it a password.
    pub fn new(url: &str) -> QueueResult<Self> {
        let refused = || QueueError::invalid("url", FORMS);
        let scheme = url.split_once("://").map(|(scheme, rest)| (scheme.split_once('+'), rest));
        let Some((Some((plain, kind)), rest)) = scheme else {
            let client = Client::open(url).map_err(|_| refused())?;
            let place = client.get_connection_info().addr().to_string();
            let kind = Kind::One(Box::new(client));
            return Ok(Self { place, kind, turn: AtomicUsize::new(0) });
        };
        if !matches!(plain, "redis" | "rediss") {
            return Err(refused());
        }
        let several = Several::read(plain, rest).ok_or_else(refused)?;
        let place = format!("{kind} {}", several.hosts.join(","));
        let kind = match kind {
            "sentinel" => Kind::Watched(Box::new(several.watched().ok_or_else(refused)?)),
            "cluster" => Kind::Cluster(several.cluster().ok_or_else(refused)?),
            _ => return Err(refused()),
        };
        Ok(Self { place, kind, turn: AtomicUsize::new(0) })
    }

    /// Connects once, to the server that takes writes.
    pub async fn connect(&self) -> Result<Line, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let client = match &self.kind {
            Kind::One(client) => Client::clone(client),
            Kind::Watched(watched) => watched.find().await?,
            Kind::Cluster(seeds) => {
                let client = cluster(seeds, CONNECT_TIMEOUT / ROUNDS, ANSWER_TIMEOUT)?;
                let connect = in_time(CONNECT_TIMEOUT, client.get_async_connection());
                return Ok(Line::Cluster(connect.await?));
            }
        };
        client.get_multiplexed_async_connection_with_config(&config).await.map(Line::One)
    }

    /// Connects to hear what is published. In a Cluster every server tells what any was told.
    pub async fn listen(&self) -> Result<PubSub, RedisError> {
        let seeds = match &self.kind {
            Kind::One(client) => return client.get_async_pubsub().await,
            Kind::Watched(watched) => return watched.last()?.get_async_pubsub().await,
            Kind::Cluster(seeds) => seeds,
        };
        let mut problem = away();
        // Another one first each time, so that silent ones cannot take up all the time.
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % seeds.len().max(1);
        for seed in seeds.iter().cycle().skip(first).take(seeds.len()) {
            let connect = async { Client::open(seed.clone())?.get_async_pubsub().await };
            match in_time(CONNECT_TIMEOUT / 3, connect).await {
                Ok(heard) => return Ok(heard),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// What the heart connects to, which waits for no longer than this.
    pub fn pulse(&self, patience: Duration) -> Result<Pulse, RedisError> {
        match &self.kind {
            Kind::One(client) => Ok(Pulse::One(client.clone())),
            Kind::Watched(watched) => Ok(Pulse::One(Box::new(watched.last()?))),
            Kind::Cluster(seeds) => {
                let client = cluster(seeds, patience / ROUNDS, patience)?;
                Ok(Pulse::Cluster(Box::new(client)))
            }
        }
    }

    /// Whether queues may lie on several servers.
    pub fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }
}

impl Watched {
    async fn find(&self) -> Result<Client, RedisError> {
        let mut sentinels = self.sentinels.lock().await;
        let found = in_time(CONNECT_TIMEOUT, sentinels.async_get_client()).await?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    fn last(&self) -> Result<Client, RedisError> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone().ok_or_else(away)
    }
}

/// Nothing is tried again in there: whoever calls knows better how long to wait, and a claim that is sent twice hands out
/// twice as many jobs.
fn cluster(
    seeds: &[ConnectionInfo],
    connect: Duration,
    answer: Duration,
) -> Result<ClusterClient, RedisError> {
    ClusterClientBuilder::new(seeds.to_vec())
        .retries(0)
        .connection_timeout(connect)
        .response_timeout(answer)
        .overall_response_timeout(Some(answer))
        .build()
}

pub(super) async fn in_time<T>(
    time: Duration,
    what: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    tokio::time::timeout(time, what).await.unwrap_or_else(late)
}

fn away() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::NotConnected).into()
}

/// What a URL of several servers says.
struct Several<'u> {
    /// `redis` or `rediss`.
    plain: &'u str,
    /// Who connects, as it stands before the `@`, and with it.
    user: &'u str,
    hosts: Vec<&'u str>,
    path: Vec<&'u str>,
    /// Who asks the Sentinels, in the same form.
    asker: String,
}

impl<'u> Several<'u> {
    fn read(plain: &'u str, rest: &'u str) -> Option<Self> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let at = rest.rfind('@').map_or(0, |at| at + 1);
        let (user, rest) = rest.split_at(at);
        let mut parts = rest.split('/');
        let hosts: Vec<_> = parts.next()?.split(',').collect();
        let is_one = |host: &&str| !host.is_empty() && host.chars().all(|it| it.is_ascii_graphic());
        if SERVERS_MAX < hosts.len() || !hosts.iter().all(is_one) {
            return None;
        }
        let path = parts.filter(|part| !part.is_empty()).collect();
        let (mut name, mut password) = ("", "");
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=')? {
                ("sentinel_username", value) => name = value,
                ("sentinel_password", value) => password = value,
                _ => return None,
            }
        }
        let asker = match (name, password) {
            ("", "") => String::new(),
            (_, "") => return None,
            _ => format!("{name}:{password}@"),
        };
        Some(Self { plain, user, hosts, path, asker })
    }

    fn server(&self, user: &str, host: &str, path: &str) -> Option<ConnectionInfo> {
        format!("{}://{user}{host}{path}", self.plain).into_connection_info().ok()
    }

    fn watched(&self) -> Option<Watched> {
        let (service, database) = match *self.path {
            [service] => (service, String::new()),
            [service, database] => (service, format!("/{database}")),
            _ => return None,
        };
        let sentinels = self.hosts.iter().map(|host| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
            let host =
                if has_port { (*host).to_owned() } else { format!("{host}:{SENTINEL_PORT}") };
            self.server(&self.asker, &host, "")
        });
        let sentinels: Vec<_> = sentinels.collect::<Option<_>>()?;
        let server = self.server(self.user, self.hosts.first()?, &database)?;
        let mut of_servers = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(server.redis_settings().clone());
        if self.plain == "rediss" {
            of_servers = of_servers.set_tls_mode(redis::TlsMode::Secure);
        }
        let kind = SentinelServerType::Master;
        let client = SentinelClient::build(sentinels, service, Some(of_servers), kind).ok()?;
        Some(Watched { sentinels: tokio::sync::Mutex::new(client), found: Mutex::new(None) })
    }

    fn cluster(&self) -> Option<Vec<ConnectionInfo>> {
        if !self.path.is_empty() || !self.asker.is_empty() {
            return None;
        }
        let seeds: Vec<_> = self
            .hosts
            .iter()
            .map(|host| self.server(self.user, host, ""))
            .collect::<Option<_>>()?;
        cluster(&seeds, CONNECT_TIMEOUT, ANSWER_TIMEOUT).ok()?;
        Some(seeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Option<String> {
        match Servers::new(url) {
            Ok(servers) => Some(servers.place),
            Err(error) => {
                assert!(!error.to_string().contains("secret"), "{error}");
                None
            }
        }
    }

    #[test]
    fn a_url_names_one_server_or_several() {
        for (url, expected) in [
            ("redis://:secret@queue:6379/1", "queue:6379"),
            ("rediss://queue", "queue:6379"),
            ("unix:/run/redis.sock", "/run/redis.sock"),
            ("redis+sentinel://a,b:7000,[::1]/steward", "sentinel a,b:7000,[::1]"),
            ("rediss+sentinel://u:secret@a:1/steward/2?sentinel_password=secret", "sentinel a:1"),
            ("redis+cluster://:secret@a:7000,b:7001", "cluster a:7000,b:7001"),
        ] {
            assert_eq!(place(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for url in [
            "redis+sentinel://:secret@a,b",
            "redis+sentinel://:secret@a,,b/steward",
            "redis+sentinel://:secret@a/steward/nought",
            "redis+sentinel://a/steward?password=secret",
            "redis+sentinel://a/steward?sentinel_username=secret",
            "redis+sentinel://a/steward?sentinel_password",
            "redis+cluster://a?sentinel_password=secret",
            "redis+cluster://:secret@a/1",
            "redis+cluster://",
            "redis+ring://:secret@a",
            "http+cluster://:secret@a",
            "redis://:secret@a:port",
        ] {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
