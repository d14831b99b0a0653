//! Schedules fire once, whoever notices first; pauses are rows that everybody sees.

use jobs::{Pause, Queue};
use store::{Transition, pause::PauseRow, schedule::LastFire};
use testkit::{database::TestDb, rows::at, world::World};
use tokio::task::JoinSet;

on_both!(
    a_schedule_moves_on_from_where_it_was_and_once,
    of_many_who_notice_a_fire_one_gets_through,
    what_is_paused_is_seen_by_everybody_until_it_goes_on,
);

const NAME: &str = "hourly_cycle";

async fn a_schedule_moves_on_from_where_it_was_and_once(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let [nine, ten, noon] =
        ["2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z", "2026-05-04T12:00:00Z"].map(at);
    let scope = north.scope();
    let fire = |from, to| scope.mark_schedule_fired(NAME, from, to, north.now);
    assert_eq!(fire(None, nine).await.unwrap(), Transition::Moved);
    assert_eq!(fire(None, ten).await.unwrap(), Transition::AlreadyThere, "somebody was faster");
    assert_eq!(fire(Some(nine), ten).await.unwrap(), Transition::Moved);
    assert_eq!(fire(Some(nine), noon).await.unwrap(), Transition::Lost);
    assert_eq!(
        south.scope().mark_schedule_fired(NAME, None, noon, south.now).await.unwrap(),
        Transition::Moved
    );
    let last =
        |world: &World<'_>, at| LastFire { tenant: world.tenant, schedule: NAME.to_owned(), at };
    let mut there = test.store.system().list_last_fires().await.unwrap();
    there.sort_by_key(|it| it.at);
    assert_eq!(there, [last(&north, ten), last(&south, noon)]);
}

async fn of_many_who_notice_a_fire_one_gets_through(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (hour, tenant, now) = (at("2026-05-04T09:00:00Z"), world.tenant, world.now);
    for from in [None, Some(hour)] {
        let mut asking = JoinSet::new();
        for _ in 0..8 {
            let store = test.store.clone();
            asking.spawn(async move {
                let to = from.map_or(hour, |hour| hour + chrono::TimeDelta::hours(1));
                let work = store.begin(tenant).await.unwrap();
                let moved = work.scope().mark_schedule_fired(NAME, from, to, now).await.unwrap();
                work.commit().await.unwrap();
                moved
            });
        }
        let moved = asking.join_all().await;
        assert_eq!(moved.iter().filter(|it| **it == Transition::Moved).count(), 1, "{moved:?}");
    }
}

async fn what_is_paused_is_seen_by_everybody_until_it_goes_on(test: TestDb) {
    let world = World::new(&test, "north").await;
    let system = test.store.system();
    let tenant = Pause::Tenant(world.tenant);
    let all = [Pause::Name("act_cycle".to_owned()), Pause::Queue(Queue::Mail), tenant.clone()];
    for pause in &all {
        let by = |by| system.insert_pause(pause, by, world.now);
        assert_eq!(by("cli:first").await.unwrap(), Transition::Moved);
        assert_eq!(by("cli:second").await.unwrap(), Transition::AlreadyThere);
    }
    let row = |pause: &Pause| PauseRow {
        pause: pause.clone(),
        paused_by: "cli:first".to_owned(),
        paused_at: world.now,
    };
    assert_eq!(system.list_pauses().await.unwrap(), all.each_ref().map(row));
    assert_eq!(world.scope().find_pause().await.unwrap(), Some(world.now));
    assert_eq!(system.delete_pause(&tenant).await.unwrap(), Transition::Moved);
    assert_eq!(system.delete_pause(&tenant).await.unwrap(), Transition::AlreadyThere);
    assert_eq!(world.scope().find_pause().await.unwrap(), None);
}
