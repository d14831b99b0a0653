//! Hypotheses: what a cycle believes will happen because of what it did or saw.
//!
//! A hypothesis names what would confirm it and until when, so a later cycle can judge it by looking, not by feeling.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    action::SubjectKind,
    id::{ClientId, DealId, ProductId},
    money::BasisPoints,
    named::named_enum,
    proposal::Subject,
    time::Timestamp,
};

named_enum! {
    /// Where a hypothesis stands; also the status of any memory.
    pub enum HypothesisState, "hypothesis state" {
        /// Nobody knows yet.
        Active = "active",
        /// What it predicted happened.
        Confirmed = "confirmed",
        /// Its time ran out, or the opposite happened.
        Dropped = "dropped",
    }
}

/// What a hypothesis predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "predicts", rename_all = "snake_case")]
pub enum Prediction {
    /// The price book is out of date: orders will go on naming this price.
    PriceAgain {
        /// Which product.
        product: ProductId,
        /// The price that orders name, in minor units.
        unit_price_minor: i64,
    },
    /// Writing to an account at risk brings an order.
    OrderFrom {
        /// Which account.
        client: ClientId,
    },
    /// A follow-up wakes the buyer of a deal.
    SignalOn {
        /// Which deal.
        deal: DealId,
    },
}

/// A belief with its test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// What it predicts.
    #[serde(flatten)]
    pub prediction: Prediction,
    /// Since when what happens counts.
    pub since: Timestamp,
    /// Until when it must have happened.
    pub until: Timestamp,
    /// What it rests on, in figures.
    pub because: String,
}

/// Something a cycle did or saw from which a belief may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "saw", rename_all = "snake_case")]
pub enum Observed {
    /// An order's line named another price than the book.
    PriceMismatch {
        /// Which product.
        product: ProductId,
        /// The price named, in minor units.
        unit_price_minor: i64,
    },
    /// A letter went to an account that seemed to drift away.
    TouchedAtRisk {
        /// Which account.
        client: ClientId,
    },
    /// A stalled deal was followed up.
    FollowedUp {
        /// Which deal.
        deal: DealId,
    },
}

/// Orders of one cycle that must name the same other price before it looks like more than a slip.
const SAME_PRICE_MIN: u32 = 3;
/// How long the next order at that price may take.
const PRICE_DAYS: i64 = 60;
/// How long an account may take to answer a letter with an order.
const ORDER_DAYS: i64 = 30;
/// How long a buyer may take to answer a follow-up.
const SIGNAL_DAYS: i64 = 14;
/// Hypotheses that one cycle may add: more would be noise.
const HYPOTHESES_MAX: usize = 20;

impl Hypothesis {
    /// The row that it is about.
    pub fn subject(&self) -> Subject {
        match self.prediction {
            Prediction::PriceAgain { product, .. } => {
                Subject { kind: SubjectKind::Product, id: product.uuid() }
            }
            Prediction::OrderFrom { client } => {
                Subject { kind: SubjectKind::Client, id: client.uuid() }
            }
            Prediction::SignalOn { deal } => Subject { kind: SubjectKind::Deal, id: deal.uuid() },
        }
    }

    /// What makes it the same as one held already.
    pub fn key(&self) -> String {
        match self.prediction {
            Prediction::PriceAgain { product, unit_price_minor } => {
                format!("hypothesis:price:{product}:{unit_price_minor}")
            }
            Prediction::OrderFrom { client } => format!("hypothesis:order:{client}"),
            Prediction::SignalOn { deal } => format!("hypothesis:signal:{deal}"),
        }
    }
}

/// What this cycle's deeds and sights give reason to believe.
pub fn hypotheses_from(observed: &[Observed], now: Timestamp) -> Vec<Hypothesis> {
    let mut same_price: BTreeMap<(ProductId, i64), u32> = BTreeMap::new();
    let mut beliefs: BTreeMap<Prediction, (u32, i64, String)> = BTreeMap::new();
    for sight in observed {
        match *sight {
            Observed::PriceMismatch { product, unit_price_minor } => {
                *same_price.entry((product, unit_price_minor)).or_default() += 1;
            }
            Observed::TouchedAtRisk { client } => {
                let because = "a letter went to an account whose orders had slowed".to_owned();
                beliefs.insert(Prediction::OrderFrom { client }, (1, ORDER_DAYS, because));
            }
            Observed::FollowedUp { deal } => {
                let because = "a stalled deal was followed up".to_owned();
                beliefs.insert(Prediction::SignalOn { deal }, (1, SIGNAL_DAYS, because));
            }
        }
    }
    for ((product, unit_price_minor), lines) in same_price {
        if SAME_PRICE_MIN <= lines {
            let because =
                format!("{lines} order lines name this price, and the price book another");
            let prediction = Prediction::PriceAgain { product, unit_price_minor };
            beliefs.insert(prediction, (lines, PRICE_DAYS, because));
        }
    }
    // What was seen most often comes first: the limit then drops the weakest.
    let mut beliefs: Vec<_> = beliefs.into_iter().collect();
    beliefs.sort_by_key(|(_, (times, _, _))| std::cmp::Reverse(*times));
    beliefs
        .into_iter()
        .take(HYPOTHESES_MAX)
        .map(|(prediction, (_, days, because))| Hypothesis {
            prediction,
            since: now,
            until: now + TimeDelta::days(days),
            because,
        })
        .collect()
}

/// Judges a hypothesis by whether what it predicted was seen after it was made.
pub fn judge(
    hypothesis: &Hypothesis,
    seen_at: Option<Timestamp>,
    now: Timestamp,
) -> HypothesisState {
    match seen_at {
        Some(at) if hypothesis.since < at && at <= hypothesis.until => HypothesisState::Confirmed,
        _ if hypothesis.until < now => HypothesisState::Dropped,
        _ => HypothesisState::Active,
    }
}

/// How sure a hypothesis is: a coin toss until it is judged.
pub fn settled_confidence(state: HypothesisState) -> BasisPoints {
    match state {
        HypothesisState::Active => BasisPoints(5_000),
        HypothesisState::Confirmed => BasisPoints(9_000),
        HypothesisState::Dropped => BasisPoints(1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Id, uuid_v7};

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn product(n: u8) -> ProductId {
        Id::from_uuid(uuid_v7(0, [n; 10]))
    }

    #[test]
    fn one_slip_is_no_pattern_and_three_are() {
        let slip = |n| Observed::PriceMismatch { product: product(n), unit_price_minor: 900 };
        let beliefs = hypotheses_from(&[slip(1), slip(2), slip(2), slip(2)], at(0));
        let predictions: Vec<_> = beliefs.iter().map(|it| it.prediction).collect();
        let expected = Prediction::PriceAgain { product: product(2), unit_price_minor: 900 };
        assert_eq!(predictions, [expected]);
    }

    #[test]
    fn a_hypothesis_is_judged_by_what_happened_in_its_time() {
        let client = Id::from_uuid(uuid_v7(0, [1; 10]));
        let belief = &hypotheses_from(&[Observed::TouchedAtRisk { client }], at(10))[0];
        assert_eq!(judge(belief, None, at(11)), HypothesisState::Active);
        assert_eq!(judge(belief, Some(at(9)), at(11)), HypothesisState::Active);
        assert_eq!(judge(belief, Some(at(12)), at(12)), HypothesisState::Confirmed);
        assert_eq!(judge(belief, Some(at(12)), at(99)), HypothesisState::Confirmed);
        assert_eq!(judge(belief, None, at(41)), HypothesisState::Dropped);
    }
}
