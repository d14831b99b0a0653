//! The deals: in every stage, some lively, some stalled, some with a step ahead.

use domain::{
    engagement::{DealFacts, StageType},
    money::BasisPoints,
};

use crate::{
    company::{cents, day, eur},
    people::{client_key, contact_key},
    world::Deal,
};

/// Deals that are neither won nor lost.
const RUNNING: usize = 54;
/// Of them, the ones of the large clients, which have three each.
const OF_LARGE: usize = 36;
/// How many clients are large in this sense; the next ones in the list have one deal each.
const LARGE_CLIENTS: usize = 12;
/// Deals that were won; those beyond were lost.
const WON: usize = 14;
/// All deals.
const ALL: usize = 80;

/// What deals are about, in words that a client may read.
const PROJECTS: [&str; 20] = [
    "Workshop refit",
    "Hygiene framework 2026",
    "Packaging changeover",
    "Dispensing cabinets",
    "Stretch film switch",
    "Skin protection plan",
    "Carton range, own print",
    "Cleaning agents, hall 2",
    "Glove programme",
    "Pallet wrapping line",
    "Consignment stock",
    "Hand lamp exchange",
    "Spill control stations",
    "Label supply",
    "Disinfection plan",
    "Returnable packaging",
    "Tool cribs",
    "Waste sorting stations",
    "Winter service kit",
    "Washroom fittings",
];
/// What was agreed to happen next.
const STEPS: [&str; 5] = [
    "site visit",
    "send the samples",
    "trial in one hall",
    "talk to the quality manager",
    "price round with purchasing",
];
/// Why deals were lost.
const LOST_REASONS: [&str; 6] = [
    "pricing: nine per cent above the winner",
    "competition: incumbent matched our offer",
    "budget cut for the year",
    "no response after three mails",
    "missing feature: no food-grade approval",
    "decision-maker left the company",
];

/// The deals.
pub(crate) fn deals() -> Vec<Deal> {
    (0..ALL).map(|place| if place < RUNNING { running(place) } else { closed(place) }).collect()
}

/// A deal that is neither won nor lost.
fn running(place: usize) -> Deal {
    let client =
        if place < OF_LARGE { place % LARGE_CLIENTS } else { LARGE_CLIENTS + place - OF_LARGE };
    let (stage_type, stage_name) = stage_of(place);
    let mut deal = bare(place, client, stage_type, stage_name);
    let number = i64::try_from(place).unwrap_or(0);
    deal.facts.stage_entered_on = day(-40 - number % 50);
    deal.opened_on = day(-60 - number % 70);
    deal.facts.expected_close_on = Some(day(12 + number * 7 % 100));
    // Signals of the last week: with these alone, nothing is stalled.
    deal.facts.last_buyer_signal_on = Some(day(-1 - number % 7));
    match place % 5 {
        // Quiet for longer than its stage allows, and nothing agreed: stalled.
        0 => deal.facts.last_buyer_signal_on = Some(day(-33 - number % 9)),
        // As quiet, but with a step ahead that keeps it alive until then.
        1 => {
            deal.facts.last_buyer_signal_on = Some(day(-20 - number % 12));
            deal.next_step = Some(STEPS[place % STEPS.len()].to_owned());
            deal.facts.next_step_on = Some(day(2 + number % 19));
        }
        // The buyer never gave a sign.
        2 if place.is_multiple_of(3) => deal.facts.last_buyer_signal_on = None,
        // A step was agreed, and its day has passed.
        3 => {
            deal.next_step = Some(STEPS[place % STEPS.len()].to_owned());
            deal.facts.next_step_on = Some(day(-9 - number % 5));
        }
        _ => {}
    }
    if place % 9 == 4 {
        deal.facts.expected_close_on = Some(day(-2 - number % 11));
    }
    if place % 7 == 3 {
        deal.facts.close_pushes = if place.is_multiple_of(2) { 2 } else { 1 };
    }
    // Two of the stalled ones were asked for the next step before.
    if place == 5 || place == 20 {
        deal.facts.last_follow_up_on = Some(day(-11));
        deal.facts.follow_ups_since_signal = 1;
    }
    deal
}

/// The stage of a running deal: among those of clients with one deal, most have just been opened.
fn stage_of(place: usize) -> (StageType, &'static str) {
    match place {
        0..12 | 36..46 => (StageType::Open, "First talks"),
        12..31 | 46..51 if place.is_multiple_of(2) => (StageType::Ongoing, "Proposal"),
        12..31 | 46..51 => (StageType::Ongoing, "Trial"),
        _ => (StageType::OnHold, "On hold"),
    }
}

/// A deal that was won or lost: some in the half-year before, the others since New Year.
fn closed(place: usize) -> Deal {
    let since = place - RUNNING;
    let number = i64::try_from(since).unwrap_or(0);
    let is_won = since < WON;
    // Five steps each: no client wins or loses everything.
    let client = since * 5 % 37;
    let closed_on = day(-4 - number % 13 * 13);
    let (stage_type, stage_name) =
        if is_won { (StageType::Won, "Won") } else { (StageType::Lost, "Lost") };
    let mut deal = bare(place, client, stage_type, stage_name);
    deal.opened_on = day(-250 - number);
    deal.closed_on = Some(closed_on);
    deal.facts.stage_entered_on = closed_on;
    deal.facts.expected_close_on = Some(closed_on);
    deal.facts.last_buyer_signal_on = Some(closed_on);
    deal.lost_reason = (!is_won).then(|| LOST_REASONS[since % LOST_REASONS.len()].to_owned());
    deal
}

fn bare(place: usize, client: usize, stage_type: StageType, stage_name: &str) -> Deal {
    let number = i64::try_from(place).unwrap_or(0);
    let probability = match stage_type {
        StageType::Open => 1_500,
        StageType::Ongoing => 4_500,
        StageType::OnHold => 1_000,
        StageType::Won => 10_000,
        StageType::Lost => 0,
    };
    Deal {
        key: format!("DE-{:02}", place + 1),
        name: PROJECTS[(place * 3 + place / PROJECTS.len()) % PROJECTS.len()].to_owned(),
        client: client_key(client),
        contact: contact_key(client, 0),
        stage_name: stage_name.to_owned(),
        probability: BasisPoints(probability),
        value: eur(cents(1_800 + number * 433 % 24_000)),
        next_step: None,
        opened_on: day(-60),
        closed_on: None,
        lost_reason: None,
        facts: DealFacts {
            stage_type,
            stage_entered_on: day(-60),
            last_buyer_signal_on: None,
            next_step_on: None,
            expected_close_on: None,
            close_pushes: 0,
            last_follow_up_on: None,
            follow_ups_since_signal: 0,
        },
    }
}
