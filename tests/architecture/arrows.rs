//! Who may import whom, and which outside crate belongs where.
//!
//! What lives here: the two tables, and pure functions that hold manifests against them.
//! What does not: reading the manifests, and what a manifest cannot show (which module uses a crate).

use crate::workspace::{Crate, Dependency};

/// What a crate of ours may import.
enum Reach {
    /// These crates and no others.
    Only(&'static [&'static str]),
    /// All of ours but the executable, and but the kits of tests and benchmarks unless it is one.
    All,
}

/// One row per crate, those to come included: the borders are drawn before the crates are written.
const ARROWS: &[(&str, Reach)] = &[
    ("domain", Reach::Only(&[])),
    ("migration", Reach::Only(&[])),
    ("jobs", Reach::Only(&["domain"])),
    ("entity", Reach::Only(&["domain"])),
    ("platform", Reach::Only(&["domain"])),
    ("queue", Reach::Only(&["jobs"])),
    ("store", Reach::Only(&["domain", "entity", "jobs"])),
    ("connectors", Reach::Only(&["domain", "platform"])),
    ("intake", Reach::Only(&["domain", "store"])),
    ("demo", Reach::Only(&["connectors", "domain", "store"])),
    ("agent", Reach::Only(&["connectors", "domain", "jobs", "store"])),
    ("api", Reach::Only(&["connectors", "domain", "jobs", "platform", "queue", "store"])),
    (
        "worker",
        Reach::Only(&[
            "agent",
            "connectors",
            "domain",
            "intake",
            "jobs",
            "platform",
            "queue",
            "store",
        ]),
    ),
    (ROOT, Reach::All),
    (TESTKIT, Reach::All),
    (BENCH, Reach::All),
];

/// Whether a crate's own tests open a database below the test kit, which stands on that crate.
fn is_tested_on_a_database(name: &str) -> bool {
    name == "intake"
}

const ROOT: &str = "steward";
const TESTKIT: &str = "testkit";
const BENCH: &str = "bench";

/// A border around crates from outside.
struct Fence {
    /// The crates it holds in: a name stands for itself and for every name that goes on with `-`.
    outside: &'static [&'static str],
    /// Where they may or may not be.
    place: Place,
    /// The sentence that defends it.
    reason: &'static str,
}

enum Place {
    OnlyIn(&'static [&'static str]),
    NeverIn(&'static [&'static str]),
}

const FENCES: &[Fence] = &[
    Fence {
        outside: &["sea-orm", "sqlx", "rusqlite"],
        // The test kit creates databases, and the benchmarks fill them by the million: no product code does.
        place: Place::OnlyIn(&[
            "entity",
            "migration",
            "platform",
            "queue",
            "store",
            TESTKIT,
            BENCH,
        ]),
        reason: "queries live in store, so that each of them takes a tenant",
    },
    Fence {
        outside: &["sea-orm-migration"],
        place: Place::OnlyIn(&["migration"]),
        reason: "a schema changes in migrations and nowhere else",
    },
    Fence {
        outside: &["apalis", "apalis-core"],
        // The benchmarks measure the peer, and a test watches it.
        place: Place::OnlyIn(&["queue", "worker", TESTKIT, BENCH]),
        reason: "one adapter knows the queue library, so that it can be replaced",
    },
    Fence {
        outside: &["apalis-redis"],
        place: Place::OnlyIn(&[TESTKIT, BENCH]),
        reason: "it is a peer of our engine, beside which it is measured (docs/decisions/0010)",
    },
    Fence {
        outside: &["redis", "deadpool-redis", "fred"],
        // The benchmarks measure the bare server, and the test kit does to servers what happens to them.
        place: Place::OnlyIn(&["queue", TESTKIT, BENCH]),
        reason: "Redis is a means of the queue and the tenant lock, not a place for data",
    },
    Fence {
        outside: &["axum"],
        place: Place::OnlyIn(&["api", "worker"]),
        reason: "HTTP is answered by the API, and by the worker's health port",
    },
    Fence {
        outside: &["reqwest", "ureq"],
        place: Place::OnlyIn(&["connectors", "platform"]),
        reason: "calls to the outside have one client with limits, and live in connectors",
    },
    Fence {
        outside: &["hyper"],
        // In api it is the server: limits on connections and slow headers are set nowhere else. The benchmarks are callers.
        place: Place::OnlyIn(&["api", "connectors", "platform", BENCH]),
        reason: "HTTP is spoken where it is answered and where it is called, with limits on both",
    },
    Fence {
        outside: &[
            "tokio",
            "async-std",
            "smol",
            "rand",
            "getrandom",
            "tempfile",
            "tracing-subscriber",
        ],
        place: Place::NeverIn(&["domain"]),
        reason: "domain waits for nothing, rolls no dice and touches no file",
    },
];

/// What the manifests import against the table, one sentence each.
pub fn faults_of_arrows(crates: &[Crate]) -> Vec<String> {
    let mut faults = Vec::new();
    for one in crates {
        let Some((_, reach)) = ARROWS.iter().find(|(name, _)| *name == one.name) else {
            faults.push(format!(
                "{}: no row for this crate; add one to ARROWS in tests/architecture/arrows.rs \
                 and to ARCHITECTURE.md",
                one.name
            ));
            continue;
        };
        for dependency in one.dependencies.iter().filter(|dependency| dependency.is_ours) {
            if !may_import(&one.name, reach, dependency) {
                faults.push(format!(
                    "{from} → {to}: not an arrow of the table; move the code to where its facts \
                     already are, or take what it needs as an argument; if the border itself is \
                     wrong, change ARROWS in tests/architecture/arrows.rs with a record in \
                     docs/decisions/",
                    from = one.name,
                    to = dependency.name,
                ));
            }
        }
    }
    faults
}

/// Which outside crates were let in where they do not belong, one sentence each.
pub fn faults_of_fences(crates: &[Crate]) -> Vec<String> {
    let mut faults = Vec::new();
    for one in crates {
        let is_outside = |dependency: &&Dependency| {
            // The tests of the executable ask it over HTTP, and look into its database behind its back.
            let is_tested_apart = is_tested_on_a_database(&one.name) || one.name == ROOT;
            !(dependency.is_ours || dependency.is_dev && is_tested_apart)
        };
        for dependency in one.dependencies.iter().filter(is_outside) {
            let Some((fence, ways)) = (FENCES.iter())
                .filter(|fence| fence.holds(&dependency.name))
                .find_map(|fence| Some((fence, fence.ways_out(&one.name)?)))
            else {
                continue;
            };
            faults.push(format!(
                "{} → {}: {}; {ways}; if the fence is wrong, change FENCES in \
                 tests/architecture/arrows.rs with a record in docs/decisions/",
                one.name, dependency.name, fence.reason
            ));
        }
    }
    faults
}

fn may_import(from: &str, reach: &Reach, dependency: &Dependency) -> bool {
    let to = dependency.name.as_str();
    if dependency.is_dev && (to == TESTKIT || (to == "migration" && is_tested_on_a_database(from)))
    {
        return true;
    }
    match reach {
        Reach::Only(allowed) => allowed.contains(&to),
        // What is shipped carries no tests: only the kits themselves stand on a kit.
        Reach::All => to != ROOT && ((to != TESTKIT && to != BENCH) || from == BENCH),
    }
}

impl Fence {
    fn holds(&self, dependency: &str) -> bool {
        self.outside.iter().any(|name| {
            let rest = dependency.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }

    /// What to do instead, if a crate may not have what the fence holds in.
    fn ways_out(&self, in_crate: &str) -> Option<String> {
        match self.place {
            Place::OnlyIn(crates) if !crates.contains(&in_crate) => {
                Some(format!("use it through one of {}", crates.join(", ")))
            }
            Place::NeverIn(crates) if crates.contains(&in_crate) => {
                Some("let the caller do it and pass the result".to_owned())
            }
            Place::OnlyIn(_) | Place::NeverIn(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_against_the_table_is_named_with_a_way_out() {
        let faults = faults_of_arrows(&[made_up("store", &[("connectors", true, false)])]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("store → connectors: "), "{faults:?}");
        assert!(faults[0].contains("docs/decisions/"), "{faults:?}");
    }

    #[test]
    fn the_forbidden_arrows_that_matter_most_are_noticed() {
        for (from, to) in [
            ("domain", "platform"),
            ("migration", "entity"),
            ("queue", "domain"),
            ("connectors", "store"),
            ("api", "worker"),
            ("worker", "api"),
            ("agent", "queue"),
            ("steward", "testkit"),
            ("steward", "bench"),
            ("testkit", "steward"),
        ] {
            let faults = faults_of_arrows(&[made_up(from, &[(to, true, false)])]);
            assert_eq!(faults.len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn arrows_of_the_table_and_the_test_kit_in_tests_are_fine() {
        for (from, to, is_dev) in [
            ("store", "entity", false),
            ("demo", "store", false),
            ("steward", "agent", false),
            ("bench", "testkit", false),
            ("store", "testkit", true),
            ("intake", "migration", true),
        ] {
            let faults = faults_of_arrows(&[made_up(from, &[(to, true, is_dev)])]);
            assert!(faults.is_empty(), "{faults:?}");
        }
        let faults = faults_of_arrows(&[made_up("store", &[("testkit", true, false)])]);
        assert_eq!(faults.len(), 1, "the test kit outside of tests");
    }

    #[test]
    fn a_crate_without_a_row_is_noticed() {
        let faults = faults_of_arrows(&[made_up("helpers", &[])]);
        assert!(faults[0].starts_with("helpers: no row"), "{faults:?}");
    }

    #[test]
    fn the_table_names_only_crates_with_a_row() {
        for (from, reach) in ARROWS {
            let Reach::Only(allowed) = reach else { continue };
            for to in *allowed {
                assert!(ARROWS.iter().any(|(name, _)| name == to), "{from} → {to}");
                assert!(!["api", "worker", ROOT].contains(to), "{from} → {to}");
            }
        }
    }

    #[test]
    fn an_outside_crate_beyond_its_fence_is_named_with_a_way_out() {
        for (from, to) in [
            ("agent", "sea-orm"),
            ("store", "sea-orm-migration"),
            ("api", "sqlx-core"),
            ("agent", "apalis-redis"),
            ("agent", "redis"),
            ("agent", "axum"),
            ("store", "reqwest"),
            ("domain", "tokio"),
            ("domain", "tokio-util"),
        ] {
            let faults = faults_of_fences(&[made_up(from, &[(to, false, false)])]);
            assert_eq!(faults.len(), 1, "{from} → {to}");
            assert!(faults[0].starts_with(&format!("{from} → {to}: ")), "{faults:?}");
        }
    }

    #[test]
    fn an_outside_crate_within_its_fence_is_fine() {
        for (from, to) in [
            ("store", "sea-orm"),
            ("migration", "sea-orm-migration"),
            ("agent", "tokio"),
            ("domain", "chrono"),
            ("domain", "randomly-named"),
        ] {
            let faults = faults_of_fences(&[made_up(from, &[(to, false, false)])]);
            assert!(faults.is_empty(), "{faults:?}");
        }
    }

    fn made_up(name: &str, dependencies: &[(&str, bool, bool)]) -> Crate {
        let dependencies = dependencies
            .iter()
            .map(|(name, is_ours, is_dev)| Dependency {
                name: (*name).to_owned(),
                is_ours: *is_ours,
                is_dev: *is_dev,
            })
            .collect();
        Crate { name: name.to_owned(), manifest: String::new(), library: None, dependencies }
    }
}
