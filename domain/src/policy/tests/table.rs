//! The rules that are not about letters or about proof of a task, each in its table.

use super::*;
use crate::action::ActionClass;

#[test]
fn ids_of_rules_are_names_for_ever() {
    let mut rules: Vec<_> = RULES.iter().map(|rule| (rule.id, rule.is_hard)).collect();
    rules.sort_unstable();
    let expected = [
        ("action-class", true),
        ("letter-from-records", true),
        ("no-human-tasks", true),
        ("no-letter-in-a-pause", false),
        ("not-suppressed", true),
        ("one-letter-at-a-time", true),
        ("quiet-hours", true),
        ("recipient-from-records", true),
        ("research-after-exhaustion", true),
        ("subject-known", true),
        ("subject-state", false),
        ("tenant-mode", true),
        ("words-prove-it", true),
    ];
    assert_eq!(rules, expected);
}

#[test]
fn a_scene_in_order_is_allowed() {
    for make in ALLOWED {
        for moment in Moment::ALL {
            let verdict = make().decide(*moment);
            assert_eq!(verdict.effect, Effect::Allow, "{verdict:?}");
            assert_eq!(verdict.obligations, [], "{verdict:?}");
            assert_eq!(verdict.policy_version, POLICY_VERSION);
        }
    }
    let shown: Vec<ActionKind> = ALLOWED.iter().map(|make| make().proposal.kind).collect();
    for kind in ActionKind::ALL {
        assert_eq!(shown.contains(kind), !FORBIDDEN.contains(kind), "{kind}");
    }
}

#[test]
fn action_class_permits_what_runs_by_itself_and_forbids_what_never_may() {
    for kind in ActionKind::ALL {
        let mut scene = order_check();
        scene.proposal.kind = *kind;
        let expected = match kind.class() {
            ActionClass::Autonomous => Says::Permit,
            ActionClass::Approval => Says::Silent,
            ActionClass::Forbidden => Says::Forbid,
        };
        assert_eq!(says(&scene.opinion("action-class")), expected, "{kind}");
    }
}

#[test]
fn what_is_forbidden_stays_forbidden_whatever_the_facts_and_whoever_approves() {
    for kind in FORBIDDEN {
        for make in ALLOWED {
            for mode in TenantMode::ALL {
                let mut scene = make();
                scene.proposal.kind = kind;
                scene.facts.mode = *mode;
                let hash = scene.proposal.payload_hash();
                let approval =
                    Approval { payload_hash: hash.clone(), expires_at: at("2027-04-01T00:00:00Z") };
                for moment in Moment::ALL {
                    let verdict = scene.decide(*moment);
                    assert_eq!(verdict.effect, Effect::Deny, "{kind} {moment}");
                    assert!(
                        verdict.violations().any(|it| it.rule == "action-class"),
                        "{kind} {moment}"
                    );
                    let approved =
                        with_approval(verdict.clone(), Some(&approval), &hash, scene.now);
                    assert_eq!(approved, verdict, "{kind} {moment}");
                }
            }
        }
    }
}

#[test]
fn subject_known_wants_a_row_of_this_client() {
    let table: &[Row] = &[
        ("in order", |_| {}, Says::Silent),
        ("no such row", |it| it.facts.subject = SubjectFacts::Unknown, Says::Forbid),
        ("another client's row", |it| it.facts.subject_is_of_client = false, Says::Forbid),
    ];
    for make in ALLOWED {
        check("subject-known", *make, table);
    }
}

/// Which payload belongs to which kind, written down a second time.
fn belongs(kind: ActionKind, payload: &Payload) -> bool {
    use ActionKind as Kind;
    match payload {
        Payload::Plain => matches!(kind, Kind::ProcessOrder | Kind::Research),
        Payload::Letter(letter) if letter.epoch.is_some() => kind == Kind::SendTouch,
        Payload::Letter(_) => {
            [Kind::SendTouch, Kind::FollowUpDeal, Kind::FollowUpQuote, Kind::RemindCompliance]
                .contains(&kind)
        }
        Payload::Advance(_) => kind == Kind::AdvanceDeal,
        Payload::Loss(_) => kind == Kind::RecordQuoteLoss,
        Payload::Task(_) => kind == Kind::CreateTask,
        Payload::Case(_) => kind == Kind::OpenCase,
    }
}

#[test]
fn a_kind_takes_its_own_payload_and_no_other() {
    for kind in ActionKind::ALL.iter().filter(|kind| !FORBIDDEN.contains(kind)) {
        for own in ALLOWED.iter().filter(|make| make().proposal.kind == *kind) {
            for other in ALLOWED {
                let mut scene = own();
                scene.proposal.payload = other().proposal.payload;
                let fits = belongs(*kind, &scene.proposal.payload);
                let expected = if fits { Says::Silent } else { Says::Forbid };
                let opinion = scene.opinion("subject-known");
                assert_eq!(says(&opinion), expected, "{kind} with {:?}", scene.proposal.payload);
                assert!(fits || scene.effect() == Effect::Deny, "{kind}");
            }
        }
    }
}

#[test]
fn a_kind_is_about_its_own_rows_and_no_others() {
    use ActionKind as Kind;
    for make in ALLOWED {
        for other in ALLOWED {
            let mut scene = make();
            let kind = scene.proposal.kind;
            scene.facts.subject = other().facts.subject;
            let fits = match &scene.facts.subject {
                SubjectFacts::Unknown => false,
                SubjectFacts::Order { .. } => kind == Kind::ProcessOrder,
                SubjectFacts::Contact { .. } => kind == Kind::SendTouch,
                SubjectFacts::Deal { .. } => matches!(kind, Kind::FollowUpDeal | Kind::AdvanceDeal),
                SubjectFacts::Quote { .. } => {
                    matches!(kind, Kind::FollowUpQuote | Kind::RecordQuoteLoss)
                }
                SubjectFacts::Compliance { .. } => {
                    matches!(kind, Kind::RemindCompliance | Kind::CreateTask | Kind::OpenCase)
                }
                SubjectFacts::Message => matches!(kind, Kind::CreateTask | Kind::OpenCase),
                SubjectFacts::Other => {
                    matches!(kind, Kind::CreateTask | Kind::OpenCase | Kind::Research)
                }
            };
            let is_refused = matches!(scene.opinion("subject-state"), Opinion::Forbid(_));
            // A fitting row may still be in the wrong state; an unfitting one never passes.
            assert!(fits || is_refused, "{kind} about {:?}", scene.facts.subject);
        }
    }
}

fn set_deal(scene: &mut Scene, change: fn(&mut DealFacts)) {
    let SubjectFacts::Deal { deal } = &mut scene.facts.subject else { panic!("no deal") };
    change(deal);
}

fn set_quote(scene: &mut Scene, change: fn(&mut QuoteFacts)) {
    let SubjectFacts::Quote { quote, .. } = &mut scene.facts.subject else { panic!("no quote") };
    change(quote);
}

fn set_item(scene: &mut Scene, change: fn(&mut ComplianceFacts)) {
    let SubjectFacts::Compliance { item } = &mut scene.facts.subject else { panic!("no item") };
    change(item);
}

#[test]
fn subject_state_lets_an_order_be_checked_while_it_waits() {
    check(
        "subject-state",
        order_check,
        &[
            ("waiting", |_| {}, Says::Silent),
            (
                "done",
                |it| it.facts.subject = SubjectFacts::Order { is_waiting: false },
                Says::Forbid,
            ),
        ],
    );
}

#[test]
fn subject_state_lets_a_stalled_deal_be_followed_up() {
    check(
        "subject-state",
        deal_follow_up,
        &[
            ("stalled", |_| {}, Says::Silent),
            (
                "lively",
                |it| set_deal(it, |deal| deal.last_buyer_signal_on = Some(day(TODAY))),
                Says::Forbid,
            ),
            (
                "followed up lately",
                |it| set_deal(it, |deal| deal.last_follow_up_on = Some(day("2027-03-04"))),
                Says::Forbid,
            ),
            (
                "a week after the last mail",
                |it| set_deal(it, |deal| deal.last_follow_up_on = Some(day("2027-03-03"))),
                Says::Silent,
            ),
            (
                "every mail unanswered",
                |it| set_deal(it, |deal| deal.follow_ups_since_signal = 3),
                Says::Forbid,
            ),
            ("won", |it| set_deal(it, |deal| deal.stage_type = StageType::Won), Says::Forbid),
            ("lost", |it| set_deal(it, |deal| deal.stage_type = StageType::Lost), Says::Forbid),
        ],
    );
}

#[test]
fn subject_state_lets_a_waiting_quote_be_followed_up() {
    check(
        "subject-state",
        quote_follow_up,
        &[
            ("its receipt unconfirmed", |_| {}, Says::Silent),
            (
                "confirmed a week ago",
                |it| set_quote(it, |quote| quote.confirmed_on = Some(day("2027-03-03"))),
                Says::Silent,
            ),
            (
                "sent today",
                |it| set_quote(it, |quote| quote.submitted_on = Some(day(TODAY))),
                Says::Forbid,
            ),
            (
                "asked about yesterday",
                |it| set_quote(it, |quote| quote.last_follow_up_on = Some(day("2027-03-09"))),
                Says::Forbid,
            ),
            (
                "asked about four times",
                |it| set_quote(it, |quote| quote.follow_ups = 4),
                Says::Forbid,
            ),
            (
                "run out",
                |it| set_quote(it, |quote| quote.valid_until = Some(day("2027-03-09"))),
                Says::Forbid,
            ),
            ("draft", |it| set_quote(it, |quote| quote.status = QuoteStatus::Draft), Says::Forbid),
            ("won", |it| set_quote(it, |quote| quote.status = QuoteStatus::Won), Says::Forbid),
        ],
    );
}

#[test]
fn subject_state_keeps_a_loss_once() {
    let recorded: fn(&mut Scene) = |it| {
        let SubjectFacts::Quote { is_loss_recorded, .. } = &mut it.facts.subject else { panic!() };
        *is_loss_recorded = true;
    };
    for make in [loss_by_words as fn() -> Scene, loss_by_record] {
        check("subject-state", make, &[("kept before", recorded, Says::Forbid)]);
        for status in QuoteStatus::ALL {
            let mut scene = make();
            let SubjectFacts::Quote { quote, .. } = &mut scene.facts.subject else { panic!() };
            quote.status = *status;
            let is_open_question =
                [QuoteStatus::Lost, QuoteStatus::Submitted, QuoteStatus::Confirmed]
                    .contains(status);
            let expected = if is_open_question { Says::Silent } else { Says::Forbid };
            assert_eq!(says(&scene.opinion("subject-state")), expected, "{status}");
        }
    }
}

#[test]
fn subject_state_lets_a_reminder_leave_when_it_is_due() {
    check(
        "subject-state",
        compliance_reminder,
        &[
            ("ten days ahead", |_| {}, Says::Silent),
            (
                "31 days ahead",
                |it| set_item(it, |item| item.due_on = day("2027-04-10")),
                Says::Forbid,
            ),
            ("due today", |it| set_item(it, |item| item.due_on = day(TODAY)), Says::Forbid),
            (
                "reminded this week",
                |it| set_item(it, |item| item.last_reminder_on = Some(day("2027-03-04"))),
                Says::Forbid,
            ),
            ("reminded four times", |it| set_item(it, |item| item.reminders = 4), Says::Forbid),
            (
                "received",
                |it| set_item(it, |item| item.status = ComplianceStatus::Received),
                Says::Forbid,
            ),
            (
                "waived",
                |it| set_item(it, |item| item.status = ComplianceStatus::Waived),
                Says::Forbid,
            ),
            (
                "run out",
                |it| set_item(it, |item| item.status = ComplianceStatus::Expired),
                Says::Silent,
            ),
        ],
    );
}

#[test]
fn subject_state_moves_a_deal_one_stage_on_and_never_closes_it() {
    for is in StageType::ALL {
        for from in StageType::ALL {
            for to in StageType::ALL {
                let mut scene = deal_advance();
                let SubjectFacts::Deal { deal } = &mut scene.facts.subject else { panic!() };
                deal.stage_type = *is;
                let Payload::Advance(advance) = &mut scene.proposal.payload else { panic!() };
                (advance.from, advance.to) = (*from, *to);
                let may_begin = [StageType::Open, StageType::OnHold].contains(from);
                let fits = is == from && may_begin && *to == StageType::Ongoing;
                let expected = if fits { Says::Silent } else { Says::Forbid };
                let opinion = scene.opinion("subject-state");
                assert_eq!(says(&opinion), expected, "in {is}, from {from} to {to}");
            }
        }
    }
}

#[test]
fn research_waits_until_every_contact_was_touched_and_something_is_missing() {
    check(
        "research-after-exhaustion",
        research,
        &[
            ("goals behind", |_| {}, Says::Permit),
            (
                "pipeline thin",
                |it| {
                    it.facts.research.goals_behind_pace = false;
                    it.facts.research.pipeline_is_thin = true;
                },
                Says::Permit,
            ),
            ("both", |it| it.facts.research.pipeline_is_thin = true, Says::Permit),
            ("neither", |it| it.facts.research.goals_behind_pace = false, Says::Forbid),
            (
                "one contact in ten thousand left",
                |it| it.facts.research.compliance = BasisPoints(9_999),
                Says::Forbid,
            ),
            ("nobody touched", |it| it.facts.research.compliance = BasisPoints(0), Says::Forbid),
        ],
    );
    for make in ALLOWED.iter().filter(|make| make().proposal.kind != ActionKind::Research) {
        check(
            "research-after-exhaustion",
            *make,
            &[("behind", |it| it.facts.research.compliance = BasisPoints(0), Says::Silent)],
        );
    }
}

#[test]
fn tenant_mode_holds_exactly_what_leaves_the_system() {
    let leaving = [
        ActionKind::SendTouch,
        ActionKind::FollowUpDeal,
        ActionKind::FollowUpQuote,
        ActionKind::RemindCompliance,
    ];
    for make in ALLOWED {
        let mut scene = make();
        assert_eq!(scene.opinion("tenant-mode"), Opinion::Silent);
        scene.facts.mode = TenantMode::Approval;
        let leaves = leaving.contains(&scene.proposal.kind);
        let expected = if leaves { Says::Hold } else { Says::Silent };
        assert_eq!(says(&scene.opinion("tenant-mode")), expected, "{}", scene.proposal.kind);
        let effect = if leaves { Effect::NeedsApproval } else { Effect::Allow };
        let verdict = scene.decide(Moment::Propose);
        assert_eq!(verdict.effect, effect, "{}", scene.proposal.kind);
        assert!(!leaves || verdict.decisive().all(|it| it.rule == "tenant-mode"));
    }
}

#[test]
fn facts_that_moved_on_are_no_violation_and_broken_rules_always_are() {
    let stale: Change = ("fired", |it| {
        let SubjectFacts::Contact { is_fired, .. } = &mut it.facts.subject else { panic!() };
        *is_fired = true;
    });
    let resting: Change = ("complaint", |it| it.facts.has_open_complaint = true);
    let wrong: Change = ("address", |it| it.letter().to = "mallory@elsewhere.example".to_owned());
    for ((what, change), is_hard) in [(stale, false), (resting, false), (wrong, true)] {
        for moment in Moment::ALL {
            let mut scene = touch();
            change(&mut scene);
            let verdict = scene.decide(*moment);
            assert_eq!(verdict.effect, Effect::Deny, "{what} {moment}");
            let is_violation = is_hard || *moment == Moment::Propose;
            assert_eq!(verdict.violations().count(), usize::from(is_violation), "{what} {moment}");
        }
    }
}

#[test]
fn a_stored_fact_holds_nobody_s_text() {
    for make in ALLOWED {
        let mut scene = make();
        if let SubjectFacts::Quote { lost_reason, .. } = &mut scene.facts.subject {
            *lost_reason = Some("Ada said so".to_owned());
        }
        let stored = serde_json::to_string(&scene.facts).unwrap();
        for text in [ADDRESS, "Ada", "Mill", CALL, UNHAPPY, QUOTED] {
            assert!(!stored.contains(text), "{text} in {stored}");
        }
    }
}

#[test]
fn the_words_that_a_proposal_rests_on_are_found_among_its_evidence() {
    let mut scene = asked_task();
    assert_eq!(cited(&scene.proposal), None);
    let words = Evidence::Words { message: id(MESSAGE), span: span_of(CALL) };
    let row = Evidence::Row { subject: scene.proposal.subject };
    scene.proposal.evidence = vec![row, words.clone()];
    assert_eq!(cited(&scene.proposal), Some(&words));
}
