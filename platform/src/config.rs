//! Configuration: the environment, read once, with defaults that need no server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Everything that the environment may say.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where data lives.
    pub database: DatabaseConfig,
    /// Where jobs wait, if many processes work on them; otherwise in a file of the one that does.
    pub redis: Option<RedisConfig>,
    /// The folder of the embedded database and of letters written to files.
    pub data_dir: PathBuf,
    /// What is logged.
    pub log: LogConfig,
    /// Who works at the command line, for the record.
    pub user: String,
    /// How long a process that went away keeps the work it had, and the right to be the only one.
    pub lease: Duration,
    /// How the API is served.
    pub api: ApiConfig,
    /// Where a worker tells how it gets on; nowhere, if there is none.
    pub worker_listen: Option<SocketAddr>,
}

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Requests that a key may make in a second, on average.
    pub requests_per_second: u32,
    /// Origins whose pages may call it from a browser.
    pub cors_origins: Vec<String>,
}

/// Where data lives.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `sqlite://PATH?mode=rwc` or `postgres://USER:PASSWORD@HOST/NAME`. May hold a password: never shown whole.
    pub url: String,
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Where the jobs of a fleet wait.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`. May hold a password: never shown whole.
    pub url: String,
    /// What all keys begin with.
    pub prefix: String,
}

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with prefix {}", without_password(&self.url), self.prefix)
    }
}

/// What is logged.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// A filter as `tracing` reads it.
    pub filter: String,
    /// Whether lines are JSON.
    pub json: bool,
}

/// Everything that is wrong with the environment, at once.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n{}", .0.iter().map(|it| format!("  - {it}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<String>);

const DATABASE_URL: &str = "DATABASE_URL";
const REDIS_URL: &str = "REDIS_URL";
const REDIS_PREFIX: &str = "STEWARD_REDIS_PREFIX";
const DATA_DIR: &str = "STEWARD_DATA_DIR";
const LOG: &str = "STEWARD_LOG";
const LOG_FORMAT: &str = "STEWARD_LOG_FORMAT";
const USER: &str = "STEWARD_USER";
const LEASE: &str = "STEWARD_LEASE_SECONDS";
const WORKER_LISTEN: &str = "STEWARD_WORKER_LISTEN";
const API_LISTEN: &str = "STEWARD_API_LISTEN";
const API_RATE: &str = "STEWARD_API_RATE";
const API_CORS: &str = "STEWARD_API_CORS_ORIGINS";

/// This machine alone: who wants more says so, and puts TLS in front.
const API_LISTEN_DEFAULT: &str = "127.0.0.1:8080";
/// Enough for any integration, and little enough that one gone wild is not felt by the others.
const API_RATE_DEFAULT: u32 = 500;
const API_RATE_RANGE: std::ops::RangeInclusive<u32> = 1..=1_000_000;

/// One server, the one that Sentinels name, or a Cluster; with an `s` over TLS.
const REDIS_SCHEMES: [&str; 7] = [
    "redis://",
    "rediss://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
    "unix:",
];

/// Keys that belong to nobody else on a usual server.
const REDIS_PREFIX_DEFAULT: &str = "steward";

/// Long enough that a busy machine loses no lease, and short enough that nobody waits for a dead process.
const LEASE_SECONDS: u64 = 15;
/// Shorter ones are lost to a moment's load, and longer ones keep work from everybody.
const LEASE_RANGE: std::ops::RangeInclusive<u64> = 2..=300;

/// Every variable that is read, with what it stands for; `.env.example` is held against this list.
pub const VARIABLES: &[(&str, &str)] = &[
    (DATABASE_URL, "where data lives; default: an SQLite file in the data folder"),
    (
        REDIS_URL,
        "where jobs wait for a fleet of processes; default: in a file of the one that works",
    ),
    (REDIS_PREFIX, "what the keys of this fleet begin with; default: steward"),
    (DATA_DIR, "the folder of the SQLite file and of letters written to files; default: data"),
    (LOG, "what is logged, as a tracing filter; default: warn"),
    (LOG_FORMAT, "`text` or `json`; default: text"),
    (USER, "who works at the command line, for the record; default: $USER, or operator"),
    (LEASE, "seconds for which a process that went away keeps its work, 2 to 300; default: 15"),
    (WORKER_LISTEN, "where a worker tells how it gets on and what it counts; default: nowhere"),
    (API_LISTEN, "where the API listens; default: 127.0.0.1:8080"),
    (API_RATE, "requests per second that a key may make, on average; default: 500"),
    (API_CORS, "origins whose pages may call the API, with commas between; default: none"),
];

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads an environment that is given as a function.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let mut problems = Vec::new();
        let data_dir = PathBuf::from(get(DATA_DIR).unwrap_or_else(|| "data".to_owned()));
        let url = get(DATABASE_URL).unwrap_or_else(|| {
            format!("sqlite://{}?mode=rwc", data_dir.join("steward.db").display())
        });
        if !url.starts_with("sqlite:")
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            problems.push(format!("{DATABASE_URL} must begin with sqlite: or postgres://"));
        }
        let redis = RedisConfig::read(&get, &url, &mut problems);
        let json = match get(LOG_FORMAT).as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(_) => {
                problems.push(format!("{LOG_FORMAT} must be text or json"));
                false
            }
        };
        let user = get(USER).or_else(|| get("USER")).unwrap_or_else(|| "operator".to_owned());
        if user.chars().count() > 100 || user.chars().any(char::is_control) {
            problems.push(format!("{USER} must be at most 100 plain characters"));
        }
        let lease = get(LEASE).map_or(Ok(LEASE_SECONDS), |text| text.trim().parse());
        let lease = lease.ok().filter(|seconds| LEASE_RANGE.contains(seconds));
        if lease.is_none() {
            let (least, most) = (LEASE_RANGE.start(), LEASE_RANGE.end());
            problems.push(format!("{LEASE} must be a whole number from {least} to {most}"));
        }
        let api = ApiConfig::read(&get, &mut problems);
        let worker_listen = get(WORKER_LISTEN).and_then(|text| {
            let address = text.trim().parse().ok();
            if address.is_none() {
                problems.push(format!("{WORKER_LISTEN} must be an address such as 127.0.0.1:9100"));
            }
            address
        });
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        let filter = get(LOG).unwrap_or_else(|| "warn".to_owned());
        Ok(Self {
            database: DatabaseConfig { url },
            redis,
            data_dir,
            log: LogConfig { filter, json },
            user,
            lease: Duration::from_secs(lease.unwrap_or(LEASE_SECONDS)),
            api,
            worker_listen,
        })
    }
}

impl ApiConfig {
    fn read(get: &dyn Fn(&str) -> Option<String>, problems: &mut Vec<String>) -> Self {
        let text = get(API_LISTEN).unwrap_or_else(|| API_LISTEN_DEFAULT.to_owned());
        let listen = text.trim().parse().unwrap_or_else(|_| {
            problems.push(format!("{API_LISTEN} must be an address such as 127.0.0.1:8080"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        let rate = get(API_RATE).map_or(Ok(API_RATE_DEFAULT), |text| text.trim().parse());
        let rate = rate.ok().filter(|rate| API_RATE_RANGE.contains(rate));
        if rate.is_none() {
            let (least, most) = (API_RATE_RANGE.start(), API_RATE_RANGE.end());
            problems.push(format!("{API_RATE} must be a whole number from {least} to {most}"));
        }
        let origins = get(API_CORS).unwrap_or_default();
        let origins = origins.split(',').map(str::trim).filter(|it| !it.is_empty());
        let cors_origins: Vec<String> = origins.map(str::to_owned).collect();
        let is_origin = |it: &String| {
            let host = it.strip_prefix("https://").or(it.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        };
        if !cors_origins.iter().all(is_origin) {
            problems
                .push(format!("{API_CORS} must be origins such as https://console.example.com"));
        }
        let requests_per_second = rate.unwrap_or(API_RATE_DEFAULT);
        Self { listen, requests_per_second, cors_origins }
    }
}

impl RedisConfig {
    fn read(
        get: &dyn Fn(&str) -> Option<String>,
        database: &str,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        let url = get(REDIS_URL)?;
        if !REDIS_SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            problems.push(format!("{REDIS_URL} must begin with {}", REDIS_SCHEMES.join(", ")));
        }
        if database.starts_with("sqlite:") {
            problems.push(format!(
                "{REDIS_URL} is set, and many processes need a database server: \
                 set {DATABASE_URL} to postgres://…, or leave {REDIS_URL} out"
            ));
        }
        let prefix = get(REDIS_PREFIX).unwrap_or_else(|| REDIS_PREFIX_DEFAULT.to_owned());
        Some(Self { url, prefix })
    }
}

/// A URL without what may be a password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // What comes after a question mark may name one as well, and an `@` there belongs to it.
    match (rest.rfind('@'), rest.find('?')) {
        (Some(at), Some(query)) if query < at => format!("{scheme}://…"),
        (at, query) => {
            let end = query.unwrap_or(rest.len());
            match at {
                Some(at) => format!("{scheme}://…@{}", &rest[at + 1..end]),
                None => format!("{scheme}://{}", &rest[..end]),
            }
        }
    }
}

impl DatabaseConfig {
    /// The URL without what may be a password.
    pub fn shown(&self) -> String {
        if self.is_sqlite() { self.url.clone() } else { without_password(&self.url) }
    }

    /// Whether this is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The file of an embedded database.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let rest = self.url.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        Some(PathBuf::from(rest.split('?').next().unwrap_or(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_needs_no_server() {
        let config = Config::read(|_| None).unwrap();
        assert_eq!(config.database.url, "sqlite://data/steward.db?mode=rwc");
        assert_eq!(config.user, "operator");
    }

    #[test]
    fn every_problem_is_told_at_once_and_no_password_is() {
        let error = Config::read(|name| match name {
            "DATABASE_URL" => Some("mysql://root:secret@host/db".to_owned()),
            "STEWARD_LOG_FORMAT" => Some("xml".to_owned()),
            "STEWARD_LEASE_SECONDS" => Some("1".to_owned()),
            "STEWARD_API_LISTEN" => Some("8080".to_owned()),
            "STEWARD_API_RATE" => Some("0".to_owned()),
            "STEWARD_API_CORS_ORIGINS" => Some("*".to_owned()),
            "STEWARD_WORKER_LISTEN" => Some("worker".to_owned()),
            "REDIS_URL" => Some("http://:secret@host".to_owned()),
            _ => None,
        })
        .unwrap_err();
        assert_eq!(error.0.len(), 8, "{error}");
        assert!(!error.to_string().contains("secret"));
        let shown = DatabaseConfig { url: "postgres://steward:secret@db:5432/steward".to_owned() };
        assert_eq!(format!("{shown:?}"), "postgres://…@db:5432/steward");
    }

    #[test]
    fn a_fleet_needs_a_database_server() {
        let read = |database: &'static str| {
            Config::read(move |name| match name {
                "DATABASE_URL" => Some(database.to_owned()),
                "REDIS_URL" => Some("redis://:secret@queue:6379/1".to_owned()),
                _ => None,
            })
        };
        for (url, shown) in [
            ("postgres://app:s3cr?t@db/x", "postgres://…"),
            ("postgres://app:s3cret@db/x?sslmode=require", "postgres://…@db/x"),
            ("postgres://db/x?password=s3cr@t", "postgres://…"),
            (
                "redis+sentinel://a,b/steward?sentinel_password=s3cret",
                "redis+sentinel://a,b/steward",
            ),
        ] {
            assert_eq!(without_password(url), shown);
        }
        let error = read("sqlite://steward.db").unwrap_err();
        assert!(error.to_string().contains("set DATABASE_URL to postgres://"), "{error}");
        let redis = read("postgres://db/steward").unwrap().redis.unwrap();
        assert_eq!(format!("{redis:?}"), "redis://…@queue:6379/1 with prefix steward");
    }

    #[test]
    fn the_example_names_every_variable() {
        let example = include_str!("../../.env.example");
        for (name, _) in VARIABLES {
            assert!(example.contains(name), "{name} is missing from .env.example");
        }
    }
}
