//! Keeping in touch: whose turn it is, why, and what a courteous letter to them says.
//!
//! What lives here: the 21-day clock, the priority of a touch, the churn risk behind it, stalled
//! deals, waiting quotes, due compliance items, and the letters that need no model.
//! What does not: whether a letter may leave at all (that is the policy's decision), who its
//! recipient is, and what counts as a person's own mail.

mod churn;
mod clock;
mod compliance;
mod letter;
mod pipeline;
mod priority;
mod promise;
mod quote;
mod shown;
mod window;
mod wording;

use chrono::TimeDelta;

pub use churn::{ChurnRisk, OrderRhythm, churn_risk};
pub use clock::{
    ClockStanding, ClockState, ENGAGEMENT_DAYS, LEAD_BUSINESS_DAYS, REST_AFTER_TOUCH_HOURS,
    TouchKind, Touched, deadline, due_since_ever, next_touch_due, standing, touched,
};
pub use compliance::{
    ComplianceFacts, ComplianceStatus, ComplianceStep, REMIND_AHEAD_DAYS, REMINDER_GAP_DAYS,
    REMINDERS_MAX, compliance_step,
};
pub use letter::{LastOrder, LetterFacts, Purpose, RenderedLetter, SUBJECT_CHARS_MAX, render};
pub use pipeline::{
    DealFacts, DealStep, PipelinePolicy, StageType, StallReason, Stalled, deal_step, follow_up_due,
    stalled,
};
pub use priority::{
    Factor, OVERDUE_POINTS_MAX, Part, PriorityScore, STANDING_POINTS_MAX, Standing, StandingFacts,
    StandingPoints, Target, cmp_targets, overdue_part, score, standing_points, stored_score,
};
pub use promise::ComplianceCount;
pub use quote::{QuoteFacts, QuoteStatus, QuoteStep, quote_step};
pub use shown::NAME_CHARS_MAX;
pub use window::in_time_since;
pub use wording::NEXT_STEP_CHARS_MAX;

use crate::time::Date;

/// Whole days from one date to another; negative when `to` is earlier.
fn days_between(from: Date, to: Date) -> i64 {
    to.signed_duration_since(from).num_days()
}

/// The date that many days later; the last date there is where that would lie beyond it.
fn days_after(date: Date, days: i64) -> Date {
    TimeDelta::try_days(days).and_then(|days| date.checked_add_signed(days)).unwrap_or(Date::MAX)
}

/// A count of days as a person writes it.
fn days_text(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_written() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(days_between(day("2026-10-24"), day("2026-10-26")), 2);
        assert_eq!(days_between(Date::MAX, Date::MIN), -days_between(Date::MIN, Date::MAX));
        assert_eq!(days_after(day("2026-10-24"), 2), day("2026-10-26"));
        assert_eq!([days_after(Date::MAX, 1), days_after(Date::MIN, i64::MAX)], [Date::MAX; 2]);
        assert_eq!([days_text(0), days_text(1), days_text(2)], ["0 days", "1 day", "2 days"]);
    }
}
