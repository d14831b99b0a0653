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
use store::{Scope, StoreResult, change::Change};
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
/// Changes of one kind that one look finds; the next look finds the rest.
const CHANGES_MAX: u64 = 500;
/// The newest cycles, of which one may be changing.
const CYCLES_MAX: u64 = 5;
/// Events that a slow reader may be behind.
const BEHIND_MAX: usize = 2_048;
/// Streams of one tenant.
const STREAMS_MAX: usize = 100;

/// What kind of thing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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
    /// The newest moment of each kind of change.
    newest: HashMap<&'static str, Timestamp>,
    /// States that were told, with their moments, as far back as is looked.
    told: HashMap<(Kind, Uuid, String), Timestamp>,
    /// The newest cycles.
    cycles: Vec<Uuid>,
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
    /// Looks, unless somebody has within the last second, or does at this moment.
    pub async fn look(&self, app: &AppState) -> StoreResult<()> {
        let Ok(mut seen) = self.seen.try_lock() else { return Ok(()) };
        if seen.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        let is_first = seen.looked_at.is_none();
        let scope = app.store.tenant(self.tenant);
        if is_first {
            // What happened before is history: it stands in the lists.
            let tenant = scope.get_tenant().await?;
            let present = tenant.now(app.clock.as_ref());
            let machine = app.clock.now();
            seen.newest.extend([("action", present), ("new", machine), ("settled", machine)]);
        }
        for event in changes(&scope, &mut seen).await? {
            let key = (event.kind, event.id, event.state.clone() + &event.name);
            if seen.told.insert(key, event.at.0).is_none() && !is_first {
                // Nobody may be listening any more.
                let _ = self.events.send(event);
            }
        }
        seen.looked_at = Some(Instant::now());
        seen.forget();
        Ok(())
    }
}

impl Seen {
    fn since(&self, what: &'static str) -> Timestamp {
        let newest = self.newest.get(what).copied().unwrap_or(Timestamp::UNIX_EPOCH);
        newest - TimeDelta::seconds(OVERLAP_SECONDS)
    }

    /// Notes how far one kind of change was read. A look that was full goes on from where it ended.
    fn read(&mut self, what: &'static str, changes: &[Change]) {
        if let Some(last) = changes.last() {
            let newest = self.newest.entry(what).or_insert(last.at);
            let is_full = CHANGES_MAX <= u64::try_from(changes.len()).unwrap_or(u64::MAX);
            let reached =
                if is_full { last.at + TimeDelta::seconds(OVERLAP_SECONDS) } else { last.at };
            *newest = (*newest).max(reached);
        }
    }

    /// Forgets what no look finds any more.
    fn forget(&mut self) {
        let of_actions = self.since("action");
        let of_jobs = self.since("new").min(self.since("settled"));
        let cycles = std::mem::take(&mut self.cycles);
        self.told.retain(|(kind, id, _), at| match kind {
            Kind::Action => of_actions <= *at,
            Kind::Job => of_jobs <= *at,
            Kind::Cycle => cycles.contains(id),
        });
    }
}

async fn changes(scope: &Scope<'_>, seen: &mut Seen) -> StoreResult<Vec<Event>> {
    let event = |kind: Kind, it: Change| Event {
        kind,
        id: it.id,
        name: it.name,
        state: it.state,
        at: Moment(it.at),
    };
    let mut events: Vec<Event> = Vec::new();
    let mut runs = scope.list_runs(CYCLES_MAX).await?;
    runs.reverse();
    seen.cycles = runs.iter().map(|run| run.id.uuid()).collect();
    events.extend(runs.into_iter().map(|run| Event {
        kind: Kind::Cycle,
        id: run.id.uuid(),
        name: run.phase.to_string(),
        state: run.status.to_string(),
        at: Moment(run.ended_at.unwrap_or(run.started_at)),
    }));
    let new = scope.list_new_jobs(seen.since("new"), CHANGES_MAX).await?;
    seen.read("new", &new);
    events.extend(new.into_iter().map(|it| event(Kind::Job, it)));
    let actions = scope.list_changed_actions(seen.since("action"), CHANGES_MAX).await?;
    seen.read("action", &actions);
    events.extend(actions.into_iter().map(|it| event(Kind::Action, it)));
    let settled = scope.list_settled_jobs(seen.since("settled"), CHANGES_MAX).await?;
    seen.read("settled", &settled);
    events.extend(settled.into_iter().map(|it| event(Kind::Job, it)));
    Ok(events)
}
