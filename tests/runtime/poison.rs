//! One job that kills its process, again and again, takes no neighbour along.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use jobs::JobId;
use platform::SystemClock;
use queue::{
    Engine, LiveTime, NewTask, RESCUES_ALONE_MAX, RESCUES_TOGETHER_MAX, Retention, State,
    embedded::{Embedded, Options, Reader, file_in},
};
use testkit::poison::{Fate, Work, task};

/// Jobs that mean no harm.
const NEIGHBOURS: usize = 24;
/// Where the poison stands among them.
const POISON: usize = 5;
/// Longer than all of it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

async fn enqueue(folder: &Path) -> Vec<JobId> {
    let engine = Embedded::open(Options {
        path: file_in(folder),
        time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
        retention: Retention::default(),
        tends_itself: true,
    })
    .unwrap();
    let tasks: Vec<NewTask> = (0..=NEIGHBOURS)
        .map(|number| {
            let fate = if number == POISON { Fate::Kills } else { Fate::Ends };
            task(&Work { number, tenant: None, takes_ms: 40, fate }).unwrap()
        })
        .collect();
    let ids = tasks.iter().map(|task| task.id).collect();
    engine.enqueue(tasks).await.unwrap();
    ids
}

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_poisoned")).arg(folder).spawn().unwrap()
}

/// Starts the process again whenever it is gone, as a service manager does, until no job is left.
async fn keep_running(folder: &Path, ids: &[JobId]) -> usize {
    let began = Instant::now();
    let mut deaths = 0;
    let mut child = start(folder);
    loop {
        assert!(began.elapsed() < PATIENCE, "it does not come to an end");
        tokio::time::sleep(Duration::from_millis(20)).await;
        if child.try_wait().unwrap().is_some() {
            deaths += 1;
            child = start(folder);
            continue;
        }
        let reader = Reader::open(&file_in(folder)).unwrap().unwrap();
        let is_over = |id: &JobId| reader.find(*id).unwrap().is_some_and(|it| it.state.is_end());
        if ids.iter().all(is_over) {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    deaths
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_takes_no_neighbour_along() {
    let folder = tempfile::tempdir().unwrap();
    let ids = enqueue(folder.path()).await;
    let deaths = keep_running(folder.path(), &ids).await;

    let reader = Reader::open(&file_in(folder.path())).unwrap().unwrap();
    for (number, id) in ids.iter().enumerate() {
        let found = reader.find(*id).unwrap().unwrap();
        let expected = if number == POISON { State::Dead } else { State::Completed };
        assert_eq!(found.state, expected, "job {number}: {:?}", found.error);
    }
    // Twice beside others, and then alone, until it is given up.
    let tries = usize::try_from(1 + RESCUES_TOGETHER_MAX + RESCUES_ALONE_MAX).unwrap();
    assert!(deaths <= tries, "{deaths} processes died");

    let text = fs::read_to_string(folder.path().join("ledger")).unwrap();
    let mut begun: BTreeMap<usize, usize> = BTreeMap::new();
    let mut running: BTreeMap<&str, usize> = BTreeMap::new();
    let mut company = Vec::new();
    for line in text.lines() {
        let [what, number, process] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let number: usize = number.parse().unwrap();
        let there = running.entry(process).or_default();
        if what == "end" {
            *there -= 1;
            continue;
        }
        *begun.entry(number).or_default() += 1;
        if number == POISON {
            company.push(*there);
        }
        *there += 1;
    }
    let together = usize::try_from(1 + RESCUES_TOGETHER_MAX).unwrap();
    assert_eq!(begun[&POISON], deaths, "each death is the poison's");
    assert!(together < deaths, "it had its tries alone");
    assert!(
        company[together..].iter().all(|others| *others == 0),
        "alone means alone: {company:?}"
    );
    let most = begun.iter().filter(|(number, _)| **number != POISON).map(|(_, times)| *times).max();
    assert!(
        most.unwrap() <= 1 + together,
        "a neighbour runs again at most once for each death beside it"
    );
}
