//! What the records would write to somebody now: loaded and rendered in one place, for the planner and the gate alike.

use domain::{
    action::ActionKind,
    engagement::{LastOrder, LetterFacts, Purpose, QuoteStatus, RenderedLetter, render},
    id::{ComplianceItemId, DealId, QuoteId},
    proposal::Subject,
};
use store::{
    Scope, StoreResult,
    person::{Mentions, Person},
    tenant::Tenant,
};

/// The letter of this kind about this subject to this person, or `None` if the records hold no such subject.
///
/// `mentions` are those of the person's account, as the caller has loaded them together with the person.
pub(crate) async fn write_letter(
    scope: &Scope<'_>,
    tenant: &Tenant,
    kind: ActionKind,
    subject: Subject,
    person: &Person,
    mentions: Option<&Mentions>,
) -> StoreResult<Option<RenderedLetter>> {
    match kind {
        ActionKind::SendTouch => Ok(Some(touch(tenant, person, mentions))),
        ActionKind::FollowUpDeal => {
            let Some(deal) = scope.find_deal(DealId::from_uuid(subject.id)).await? else {
                return Ok(None);
            };
            let purpose = Purpose::Deal {
                deal_name: &deal.name,
                stage_name: &deal.stage_name,
                // A next step is written for colleagues; a client is asked, not told.
                next_step: None,
            };
            Ok(Some(letter(tenant, person, purpose)))
        }
        ActionKind::FollowUpQuote => {
            let Some(quote) = scope.find_quote(QuoteId::from_uuid(subject.id)).await? else {
                return Ok(None);
            };
            let Some(submitted_on) = quote.facts.submitted_on else { return Ok(None) };
            let purpose = Purpose::Quote {
                quote_number: &quote.number,
                submitted_on,
                valid_until: quote.facts.valid_until,
                receipt_confirmed: quote.facts.status == QuoteStatus::Confirmed
                    || quote.facts.confirmed_on.is_some(),
            };
            Ok(Some(letter(tenant, person, purpose)))
        }
        ActionKind::RemindCompliance => {
            let item = scope.find_compliance_item(ComplianceItemId::from_uuid(subject.id)).await?;
            let Some(item) = item else { return Ok(None) };
            let purpose = Purpose::Compliance { item_name: &item.name, due_on: item.facts.due_on };
            Ok(Some(letter(tenant, person, purpose)))
        }
        ActionKind::ProcessOrder
        | ActionKind::AdvanceDeal
        | ActionKind::RecordQuoteLoss
        | ActionKind::CreateTask
        | ActionKind::OpenCase
        | ActionKind::Research
        | ActionKind::ChangePrice
        | ActionKind::ChangeCreditLimit
        | ActionKind::MoveMoney
        | ActionKind::DeleteRecord => Ok(None),
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
