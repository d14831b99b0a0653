//! Holds what is counted, what is shown and what wakes somebody against each other.

use std::collections::BTreeSet;

use domain::metrics::{ALL, Kind};

/// What Prometheus makes of a histogram.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];
/// What all our names begin with.
const PREFIX: &str = "steward_";

/// The metrics that a text names: a histogram's series are the histogram.
pub fn names_in(text: &str) -> BTreeSet<String> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let words = text.split(|it| !is_word(it)).filter(|word| word.starts_with(PREFIX));
    words.map(|word| of_histogram(word).unwrap_or(word).to_owned()).collect()
}

fn of_histogram(word: &str) -> Option<&str> {
    let base = OF_HISTOGRAMS.iter().find_map(|end| word.strip_suffix(end))?;
    ALL.iter().find(|(name, kind, _)| *name == base && *kind == Kind::Histogram).map(|it| it.0)
}

/// Names in a file that nobody counts.
pub fn faults_of_names(path: &str, text: &str) -> Vec<String> {
    let is_known = |name: &String| ALL.iter().any(|it| it.0 == name);
    let unknown = names_in(text).into_iter().filter(|name| !is_known(name));
    unknown.map(|name| format!("{path}: {name} is not in domain::metrics")).collect()
}

/// Metrics that no dashboard and no alert shows, or that the index leaves out.
pub fn faults_of_showing(shown: &str, index: &str) -> Vec<String> {
    let (shown, listed) = (names_in(shown), names_in(index));
    let faults = ALL.iter().flat_map(|(name, ..)| {
        let unseen = (!shown.contains(*name))
            .then(|| format!("{name}: no dashboard and no alert of grafana/ shows it"));
        let unlisted =
            (!listed.contains(*name)).then(|| format!("{name}: grafana/README.md leaves it out"));
        [unseen, unlisted]
    });
    faults.flatten().collect()
}

/// The constants of `domain/src/metrics.rs` that no source outside it counts.
pub fn faults_of_counting(list: &str, sources: &str) -> Vec<String> {
    let constants = list.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("pub const ")?.split_once(": &str = ")?;
        Some(name)
    });
    let uncounted = constants.filter(|name| !is_counted(name, sources));
    uncounted.map(|name| format!("domain::metrics::{name}: nobody counts it")).collect()
}

/// Whether a macro counts it somewhere: naming it for its buckets, or beginning it at nothing, is not counting.
fn is_counted(name: &str, sources: &str) -> bool {
    let start = format!("!(names::{name}");
    let named = sources.split(&start).skip(1);
    let mut calls = named.map(|rest| rest.split(';').next().unwrap_or(rest));
    calls.any(|call| call.starts_with([',', ')']) && !call.contains(".increment(0)"))
}

/// Alerts without a section in the runbook, and sections without an alert.
pub fn faults_of_runbook(rules: &str, runbook: &str) -> Vec<String> {
    let after = |text: &str, start: &str| -> BTreeSet<String> {
        let named = text.lines().filter_map(|line| line.trim().strip_prefix(start));
        named.map(|name| name.trim().to_owned()).collect()
    };
    let (alerts, sections) = (after(rules, "- alert: "), after(runbook, "## "));
    let links = after(rules, "runbook: docs/runbook.md#");
    let mut faults = Vec::new();
    for alert in alerts.difference(&sections) {
        faults.push(format!("{alert}: docs/runbook.md has no section of that name"));
    }
    for section in sections.difference(&alerts) {
        faults.push(format!("docs/runbook.md: `{section}` is no alert"));
    }
    for alert in alerts.iter().filter(|alert| !links.contains(&alert.to_lowercase())) {
        faults.push(format!("{alert}: its annotation does not lead to its section"));
    }
    faults
}

#[test]
fn a_name_that_nobody_counts_is_found() {
    let text = "sum(rate(steward_job_duration_seconds_bucket[5m])) + steward_queue_jobs_count";
    let faults = faults_of_names("a.json", text);
    assert_eq!(faults, ["a.json: steward_queue_jobs_count is not in domain::metrics"]);
}

#[test]
fn a_metric_that_nobody_shows_or_counts_is_found() {
    let all: String = ALL.iter().map(|it| format!("{} ", it.0)).collect();
    assert_eq!(faults_of_showing(&all, &all), Vec::<String>::new());
    assert_eq!(faults_of_showing("", &all).len(), ALL.len());
    let list = "pub const ONE: &str = \"steward_one\";";
    for source in
        ["counter!(names::TWO).increment(1);", "names::ONE", "counter!(names::ONE).increment(0);"]
    {
        assert_eq!(faults_of_counting(list, source), ["domain::metrics::ONE: nobody counts it"]);
    }
    assert!(faults_of_counting(list, "counter!(names::ONE, \"a\" => b).increment(c);").is_empty());
}

#[test]
fn an_alert_without_a_section_is_found() {
    let rules = "- alert: One\n  runbook: docs/runbook.md#one\n- alert: Two\n";
    let faults = faults_of_runbook(rules, "## One\n## Three\n");
    assert_eq!(faults.len(), 3, "{faults:?}");
}
