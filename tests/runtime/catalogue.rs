//! The paper that lists the jobs, held against those that there are.

use std::{collections::BTreeSet, fs, path::Path};

use jobs::{ActCycle, Job, PlanCycle, ReactCycle, ReflectCycle};
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
    let registry = handlers::registry().unwrap();
    assert_eq!(listed, registry.names().into_iter().collect());
    for (name, expected) in
        [said::<PlanCycle>(), said::<ActCycle>(), said::<ReactCycle>(), said::<ReflectCycle>()]
    {
        let row = rows.iter().find(|row| row[1].trim_matches('`') == name).unwrap();
        assert_eq!([row[2], row[4]], [expected.0.as_str(), expected.1.as_str()], "{name}");
    }
}

/// What the catalogue has to say of a job: its queue, and its attempts and time limit.
fn said<J: Job>() -> (&'static str, (String, String)) {
    let minutes = J::LIMITS.timeout.as_secs() / 60;
    (J::NAME, (J::QUEUE.to_string(), format!("{}, {minutes} min", J::LIMITS.attempts_max)))
}
