//! How well the promise of 21 days is kept: the figure that a tenant is shown, and an alert
//! watches.

use crate::engagement::ClockStanding;
use crate::money::{BasisPoints, share};

/// How many clocks stand where: the compliance of one tenant at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ComplianceCount {
    /// Touched within the deadline, due or not.
    pub in_time: u64,
    /// Past the deadline.
    pub overdue: u64,
    /// Never touched.
    pub never_touched: u64,
    /// Not to be disturbed now.
    pub paused: u64,
    /// Without a way to reach them, such as an address that bounced.
    pub unreachable: u64,
}

impl ComplianceCount {
    /// Counts one clock; whoever cannot be reached counts as that and as nothing else.
    pub fn record(&mut self, standing: ClockStanding, reachable: bool) {
        let count = match standing {
            _ if !reachable => &mut self.unreachable,
            ClockStanding::Fresh { .. } | ClockStanding::Due { .. } => &mut self.in_time,
            ClockStanding::Overdue { .. } => &mut self.overdue,
            ClockStanding::NeverTouched => &mut self.never_touched,
            ClockStanding::Paused { .. } => &mut self.paused,
        };
        *count = count.saturating_add(1);
    }

    /// The share of clocks in time among those that could be: in time, overdue and never touched.
    ///
    /// The paused and the unreachable are left out, because no work of ours could bring them in
    /// time. Without any clock to keep, all are kept: the rate is the whole.
    pub fn rate(&self) -> BasisPoints {
        let kept_or_missed =
            self.in_time.saturating_add(self.overdue).saturating_add(self.never_touched);
        share(self.in_time, kept_or_missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn the_rate_leaves_out_whom_nobody_could_touch() {
        let due = Timestamp::UNIX_EPOCH;
        let mut count = ComplianceCount::default();
        for _ in 0..3 {
            count.record(ClockStanding::Fresh { due }, true);
        }
        assert_eq!(count.rate(), BasisPoints::WHOLE);
        count.record(ClockStanding::Due { since: due }, true);
        count.record(ClockStanding::Overdue { days_overdue: 4 }, true);
        count.record(ClockStanding::NeverTouched, true);
        count.record(ClockStanding::NeverTouched, false);
        count.record(ClockStanding::Paused { until: due }, true);
        let expected =
            ComplianceCount { in_time: 4, overdue: 1, never_touched: 1, paused: 1, unreachable: 1 };
        assert_eq!(count, expected);
        assert_eq!(count.rate(), BasisPoints(6_667));
        assert_eq!(ComplianceCount::default().rate(), BasisPoints::WHOLE);
    }
}
