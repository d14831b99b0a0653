//! A plain model of an engine.
//!
//! It keeps a list and looks through all of it. Where the contract leaves a choice, whose turn it is, it checks that the
//! choice was a right one and follows it.

mod drive;

use std::collections::BTreeMap;

use jobs::JobId;
use queue::{
    AGEING_MS, ALONE_PATIENCE_MS, Beat, CancelOutcome, Enqueued, Lease, Leased, RESCUES_ALONE_MAX,
    RESCUES_TOGETHER_MAX, Replayed, Settled, State, Token, Verdict,
};

const TENANTS: u128 = 3;
const LEASE_MS: i64 = 15_000;
/// The window of keys that have one.
const WINDOW_MS: i64 = 20_000;

#[derive(Clone, Debug)]
struct Job {
    id: JobId,
    tenant: u128,
    name: &'static str,
    priority: u8,
    state: State,
    /// The time to run, ready since, the end of the lease.
    at: i64,
    turn: i64,
    attempt: u32,
    rescues: u32,
    snoozes: u32,
    token: Option<Token>,
    is_alone: bool,
    is_held: bool,
    is_cancelling: bool,
    key: Option<(usize, bool)>,
}

#[derive(Default)]
struct Model {
    wall: i64,
    steady: i64,
    jobs: Vec<Job>,
    /// Which job holds a key of a tenant, and until when; without end while the job is pending.
    keys: BTreeMap<(u128, usize), (JobId, Option<i64>)>,
    queue_paused: bool,
    name_paused: Option<&'static str>,
    tenant_paused: Option<u128>,
    running_max: BTreeMap<u128, u32>,
    parked: BTreeMap<u128, i64>,
    reserved: Option<(usize, i64)>,
    leases: Vec<Lease>,
}

fn turn(at: i64, priority: u8) -> i64 {
    at - i64::from(priority) * AGEING_MS
}

impl Model {
    fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs.iter_mut().find(|job| job.id == id).expect("the model knows the job")
    }

    fn hold(&mut self, tenant: u128, key: usize, id: JobId, until: Option<i64>) -> JobId {
        let wall = self.wall;
        let is_free = |held: &(JobId, Option<i64>)| held.1.is_some_and(|until| until <= wall);
        match self.keys.get(&(tenant, key)) {
            Some(held) if !is_free(held) => held.0,
            _ => {
                self.keys.insert((tenant, key), (id, until));
                id
            }
        }
    }

    fn enqueue(&mut self, job: Job) -> Enqueued {
        if let Some((key, is_windowed)) = job.key {
            let until = is_windowed.then_some(self.wall + WINDOW_MS);
            let holder = self.hold(job.tenant, key, job.id, until);
            if holder != job.id {
                return Enqueued::Duplicate(holder);
            }
        }
        let id = job.id;
        self.jobs.push(job);
        Enqueued::New(id)
    }

    fn end(&mut self, id: JobId, state: State) {
        let job = self.job(id);
        (job.state, job.token) = (state, None);
        (job.is_alone, job.is_held, job.is_cancelling) = (false, false, false);
        let (tenant, key) = (job.tenant, job.key);
        if let Some((key, _)) = key
            && self.keys.get(&(tenant, key)) == Some(&(id, None))
        {
            self.keys.remove(&(tenant, key));
        }
    }

    fn ready(&mut self, id: JobId, turn: i64) {
        let wall = self.wall;
        let job = self.job(id);
        (job.state, job.at, job.turn) = (State::Ready, wall, turn);
        (job.token, job.is_held) = (None, false);
    }

    fn is_paused(&self, job: &Job) -> bool {
        self.name_paused == Some(job.name) || self.tenant_paused == Some(job.tenant)
    }

    fn running(&self, tenant: u128) -> u32 {
        let runs = |job: &&Job| job.tenant == tenant && job.state == State::Running;
        u32::try_from(self.jobs.iter().filter(runs).count()).unwrap()
    }

    /// How many jobs of a tenant may begin, and which is first.
    fn room(&self, tenant: u128) -> u32 {
        let parked = self.parked.get(&tenant).is_some_and(|until| self.steady < *until);
        if parked || self.tenant_paused == Some(tenant) {
            return 0;
        }
        let most = self.running_max.get(&tenant).copied().unwrap_or(u32::MAX);
        most.saturating_sub(self.running(tenant))
    }

    /// The jobs of a line, first one first.
    fn line(&self, tenant: u128) -> Vec<&Job> {
        let waits = |job: &&Job| {
            job.tenant == tenant && job.state == State::Ready && !job.is_alone && !job.is_held
        };
        let mut line: Vec<&Job> = self.jobs.iter().filter(waits).collect();
        line.sort_by_key(|job| (job.turn, job.id));
        line
    }

    /// Puts jobs aside that stand first in a line that may be served, while their name is paused.
    fn put_aside_first(&mut self, tenant: u128) {
        while 0 < self.room(tenant) {
            let first = self.line(tenant).first().map(|job| (job.id, job.name));
            match first {
                Some((id, name)) if self.name_paused == Some(name) => self.job(id).is_held = true,
                _ => return,
            }
        }
    }

    /// The one that has to run alone and is first, if any may run.
    fn first_alone(&self) -> Option<&Job> {
        let waits = |job: &&Job| {
            let is_free = !self.is_paused(job) && 0 < self.room(job.tenant);
            job.state == State::Ready && job.is_alone && is_free
        };
        self.jobs.iter().filter(waits).min_by_key(|job| (job.at, job.id))
    }

    fn begin(&mut self, task: &Leased, is_alone: bool) {
        let until = self.steady + LEASE_MS;
        let job = self.job(task.lease.id);
        job.attempt += 1;
        (job.state, job.at, job.token) = (State::Running, until, Some(task.lease.token));
        assert_eq!(
            (task.attempt, task.snoozes, task.is_alone),
            (job.attempt, job.snoozes, is_alone)
        );
        self.leases.push(task.lease);
    }

    /// Follows a claim, and refuses what no engine may do.
    fn claim(&mut self, worker: usize, max: usize, is_idle: bool, claimed: &queue::Claimed) {
        if self.queue_paused {
            assert!(claimed.tasks.is_empty() && !claimed.drain, "the queue is paused");
            return;
        }
        if let Some(alone) = self.first_alone().cloned() {
            let reserved = self.reserved.filter(|(_, until)| self.steady < *until);
            let is_ours = reserved.is_none_or(|(by, _)| by == worker);
            if is_ours && is_idle {
                assert_eq!(claimed.tasks.len(), 1, "nothing runs beside it");
                assert_eq!(claimed.tasks[0].lease.id, alone.id);
                self.reserved = None;
                self.begin(&claimed.tasks[0], true);
                return;
            }
            let is_patient = self.wall - alone.at < ALONE_PATIENCE_MS;
            if is_ours && (reserved.is_some() || !is_patient) {
                assert!(claimed.drain && claimed.tasks.is_empty(), "it is to become idle");
                self.reserved = Some((worker, self.steady + LEASE_MS));
                return;
            }
        }
        assert!(!claimed.drain, "nothing has to run alone");
        let held =
            |model: &Self, of| model.jobs.iter().filter(|it| it.is_held && it.tenant == of).count();
        let held_before: Vec<usize> = (0..TENANTS).map(|of| held(self, of)).collect();
        let mut served: BTreeMap<u128, u32> = BTreeMap::new();
        for task in &claimed.tasks {
            let of = task.tenant.map_or(0, |it| it.uuid().as_u128());
            self.put_aside_first(of);
            assert!(0 < self.room(of), "no more of tenant {of} may begin");
            let first = self.line(of).first().map(|job| job.id);
            assert_eq!(first, Some(task.lease.id), "it is not the first of its line");
            self.begin(task, false);
            *served.entry(of).or_default() += 1;
        }
        // Whoever has jobs left that could have begun was served as often as any other, but for one.
        let most = served.values().copied().max().unwrap_or(0);
        for of in 0..TENANTS {
            if claimed.tasks.len() < max {
                self.put_aside_first(of);
            }
            let could = self.line(of).iter().any(|job| self.name_paused != Some(job.name));
            if 0 < self.room(of) && could {
                assert_eq!(claimed.tasks.len(), max, "tenant {of} was left waiting");
                // To put a job aside is a turn as well, whether or not it was this line's to do so yet.
                let first = self.line(of).first().map(|job| job.name);
                if first.is_some() && first == self.name_paused {
                    continue;
                }
                let place = usize::try_from(of).unwrap();
                let put_aside = held(self, of) - held_before[place];
                let turns = u32::try_from(put_aside).unwrap();
                let own = served.get(&of).copied().unwrap_or(0) + turns;
                assert!(most <= own + 1, "tenant {of} was served {own} times, another one {most}");
            }
        }
    }

    fn settle(&mut self, lease: Lease, verdict: &Verdict) -> Settled {
        let wall = self.wall;
        let Some(job) = self.jobs.iter().find(|job| job.id == lease.id).cloned() else {
            return Settled::Lost;
        };
        if job.state != State::Running || job.token != Some(lease.token) {
            return Settled::Lost;
        }
        let stops = job.is_cancelling;
        match verdict {
            Verdict::Completed => self.end(job.id, State::Completed),
            Verdict::Dead { .. } => self.end(job.id, State::Dead),
            _ if stops => self.end(job.id, State::Cancelled),
            Verdict::Cancelled => self.end(job.id, State::Cancelled),
            Verdict::Retry { after, .. } | Verdict::Snooze { after } => {
                let is_snooze = matches!(verdict, Verdict::Snooze { .. });
                let at = wall + i64::try_from(after.as_millis()).unwrap();
                let it = self.job(job.id);
                (it.state, it.at, it.turn) = (State::Scheduled, at, turn(at, it.priority));
                (it.token, it.is_alone, it.rescues) = (None, false, 0);
                if is_snooze {
                    it.attempt -= 1;
                    it.snoozes += 1;
                }
            }
            Verdict::Released => {
                self.job(job.id).attempt -= 1;
                self.ready(job.id, job.turn);
            }
        }
        Settled::Written
    }

    fn extend(&mut self, lease: Lease) -> Beat {
        let until = self.steady + LEASE_MS;
        let holds = |job: &&mut Job| job.id == lease.id && job.token == Some(lease.token);
        match self.jobs.iter_mut().find(holds) {
            Some(job) => {
                job.at = until;
                if job.is_cancelling { Beat::Cancel } else { Beat::Held }
            }
            None => Beat::Lost,
        }
    }

    fn tend(&mut self) {
        let (wall, steady) = (self.wall, self.steady);
        for job in self.jobs.clone() {
            let is_held_no_more = job.is_held && self.name_paused != Some(job.name);
            match job.state {
                State::Scheduled if job.at <= wall => {
                    self.ready(job.id, turn(job.at, job.priority))
                }
                State::Running if job.at <= steady => self.rescue(&job),
                State::Ready if is_held_no_more => self.ready(job.id, job.turn),
                _ => {}
            }
        }
        self.keys.retain(|_, (_, until)| until.is_none_or(|until| wall < until));
    }

    fn rescue(&mut self, job: &Job) {
        if job.is_cancelling {
            self.end(job.id, State::Cancelled);
            return;
        }
        let it = self.job(job.id);
        it.attempt -= 1;
        it.rescues += 1;
        let rescues = it.rescues;
        if RESCUES_TOGETHER_MAX + RESCUES_ALONE_MAX < rescues {
            self.end(job.id, State::Dead);
        } else {
            self.ready(job.id, job.turn);
            self.job(job.id).is_alone = RESCUES_TOGETHER_MAX < rescues;
        }
    }

    fn cancel(&mut self, id: JobId) -> CancelOutcome {
        match self.job(id).state {
            State::Running => {
                self.job(id).is_cancelling = true;
                CancelOutcome::Requested
            }
            state if state.is_end() => CancelOutcome::Ended,
            _ => {
                self.end(id, State::Cancelled);
                CancelOutcome::Cancelled
            }
        }
    }

    fn retry(&mut self, id: JobId) -> Replayed {
        let (job, wall) = (self.job(id).clone(), self.wall);
        match job.state {
            State::Scheduled => {}
            State::Dead | State::Cancelled => {
                if let Some((key, false)) = job.key {
                    let holder = self.hold(job.tenant, key, id, None);
                    if holder != id {
                        return Replayed::Duplicate(holder);
                    }
                }
                let it = self.job(id);
                (it.attempt, it.rescues, it.snoozes) = (0, 0, 0);
            }
            _ => return Replayed::NotWaiting,
        }
        self.ready(id, turn(wall, job.priority));
        Replayed::Ready
    }

    /// In what order dead jobs come back is the engine's; which of them did is seen from their state.
    fn replayed(&mut self, back: &[JobId], count: usize, max: usize) {
        assert_eq!(back.len(), count);
        assert!(count <= max);
        for id in back {
            assert_eq!(self.job(*id).state, State::Dead);
            assert_eq!(self.retry(*id), Replayed::Ready);
        }
    }
}
