//! Stalled deals: which have gone quiet, by what evidence, and when to ask for the next step.
//!
//! Only the buyer's own signals (a person's mail, a meeting) count as movement. What we write, edit
//! or move to another stage does not, or else every follow-up of ours would make a dead deal look
//! alive.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engagement::{days_after, days_between, days_text};
use crate::named::named_enum;
use crate::time::Date;

/// Two weeks without a sign are long for a deal that has only been opened, and rude to chase
/// sooner.
const OPEN_QUIET_DAYS: i64 = 14;
/// A deal under way has people waiting for each other: ten days skip one week, and no more.
const ONGOING_QUIET_DAYS: i64 = 10;
/// A deal on hold was put there on purpose; a month is a polite interval to ask whether it still
/// rests.
const ON_HOLD_QUIET_DAYS: i64 = 30;

/// A week between two mails of ours about one deal, and between the buyer's word and the next of
/// ours.
const FOLLOW_UP_GAP_DAYS: i64 = 7;
/// After three mails without an answer, a fourth would only teach the buyer to ignore us.
const FOLLOW_UPS_MAX: i32 = 3;

/// Two days are enough to open a mail, and few enough to send a lost quote again in good time.
const QUOTE_RECEIPT_DAYS: i64 = 2;
/// A week, which is five business days: who decides about a quote has to ask others first.
const QUOTE_FOLLOW_UP_GAP_DAYS: i64 = 7;
/// Four mails about one quote, the one about its receipt among them, cover a month: the usual
/// validity.
const QUOTE_FOLLOW_UPS_MAX: i32 = 4;

named_enum! {
    /// What a stage means, apart from the name that a tenant gives it.
    pub enum StageType, "stage type" {
        /// Opened, not yet worked on together with the buyer.
        Open = "open",
        /// Under way.
        Ongoing = "ongoing",
        /// Resting on purpose.
        OnHold = "on_hold",
        /// Closed, ours.
        Won = "won",
        /// Closed, not ours.
        Lost = "lost",
    }
}

/// When deals count as quiet, and how often their buyers and the recipients of quotes are written
/// to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelinePolicy {
    /// Days without a buyer's signal after which an open deal is quiet.
    pub open_quiet_days: i64,
    /// The same for one under way.
    pub ongoing_quiet_days: i64,
    /// The same for one on hold.
    pub on_hold_quiet_days: i64,
    /// Days between a mail about a deal, or its buyer's last signal, and our next mail.
    pub follow_up_gap_days: i64,
    /// Mails about a deal without a signal of its buyer.
    pub follow_ups_max: i32,
    /// Days after its submission when the receipt of a quote is asked for.
    pub quote_receipt_days: i64,
    /// Days between two mails about a quote.
    pub quote_follow_up_gap_days: i64,
    /// Mails about one quote, the one about its receipt included.
    pub quote_follow_ups_max: i32,
}

impl PipelinePolicy {
    /// What applies unless a tenant says otherwise.
    pub const STANDARD: Self = Self {
        open_quiet_days: OPEN_QUIET_DAYS,
        ongoing_quiet_days: ONGOING_QUIET_DAYS,
        on_hold_quiet_days: ON_HOLD_QUIET_DAYS,
        follow_up_gap_days: FOLLOW_UP_GAP_DAYS,
        follow_ups_max: FOLLOW_UPS_MAX,
        quote_receipt_days: QUOTE_RECEIPT_DAYS,
        quote_follow_up_gap_days: QUOTE_FOLLOW_UP_GAP_DAYS,
        quote_follow_ups_max: QUOTE_FOLLOW_UPS_MAX,
    };

    /// The days a stage may be quiet; `None` for a closed one, which is never stalled.
    pub const fn quiet_days(&self, stage_type: StageType) -> Option<i64> {
        match stage_type {
            StageType::Open => Some(self.open_quiet_days),
            StageType::Ongoing => Some(self.ongoing_quiet_days),
            StageType::OnHold => Some(self.on_hold_quiet_days),
            StageType::Won | StageType::Lost => None,
        }
    }
}

impl Default for PipelinePolicy {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// What is known of a deal; all dates are the tenant's local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DealFacts {
    /// The type of the stage it is in.
    pub stage_type: StageType,
    /// When it entered that stage.
    pub stage_entered_on: Date,
    /// The last mail of a person at the buyer's, or the last meeting with one.
    pub last_buyer_signal_on: Option<Date>,
    /// The date of the next step agreed upon.
    pub next_step_on: Option<Date>,
    /// When it was expected to close.
    pub expected_close_on: Option<Date>,
    /// How often that date was moved to a later one.
    pub close_pushes: i32,
    /// The last mail of ours that asked for the next step.
    pub last_follow_up_on: Option<Date>,
    /// How many such mails have left since the buyer's last signal.
    pub follow_ups_since_signal: i32,
}

/// One piece of evidence that a deal is stalled, with its figures, so that it can be shown and
/// checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum StallReason {
    /// The buyer gave no signal for the days of the stage.
    BuyerQuiet {
        /// The buyer's last signal or, where there never was one, the entry into the stage.
        since: Date,
        /// Whether `since` is a signal of the buyer.
        was_signal: bool,
        /// How long that is ago.
        days: i64,
        /// What the stage allows.
        days_allowed: i64,
    },
    /// No step with a date lies ahead.
    NoNextStep {
        /// The last one that was planned.
        last_step_on: Option<Date>,
    },
    /// The day on which it was to close has passed.
    CloseDatePassed {
        /// That day.
        expected_close_on: Date,
        /// How long it is past.
        days: i64,
    },
    /// That day was moved to a later one.
    ClosePushed {
        /// How often.
        times: i32,
    },
}

impl fmt::Display for StallReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuyerQuiet { since, was_signal, days, days_allowed } => {
                let what = if *was_signal { "the last one on" } else { "in this stage since" };
                let (days, allowed) = (days_text(*days), days_text(*days_allowed));
                write!(f, "no buyer signal for {days} of {allowed} allowed, {what} {since}")
            }
            Self::NoNextStep { last_step_on: Some(date) } => {
                write!(f, "no dated next step ahead, the last one was for {date}")
            }
            Self::NoNextStep { last_step_on: None } => f.write_str("no dated next step ahead"),
            Self::CloseDatePassed { expected_close_on, days } => {
                write!(f, "expected to close on {expected_close_on}, {} ago", days_text(*days))
            }
            Self::ClosePushed { times: 1 } => f.write_str("close date pushed once"),
            Self::ClosePushed { times } => write!(f, "close date pushed {times} times"),
        }
    }
}

/// A stalled deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalled {
    /// All the evidence there is, the strongest first.
    pub reasons: Vec<StallReason>,
    /// Days since the buyer's last signal or, where there never was one, since the entry into the
    /// stage.
    pub days_quiet: i64,
}

/// What to do about a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DealStep {
    /// Nothing: it is not stalled.
    NotStalled,
    /// It is stalled, but the last word is too fresh.
    Wait {
        /// The first day on which a mail would be due.
        until: Date,
    },
    /// It is stalled, and the buyer has left every mail unanswered: silence is an answer too.
    Exhausted {
        /// How many mails that were.
        follow_ups: i32,
    },
    /// Ask for the next step.
    FollowUp(Stalled),
}

/// Whether a deal is stalled, with all its evidence.
///
/// Stalled is a buyer who is quiet for the days of the stage while no dated next step lies ahead,
/// or a passed close date alone. A pushed close date only adds to the evidence. The silence is
/// counted from the buyer's last signal even if the stage was entered later, because moving a card
/// is our own doing.
pub fn stalled(deal: &DealFacts, policy: &PipelinePolicy, today: Date) -> Option<Stalled> {
    let days_allowed = policy.quiet_days(deal.stage_type)?;
    let since = deal.last_buyer_signal_on.unwrap_or(deal.stage_entered_on);
    let days_quiet = days_between(since, today);
    let quiet = (days_allowed <= days_quiet).then_some(StallReason::BuyerQuiet {
        since,
        was_signal: deal.last_buyer_signal_on.is_some(),
        days: days_quiet,
        days_allowed,
    });
    let no_step = deal
        .next_step_on
        .is_none_or(|step| step < today)
        .then_some(StallReason::NoNextStep { last_step_on: deal.next_step_on });
    let passed = deal.expected_close_on.filter(|close| *close < today).map(|expected_close_on| {
        let days = days_between(expected_close_on, today);
        StallReason::CloseDatePassed { expected_close_on, days }
    });
    let is_stalled = (quiet.is_some() && no_step.is_some()) || passed.is_some();
    let pushed =
        (0 < deal.close_pushes).then_some(StallReason::ClosePushed { times: deal.close_pushes });
    is_stalled.then(|| Stalled {
        reasons: [quiet, no_step, passed, pushed].into_iter().flatten().collect(),
        days_quiet,
    })
}

/// The next step for a deal: a follow-up, or the reason against one.
///
/// A follow-up is due when the deal is stalled, neither our last mail nor the buyer's last signal
/// is younger than the policy's gap, and fewer mails than its limit have left since that signal.
/// The signal counts here too, since a passed close date alone stalls a deal whose buyer may have
/// written yesterday, and whoever has just written deserves an answer and not a reminder.
pub fn deal_step(deal: &DealFacts, policy: &PipelinePolicy, today: Date) -> DealStep {
    let Some(stalled) = stalled(deal, policy, today) else { return DealStep::NotStalled };
    if policy.follow_ups_max <= deal.follow_ups_since_signal {
        return DealStep::Exhausted { follow_ups: deal.follow_ups_since_signal };
    }
    // `None` is less than any date, so this is the later of the two that exist.
    let last_word_on = deal.last_follow_up_on.max(deal.last_buyer_signal_on);
    match last_word_on.map(|date| days_after(date, policy.follow_up_gap_days)) {
        Some(until) if today < until => DealStep::Wait { until },
        Some(_) | None => DealStep::FollowUp(stalled),
    }
}

/// The evidence for a follow-up that is due today; `None` if none is, for reasons that
/// [`deal_step`] tells.
pub fn follow_up_due(deal: &DealFacts, policy: &PipelinePolicy, today: Date) -> Option<Stalled> {
    match deal_step(deal, policy, today) {
        DealStep::FollowUp(stalled) => Some(stalled),
        DealStep::NotStalled | DealStep::Wait { .. } | DealStep::Exhausted { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    const TODAY: &str = "2026-11-20";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn some_day(text: &str) -> Option<Date> {
        Some(day(text))
    }

    /// Under way for weeks, and in touch four days ago.
    fn lively() -> DealFacts {
        DealFacts {
            stage_type: StageType::Ongoing,
            stage_entered_on: day("2026-10-01"),
            last_buyer_signal_on: some_day("2026-11-16"),
            next_step_on: None,
            expected_close_on: some_day("2026-12-18"),
            close_pushes: 0,
            last_follow_up_on: None,
            follow_ups_since_signal: 0,
        }
    }

    fn quiet() -> DealFacts {
        DealFacts { last_buyer_signal_on: some_day("2026-11-10"), ..lively() }
    }

    fn told(deal: &DealFacts) -> Option<Vec<String>> {
        let stalled = stalled(deal, &PipelinePolicy::STANDARD, day(TODAY))?;
        Some(stalled.reasons.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_stage_may_be_quiet_for_its_own_days() {
        let table = [
            (StageType::Open, "2026-11-07", false),
            (StageType::Open, "2026-11-06", true),
            (StageType::Ongoing, "2026-11-11", false),
            (StageType::Ongoing, "2026-11-10", true),
            (StageType::OnHold, "2026-10-22", false),
            (StageType::OnHold, "2026-10-21", true),
            (StageType::Won, "2025-01-01", false),
            (StageType::Lost, "2025-01-01", false),
        ];
        for (stage_type, signal, expected) in table {
            let last_buyer_signal_on = some_day(signal);
            let deal = DealFacts { stage_type, last_buyer_signal_on, ..lively() };
            assert_eq!(told(&deal).is_some(), expected, "{stage_type} since {signal}");
        }
    }

    #[test]
    fn every_reason_keeps_its_evidence() {
        let deal = DealFacts {
            next_step_on: some_day("2026-11-12"),
            expected_close_on: some_day("2026-11-19"),
            close_pushes: 2,
            ..quiet()
        };
        let expected = [
            "no buyer signal for 10 days of 10 days allowed, the last one on 2026-11-10",
            "no dated next step ahead, the last one was for 2026-11-12",
            "expected to close on 2026-11-19, 1 day ago",
            "close date pushed 2 times",
        ];
        assert_eq!(told(&deal).unwrap(), expected);
        let never_heard = DealFacts { last_buyer_signal_on: None, close_pushes: 1, ..quiet() };
        let expected = [
            "no buyer signal for 50 days of 10 days allowed, in this stage since 2026-10-01",
            "no dated next step ahead",
            "close date pushed once",
        ];
        assert_eq!(told(&never_heard).unwrap(), expected);
    }

    #[test]
    fn a_dated_step_ahead_keeps_a_quiet_deal_alive() {
        for step in [TODAY, "2026-12-01"] {
            let deal = DealFacts { next_step_on: some_day(step), ..quiet() };
            assert_eq!(told(&deal), None, "{step}");
        }
    }

    #[test]
    fn a_passed_close_date_stalls_alone_and_a_pushed_one_does_not() {
        let pushed = DealFacts { close_pushes: 4, ..lively() };
        assert_eq!(told(&pushed), None);
        let closing_today = DealFacts { expected_close_on: some_day(TODAY), ..lively() };
        assert_eq!(told(&closing_today), None);
        let passed = DealFacts {
            expected_close_on: some_day("2026-11-18"),
            next_step_on: some_day("2026-11-25"),
            ..lively()
        };
        assert_eq!(told(&passed).unwrap(), ["expected to close on 2026-11-18, 2 days ago"]);
    }

    #[test]
    fn moving_a_card_is_no_signal_of_the_buyer() {
        let moved = DealFacts { stage_entered_on: day("2026-11-19"), ..quiet() };
        assert!(told(&moved).is_some());
    }

    #[test]
    fn follow_ups_keep_their_distance_and_end() {
        let policy = PipelinePolicy::STANDARD;
        let due = |deal: &DealFacts| deal_step(deal, &policy, day(TODAY));
        assert_eq!(due(&lively()), DealStep::NotStalled);
        assert!(matches!(due(&quiet()), DealStep::FollowUp(Stalled { days_quiet: 10, .. })));
        let written = |text: &str, count: i32| DealFacts {
            last_follow_up_on: some_day(text),
            follow_ups_since_signal: count,
            ..quiet()
        };
        let until = day("2026-11-21");
        assert_eq!(due(&written("2026-11-14", 1)), DealStep::Wait { until });
        assert!(matches!(due(&written("2026-11-13", 2)), DealStep::FollowUp(_)));
        assert_eq!(due(&written("2026-11-13", 3)), DealStep::Exhausted { follow_ups: 3 });
        let just_heard = DealFacts { expected_close_on: some_day("2026-11-18"), ..lively() };
        assert_eq!(due(&just_heard), DealStep::Wait { until: day("2026-11-23") });
    }

    #[test]
    fn evidence_is_stored_and_read_again() {
        let stalled = stalled(&quiet(), &PipelinePolicy::STANDARD, day(TODAY)).unwrap();
        let text = serde_json::to_string(&stalled).unwrap();
        assert!(text.contains(r#"{"reason":"no_next_step","last_step_on":null}"#), "{text}");
        assert_eq!(serde_json::from_str::<Stalled>(&text).unwrap(), stalled);
        let policy: PipelinePolicy = serde_json::from_str(r#"{"open_quiet_days":5}"#).unwrap();
        assert_eq!(policy, PipelinePolicy { open_quiet_days: 5, ..PipelinePolicy::STANDARD });
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (0..120_u64).prop_map(|days| day("2026-08-01") + Days::new(days))
    }

    proptest! {
        #[test]
        fn a_follow_up_is_only_ever_due_on_a_stalled_open_deal(
            stage in prop::sample::select(StageType::ALL),
            entered in any_day(),
            optional in prop::collection::vec(prop::option::of(any_day()), 4),
            counts in (-1..5_i32, -1..5_i32),
            today in any_day(),
        ) {
            let deal = DealFacts {
                stage_type: stage,
                stage_entered_on: entered,
                last_buyer_signal_on: optional[0],
                next_step_on: optional[1],
                expected_close_on: optional[2],
                close_pushes: counts.0,
                last_follow_up_on: optional[3],
                follow_ups_since_signal: counts.1,
            };
            let policy = PipelinePolicy::STANDARD;
            let verdict = stalled(&deal, &policy, today);
            if let Some(stalled) = &verdict {
                prop_assert!(!stalled.reasons.is_empty());
                prop_assert!(!matches!(stage, StageType::Won | StageType::Lost));
            }
            match deal_step(&deal, &policy, today) {
                DealStep::NotStalled => prop_assert_eq!(verdict, None),
                DealStep::FollowUp(stalled) => {
                    prop_assert_eq!(follow_up_due(&deal, &policy, today), Some(stalled.clone()));
                    prop_assert_eq!(verdict, Some(stalled));
                }
                DealStep::Wait { until } => prop_assert!(verdict.is_some() && today < until),
                DealStep::Exhausted { .. } => prop_assert!(verdict.is_some()),
            }
        }
    }
}
