//! A planner that proposes anything at all gets nothing past the rules.

mod lawful;
mod oracle;
mod planner;

use std::sync::Arc;

use connectors::mail::Mishap;
use domain::{cycle::Budgets, tenant::TenantSettings};
use testkit::database::Backend;

use crate::{
    dice::{Dice, Told},
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};
use oracle::Oracle;
use planner::{Malice, Taste};

/// Cycles of one attack: into the evening, over a night, and far enough for a second letter.
const CYCLES: usize = 30;

/// Runs a planner against a town and holds every cycle against the oracle.
async fn attack(backend: Backend, seed: u64, taste: Taste, setup: &Setup, cycles: usize) {
    let _told = Told(format!("{backend:?}, seed {seed}"));
    let rig = Rig::on(backend, at(OPENING)).await;
    besiege(&rig, seed, taste, setup, cycles, Vec::new).await;
}

/// The same, with mishaps planned before every cycle.
async fn attack_over_a_bad_line(seed: u64, setup: &Setup) {
    let _told = Told(format!("a bad line, seed {seed}"));
    let rig = Rig::on(Backend::Sqlite, at(OPENING)).await;
    let mut dice = Dice::new(seed);
    let mishaps = [Mishap::Refuse, Mishap::Unavailable, Mishap::AnswerLost, Mishap::Vanish];
    let planned = || (0..2).map(|_| *dice.pick(&mishaps)).collect();
    besiege(&rig, seed, MIXED, setup, CYCLES, planned).await;
}

async fn besiege(
    rig: &Rig,
    seed: u64,
    taste: Taste,
    setup: &Setup,
    cycles: usize,
    mut mishaps: impl FnMut() -> Vec<Mishap>,
) {
    let towns = Town::build_both(rig, setup).await;
    let agent = rig.agent_with(Arc::new(Malice::new(&towns, taste, seed)));
    let mut oracle = Oracle::watch(rig, &towns[0], &towns[1]).await;
    let mut now = at(OPENING);
    for _ in 0..cycles {
        rig.transport.plan(mishaps());
        oracle.before_cycle(now).await;
        let block = rig.cycle(&agent, towns[0].slug).await;
        oracle.after_cycle(&block).await;
        now = rig.next_hour();
    }
    oracle.at_the_end().await;
}

/// Budgets that are soon used up.
fn narrow() -> Setup {
    let budgets = Budgets {
        letters_per_cycle: 2,
        letters_per_day: 5,
        tasks_per_cycle: 1,
        changes_per_cycle: 1,
    };
    let settings = TenantSettings { budgets, ..TenantSettings::default() };
    Setup { settings, ..Setup::default() }
}

const MIXED: Taste = Taste { wild: 30, bent: 70, repeated: 20, is_thorough: false };

#[tokio::test]
async fn nothing_gets_past_the_rules() {
    for seed in 1..=3 {
        attack(Backend::Sqlite, seed, MIXED, &Setup::default(), CYCLES).await;
    }
}

#[tokio::test]
async fn nothing_gets_past_the_rules_on_postgres() {
    attack(Backend::Postgres, 4, MIXED, &Setup::default(), CYCLES).await;
}

/// Every kind with every payload and every subject, and half as many at random, in each plan.
#[tokio::test]
async fn thousands_in_one_plan_get_past_nothing() {
    let taste = Taste { wild: 500, bent: 500, repeated: 20, is_thorough: true };
    for (backend, seed) in [(Backend::Sqlite, 5), (Backend::Postgres, 6)] {
        attack(backend, seed, taste, &Setup::default(), 2).await;
    }
}

#[tokio::test]
async fn budgets_hold_whatever_is_proposed() {
    for seed in 7..=8 {
        attack(Backend::Sqlite, seed, MIXED, &narrow(), CYCLES).await;
    }
}

/// The line to the transport is bad on top of it: answers are lost, and letters with them.
#[tokio::test]
async fn a_bad_line_opens_no_way_around_the_rules() {
    for seed in 9..=11 {
        let setup = if seed == 9 { narrow() } else { Setup::default() };
        attack_over_a_bad_line(seed, &setup).await;
    }
}
