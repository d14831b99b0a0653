//! A crew of real processes on one Redis: what must not stop it, however many jobs wait, and whoever has them.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::id::TenantId;
use jobs::{JobId, Queue};
use platform::SystemClock;
use queue::{
    Engine, NewTask, RESCUES_ALONE_MAX, RESCUES_TOGETHER_MAX, Retention, State,
    fleet::{self, Fleet},
};
use testkit::{
    poison::{Endless, Fate, Work, task},
    redis::PrivateRedis,
};
use uuid::Uuid;

/// Processes of a crew.
const CREW: usize = 3;
/// Jobs that each of them runs at once.
const AT_ONCE: usize = 4;
/// Longer than anything that is waited for takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Jobs of one call.
const BATCH: usize = 1_000;

/// Processes, their queue, and their ledger.
struct Crew {
    folder: tempfile::TempDir,
    server: PrivateRedis,
    engine: Fleet,
    processes: Vec<Child>,
}

impl Crew {
    /// One that has not begun.
    async fn new() -> Self {
        let server = PrivateRedis::start(&["--appendonly", "yes"]).unwrap();
        let engine = Fleet::open(fleet::Options {
            url: server.url().to_owned(),
            prefix: fleet::PREFIX.to_owned(),
            retention: Retention::default(),
            tends_itself: false,
            together_min: fleet::TOGETHER_MIN,
            clock: Arc::new(SystemClock),
            times: None,
        });
        let engine = engine.await.unwrap();
        Self { folder: tempfile::tempdir().unwrap(), server, engine, processes: Vec::new() }
    }

    fn begin(&mut self) {
        self.processes = (0..CREW).map(|_| self.process()).collect();
    }

    fn process(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poisoned"));
        command.arg(self.folder.path()).arg(self.server.url()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    }

    /// Starts whoever is gone again, as a service manager does; says how many were.
    fn revive(&mut self) -> usize {
        let mut deaths = 0;
        for place in 0..self.processes.len() {
            if self.processes[place].try_wait().unwrap().is_some() {
                deaths += 1;
                self.processes[place] = self.process();
            }
        }
        deaths
    }

    fn kill(&mut self, place: usize) {
        self.processes[place].kill().unwrap();
        self.processes[place].wait().unwrap();
    }

    async fn enqueue(&self, tasks: &[NewTask]) -> Vec<JobId> {
        for some in tasks.chunks(BATCH) {
            self.engine.enqueue(some.to_vec()).await.unwrap();
        }
        tasks.iter().map(|task| task.id).collect()
    }

    /// Jobs that wait, run, or wait to be tried again.
    async fn left(&self) -> u64 {
        let counts = self.engine.stats(Queue::Bulk).await.unwrap().counts;
        [State::Scheduled, State::Ready, State::Running]
            .iter()
            .map(|state| counts.get(state).copied().unwrap_or(0))
            .sum()
    }

    /// Lets it work until nothing is left; says how many processes died.
    async fn finish(&mut self) -> usize {
        let (began, mut deaths) = (Instant::now(), 0);
        while 0 < self.left().await {
            assert!(began.elapsed() < PATIENCE, "it does not come to an end");
            deaths += self.revive();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        deaths
    }

    async fn state(&self, id: JobId) -> Option<State> {
        self.engine.find(id).await.unwrap().map(|it| it.state)
    }

    fn ledger(&self) -> Ledger {
        Ledger::read(&self.folder.path().join("ledger"))
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // An error means that it has ended already.
            let _killed = process.kill();
            let _waited = process.wait();
        }
    }
}

/// What the processes wrote down.
#[derive(Default)]
struct Ledger {
    /// Numbers in the order in which they began.
    begun: Vec<usize>,
    /// Each start and end, in order, with the process.
    lines: Vec<(bool, usize, String)>,
    /// How often each began, and ended.
    times: BTreeMap<usize, (usize, usize)>,
}

impl Ledger {
    fn read(path: &PathBuf) -> Self {
        let mut ledger = Self::default();
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let [what, number, process] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let number = number.parse().unwrap();
            ledger.lines.push((what == "begin", number, process.to_owned()));
            let (begun, ended) = ledger.times.entry(number).or_default();
            match what {
                "begin" => {
                    *begun += 1;
                    ledger.begun.push(number);
                }
                _ => *ended += 1,
            }
        }
        ledger
    }

    /// Harmless jobs that ran in the same process at each start of this one.
    fn company_of(&self, number: usize) -> Vec<usize> {
        let mut running: BTreeMap<&str, usize> = BTreeMap::new();
        let mut company = Vec::new();
        for (is_begin, of, process) in &self.lines {
            let there = running.entry(process.as_str()).or_default();
            if !is_begin {
                *there -= 1;
                continue;
            }
            if *of == number {
                company.push(*there);
            }
            if *of < NEIGHBOURS {
                *there += 1;
            }
        }
        company
    }

    /// Starts beyond the first of each job.
    fn repeats(&self) -> usize {
        self.begun.len() - self.times.len()
    }
}

fn tenant(number: usize) -> Option<TenantId> {
    Some(TenantId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap() + 1)))
}

fn work(number: usize, of: usize, takes_ms: u64, fate: Fate) -> NewTask {
    task(&Work { number, tenant: tenant(of), takes_ms, fate }).unwrap()
}

/// Jobs that mean no harm.
const NEIGHBOURS: usize = 1_500;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_panic_never_end_or_kill_are_given_up_and_no_others() {
    let mut crew = Crew::new().await;
    let mut tasks: Vec<_> =
        (0..NEIGHBOURS).map(|number| work(number, number % 10, 40, Fate::Ends)).collect();
    let bad = [NEIGHBOURS, NEIGHBOURS + 1, NEIGHBOURS + 2];
    tasks.insert(10, work(bad[0], 3, 40, Fate::Kills));
    tasks.insert(20, work(bad[1], 4, 40, Fate::Panics));
    tasks.insert(30, task(&Endless { number: bad[2] }).unwrap());
    let ids = crew.enqueue(&tasks).await;
    crew.begin();
    let deaths = crew.finish().await;

    let ledger = crew.ledger();
    // Beside others twice at most, and then alone.
    let together = usize::try_from(1 + RESCUES_TOGETHER_MAX).unwrap();
    let alone = usize::try_from(RESCUES_ALONE_MAX).unwrap();
    // One that ran beside the killer is rescued, and a rescue is no attempt of its own.
    for (number, tries, more) in
        [(bad[0], together + alone, 0), (bad[1], 3, together), (bad[2], 2, together)]
    {
        let (begun, ended) = ledger.times[&number];
        assert!((tries..=tries + more).contains(&begun), "job {number} began {begun} times");
        assert_eq!(ended, 0, "job {number}");
    }
    assert_eq!(deaths, ledger.times[&bad[0]].0, "each death is the killer's");
    for (place, id) in ids.iter().enumerate() {
        let is_bad = matches!(place, 10 | 20 | 30);
        let expected = if is_bad { State::Dead } else { State::Completed };
        assert_eq!(crew.state(*id).await, Some(expected), "job {place}");
    }
    let company = ledger.company_of(bad[0]);
    assert!(
        company[together..].iter().all(|others| *others == 0),
        "alone means alone: {company:?}"
    );
    assert!(company[..together].iter().any(|others| 0 < *others), "nobody was ever beside it");
    let rescued: usize = (0..NEIGHBOURS).map(|number| ledger.times[&number].0 - 1).sum();
    // Those that ran beside it, and those that had just ended and were not settled yet.
    assert!(rescued <= together * AT_ONCE, "{rescued} neighbours went along");
}

/// Jobs that wait before anybody works.
const BACKLOG: usize = 100_000;
/// Processes that are killed while it is worked off.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_jobs_that_waited_for_workers_are_done_once_each() {
    let mut crew = Crew::new().await;
    let tasks: Vec<_> =
        (0..BACKLOG).map(|number| work(number, number % 50, 0, Fate::Ends)).collect();
    crew.enqueue(&tasks).await;
    assert_eq!(crew.left().await, u64::try_from(BACKLOG).unwrap());
    crew.begin();
    for kill in 0..KILLS {
        let share = u64::try_from((KILLS - kill) * BACKLOG / (KILLS + 1)).unwrap();
        let began = Instant::now();
        while share < crew.left().await {
            assert!(began.elapsed() < PATIENCE, "it does not get on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        crew.kill(kill % CREW);
        assert_eq!(crew.revive(), 1);
    }
    assert_eq!(crew.finish().await, 0, "nobody else died");

    let ledger = crew.ledger();
    assert_eq!(ledger.times.len(), BACKLOG, "none is lost");
    let unfinished = ledger.times.values().filter(|(_, ended)| *ended == 0).count();
    assert_eq!(unfinished, 0);
    println!("{BACKLOG} jobs, {KILLS} kills, {} repeats", ledger.repeats());
    // What ran when its process was killed; what had ended there and was not settled yet is one of them.
    assert!(ledger.repeats() <= KILLS * SETTLED_TOGETHER, "{} repeats", ledger.repeats());
}

/// Volatile jobs of which a killed process may not have told yet that they are done.
const SETTLED_TOGETHER: usize = 64;

/// Jobs of a tenant that queues without an end.
const FLOOD: usize = 20_000;
/// Jobs that another tenant has meanwhile.
const CALM: usize = 20;
/// Jobs of the flood that begin between a calm job's coming and its start: those that processes have in hand or have just
/// claimed, and one turn.
const AHEAD_MAX: usize = 4 * CREW * AT_ONCE;

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_flood_is_not_felt_by_another() {
    let mut crew = Crew::new().await;
    let flood: Vec<_> = (0..FLOOD).map(|number| work(number, 0, 2, Fate::Ends)).collect();
    crew.enqueue(&flood).await;
    crew.begin();
    let mut came = Vec::new();
    for number in FLOOD..FLOOD + CALM {
        let began = Instant::now();
        let before = crew.ledger().begun.len();
        while crew.ledger().begun.len() < before + 50 {
            assert!(began.elapsed() < PATIENCE, "it does not get on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        crew.enqueue(&[work(number, 1, 2, Fate::Ends)]).await;
        came.push((number, crew.ledger().begun.len()));
    }
    let (number, _) = came[CALM - 1];
    let began = Instant::now();
    while !crew.ledger().times.contains_key(&number) {
        assert!(began.elapsed() < PATIENCE, "it does not get on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = crew.ledger().begun;
    assert!(begun.len() < FLOOD, "the flood was over before: this says nothing");
    for (number, at) in came {
        let place = begun.iter().position(|it| *it == number).unwrap();
        let ahead = place.saturating_sub(at);
        assert!(ahead <= AHEAD_MAX, "{ahead} jobs of the flood began before job {number}");
    }
}
