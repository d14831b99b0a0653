//! The quotes: submitted, confirmed, won, lost, expired, and one that was never sent.

use domain::engagement::{QuoteFacts, QuoteStatus};

use crate::{
    company::{cents, day, eur},
    people::{client_key, contact_key},
    world::{Key, Quote},
};

/// Which clients have confirmed a quote and not decided yet; how many days after the start it was
/// submitted and confirmed.
const CONFIRMED: [(usize, i64, i64); 6] =
    [(0, -13, -12), (3, -9, -6), (5, -15, -12), (7, -13, -10), (10, -15, -12), (22, -17, -14)];
/// Which have one that nobody has confirmed, and since when.
const SUBMITTED: [(usize, i64); 6] = [(1, -1), (2, -4), (4, -1), (6, -4), (19, -1), (21, -4)];
/// Which have declined one, and why.
const LOST: [(usize, &str); 5] = [
    (8, "pricing: a competitor was six per cent lower"),
    (11, "competition: the group has a framework elsewhere"),
    (12, "budget postponed to next year"),
    (14, "missing features: no scented version"),
    (17, "no response"),
];
/// Which have accepted one.
const WON: [usize; 4] = [0, 3, 15, 18];
/// Which let one run out.
const EXPIRED: [usize; 3] = [6, 13, 20];
/// Who is about to get one.
const DRAFT: usize = 24;

/// The quote whose validity ends within the demo's days, undecided.
const SHORT_LIVED: usize = 19;
/// Whose quote has been asked about before.
const ASKED_ABOUT: usize = 5;

/// The quotes.
pub(crate) fn quotes() -> Vec<Quote> {
    let mut quotes = Vec::new();
    for (client, submitted, confirmed) in CONFIRMED {
        quotes.push(waiting(quotes.len(), client, submitted, Some(confirmed)));
    }
    for (client, submitted) in SUBMITTED {
        quotes.push(waiting(quotes.len(), client, submitted, None));
    }
    for (client, reason) in LOST {
        let mut quote = decided(quotes.len(), client, QuoteStatus::Lost);
        quote.lost_reason = Some(reason.to_owned());
        quotes.push(quote);
    }
    for client in WON {
        quotes.push(decided(quotes.len(), client, QuoteStatus::Won));
    }
    for client in EXPIRED {
        quotes.push(decided(quotes.len(), client, QuoteStatus::Expired));
    }
    let mut draft = bare(quotes.len(), DRAFT, QuoteStatus::Draft);
    draft.facts.submitted_on = None;
    draft.facts.valid_until = None;
    quotes.push(draft);
    quotes
}

fn waiting(place: usize, client: usize, submitted: i64, confirmed: Option<i64>) -> Quote {
    let status = if confirmed.is_some() { QuoteStatus::Confirmed } else { QuoteStatus::Submitted };
    let mut quote = bare(place, client, status);
    let valid_days = if client == SHORT_LIVED { 14 } else { 45 };
    quote.facts.submitted_on = Some(day(submitted));
    quote.facts.confirmed_on = confirmed.map(day);
    quote.facts.valid_until = Some(day(submitted + valid_days));
    // Each of the first twelve deals is its client's first.
    quote.deal = (client < 12).then(|| deal_of(client));
    if client == ASKED_ABOUT {
        quote.facts.last_follow_up_on = Some(day(-3));
        quote.facts.follow_ups = 1;
    }
    quote
}

fn decided(place: usize, client: usize, status: QuoteStatus) -> Quote {
    let number = i64::try_from(place).unwrap_or(0);
    let mut quote = bare(place, client, status);
    quote.facts.submitted_on = Some(day(-90 + number));
    quote.facts.valid_until = Some(day(-45 + number));
    match status {
        QuoteStatus::Won | QuoteStatus::Lost => {
            quote.facts.confirmed_on = Some(day(-86 + number));
            quote.decided_on = Some(day(-60 + number * 2));
        }
        QuoteStatus::Draft
        | QuoteStatus::Submitted
        | QuoteStatus::Confirmed
        | QuoteStatus::Expired => {}
    }
    quote
}

fn bare(place: usize, client: usize, status: QuoteStatus) -> Quote {
    let number = i64::try_from(place).unwrap_or(0);
    Quote {
        number: format!("Q-26{:03}", place + 1),
        client: client_key(client),
        contact: contact_key(client, 0),
        deal: None,
        amount: eur(cents(2_400 + number * 617 % 19_000)),
        decided_on: None,
        lost_reason: None,
        facts: QuoteFacts {
            status,
            submitted_on: Some(day(-30)),
            confirmed_on: None,
            valid_until: None,
            last_follow_up_on: None,
            follow_ups: 0,
        },
    }
}

/// The key of the first deal of one of the large clients.
fn deal_of(client: usize) -> Key {
    format!("DE-{:02}", client + 1)
}
