//! Runs: one for each hour, through four phases, and closed once.

use chrono::TimeDelta;
use domain::{
    cycle::{Metrics, Phase, PlanOutput, ReactOutput, RunStatus, WorkBlock},
    id::RunId,
    time::Timestamp,
};
use entity::agent_autonomous_runs as runs;
use sea_orm::EntityTrait;
use store::{Fence, StoreError, Transition, run::NewRun};
use testkit::{database::TestDb, rows::at, world::World};

use crate::full::HOUR;

on_both!(
    an_hour_has_one_run,
    of_two_who_begin_an_hour_at_once_one_does,
    rehearsals_are_numbered_and_stand_for_no_hour,
    a_run_goes_through_its_phases_once,
    what_each_phase_leaves_behind_is_stored,
    a_run_is_closed_once_and_then_stays,
    hours_are_covered_by_what_was_completed,
);

async fn an_hour_has_one_run(test: TestDb) {
    let world = World::new(&test, "north").await;
    let hour = at(HOUR);
    let first = begin(&world, Some(hour)).await.unwrap();
    let again = begin(&world, Some(hour)).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists(_))), "{again:?}");
    // The same hour under another offset and with a fraction of nothing is the same hour.
    let same = begin(&world, Some(at("2026-03-03T10:00:00.000+01:00"))).await;
    assert!(matches!(same, Err(StoreError::AlreadyExists(_))), "{same:?}");
    let next = begin(&world, Some(hour + TimeDelta::hours(1))).await.unwrap();

    let south = World::new(&test, "south").await;
    let theirs = begin(&south, Some(hour)).await.unwrap();

    let scope = world.scope();
    assert_eq!(scope.find_run_of_hour(hour).await.unwrap().unwrap().id, first);
    assert_eq!(scope.find_latest_run().await.unwrap().unwrap().id, next);
    let numbers: Vec<i32> =
        scope.list_runs(10).await.unwrap().iter().map(|run| run.cycle_number).collect();
    assert_eq!(numbers, [2, 1], "newest first, without a gap");
    let numbered = scope.find_run_by_number(1).await.unwrap().unwrap();
    assert_eq!((numbered.id, numbered.due_hour), (first, Some(hour)));
    assert_eq!(south.scope().find_run_by_number(1).await.unwrap().unwrap().id, theirs);
}

async fn of_two_who_begin_an_hour_at_once_one_does(test: TestDb) {
    let world = World::new(&test, "north").await;
    let elsewhere = test.open_another(8).await;
    let other = elsewhere.tenant(world.tenant);
    let new = new_run(Some(at(HOUR)), world.now);
    let (mine, theirs) = (test.store.new_run_id(world.now), elsewhere.new_run_id(world.now));
    let scope = world.scope();
    let (here, there) = tokio::join!(scope.insert_run(mine, &new), other.insert_run(theirs, &new));
    let refused: Vec<StoreError> = [here.err(), there.err()].into_iter().flatten().collect();
    assert!(matches!(&refused[..], [StoreError::AlreadyExists(_)]), "{refused:?}");
    assert_eq!(scope.list_runs(10).await.unwrap().len(), 1);
}

async fn rehearsals_are_numbered_and_stand_for_no_hour(test: TestDb) {
    let world = World::new(&test, "north").await;
    let real = begin(&world, Some(at(HOUR))).await.unwrap();
    let scope = world.scope();
    for _ in 0..2 {
        let as_of = Some(at("1998-05-06T12:00:00Z"));
        let new = NewRun { as_of, ..new_run(None, world.in_hours(5)) };
        let id = test.store.new_run_id(world.now);
        let begun = scope.insert_run(id, &new).await.unwrap();
        assert_eq!((begun.as_of, begun.due_hour), (as_of, None));
        let found = scope.find_run(id).await.unwrap().unwrap();
        assert_eq!((found.as_of, found.work_block.as_of), (as_of, as_of));
    }
    assert_eq!(scope.list_runs(10).await.unwrap().len(), 3);
    assert_eq!(scope.find_latest_run().await.unwrap().unwrap().id, real);
    assert_eq!(scope.list_running().await.unwrap().len(), 3);
}

async fn a_run_goes_through_its_phases_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = begin(&world, Some(at(HOUR))).await.unwrap();
    let scope = world.scope();
    let fence = Fence { run, number: 3 };
    let block = scope.find_run(run).await.unwrap().unwrap().work_block;
    let mut done: Vec<Phase> = Vec::new();
    for phase in Phase::ALL {
        for other in Phase::ALL.iter().filter(|other| *other != phase) {
            let out_of_turn = scope.mark_phase_done(fence, *other, &block, world.now).await;
            assert_eq!(out_of_turn.unwrap(), Transition::Lost, "{other} instead of {phase}");
        }
        let now = world.in_hours(1);
        let moved = scope.mark_phase_done(fence, *phase, &block, now).await.unwrap();
        assert_eq!(moved, Transition::Moved, "{phase}");
        done.push(*phase);
        let found = scope.find_run(run).await.unwrap().unwrap();
        assert_eq!(found.phase, phase.next().unwrap_or(Phase::Reflect));
        let is_last = phase.next().is_none();
        let status = if is_last { RunStatus::Completed } else { RunStatus::Running };
        assert_eq!((found.status, found.ended_at), (status, is_last.then_some(now)));
    }
    assert_eq!(done, Phase::ALL);
    let again = scope.mark_phase_done(fence, Phase::Reflect, &block, world.now).await.unwrap();
    assert_eq!(again, Transition::Lost, "a completed run is closed");
    assert!(scope.list_running().await.unwrap().is_empty());
}

async fn what_each_phase_leaves_behind_is_stored(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = begin(&world, Some(at(HOUR))).await.unwrap();
    let scope = world.scope();
    let fence = Fence { run, number: 7 };
    let mut block = scope.find_run(run).await.unwrap().unwrap().work_block;
    let stored = || async { runs::Entity::find().one(&test.db).await.unwrap().unwrap() };

    block.plan = Some(PlanOutput { already_proposed: 4, ..PlanOutput::default() });
    scope.mark_phase_done(fence, Phase::Plan, &block, world.now).await.unwrap();
    let row = stored().await;
    assert_eq!(row.plan_output.as_ref().unwrap()["already_proposed"], 4);
    assert_eq!((row.act_output.is_none(), row.fence), (true, 7));
    assert_eq!(row.metrics, serde_json::json!({}), "nothing was measured yet");

    block.phase = Phase::React;
    let metrics = Metrics { orders_held: 9, ..Metrics::default() };
    block.react = Some(ReactOutput { metrics, ..ReactOutput::default() });
    scope.mark_phase_done(fence, Phase::Act, &block, world.now).await.unwrap();
    scope.mark_phase_done(fence, Phase::React, &block, world.now).await.unwrap();
    let row = stored().await;
    assert_eq!(row.metrics["orders_held"], 9);
    assert!(row.react_output.is_some());

    let found = scope.find_run(run).await.unwrap().unwrap();
    assert_eq!(found.work_block, block, "the work block comes back as it went in");
    let again: WorkBlock = serde_json::from_value(stored().await.work_block).unwrap();
    assert_eq!(again, block);
}

async fn a_run_is_closed_once_and_then_stays(test: TestDb) {
    let world = World::new(&test, "north").await;
    let scope = world.scope();
    let hours = [HOUR, "2026-03-03T10:00:00Z"].map(at);
    let mut ids = Vec::new();
    for hour in hours {
        ids.push(begin(&world, Some(hour)).await.unwrap());
    }
    let running: Vec<RunId> =
        scope.list_running().await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(running, ids, "oldest first");

    let ended_at = world.in_hours(2);
    let gone = "its worker went away";
    let closed = scope.mark_run_closed(ids[0], RunStatus::Abandoned, gone, ended_at).await;
    assert_eq!(closed.unwrap(), Transition::Moved);
    let later = world.in_hours(3);
    let again = scope.mark_run_closed(ids[0], RunStatus::Failed, "again", later).await;
    assert_eq!(again.unwrap(), Transition::AlreadyThere);

    let found = scope.find_run(ids[0]).await.unwrap().unwrap();
    assert_eq!((found.status, found.phase), (RunStatus::Abandoned, Phase::Plan));
    assert_eq!((found.error.as_deref(), found.ended_at), (Some(gone), Some(ended_at)));
    let fence = Fence { run: ids[0], number: 1 };
    let late = scope.mark_phase_done(fence, Phase::Plan, &found.work_block, later).await;
    assert_eq!(late.unwrap(), Transition::Lost, "a closed run writes no phase");
    assert_eq!(scope.list_running().await.unwrap().len(), 1);
}

async fn hours_are_covered_by_what_was_completed(test: TestDb) {
    let world = World::new(&test, "north").await;
    let scope = world.scope();
    let hour = |hours| at(HOUR) + TimeDelta::hours(hours);
    let covered = async || scope.find_covered_hour(world.in_hours(1_000)).await.unwrap();
    assert_eq!(covered().await, None, "there was no run at all");
    begin(&world, None).await.unwrap();
    assert_eq!(covered().await, None, "a rehearsal stands for no hour");

    let first = begin(&world, Some(hour(0))).await.unwrap();
    assert_eq!(covered().await, Some(hour(-1)), "its own hour is still to be done");
    scope.mark_run_closed(first, RunStatus::Failed, "no", world.now).await.unwrap();
    assert_eq!(covered().await, Some(hour(-1)));
    for later in [5, 3] {
        let run = begin(&world, Some(hour(later))).await.unwrap();
        let block = scope.find_run(run).await.unwrap().unwrap().work_block;
        for phase in Phase::ALL {
            let fence = Fence { run, number: 1 };
            scope.mark_phase_done(fence, *phase, &block, world.now).await.unwrap();
        }
        assert_eq!(covered().await, Some(hour(5)), "the newest hour");
    }
    begin(&world, Some(hour(9))).await.unwrap();
    assert_eq!(covered().await, Some(hour(5)), "what runs is not completed");
}

fn new_run(due_hour: Option<Timestamp>, started_at: Timestamp) -> NewRun {
    NewRun { due_hour, as_of: None, hours_covered: 1, started_at }
}

async fn begin(world: &World<'_>, due_hour: Option<Timestamp>) -> Result<RunId, StoreError> {
    let id = world.test.store.new_run_id(world.now);
    let begun = world.scope().insert_run(id, &new_run(due_hour, world.now)).await?;
    assert_eq!((begun.id, begun.phase, begun.status), (id, Phase::Plan, RunStatus::Running));
    Ok(id)
}
