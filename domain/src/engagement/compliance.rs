//! Compliance items: remind an account in good time, and hand over to a person when the deadline is
//! due.

use crate::engagement::days_between;
use crate::named::named_enum;
use crate::time::Date;

/// A month is what an insurer or an authority takes to issue a certificate.
pub const REMIND_AHEAD_DAYS: i64 = 30;
/// A week between reminders: long enough to have acted, short enough not to be forgotten.
pub const REMINDER_GAP_DAYS: i64 = 7;
/// Four weekly reminders fill the month; after them the deadline itself is the next event.
pub const REMINDERS_MAX: i32 = 4;

named_enum! {
    /// Whether an account has handed in what is required of it.
    pub enum ComplianceStatus, "compliance status" {
        /// Not there.
        Missing = "missing",
        /// Asked for, not there.
        Requested = "requested",
        /// There.
        Received = "received",
        /// Not required of this account.
        Waived = "waived",
        /// Was there, and has run out: as good as missing.
        Expired = "expired",
    }
}

/// What is known of a compliance item; all dates are the tenant's local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComplianceFacts {
    /// The day on which it is due.
    pub due_on: Date,
    /// Whether it is there.
    pub status: ComplianceStatus,
    /// The last reminder that left.
    pub last_reminder_on: Option<Date>,
    /// How many reminders there were.
    pub reminders: i32,
}

/// What to do about a compliance item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplianceStep {
    /// Nothing today: too early, reminded a short while ago, or reminded often enough.
    NotYet {
        /// The day on which it is due.
        due_on: Date,
    },
    /// Remind the account.
    Remind {
        /// Days until it is due; at least 1.
        days_left: i64,
    },
    /// The deadline is due and the item is not there: this justifies a task for a person.
    Escalate {
        /// Days since it was due; 0 on the day itself.
        days_overdue: i64,
    },
    /// There, or not required.
    Settled,
}

/// The next step for a compliance item.
///
/// An expired document counts like a missing one: what has run out protects nobody.
pub fn compliance_step(item: &ComplianceFacts, today: Date) -> ComplianceStep {
    match item.status {
        ComplianceStatus::Received | ComplianceStatus::Waived => return ComplianceStep::Settled,
        ComplianceStatus::Missing | ComplianceStatus::Requested | ComplianceStatus::Expired => {}
    }
    let days_left = days_between(today, item.due_on);
    if days_left <= 0 {
        return ComplianceStep::Escalate { days_overdue: -days_left };
    }
    let is_too_soon =
        item.last_reminder_on.is_some_and(|last| days_between(last, today) < REMINDER_GAP_DAYS);
    if REMIND_AHEAD_DAYS < days_left || REMINDERS_MAX <= item.reminders || is_too_soon {
        return ComplianceStep::NotYet { due_on: item.due_on };
    }
    ComplianceStep::Remind { days_left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn missing() -> ComplianceFacts {
        ComplianceFacts {
            due_on: day("2026-12-31"),
            status: ComplianceStatus::Missing,
            last_reminder_on: None,
            reminders: 0,
        }
    }

    #[test]
    fn reminders_begin_a_month_ahead_and_end_at_the_deadline() {
        let not_yet = ComplianceStep::NotYet { due_on: day("2026-12-31") };
        let reminded = |on: &str, reminders: i32| ComplianceFacts {
            last_reminder_on: Some(day(on)),
            reminders,
            ..missing()
        };
        let table = [
            (missing(), "2026-11-30", not_yet),
            (missing(), "2026-12-01", ComplianceStep::Remind { days_left: 30 }),
            (reminded("2026-12-01", 1), "2026-12-07", not_yet),
            (reminded("2026-12-01", 1), "2026-12-08", ComplianceStep::Remind { days_left: 23 }),
            (reminded("2026-12-22", 4), "2026-12-30", not_yet),
            (missing(), "2026-12-30", ComplianceStep::Remind { days_left: 1 }),
            (reminded("2026-12-30", 1), "2026-12-31", ComplianceStep::Escalate { days_overdue: 0 }),
            (missing(), "2027-01-10", ComplianceStep::Escalate { days_overdue: 10 }),
        ];
        for (item, today, expected) in table {
            assert_eq!(compliance_step(&item, day(today)), expected, "{item:?} on {today}");
        }
    }

    #[test]
    fn only_what_is_there_or_waived_is_settled() {
        for status in ComplianceStatus::ALL {
            let item = ComplianceFacts { status: *status, ..missing() };
            let settled = matches!(status, ComplianceStatus::Received | ComplianceStatus::Waived);
            let late = compliance_step(&item, day("2027-01-01"));
            assert_eq!(late == ComplianceStep::Settled, settled, "{status}");
            assert_eq!(late == ComplianceStep::Escalate { days_overdue: 1 }, !settled, "{status}");
        }
    }

    proptest! {
        #[test]
        fn daily_cycles_remind_at_most_four_times_and_then_escalate(
            start_days_ahead in 0..120_u64,
            skipped in prop::collection::btree_set(0..130_u64, 0..60),
        ) {
            let mut item = missing();
            let first = item.due_on - Days::new(start_days_ahead);
            for ahead in (0..=start_days_ahead).filter(|ahead| !skipped.contains(ahead)) {
                let today = first + Days::new(ahead);
                match compliance_step(&item, today) {
                    ComplianceStep::Remind { days_left } => {
                        prop_assert!((1..=REMIND_AHEAD_DAYS).contains(&days_left));
                        item.last_reminder_on = Some(today);
                        item.reminders += 1;
                    }
                    ComplianceStep::NotYet { .. } => prop_assert!(today < item.due_on),
                    ComplianceStep::Escalate { days_overdue } => {
                        prop_assert_eq!((today, days_overdue), (item.due_on, 0));
                    }
                    ComplianceStep::Settled => prop_assert!(false, "settled without a document"),
                }
            }
            prop_assert!(item.reminders <= REMINDERS_MAX);
        }
    }
}
