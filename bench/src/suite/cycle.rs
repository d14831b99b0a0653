//! What an hour's cycle costs a tenant with 1,000 contacts and 100 orders.
//!
//! The aim is processor time, of our process and of the database's processes that serve us: a waiting cycle
//! costs nobody anything, and a tenant more or less on a machine is a question of processors.

use std::{sync::Arc, time::Duration};

use agent::{Agent, CycleRequest};
use anyhow::ensure;
use chrono::TimeDelta;
use domain::cycle::WorkBlock;
use testkit::database::{Backend, FixedClock};

use crate::{
    database::Database,
    figure::{Aim, Printer},
    meter::{Bill, Stopwatch, median, ms},
    phase,
    suite::{Suite, agent, judge, tell},
    world::{self, Size, World},
};

/// The tenant of the aim.
const SIZE: Size = Size { clients: 250, contacts: 1_000, products: 200 };
/// Orders that wait for a check.
const NEW_ORDERS: usize = 100;
/// Orders of the last two years behind them, from which the rhythm of the accounts is read.
const DONE_ORDERS: usize = 1_000;
/// Milliseconds of processor time: ten tenants a second on one processor.
const PROCESSOR_MS_MAX: f64 = 100.0;
/// Tenants that are measured; the median of an odd number is one of them.
const ROUNDS: usize = 9;
/// Tenants before them, which open the pool's connections and prepare the statements.
const WARM_UPS: usize = 2;
/// Letters of one cycle, by the default budget; that many are expected to leave in the first.
const LETTERS: usize = 20;

/// The cycles of one tenant, as they follow each other.
const CYCLES: [&str; 3] = ["first cycle", "following cycle", "cycle with 100 more orders"];

/// What one cycle took.
#[derive(Clone, Default)]
struct Taken {
    bill: Bill,
    /// Our processor time by phase.
    phases: Vec<(String, Duration)>,
}

/// Measures on each of these databases.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    for backend in backends {
        let database = Database::open(*backend).await?;
        let rounds = measure(&database).await?;
        for (place, name) in CYCLES.iter().enumerate() {
            let taken: Vec<&Taken> = rounds.iter().map(|round| &round[place]).collect();
            report(printer, name, &database, &taken)?;
        }
        let first: Vec<&Taken> = rounds.iter().map(|round| &round[0]).collect();
        report_phases(printer, &database, &first)?;
    }
    Ok(())
}

async fn measure(database: &Database) -> anyhow::Result<Vec<[Taken; 3]>> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(FixedClock::new(world::now()));
    let agent = agent(database, &clock, folder.path());
    let mut rounds = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UPS + ROUNDS {
        clock.set(world::now());
        let store = &database.store;
        let mut world = world::furnish(store, &format!("cycle-{round}"), SIZE).await?;
        world.add_done_orders(store, DONE_ORDERS).await?;
        world.add_new_orders(store, NEW_ORDERS).await?;
        if database.is_server() {
            database.analyze().await?;
        }
        let (first, block) = cycle(&agent, &world, database).await?;
        check(&block, NEW_ORDERS)?;
        let sent = block.act.as_ref().map_or(0, |act| act.done.len()).saturating_sub(NEW_ORDERS);
        ensure!(sent == LETTERS, "{sent} letters left, and {LETTERS} were expected");
        clock.advance(TimeDelta::hours(1));
        let (following, block) = cycle(&agent, &world, database).await?;
        check(&block, 0)?;
        world.add_new_orders(store, NEW_ORDERS).await?;
        clock.advance(TimeDelta::hours(1));
        let (more, block) = cycle(&agent, &world, database).await?;
        check(&block, NEW_ORDERS)?;
        if WARM_UPS <= round {
            rounds.push([first, following, more]);
        }
    }
    Ok(rounds)
}

async fn cycle(
    agent: &Agent,
    world: &World,
    database: &Database,
) -> anyhow::Result<(Taken, WorkBlock)> {
    phase::forget();
    let gauge = database.gauge();
    let result = agent.run_cycle(&world.tenant, CycleRequest::Due).await?;
    let (bill, end) = (gauge.read(), Stopwatch::start());
    ensure!(!result.was_there, "the hour's cycle was there before");
    let phases = phase::heard(&end).into_iter().map(|(name, spent)| (name, spent.processor));
    Ok((Taken { bill, phases: phases.collect() }, result.work_block))
}

/// A figure of a cycle that did something else than it should would be worth nothing.
fn check(block: &WorkBlock, orders: usize) -> anyhow::Result<()> {
    let checked = block.act.as_ref().map_or(0, |act| act.orders_checked);
    ensure!(
        usize::try_from(checked) == Ok(orders),
        "{checked} orders were checked, and {orders} were to be"
    );
    Ok(())
}

fn report(
    printer: &Printer,
    name: &str,
    database: &Database,
    taken: &[&Taken],
) -> anyhow::Result<()> {
    let middle = |of: fn(&Bill) -> Duration| {
        ms(median(&taken.iter().map(|it| of(&it.bill)).collect::<Vec<_>>()))
    };
    let aim = Aim::AtMost(PROCESSOR_MS_MAX);
    let suite = Suite::Cycle;
    let on = database.name;
    let all = middle(Bill::all_processors);
    judge(printer, suite, format!("{on}: {name}, processor"), all, "ms", aim)?;
    if database.is_server() {
        let part = format!("{on}: {name}, processor, of which the server");
        tell(printer, suite, part, middle(|it| it.server), "ms")?;
    }
    tell(printer, suite, format!("{on}: {name}, wall"), middle(|it| it.ours.wall), "ms")
}

/// Where the first cycle's time goes.
fn report_phases(printer: &Printer, database: &Database, taken: &[&Taken]) -> anyhow::Result<()> {
    let Some(first) = taken.first() else { return Ok(()) };
    for (place, (name, _)) in first.phases.iter().enumerate() {
        let times: Vec<Duration> =
            taken.iter().filter_map(|it| it.phases.get(place)).map(|(_, time)| *time).collect();
        let measure = format!("{}: first cycle, our processor in {name}", database.name);
        tell(printer, Suite::Cycle, measure, ms(median(&times)), "ms")?;
    }
    Ok(())
}
