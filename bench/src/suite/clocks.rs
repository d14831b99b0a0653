//! The next ten contacts to touch among a million clocks: every hour's first question.

use std::{collections::HashMap, time::Instant};

use chrono::TimeDelta;
use domain::{
    engagement::{STANDING_POINTS_MAX, due_since_ever, in_time_since},
    record::{ClockOwner, Unreachable},
    time::Timestamp,
};
use entity::{clients, engagement_clocks as clocks};
use sea_orm::{ActiveValue::Set, prelude::Uuid};
use store::tenant::Tenant;
use testkit::database::Backend;

use crate::{
    database::Database,
    dice::Dice,
    figure::{Aim, Printer},
    meter::{median, ms, percentile},
    suite::{Suite, judge, tell},
    world,
};

/// Clocks of the one tenant.
const CLOCKS: usize = 1_000_000;
/// Accounts that they belong to.
const CLIENTS: usize = 5_000;
/// How many are asked for.
const WANTED: u32 = 10;
/// Questions whose answers are timed.
const REPEATS: usize = 2_000;
/// Questions before them, which fill the caches as the hours before would have.
const WARM_UPS: usize = 50;
/// Milliseconds: a question that every tenant asks every hour must not be felt.
const P99_MS_MAX: f64 = 5.0;
/// One world, always the same.
const SEED: u64 = 29;
/// A moment at which every open clock is due, and one at which none is, in days from now.
const ALL_DUE_DAYS: i64 = 400;
/// Before the first of all moments, to which clocks that were never touched are set.
const NONE_DUE_SECONDS: i64 = 1;

/// Measures on each of these databases.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    for backend in backends {
        let database = Database::open(*backend).await?;
        let tenant = world::make_tenant(&database.store, "clocks").await?;
        eprintln!("clocks: loading {CLOCKS} clocks into {}", database.name);
        let loading = Instant::now();
        load(&database, &tenant).await?;
        eprintln!("clocks: loaded in {} s", loading.elapsed().as_secs());
        let now = world::now();
        ask(printer, &database, &tenant, "before any statistics", now).await?;
        database.analyze().await?;
        ask(printer, &database, &tenant, "a usual day", now).await?;
        let late = now + TimeDelta::days(ALL_DUE_DAYS);
        ask(printer, &database, &tenant, "everything due", late).await?;
        let early = due_since_ever() - TimeDelta::seconds(NONE_DUE_SECONDS);
        ask(printer, &database, &tenant, "nothing due", early).await?;
        count(printer, &database, &tenant).await?;
    }
    Ok(())
}

async fn ask(
    printer: &Printer,
    database: &Database,
    tenant: &Tenant,
    case: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let scope = database.store.tenant(tenant.id);
    for _ in 0..WARM_UPS {
        scope.select_next_contacts_to_touch(now, WANTED).await?;
    }
    let mut times = Vec::with_capacity(REPEATS);
    let mut found = 0;
    let gauge = database.gauge();
    for _ in 0..REPEATS {
        let begin = Instant::now();
        found = scope.select_next_contacts_to_touch(now, WANTED).await?.len();
        times.push(begin.elapsed());
    }
    let spent = gauge.read().all_processors() / u32::try_from(REPEATS)?;
    let wanted = if case == "nothing due" { 0 } else { usize::try_from(WANTED)? };
    anyhow::ensure!(found == wanted, "{case}: {found} were found, and {wanted} should have been");
    let measure = format!("{}: {case}, p99", database.name);
    let p99 = ms(percentile(&times, 99));
    judge(printer, Suite::Clocks, measure, p99, "ms", Aim::AtMost(P99_MS_MAX))?;
    let measure = format!("{}: {case}, p50", database.name);
    tell(printer, Suite::Clocks, measure, ms(median(&times)), "ms")?;
    let measure = format!("{}: {case}, processor for one", database.name);
    tell(printer, Suite::Clocks, measure, ms(spent), "ms")
}

/// The rate of compliance reads every clock, which no index spares; a cycle asks for it three times.
async fn count(printer: &Printer, database: &Database, tenant: &Tenant) -> anyhow::Result<()> {
    let since = in_time_since(world::now(), &tenant.calendar);
    let begin = Instant::now();
    database.store.tenant(tenant.id).count_compliance(world::now(), since).await?;
    let measure = format!("{}: rate of compliance over all clocks", database.name);
    tell(printer, Suite::Clocks, measure, ms(begin.elapsed()), "ms")
}

async fn load(database: &Database, tenant: &Tenant) -> anyhow::Result<()> {
    let owner = tenant.id.uuid();
    let client_ids: Vec<Uuid> = (1..=CLIENTS).map(|place| made_id(1, place)).collect();
    database.load(client_ids.iter().map(|id| client(owner, *id))).await?;
    let mut dice = Dice::new(SEED);
    let mut points = HashMap::new();
    for id in &client_ids {
        points.insert(*id, standing_points(&mut dice));
    }
    let rows = (1..=CLOCKS).map(|place| {
        let client = client_ids[place % CLIENTS];
        clock(owner, client, place, points[&client], &mut dice)
    });
    database.load(rows).await
}

/// Most accounts matter little: the lower of two throws.
fn standing_points(dice: &mut Dice) -> i32 {
    let most = i64::from(STANDING_POINTS_MAX);
    let thrown = dice.between(0, most).min(dice.between(0, most));
    i32::try_from(thrown).unwrap_or(0)
}

/// An id that sorts by when it was made, like the product's.
fn made_id(kind: u8, place: usize) -> Uuid {
    let mut random = [0; 10];
    random[0] = kind;
    let place = u64::try_from(place).unwrap_or(0);
    random[2..].copy_from_slice(&place.to_be_bytes());
    domain::id::uuid_v7(u64::try_from(world::now().timestamp_millis()).unwrap_or(0), random)
}

fn client(tenant: Uuid, id: Uuid) -> clients::ActiveModel {
    clients::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant),
        source: Set("bench".to_owned()),
        external_id: Set(id.to_string()),
        name: Set("Harbour Supplies Ltd".to_owned()),
        is_active: Set(true),
        client_type: Set(None),
        country: Set(None),
        domain: Set(None),
        annual_value_minor: Set(None),
        churn_risk: Set(None),
        known_since: Set(None),
        standing_at: Set(Some(world::now())),
        created_at: Set(world::now()),
        updated_at: Set(world::now()),
    }
}

/// A clock of a usual day: one in ten never touched, three in ten due, the others within three weeks.
fn clock(
    tenant: Uuid,
    client: Uuid,
    place: usize,
    points: i32,
    dice: &mut Dice,
) -> clocks::ActiveModel {
    let now = world::now();
    let last_touch_at = (!dice.happens(10)).then(|| {
        let days = if dice.happens(33) { dice.between(19, 40) } else { dice.between(0, 18) };
        now - TimeDelta::days(days) - TimeDelta::seconds(dice.between(0, 86_399))
    });
    let due = last_touch_at.map_or(due_since_ever(), |at| at + TimeDelta::days(19));
    let unreachable = dice.happens(6).then(|| Unreachable::NoAddress.to_string());
    let is_fired = due <= now && dice.happens(10);
    let is_open = unreachable.is_none() && !is_fired;
    let epoch = i32::from(last_touch_at.is_some());
    clocks::ActiveModel {
        id: Set(made_id(2, place)),
        tenant_id: Set(tenant),
        entity_type: Set(ClockOwner::Contact.to_string()),
        entity_id: Set(made_id(3, place)),
        entity_key: Set(format!("P-{place}")),
        client_id: Set(Some(client)),
        last_touch_at: Set(last_touch_at),
        last_touch_type: Set(last_touch_at.map(|_| "email".to_owned())),
        last_touch_by: Set(last_touch_at.map(|_| "agent".to_owned())),
        next_touch_due: Set(due),
        touch_count_30d: Set(epoch),
        priority_score: Set(0),
        standing_points: Set(points),
        epoch: Set(epoch),
        fired_epoch: Set(if is_fired { epoch } else { -1 }),
        is_open: Set(is_open),
        unreachable_because: Set(unreachable),
        paused_until: Set(None),
        pause_reason: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    }
}
