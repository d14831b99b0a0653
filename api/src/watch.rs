//! What happens, told to those who watch: one look at a tenant's rows a second, however many watch.
//!
//! Nothing runs in the background: whichever stream finds that a second has passed takes the look for all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use chrono::TimeDelta;
use domain::{id::TenantId, time::Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Scope, StoreResult,
    change::{Change, Place, first_id},
    recorded::RecordedState,
};
use tokio::{sync::broadcast, time::Instant};
use uuid::Uuid;

use crate::{
    error::{ApiError, Code},
    state::AppState,
    wire::Moment,
};

/// How often a tenant's rows are looked at while somebody watches.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much longer than its moment a change may take to be seen: as long as a transaction may.
const OVERLAP_SECONDS: i64 = 15;
/// Changes of one kind that are read together …
const PAGE: u64 = 500;
/// … and how often in one look; the next one goes on with the rest.
const PAGES_MAX: usize = 4;
/// Looks until what happened before is known.
const LOOKS_BACK_MAX: usize = 50;
/// The newest cycles, of which one may be changing.
const CYCLES_MAX: u64 = 5;
/// Events that a slow reader may be behind: more than one look finds, of all kinds together.
const BEHIND_MAX: usize = 8_192;
/// Streams of one tenant.
const STREAMS_MAX: usize = 100;

/// What kind of thing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "EventKind", transform = crate::wire::plain_words)]
pub enum Kind {
    /// A cycle entered a phase, or ended.
    Cycle,
    /// An action came into a state.
    Action,
    /// A recorded job came into a state.
    Job,
}

impl Kind {
    /// The event's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Action => "action",
            Self::Job => "job",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Event {
    /// What kind of thing has changed; also the event's name.
    pub kind: Kind,
    /// Which.
    pub id: Uuid,
    /// What kind of action or job it is; the phase of a cycle.
    pub name: String,
    /// The state that it is in now.
    pub state: String,
    /// Since when.
    pub at: Moment,
}

/// Who watches which tenant.
#[derive(Default)]
pub(crate) struct Watches(Mutex<HashMap<TenantId, Weak<Watch>>>);

/// One tenant, watched.
pub(crate) struct Watch {
    tenant: TenantId,
    events: broadcast::Sender<Event>,
    seen: tokio::sync::Mutex<Seen>,
}

/// What was told before.
#[derive(Default)]
struct Seen {
    looked_at: Option<Instant>,
    /// Whether what is found is new, and told.
    is_begun: bool,
    /// How far actions were read, on the tenant's clock.
    actions: Mark,
    /// How far new jobs were read.
    new_jobs: Mark,
    /// How far settled jobs were read.
    settled_jobs: Mark,
    /// States that were told, with their moments, as far back as is looked.
    told: HashMap<(Kind, Uuid, String), Timestamp>,
    /// The newest cycles.
    cycles: Vec<Uuid>,
}

/// How far one kind of change was read.
#[derive(Clone, Copy, Default)]
struct Mark {
    newest: Timestamp,
    /// Where the next look goes on, if the last one found more than it reads.
    rest: Option<Place>,
}

impl Mark {
    fn at(newest: Timestamp) -> Self {
        Self { newest, rest: None }
    }

    /// Where the next look begins: a little before the newest, for what became visible late.
    fn since(self) -> Timestamp {
        self.newest - TimeDelta::seconds(OVERLAP_SECONDS)
    }
}

impl Watches {
    /// Watches a tenant. Errors if too many do.
    pub fn join(
        &self,
        tenant: TenantId,
    ) -> Result<(Arc<Watch>, broadcast::Receiver<Event>), ApiError> {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.retain(|_, watch| 0 < watch.strong_count());
        let there = all.get(&tenant).and_then(Weak::upgrade);
        let watch = there.unwrap_or_else(|| {
            let events = broadcast::Sender::new(BEHIND_MAX);
            Arc::new(Watch { tenant, events, seen: tokio::sync::Mutex::default() })
        });
        if STREAMS_MAX <= watch.events.receiver_count() {
            let detail = format!("{STREAMS_MAX} streams of this tenant are open: close one");
            return Err(ApiError::new(Code::RateLimited, detail).after(Duration::from_secs(30)));
        }
        all.insert(tenant, Arc::downgrade(&watch));
        let receiver = watch.events.subscribe();
        Ok((watch, receiver))
    }
}

impl Watch {
    /// Waits until what happened before is known, so that whatever comes from now on is told.
    pub async fn begin(&self, app: &AppState) -> StoreResult<()> {
        let mut seen = self.seen.lock().await;
        if seen.is_begun { Ok(()) } else { self.look_back(app, &mut seen).await }
    }

    async fn look_back(&self, app: &AppState, seen: &mut Seen) -> StoreResult<()> {
        for _ in 0..LOOKS_BACK_MAX {
            self.look_into(app, seen).await?;
            if !seen.has_rest() {
                break;
            }
        }
        seen.is_begun = true;
        Ok(())
    }

    /// Looks, unless somebody has within the last second, or does at this moment.
    pub async fn look(&self, app: &AppState) -> StoreResult<()> {
        let Ok(mut seen) = self.seen.try_lock() else { return Ok(()) };
        if seen.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        // Whoever was to begin may have met a database that was away.
        if seen.is_begun {
            self.look_into(app, &mut seen).await
        } else {
            self.look_back(app, &mut seen).await
        }
    }

    async fn look_into(&self, app: &AppState, seen: &mut Seen) -> StoreResult<()> {
        let scope = app.store.tenant(self.tenant);
        if seen.looked_at.is_none() {
            // What happened before is history: it stands in the lists.
            let tenant = scope.get_tenant().await?;
            seen.actions = Mark::at(tenant.now(app.clock.as_ref()));
            seen.new_jobs = Mark::at(app.clock.now());
            seen.settled_jobs = Mark::at(app.clock.now());
        }
        let found = find(&scope, seen).await?;
        // Only now, when all of it was read: what is read again is not told again.
        seen.actions = found.actions;
        seen.new_jobs = found.new_jobs;
        seen.settled_jobs = found.settled_jobs;
        seen.cycles = found.cycles;
        for event in found.events {
            let key = (event.kind, event.id, event.state.clone() + &event.name);
            let before = seen.told.insert(key, event.at.0);
            let is_new = match event.kind {
                // It may die, be brought back, and die again.
                Kind::Job => before != Some(event.at.0),
                Kind::Action | Kind::Cycle => before.is_none(),
            };
            if is_new && seen.is_begun {
                // Nobody may be listening any more.
                let _ = self.events.send(event);
            }
        }
        seen.looked_at = Some(Instant::now());
        seen.forget(found.actions_since);
        Ok(())
    }
}

impl Seen {
    fn has_rest(&self) -> bool {
        [self.actions, self.new_jobs, self.settled_jobs].iter().any(|it| it.rest.is_some())
    }

    /// Forgets what no look finds any more.
    fn forget(&mut self, of_actions: Timestamp) {
        let of_jobs = self.new_jobs.since().min(self.settled_jobs.since());
        let cycles = &self.cycles;
        self.told.retain(|(kind, id, _), at| match kind {
            Kind::Action => of_actions <= *at,
            Kind::Job => of_jobs <= *at,
            Kind::Cycle => cycles.contains(id),
        });
    }
}

/// What a look found.
struct Found {
    events: Vec<Event>,
    actions: Mark,
    actions_since: Timestamp,
    new_jobs: Mark,
    settled_jobs: Mark,
    cycles: Vec<Uuid>,
}

async fn find(scope: &Scope<'_>, seen: &Seen) -> StoreResult<Found> {
    let event = |kind: Kind, it: Change| {
        let Change { id, name, state, at } = it;
        Event { kind, id, name, state, at: Moment(at) }
    };
    let mut runs = scope.list_runs(CYCLES_MAX).await?;
    // A cycle's actions bear the moment that it began at, however long it takes.
    let acting = runs.iter().filter(|run| run.as_of.is_none());
    let newest_run = acting.map(|run| run.started_at).max();
    runs.reverse();
    let cycles = runs.iter().map(|run| run.id.uuid()).collect();
    let mut events: Vec<Event> = Vec::new();
    events.extend(runs.into_iter().map(|run| Event {
        kind: Kind::Cycle,
        id: run.id.uuid(),
        name: run.phase.to_string(),
        state: run.status.to_string(),
        at: Moment(run.ended_at.unwrap_or(run.started_at)),
    }));
    let since = seen.new_jobs.since();
    let begin = seen.new_jobs.rest.unwrap_or((since, first_id(since)));
    let (new, new_jobs) = pages(scope, Of::NewJobs, seen.new_jobs, begin).await?;
    // One that is settled already is told by the list of those, with the moment of its end.
    let open = [RecordedState::Waiting, RecordedState::Relayed].map(RecordedState::as_str);
    let open = new.into_iter().filter(|it| open.contains(&it.state.as_str()));
    events.extend(open.map(|it| event(Kind::Job, it)));
    let since = seen.actions.since();
    let actions_since = newest_run.map_or(since, |at| since.min(at - TimeDelta::milliseconds(1)));
    let begin = seen.actions.rest.unwrap_or((actions_since, Uuid::nil()));
    let (changed, actions) = pages(scope, Of::Actions, seen.actions, begin).await?;
    events.extend(changed.into_iter().map(|it| event(Kind::Action, it)));
    let begin = seen.settled_jobs.rest.unwrap_or((seen.settled_jobs.since(), Uuid::nil()));
    let (settled, settled_jobs) = pages(scope, Of::SettledJobs, seen.settled_jobs, begin).await?;
    events.extend(settled.into_iter().map(|it| event(Kind::Job, it)));
    Ok(Found { events, actions, actions_since, new_jobs, settled_jobs, cycles })
}

/// What is read page by page.
#[derive(Clone, Copy)]
enum Of {
    NewJobs,
    Actions,
    SettledJobs,
}

/// Reads page by page; what is too much for one look is where the next one begins.
async fn pages(
    scope: &Scope<'_>,
    of: Of,
    mut mark: Mark,
    begin: Place,
) -> StoreResult<(Vec<Change>, Mark)> {
    let (mut all, mut place) = (Vec::new(), begin);
    for _ in 0..PAGES_MAX {
        let more = match of {
            Of::NewJobs => scope.list_new_jobs(place.1, PAGE).await?,
            Of::Actions => scope.list_changed_actions(place, PAGE).await?,
            Of::SettledJobs => scope.list_settled_jobs(place, PAGE).await?,
        };
        let is_last = u64::try_from(more.len()).unwrap_or(PAGE) < PAGE;
        if let Some(last) = more.last() {
            place = (last.at, last.id);
            mark.newest = mark.newest.max(last.at);
        }
        all.extend(more);
        if is_last {
            mark.rest = None;
            return Ok((all, mark));
        }
    }
    mark.rest = Some(place);
    Ok((all, mark))
}
