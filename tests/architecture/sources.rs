//! Habits that can be read off a source line by line.
//!
//! What lives here: the rules and the judging. What does not: finding the files.
//!
//! The rules rely on rustfmt: an item ends at the first line of its own indent that closes a brace.

use std::collections::BTreeSet;

use crate::code_view::code_only;
use crate::workspace::RustFile;

/// A file that is longer has two subjects.
const FILE_LINES_MAX: usize = 500;

/// The only places that may read the environment: a path, or the beginning of one.
const ENVIRONMENT_READERS: &[&str] =
    &["platform/src/config", "tests/src/postgres.rs", "tests/processes/kills.rs"];

/// Folders beside a crate's `src` that hold only tests or benchmarks.
const TEST_FOLDERS: &[&str] = &["tests", "benches"];

/// Something that may not stand in code, and what to do instead.
struct Ban {
    /// Looked for in code alone, never in comments or literals.
    pattern: &'static str,
    /// Whether tests may have it.
    tests_may: bool,
    /// The way out.
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        pattern: "[allow(",
        tests_may: false,
        instead: "mend it, or write `#[expect(…, reason = \"…\")]`, which ends when its cause ends",
    },
    Ban {
        pattern: "todo!",
        tests_may: false,
        instead: "finish it, or leave it out until something uses it",
    },
    Ban {
        pattern: "unimplemented!",
        tests_may: false,
        instead: "finish it, or leave it out until something uses it",
    },
    Ban { pattern: "dbg!", tests_may: false, instead: "remove it, or make it a log event" },
    Ban {
        pattern: "[ignore",
        tests_may: false,
        instead: "a test runs or goes: a suite that skips says nothing",
    },
    Ban {
        pattern: ".unwrap()",
        tests_may: true,
        instead: "return an error, or `.expect(\"why it cannot fail\")`",
    },
];

/// Whether a library begins with at least two lines of documentation that say something.
pub fn begins_with_docs(source: &str) -> bool {
    let docs = source.lines().map_while(|line| line.strip_prefix("//!"));
    docs.filter(|text| !text.trim().is_empty()).count() >= 2
}

/// What the sources do against the habits: path, line, what and the way out, one sentence each.
pub fn faults_of_sources(files: &[RustFile]) -> Vec<String> {
    let views: Vec<View> = files.iter().map(View::of).collect();
    let test_modules: BTreeSet<String> = views.iter().flat_map(View::test_modules).collect();

    let mut faults = Vec::new();
    for view in &views {
        if FILE_LINES_MAX < view.lines.len() {
            faults.push(format!(
                "{}: {} lines, and {FILE_LINES_MAX} are allowed; it has two subjects, so give \
                 each a file",
                view.path,
                view.lines.len()
            ));
        }
        let is_test_file = view.is_in_test_folder() || view.is_declared_by(&test_modules);
        for (at, line) in view.lines.iter().enumerate() {
            let is_test = is_test_file || view.is_test[at];
            for fault in faults_of_line(view.path, line, is_test) {
                faults.push(format!("{}:{}: {fault}", view.path, at + 1));
            }
        }
    }
    faults
}

fn faults_of_line(path: &str, line: &str, is_test: bool) -> Vec<String> {
    let mut faults: Vec<String> = BANS
        .iter()
        .filter(|ban| stands_in(line, ban.pattern) && !(is_test && ban.tests_may))
        .map(|ban| format!("`{}`; {}", ban.pattern, ban.instead))
        .collect();

    // An attribute may also be put on under a condition.
    if line.contains("cfg_attr(") && (line.contains(" allow(") || line.contains(" ignore")) {
        faults.push("`allow` or `ignore` under a condition; neither is used here".to_owned());
    }

    let may_read = ENVIRONMENT_READERS.iter().any(|reader| path.starts_with(reader));
    let imports_reader = line.contains("env::{") && line.contains("var");
    if !may_read && (stands_in(line, "env::var") || imports_reader) {
        faults.push(
            "reads the environment; only platform::config does, so take the value as an argument"
                .to_owned(),
        );
    }
    faults
}

/// Whether a pattern stands in code, and not as the end of a longer name.
fn stands_in(line: &str, pattern: &str) -> bool {
    line.match_indices(pattern).any(|(at, _)| {
        let starts_with_name = pattern.starts_with(|one: char| one.is_alphanumeric());
        let ends_name = line[..at].ends_with(|one: char| one.is_alphanumeric() || one == '_');
        !(starts_with_name && ends_name)
    })
}

/// A file as the rules see it.
struct View<'a> {
    path: &'a str,
    /// The code of each line, without comments and literals.
    lines: Vec<String>,
    /// For each line, whether it belongs to an item that only tests compile.
    is_test: Vec<bool>,
}

impl<'a> View<'a> {
    fn of(file: &'a RustFile) -> Self {
        let lines: Vec<String> = code_only(&file.text).lines().map(str::to_owned).collect();
        let is_test = mark_test_items(&lines);
        Self { path: &file.path, lines, is_test }
    }

    /// Inside `src` a folder's name proves nothing; there a declaration has to say it.
    fn is_in_test_folder(&self) -> bool {
        let folders: Vec<&str> = self.path.split('/').collect();
        !folders.contains(&"src") && folders.iter().any(|folder| TEST_FOLDERS.contains(folder))
    }

    /// The modules in other files that this one declares for tests, as `path/of/module`.
    fn test_modules(&self) -> Vec<String> {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let stem = file.trim_end_matches(".rs");
        let home = match stem {
            "lib" | "main" | "mod" => folder.to_owned(),
            _ => format!("{folder}/{stem}"),
        };
        (self.lines.iter().zip(&self.is_test))
            .filter(|(_, is_test)| **is_test)
            .filter_map(|(line, _)| line.trim().strip_suffix(';')?.split_once("mod "))
            .map(|(_, name)| format!("{home}/{name}"))
            .collect()
    }

    fn is_declared_by(&self, test_modules: &BTreeSet<String>) -> bool {
        test_modules.iter().any(|module| {
            let rest = self.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    }
}

/// Marks each line of the items that stand under `#[cfg(test)]`.
fn mark_test_items(lines: &[String]) -> Vec<bool> {
    let mut marks = vec![false; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim() == "#[cfg(test)]" {
            let end = end_of_item(lines, at);
            marks[at..=end].fill(true);
            at = end;
        }
        at += 1;
    }
    marks
}

/// The last line of the item whose first attribute is at `start`.
fn end_of_item(lines: &[String], start: usize) -> usize {
    let indent = indent_of(&lines[start]);
    let last = lines.len() - 1;
    let is_head = |line: &&String| {
        let code = line.trim();
        !code.is_empty() && indent_of(line) == indent && !code.starts_with("#[") && code != ")]"
    };
    let Some(head) = (start..=last).find(|at| is_head(&&lines[*at])) else { return last };
    if lines[head].trim_end().ends_with([';', '}']) {
        return head;
    }
    let closes = |line: &String| indent_of(line) == indent && line.trim().starts_with('}');
    (head + 1..=last).find(|at| closes(&lines[*at])).unwrap_or(last)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ban_can_fail_and_names_place_and_way_out() {
        for ban in BANS {
            let source = format!("fn a() {{\n    {}\n}}\n", ban.pattern);
            let faults = faults_in("agent/src/plan.rs", &source);
            assert_eq!(faults.len(), 1, "{}: {faults:?}", ban.pattern);
            assert!(faults[0].starts_with("agent/src/plan.rs:2: "), "{faults:?}");
            assert!(faults[0].contains(ban.instead), "{faults:?}");
        }
    }

    #[test]
    fn bans_look_at_code_alone() {
        let source = "/// Never todo!() here.\nconst A: &str = \"dbg!\";\nmy_dbg!();\n";
        assert_eq!(faults_in("agent/src/plan.rs", source), Vec::<String>::new());
    }

    #[test]
    fn conditional_attributes_are_noticed() {
        for attribute in ["allow(dead_code)", "ignore"] {
            let source = format!("#[cfg_attr(unix, {attribute})]\nfn a() {{}}\n");
            assert_eq!(faults_in("agent/src/plan.rs", &source).len(), 1, "{attribute}");
        }
    }

    #[test]
    fn the_environment_is_read_in_the_configuration_alone() {
        for source in [
            "fn a() { std::env::var(\"A\"); }\n",
            "fn a() { env::var_os(\"A\"); }\n",
            "use std::env::{self, var};\n",
        ] {
            assert_eq!(faults_in("agent/src/plan.rs", source).len(), 1, "{source}");
            assert_eq!(faults_in("platform/src/config.rs", source).len(), 0, "{source}");
            assert_eq!(faults_in("platform/src/config/mail.rs", source).len(), 0, "{source}");
        }
    }

    #[test]
    fn a_long_file_is_noticed() {
        let line = "fn a() {}\n";
        assert!(faults_in("store/src/order.rs", &line.repeat(FILE_LINES_MAX)).is_empty());
        let faults = faults_in("store/src/order.rs", &line.repeat(FILE_LINES_MAX + 1));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("501 lines"), "{faults:?}");
    }

    #[test]
    fn tests_may_unwrap_and_the_code_around_them_may_not() {
        let source = "\
fn a() {
    b().unwrap();
}

#[cfg(test)]
mod tests {
    #[test]
    fn works() {
        b().unwrap();
    }
}

fn c() {
    d().unwrap();
}
";
        let faults = faults_in("store/src/order.rs", source);
        let places: Vec<_> = faults.iter().filter_map(|fault| fault.split(": ").next()).collect();
        assert_eq!(places, ["store/src/order.rs:2", "store/src/order.rs:14"]);
    }

    #[test]
    fn one_line_under_a_test_attribute_does_not_free_the_rest() {
        let source = "#[cfg(test)]\nuse a::b;\n\nfn c() {\n    d().unwrap();\n}\n";
        assert_eq!(faults_in("store/src/order.rs", source).len(), 1);
    }

    #[test]
    fn test_files_may_unwrap_and_the_test_kit_may_not() {
        let source = "fn a() {\n    b().unwrap();\n}\n";
        assert_eq!(faults_in("store/tests/conformance.rs", source).len(), 0);
        assert_eq!(faults_in("tests/it/import.rs", source).len(), 0);
        assert_eq!(faults_in("tests/src/postgres.rs", source).len(), 1);
        assert_eq!(faults_in("store/src/tests/order.rs", source).len(), 1);
    }

    #[test]
    fn a_file_is_a_test_file_only_if_it_is_declared_for_tests() {
        let file = |path: &str, text: &str| RustFile { path: path.into(), text: text.into() };
        let cases = file("domain/src/order/tests.rs", "fn a() {\n    b().unwrap();\n}\n");
        let declared = file("domain/src/order/mod.rs", "#[cfg(test)]\nmod tests;\n");
        let undeclared = file("domain/src/order/mod.rs", "mod tests;\n");
        let beside = file("domain/src/order.rs", "#[cfg(test)]\nmod tests;\n");

        assert_eq!(faults_of_sources(&[declared, clone(&cases)]).len(), 0);
        assert_eq!(faults_of_sources(&[beside, clone(&cases)]).len(), 0);
        assert_eq!(faults_of_sources(&[undeclared, cases]).len(), 1);
    }

    #[test]
    fn missing_docs_of_a_library_are_noticed() {
        assert!(begins_with_docs("//! One.\n//!\n//! Two.\n"));
        assert!(!begins_with_docs("//! One.\n//!\nmod a;\n//! Two.\n"));
        assert!(!begins_with_docs("// One.\n// Two.\n"));
        assert!(!begins_with_docs("\n//! One.\n//! Two.\n"));
    }

    fn clone(file: &RustFile) -> RustFile {
        RustFile { path: file.path.clone(), text: file.text.clone() }
    }

    fn faults_in(path: &str, text: &str) -> Vec<String> {
        faults_of_sources(&[RustFile { path: path.to_owned(), text: text.to_owned() }])
    }
}
