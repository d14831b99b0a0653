//! How soon `steward up --demo` is ready, and how much memory it holds while it waits for the next hour.
//!
//! It is the built command that is measured, as a process of its own with a data folder of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use crate::{
    figure::{Aim, Printer},
    meter::{median, ms},
    suite::{Suite, judge, tell},
};

/// Milliseconds from the start of the process until it waits for the next hour.
const READY_MS_MAX: f64 = 1_000.0;
/// Mebibytes of resident memory while it waits.
const MEMORY_MIB_MAX: f64 = 80.0;
/// Starts on data that are there; the median of an odd number is one of them.
const STARTS: usize = 5;
/// What the command says once its start is over.
const READY_SIGN: &str = "next cycle at";
/// How long a start may take before it counts as hung.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an end may take: a letter that is being written is finished.
const EXIT_TIMEOUT: Duration = Duration::from_secs(20);
/// Until the process has settled: what it freed is given back by then.
const SETTLE: Duration = Duration::from_secs(2);
/// Between two looks at whether the process has ended.
const EXIT_POLL: Duration = Duration::from_millis(10);
/// What else the command reads from the environment, none of which is to change what is measured.
const UNSET: [&str; 3] = ["DATABASE_URL", "STEWARD_LOG", "STEWARD_LOG_FORMAT"];

/// What one start took.
struct Taken {
    ready: Duration,
    memory_mib: f64,
    peak_mib: f64,
}

/// Measures one start from nothing, and some on the data that it left.
pub fn run(printer: &Printer) -> anyhow::Result<()> {
    let steward = find_steward()?;
    let folder = tempfile::tempdir()?;
    let suite = Suite::Start;
    let first = start(&steward, folder.path())?;
    let measure = "first start: schema, demo world and its first cycle";
    tell(printer, suite, measure, ms(first.ready), "ms")?;
    tell(printer, suite, "first start, idle memory", first.memory_mib, "MiB")?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(start(&steward, folder.path())?);
    }
    let ready: Vec<Duration> = starts.iter().map(|it| it.ready).collect();
    let aim = Aim::AtMost(READY_MS_MAX);
    judge(
        printer,
        suite,
        "start to ready, with the cycle that is due",
        ms(median(&ready)),
        "ms",
        aim,
    )?;
    let slowest = ready.iter().max().copied().unwrap_or_default();
    tell(printer, suite, "start to ready, slowest", ms(slowest), "ms")?;
    let memory = starts.iter().map(|it| it.memory_mib).fold(0.0, f64::max);
    judge(printer, suite, "idle memory, most", memory, "MiB", Aim::AtMost(MEMORY_MIB_MAX))?;
    let peak = starts.iter().map(|it| it.peak_mib).fold(0.0, f64::max);
    tell(printer, suite, "memory at its peak", peak, "MiB")
}

/// The release build of the command, beside this one.
pub fn find_steward() -> anyhow::Result<PathBuf> {
    let bench = std::env::current_exe().context("cannot tell where this program is")?;
    let steward = bench.with_file_name(format!("steward{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        steward.is_file(),
        "there is no {}: build it with `cargo build --release`, then run this again",
        steward.display()
    );
    Ok(steward)
}

fn start(steward: &Path, data: &Path) -> anyhow::Result<Taken> {
    let begin = Instant::now();
    let mut command = Command::new(steward);
    command.args(["up", "--demo"]).env("STEWARD_DATA_DIR", data);
    for name in UNSET {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = Running { child: command.spawn().context("steward does not start")? };
    let stderr = running.child.stderr.take().context("steward has no standard error")?;
    let ready = wait_until_ready(&listen(stderr))?.duration_since(begin);
    thread::sleep(SETTLE);
    let (memory_mib, peak_mib) = memory(running.child.id())?;
    let status = running.stop()?;
    ensure!(status.code() == Some(0), "steward ended with {status} after SIGTERM");
    Ok(Taken { ready, memory_mib, peak_mib })
}

/// A child that does not outlive us, whatever goes wrong.
pub struct Running {
    pub child: Child,
}

impl Running {
    /// Asks it to stop, as a service manager would, and waits.
    fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().context("no `kill` here")?;
        ensure!(asked.success(), "steward cannot be asked to stop");
        let begin = Instant::now();
        while begin.elapsed() < EXIT_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(EXIT_POLL);
        }
        bail!("steward did not end within {} s of SIGTERM", EXIT_TIMEOUT.as_secs())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of standard error, and when it came.
pub type Heard = (Instant, String);

/// Reads to the end, so that the process never waits for a reader.
pub fn listen(stderr: impl std::io::Read + Send + 'static) -> Receiver<Heard> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Nobody listens any more once it is ready.
            let _ = sender.send((Instant::now(), line));
        }
    });
    receiver
}

fn wait_until_ready(lines: &Receiver<Heard>) -> anyhow::Result<Instant> {
    Ok(wait_for(lines, READY_SIGN)?.0)
}

/// Waits for a line with these words.
pub fn wait_for(lines: &Receiver<Heard>, sign: &str) -> anyhow::Result<Heard> {
    let mut last = String::new();
    let begin = Instant::now();
    loop {
        let left = READY_TIMEOUT.saturating_sub(begin.elapsed());
        match lines.recv_timeout(left) {
            Ok((at, line)) if line.contains(sign) => return Ok((at, line)),
            Ok((_, line)) => last = line,
            Err(error) => {
                bail!("steward did not say `{sign}` ({error}); its last words: {last}")
            }
        }
    }
}

/// Resident memory now and at its most, in MiB.
pub fn memory(process: u32) -> anyhow::Result<(f64, f64)> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("{path} tells nothing"))?;
    let of = |name: &str| field_mib(&status, name).with_context(|| format!("no {name} in {path}"));
    Ok((of("VmRSS")?, of("VmHWM")?))
}

/// KiB in a MiB.
const KIB_PER_MIB: f64 = 1_024.0;

fn field_mib(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / KIB_PER_MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let status = "Name:\tsteward\nVmHWM:\t   40960 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(field_mib(status, "VmRSS"), Some(20.0));
        assert_eq!(field_mib(status, "VmHWM"), Some(40.0));
        assert_eq!(field_mib(status, "VmSwap"), None);
    }

    #[test]
    fn readiness_is_the_line_that_says_so() {
        let lines = listen("made the demo world\nnext cycle at 10:00 UTC\n".as_bytes());
        assert!(wait_until_ready(&lines).is_ok());
        let error = wait_until_ready(&listen("error: no disk\n".as_bytes())).unwrap_err();
        assert!(error.to_string().contains("no disk"), "{error}");
    }
}
