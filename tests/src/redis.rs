//! A Redis server for tests.
//!
//! What lives here: starting one, and doing to it what happens to servers.
//! What does not: what lies in it.
//!
//! A machine without Redis fails the tests that need it: a suite that skips them would say "passed".

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};

use crate::supervisor::Supervisor;

/// A Redis server that belongs to this process.
#[derive(Debug)]
pub struct PrivateRedis {
    url: String,
    supervisor: Mutex<Supervisor>,
}

impl PrivateRedis {
    /// Gives the URL of the server that the tests of this process share: without a file, and each with keys of its own.
    pub fn shared() -> anyhow::Result<String> {
        static OF_THIS_PROCESS: OnceLock<Result<PrivateRedis, String>> = OnceLock::new();
        // A failure is kept too: the other tests then fail with the same words, and at once.
        let start = || Self::start(&[]).map_err(|error| format!("{error:#}"));
        match OF_THIS_PROCESS.get_or_init(start) {
            Ok(shared) => Ok(shared.url.clone()),
            Err(message) => Err(anyhow!("{message}")),
        }
    }

    /// Starts a server for one test alone, with options of `redis-server`, which may then do to it what it likes.
    ///
    /// Dropping the value stops the server and deletes its folder, also when the test panics.
    pub fn start(options: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(script());
        command.args(options);
        let (supervisor, url) =
            Supervisor::start(command).context("cannot start a private Redis server")?;
        Ok(Self { url, supervisor: Mutex::new(supervisor) })
    }

    /// Starts a Sentinel that watches a server by the name `steward` and gives it up after a second.
    pub fn start_sentinel(watched: &Self) -> anyhow::Result<Self> {
        let (_, port) = watched.url.rsplit_once(':').context("a URL without a port")?;
        Self::start(&["--sentinel-of", port])
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it at once, and leaves its files.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.say("kill")
    }

    /// Starts it again after [`Self::kill`], on the same port and files.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.say("start")
    }

    /// Freezes it.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.say("stop")
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.say("go")
    }

    /// Empties it, as somebody does who took it for another one.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.say_to("FLUSHALL")
    }

    /// Sends a command whose answer is nothing but a sign that it was done.
    pub fn say_to(&self, command: &str) -> anyhow::Result<()> {
        let address = self.url.trim_start_matches("redis://");
        let mut stream = TcpStream::connect(address).context("Redis cannot be reached")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "{command}\r\n")?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        ensure!(matches!(first[0], b'+' | b':'), "Redis refused {command}");
        Ok(())
    }

    fn say(&self, word: &str) -> anyhow::Result<()> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).say(word)
    }
}

fn script() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/private-redis"))
}
