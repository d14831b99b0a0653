//! A server that a script keeps alive for as long as we hold the script's standard input.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

/// How long an answer may take; the scripts' own limits are shorter, so this is for a script that hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(180);

/// How long a stop may take before the supervisor is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two looks at whether the supervisor has ended.
const STOP_POLL: Duration = Duration::from_millis(20);

/// The running script.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    input: Option<ChildStdin>,
    lines: Mutex<Receiver<std::io::Result<String>>>,
}

impl Supervisor {
    /// Runs the script and waits for the line that says where the server listens.
    pub fn start(mut command: Command) -> anyhow::Result<(Self, String)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("the script that starts a server does not run (it needs bash)")?;
        let stdout = child.stdout.take().context("the supervisor has no output")?;
        let input = child.stdin.take();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // Nobody listens any more after a timeout, which has then been reported.
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut supervisor = Self { child, input, lines: Mutex::new(lines) };
        let line = supervisor.line()?;
        Ok((supervisor, line))
    }

    /// Says a word and waits for the answer.
    pub fn say(&mut self, word: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("the supervisor's input is closed")?;
        writeln!(input, "{word}").context("the supervisor does not listen")?;
        let answer = self.line()?;
        if answer != "done" {
            bail!("the supervisor answered {answer:?} to {word}");
        }
        Ok(())
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        match lines.recv_timeout(ANSWER_TIMEOUT) {
            Ok(Ok(line)) if !line.trim().is_empty() => Ok(line.trim().to_owned()),
            Ok(Ok(_)) | Err(RecvTimeoutError::Disconnected) => bail!("{}", self.last_words()),
            Ok(Err(error)) => Err(error).context("reading what the supervisor says"),
            Err(RecvTimeoutError::Timeout) => {
                bail!("no answer after {} s", ANSWER_TIMEOUT.as_secs())
            }
        }
    }

    /// What a supervisor that ended without a server wrote about it.
    fn last_words(&mut self) -> String {
        let mut words = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            // Half a message is better than a message about the message.
            let _ = stderr.read_to_string(&mut words);
        }
        words.trim().to_owned()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Closing its input is the whole request; it stops the server and deletes the folder.
        drop(self.input.take());
        let mut waited = Duration::ZERO;
        while waited < STOP_TIMEOUT {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(STOP_POLL),
                Ok(Some(_)) | Err(_) => return,
            }
            waited += STOP_POLL;
        }
        // A hung supervisor must not hang the suite; both calls fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
