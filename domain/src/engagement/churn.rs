//! Churn risk: how far a client has fallen out of its own rhythm of orders.
//!
//! The client is measured against itself and against nobody else, because a yearly buyer who is
//! quiet for six months is well, and a weekly buyer who is quiet for one is not.

use crate::engagement::{days_between, days_text};
use crate::money::{Score, divide_half_away};
use crate::time::Date;

/// Two gaps are the fewest that show a rhythm; below that a number would be a guess.
const ORDER_DAYS_MIN: usize = 3;

/// A typical gap counts as at least a week: who orders daily may miss a day, or go on a short
/// holiday.
const TYPICAL_GAP_DAYS_MIN: i64 = 7;

/// The risk is full when the silence has lasted this many typical gaps: two orders that never came.
const FULL_RISK_GAPS: i64 = 3;

/// The full risk, in hundredths of a point.
const FULL_RISK: Score = Score::points(100);

/// The days on which a client ordered, in any order and with repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRhythm<'a> {
    /// Local dates of its orders. One that lies ahead counts as an order, and so as no silence.
    pub order_dates: &'a [Date],
}

/// How likely a client is to be lost, and the figures that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChurnRisk {
    /// From 0 to 100.00.
    pub score: Score,
    /// The figures, without names.
    pub because: String,
}

/// Compares the days since the last order with the typical gap between order days.
///
/// The typical gap is the median, so one long holiday does not hide a rhythm. Up to one typical gap
/// there is no risk; from there it grows evenly, and is full at `FULL_RISK_GAPS` gaps.
pub fn churn_risk(facts: &OrderRhythm<'_>, today: Date) -> ChurnRisk {
    let mut order_days = facts.order_dates.to_vec();
    order_days.sort_unstable();
    order_days.dedup();
    let (Some(last), Some(typical_days)) = (order_days.last(), typical_gap_days(&order_days))
    else {
        let because = format!(
            "{} on which it ordered: too few orders to know a rhythm",
            days_text(i64::try_from(order_days.len()).unwrap_or(i64::MAX)),
        );
        return ChurnRisk { score: Score(0), because };
    };
    let silent_days = days_between(*last, today).max(0);
    let because = format!(
        "last order {} ago, one typically every {}",
        days_text(silent_days),
        days_text(typical_days),
    );
    ChurnRisk { score: risk_of(silent_days, typical_days), because }
}

/// The risk in hundredths, linear between one typical gap and `FULL_RISK_GAPS` of them.
fn risk_of(silent_days: i64, typical_days: i64) -> Score {
    let beyond = i128::from(silent_days) - i128::from(typical_days);
    let span = i128::from(typical_days) * i128::from(FULL_RISK_GAPS - 1);
    let full = i128::from(FULL_RISK.0);
    let risk = divide_half_away(beyond * full, span).clamp(0, full);
    Score(i32::try_from(risk).unwrap_or(FULL_RISK.0))
}

/// The median gap between distinct order days, rounded up to whole days in the client's favour.
fn typical_gap_days(order_days: &[Date]) -> Option<i64> {
    if order_days.len() < ORDER_DAYS_MIN {
        return None;
    }
    let mut gaps: Vec<i64> =
        order_days.windows(2).map(|pair| days_between(pair[0], pair[1])).collect();
    gaps.sort_unstable();
    // With an odd number of gaps both indices name the middle one.
    let lower = gaps.get((gaps.len() - 1) / 2)?;
    let upper = gaps.get(gaps.len() / 2)?;
    Some(((lower + upper + 1) / 2).max(TYPICAL_GAP_DAYS_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn days(texts: &[&str]) -> Vec<Date> {
        texts.iter().map(|text| day(text)).collect()
    }

    #[test]
    fn risk_grows_from_one_typical_gap_to_three() {
        let order_dates = days(&["2026-03-02", "2026-01-01", "2026-01-31", "2026-01-31"]);
        let table = [
            ("2026-03-02", 0),
            ("2026-04-01", 0),
            ("2026-04-02", 167),
            ("2026-05-01", 5_000),
            ("2026-05-31", 10_000),
            ("2027-05-31", 10_000),
        ];
        for (today, expected) in table {
            let risk = churn_risk(&OrderRhythm { order_dates: &order_dates }, day(today));
            assert_eq!(risk.score, Score(expected), "{today}");
        }
        let risk = churn_risk(&OrderRhythm { order_dates: &order_dates }, day("2026-05-01"));
        assert_eq!(risk.because, "last order 60 days ago, one typically every 30 days");
    }

    #[test]
    fn too_few_order_days_show_no_rhythm() {
        for order_dates in
            [days(&[]), days(&["2026-01-01"; 5]), days(&["2026-01-01", "2026-01-02"])]
        {
            let risk = churn_risk(&OrderRhythm { order_dates: &order_dates }, day("2030-01-01"));
            assert_eq!(risk.score, Score(0));
            assert!(risk.because.ends_with("too few orders to know a rhythm"), "{}", risk.because);
        }
    }

    #[test]
    fn a_typical_gap_is_a_median_of_at_least_a_week() {
        let daily = days(&["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
        assert_eq!(typical_gap_days(&daily), Some(7));
        let with_a_holiday = days(&["2026-01-01", "2026-01-11", "2026-04-11", "2026-04-21"]);
        assert_eq!(typical_gap_days(&with_a_holiday), Some(10));
        let uneven = days(&["2026-01-01", "2026-01-11", "2026-01-26"]);
        assert_eq!(typical_gap_days(&uneven), Some(13));
    }

    #[test]
    fn an_order_that_lies_ahead_is_no_silence() {
        let order_dates = days(&["2026-01-01", "2026-01-11", "2026-06-01"]);
        let risk = churn_risk(&OrderRhythm { order_dates: &order_dates }, day("2026-05-01"));
        assert_eq!(risk.score, Score(0));
    }

    proptest! {
        #[test]
        fn risk_never_falls_while_a_client_is_silent(
            offsets in prop::collection::vec(0..3_000_u64, 0..20),
            earlier in 0..4_000_u64,
            longer in 0..4_000_u64,
        ) {
            let first = day("2020-01-01");
            let order_dates: Vec<Date> = offsets.iter().map(|o| first + Days::new(*o)).collect();
            let facts = OrderRhythm { order_dates: &order_dates };
            let before = churn_risk(&facts, first + Days::new(earlier)).score;
            let after = churn_risk(&facts, first + Days::new(earlier + longer)).score;
            prop_assert!(Score(0) <= before && before <= after && after <= FULL_RISK);
        }

        #[test]
        fn the_order_of_the_dates_does_not_matter(
            offsets in prop::collection::vec(0..3_000_u64, 0..20),
        ) {
            let first = day("2020-01-01");
            let dates = offsets.iter().map(|o| first + Days::new(*o));
            let mut order_dates: Vec<Date> = dates.collect();
            let today = first + Days::new(3_000);
            let as_given = churn_risk(&OrderRhythm { order_dates: &order_dates }, today);
            order_dates.sort();
            let sorted = churn_risk(&OrderRhythm { order_dates: &order_dates }, today);
            prop_assert_eq!(as_given, sorted);
        }
    }
}
