//! The orders of the year before the start: each company in its own rhythm.

use domain::{record::OrderStatus, time::Date};

use super::draft::{Start, draw_up};
use crate::{
    catalogue::PriceList,
    company::{business_day, later},
    people::{ACCOUNTS, Standing, standing},
    world::Order,
};

/// Days over which the orders of a company are spread.
const SPREAD_DAYS: i64 = 300;
/// Companies that have fallen out of their rhythm.
const QUIET: [usize; 4] = [11, 20, 26, 29];
/// How long the quiet ones have been silent, in halves of their rhythm: two and a half times it.
const QUIET_HALVES: i64 = 5;
/// How long ago the inactive ones ordered last.
const INACTIVE_DAYS: i64 = 200;
/// The youngest order of a lively company is at least this old: younger ones are new.
const YOUNGEST_DAYS: i64 = 6;
/// And at most so many days older.
const YOUNGEST_SPREAD: i64 = 24;
/// The youngest orders of all, which are not delivered yet.
const STILL_OPEN: usize = 20;
/// Days from the order until it leaves, arrives and is billed.
const SHIPPED_AFTER: u64 = 3;
const DELIVERED_AFTER: u64 = 5;
const BILLED_AFTER: u64 = 6;

/// The orders of the past, the oldest first, numbered in their order.
pub(super) fn orders(list: &PriceList<'_>) -> Vec<Order> {
    let mut days: Vec<(Date, usize)> = (0..ACCOUNTS.len()).flat_map(days_of).collect();
    days.sort_unstable();
    let open_from = days.len().saturating_sub(STILL_OPEN);
    let order = |(place, (ordered_on, client)): (usize, &(Date, usize))| {
        let number = format!("SO-{}", 25_001 + place);
        let is_open = open_from <= place;
        let status = if is_open { OrderStatus::Open } else { OrderStatus::Done };
        let start = Start { number: &number, client: *client, ordered_on: *ordered_on, status };
        let mut order = draw_up(list, start);
        if !is_open {
            order.shipped_on = Some(later(*ordered_on, SHIPPED_AFTER));
            order.delivered_on = Some(later(*ordered_on, DELIVERED_AFTER));
            order.billed_on = Some(later(*ordered_on, BILLED_AFTER));
        }
        order
    };
    days.iter().enumerate().map(order).collect()
}

/// The days on which a company ordered.
fn days_of(client: usize) -> Vec<(Date, usize)> {
    let count = ACCOUNTS[client].orders;
    let rhythm = SPREAD_DAYS / count;
    let place = i64::try_from(client).unwrap_or(0);
    let last = if standing(client) == Standing::Inactive {
        INACTIVE_DAYS
    } else if QUIET.contains(&client) {
        rhythm * QUIET_HALVES / 2
    } else {
        YOUNGEST_DAYS + place * 11 % YOUNGEST_SPREAD.min(rhythm)
    };
    (0..count).map(|back| (business_day(-last - back * rhythm), client)).collect()
}
