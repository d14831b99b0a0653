//! The paper that lists the jobs, held against those that there are.

use std::{collections::BTreeSet, fs, path::Path};

use worker::handlers;

#[test]
fn the_catalogue_lists_every_job_with_its_queue_and_limits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/jobs.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, catalogue) = text.split_once("## Catalogue").unwrap();
    let (catalogue, _) = catalogue.split_once("\n## ").unwrap();
    let rows: Vec<Vec<&str>> = catalogue
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    let kinds = handlers::registry().unwrap().kinds();
    assert_eq!(listed, kinds.iter().map(|kind| kind.name).collect());
    for kind in kinds {
        let row = rows.iter().find(|row| row[1].trim_matches('`') == kind.name).unwrap();
        let minutes = kind.limits.timeout.as_secs() / 60;
        let limits = format!("{}, {minutes} min", kind.limits.attempts_max);
        assert_eq!([row[2], row[4]], [kind.queue.as_str(), limits.as_str()], "{}", kind.name);
    }
    let schedules: BTreeSet<&str> = handlers::SCHEDULES.iter().map(|it| it.name).collect();
    assert_eq!(
        schedules.len(),
        handlers::SCHEDULES.len(),
        "a fire is known by its schedule's name"
    );
    for it in handlers::SCHEDULES {
        let begins = format!("| `{}` | `{}` |", it.name, it.cron);
        let listed = text.lines().any(|line| line.starts_with(&begins));
        assert!(listed, "the paper lists the schedule {} with its timing", it.name);
    }
}
