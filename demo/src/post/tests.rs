//! Reads every message as an import would, plans and decides as a cycle would, and compares what
//! comes of it with what the tables say.

use std::collections::BTreeSet;

use domain::{
    action::TenantMode,
    cycle::{MessageRef, PlanInputs, TenantFacts, plan},
    engagement::{QuoteStatus, StageType},
    id::{Id, uuid_v7},
    mail::{MessageKind, Reading, SenderProof, bounce::DeliveryAction, read, signature::Role},
    money::BasisPoints,
    policy::{
        Effect, MessageFacts, Moment, PolicyFacts, ProofFacts, ResearchFacts, SubjectFacts, decide,
    },
    proposal::{Payload, Proposal},
    record::Direction,
};

use super::{ExpectedMail, Outcome, Wish, expected_mail};
use crate::{
    company::{ADDRESS, AUTHSERV_ID, calendar, starts_at},
    world::{Message, World, world},
};

fn id<K>(place: usize) -> Id<K> {
    let mut random = [0_u8; 10];
    random[9] = u8::try_from(place).unwrap();
    Id::from_uuid(uuid_v7(1, random))
}

fn reading(message: &Message) -> Reading {
    read(&message.raw, Some(AUTHSERV_ID)).unwrap()
}

/// Key of the account, and whether the sender is one of its people on record.
fn account_of<'w>(world: &'w World, reading: &Reading) -> (Option<&'w str>, bool) {
    let from = reading.headers.from.as_ref().unwrap();
    let known = world.contacts.iter().find(|it| it.email.as_ref() == Some(&from.address));
    if let Some(contact) = known {
        return (Some(&contact.client), true);
    }
    let client = world.clients.iter().find(|it| it.domain.as_deref() == Some(from.domain()));
    (client.map(|it| it.external_id.as_str()), false)
}

/// The proposals that a cycle makes of a message alone.
fn proposals(world: &World, message: &Message, reading: &Reading) -> Vec<Proposal> {
    let (client, _) = account_of(world, reading);
    let place = world.clients.iter().position(|it| Some(it.external_id.as_str()) == client);
    let is_theirs = |whose: &str| Some(whose) == client;
    let is_running = |stage| !matches!(stage, StageType::Won | StageType::Lost);
    let is_waiting = |status| matches!(status, QuoteStatus::Submitted | QuoteStatus::Confirmed);
    let deals = world.deals.iter().enumerate();
    let quotes = world.quotes.iter().enumerate();
    let inputs = PlanInputs {
        tenant: TenantFacts { mode: TenantMode::Autonomous, calendar: calendar() },
        now: message.received_at,
        goals: Vec::new(),
        new_orders: Vec::new(),
        pending_orders: Vec::new(),
        stale_deals: Vec::new(),
        pending_quotes: Vec::new(),
        engagement_violations: Vec::new(),
        email_updates: vec![MessageRef {
            id: id(0),
            key: message.key.clone(),
            client: place.map(id),
            received_at: message.received_at,
            findings: reading.findings.clone(),
            body: reading.body.clone(),
            open_deals: deals
                .filter(|(_, it)| is_theirs(&it.client) && is_running(it.facts.stage_type))
                .map(|(place, it)| (id(place), it.facts.stage_type))
                .collect(),
            waiting_quotes: quotes
                .filter(|(_, it)| is_theirs(&it.client) && is_waiting(it.facts.status))
                .map(|(place, _)| id(place))
                .collect(),
        }],
        vendor_compliance: Vec::new(),
        safety_cases: Vec::new(),
    };
    plan(&inputs)
}

/// What the policy says to a proposal that rests on a message.
fn effect(world: &World, message: &Message, reading: &Reading, proposal: &Proposal) -> Effect {
    let (_, is_on_record) = account_of(world, reading);
    let subject = match proposal.payload {
        Payload::Advance(_) => {
            let deal = &world.deals[usize::from(proposal.subject.id.as_bytes()[15])];
            SubjectFacts::Deal { deal: deal.facts }
        }
        Payload::Loss(_) => {
            let quote = &world.quotes[usize::from(proposal.subject.id.as_bytes()[15])];
            SubjectFacts::Quote {
                quote: quote.facts,
                lost_reason: quote.lost_reason.clone(),
                is_loss_recorded: false,
            }
        }
        _ => SubjectFacts::Message,
    };
    let witness =
        MessageFacts::from_reading(reading.clone(), true, is_on_record, message.received_at);
    let facts = PolicyFacts {
        mode: TenantMode::Autonomous,
        calendar: calendar(),
        subject,
        subject_is_of_client: true,
        client_is_active: true,
        has_open_complaint: false,
        recipient: None,
        letter: None,
        proof: ProofFacts::Message(Box::new(witness)),
        // The planner proposes nothing where the words could mean another deal or quote as well.
        rivals: 0,
        research: ResearchFacts {
            compliance: BasisPoints::WHOLE,
            goals_behind_pace: false,
            pipeline_is_thin: false,
        },
    };
    decide(proposal, &facts, Moment::Propose, message.received_at).effect
}

fn wish(proposal: &Proposal) -> Wish {
    match &proposal.payload {
        Payload::Task(task) => Wish::Task(task.task),
        Payload::Case(case) => Wish::Case(case.case),
        Payload::Advance(_) => Wish::AdvanceDeal,
        Payload::Loss(_) => Wish::RecordLoss,
        other => panic!("a message led to {other:?}"),
    }
}

fn expected(key: &str) -> &'static ExpectedMail {
    expected_mail().iter().find(|it| it.key == key).unwrap()
}

#[test]
fn every_message_leads_to_what_is_expected_and_to_nothing_else() {
    let world = world();
    let mut wrong = Vec::new();
    for message in world.messages.iter().filter(|it| it.direction == Direction::Inbound) {
        let reading = reading(message);
        let mut found: Vec<Outcome> = proposals(&world, message, &reading)
            .iter()
            .map(|proposal| Outcome {
                wish: wish(proposal),
                effect: effect(&world, message, &reading, proposal),
            })
            .collect();
        let mut wanted = expected(&message.key).outcomes.to_vec();
        found.sort();
        wanted.sort();
        if found != wanted {
            let (kind, sender) = (reading.findings.kind, reading.findings.sender);
            wrong.push(format!("{} ({kind}, {sender}): {found:?}, not {wanted:?}", message.key));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_is_read_as_the_kind_that_it_is() {
    let world = world();
    let machines = [
        ("away-until-monday", MessageKind::AutoReply),
        ("abwesend", MessageKind::AutoReply),
        ("ticket-opened", MessageKind::AutoReply),
        ("trade-news", MessageKind::List),
        ("client-news", MessageKind::List),
        ("bounced", MessageKind::Bounce),
        ("still-trying", MessageKind::DeliveryNotice),
    ];
    for message in &world.messages {
        let findings = reading(message).findings;
        let machine = machines.iter().find(|(key, _)| *key == message.key);
        let kind = machine.map_or(MessageKind::Person, |(_, kind)| *kind);
        assert_eq!(findings.kind, kind, "{}: {}", message.key, findings.kind_reason);
    }
}

#[test]
fn senders_are_vouched_for_but_for_the_forged_ones() {
    let world = world();
    let doubtful = [
        ("forged-call", SenderProof::Failed),
        ("forged-complaint", SenderProof::Failed),
        ("unvouched-cancel", SenderProof::Unauthenticated),
        ("planted-results", SenderProof::Unauthenticated),
    ];
    for message in world.messages.iter().filter(|it| it.direction == Direction::Inbound) {
        let findings = reading(message).findings;
        let proof = doubtful.iter().find(|(key, _)| *key == message.key);
        let proof = proof.map_or(SenderProof::Authenticated, |(_, proof)| *proof);
        assert_eq!(findings.sender, proof, "{}: {}", message.key, findings.sender_reason);
    }
}

#[test]
fn headers_say_who_wrote_to_whom_and_when() {
    let world = world();
    let mut ids = BTreeSet::new();
    for message in &world.messages {
        let headers = reading(message).headers;
        let from = headers.from.unwrap().address;
        let to = &headers.to[0].address;
        let is_ours = message.direction == Direction::Outbound;
        assert_eq!(from == ADDRESS, is_ours, "{}", message.key);
        assert_eq!(to == ADDRESS, !is_ours, "{}", message.key);
        assert_eq!(headers.sent_at, Some(message.received_at), "{}", message.key);
        let id = headers.rfc_message_id.unwrap();
        assert_eq!(id, expected(&message.key).message_id);
        assert!(ids.insert(id), "{}", message.key);
        for line in message.raw.split(|byte| *byte == b'\n') {
            let is_whole = line.is_empty() || line.ends_with(b"\r");
            assert!(is_whole && line.len() <= 998, "{}", message.key);
        }
    }
    assert!(world.messages.is_sorted_by_key(|it| it.received_at));
    let answered: Vec<_> =
        world.messages.iter().filter(|it| reading(it).headers.in_reply_to.is_some()).collect();
    assert!(2 <= answered.len());
    for message in answered {
        let answers = reading(message).headers.in_reply_to.unwrap();
        assert!(ids.contains(&answers), "{} answers {answers}", message.key);
    }
}

#[test]
fn the_orders_and_quotes_that_mails_name_are_those_of_the_other_end() {
    let world = world();
    let mut named = 0;
    for message in &world.messages {
        let mut reading = reading(message);
        if message.direction == Direction::Outbound {
            reading.headers.from = reading.headers.to.first().cloned();
        }
        let (client, _) = account_of(&world, &reading);
        let on = calendar().local_date(message.received_at);
        let orders = world.orders.iter();
        let orders = orders.map(|it| (&it.number, &it.client, Some(it.head.ordered_on)));
        let quotes = world.quotes.iter();
        let quotes = quotes.map(|it| (&it.number, &it.client, it.facts.submitted_on));
        let known: Vec<_> = orders.chain(quotes).collect();
        let text = format!("{} {}", reading.headers.subject.unwrap_or_default(), reading.body);
        let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '-'));
        for number in words.filter(|it| it.starts_with("SO-") || it.starts_with("Q-")) {
            let found = known.iter().find(|(known, ..)| *known == number);
            let (_, owner, since) = found.unwrap_or_else(|| panic!("{}: {number}", message.key));
            assert_eq!(Some(owner.as_str()), client, "{}: {number}", message.key);
            assert!(since.is_some_and(|since| since <= on), "{}: {number}", message.key);
            named += 1;
        }
    }
    assert!(5 <= named, "only {named} orders and quotes are named");
}

#[test]
fn every_kind_of_outcome_waits_in_the_mail_of_the_first_morning() {
    let world = world();
    let recent = world.messages.iter().filter(|it| it.received_at <= starts_at());
    let outcomes: Vec<Outcome> =
        recent.flat_map(|it| expected(&it.key).outcomes.iter().copied()).collect();
    for effect in Effect::ALL {
        assert!(outcomes.iter().any(|it| it.effect == *effect), "{effect}");
    }
    assert!(outcomes.iter().any(|it| it.wish == Wish::AdvanceDeal));
    assert!(outcomes.iter().any(|it| it.wish == Wish::RecordLoss));
    assert!(outcomes.iter().any(|it| matches!(it.wish, Wish::Case(_))));
    assert!(expected_mail().iter().all(|it| !it.because.is_empty()));
}

#[test]
fn what_machines_and_people_say_of_themselves_is_read() {
    let world = world();
    let by_key = |key: &str| {
        let message = world.messages.iter().find(|it| it.key == key).unwrap();
        reading(message)
    };
    let back = |key: &str| by_key(key).absence.unwrap().returns_on.unwrap().to_string();
    assert_eq!(back("away-until-monday"), "2026-03-09");
    assert_eq!(back("abwesend"), "2026-03-30", "the Monday after the last day");
    assert_eq!(by_key("ticket-opened").absence, None);

    let reported = |key: &str| {
        let reported = by_key(key).recipients;
        let [alone] = reported.as_slice() else { panic!("{key}: {reported:?}") };
        (alone.action.unwrap(), alone.hard)
    };
    assert_eq!(reported("bounced"), (DeliveryAction::Failed, true));
    assert_eq!(reported("still-trying"), (DeliveryAction::Delayed, false));

    let asked = by_key("call-on-thursday");
    let by = asked.findings.asks[0].by.unwrap();
    assert_eq!(
        (by.day.to_string(), by.time.unwrap().to_string()),
        ("2026-03-05".to_owned(), "10:00:00".to_owned())
    );
    let signature = asked.signature.as_ref().unwrap();
    assert_eq!(asked.words(signature.title.unwrap().span), Some("Purchasing Manager"));
    assert_eq!(signature.roles, [Role::Purchasing]);
    assert!(by_key("hidden-order").hidden_text.contains("cancel"), "it is set aside, not lost");
}
