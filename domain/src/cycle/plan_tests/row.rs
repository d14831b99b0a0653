//! What the other rows lead to: letters that the records would write, under keys that last.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::*;
use crate::proposal::Evidence;

/// The dedup key of what a world calls for, by the row it is about.
fn keys_by_row(inputs: &PlanInputs) -> BTreeMap<(ActionKind, SubjectKind, u128, i32), String> {
    let row = |it: &Proposal| (it.kind, it.subject.kind, it.subject.id.as_u128(), it.score.0);
    plan(inputs).into_iter().map(|it| (row(&it), it.dedup_key)).collect()
}

#[test]
fn dedup_keys_change_only_when_the_question_is_a_new_one() {
    let first = keys_by_row(&world());
    let later = PlanInputs { now: at("2027-03-10T16:00:00Z"), ..world() };
    assert_eq!(keys_by_row(&later), first, "the same day, the same keys");

    // A held order is looked at daily, and a letter that nobody decided on comes again weekly.
    let weekly =
        [ActionKind::FollowUpDeal, ActionKind::FollowUpQuote, ActionKind::RemindCompliance];
    for days in [1, 7] {
        let then = keys_by_row(&PlanInputs { now: at(NOW) + TimeDelta::days(days), ..world() });
        for (row, key) in &first {
            let is_held_order = row.0 == ActionKind::ProcessOrder && (110..113).contains(&row.2);
            let is_new = is_held_order || days == 7 && weekly.contains(&row.0);
            assert_eq!(then.get(row) != Some(key), is_new, "after {days} days {row:?}: {key}");
        }
    }

    let mut answered = world();
    answered.engagement_violations.iter_mut().for_each(|it| it.epoch += 1);
    for it in &mut answered.pending_quotes {
        it.facts.follow_ups = 1;
    }
    for it in &mut answered.vendor_compliance {
        it.facts.reminders = 1;
    }
    let next = keys_by_row(&answered);
    for (row, key) in &first {
        let is_next =
            [ActionKind::SendTouch, ActionKind::FollowUpQuote, ActionKind::RemindCompliance]
                .contains(&row.0);
        assert_eq!(next.get(row) != Some(key), is_next, "{row:?}: {key}");
    }
}

#[test]
fn a_letter_carries_what_the_records_would_write_and_needs_somebody_to_go_to() {
    let letters = |inputs: &PlanInputs| -> Vec<Proposal> {
        plan(inputs).into_iter().filter(|it| it.kind.leaves_system()).collect()
    };
    let mut inputs = PlanInputs {
        stale_deals: vec![deal(120)],
        pending_quotes: vec![quote(130, QuoteStatus::Submitted)],
        engagement_violations: vec![target(140, 50)],
        vendor_compliance: vec![item(180, "2027-03-20")],
        ..nothing()
    };
    let planned = letters(&inputs);
    assert_eq!(planned.len(), 4);
    for it in planned {
        let Payload::Letter(letter) = &it.payload else { panic!("{} is no letter", it.kind) };
        // In this world a row and its person have one number.
        let expected = addressee(it.subject.id.as_u128());
        assert_eq!((letter.contact, &letter.to), (expected.contact, &expected.address));
        assert_eq!(
            (&letter.subject, &letter.body),
            (&expected.letter.subject, &expected.letter.body)
        );
        assert_eq!(letter.template, expected.letter.template);
        let epoch = (it.kind == ActionKind::SendTouch).then_some(4);
        assert_eq!(letter.epoch, epoch, "only a touch answers to a clock");
    }
    inputs.stale_deals[0].addressee = None;
    inputs.pending_quotes[0].addressee = None;
    inputs.vendor_compliance[0].addressee = None;
    assert_eq!(kinds(&letters(&inputs)), [ActionKind::SendTouch]);
}

#[test]
fn rows_that_call_for_nothing_are_left_alone() {
    let mut lively = deal(120);
    lively.facts.last_buyer_signal_on = Some(day("2027-03-09"));
    let mut expired = quote(130, QuoteStatus::Submitted);
    expired.facts.valid_until = Some(day("2027-03-09"));
    let mut received = item(180, "2027-03-01");
    received.facts.status = ComplianceStatus::Received;
    let inputs = PlanInputs {
        stale_deals: vec![lively],
        pending_quotes: vec![expired, quote(131, QuoteStatus::Won)],
        vendor_compliance: vec![received, item(181, "2027-12-01")],
        ..nothing()
    };
    assert_eq!(plan(&inputs), []);
}

#[test]
fn a_touch_cites_when_it_fell_due_unless_there_never_was_one() {
    let mut inputs = PlanInputs { engagement_violations: vec![target(140, 50)], ..nothing() };
    let due = Evidence::Date { what: "next_touch_due".to_owned(), at: at("2027-03-09T08:00:00Z") };
    assert!(plan(&inputs)[0].evidence.contains(&due));
    inputs.engagement_violations[0].is_never_touched = true;
    let dates = |it: &Evidence| matches!(it, Evidence::Date { .. });
    assert!(!plan(&inputs)[0].evidence.iter().any(dates), "the beginning of time is no date");
}
