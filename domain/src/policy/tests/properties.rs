//! Properties of worlds that nobody thought of: scenes torn apart and put together at random.

use proptest::{prelude::*, sample::select, sample::subsequence};

use super::*;

/// Everything that can be other than it should, or merely other; several may come together.
const CHANGES: &[Change] = &[
    ("no row", |it| it.facts.subject = SubjectFacts::Unknown),
    ("another's row", |it| it.facts.subject_is_of_client = false),
    ("no client", |it| it.proposal.client = None),
    ("former customer", |it| it.facts.client_is_active = false),
    ("complaint", |it| it.facts.has_open_complaint = true),
    ("night", |it| it.now = at("2027-03-10T21:00:00Z")),
    ("weekend", |it| it.now = at("2027-03-13T10:00:00Z")),
    ("no business day", |it| it.facts.calendar.business_days.clear()),
    ("nobody", |it| it.facts.recipient = None),
    ("somebody", |it| it.facts.recipient = touch().facts.recipient),
    ("another's person", |it| each_recipient(it, |who| who.is_of_client = false)),
    ("gone", |it| each_recipient(it, |who| who.is_active = false)),
    ("no address", |it| each_recipient(it, |who| who.address = None)),
    ("bounced", |it| each_recipient(it, |who| who.suppressed_because = Some("bounce".to_owned()))),
    ("resting", |it| {
        each_recipient(it, |who| who.paused_until = Some(at("2027-04-01T00:00:00Z")));
    }),
    ("written to", |it| each_recipient(it, |who| who.last_letter_at = Some(at(NOW)))),
    ("no letter", |it| it.facts.letter = None),
    ("other address", |it| each_letter(it, |letter| letter.to.push('x'))),
    ("other words", |it| each_letter(it, |letter| letter.body.push('x'))),
    ("other subject", |it| each_letter(it, |letter| letter.subject.push('x'))),
    ("other epoch", |it| each_letter(it, |letter| letter.epoch = Some(EPOCH + 1))),
    ("other contact", |it| each_letter(it, |letter| letter.contact = id(CONTACT + 1))),
    ("no proof", |it| it.facts.proof = ProofFacts::None),
    ("mail", |it| it.facts.proof = asked_task().facts.proof),
    ("our mail", |it| each_message(it, |message| message.is_inbound = false)),
    ("a stranger's mail", |it| each_message(it, |message| message.is_from_client_person = false)),
    ("old mail", |it| each_message(it, |mail| mail.received_at = at("2026-03-10T00:00:00Z"))),
    ("unproven", |it| {
        each_message(it, |message| message.findings.sender = SenderProof::Unauthenticated);
    }),
    ("forged", |it| each_message(it, |message| message.findings.sender = SenderProof::Failed)),
    ("a machine's mail", |it| {
        each_message(it, |message| message.findings.kind = MessageKind::AutoReply);
    }),
    ("quoted", |it| each_message(it, |message| message.findings.written.clear())),
    ("untouched", |it| it.facts.research.compliance = BasisPoints(0)),
    ("on pace", |it| it.facts.research.goals_behind_pace = false),
    ("thin", |it| it.facts.research.pipeline_is_thin = true),
];

fn each_recipient(scene: &mut Scene, change: fn(&mut RecipientFacts)) {
    scene.facts.recipient.iter_mut().for_each(change);
}

fn each_letter(scene: &mut Scene, change: fn(&mut LetterPayload)) {
    if let Payload::Letter(letter) = &mut scene.proposal.payload {
        change(letter);
    }
}

fn each_message(scene: &mut Scene, change: fn(&mut MessageFacts)) {
    if let ProofFacts::Message(message) = &mut scene.facts.proof {
        change(message);
    }
}

fn any_allowed() -> impl Strategy<Value = Scene> {
    select(ALLOWED).prop_map(|make| make())
}

/// A scene with parts of others in it, and a few changes.
fn any_scene() -> impl Strategy<Value = Scene> {
    let part = || prop::option::weighted(0.15, any_allowed());
    let kind = prop::option::weighted(0.15, select(ActionKind::ALL));
    let changes = subsequence(CHANGES, 0..=4);
    let parts = (part(), part(), part(), kind);
    let drawn = (any_allowed(), parts, changes, select(TenantMode::ALL));
    drawn.prop_map(|(mut scene, parts, changes, mode)| {
        scene.facts.mode = mode;
        let (payload, subject, proof, kind) = parts;
        if let Some(other) = payload {
            scene.proposal.payload = other.proposal.payload;
            scene.facts.recipient = other.facts.recipient;
            scene.facts.letter = other.facts.letter;
        }
        if let Some(other) = subject {
            scene.facts.subject = other.facts.subject;
            scene.proposal.subject = other.proposal.subject;
        }
        if let Some(other) = proof {
            scene.facts.proof = other.facts.proof;
        }
        scene.proposal.kind = kind.unwrap_or(scene.proposal.kind);
        for (_, change) in changes {
            change(&mut scene);
        }
        scene
    })
}

fn any_moment() -> impl Strategy<Value = Moment> {
    select(Moment::ALL)
}

/// Every rule by its place, since a rule itself cannot be shown when a property fails.
fn all_places() -> Vec<usize> {
    (0..RULES.len()).collect()
}

fn rules_at(places: &[usize]) -> Vec<Rule> {
    places.iter().map(|place| RULES[*place]).collect()
}

/// What must be true of whatever is allowed, in the words of the issue and not of the rules.
fn complaints_about_allowed(scene: &Scene) -> Vec<&'static str> {
    let (facts, kind) = (&scene.facts, scene.proposal.kind);
    let mut found = Vec::new();
    let mut wants = |is_so: bool, what| {
        if !is_so {
            found.push(what);
        }
    };
    wants(!FORBIDDEN.contains(&kind), "it is never the agent's to do");
    wants(!matches!(facts.subject, SubjectFacts::Unknown), "there is no such row");
    wants(facts.subject_is_of_client, "the row is another client's");
    let writes = matches!(scene.proposal.payload, Payload::Letter(_));
    wants(writes == kind.leaves_system(), "a letter is what leaves, and nothing else is");
    if let Payload::Letter(letter) = &scene.proposal.payload {
        wants(facts.mode == TenantMode::Autonomous, "a person was to be asked");
        wants(facts.client_is_active && !facts.has_open_complaint, "not the time for letters");
        let who = facts.recipient.as_ref();
        wants(who.is_some_and(|who| who.is_of_client && who.is_active), "a stranger");
        wants(who.is_some_and(|who| who.suppressed_because.is_none()), "suppressed");
        wants(
            who.is_some_and(|who| who.paused_until.is_none_or(|end| end <= scene.now)),
            "resting",
        );
        wants(who.is_some_and(|who| who.address.as_ref() == Some(&letter.to)), "another address");
        let ours = facts.letter.as_ref();
        wants(ours.is_some_and(|ours| ours.body == letter.body), "other words");
        wants(ours.is_some_and(|ours| ours.subject == letter.subject), "another subject");
        let to_subject = letter.contact.uuid() == scene.proposal.subject.id;
        wants(kind != ActionKind::SendTouch || to_subject, "another person's clock");
    }
    if kind == ActionKind::Research {
        let research = &facts.research;
        wants(research.compliance == BasisPoints::WHOLE, "contacts come first");
        wants(research.goals_behind_pace || research.pipeline_is_thin, "nothing needs it");
    }
    let cites_mail = match &scene.proposal.payload {
        Payload::Task(task) => matches!(task.justification, Justification::ClientAsk { .. }),
        Payload::Loss(loss) => loss.message.is_some(),
        Payload::Advance(_) | Payload::Case(_) => true,
        Payload::Plain | Payload::Letter(_) => false,
    };
    if cites_mail {
        let ProofFacts::Message(mail) = &facts.proof else { return vec!["no such message"] };
        let findings = &mail.findings;
        wants(mail.is_inbound && mail.is_from_client_person, "not the client's words");
        wants(findings.kind == MessageKind::Person, "no person's words");
        wants(findings.sender == SenderProof::Authenticated, "a person was to be asked");
        wants(!findings.written.is_empty(), "quoted");
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_rules_has_no_meaning(
        scene in any_scene(),
        moment in any_moment(),
        places in Just(all_places()).prop_shuffle(),
    ) {
        let shuffled = combine(
            &rules_at(&places), &scene.proposal, &scene.facts, moment, scene.now,
        );
        prop_assert_eq!(shuffled, scene.decide(moment));
    }

    #[test]
    fn the_same_question_has_the_same_answer_in_order(
        scene in any_scene(),
        moment in any_moment(),
    ) {
        let verdict = scene.decide(moment);
        prop_assert_eq!(&verdict, &scene.clone().decide(moment));
        prop_assert!(verdict.reasons.is_sorted());
        prop_assert!(verdict.obligations.is_sorted_by(|a, b| a < b), "sorted and each once");
        prop_assert!(verdict.decisive().next().is_some(), "no outcome without a reason");
        let stored = serde_json::to_string(&verdict).unwrap();
        prop_assert_eq!(serde_json::from_str::<Verdict>(&stored).unwrap(), verdict);
    }

    #[test]
    fn what_is_allowed_can_be_defended(scene in any_scene(), moment in any_moment()) {
        let verdict = scene.decide(moment);
        if verdict.effect == Effect::Allow {
            prop_assert_eq!(complaints_about_allowed(&scene), Vec::<&str>::new());
            prop_assert!(verdict.reasons.iter().all(|it| it.argues == Effect::Allow));
            let writes = scene.proposal.kind.leaves_system();
            let is_closed = !scene.facts.calendar.is_open(scene.now);
            let waits = verdict.not_before().is_some_and(|at| scene.now < at);
            prop_assert!(waits || !(writes && is_closed), "a letter at night");
        }
        let denies = verdict.reasons.iter().any(|it| it.argues == Effect::Deny);
        prop_assert_eq!(verdict.effect == Effect::Deny, denies, "forbid overrides permit");
    }

    #[test]
    fn a_change_of_the_moment_changes_no_outcome(scene in any_scene()) {
        let effects = Moment::ALL.iter().map(|moment| scene.decide(*moment).effect);
        prop_assert!(effects.collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn what_is_forbidden_is_never_allowed(
        scene in any_scene(),
        kind in select(FORBIDDEN.to_vec()),
        moment in any_moment(),
        is_approved in any::<bool>(),
    ) {
        let mut scene = scene;
        scene.proposal.kind = kind;
        let hash = scene.proposal.payload_hash();
        let expires_at = Timestamp::MAX_UTC;
        let approval = is_approved.then(|| Approval { payload_hash: hash.clone(), expires_at });
        let verdict = scene.decide(moment);
        let approved = with_approval(verdict.clone(), approval.as_ref(), &hash, scene.now);
        prop_assert_eq!(verdict.effect, Effect::Deny);
        prop_assert_eq!(approved, verdict);
    }

    #[test]
    fn an_approval_turns_a_hold_into_an_allowance_and_nothing_else(
        scene in any_scene(),
        moment in any_moment(),
        is_for_this in any::<bool>(),
        lasts_seconds in -2..3_i64,
    ) {
        let hash = scene.proposal.payload_hash();
        let payload_hash = if is_for_this { hash.clone() } else { "0".repeat(64) };
        let expires_at = scene.now + chrono::TimeDelta::seconds(lasts_seconds);
        let approval = Approval { payload_hash, expires_at };
        let before = scene.decide(moment);
        let after = with_approval(before.clone(), Some(&approval), &hash, scene.now);
        prop_assert_eq!(&after.obligations, &before.obligations);
        let is_held = before.effect == Effect::NeedsApproval;
        if is_held && is_for_this && 0 < lasts_seconds {
            prop_assert_eq!(after.effect, Effect::Allow);
        } else {
            prop_assert_eq!(after, before);
        }
    }
}

/// Rules of a later day, each with one opinion.
const STRANGERS: &[Rule] = &[
    Rule { id: "stranger", is_hard: false, ask: |_, _, _| Opinion::Silent },
    Rule { id: "stranger", is_hard: false, ask: |_, _, _| Opinion::Permit("yes".to_owned()) },
    Rule {
        id: "stranger",
        is_hard: false,
        ask: |_, _, now| Opinion::Oblige(Obligation::NotBefore { at: now }, "wait".to_owned()),
    },
    Rule { id: "stranger", is_hard: false, ask: |_, _, _| Opinion::Hold("ask".to_owned()) },
    Rule { id: "stranger", is_hard: false, ask: |_, _, _| Opinion::Forbid("no".to_owned()) },
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    // Allow < NeedsApproval < Deny: the more an effect is, the less it permits.
    #[test]
    fn another_rule_makes_nothing_more_permissive(
        scene in any_scene(),
        moment in any_moment(),
        places in subsequence(all_places(), 0..=RULES.len()),
    ) {
        let ask = |rules: &[Rule]| {
            combine(rules, &scene.proposal, &scene.facts, moment, scene.now)
        };
        let rules = rules_at(&places);
        let before = ask(&rules);
        let others = RULES.iter().filter(|rule| !PERMITTING.contains(&rule.id));
        for rule in STRANGERS.iter().chain(others) {
            let mut more = rules.clone();
            more.insert(rules.len() / 2, *rule);
            let after = ask(&more).effect;
            match (rule.ask)(&scene.proposal, &scene.facts, scene.now) {
                Opinion::Forbid(_) => prop_assert_eq!(after, Effect::Deny),
                Opinion::Hold(_) => {
                    prop_assert_eq!(after, before.effect.max(Effect::NeedsApproval));
                }
                Opinion::Silent | Opinion::Permit(_) | Opinion::Oblige(..) => {
                    prop_assert_eq!(after, before.effect, "{} permits nothing", rule.id);
                }
            }
        }
    }

    #[test]
    fn where_every_rule_is_silent_the_answer_is_no(
        scene in any_scene(),
        moment in any_moment(),
        silent in 0..20_usize,
        obliges in any::<bool>(),
    ) {
        let mut rules = vec![STRANGERS[0]; silent];
        if obliges {
            rules.push(STRANGERS[2]);
        }
        let verdict = combine(&rules, &scene.proposal, &scene.facts, moment, scene.now);
        prop_assert_eq!(verdict.effect, Effect::Deny);
        let because: Vec<&str> = verdict.violations().map(|it| it.rule.as_str()).collect();
        prop_assert_eq!(because, [DEFAULT_DENY]);
    }
}

/// How often each outcome must come up among the random scenes, or their properties prove little.
const SEEN_MIN: usize = 100;

#[test]
fn random_scenes_come_to_every_outcome() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = any_scene();
    let mut seen = std::collections::BTreeMap::<Effect, usize>::new();
    for _ in 0..2_000 {
        let scene = strategy.new_tree(&mut runner).unwrap().current();
        *seen.entry(scene.effect()).or_default() += 1;
    }
    for effect in Effect::ALL {
        assert!(
            SEEN_MIN < seen.get(effect).copied().unwrap_or(0),
            "{effect} is too rare: {seen:?}"
        );
    }
}
