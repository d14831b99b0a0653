//! Who may order on terms, and how far.

use domain::order::CreditFacts;

use super::{ACCOUNTS, Standing, client_key, standing};
use crate::{
    company::{cents, day, eur},
    world::Credit,
};

/// Terms agreed with most; a few that are worth more have longer ones.
const AGREED_DAYS: i32 = 30;
/// Terms agreed with the largest.
const AGREED_DAYS_LARGE: i32 = 45;
/// From this value on a company counts as large, in whole euros.
const LARGE_FROM_MAJOR: i64 = 200_000;
/// The least limit that a sound company has, in whole euros.
const LIMIT_LEAST_MAJOR: i64 = 30_000;
/// What the company near its limit may owe, and owes, in whole euros.
const NEAR_LIMIT_MAJOR: (i64, i64) = (6_000, 5_900);
/// What the others with a special standing may owe, in whole euros.
const SPECIAL_LIMIT_MAJOR: i64 = 25_000;

/// The terms agreed with a company; `None` if it pays in advance.
pub(crate) fn agreed_days(client: usize) -> Option<i32> {
    let is_large = ACCOUNTS.get(client).is_some_and(|it| LARGE_FROM_MAJOR <= it.value_major);
    match standing(client) {
        Standing::Prepays | Standing::Inactive => None,
        Standing::Sound if is_large => Some(AGREED_DAYS_LARGE),
        Standing::Sound | Standing::NearLimit | Standing::OnHold | Standing::Overdue => {
            Some(AGREED_DAYS)
        }
    }
}

/// The credit profiles. There is none for the whole tenant: whoever has no own one pays in advance.
pub(crate) fn credit() -> Vec<Credit> {
    (0..ACCOUNTS.len()).filter_map(profile).collect()
}

fn profile(client: usize) -> Option<Credit> {
    let value_major = ACCOUNTS.get(client)?.value_major;
    let (limit_major, owed_major, overdue_major) = match standing(client) {
        Standing::Prepays | Standing::Inactive => return None,
        // Half a year's business: more than all the orders that the demo has of anybody.
        Standing::Sound => {
            let limit_major = (value_major / 2).max(LIMIT_LEAST_MAJOR);
            (limit_major, limit_major / 10, 0)
        }
        Standing::NearLimit => (NEAR_LIMIT_MAJOR.0, NEAR_LIMIT_MAJOR.1, 0),
        Standing::OnHold => (SPECIAL_LIMIT_MAJOR, 4_200, 0),
        Standing::Overdue => (SPECIAL_LIMIT_MAJOR, 9_100, 3_480),
    };
    let is_on_hold = standing(client) == Standing::OnHold;
    Some(Credit {
        key: format!("CR-{:02}", client + 1),
        client: client_key(client),
        facts: CreditFacts {
            limit: eur(cents(limit_major)),
            is_tenant_default: false,
            is_on_hold,
            hold_reason: is_on_hold.then(|| "insolvency rumoured, wait for the audit".to_owned()),
            outstanding_minor: cents(owed_major),
            open_orders_minor: 0,
            overdue_minor: cents(overdue_major),
            terms_days: agreed_days(client),
        },
        known_on: day(-1),
    })
}
