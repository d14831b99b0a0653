//! The benchmarks: one command prints figures beside their aims.
//!
//! What lives here: worlds of a stated size, and the measuring of what the product does with them.
//! What does not: anything that the product needs, and any test; a missed aim is printed, not failed.

mod database;
mod dice;
mod figure;
mod meter;
mod phase;
mod sheet;
mod suite;
mod world;

use std::process::ExitCode;

use testkit::database::Backend;

use crate::{database::name_of, figure::Printer, suite::Suite};

/// What a person is told who asked for nothing or for something else.
const USAGE: &str = "usage: cargo run --release -p bench -- SUITE [sqlite|postgres] [--json]";

/// The load from which on figures are not to be trusted: half a core of two is busy with something else.
const QUIET_LOAD_MAX: f64 = 0.5;

fn main() -> ExitCode {
    let asked = match arguments(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}\n\n{}", suite::list());
            return ExitCode::FAILURE;
        }
    };
    phase::listen();
    // The same runtime as the product's, so that its threads are counted as they would be there.
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(load) = meter::load().filter(|load| QUIET_LOAD_MAX < *load) {
        eprintln!("note: the machine is busy (load {load}); figures will be worse than they are");
    }
    let printer = Printer::new(asked.json);
    let mut code = ExitCode::SUCCESS;
    for suite in asked.suites {
        if let Err(error) = runtime.block_on(suite.run(&printer, &asked.backends)) {
            // One suite that cannot run, for lack of a server perhaps, says nothing about the others.
            eprintln!("error: {suite}: {error:#}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    suites: Vec<Suite>,
    backends: Vec<Backend>,
    json: bool,
}

fn arguments(given: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { suites: Vec::new(), backends: Vec::new(), json: false };
    for argument in given {
        let backend = Backend::ALL.into_iter().find(|backend| name_of(*backend) == argument);
        match (argument.as_str(), Suite::named(&argument), backend) {
            ("--json", ..) => asked.json = true,
            ("all", ..) if asked.suites.is_empty() => asked.suites = Suite::ALL.to_vec(),
            (_, Some(suite), _) if asked.suites.is_empty() => asked.suites = vec![suite],
            (_, _, Some(backend)) if asked.backends.is_empty() => asked.backends = vec![backend],
            _ => return Err(format!("`{argument}` is no suite, or one argument too many")),
        }
    }
    if asked.suites.is_empty() {
        return Err("name a suite".to_owned());
    }
    if asked.backends.is_empty() {
        asked.backends = Backend::ALL.to_vec();
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Asked, String> {
        arguments(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_suite_a_database_and_a_format_are_read_in_any_order() {
        let asked = |suites: &[Suite], backends: &[Backend], json| {
            Ok(Asked { suites: suites.to_vec(), backends: backends.to_vec(), json })
        };
        let [sqlite, postgres] = Backend::ALL;
        assert_eq!(read("clocks"), asked(&[Suite::Clocks], &[sqlite, postgres], false));
        assert_eq!(read("--json clocks sqlite"), asked(&[Suite::Clocks], &[sqlite], true));
        assert_eq!(read("postgres all"), asked(&Suite::ALL, &[postgres], false));
    }

    #[test]
    fn anything_else_is_named() {
        for (line, problem) in
            [("", "name a suite"), ("speed", "`speed`"), ("all cycle", "`cycle`"), ("mysql", "`m")]
        {
            let told = read(line).unwrap_err();
            assert!(told.contains(problem), "{line}: {told}");
        }
    }
}
