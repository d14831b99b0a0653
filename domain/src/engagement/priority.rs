//! Priority: who is touched first, and for which reasons.
//!
//! The score has two halves. The standing points (value, churn risk, active business) change only
//! with the facts, so they are stored and indexed. The overdue part changes with every hour, so it
//! is never stored: it follows from the due moment, which is.
//!
//! # What the store's query rests on
//!
//! Among targets with equal standing points, the earlier due ranks first, at any moment whatever.
//! So the best `k` of a tenant are among the first `k` by due moment (then tie key) of each of the
//! 61 values of standing points, and no query needs to compute a score for everybody.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::engagement::days_text;
use crate::money::{Score, divide_half_away};
use crate::named::named_enum;
use crate::time::{Timestamp, whole_days};

/// Value weighs a quarter: a large client deserves the first hour, and a small one is still served.
pub const VALUE_POINTS_MAX: i32 = 25;
/// Churn risk weighs a fifth: less than value, because a rhythm of orders is a hint and not a fact.
pub const CHURN_POINTS_MAX: i32 = 20;
/// Active business weighs least: who has an order open hears from the tenant about that anyway.
pub const ACTIVE_POINTS_MAX: i32 = 15;
/// Overdue weighs most: the promise is that everybody is touched, so waiting must beat every other
/// difference but the largest in the end.
pub const OVERDUE_POINTS_MAX: i32 = 40;
/// The most that the three parts reach which do not change with time.
pub const STANDING_POINTS_MAX: i32 = VALUE_POINTS_MAX + CHURN_POINTS_MAX + ACTIVE_POINTS_MAX;

/// Annual value in whole currency units → points; the last row that a value reaches counts.
///
/// Each step is two to ten times the one before, because clients' values spread like that: evenly
/// spaced bands would put all but a handful of them into the lowest. The units are the tenant's own
/// currency; in one of small units everybody moves up, and the bands tell clients apart less well.
const VALUE_BANDS: [(i64, i32); 5] =
    [(1, 5), (10_000, 10), (50_000, 15), (100_000, 20), (500_000, VALUE_POINTS_MAX)];

/// One open order, deal or pending quote is worth this much.
const ACTIVE_POINTS_EACH: i32 = 3;
/// Open orders beyond the second say nothing new about how much attention a client needs.
const OPEN_ORDERS_COUNTED_MAX: u32 = 2;
/// Open deals likewise.
const OPEN_DEALS_COUNTED_MAX: u32 = 2;

/// Two points a day reach the full part in twenty days, about one more turn of the clock.
const OVERDUE_POINTS_PER_DAY: i64 = 2;

// The parts make up the whole score, and the active business adds up to its part.
const _: () = assert!(STANDING_POINTS_MAX + OVERDUE_POINTS_MAX == 100);
const _: () = assert!(ACTIVE_POINTS_MAX == 5 * ACTIVE_POINTS_EACH);

named_enum! {
    /// One of the four reasons for a priority.
    pub enum Factor, "priority factor" {
        /// What the client is worth a year.
        Value = "value",
        /// How likely it is to be lost.
        ChurnRisk = "churn_risk",
        /// Orders, deals and quotes under way.
        ActiveBusiness = "active_business",
        /// How long a touch has been due.
        Overdue = "overdue",
    }
}

/// Whole points of the parts that do not change with time: 0 to 60.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(from = "i32", into = "i32")]
pub struct StandingPoints(i32);

impl StandingPoints {
    /// From 0 to [`STANDING_POINTS_MAX`].
    pub const fn value(self) -> i32 {
        self.0
    }
}

/// Reads stored points; a number outside the range is its nearest end.
impl From<i32> for StandingPoints {
    fn from(points: i32) -> Self {
        Self(points.clamp(0, STANDING_POINTS_MAX))
    }
}

impl From<StandingPoints> for i32 {
    fn from(points: StandingPoints) -> Self {
        points.0
    }
}

/// One part of a score, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which part.
    pub factor: Factor,
    /// What it adds, in hundredths.
    pub points: Score,
    /// The figures behind it; never a name.
    pub because: String,
}

/// What is known of a client apart from its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingFacts {
    /// What it is worth a year, in whole units of the tenant's currency.
    pub annual_value_major: i64,
    /// From 0 to 100.00, see [`crate::engagement::churn_risk`].
    pub churn_risk: Score,
    /// Orders that are not yet done.
    pub open_orders: u32,
    /// Deals neither won nor lost.
    pub open_deals: u32,
    /// Whether a quote waits for a decision.
    pub has_quote_pending: bool,
}

/// The standing points and their three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their sum, as it is stored.
    pub points: StandingPoints,
    /// Value, churn risk and active business, in this order.
    pub parts: Vec<Part>,
}

/// A whole score with its four parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityScore {
    /// From 0 to 100.00.
    pub score: Score,
    /// In the order of [`Factor::ALL`].
    pub parts: Vec<Part>,
}

/// What ranks one target among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<K> {
    /// See [`score`] or [`stored_score`].
    pub score: Score,
    /// The due moment of its clock.
    pub next_touch_due: Timestamp,
    /// What decides between equals, such as an id: the same on every machine and at every moment.
    pub tie_key: K,
}

/// The part of a score that only facts change.
pub fn standing_points(facts: &StandingFacts) -> Standing {
    let rated = [value_points(facts), churn_points(facts), active_points(facts)];
    let points = rated.iter().map(|(_, points, _)| *points).sum::<i32>();
    let parts = rated.into_iter().map(|(factor, points, because)| part(factor, points, because));
    Standing { points: StandingPoints::from(points), parts: parts.collect() }
}

/// The part of a score that grows with the time since a touch fell due, in whole days.
///
/// For an earlier due it is never less. Never touched is the full part: such a clock is stored as
/// due since 1970 ([`crate::engagement::due_since_ever`]), so the days alone say so. The flag changes
/// only the sentence, because a clock that was put off counts from then on, touched or not.
pub fn overdue_part(next_touch_due: Timestamp, never_touched: bool, now: Timestamp) -> Part {
    let is_due = next_touch_due <= now;
    let days = if is_due { whole_days(next_touch_due, now) } else { 0 };
    let earned = days.saturating_mul(OVERDUE_POINTS_PER_DAY);
    let points = clamp_points(i128::from(earned), OVERDUE_POINTS_MAX);
    let because = match (never_touched, is_due) {
        (true, _) => "never touched".to_owned(),
        (false, true) => format!("due for {}", days_text(days)),
        (false, false) => "not yet due".to_owned(),
    };
    part(Factor::Overdue, points, because)
}

/// The whole score of a target, with its reasons.
pub fn score(
    facts: &StandingFacts,
    next_touch_due: Timestamp,
    never_touched: bool,
    now: Timestamp,
) -> PriorityScore {
    let Standing { points, mut parts } = standing_points(facts);
    let overdue = overdue_part(next_touch_due, never_touched, now);
    let score = total(points, &overdue);
    parts.push(overdue);
    PriorityScore { score, parts }
}

/// The same score from stored points, where its reasons are not needed.
pub fn stored_score(
    points: StandingPoints,
    next_touch_due: Timestamp,
    never_touched: bool,
    now: Timestamp,
) -> Score {
    total(points, &overdue_part(next_touch_due, never_touched, now))
}

/// Ranks targets, best first: the higher score, then the earlier due, then the smaller tie key.
///
/// It is a total order, so the same targets come out in the same order however they went in.
pub fn cmp_targets<K: Ord>(left: &Target<K>, right: &Target<K>) -> Ordering {
    right
        .score
        .cmp(&left.score)
        .then_with(|| left.next_touch_due.cmp(&right.next_touch_due))
        .then_with(|| left.tie_key.cmp(&right.tie_key))
}

fn value_points(facts: &StandingFacts) -> (Factor, i32, String) {
    let value = facts.annual_value_major;
    let band = VALUE_BANDS.iter().rev().find(|(from, _)| *from <= value);
    let (points, because) = match band {
        Some((from, points)) => (*points, format!("worth {value} a year, band {from} and more")),
        None => (0, format!("worth {value} a year, below every band")),
    };
    (Factor::Value, points, because)
}

fn churn_points(facts: &StandingFacts) -> (Factor, i32, String) {
    let weighted = i128::from(facts.churn_risk.0) * i128::from(CHURN_POINTS_MAX);
    let points = divide_half_away(weighted, i128::from(Score::points(100).0));
    let because = format!("churn risk {} of 100", facts.churn_risk);
    (Factor::ChurnRisk, clamp_points(points, CHURN_POINTS_MAX), because)
}

fn active_points(facts: &StandingFacts) -> (Factor, i32, String) {
    let counted = facts.open_orders.min(OPEN_ORDERS_COUNTED_MAX)
        + facts.open_deals.min(OPEN_DEALS_COUNTED_MAX)
        + u32::from(facts.has_quote_pending);
    let points = i128::from(counted) * i128::from(ACTIVE_POINTS_EACH);
    let because = format!(
        "open orders {}, open deals {}, quote pending {}",
        facts.open_orders,
        facts.open_deals,
        if facts.has_quote_pending { "yes" } else { "no" },
    );
    (Factor::ActiveBusiness, clamp_points(points, ACTIVE_POINTS_MAX), because)
}

fn part(factor: Factor, points: i32, because: String) -> Part {
    Part { factor, points: Score::points(points), because }
}

fn total(points: StandingPoints, overdue: &Part) -> Score {
    Score(Score::points(points.value()).0 + overdue.points.0)
}

/// Whole points from 0 to the most that their part may add.
fn clamp_points(points: i128, points_max: i32) -> i32 {
    i32::try_from(points.clamp(0, i128::from(points_max))).unwrap_or(points_max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::due_since_ever;
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn nothing_known() -> StandingFacts {
        StandingFacts {
            annual_value_major: 0,
            churn_risk: Score(0),
            open_orders: 0,
            open_deals: 0,
            has_quote_pending: false,
        }
    }

    #[test]
    fn value_comes_in_bands() {
        let table = [
            (i64::MIN, 0),
            (0, 0),
            (1, 5),
            (9_999, 5),
            (10_000, 10),
            (50_000, 15),
            (99_999, 15),
            (100_000, 20),
            (500_000, 25),
            (i64::MAX, 25),
        ];
        for (annual_value_major, points) in table {
            let standing =
                standing_points(&StandingFacts { annual_value_major, ..nothing_known() });
            assert_eq!(standing.points.value(), points, "{annual_value_major}");
        }
        let in_order = |pair: &[(i64, i32)]| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1;
        assert!(VALUE_BANDS.windows(2).all(in_order), "the bands are out of order");
    }

    #[test]
    fn a_score_shows_its_four_reasons() {
        let facts = StandingFacts {
            annual_value_major: 120_000,
            churn_risk: Score(4_250),
            open_orders: 3,
            open_deals: 1,
            has_quote_pending: true,
        };
        let due = at("2026-11-20T08:00:00Z");
        let result = score(&facts, due, false, at("2026-11-25T07:59:59Z"));
        let told: Vec<String> = result
            .parts
            .iter()
            .map(|part| format!("{} {}: {}", part.factor, part.points, part.because))
            .collect();
        let expected = [
            "value 20.00: worth 120000 a year, band 100000 and more",
            "churn_risk 9.00: churn risk 42.50 of 100",
            "active_business 12.00: open orders 3, open deals 1, quote pending yes",
            "overdue 8.00: due for 4 days",
        ];
        assert_eq!(told, expected);
        assert_eq!(result.score, Score::points(49));
    }

    #[test]
    fn overdue_earns_two_points_a_day_up_to_forty() {
        let due = at("2026-11-20T08:00:00Z");
        let table = [
            ("2026-11-20T07:59:59Z", 0, "not yet due"),
            ("2026-11-20T08:00:00Z", 0, "due for 0 days"),
            ("2026-11-21T07:59:59Z", 0, "due for 0 days"),
            ("2026-11-21T08:00:00Z", 2, "due for 1 day"),
            ("2026-12-10T08:00:00Z", 40, "due for 20 days"),
            ("2027-12-10T08:00:00Z", 40, "due for 385 days"),
        ];
        for (now, points, because) in table {
            let part = overdue_part(due, false, at(now));
            assert_eq!((part.points, part.because.as_str()), (Score::points(points), because));
            let put_off = overdue_part(due, true, at(now));
            let expected = (Score::points(points), "never touched");
            assert_eq!((put_off.points, put_off.because.as_str()), expected);
        }
    }

    #[test]
    fn never_touched_is_full_with_and_without_the_flag() {
        let now = at("2026-11-20T08:00:00Z");
        let flagged = overdue_part(due_since_ever(), true, now);
        assert_eq!(flagged.because, "never touched");
        assert_eq!(flagged.points, Score::points(40));
        assert_eq!(flagged.points, overdue_part(due_since_ever(), false, now).points);
    }

    #[test]
    fn stored_points_stay_in_their_range() {
        assert_eq!(StandingPoints::from(-3).value(), 0);
        assert_eq!(StandingPoints::from(61).value(), 60);
        let read: StandingPoints = serde_json::from_str("900").unwrap();
        assert_eq!(read.value(), STANDING_POINTS_MAX);
    }

    fn any_facts() -> impl Strategy<Value = StandingFacts> {
        (any::<i64>(), any::<i32>(), any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
            |(annual_value_major, risk, open_orders, open_deals, has_quote_pending)| {
                StandingFacts {
                    annual_value_major,
                    churn_risk: Score(risk),
                    open_orders,
                    open_deals,
                    has_quote_pending,
                }
            },
        )
    }

    /// Ten weeks, by the hour: on both sides of the cap, and with equals among them.
    fn any_moment() -> impl Strategy<Value = Timestamp> {
        (0..1_680_i64).prop_map(|hours| at("2026-11-01T00:00:00Z") + TimeDelta::hours(hours))
    }

    fn any_target() -> impl Strategy<Value = Target<u8>> {
        (0..4_i32, 0..3_i64, 0..3_u8).prop_map(|(score, due, tie_key)| Target {
            score: Score(score),
            next_touch_due: at("2026-11-01T00:00:00Z") + TimeDelta::hours(due),
            tie_key,
        })
    }

    proptest! {
        #[test]
        fn a_score_is_the_sum_of_its_parts_and_within_its_range(
            facts in any_facts(),
            due in any_moment(),
            never_touched in any::<bool>(),
            now in any_moment(),
        ) {
            let result = score(&facts, due, never_touched, now);
            let sum = result.parts.iter().map(|part| part.points.0).sum::<i32>();
            prop_assert_eq!(result.score.0, sum);
            prop_assert!((Score(0)..=Score::points(100)).contains(&result.score));
            let factors: Vec<Factor> = result.parts.iter().map(|part| part.factor).collect();
            prop_assert_eq!(factors.as_slice(), Factor::ALL);
            let points = standing_points(&facts).points;
            prop_assert_eq!(stored_score(points, due, never_touched, now), result.score);
        }

        #[test]
        fn among_equal_standing_points_the_earlier_due_ranks_first(
            points in 0..=STANDING_POINTS_MAX,
            dues in (any_moment(), any_moment()),
            now in any_moment(),
            tie_keys in any::<(u8, u8)>(),
        ) {
            let target = |next_touch_due: Timestamp, tie_key: u8| Target {
                score: stored_score(StandingPoints::from(points), next_touch_due, false, now),
                next_touch_due,
                tie_key,
            };
            let (left, right) = (target(dues.0, tie_keys.0), target(dues.1, tie_keys.1));
            let by_due = dues.0.cmp(&dues.1).then(tie_keys.0.cmp(&tie_keys.1));
            prop_assert_eq!(cmp_targets(&left, &right), by_due);
            let never = target(due_since_ever(), tie_keys.0);
            prop_assert_eq!(cmp_targets(&never, &right), Ordering::Less);
        }

        #[test]
        fn ranking_does_not_depend_on_the_order_it_is_given(
            mut targets in prop::collection::vec(any_target(), 0..12),
        ) {
            let mut reversed: Vec<Target<u8>> = targets.iter().rev().copied().collect();
            targets.sort_by(cmp_targets);
            reversed.sort_by(cmp_targets);
            prop_assert_eq!(&targets, &reversed);
            let ordered =
                |pair: &[Target<u8>]| cmp_targets(&pair[0], &pair[1]) != Ordering::Greater;
            prop_assert!(targets.windows(2).all(ordered));
        }
    }
}
