//! What all parts of an engine share, and what they say to a queue.

use std::{sync::Arc, time::Duration};

use jobs::{Clock, Queue};

use super::{
    answer::{Answer, strange, text},
    keys::Keys,
    link::Link,
    record::{self, Number, id_of, line_of, of_token},
    script::{BRING, Call, ENQUEUE, EXTEND, SETTLE, Stored, TEND, Times},
};
use crate::{
    Beat, Enqueued, Filter, Lease, NewTask, QueueResult, Retention, Settlement, Tended, Time,
    Verdict,
    check::{millis, shortened},
    measure,
};

/// A lease by where it stands among those of a call, and its token as the scripts know it.
pub(super) struct Held {
    pub at: usize,
    pub token: Number,
}

/// What all parts of an engine share.
pub(super) struct Set {
    pub link: Arc<Link>,
    pub keys: Keys,
    pub retention: Retention,
    pub together_min: usize,
    pub clock: Arc<dyn Clock>,
    pub times: Option<Arc<dyn Time>>,
}

impl Set {
    pub fn times(&self) -> Times {
        match &self.times {
            Some(times) => Times::set(times.wall_ms(), times.steady_ms()),
            None => Times::default(),
        }
    }

    pub fn call(&self, script: &'static Stored, queue: Queue) -> Call {
        Call::new(script, self.keys.of(queue), &self.times())
    }

    pub fn now_ms(&self) -> i64 {
        match &self.times {
            Some(times) => times.wall_ms(),
            None => self.clock.now().timestamp_millis(),
        }
    }

    pub fn place(&self) -> &str {
        self.link.place()
    }

    /// Leases by queue; those that no engine of this kind gave are left out.
    pub fn by_queue<'l>(leases: impl Iterator<Item = &'l Lease>) -> Vec<(Queue, Vec<Held>)> {
        let mut all: Vec<(Queue, Vec<Held>)> = Vec::new();
        for (at, lease) in leases.enumerate() {
            let Some((queue, token)) = of_token(lease.token) else { continue };
            let held = Held { at, token };
            match all.iter_mut().find(|(it, _)| *it == queue) {
                Some((_, of_queue)) => of_queue.push(held),
                None => all.push((queue, vec![held])),
            }
        }
        all
    }

    pub fn extend_call(
        &self,
        queue: Queue,
        leases: &[Lease],
        held: &[Held],
        lease: Duration,
    ) -> Call {
        let mut call = self.call(&EXTEND, queue);
        call.number(millis(lease));
        for it in held {
            call.arg(leases[it.at].id.uuid().as_bytes()).arg(it.token.bytes);
        }
        call
    }

    pub fn read_beats(letters: &str, held: &[Held], beats: &mut [Beat]) {
        for (it, letter) in held.iter().zip(letters.chars()) {
            beats[it.at] = match letter {
                'h' => Beat::Held,
                'c' => Beat::Cancel,
                _ => Beat::Lost,
            };
        }
    }

    pub async fn enqueue(&self, queue: Queue, tasks: &[NewTask]) -> QueueResult<Vec<Enqueued>> {
        let (now_ms, count) = (self.now_ms(), tasks.len());
        let size = tasks.iter().map(|task| task.body.len() + 96).sum();
        let key = self.keys.of(queue);
        let mut call = Call::with_capacity(&ENQUEUE, key, &self.times(), 2 * count, size);
        call.number(count);
        for task in tasks {
            call.arg(task.id.uuid().as_bytes()).arg(record::write(task, now_ms));
        }
        for (place, task) in (1_u32..).zip(tasks) {
            if let Some(at) = task.run_at {
                call.number(place).number(at.timestamp_millis());
            }
        }
        let mut duplicates = Answer::of(self.place(), self.link.call(&call).await?)?;
        let mut kept: Vec<_> = tasks.iter().map(|task| Enqueued::New(task.id)).collect();
        while !duplicates.is_over() {
            let at = usize::try_from(duplicates.count()?).unwrap_or(0);
            let holder = id_of(&duplicates.some_bytes()?).ok_or_else(|| strange(self.place()))?;
            let place = at.checked_sub(1).and_then(|at| kept.get_mut(at));
            *place.ok_or_else(|| strange(self.place()))? = Enqueued::Duplicate(holder);
        }
        Ok(kept)
    }

    /// Settles; says for each of those that are held whether it is written down.
    pub async fn settle(
        &self,
        queue: Queue,
        settlements: &[Settlement],
        held: Vec<Held>,
    ) -> QueueResult<Vec<(usize, bool)>> {
        let times = self.times();
        let (key, count) = (self.keys.of(queue), held.len());
        let (mut done_together, apart): (Vec<Held>, Vec<Held>) = held.into_iter().partition(|it| {
            it.token.is_together && settlements[it.at].verdict == Verdict::Completed
        });
        done_together.sort_by_key(|it| (it.token.bytes, settlements[it.at].lease.id));
        // What is said twice in one call is written down once.
        done_together.dedup_by_key(|it| settlements[it.at].lease);
        let claims: Vec<&[Held]> = done_together.chunk_by(|a, b| a.token == b.token).collect();
        let mut call = Call::with_capacity(&SETTLE, key, &times, 3 * count, 40 * count);
        call.number(self.retention.completed_max).number(claims.len());
        for claim in claims {
            let ids: Vec<u8> = claim
                .iter()
                .flat_map(|it| settlements[it.at].lease.id.uuid().into_bytes())
                .collect();
            call.arg(claim[0].token.bytes).arg(&ids);
        }
        for it in &apart {
            let settlement = &settlements[it.at];
            call.arg(settlement.lease.id.uuid().as_bytes()).arg(it.token.bytes);
            match &settlement.verdict {
                Verdict::Completed => call.arg(b"c"),
                Verdict::Retry { after, error } => {
                    call.arg(format!("r{}\n{}", millis(*after), shortened(error)))
                }
                Verdict::Snooze { after } => call.arg(format!("s{}", millis(*after))),
                Verdict::Dead { error } => call.arg(format!("d{}", shortened(error))),
                Verdict::Cancelled => call.arg(b"x"),
                Verdict::Released => call.arg(b"l"),
            };
        }
        let letters = text(self.place(), self.link.call(&call).await?)?;
        let all = done_together.iter().chain(&apart).map(|it| it.at);
        Ok(all.zip(letters.chars().map(|letter| letter == 'w')).collect())
    }

    /// Tends a queue once; says also in how many milliseconds something is due there.
    pub async fn tend(&self, queue: Queue) -> QueueResult<(Tended, Option<Duration>)> {
        let mut call = self.call(&TEND, queue);
        let kept = self.retention;
        call.number(millis(kept.completed_age)).number(kept.completed_max);
        call.number(millis(kept.dead_age)).number(kept.dead_max);
        let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
        let mut count =
            || -> QueueResult<usize> { Ok(usize::try_from(answer.count()?).unwrap_or(0)) };
        let (promoted, rescued, poisoned, pruned) = (count()?, count()?, count()?, count()?);
        let has_more = count()? == 1;
        let due_in = u64::try_from(answer.number()?).ok().map(Duration::from_millis);
        measure::rescued(queue, rescued + poisoned);
        Ok((Tended { promoted, rescued, poisoned, pruned, has_more }, due_in))
    }

    /// Goes through dead jobs in bounded steps.
    pub async fn go_through(&self, what: &str, filter: &Filter, max: usize) -> QueueResult<usize> {
        let mut done = 0;
        for queue in Queue::ALL.into_iter().filter(|it| filter.queue.is_none_or(|of| of == *it)) {
            let mut skip = 0;
            for _ in 0..STEPS_MAX {
                if max <= done {
                    return Ok(done);
                }
                let mut call = self.call(&BRING, queue);
                call.arg(what);
                match filter.tenant {
                    Some(tenant) => call.arg(line_of(Some(tenant))),
                    None => call.arg(b""),
                };
                call.arg(filter.name.as_deref().unwrap_or_default())
                    .number(max - done)
                    .number(skip);
                let mut answer = Answer::of(self.place(), self.link.call(&call).await?)?;
                done += usize::try_from(answer.count()?).unwrap_or(0);
                skip = answer.count()?;
                if answer.count()? == 1 {
                    break;
                }
            }
        }
        Ok(done)
    }
}

/// Steps in which dead jobs are gone through: more than are ever kept.
const STEPS_MAX: usize = 1_000;
