//! Workers that go away in the middle of a cycle: the next one goes on, and everything happens once.

use std::{future::poll_fn, pin::Pin, task::Poll};

use agent::{Agent, AgentError, CycleResult, LOCK_TTL_SECONDS};
use chrono::TimeDelta;
use domain::{
    cycle::{RunStatus, WorkBlock},
    id::RunId,
};
use entity::agent_tenant_locks as locks;
use sea_orm::EntityTrait;
use store::run::RunRow;
use testkit::database::Backend;

use crate::{
    dice::{Dice, Told},
    effects::{assert_same, effects, letters, told},
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// Lets a future go on for so many steps, and then drops it where it stands, as the end of a process would.
///
/// Also gives how many steps it took.
pub async fn go_on_for<F: Future>(steps_max: usize, future: F) -> (Option<F::Output>, usize) {
    let mut future = Box::pin(future);
    let mut taken = 0;
    let counted = poll_fn(|context| {
        taken += 1;
        future.as_mut().poll(context)
    });
    let output = steps(&mut Box::pin(counted), steps_max).await;
    (output, taken)
}

/// Lets a future that goes on afterwards take so many steps; gives its output if it ended within them.
pub async fn steps<F: Future>(future: &mut Pin<Box<F>>, steps_max: usize) -> Option<F::Output> {
    let mut steps = 0;
    poll_fn(|context| {
        if steps == steps_max {
            return Poll::Ready(None);
        }
        steps += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Runs the cycle of this hour, whatever it takes: waits for locks of the dead to lapse.
pub async fn complete(rig: &Rig, agent: &Agent, slug: &str) -> CycleResult {
    match rig.try_cycle(agent, slug).await {
        Err(AgentError::Busy { .. }) => {
            rig.clock.advance(TimeDelta::seconds(LOCK_TTL_SECONDS));
            rig.try_cycle(agent, slug).await.expect("the lock of the dead has lapsed")
        }
        result => result.expect("the cycle gets through"),
    }
}

async fn runs(rig: &Rig, town: &Town) -> Vec<RunRow> {
    rig.test.store.tenant(town.tenant).list_runs(1_000).await.expect("runs can be read")
}

async fn fence(rig: &Rig) -> i64 {
    let rows = locks::Entity::find().all(&rig.test.db).await.expect("locks can be read");
    rows.iter().map(|row| row.fence).max().unwrap_or(0)
}

/// An undisturbed first cycle: what it brought about, its record, and how many steps it took.
pub async fn undisturbed(backend: Backend) -> (Rig, Town, WorkBlock, usize) {
    let rig = Rig::on(backend, at(OPENING)).await;
    let town = Town::build(&rig, "ahorn", &Setup::default()).await;
    let agent = rig.agent();
    let (result, steps) = go_on_for(usize::MAX, rig.try_cycle(&agent, town.slug)).await;
    let block = result.expect("it was not cut short").expect("it gets through").work_block;
    (rig, town, block, steps)
}

/// Cuts the first cycle of a fresh town after each of some numbers of steps, completes it, and compares.
async fn cut_short(backend: Backend, cuts: usize, seed: u64) {
    let (rig, town, block, steps) = undisturbed(backend).await;
    let (expected, expected_told) = (effects(&rig, &town).await, told(&block));
    // How many depends on threads as well; far fewer would be no cycle.
    assert!(100 < steps, "a first cycle is longer than {steps} steps");
    let mut dice = Dice::new(seed);
    let mut were_cut = 0;
    for cut in 0..cuts {
        // One somewhere in each part of the cycle, and often a second one on the way to its end.
        let first = (steps * cut + dice.below(steps)) / cuts;
        let second = dice.one_in(2).then(|| dice.below(steps));
        let _told = Told(format!("{backend:?}, seed {seed}, cut after {first}, then {second:?}"));
        let rig = Rig::on(backend, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        let mut fences = vec![fence(&rig).await];
        let mut begun: Option<RunId> = None;
        for steps_max in [Some(first), second].into_iter().flatten() {
            let agent = rig.agent();
            let cycle = rig.try_cycle(&agent, town.slug);
            let (early, _) = go_on_for(steps_max, cycle).await;
            were_cut += usize::from(early.is_none());
            let there = runs(&rig, &town).await;
            begun = begun.or(there.first().map(|run| run.id));
            fences.push(fence(&rig).await);
        }
        let result = complete(&rig, &rig.agent(), town.slug).await;
        fences.push(fence(&rig).await);

        assert!(fences.is_sorted(), "a fence went back: {fences:?}");
        let there = runs(&rig, &town).await;
        assert_eq!(there.len(), 1, "one hour has one run: {there:?}");
        assert_eq!(there[0].status, RunStatus::Completed);
        assert!(begun.is_none_or(|run| run == there[0].id), "the run that was begun went on");
        assert_eq!(there[0].work_block, result.work_block, "what is told is what is on record");
        assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
        assert_same(&effects(&rig, &town).await, &expected, "what was done");
        assert_same(&told(&result.work_block), &expected_told, "what is on record");

        let again = rig.try_cycle(&rig.agent(), town.slug).await.expect("it was completed");
        assert!(again.was_there);
        assert_eq!(again.work_block, result.work_block);
        assert_same(&effects(&rig, &town).await, &expected, "the second time in one hour");
    }
    // How many steps a cycle takes depends on threads as well, so some cuts come after its end.
    assert!(cuts / 2 < were_cut, "only {were_cut} cycles were cut short");
}

#[tokio::test]
async fn a_cycle_that_is_cut_short_anywhere_is_completed_once() {
    cut_short(Backend::Sqlite, 60, 21).await;
}

#[tokio::test]
async fn a_cycle_that_is_cut_short_anywhere_is_completed_once_on_postgres() {
    cut_short(Backend::Postgres, 30, 22).await;
}
