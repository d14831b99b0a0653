//! The engine and its model, driven by the same random operations.

use std::{collections::BTreeMap, time::Duration};

use jobs::{JobId, Queue, Unique};
use proptest::prelude::*;
use queue::{Filter, LineLimits, Pause, State, Verdict};

use super::{Job, Model, TENANTS, WINDOW_MS, turn};
use crate::kit::{Kit, LEASE, Wish, dead, retry, tenant, wish};

const NAMES: [&str; 3] = ["work", "play", "rest"];
const KEYS: [&str; 2] = ["a", "b"];
const WORKERS: [&str; 2] = ["here", "there"];

/// Something that is done to an engine. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Op {
    Enqueue {
        tenant: u128,
        name: usize,
        priority: u8,
        after_ms: Option<i64>,
        key: Option<(usize, bool)>,
    },
    Claim {
        worker: usize,
        max: usize,
        is_idle: bool,
    },
    Settle {
        which: usize,
        how: usize,
    },
    Extend {
        which: usize,
    },
    Pass {
        ms: i64,
    },
    StepWall {
        ms: i64,
    },
    Tend,
    Cancel {
        which: usize,
    },
    Retry {
        which: usize,
    },
    Replay {
        max: usize,
    },
    Pause {
        queue: bool,
        name: usize,
        tenant: u128,
    },
    Limit {
        tenant: u128,
        running_max: Option<u32>,
    },
    Park {
        tenant: u128,
        ms: i64,
    },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let key = prop::option::weighted(0.3, (0..KEYS.len(), any::<bool>()));
    let enqueue =
        (0..TENANTS, 0..NAMES.len(), 0..10_u8, prop::option::weighted(0.2, 1..30_000_i64), key);
    prop_oneof![
        8 => enqueue.prop_map(|(tenant, name, priority, after_ms, key)| {
            Op::Enqueue { tenant, name, priority, after_ms, key }
        }),
        8 => (0..WORKERS.len(), 1..6_usize, any::<bool>())
            .prop_map(|(worker, max, is_idle)| Op::Claim { worker, max, is_idle }),
        6 => (any::<usize>(), 0..6_usize).prop_map(|(which, how)| Op::Settle { which, how }),
        2 => any::<usize>().prop_map(|which| Op::Extend { which }),
        5 => prop_oneof![1..2_000_i64, 10_000..40_000_i64].prop_map(|ms| Op::Pass { ms }),
        1 => (-60_000..60_000_i64).prop_map(|ms| Op::StepWall { ms }),
        6 => Just(Op::Tend),
        2 => any::<usize>().prop_map(|which| Op::Cancel { which }),
        2 => any::<usize>().prop_map(|which| Op::Retry { which }),
        1 => (0..4_usize).prop_map(|max| Op::Replay { max }),
        1 => (prop::bool::weighted(0.2), 0..=NAMES.len(), 0..=TENANTS)
            .prop_map(|(queue, name, tenant)| Op::Pause { queue, name, tenant }),
        1 => (0..TENANTS, prop::option::of(1..4_u32))
            .prop_map(|(tenant, running_max)| Op::Limit { tenant, running_max }),
        1 => (0..TENANTS, 1..30_000_i64).prop_map(|(tenant, ms)| Op::Park { tenant, ms }),
        1 => Just(Op::Reopen),
    ]
}

/// An engine and its model, side by side.
struct Pair {
    kit: Kit,
    model: Model,
}

impl Pair {
    async fn apply(&mut self, op: &Op) {
        match op {
            Op::Enqueue { .. } => self.enqueue(op).await,
            Op::Claim { worker, max, is_idle } => {
                let claimed = self.kit.claim_as(WORKERS[*worker], *max, *is_idle).await;
                self.model.claim(*worker, *max, *is_idle, &claimed);
            }
            Op::Settle { which, how } => {
                let Some(lease) = chosen(&self.model.leases, *which) else { return };
                let after = Duration::from_secs(5);
                let verdict = match how {
                    0 => dead(),
                    1 => retry(5_000),
                    2 => Verdict::Snooze { after },
                    3 => Verdict::Released,
                    4 => Verdict::Cancelled,
                    _ => Verdict::Completed,
                };
                let settled = self.kit.settle(lease, verdict.clone()).await;
                assert_eq!(settled, self.model.settle(lease, &verdict));
            }
            Op::Extend { which } => {
                let Some(lease) = chosen(&self.model.leases, *which) else { return };
                let beats = self.kit.engine().extend(vec![lease], LEASE).await.unwrap();
                assert_eq!(beats, [self.model.extend(lease)]);
            }
            Op::Pass { ms } => {
                self.kit.pass(*ms);
                self.model.wall += ms;
                self.model.steady += ms;
            }
            Op::StepWall { ms } => {
                self.kit.step_wall(*ms);
                self.model.wall += ms;
            }
            Op::Tend => {
                self.kit.engine().tend().await.unwrap();
                self.model.tend();
            }
            Op::Reopen => {
                self.kit.reopen();
                if !self.kit.remembers_reservations() {
                    // Who was to become idle is not written down: it is asked again.
                    self.model.reserved = None;
                }
            }
            Op::Cancel { .. } | Op::Retry { .. } | Op::Replay { .. } => self.bring(op).await,
            Op::Pause { .. } | Op::Limit { .. } | Op::Park { .. } => self.control(op).await,
        }
    }

    async fn enqueue(&mut self, op: &Op) {
        let Op::Enqueue { tenant, name, priority, after_ms, key } = op else { return };
        let unique = key.map(|(key, is_windowed)| {
            let window = Duration::from_millis(u64::try_from(WINDOW_MS).unwrap());
            if is_windowed {
                Unique::within(KEYS[key], window).unwrap()
            } else {
                Unique::while_pending(KEYS[key]).unwrap()
            }
        });
        let task = self.kit.task(&Wish {
            tenant: (*tenant != 0).then_some(*tenant),
            name: NAMES[*name],
            priority: *priority,
            after_ms: *after_ms,
            unique,
            ..wish()
        });
        let at = self.model.wall + after_ms.unwrap_or(0);
        let job = Job {
            id: task.id,
            tenant: *tenant,
            name: NAMES[*name],
            priority: *priority,
            state: if after_ms.is_some() { State::Scheduled } else { State::Ready },
            at,
            turn: turn(at, *priority),
            attempt: 0,
            rescues: 0,
            snoozes: 0,
            token: None,
            is_alone: false,
            is_held: false,
            is_cancelling: false,
            key: *key,
        };
        let kept = self.kit.engine().enqueue(vec![task]).await.unwrap();
        assert_eq!(kept, [self.model.enqueue(job)]);
    }

    async fn bring(&mut self, op: &Op) {
        let ids: Vec<JobId> = self.model.jobs.iter().map(|job| job.id).collect();
        let engine = self.kit.engine();
        match op {
            Op::Cancel { which } => {
                let Some(id) = chosen(&ids, *which) else { return };
                assert_eq!(engine.cancel(id).await.unwrap(), self.model.cancel(id));
            }
            Op::Retry { which } => {
                let Some(id) = chosen(&ids, *which) else { return };
                assert_eq!(engine.retry(id).await.unwrap(), self.model.retry(id));
            }
            Op::Replay { max } => {
                let were_dead = self.model.jobs.iter().filter(|job| job.state == State::Dead);
                let were_dead: Vec<JobId> = were_dead.map(|job| job.id).collect();
                let count = engine.replay(Filter::default(), *max).await.unwrap();
                let mut back = Vec::new();
                for id in were_dead {
                    if self.kit.state(id).await != State::Dead {
                        back.push(id);
                    }
                }
                self.model.replayed(&back, count, *max);
            }
            _ => {}
        }
    }

    async fn control(&mut self, op: &Op) {
        let (kit, model) = (&self.kit, &mut self.model);
        let id = |number: u128| (number != 0).then(|| tenant(number));
        match op {
            Op::Pause { queue, name, tenant } => {
                model.queue_paused = *queue;
                model.name_paused = NAMES.get(*name).copied();
                model.tenant_paused = (0 < *tenant && *tenant < TENANTS).then_some(*tenant);
                let mut pauses = Vec::new();
                pauses.extend(queue.then_some(Pause::Queue(Queue::Agent)));
                pauses.extend(model.name_paused.map(|name| Pause::Name(name.to_owned())));
                pauses.extend(model.tenant_paused.and_then(id).map(Pause::Tenant));
                kit.engine().set_pauses(pauses).await.unwrap();
                // Which jobs were put aside is the engine's affair; those that may run again come back with tending.
                while kit.engine().tend().await.unwrap().has_more {}
                model.tend();
            }
            Op::Limit { tenant, running_max } => {
                match running_max {
                    Some(most) => model.running_max.insert(*tenant, *most),
                    None => model.running_max.remove(tenant),
                };
                let limits = LineLimits { running_max: *running_max, ..LineLimits::default() };
                kit.engine().set_limits(Queue::Agent, id(*tenant), Some(limits)).await.unwrap();
            }
            Op::Park { tenant, ms } => {
                let until = model.steady + ms;
                let parked = model.parked.entry(*tenant).or_default();
                *parked = (*parked).max(until);
                kit.engine().park(Queue::Agent, id(*tenant), kit.in_ms(*ms)).await.unwrap();
            }
            _ => {}
        }
    }

    /// What is seen of both is the same.
    async fn compare(&self) {
        let mut counts: BTreeMap<State, u64> = BTreeMap::new();
        for job in &self.model.jobs {
            let found = self.kit.found(job.id).await;
            let seen =
                (found.state, found.attempt, found.rescues, found.snoozes, found.is_cancelling);
            let known = (job.state, job.attempt, job.rescues, job.snoozes, job.is_cancelling);
            assert_eq!(seen, known, "of {job:?}");
            *counts.entry(job.state).or_default() += 1;
        }
        let stats = self.kit.engine().stats(Queue::Agent).await.unwrap();
        assert_eq!(stats.counts, counts);
    }
}

fn chosen<T: Copy>(from: &[T], which: usize) -> Option<T> {
    if from.is_empty() { None } else { from.get(which % from.len()).copied() }
}

async fn drive(kit: Kit, ops: &[Op]) {
    let now = kit.now().timestamp_millis();
    let model = Model { wall: now, steady: now, ..Model::default() };
    let mut pair = Pair { kit, model };
    for op in ops {
        pair.apply(op).await;
        pair.compare().await;
    }
}

fn run(kit: Kit, ops: &[Op]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(drive(kit, ops));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_engine_equals_a_plain_model_whatever_is_done(ops in prop::collection::vec(op(), 1..80)) {
        run(Kit::embedded(), &ops);
    }

    #[test]
    fn the_fleets_engine_equals_it_where_each_job_has_a_lease_of_its_own(
        ops in prop::collection::vec(op(), 1..80),
    ) {
        let mut kit = Kit::fleet();
        kit.together_min = queue::fleet::TOGETHER_MIN;
        kit.reopen();
        run(kit, &ops);
    }

    #[test]
    fn the_fleets_engine_equals_the_same_model(ops in prop::collection::vec(op(), 1..80)) {
        run(Kit::fleet(), &ops);
    }
}
