//! Holds the source tree against the borders and the habits that its papers promise.
//!
//! What lives here: the checks against the real tree; the rules are in `architecture/`, each with tests
//! that show it can fail.
//! What does not: anything that the compiler or a lint already refuses.

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/code_view.rs"]
mod code_view;
#[path = "architecture/metrics.rs"]
mod metrics;
#[path = "architecture/sources.rs"]
mod sources;
#[path = "architecture/workspace.rs"]
mod workspace;

use workspace::Workspace;

#[test]
fn crates_import_only_what_the_table_allows() {
    let crates = Workspace::read().unwrap().crates;
    assert_none(&arrows::faults_of_arrows(&crates));
}

#[test]
fn third_party_crates_stay_behind_their_fences() {
    let crates = Workspace::read().unwrap().crates;
    assert_none(&arrows::faults_of_fences(&crates));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let crates = Workspace::read().unwrap().crates;
    let without = crates.iter().filter(|one| !workspace::takes_workspace_lints(&one.manifest));
    let faults: Vec<String> = without
        .map(|one| format!("{}: its Cargo.toml lacks `[lints] workspace = true`; add it", one.name))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_library_says_what_lives_in_it() {
    let crates = Workspace::read().unwrap().crates;
    let libraries: Vec<_> = crates.iter().filter_map(|one| one.library.as_ref()).collect();
    assert!(!libraries.is_empty(), "the workspace was not read: it has no library");

    let faults: Vec<String> = libraries
        .iter()
        .filter(|path| !sources::begins_with_docs(&workspace::read(path).unwrap()))
        .map(|path| {
            format!(
                "{}: it does not begin with two lines of `//!`; say what lives in the crate \
                 and what does not",
                path.display()
            )
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn sources_keep_the_habits_of_the_house() {
    let files = Workspace::read().unwrap().rust_files().unwrap();
    let has_this_file = files.iter().any(|file| file.path == "tests/architecture.rs");
    assert!(has_this_file, "the tree was not read: this very file is missing");

    assert_none(&sources::faults_of_sources(&files));
}

#[test]
fn what_is_counted_is_shown_and_what_is_shown_is_counted() {
    let workspace = Workspace::read().unwrap();
    let read = |path: &str| workspace::read(&workspace.root.join(path)).unwrap();
    let paths = [
        "grafana/dashboards/flow.json",
        "grafana/dashboards/agent.json",
        "grafana/prometheus/rules.yml",
    ];
    let shown: String = paths.iter().map(|path| read(path)).collect();
    let index = read("grafana/README.md");
    let mut faults: Vec<String> =
        paths.iter().flat_map(|path| metrics::faults_of_names(path, &read(path))).collect();
    faults.extend(metrics::faults_of_names("grafana/README.md", &index));
    faults.extend(metrics::faults_of_showing(&shown, &index));
    let list = read("domain/src/metrics.rs");
    let files = workspace.rust_files().unwrap();
    let sources: String = files
        .iter()
        .filter(|file| !file.path.starts_with("tests/") && !file.path.starts_with("domain/"))
        .map(|file| file.text.as_str())
        .collect();
    faults.extend(metrics::faults_of_counting(&list, &sources));
    let rules = read("grafana/prometheus/rules.yml");
    faults.extend(metrics::faults_of_runbook(&rules, &read("docs/runbook.md")));
    assert_none(&faults);
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} fault(s)\n  {}\n", faults.len(), faults.join("\n  "));
}
