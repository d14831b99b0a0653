//! Who was in touch with whom before the start.
//!
//! Most people were heard of in the last two and a half weeks, so that the demo does not begin with
//! a hundred letters. Some are due on the first morning, and some were never written to at all.

use domain::{engagement::TouchKind, time::Date};

use super::standing;
use crate::{
    company::{business_day, moment_on},
    people::{PEOPLE_EACH, Standing},
    world::{Contact, PastTouch},
};

/// Companies whose second person was never in touch.
const NEVER_TOUCHED: [usize; 10] = [24, 25, 26, 27, 28, 29, 30, 31, 32, 36];
/// Companies whose third person is due on the first morning.
const DUE: [usize; 15] = [0, 1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 17, 19, 21, 22];
/// Days without a touch after which a clock is due on the first morning, and is still in time.
const DUE_DAYS_LEAST: i64 = 18;
/// The last of these days is the twentieth.
const DUE_DAYS_SPREAD: i64 = 3;
/// The others were touched within so many days.
const FRESH_DAYS_SPREAD: i64 = 16;
/// Days between a touch and the one before it: less than the promise of 21.
const BEFORE_DAYS: i64 = 19;
/// One in so many people has an earlier touch on record.
const BEFORE_EACH: usize = 3;
/// Minutes of the business day over which touches are spread, from nine to a quarter past five.
const BUSINESS_MINUTES: usize = 495;

/// The touches, person by person.
pub(crate) fn touches(contacts: &[Contact]) -> Vec<PastTouch> {
    let mut touches = Vec::new();
    for (number, contact) in contacts.iter().enumerate() {
        let Some(days_ago) = days_ago(number, contact) else { continue };
        touches.push(touch(number, contact, business_day(-days_ago), "last"));
        if number % BEFORE_EACH == 0 {
            let before = business_day(-days_ago - BEFORE_DAYS);
            touches.push(touch(number + 1, contact, before, "before"));
        }
    }
    touches
}

/// How long ago somebody was in touch with a person; `None` if nobody ever was.
fn days_ago(number: usize, contact: &Contact) -> Option<i64> {
    let (client, slot) = (number / PEOPLE_EACH, number % PEOPLE_EACH);
    let place = i64::try_from(number).unwrap_or(0);
    let is_gone = !contact.is_active || standing(client) == Standing::Inactive;
    match slot {
        _ if is_gone || contact.email.is_none() => None,
        1 if NEVER_TOUCHED.contains(&client) => None,
        2 if DUE.contains(&client) => Some(DUE_DAYS_LEAST + place % DUE_DAYS_SPREAD),
        _ => Some(1 + place * 5 % FRESH_DAYS_SPREAD),
    }
}

fn touch(number: usize, contact: &Contact, date: Date, which: &str) -> PastTouch {
    use TouchKind::{Call, Email, Meeting, Note, Visit};
    let kinds = [Email, Call, Email, Meeting, Note, Email, Visit, Call];
    let (client, slot) = (number / PEOPLE_EACH, number % PEOPLE_EACH);
    let minutes = u32::try_from(number * 37 % BUSINESS_MINUTES).unwrap_or(0);
    PastTouch {
        key: format!("{}:{which}", contact.key),
        client: contact.client.clone(),
        contact: contact.key.clone(),
        at: moment_on(date, 9 + minutes / 60, minutes % 60),
        kind: kinds[(client + slot) % kinds.len()],
    }
}
