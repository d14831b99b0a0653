//! The first build from an empty cache. It is measured by hand: a build would take what it measures with it.

use crate::{
    figure::{Aim, Printer},
    suite::{Suite, print},
};

/// Longer than this nobody waits for a first look.
const MINUTES_MAX: f64 = 8.0;

/// What a newcomer's machine does: fetch every crate, and build the one command.
const COMMAND: &str = "\
CARGO_HOME=$(mktemp -d) CARGO_TARGET_DIR=$(mktemp -d) bash -c 'time cargo build --release --jobs 2'";

/// Prints how.
pub fn run(printer: &Printer) -> anyhow::Result<()> {
    let measure = "first build from an empty cache, two cores".to_owned();
    print(printer, Suite::Build, measure, None, "min", Some(Aim::AtMost(MINUTES_MAX)))?;
    eprintln!("build: measure it with\n  {COMMAND}");
    Ok(())
}
