//! What the records would write to somebody now: rendered in one place, for the planner and the gate alike.

use domain::engagement::{LastOrder, LetterFacts, Purpose, QuoteStatus, RenderedLetter, render};
use store::{
    person::{Mentions, Person},
    pipeline::{ComplianceRow, DealRow, QuoteRow},
    tenant::Tenant,
};

/// What a letter is about, as the records have it.
#[derive(Clone, Copy)]
pub(crate) enum About<'r> {
    /// Keeping in touch; with what the person's account may be reminded of.
    Touch(Option<&'r Mentions>),
    Deal(&'r DealRow),
    Quote(&'r QuoteRow),
    Compliance(&'r ComplianceRow),
}

/// The letter to this person, or `None` if the records have nothing to write about.
pub(crate) fn write_letter(
    tenant: &Tenant,
    person: &Person,
    about: About<'_>,
) -> Option<RenderedLetter> {
    match about {
        About::Touch(mentions) => Some(touch(tenant, person, mentions)),
        About::Deal(deal) => {
            let purpose = Purpose::Deal {
                deal_name: &deal.name,
                stage_name: &deal.stage_name,
                // A next step is written for colleagues; a client is asked, not told.
                next_step: None,
            };
            Some(letter(tenant, person, purpose))
        }
        About::Quote(quote) => {
            let purpose = Purpose::Quote {
                quote_number: &quote.number,
                submitted_on: quote.facts.submitted_on?,
                valid_until: quote.facts.valid_until,
                receipt_confirmed: quote.facts.status == QuoteStatus::Confirmed
                    || quote.facts.confirmed_on.is_some(),
            };
            Some(letter(tenant, person, purpose))
        }
        About::Compliance(item) => {
            let purpose = Purpose::Compliance { item_name: &item.name, due_on: item.facts.due_on };
            Some(letter(tenant, person, purpose))
        }
    }
}

fn touch(tenant: &Tenant, person: &Person, mentions: Option<&Mentions>) -> RenderedLetter {
    let never_touched = person.clock.is_none_or(|it| it.state.last_touch_at.is_none());
    let last_order = mentions.and_then(|it| it.last_order.as_ref());
    let purpose = Purpose::Touch {
        last_order: last_order
            .map(|(number, ordered_on)| LastOrder { number, ordered_on: *ordered_on }),
        open_deal: mentions.and_then(|it| it.open_deal.as_deref()),
        never_touched,
    };
    letter(tenant, person, purpose)
}

fn letter(tenant: &Tenant, person: &Person, purpose: Purpose<'_>) -> RenderedLetter {
    render(&LetterFacts {
        recipient_name: person.name.as_deref(),
        client_name: &person.client_name,
        tenant_name: &tenant.name,
        signature_name: &tenant.sender_name,
        purpose,
    })
}
