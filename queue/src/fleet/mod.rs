//! The fleet's engine: jobs in Redis, where any number of processes claim them.
//!
//! What lives here: the contract, each call of it a script that is done as a whole.
//! What does not: the transitions themselves (`lua/`), what a job looks like there (`record`), the connection (`link`).
//!
//! All keys of a queue lie in one slot, and no script touches two queues: a call for jobs of several queues is done
//! queue by queue. The layout, and what each call costs: `docs/fleet.md`.

mod answer;
mod examine;
mod gather;
mod heart;
mod keys;
mod link;
mod lock;
mod look;
mod problem;
mod record;
mod script;
mod servers;
mod set;
mod thread;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use jobs::{Clock, JobId, Queue, TenantId, Timestamp};
use redis::Value;

use self::{
    answer::{Answer, strange, text},
    gather::{FEW, Gatherer},
    heart::FleetHeart,
    keys::Keys,
    link::Link,
    record::{id_of, leased, leased_together, line_of, state_of},
    script::{BRING, CLAIM, SETTINGS, STATES},
    servers::Servers,
    set::Set,
    thread::OwnThread,
};
use crate::{
    BATCH_MAX, Beat, CancelOutcome, Claim, Claimed, Engine, Enqueued, Filter, Found, Heart, Lease,
    LineLimits, ListPage, NewTask, Pause, QueueError, QueueResult, QueueStats, Replayed, Retention,
    Settled, Settlement, State, TenantLoad, Tended, Time,
    check::{check_batch, check_moment, check_task, check_text, checked_lease},
};

pub use self::{examine::Examination, keys::PREFIX};

/// [`Options::together_min`], if nothing else is said: below it there is little to be saved.
pub const TOGETHER_MIN: usize = 16;

/// How the fleet's engine is opened.
pub struct Options {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/SERVICE`, or
    /// `redis+cluster://[USER:PASSWORD@]HOST[:PORT],…`, each also as `rediss` for TLS.
    pub url: String,
    /// What all keys begin with.
    pub prefix: String,
    /// How long ended jobs are kept, of each queue.
    pub retention: Retention,
    /// Whether it tends the queues: every process that works on jobs does, one that only brings some need not.
    pub tends_itself: bool,
    /// Jobs of one claim that are handed out under one lease, at least: less work for the server, for most jobs are done
    /// before anybody needs a lease of their own.
    pub together_min: usize,
    /// Tells whether a moment that is given can be meant. When jobs are due, the server's clock says.
    pub clock: Arc<dyn Clock>,
    /// Times to live by instead of the server's: for tests.
    pub times: Option<Arc<dyn Time>>,
}

/// An open engine. Dropped, it closes its connections.
pub struct Fleet {
    set: Arc<Set>,
    gatherer: Gatherer,
    thread: OwnThread,
}

impl Fleet {
    /// Opens one. A server that cannot be reached is waited for; one that cannot be worked with is an error.
    pub async fn open(options: Options) -> QueueResult<Self> {
        let Options { url, prefix, retention, tends_itself, together_min, clock, times } = options;
        let link = Arc::new(Link::new(Servers::new(&url)?));
        let keys = Keys::new(&prefix)?;
        let set = Arc::new(Set { link, keys, retention, together_min, clock, times });
        let (gatherer, gather) = Gatherer::new(Arc::clone(&set));
        let thread = OwnThread::start(Arc::clone(&set), gather, tends_itself)?;
        thread.tried().await;
        let engine = Self { set, gatherer, thread };
        engine.check(tends_itself).await?;
        Ok(engine)
    }

    /// Looks over every server that has queues: one, or those of a Cluster.
    pub async fn examine(&self) -> Vec<QueueResult<Examination>> {
        examine::all(&self.set).await
    }

    /// Refuses a server that is of no use, and warns of one that may lose jobs, as far as it can be reached.
    async fn check(&self, is_to_warn: bool) -> QueueResult<()> {
        let mut is_away = false;
        for found in self.examine().await {
            let it = match found {
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "the queue cannot be reached yet");
                    is_away = true;
                    continue;
                }
                found => found?,
            };
            if let Some(problem) = it.refusal() {
                return Err(QueueError::Unusable { place: it.place, problem });
            }
            if is_to_warn {
                let place = &it.place;
                it.warnings().iter().for_each(|problem| tracing::warn!(place, "Redis: {problem}"));
            }
        }
        if is_away {
            return Ok(());
        }
        // Says whether somebody keeps jobs there in another way.
        match self.stats(Queue::Maintenance).await {
            Err(error) if !error.is_passing() => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Engine for Fleet {
    async fn enqueue(&self, tasks: Vec<NewTask>) -> QueueResult<Vec<Enqueued>> {
        check_batch("tasks", tasks.len())?;
        let now = self.set.now_ms();
        tasks.iter().try_for_each(|task| check_task(task, now))?;
        let mut kept: Vec<Enqueued> = tasks.iter().map(|task| Enqueued::New(task.id)).collect();
        let mut of_queues: BTreeMap<Queue, (Vec<usize>, Vec<NewTask>)> = BTreeMap::new();
        for (at, task) in tasks.into_iter().enumerate() {
            let (places, of_queue) = of_queues.entry(task.queue).or_default();
            places.push(at);
            of_queue.push(task);
        }
        for (queue, (places, of_queue)) in of_queues {
            let answers = if of_queue.len() <= FEW {
                self.gatherer.enqueue(queue, of_queue).await?
            } else {
                self.set.enqueue(queue, &of_queue).await?
            };
            places.into_iter().zip(answers).for_each(|(at, answer)| kept[at] = answer);
        }
        Ok(kept)
    }

    async fn claim(&self, claim: Claim<'_>) -> QueueResult<Claimed> {
        check_batch("max", claim.max)?;
        check_text("worker", claim.worker)?;
        let lease_ms = checked_lease(claim.lease)?;
        let mut call = self.set.call(&CLAIM, claim.queue);
        call.arg(claim.worker).number(claim.max).number(lease_ms);
        call.number(u8::from(claim.is_idle)).number(self.set.together_min);
        let place = self.set.place();
        let mut answer = Answer::of(place, self.set.link.call(&call).await?)?;
        let letters = answer.some_bytes()?;
        let (drain, token, ids) = (answer.number()? == 1, answer.number()?, answer.some_bytes()?);
        let (mut records, mut apart) = (answer.part()?, answer.part()?);
        let mut together = Vec::with_capacity(ids.len() / 16);
        for id in ids.chunks(16) {
            together.push(leased_together(claim.queue, id, records.some_bytes()?, token));
        }
        let letters = if letters.is_empty() { vec![b't'; together.len()] } else { letters };
        let mut together = together.into_iter();
        let mut tasks = Vec::with_capacity(letters.len());
        for letter in letters {
            let task = match letter {
                b't' => together.next().flatten(),
                _ => {
                    let (id, record) = (apart.some_bytes()?, apart.some_bytes()?);
                    leased(claim.queue, &id, record, &apart.some_bytes()?)
                }
            };
            match task {
                Some(task) => tasks.push(task),
                // Its lease runs out, and in the end it is dead: nobody else can read it either.
                None => tracing::error!(queue = %claim.queue, "a job in Redis that cannot be read"),
            }
        }
        Ok(Claimed { tasks, drain })
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> QueueResult<Vec<Settled>> {
        check_batch("settlements", settlements.len())?;
        let mut settled = vec![Settled::Lost; settlements.len()];
        for (queue, held) in Set::by_queue(settlements.iter().map(|it| &it.lease)) {
            for (at, is_written) in self.set.settle(queue, &settlements, held).await? {
                if is_written {
                    settled[at] = Settled::Written;
                }
            }
        }
        Ok(settled)
    }

    async fn extend(&self, leases: Vec<Lease>, lease: Duration) -> QueueResult<Vec<Beat>> {
        check_batch("leases", leases.len())?;
        checked_lease(lease)?;
        let mut beats = vec![Beat::Lost; leases.len()];
        for (queue, held) in Set::by_queue(leases.iter()) {
            let call = self.set.extend_call(queue, &leases, &held, lease);
            let letters = text(self.set.place(), self.set.link.call(&call).await?)?;
            Set::read_beats(&letters, &held, &mut beats);
        }
        Ok(beats)
    }

    fn heart(&self) -> QueueResult<Box<dyn Heart>> {
        Ok(Box::new(FleetHeart::new(Arc::clone(&self.set))))
    }

    async fn tend(&self) -> QueueResult<Tended> {
        let all = try_join_all(Queue::ALL.map(|queue| self.set.tend(queue))).await?;
        let mut sum = Tended::default();
        for (tended, _) in all {
            sum.promoted += tended.promoted;
            sum.rescued += tended.rescued;
            sum.poisoned += tended.poisoned;
            sum.pruned += tended.pruned;
            sum.has_more |= tended.has_more;
        }
        Ok(sum)
    }

    async fn cancel(&self, id: JobId) -> QueueResult<CancelOutcome> {
        for queue in Queue::ALL {
            let mut call = self.set.call(&BRING, queue);
            call.arg("cancel").arg(id.uuid().as_bytes());
            let outcome = match text(self.set.place(), self.set.link.call(&call).await?)?.as_str() {
                "unknown" => continue,
                "cancelled" => CancelOutcome::Cancelled,
                "requested" => CancelOutcome::Requested,
                _ => CancelOutcome::Ended,
            };
            return Ok(outcome);
        }
        Ok(CancelOutcome::Unknown)
    }

    async fn retry(&self, id: JobId) -> QueueResult<Replayed> {
        for queue in Queue::ALL {
            let mut call = self.set.call(&BRING, queue);
            call.arg("retry").arg(id.uuid().as_bytes());
            let mut answer = Answer::of(self.set.place(), self.set.link.call(&call).await?)?;
            let replayed = match answer.some_bytes()?.as_slice() {
                b"unknown" => continue,
                b"ready" => Replayed::Ready,
                b"duplicate" => {
                    let holder = id_of(&answer.some_bytes()?);
                    Replayed::Duplicate(holder.ok_or_else(|| strange(self.set.place()))?)
                }
                _ => Replayed::NotWaiting,
            };
            return Ok(replayed);
        }
        Ok(Replayed::Unknown)
    }

    async fn replay(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        check_batch("max", max)?;
        self.set.go_through("replay", &filter, max).await
    }

    async fn purge(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        check_batch("max", max)?;
        self.set.go_through("purge", &filter, max).await
    }

    async fn set_pauses(&self, mut pauses: Vec<Pause>) -> QueueResult<()> {
        // The same pauses are the same text, which a queue that has them already passes over.
        pauses.sort_unstable();
        pauses.dedup();
        let names: Vec<&String> = pauses
            .iter()
            .filter_map(|it| if let Pause::Name(name) = it { Some(name) } else { None })
            .collect();
        let tenants = pauses
            .iter()
            .filter_map(|it| if let Pause::Tenant(tenant) = it { Some(*tenant) } else { None });
        let lines: Vec<_> = tenants.map(|tenant| line_of(Some(tenant))).collect();
        let each = Queue::ALL.map(|queue| {
            let mut call = self.set.call(&SETTINGS, queue);
            let is_paused = pauses.contains(&Pause::Queue(queue));
            call.arg("pauses").number(u8::from(is_paused)).number(names.len());
            names.iter().for_each(|name| {
                call.arg(name.as_str());
            });
            lines.iter().for_each(|line| {
                call.arg(line);
            });
            call
        });
        let done = join_all(each.iter().map(|call| self.set.link.call(call))).await;
        done.into_iter().try_for_each(|done| done.map(|_: Value| ()))
    }

    async fn set_limits(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        limits: Option<LineLimits>,
    ) -> QueueResult<()> {
        let it = limits.unwrap_or_default();
        it.check()?;
        let (rate, burst) = it.rate.unwrap_or_default();
        let mut call = self.set.call(&SETTINGS, queue);
        call.arg("limit").arg(line_of(tenant)).number(it.weight);
        call.number(it.running_max.unwrap_or(0)).number(rate).number(burst);
        self.set.link.call(&call).await.map(|_| ())
    }

    async fn park(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        until: Timestamp,
    ) -> QueueResult<()> {
        let until_ms = until.timestamp_millis();
        check_moment("until", until_ms, self.set.now_ms())?;
        let mut call = self.set.call(&SETTINGS, queue);
        call.arg("park").arg(line_of(tenant)).number(until_ms);
        self.set.link.call(&call).await.map(|_| ())
    }

    async fn find(&self, id: JobId) -> QueueResult<Option<Found>> {
        let ids = [id];
        let all = Queue::ALL.map(|queue| self.set.look(queue, &ids, false));
        let found = try_join_all(all).await?.into_iter().flatten().flatten().next();
        Ok(found)
    }

    async fn states(&self, ids: Vec<JobId>) -> QueueResult<Vec<Option<State>>> {
        check_batch("ids", ids.len())?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let calls = Queue::ALL.map(|queue| {
            let mut call = self.set.call(&STATES, queue);
            ids.iter().for_each(|id| {
                call.arg(id.uuid().as_bytes());
            });
            call
        });
        let answers = try_join_all(calls.iter().map(|call| self.set.link.call(call))).await?;
        let mut states = vec![None; ids.len()];
        for answer in answers {
            let letters = text(self.set.place(), answer)?;
            for (state, letter) in states.iter_mut().zip(letters.bytes()) {
                *state = state.or(state_of(letter));
            }
        }
        Ok(states)
    }

    async fn list(
        &self,
        filter: Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage> {
        check_batch("max", max)?;
        self.set.list(&filter, state, after, max).await
    }

    async fn stats(&self, queue: Queue) -> QueueResult<QueueStats> {
        self.set.stats(queue).await
    }

    async fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>> {
        check_batch("max", max)?;
        self.set.top(queue, max).await
    }

    async fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad> {
        self.set.load(queue, tenant).await
    }

    async fn ready(&self, queue: Queue) {
        self.thread.ready(queue).await;
    }
}

const _: () =
    assert!(BATCH_MAX <= 1_000, "a script takes no more arguments than its stack has room for");
