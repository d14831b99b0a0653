//! Waiting quotes: confirm that they arrived, ask until they are decided, let them expire.

use crate::engagement::pipeline::PipelinePolicy;
use crate::engagement::{days_after, days_between, days_text};
use crate::named::named_enum;
use crate::time::Date;

named_enum! {
    /// Where a quote is on its way.
    pub enum QuoteStatus, "quote status" {
        /// Not yet sent.
        Draft = "draft",
        /// Sent; nobody has said that it arrived.
        Submitted = "submitted",
        /// The client said that it arrived.
        Confirmed = "confirmed",
        /// Accepted.
        Won = "won",
        /// Declined.
        Lost = "lost",
        /// Its validity ended before a decision.
        Expired = "expired",
    }
}

/// What is known of a quote; all dates are the tenant's local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteFacts {
    /// Where it is on its way.
    pub status: QuoteStatus,
    /// When it was sent.
    pub submitted_on: Option<Date>,
    /// When the client said that it arrived.
    pub confirmed_on: Option<Date>,
    /// The last day on which it can be accepted.
    pub valid_until: Option<Date>,
    /// Our last mail about it, the one that asked for its receipt included.
    pub last_follow_up_on: Option<Date>,
    /// How many such mails there were.
    pub follow_ups: i32,
}

/// What to do about a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteStep {
    /// Nothing today.
    Nothing {
        /// The figures behind it.
        because: String,
    },
    /// Ask whether it arrived.
    ConfirmReceipt,
    /// Ask for a decision.
    FollowUp {
        /// The figures behind it.
        because: String,
    },
    /// Record that its validity has ended.
    Expire,
}

/// The next step for a quote.
///
/// Its receipt is asked for once. After that, each mail waits for the gap since the last thing that
/// happened: the submission, the confirmation or our own mail. A quote is valid through its last
/// day.
pub fn quote_step(quote: &QuoteFacts, policy: &PipelinePolicy, today: Date) -> QuoteStep {
    match quote.status {
        QuoteStatus::Draft => nothing("not yet submitted"),
        QuoteStatus::Won | QuoteStatus::Lost => nothing("already decided"),
        QuoteStatus::Expired => nothing("already expired"),
        QuoteStatus::Submitted | QuoteStatus::Confirmed => waiting_step(quote, policy, today),
    }
}

/// The next step for a quote that is with the client.
fn waiting_step(quote: &QuoteFacts, policy: &PipelinePolicy, today: Date) -> QuoteStep {
    if quote.valid_until.is_some_and(|last_day| last_day < today) {
        return QuoteStep::Expire;
    }
    if policy.quote_follow_ups_max <= quote.follow_ups {
        let follow_ups_max = policy.quote_follow_ups_max;
        return nothing(&format!("mails sent {}, at most {follow_ups_max}", quote.follow_ups));
    }
    // `None` is less than any date, so this is the latest of those that exist.
    let last_event_on = quote.submitted_on.max(quote.confirmed_on).max(quote.last_follow_up_on);
    let Some(last_event_on) = last_event_on else {
        return nothing("submitted, but its record has no date to count from");
    };
    let is_confirmed = quote.status == QuoteStatus::Confirmed || quote.confirmed_on.is_some();
    let has_asked = 0 < quote.follow_ups || quote.last_follow_up_on.is_some();
    let asks_receipt = !is_confirmed && !has_asked;
    let gap_days =
        if asks_receipt { policy.quote_receipt_days } else { policy.quote_follow_up_gap_days };
    let quiet_days = days_between(last_event_on, today);
    if quiet_days < gap_days {
        let due_on = days_after(last_event_on, gap_days);
        return nothing(&format!("next mail on {due_on}, last event on {last_event_on}"));
    }
    if asks_receipt {
        return QuoteStep::ConfirmReceipt;
    }
    let (quiet, sent) = (days_text(quiet_days), quote.follow_ups);
    QuoteStep::FollowUp { because: format!("undecided and quiet for {quiet}, mails sent {sent}") }
}

fn nothing(because: &str) -> QuoteStep {
    QuoteStep::Nothing { because: because.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn some_day(text: &str) -> Option<Date> {
        Some(day(text))
    }

    fn submitted() -> QuoteFacts {
        QuoteFacts {
            status: QuoteStatus::Submitted,
            submitted_on: some_day("2026-11-02"),
            confirmed_on: None,
            valid_until: some_day("2026-12-01"),
            last_follow_up_on: None,
            follow_ups: 0,
        }
    }

    fn asked(on: &str, follow_ups: i32) -> QuoteFacts {
        QuoteFacts { last_follow_up_on: some_day(on), follow_ups, ..submitted() }
    }

    fn follow_up(because: &str) -> QuoteStep {
        QuoteStep::FollowUp { because: because.to_owned() }
    }

    #[test]
    fn a_quote_is_followed_from_its_receipt_to_its_end() {
        let confirmed = QuoteFacts {
            status: QuoteStatus::Confirmed,
            confirmed_on: some_day("2026-11-03"),
            ..submitted()
        };
        let undated = QuoteFacts { submitted_on: None, ..submitted() };
        let open_ended = QuoteFacts { valid_until: None, ..asked("2026-11-18", 3) };
        let table = [
            (
                submitted(),
                "2026-11-03",
                nothing("next mail on 2026-11-04, last event on 2026-11-02"),
            ),
            (submitted(), "2026-11-04", QuoteStep::ConfirmReceipt),
            (submitted(), "2026-12-01", QuoteStep::ConfirmReceipt),
            (submitted(), "2026-12-02", QuoteStep::Expire),
            (
                asked("2026-11-04", 1),
                "2026-11-10",
                nothing("next mail on 2026-11-11, last event on 2026-11-04"),
            ),
            (
                asked("2026-11-04", 1),
                "2026-11-11",
                follow_up("undecided and quiet for 7 days, mails sent 1"),
            ),
            (asked("2026-11-18", 4), "2026-11-30", nothing("mails sent 4, at most 4")),
            (asked("2026-11-18", 4), "2026-12-02", QuoteStep::Expire),
            (confirmed, "2026-11-09", nothing("next mail on 2026-11-10, last event on 2026-11-03")),
            (confirmed, "2026-11-10", follow_up("undecided and quiet for 7 days, mails sent 0")),
            (open_ended, "2027-03-18", follow_up("undecided and quiet for 120 days, mails sent 3")),
            (undated, "2026-11-30", nothing("submitted, but its record has no date to count from")),
        ];
        for (quote, today, expected) in table {
            let step = quote_step(&quote, &PipelinePolicy::STANDARD, day(today));
            assert_eq!(step, expected, "{quote:?} on {today}");
        }
    }

    #[test]
    fn only_a_quote_with_the_client_needs_a_step() {
        for status in QuoteStatus::ALL {
            let quote = QuoteFacts { status: *status, ..submitted() };
            let step = quote_step(&quote, &PipelinePolicy::STANDARD, day("2027-01-01"));
            let waits = matches!(status, QuoteStatus::Submitted | QuoteStatus::Confirmed);
            assert_eq!(step == QuoteStep::Expire, waits, "{status}");
        }
    }

    proptest! {
        #[test]
        fn daily_cycles_write_no_more_than_the_policy_says(
            confirmed_after in prop::option::of(0..40_u64),
            valid_days in prop::option::of(0..90_u64),
        ) {
            let policy = PipelinePolicy::STANDARD;
            let mut quote = submitted();
            let first = day("2026-11-02");
            quote.valid_until = valid_days.map(|days| first + Days::new(days));
            let mut mailed_on: Vec<Date> = Vec::new();
            let mut receipts_asked = 0;
            for today in first.iter_days().take(120) {
                if confirmed_after.is_some_and(|days| first + Days::new(days) == today) {
                    quote.status = QuoteStatus::Confirmed;
                    quote.confirmed_on = Some(today);
                }
                match quote_step(&quote, &policy, today) {
                    QuoteStep::Nothing { .. } => continue,
                    QuoteStep::Expire => break,
                    QuoteStep::ConfirmReceipt => receipts_asked += 1,
                    QuoteStep::FollowUp { .. } => {}
                }
                mailed_on.push(today);
                quote.last_follow_up_on = Some(today);
                quote.follow_ups += 1;
            }
            prop_assert!(receipts_asked <= 1);
            prop_assert!(i32::try_from(mailed_on.len()).unwrap() <= policy.quote_follow_ups_max);
            let gap_days = policy.quote_follow_up_gap_days;
            let apart = |pair: &[Date]| gap_days <= days_between(pair[0], pair[1]);
            prop_assert!(mailed_on.windows(2).all(apart));
            prop_assert!(quote.valid_until.is_none_or(|end| mailed_on.iter().all(|on| *on <= end)));
        }
    }
}
