//! The suites: what is measured, at what size, against which aim.

mod api;
mod build;
mod clocks;
mod cycle;
mod fairness;
mod fleet;
mod import;
mod mail;
mod orders;
mod peers;
mod queue;
mod recorded;
mod start;

use std::{fmt, path::Path, sync::Arc};

use agent::{Agent, RulePlanner};
use connectors::mail::FileTransport;
use testkit::database::{Backend, FixedClock};

use crate::{
    database::Database,
    figure::{Aim, Figure, Printer},
};

/// One suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// How soon the command is ready, and how much memory it then takes.
    Start,
    /// How soon the next to touch are found among a million clocks.
    Clocks,
    /// How many orders are checked in a second.
    Orders,
    /// How many mails are understood in a second.
    Mail,
    /// How many rows are imported in a second.
    Import,
    /// What an hour's cycle costs.
    Cycle,
    /// How many jobs an engine keeps, hands out and takes back in a second.
    Queue,
    /// How many jobs and cycles a process runs in a second, and what memory they leave behind.
    Fleet,
    /// Whether tenants feel each other.
    Fairness,
    /// The fleet's engine beside other people's, in one run.
    Peers,
    /// How many jobs a second go from the transaction that records them to the one that settles them.
    Recorded,
    /// How soon the API answers, and how many jobs it enqueues.
    Api,
    /// How long a newcomer waits for the first build.
    Build,
}

impl Suite {
    /// All of them, the quick ones first.
    pub const ALL: [Self; 13] = [
        Self::Build,
        Self::Start,
        Self::Orders,
        Self::Mail,
        Self::Cycle,
        Self::Import,
        Self::Clocks,
        Self::Queue,
        Self::Fleet,
        Self::Fairness,
        Self::Peers,
        Self::Recorded,
        Self::Api,
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Clocks => "clocks",
            Self::Orders => "orders",
            Self::Mail => "mail",
            Self::Import => "import",
            Self::Cycle => "cycle",
            Self::Queue => "queue",
            Self::Fleet => "fleet",
            Self::Fairness => "fairness",
            Self::Peers => "peers",
            Self::Recorded => "recorded",
            Self::Api => "api",
            Self::Build => "build",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Start => "start to ready, and idle memory, of the release build beside this one",
            Self::Clocks => "the next 10 contacts to touch among 1,000,000 clocks",
            Self::Orders => "orders checked in a second, in memory and with everything stored",
            Self::Mail => "mails understood in a second, and how long the worst ones take",
            Self::Import => "rows imported in a second",
            Self::Cycle => "processor time of a cycle with 1,000 contacts and 100 orders",
            Self::Queue => "jobs kept, handed out and taken back by each engine",
            Self::Fleet => {
                "jobs and cycles that a process runs in a second, and its memory after a million"
            }
            Self::Fairness => "how long a tenant waits beside another one's 100,000 jobs",
            Self::Peers => "the fleet's engine beside apalis-redis, BullMQ and the bare server",
            Self::Recorded => {
                "jobs recorded, handed on, run and settled, on disks that are waited for"
            }
            Self::Api => {
                "reads over HTTP with 1,000,000 contacts and orders, jobs enqueued, 10,000 connections"
            }
            Self::Build => "how to measure the first build; builds nothing",
        }
    }

    /// Measures and prints, on these databases where the suite needs one.
    pub async fn run(self, printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
        match self {
            Self::Start => start::run(printer),
            Self::Clocks => clocks::run(printer, backends).await,
            Self::Orders => orders::run(printer, backends).await,
            Self::Mail => mail::run(printer),
            Self::Import => import::run(printer, backends).await,
            Self::Cycle => cycle::run(printer, backends).await,
            Self::Queue => queue::run(printer).await,
            Self::Fleet => fleet::run(printer, backends).await,
            Self::Fairness => fairness::run(printer).await,
            Self::Peers => peers::run(printer).await,
            Self::Recorded => recorded::run(printer, backends).await,
            Self::Api => api::run(printer, backends).await,
            Self::Build => build::run(printer),
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What there is to ask for, for a person.
pub fn list() -> String {
    let rows = Suite::ALL.map(|suite| format!("  {suite:9}{}", suite.about()));
    format!("suites:\n{}\n  {:9}each of them, one after the other", rows.join("\n"), "all")
}

/// Prints a number that has no aim of its own.
fn tell(
    printer: &Printer,
    suite: Suite,
    measure: impl Into<String>,
    value: f64,
    unit: &'static str,
) -> anyhow::Result<()> {
    print(printer, suite, measure.into(), Some(value), unit, None)
}

/// Prints a number beside its aim.
fn judge(
    printer: &Printer,
    suite: Suite,
    measure: impl Into<String>,
    value: f64,
    unit: &'static str,
    aim: Aim,
) -> anyhow::Result<()> {
    print(printer, suite, measure.into(), Some(value), unit, Some(aim))
}

fn print(
    printer: &Printer,
    suite: Suite,
    measure: String,
    value: Option<f64>,
    unit: &'static str,
    aim: Option<Aim>,
) -> anyhow::Result<()> {
    Ok(printer.print(&Figure { suite: suite.name(), measure, value, unit, aim })?)
}

/// The agent as `steward up` makes it, with a clock that the suite sets.
fn agent(database: &Database, clock: &Arc<FixedClock>, folder: &Path) -> Agent {
    Agent {
        store: database.store.clone(),
        clock: Arc::clone(clock) as Arc<_>,
        transport: Arc::new(FileTransport::new(folder.join("outbox"))),
        planner: Arc::new(RulePlanner),
        turnstile: None,
        instance: "bench".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_found_by_its_name_and_listed() {
        for suite in Suite::ALL {
            assert_eq!(Suite::named(suite.name()), Some(suite));
            assert!(list().contains(suite.about()));
        }
        assert_eq!(Suite::named("all"), None);
    }
}
