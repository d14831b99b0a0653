//! A Postgres server for tests, and a fresh database on it for each test.
//!
//! What lives here: finding or starting the server, naming and creating databases.
//! What does not: schemas and rows (migrations and builders make those), and the details of starting a
//! server, which are in the script `tests/private-postgres`, shared with `./test`.
//!
//! A machine without Postgres fails the tests that need it: a suite that skips them would say "passed".

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use crate::supervisor::Supervisor;

/// Names a server that tests may create databases on, as `postgres://user[:password]@host:port[/database]`.
const SERVER_VARIABLE: &str = "STEWARD_TEST_POSTGRES_URL";

/// The database that every Postgres server has, for the statements that create others.
const MAINTENANCE_DATABASE: &str = "postgres";

/// How long one statement on the maintenance database may wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A Postgres server on which a test creates its own databases.
#[derive(Debug)]
pub struct PrivatePostgres {
    server_url: String,
    /// Held for its `Drop`, which stops the server; none when the server belongs to somebody else.
    supervisor: Option<Mutex<Supervisor>>,
}

impl PrivatePostgres {
    /// Gives the server that all tests of this run share.
    ///
    /// That is the one named by `STEWARD_TEST_POSTGRES_URL` (which `./test` sets), else one that this
    /// process starts at the first call and that ends with the process, however the process ends.
    pub fn start() -> anyhow::Result<Self> {
        static OF_THIS_PROCESS: OnceLock<Result<PrivatePostgres, String>> = OnceLock::new();

        if let Some(server_url) = given_server_url() {
            return Ok(Self { server_url, supervisor: None });
        }
        // A failure is kept too: the other tests then fail with the same words, and at once.
        match OF_THIS_PROCESS
            .get_or_init(|| Self::start_own().map_err(|error| format!("{error:#}")))
        {
            Ok(shared) => Ok(Self { server_url: shared.server_url.clone(), supervisor: None }),
            Err(message) => Err(anyhow!("{message}")),
        }
    }

    /// Starts a server for one test alone, which may then stop it in the middle of something.
    ///
    /// Dropping the value stops the server and deletes its folder, also when the test panics.
    pub fn start_own() -> anyhow::Result<Self> {
        Self::start_with(Command::new(script()))
    }

    /// Starts a server of one's own whose commits wait for the disk, as a real one's do.
    pub fn start_durable() -> anyhow::Result<Self> {
        let mut command = Command::new(script());
        command.arg("durable");
        Self::start_with(command)
    }

    fn start_with(command: Command) -> anyhow::Result<Self> {
        let (supervisor, server_url) =
            Supervisor::start(command).context("cannot start a private Postgres server")?;
        Ok(Self { server_url, supervisor: Some(Mutex::new(supervisor)) })
    }

    /// Ends a server of one's own as its machine's end would, and starts it again.
    pub fn restart(&self) -> anyhow::Result<()> {
        let supervisor = self.supervisor.as_ref().context("the server is not this test's own")?;
        supervisor.lock().unwrap_or_else(PoisonError::into_inner).say("restart")
    }

    /// The URL of a database on this server, whether or not the database exists.
    pub fn url(&self, database: &str) -> String {
        with_database(&self.server_url, database)
    }

    /// Creates an empty database and returns its name, which no other test has.
    ///
    /// It may be called inside or outside of an async runtime.
    /// Databases are never dropped here: a private server takes them along when it goes.
    ///
    /// # Panics
    /// If the server does not create it: there is no test to run then.
    pub fn create_database(&self) -> String {
        // `template0` never has sessions of its own, which would forbid copying it.
        self.copy_database("template0")
    }

    /// Creates a copy of a database in which nobody works, and returns its name.
    ///
    /// # Panics
    /// If the server does not create it: there is no test to run then.
    pub fn copy_database(&self, template: &str) -> String {
        let name = format!("steward_test_{:016x}", RandomState::new().hash_one(0_u8));
        let maintenance_url = match database_of(&self.server_url) {
            Some(_) => self.server_url.clone(),
            None => self.url(MAINTENANCE_DATABASE),
        };
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'");
        if let Err(error) = execute_apart(maintenance_url, statement) {
            panic!("cannot create the test database {name}: {error:#}");
        }
        name
    }
}

fn script() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/private-postgres"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test kit is configured by the run of the suite, not by the product's configuration"
)]
fn given_server_url() -> Option<String> {
    std::env::var(SERVER_VARIABLE).ok().filter(|url| !url.is_empty())
}

/// Executes one statement in a runtime of its own, so that callers may be in another one, or in none.
fn execute_apart(url: String, statement: String) -> anyhow::Result<()> {
    let executed = thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut options = ConnectOptions::new(url);
            options.max_connections(1).connect_timeout(CONNECT_TIMEOUT).sqlx_logging(false);
            let connection: DatabaseConnection = Database::connect(options).await?;
            let executed = connection.execute_unprepared(&statement).await;
            connection.close().await?;
            executed?;
            Ok(())
        })
    });
    executed.join().map_err(|_| anyhow!("the thread that created it panicked"))?
}

/// The part of a URL in front of the database, the database if there is one, and the `?` part.
fn split_url(url: &str) -> (&str, Option<&str>, &str) {
    let (address, parameters) = url.split_at(url.find('?').unwrap_or(url.len()));
    let host_start = address.find("://").map_or(0, |scheme_end| scheme_end + "://".len());
    match address[host_start..].find('/') {
        Some(slash) => {
            let (server, path) = address.split_at(host_start + slash);
            (server, Some(&path[1..]).filter(|database| !database.is_empty()), parameters)
        }
        None => (address, None, parameters),
    }
}

fn database_of(url: &str) -> Option<&str> {
    split_url(url).1
}

fn with_database(url: &str, database: &str) -> String {
    let (server, _, parameters) = split_url(url);
    format!("{server}/{database}{parameters}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{TcpStream, ToSocketAddrs};
    use std::os::unix::fs::PermissionsExt;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn the_database_takes_its_place_in_a_url() {
        for (server, expected) in [
            ("postgres://postgres@127.0.0.1:5433", "postgres://postgres@127.0.0.1:5433/orders"),
            ("postgres://a:b@host:1/", "postgres://a:b@host:1/orders"),
            ("postgres://a:b@host:1/main", "postgres://a:b@host:1/orders"),
            ("postgres://a@host?sslmode=disable", "postgres://a@host/orders?sslmode=disable"),
            ("postgres://a@host/main?sslmode=disable", "postgres://a@host/orders?sslmode=disable"),
        ] {
            assert_eq!(with_database(server, "orders"), expected, "from {server}");
        }
        assert_eq!(database_of("postgres://a@host/main?x=y"), Some("main"));
        assert_eq!(database_of("postgres://a@host/?x=y"), None);
    }

    #[tokio::test]
    async fn each_test_gets_a_database_of_its_own() {
        let postgres = PrivatePostgres::start().unwrap();
        let [first, second] = [postgres.create_database(), postgres.create_database()];
        assert_ne!(first, second);

        for name in [&first, &second] {
            let connection = Database::connect(postgres.url(name)).await.unwrap();
            // The same table in both, so they are not one database under two names.
            connection.execute_unprepared("CREATE TABLE orders (id bigint)").await.unwrap();
            connection.close().await.unwrap();
        }
    }

    #[test]
    fn a_panic_stops_the_server_and_deletes_its_folder() {
        let folder = open_folder();
        let mut address = String::new();

        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let (_supervisor, url) = Supervisor::start(script_in(folder.path())).unwrap();
            address = url.split_once('@').unwrap().1.to_owned();
            assert!(accepts(&address));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
            panic!("planned by the test");
        }));

        assert!(panicked.is_err());
        assert!(!accepts(&address));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_server_that_cannot_start_says_why() {
        let nowhere = tempfile::tempdir().unwrap();
        let error = Supervisor::start(script_in(&nowhere.path().join("missing"))).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error:#}");
    }

    /// Root's servers run as another user, who must be able to enter.
    fn open_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn script_in(folder: &Path) -> Command {
        let mut command = Command::new(script());
        command.env("TMPDIR", folder);
        command
    }

    fn accepts(address: &str) -> bool {
        let address = address.to_socket_addrs().unwrap().next().unwrap();
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    }
}
