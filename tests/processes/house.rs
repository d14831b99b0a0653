//! A folder with a demo world in it, and the processes that work there.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::cycle::{RunStatus, WorkBlock};
use platform::{RandomIds, config::DatabaseConfig, database::connect};
use store::{Store, run::RunRow, tenant::Tenant};
use testkit::{postgres::PrivatePostgres, proxy::Proxy, redis::PrivateRedis};

/// The shortest lease there is: a process that was killed is waited for as long.
const LEASE_SECONDS: u64 = 2;
/// Longer than anything that is waited for takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// What the shell counts the length of files in.
const FILE_BLOCK_BYTES: u64 = 512;
/// How often something is looked at that nobody sends a signal for.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// See the module's words.
pub struct House {
    folder: tempfile::TempDir,
    /// Processes that were started.
    pub started: usize,
    /// What a fleet works on.
    servers: Option<Servers>,
}

/// The servers of a fleet.
pub struct Servers {
    pub redis: PrivateRedis,
    /// The line to it, which can be cut and slow.
    pub line: Proxy,
    redis_url: String,
    pub postgres: PrivatePostgres,
    database_url: String,
}

/// A process that works, and is killed if the test forgets it.
pub struct Process {
    child: Child,
}

impl Process {
    /// As the machine does when its power fails.
    pub fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager does.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.child.id()))
            .status()
            .unwrap();
        assert!(sent.success(), "the signal {name} could not be sent");
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended by itself.
    pub fn ended(mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the process does not end");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub fn stopped(self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Drop for House {
    /// Leaves the logs where they are, for whoever looks for what went wrong.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            println!("the logs of the processes stay in {}", self.path().display());
        }
    }
}

impl House {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), started: 0, servers: None }
    }

    /// One whose processes are a fleet, on servers of its own.
    pub fn of_fleet() -> Self {
        let redis = PrivateRedis::start(&["--appendonly", "yes", "--appendfsync", "everysec"]);
        let redis = redis.unwrap();
        let (line, redis_url) = Proxy::before(redis.url()).unwrap();
        // One that keeps what it has committed, whatever happens to it.
        let postgres = PrivatePostgres::start_durable().unwrap();
        let database_url = postgres.url(&postgres.create_database());
        let servers = Servers { redis, line, redis_url, postgres, database_url };
        let mut house = Self::new();
        house.servers = Some(servers);
        house
    }

    pub fn servers(&self) -> &Servers {
        self.servers.as_ref().expect("it is a fleet's")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .env_remove("STEWARD_DATA_DIR")
            .env("STEWARD_API_LISTEN", "127.0.0.1:0")
            .env("STEWARD_LEASE_SECONDS", LEASE_SECONDS.to_string())
            .env("STEWARD_LOG", "worker=debug,warn")
            .env("STEWARD_LOG_FORMAT", "json");
        if let Some(servers) = &self.servers {
            command.env("DATABASE_URL", &servers.database_url);
            command.env("REDIS_URL", &servers.redis_url);
        }
        command
    }

    /// The log of a process, by its number.
    pub fn log(&self, number: usize) -> PathBuf {
        self.path().join(format!("process-{number}.log"))
    }

    /// Starts a process that plays the demo's hours as fast as they go.
    pub fn start(&mut self) -> Process {
        self.start_as("up --demo --speed 36000x")
    }

    /// Starts a process that stays.
    pub fn start_as(&mut self, arguments: &str) -> Process {
        self.started += 1;
        let log = File::create(self.log(self.started)).unwrap();
        let child = self.command(arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Process { child }
    }

    /// The same with a limit to how long a file may be, which it hears of as it does of a full disk.
    pub fn start_limited(&mut self, bytes: u64) -> Process {
        self.started += 1;
        let log = File::create(self.log(self.started)).unwrap();
        let steward = self.command("up --demo --speed 36000x");
        let mut command = Command::new("sh");
        let blocks = bytes / FILE_BLOCK_BYTES;
        // Without the signal, a write that goes too far is an error like any other.
        command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        command.arg(steward.get_program()).args(steward.get_args()).current_dir(self.path());
        command.envs(steward.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Process { child }
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The standard output of a command that has to succeed.
    pub fn says(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`steward {arguments}` failed: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The database, beside the process that works on it.
    pub async fn open(&self) -> Open {
        let url = match &self.servers {
            Some(servers) => servers.database_url.clone(),
            None => format!("sqlite://{}?mode=rw", self.path().join("data/steward.db").display()),
        };
        let config = DatabaseConfig { url };
        let began = Instant::now();
        // A file that is being made is left alone: who opens it at the wrong moment locks its maker out.
        while self.started == 1 && !self.has_logged(&["the API answers"]) {
            assert!(
                began.elapsed() < PATIENCE,
                "the process does not come up: {}",
                self.last_log()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        loop {
            // Until a process has made it, and the demo's company in it.
            if let Ok(db) = connect(&config).await {
                let store = Store::new(db, Arc::new(RandomIds));
                if let Ok(Some(tenant)) = store.system().find_tenant(demo::TENANT).await {
                    return Open { store, tenant };
                }
            }
            assert!(began.elapsed() < PATIENCE, "the database does not come to be");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Takes the queue's file away, as somebody does who tidies up.
    pub fn lose_queue(&self) {
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            let path = self.path().join("data").join(name);
            if path.exists() {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Whether a line of the newest process's log has all these words.
    pub fn has_logged(&self, words: &[&str]) -> bool {
        let text = self.last_log();
        text.lines().any(|line| words.iter().all(|word| line.contains(word)))
    }

    fn last_log(&self) -> String {
        fs::read_to_string(self.log(self.started)).unwrap_or_default()
    }

    /// Letters that lie in the outbox.
    pub fn letters(&self) -> usize {
        let Ok(files) = fs::read_dir(self.path().join("data/outbox")) else { return 0 };
        files
            .filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == "eml"))
            .count()
    }
}

/// An open database of a house.
pub struct Open {
    pub store: Store,
    pub tenant: Tenant,
}

/// More cycles than a test plays.
const RUNS_MAX: u64 = 10_000;
/// More letters than a test sends.
const LETTERS_MAX: u64 = 100_000;

impl Open {
    /// Runs, oldest first.
    pub async fn runs(&self) -> Vec<RunRow> {
        let mut runs = self.store.tenant(self.tenant.id).list_runs(RUNS_MAX).await.unwrap();
        runs.sort_by_key(|run| run.cycle_number);
        runs
    }

    pub async fn completed(&self) -> usize {
        self.runs().await.iter().filter(|run| run.status == RunStatus::Completed).count()
    }

    /// Waits until it is so.
    pub async fn until(&self, mut is_so: impl AsyncFnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self).await {
            assert!(began.elapsed() < PATIENCE, "it did not come to be");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn until_completed(&self, runs: usize) {
        self.until(async |it| runs <= it.completed().await).await;
    }

    /// Letters that left, by whom they went to and what they are about, and how often each did.
    pub async fn letters(&self) -> BTreeMap<(String, String), usize> {
        let mut letters = BTreeMap::new();
        for row in self.store.tenant(self.tenant.id).list_outbound(LETTERS_MAX).await.unwrap() {
            if row.sent_at.is_some() {
                *letters.entry((row.to_address, row.subject)).or_default() += 1;
            }
        }
        letters
    }
}

/// What a cycle did, without the ids and moments that differ from run to run.
pub fn gist(run: &RunRow) -> String {
    let WorkBlock { plan, act, react, reflect, .. } = &run.work_block;
    let (Some(plan), Some(act), Some(react), Some(reflect)) = (plan, act, react, reflect) else {
        return format!("{} {:?}, unfinished: {:?}", run.cycle_number, run.status, run.error);
    };
    format!(
        "{} {:?} {:?} for {}: queued {}, awaiting {}, blocked {}, findings {}, done {}, failed {}, stopped {}, {:?}, {} hypotheses",
        run.cycle_number,
        run.due_hour,
        run.status,
        run.hours_covered,
        plan.queue.len(),
        plan.awaiting.len(),
        plan.blocked.len(),
        act.findings_digest,
        act.done.len(),
        act.failed.len(),
        act.stopped.len(),
        react.outcomes,
        reflect.hypotheses.len(),
    )
}
