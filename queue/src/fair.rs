//! Whose turn it is: each tenant has its own line, and the lines of a queue are served in turn.
//!
//! What lives here: the turns (weighted deficit round robin, where each job costs one), limits on what runs and how
//! often, and lines that rest. Everything is counts in memory; a step costs the same however many lines there are.
//! What does not: which job of a line comes next, and where jobs are kept.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::{QueueError, QueueResult};

/// Whose line: a tenant's id, or zero for the house's own.
pub(crate) type LineKey = u128;

/// Most jobs that a line may be served in one turn.
const WEIGHT_MAX: u32 = 100;
/// A token, in the unit in which a bucket fills: a rate per minute adds itself to it each millisecond.
pub(crate) const TOKEN: i64 = 60_000;
/// Highest rate, per minute, and largest burst: far from any overflow.
const RATE_MAX: u32 = 1_000_000;

/// Tickets beyond two for each line that lie about before they are looked through.
const STALE_TICKETS_MAX: usize = 64;

/// How a line is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLimits {
    /// Jobs of one turn.
    pub weight: u32,
    /// Jobs that may run at once.
    pub running_max: Option<u32>,
    /// Jobs that may begin in a minute, and how many of them at once.
    pub rate: Option<(u32, u32)>,
}

impl Default for LineLimits {
    fn default() -> Self {
        Self { weight: 1, running_max: None, rate: None }
    }
}

impl LineLimits {
    /// Refuses limits under which nothing could ever run, or numbers that mean none.
    pub(crate) fn check(&self) -> QueueResult<()> {
        if !(1..=WEIGHT_MAX).contains(&self.weight) {
            let problem = format!("{} is not between 1 and {WEIGHT_MAX}", self.weight);
            return Err(QueueError::invalid("weight", problem));
        }
        if self.running_max == Some(0) {
            return Err(QueueError::invalid("running_max", "0 lets nothing run; pause the tenant"));
        }
        if let Some((per_minute, burst)) = self.rate
            && !((1..=RATE_MAX).contains(&per_minute) && (1..=RATE_MAX).contains(&burst))
        {
            let problem = format!("{per_minute} a minute, {burst} at once: give 1 to {RATE_MAX}");
            return Err(QueueError::invalid("rate", problem));
        }
        Ok(())
    }
}

/// Where a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It has nothing to serve.
    Out,
    /// It waits for its turn, with this ticket.
    InTurn(u64),
    /// It rests until then, in milliseconds.
    Resting(i64),
    /// As much of it runs as may.
    Full,
    /// It is paused.
    Paused,
}

#[derive(Clone, Debug)]
struct Line {
    waiting: u64,
    running: u64,
    credit: u32,
    place: Place,
    limits: LineLimits,
    /// What the bucket holds, and when that was so, in milliseconds.
    bucket: Option<(i64, i64)>,
    parked_until: i64,
}

impl Line {
    fn new() -> Self {
        Self {
            waiting: 0,
            running: 0,
            credit: 0,
            place: Place::Out,
            limits: LineLimits::default(),
            bucket: None,
            parked_until: 0,
        }
    }

    fn is_forgettable(&self, now: i64) -> bool {
        self.waiting == 0
            && self.running == 0
            && self.limits == LineLimits::default()
            && self.parked_until <= now
    }

    /// How many jobs may begin now, and until when the line rests if none.
    fn room(&mut self, now: i64) -> Result<u64, Place> {
        if now < self.parked_until {
            return Err(Place::Resting(self.parked_until));
        }
        let room = match self.limits.running_max {
            Some(most) if u64::from(most) <= self.running => return Err(Place::Full),
            Some(most) => u64::from(most) - self.running,
            None => u64::MAX,
        };
        let Some((per_minute, burst)) = self.limits.rate else { return Ok(room) };
        let (rate, most) = (i64::from(per_minute), i64::from(burst) * TOKEN);
        let (held, at) = self.bucket.unwrap_or((most, now));
        // Time does not go back; if it ever did, that would fill nothing and take nothing away.
        let gained = (now - at).max(0).saturating_mul(rate);
        let held = held.saturating_add(gained).min(most);
        self.bucket = Some((held, now));
        if held < TOKEN {
            let wait = (TOKEN - held + rate - 1) / rate;
            return Err(Place::Resting(now + wait));
        }
        Ok(room.min(u64::try_from(held / TOKEN).unwrap_or(0)))
    }

    fn begin(&mut self, count: u64) {
        self.waiting -= count;
        self.running += count;
        self.spend(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn spend(&mut self, tokens: i64) {
        if let Some((held, _)) = &mut self.bucket {
            *held = held.saturating_sub(tokens.saturating_mul(TOKEN));
        }
    }
}

/// The lines of one queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    lines: HashMap<LineKey, Line>,
    /// Tickets that no line has any more are passed over.
    turns: VecDeque<(u64, LineKey)>,
    tickets: u64,
    resting: BTreeSet<(i64, LineKey)>,
    paused: HashSet<LineKey>,
    /// Lines with something to serve.
    waiting: u64,
}

impl Lines {
    /// Lines with jobs that wait.
    pub fn count(&self) -> u64 {
        self.waiting
    }

    /// Jobs join a line.
    pub fn join(&mut self, key: LineKey, count: u64) {
        if count == 0 {
            return;
        }
        let line = self.lines.entry(key).or_insert_with(Line::new);
        self.waiting += u64::from(line.waiting == 0);
        line.waiting += count;
        if line.place == Place::Out {
            self.enter(key);
        }
    }

    /// Jobs leave a line without being served.
    pub fn leave(&mut self, key: LineKey, count: u64) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        if line.waiting == 0 || count == 0 {
            return;
        }
        line.waiting = line.waiting.saturating_sub(count);
        if line.waiting == 0 {
            self.waiting -= 1;
            self.withdraw(key);
        }
    }

    /// A job of a line runs that was not served by its turn: one that was found running, or had to run alone.
    pub fn started(&mut self, key: LineKey) {
        self.lines.entry(key).or_insert_with(Line::new).running += 1;
    }

    /// Whether a line's limits let one more of its jobs begin now.
    pub fn has_room(&mut self, key: LineKey, now: i64) -> bool {
        self.lines.get_mut(&key).is_none_or(|line| line.room(now).is_ok())
    }

    /// A job of a line begins that did not wait in it, and counts like one that did.
    pub fn begin_beside(&mut self, key: LineKey, now: i64) {
        self.started(key);
        if let Some(line) = self.lines.get_mut(&key)
            && line.limits.rate.is_some()
        {
            // Looked at first, so that the bucket is filled up to now.
            let _room = line.room(now);
            line.spend(1);
        }
    }

    /// A job that had its turn did not begin after all.
    pub fn give_back_token(&mut self, key: LineKey) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.spend(-1);
        }
    }

    /// A job of a line runs no more; says whether the line takes its turn again because of that.
    pub fn ended(&mut self, key: LineKey, now: i64) -> bool {
        let Some(line) = self.lines.get_mut(&key) else { return false };
        line.running = line.running.saturating_sub(1);
        let was_full = line.place == Place::Full;
        if was_full {
            line.place = Place::Out;
            self.enter(key);
        }
        self.forget(key, now);
        was_full
    }

    /// Whose jobs are to be handed out next, one entry for each, and counts them as running.
    pub fn serve(&mut self, max: usize, now: i64) -> Vec<LineKey> {
        self.wake(now);
        let mut served = Vec::new();
        while served.len() < max {
            let Some((ticket, key)) = self.turns.front().copied() else { break };
            let line = self.lines.get_mut(&key);
            let Some(line) = line.filter(|it| it.place == Place::InTurn(ticket)) else {
                self.turns.pop_front();
                continue;
            };
            let room = match line.room(now) {
                Ok(room) if !self.paused.contains(&key) => room,
                resting => {
                    self.turns.pop_front();
                    self.step_aside(key, resting.err().unwrap_or(Place::Paused));
                    continue;
                }
            };
            if line.credit == 0 {
                line.credit = line.limits.weight;
            }
            let left = u64::try_from(max - served.len()).unwrap_or(u64::MAX);
            let count = u64::from(line.credit).min(line.waiting).min(left).min(room);
            line.begin(count);
            line.credit -= u32::try_from(count).unwrap_or(line.credit);
            served.extend((0..count).map(|_| key));
            if line.waiting == 0 {
                (line.credit, line.place) = (0, Place::Out);
                self.waiting -= 1;
                self.turns.pop_front();
            } else if line.credit == 0 {
                self.turns.rotate_left(1);
            }
        }
        served
    }

    /// When the first of the resting lines goes on, in milliseconds.
    pub fn next_wake(&self) -> Option<i64> {
        self.resting.first().map(|(at, _)| *at)
    }

    /// Lines whose rest is over take their turn again; says whether there were any.
    pub fn wake(&mut self, now: i64) -> bool {
        let mut any = false;
        while let Some((at, key)) = self.resting.first().copied().filter(|(at, _)| *at <= now) {
            self.resting.remove(&(at, key));
            if let Some(line) = self.lines.get_mut(&key) {
                line.place = Place::Out;
                self.enter(key);
                any = true;
            }
        }
        any
    }

    /// Nothing of a line is handed out until then.
    pub fn park(&mut self, key: LineKey, until: i64) {
        let line = self.lines.entry(key).or_insert_with(Line::new);
        line.parked_until = line.parked_until.max(until);
    }

    /// How a line is served from now on.
    pub fn limit(&mut self, key: LineKey, limits: LineLimits, now: i64) {
        let line = self.lines.entry(key).or_insert_with(Line::new);
        if line.limits.rate != limits.rate {
            line.bucket = None;
        }
        line.limits = limits;
        line.credit = line.credit.min(limits.weight);
        // It may have stood aside for a limit that is gone.
        if let Place::Resting(_) | Place::Full = line.place {
            self.withdraw(key);
            self.enter(key);
        }
        self.forget(key, now);
    }

    /// Which lines are paused from now on.
    pub fn set_paused(&mut self, paused: HashSet<LineKey>) {
        let mut freed: Vec<LineKey> = self.paused.difference(&paused).copied().collect();
        freed.sort_unstable();
        self.paused = paused;
        for key in freed {
            if let Some(line) = self.lines.get_mut(&key)
                && line.place == Place::Paused
            {
                line.place = Place::Out;
                self.enter(key);
            }
        }
    }

    /// The longest lines: key, waiting, running.
    pub fn longest(&self, max: usize) -> Vec<(LineKey, u64, u64)> {
        let mut all: Vec<_> =
            self.lines.iter().map(|(key, it)| (*key, it.waiting, it.running)).collect();
        all.retain(|(_, waiting, running)| 0 < waiting + running);
        all.sort_unstable_by_key(|(key, waiting, running)| {
            (std::cmp::Reverse(waiting + running), *key)
        });
        all.truncate(max);
        all
    }

    /// A line: waiting, running.
    pub fn load(&self, key: LineKey) -> (u64, u64) {
        self.lines.get(&key).map_or((0, 0), |line| (line.waiting, line.running))
    }

    fn enter(&mut self, key: LineKey) {
        if let Some(line) = self.lines.get_mut(&key)
            && 0 < line.waiting
            && line.place == Place::Out
        {
            self.tickets += 1;
            line.place = Place::InTurn(self.tickets);
            self.turns.push_back((self.tickets, key));
            self.drop_stale_tickets();
        }
    }

    /// A line that leaves and comes back takes another ticket; while nobody is served, the old ones would pile up.
    fn drop_stale_tickets(&mut self) {
        if self.turns.len() <= 2 * self.lines.len() + STALE_TICKETS_MAX {
            return;
        }
        let lines = &self.lines;
        self.turns.retain(|(ticket, key)| {
            lines.get(key).is_some_and(|line| line.place == Place::InTurn(*ticket))
        });
    }

    fn step_aside(&mut self, key: LineKey, place: Place) {
        if let Some(line) = self.lines.get_mut(&key) {
            (line.place, line.credit) = (place, 0);
        }
        if let Place::Resting(at) = place {
            self.resting.insert((at, key));
        }
    }

    /// Takes a line out of wherever it is.
    fn withdraw(&mut self, key: LineKey) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        if let Place::Resting(at) = line.place {
            self.resting.remove(&(at, key));
        }
        (line.place, line.credit) = (Place::Out, 0);
    }

    fn forget(&mut self, key: LineKey, now: i64) {
        if self.lines.get(&key).is_some_and(|line| line.is_forgettable(now)) {
            self.lines.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(waiting: &[(LineKey, u64)]) -> Lines {
        let mut lines = Lines::default();
        waiting.iter().for_each(|(key, count)| lines.join(*key, *count));
        lines
    }

    #[test]
    fn lines_take_turns_however_long_they_are() {
        let mut lines = lines(&[(1, 100_000), (2, 2), (3, 1)]);
        assert_eq!(lines.serve(6, 0), [1, 2, 3, 1, 2, 1]);
        assert_eq!((lines.serve(2, 0), lines.count()), (vec![1, 1], 1));
    }

    #[test]
    fn a_weight_is_kept_over_calls() {
        let mut lines = lines(&[(1, 10), (2, 10)]);
        lines.limit(1, LineLimits { weight: 3, ..LineLimits::default() }, 0);
        assert_eq!(lines.serve(2, 0), [1, 1]);
        assert_eq!(lines.serve(6, 0), [1, 2, 1, 1, 1, 2]);
    }

    #[test]
    fn a_line_that_runs_enough_stands_aside_until_one_ends() {
        let mut lines = lines(&[(1, 5), (2, 2)]);
        lines.limit(1, LineLimits { running_max: Some(2), ..LineLimits::default() }, 0);
        assert_eq!(lines.serve(9, 0), [1, 2, 1, 2]);
        assert_eq!(lines.serve(9, 0), []);
        lines.ended(1, 0);
        assert_eq!(lines.serve(9, 0), [1]);
    }

    #[test]
    fn a_rate_lets_a_burst_through_and_then_its_share() {
        let mut lines = lines(&[(1, 9)]);
        lines.limit(1, LineLimits { rate: Some((60, 2)), ..LineLimits::default() }, 0);
        assert_eq!(lines.serve(9, 5_000), [1, 1]);
        assert_eq!((lines.serve(9, 5_000).len(), lines.next_wake()), (0, Some(6_000)));
        assert_eq!(lines.serve(9, 5_999), []);
        assert_eq!(lines.serve(9, 6_000), [1]);
        assert_eq!(lines.serve(9, 3_000), [], "a clock that goes back fills no bucket");
        assert_eq!(lines.serve(9, 60_000), [1, 1], "and it holds no more than a burst");
    }

    #[test]
    fn a_parked_line_holds_nobody_up() {
        let mut lines = lines(&[(1, 2), (2, 2)]);
        lines.park(1, 1_000);
        assert_eq!((lines.serve(9, 0), lines.next_wake()), (vec![2, 2], Some(1_000)));
        assert!(!lines.wake(999) && lines.wake(1_000));
        assert_eq!(lines.serve(9, 1_000), [1, 1]);
    }

    #[test]
    fn a_paused_line_keeps_its_jobs_and_comes_back() {
        let mut lines = lines(&[(1, 2), (2, 1)]);
        lines.set_paused(HashSet::from([1]));
        assert_eq!(lines.serve(9, 0), [2]);
        lines.set_paused(HashSet::new());
        assert_eq!(lines.serve(9, 0), [1, 1]);
    }

    #[test]
    fn lines_that_come_and_go_while_nobody_is_served_take_no_room() {
        let mut lines = lines(&[(7, 1)]);
        for _ in 0..10_000 {
            lines.join(1, 1);
            lines.leave(1, 1);
        }
        lines.join(1, 1);
        assert!(lines.turns.len() < 200, "{}", lines.turns.len());
        assert_eq!(lines.serve(9, 0), [7, 1]);
    }

    #[test]
    fn what_begins_beside_its_line_counts_for_its_limits() {
        let mut lines = lines(&[(1, 9)]);
        let limits = LineLimits { rate: Some((60, 2)), running_max: Some(2), weight: 1 };
        lines.limit(1, limits, 0);
        assert!(lines.has_room(1, 0) && lines.has_room(2, 0), "a line that is not there is free");
        lines.begin_beside(1, 0);
        assert_eq!(lines.serve(9, 0), [1], "one of two that may run");
        assert!(!lines.has_room(1, 0), "neither may more run, nor has the bucket any left");
        lines.ended(1, 0);
        assert!(!lines.has_room(1, 0));
        lines.give_back_token(1);
        assert!(lines.has_room(1, 0));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut lines = lines(&[(1, 1), (2, 1)]);
        lines.leave(2, 1);
        assert_eq!(lines.serve(9, 0), [1]);
        lines.ended(1, 0);
        lines.ended(2, 0);
        assert!(
            lines.lines.is_empty() && lines.serve(1, 0).is_empty() && lines.turns.is_empty(),
            "{lines:?}"
        );
        assert_eq!(lines.count(), 0);
    }
}
