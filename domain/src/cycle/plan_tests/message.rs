//! What a mail leads to: each ask once, in its own words, and nothing where there is doubt.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    money::BasisPoints,
    policy::{
        Effect, MessageFacts, Moment, PolicyFacts, ProofFacts, ResearchFacts, SubjectFacts, decide,
    },
    proposal::{CaseKind, Evidence, Justification, LossPayload},
};

proptest! {
    #[test]
    fn each_ask_is_proposed_once_up_to_the_limit(
        asks in prop::collection::btree_set((0..40_u32, select(AskKind::ALL)), 0..20),
        (has_safety, has_complaint) in any::<(bool, bool)>(),
    ) {
        let mut it = message(150);
        let place = |number: u32| span(number * 20);
        let found = asks.iter().map(|(number, kind)| Ask { kind: *kind, span: place(*number), by: None });
        it.findings.asks = found.collect();
        // A sentence may be an ask, a complaint and a warning at once.
        it.findings.safety = has_safety.then(|| place(3));
        it.findings.complaint = has_complaint.then(|| place(3));
        let cases = usize::from(has_safety) + usize::from(has_complaint);
        let planned = plan(&of(vec![it]));
        prop_assert_eq!(planned.len(), (asks.len() + cases).min(MESSAGE_ACTIONS_MAX));
        let opened = planned.iter().filter(|it| it.kind == ActionKind::OpenCase).count();
        prop_assert_eq!(opened, cases, "cases go before asks");
        let distinct: BTreeSet<String> = keys(&planned).into_iter().collect();
        prop_assert_eq!(distinct.len(), planned.len(), "no two share a key");
    }
}

#[test]
fn an_ask_is_proposed_with_the_words_that_stand_there() {
    let mut it = message(150);
    it.body = "Hello, please call me.".to_owned();
    let cited = Span { start: 7, end: 22 };
    let beyond = Span { start: 7, end: 23 };
    it.findings.asks = vec![
        Ask { kind: AskKind::Call, span: cited, by: None },
        Ask { kind: AskKind::Price, span: beyond, by: None },
    ];
    let planned = plan(&of(vec![it]));
    let told: Vec<_> = planned
        .iter()
        .map(|it| {
            let Payload::Task(task) = &it.payload else { panic!("no task") };
            let Justification::ClientAsk { message, span, words } = &task.justification else {
                panic!("no ask")
            };
            let evidence = vec![Evidence::Words { message: *message, span: *span }];
            assert_eq!(it.evidence, evidence);
            (task.task, *message, *span, words.as_str())
        })
        .collect();
    let message = id(150);
    // A span that the text does not have has no words, and so no proof.
    let expected =
        [(AskKind::Call, message, cited, "please call me."), (AskKind::Price, message, beyond, "")];
    assert_eq!(told, expected);
}

/// What the gate would load for an action on the words of this message.
fn facts_of(message: &MessageRef) -> PolicyFacts {
    PolicyFacts {
        mode: TenantMode::Autonomous,
        calendar: BusinessCalendar::weekdays(chrono_tz::Europe::Berlin),
        subject: SubjectFacts::Message,
        subject_is_of_client: true,
        client_is_active: true,
        has_open_complaint: false,
        recipient: None,
        letter: None,
        proof: ProofFacts::Message(Box::new(MessageFacts {
            is_inbound: true,
            is_from_client_person: true,
            findings: message.findings.clone(),
            body: message.body.clone(),
            received_at: message.received_at,
        })),
        rivals: 0,
        research: ResearchFacts {
            compliance: BasisPoints::WHOLE,
            goals_behind_pace: false,
            pipeline_is_thin: false,
        },
    }
}

/// Found by these tests: two actions on one sentence had one dedup key, so only one came to be.
#[test]
fn everything_that_one_sentence_calls_for_is_proposed_and_proven() {
    let mut it = message(150);
    let kinds = [AskKind::Document, AskKind::RevisedBid];
    it.findings.asks = kinds.map(|kind| Ask { kind, span: span(0), by: None }).to_vec();
    it.findings.safety = Some(span(0));
    it.findings.complaint = Some(span(0));
    let facts = facts_of(&it);
    let planned = plan(&of(vec![it]));
    let what = |case: CaseKind| format!("open_case:{}:0:{case}", id::<()>(150));
    let task = |ask: AskKind| format!("create_task:{}:0:{ask}", id::<()>(150));
    let expected =
        [what(CaseKind::Safety), task(kinds[0]), task(kinds[1]), what(CaseKind::Complaint)];
    assert_eq!(keys(&planned), expected);
    for proposal in &planned {
        let verdict = decide(proposal, &facts, Moment::Propose, at(NOW));
        assert_eq!(verdict.effect, Effect::Allow, "{verdict:?}");
    }
}

#[test]
fn nothing_comes_of_machines_and_strangers() {
    for kind in MessageKind::ALL.iter().filter(|kind| **kind != MessageKind::Person) {
        let mut it = full_message(150);
        it.findings.kind = *kind;
        assert_eq!(plan(&of(vec![it])), [], "{kind}");
    }
    let stranger = MessageRef { client: None, ..full_message(150) };
    assert_eq!(plan(&of(vec![stranger, message(170)])), []);
}

#[test]
fn words_move_a_deal_or_a_quote_only_if_there_is_one() {
    let count = |it: MessageRef, kind| {
        kinds(&plan(&of(vec![it]))).into_iter().filter(|planned| *planned == kind).count()
    };
    let with_deals = |deals: Vec<StageType>| MessageRef {
        open_deals: (200..).map(id).zip(deals).collect(),
        ..full_message(150)
    };
    let (open, hold, ongoing) = (StageType::Open, StageType::OnHold, StageType::Ongoing);
    let table = [
        (vec![], 0),
        (vec![open], 1),
        (vec![hold], 1),
        (vec![ongoing], 0),
        (vec![StageType::Won], 0),
        (vec![StageType::Lost], 0),
        (vec![open, open], 0),
        (vec![open, ongoing], 0),
    ];
    for (deals, expected) in table {
        let planned = count(with_deals(deals.clone()), ActionKind::AdvanceDeal);
        assert_eq!(planned, expected, "{deals:?}");
    }
    for (quotes, expected) in [(0, 0), (1, 1), (2, 0)] {
        let waiting_quotes = (200..200 + quotes).map(id).collect();
        let it = MessageRef { waiting_quotes, ..full_message(150) };
        assert_eq!(count(it, ActionKind::RecordQuoteLoss), expected, "{quotes} quotes");
    }
    let mut quiet = full_message(150);
    (quiet.findings.buying_signal, quiet.findings.quote_lost) = (None, None);
    assert_eq!(count(quiet.clone(), ActionKind::AdvanceDeal), 0);
    assert_eq!(count(quiet, ActionKind::RecordQuoteLoss), 0);
}

#[test]
fn a_loss_told_by_words_brings_no_reason_and_a_recorded_one_its_own() {
    let losses = |inputs: PlanInputs| -> Vec<LossPayload> {
        let only = |it: Proposal| match it.payload {
            Payload::Loss(loss) => Some(loss),
            _ => None,
        };
        plan(&inputs).into_iter().filter_map(only).collect()
    };
    let (message, cited) = (Some(id(150)), Some(span(80)));
    let by_words = LossPayload { reason: None, message, span: cited };
    assert_eq!(losses(of(vec![full_message(150)])), [by_words]);
    let recorded = |is_loss_recorded| PlanInputs {
        pending_quotes: vec![QuoteRef { is_loss_recorded, ..quote(131, QuoteStatus::Lost) }],
        ..nothing()
    };
    let reason = Some("price".to_owned());
    assert_eq!(losses(recorded(false)), [LossPayload { reason, message: None, span: None }]);
    assert_eq!(plan(&recorded(true)), []);
}
