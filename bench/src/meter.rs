//! Time: on the wall, on the processor, and on the processors of a server that works for us.
//!
//! What lives here: stopwatches and the statistics of their readings.
//! What does not: what is measured.

use std::{
    fs,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;

/// A stopwatch over us and over a server that works for us.
#[derive(Clone, Debug)]
pub struct Gauge {
    watch: Stopwatch,
    /// The server's database and what its processes had spent; none if there is no server.
    server: Option<(String, Duration)>,
}

/// What a gauge showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// What we spent.
    pub ours: Spent,
    /// What the server's processes for our database spent on processors.
    pub server: Duration,
}

impl Gauge {
    /// Starts one; `server` names the database whose processes are to be counted too.
    pub fn start(server: Option<&str>) -> Self {
        let server = server.map(|database| (database.to_owned(), server_time(database)));
        Self { watch: Stopwatch::start(), server }
    }

    /// What it shows.
    pub fn read(&self) -> Bill {
        let ours = self.watch.read();
        let server = self.server.as_ref().map(|(database, before)| {
            // A process that ended meanwhile takes its count along; what is left is then too little.
            server_time(database).saturating_sub(*before)
        });
        Bill { ours, server: server.unwrap_or_default() }
    }
}

impl Bill {
    /// Processor time, ours and the server's.
    pub fn all_processors(&self) -> Duration {
        self.ours.processor + self.server
    }
}

/// A stopwatch that runs.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    wall: Instant,
    processor: ProcessTime,
}

/// What a stopwatch showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time on the wall.
    pub wall: Duration,
    /// Time on all processors, of all threads of this process.
    pub processor: Duration,
}

impl Stopwatch {
    /// Starts one.
    pub fn start() -> Self {
        Self { wall: Instant::now(), processor: ProcessTime::now() }
    }

    /// What it shows.
    pub fn read(&self) -> Spent {
        self.until(&Self::start())
    }

    /// The time from this start to a later one.
    pub fn until(&self, later: &Self) -> Spent {
        Spent {
            wall: later.wall.duration_since(self.wall),
            processor: later.processor.duration_since(self.processor),
        }
    }
}

/// Milliseconds with their fraction.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// How many a second.
pub fn rate(count: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure has three digits that matter")]
    let count = count as f64;
    count / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The middle one of some times; zero of none.
pub fn median(times: &[Duration]) -> Duration {
    percentile(times, 50)
}

/// The time that `percent` of a hundred do not exceed (nearest rank); zero of none.
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The processor time so far of the server's processes for a database: 0 where there is no `/proc` to tell.
///
/// Postgres names the database in the title of each of its processes; our pool keeps these, so a difference of
/// two readings is what the server spent on us. Its writer and its other helpers are not among them.
fn server_time(database: &str) -> Duration {
    let Ok(folders) = fs::read_dir("/proc") else { return Duration::ZERO };
    let folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
    let ours = folders.filter(|folder| {
        let title = fs::read(folder.join("cmdline")).unwrap_or_default();
        title.starts_with(b"postgres:") && String::from_utf8_lossy(&title).contains(database)
    });
    let nanos = ours.filter_map(|folder| {
        let text = fs::read_to_string(folder.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// How many processes waited for a processor in the last minute, on average, if the system tells.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_readings_that_there_were() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(median(&times), Duration::from_millis(100));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(200));
        assert_eq!(median(&[]), Duration::ZERO);
    }

    #[test]
    fn work_takes_processor_time() {
        let watch = Stopwatch::start();
        let mut sum = 0_u64;
        while watch.read().processor < Duration::from_millis(1) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Duration::ZERO < watch.read().wall);
    }
}
