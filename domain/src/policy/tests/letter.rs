//! Letters: to whom, in which words, and at which hour.

use chrono::{NaiveTime, TimeDelta, Weekday};

use super::*;

/// Every letter, and a scene of every other kind, for which the rules of letters are silent.
fn check_letters(rule: &str, table: &[Row]) {
    for make in LETTERS {
        check(rule, *make, table);
    }
    for make in ALLOWED.iter().filter(|make| !make().proposal.kind.leaves_system()) {
        let mut scene = make();
        scene.facts.client_is_active = false;
        scene.facts.has_open_complaint = true;
        scene.now = at("2027-03-14T23:00:00Z");
        assert_eq!(scene.opinion(rule), Opinion::Silent, "{rule}: {}", scene.proposal.kind);
    }
}

#[test]
fn recipient_from_records_knows_one_address() {
    check_letters(
        "recipient-from-records",
        &[
            ("in order", |_| {}, Says::Silent),
            ("nobody of this tenant", |it| it.facts.recipient = None, Says::Forbid),
            ("another client's person", |it| it.recipient().is_of_client = false, Says::Forbid),
            ("gone", |it| it.recipient().is_active = false, Says::Forbid),
            ("a former customer", |it| it.facts.client_is_active = false, Says::Forbid),
            ("no address", |it| it.recipient().address = None, Says::Forbid),
            (
                "moved",
                |it| it.recipient().address = Some("ada@new.example".to_owned()),
                Says::Forbid,
            ),
            (
                "another address",
                |it| it.letter().to = "mallory@elsewhere.example".to_owned(),
                Says::Forbid,
            ),
            ("one letter more", |it| it.letter().to.push('e'), Says::Forbid),
            ("another case", |it| it.letter().to = ADDRESS.to_uppercase(), Says::Forbid),
            (
                "a second recipient",
                |it| it.letter().to.push_str(", mallory@elsewhere.example"),
                Says::Forbid,
            ),
            (
                "a second header",
                |it| it.letter().to.push_str("\r\nBcc: mallory@elsewhere.example"),
                Says::Forbid,
            ),
            ("nobody", |it| it.letter().to.clear(), Says::Forbid),
        ],
    );
}

#[test]
fn not_suppressed_means_not_suppressed() {
    check_letters(
        "not-suppressed",
        &[
            ("in order", |_| {}, Says::Silent),
            (
                "bounced",
                |it| it.recipient().suppressed_because = Some("bounce".to_owned()),
                Says::Forbid,
            ),
            (
                "for no reason",
                |it| it.recipient().suppressed_because = Some(String::new()),
                Says::Forbid,
            ),
        ],
    );
}

#[test]
fn letter_from_records_compares_every_character() {
    check_letters(
        "letter-from-records",
        &[
            ("in order", |_| {}, Says::Silent),
            ("no letter on record", |it| it.facts.letter = None, Says::Forbid),
            ("a space at the end", |it| it.letter().body.push(' '), Says::Forbid),
            (
                "a capital",
                |it| it.letter().body = it.letter().body.replacen("Hello", "hello", 1),
                Says::Forbid,
            ),
            (
                "a look-alike",
                |it| it.letter().body = it.letter().body.replacen('e', "\u{435}", 1),
                Says::Forbid,
            ),
            ("a hidden character", |it| it.letter().body.insert(5, '\u{200b}'), Says::Forbid),
            (
                "other line ends",
                |it| it.letter().body = it.letter().body.replace('\n', "\r\n"),
                Says::Forbid,
            ),
            (
                "one line less",
                |it| {
                    it.letter().body.pop();
                },
                Says::Forbid,
            ),
            ("another subject", |it| it.letter().subject.push('!'), Says::Forbid),
            ("an older template", |it| it.letter().template = "touch/0".to_owned(), Says::Forbid),
            (
                "facts that moved on",
                |it| it.facts.letter.as_mut().unwrap().body.push('.'),
                Says::Forbid,
            ),
        ],
    );
}

#[test]
fn no_letter_in_a_pause() {
    check_letters(
        "no-letter-in-a-pause",
        &[
            ("in order", |_| {}, Says::Silent),
            ("open complaint", |it| it.facts.has_open_complaint = true, Says::Forbid),
            (
                "resting",
                |it| it.recipient().paused_until = Some(it.now + TimeDelta::seconds(1)),
                Says::Forbid,
            ),
            ("rested", |it| it.recipient().paused_until = Some(it.now), Says::Silent),
        ],
    );
}

fn contact(scene: &mut Scene) -> (&mut Timestamp, &mut bool, &mut i32) {
    let SubjectFacts::Contact { next_touch_due, is_fired, epoch, .. } = &mut scene.facts.subject
    else {
        panic!("no clock")
    };
    (next_touch_due, is_fired, epoch)
}

#[test]
fn a_touch_answers_to_one_turn_of_one_person_s_clock() {
    check(
        "subject-state",
        touch,
        &[
            ("due this morning", |_| {}, Says::Silent),
            ("due this second", |it| *contact(it).0 = at(NOW), Says::Silent),
            (
                "due in a second",
                |it| *contact(it).0 = at(NOW) + TimeDelta::seconds(1),
                Says::Forbid,
            ),
            ("fired before", |it| *contact(it).1 = true, Says::Forbid),
            ("touched meanwhile", |it| *contact(it).2 = EPOCH + 1, Says::Forbid),
            ("of an earlier epoch", |it| it.letter().epoch = Some(EPOCH - 1), Says::Forbid),
            ("of a later epoch", |it| it.letter().epoch = Some(EPOCH + 1), Says::Forbid),
            ("of no epoch", |it| it.letter().epoch = None, Says::Forbid),
            ("no letter at all", |it| it.proposal.payload = Payload::Plain, Says::Forbid),
        ],
    );
}

/// Found by these tests: the clock of one person was taken for a letter to another one, whose own
/// clock it then wound, so that the first stayed due.
#[test]
fn one_person_s_due_clock_carries_no_letter_to_another() {
    check(
        "subject-state",
        touch,
        &[("to a colleague", |it| it.letter().contact = id(CONTACT + 1), Says::Forbid)],
    );
}

/// Found by these tests: the plan marks the epoch of any letter as fired, so a follow-up with one
/// could silence a clock for good.
#[test]
fn only_a_touch_uses_up_a_clock_s_turn() {
    for make in LETTERS.iter().filter(|make| make().proposal.kind != ActionKind::SendTouch) {
        check(
            "subject-known",
            *make,
            &[("with an epoch", |it| it.letter().epoch = Some(EPOCH), Says::Forbid)],
        );
    }
}

/// When a letter that was proposed at `now` may leave at the earliest.
fn leaves_at(now: &str, change: fn(&mut Scene)) -> Option<Timestamp> {
    let mut scene = touch();
    *contact(&mut scene).0 = at("2026-01-01T00:00:00Z");
    scene.now = at(now);
    change(&mut scene);
    let verdict = scene.decide(Moment::Execute);
    assert_eq!(verdict.effect, Effect::Allow, "{now}: {verdict:?}");
    verdict.not_before()
}

#[test]
fn letters_wait_for_the_next_opening() {
    let table = [
        ("2027-03-10T07:59:59Z", Some("2027-03-10T08:00:00Z")),
        ("2027-03-10T08:00:00Z", None),
        ("2027-03-10T16:59:59Z", None),
        ("2027-03-10T17:00:00Z", Some("2027-03-11T08:00:00Z")),
        // Late on Friday, on Saturday, and before dawn on Monday: Monday.
        ("2027-03-12T17:00:00Z", Some("2027-03-15T08:00:00Z")),
        ("2027-03-13T10:00:00Z", Some("2027-03-15T08:00:00Z")),
        ("2027-03-15T03:00:00Z", Some("2027-03-15T08:00:00Z")),
        // It is already Monday in Berlin while it is Sunday in UTC.
        ("2027-03-14T23:30:00Z", Some("2027-03-15T08:00:00Z")),
    ];
    for (now, expected) in table {
        assert_eq!(leaves_at(now, |_| {}), expected.map(at), "{now}");
    }
    // Good Friday and Easter Monday, with the weekend of the changed clocks between them.
    let easter = |it: &mut Scene| {
        it.facts.calendar.holidays.extend([day("2027-03-26"), day("2027-03-29")]);
    };
    let after = Some(at("2027-03-30T07:00:00Z"));
    for now in ["2027-03-25T17:00:00Z", "2027-03-26T10:00:00Z", "2027-03-29T10:00:00Z"] {
        assert_eq!(leaves_at(now, easter), after, "{now}");
    }
    assert_eq!(leaves_at("2027-03-30T07:00:00Z", easter), None);
}

/// Every quarter of an hour of a night, in a business that knows no weekend.
fn check_night(closes: &str, opens: &str, hours: i64) {
    let (closes, opens) = (at(closes), at(opens));
    assert_eq!((opens - closes).num_hours(), hours, "the night has its length");
    for quarter in 0..(hours * 4) {
        let mut scene = touch();
        use_every_day(&mut scene);
        scene.now = closes + TimeDelta::minutes(15 * quarter);
        *contact(&mut scene).0 = closes;
        let verdict = scene.decide(Moment::Execute);
        assert_eq!(verdict.obligations, [Obligation::NotBefore { at: opens }], "{}", scene.now);
        assert!(verdict.reasons.iter().any(|it| it.rule == "quiet-hours"), "{}", scene.now);
        scene.now = opens;
        assert_eq!(scene.decide(Moment::Execute).obligations, []);
    }
}

fn use_every_day(scene: &mut Scene) {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    scene.facts.calendar.business_days = vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun];
}

#[test]
fn quiet_hours_hold_through_both_nights_that_change_the_clocks() {
    // From six in the evening to nine in the morning are fifteen hours, but for two nights a year.
    check_night("2027-03-26T17:00:00Z", "2027-03-27T08:00:00Z", 15);
    check_night("2027-03-27T17:00:00Z", "2027-03-28T07:00:00Z", 14);
    check_night("2027-10-30T16:00:00Z", "2027-10-31T08:00:00Z", 16);
    check_night("2027-10-31T17:00:00Z", "2027-11-01T08:00:00Z", 15);
}

#[test]
fn an_opening_in_the_hour_that_is_skipped_or_doubled_is_found() {
    let from_half_past_two = |it: &mut Scene| {
        use_every_day(it);
        it.facts.calendar.opens_at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
    };
    let spring = leaves_at("2027-03-28T00:59:59Z", from_half_past_two);
    assert_eq!(spring, Some(at("2027-03-28T01:00:00Z")), "the first moment after the gap");
    let autumn = leaves_at("2027-10-31T00:29:59Z", from_half_past_two);
    assert_eq!(autumn, Some(at("2027-10-31T00:30:00Z")), "the first of the two");
}

#[test]
fn a_calendar_without_an_opening_lets_no_letter_out() {
    let never = |it: &mut Scene| it.facts.calendar.business_days.clear();
    assert_eq!(leaves_at(NOW, never), Some(Timestamp::MAX_UTC));
    let mut scene = touch();
    never(&mut scene);
    assert_eq!(scene.decide(Moment::Execute).obligations, [Obligation::FindOpening]);
    scene.recipient().last_letter_at = Some(at("2027-03-09T10:00:00Z"));
    assert_eq!(scene.decide(Moment::Execute).obligations, [Obligation::FindOpening]);
}

#[test]
fn two_letters_to_a_person_lie_days_apart() {
    check_letters(
        "one-letter-at-a-time",
        &[
            ("the first letter", |_| {}, Says::Silent),
            (
                "yesterday's",
                |it| it.recipient().last_letter_at = Some(it.now - TimeDelta::days(1)),
                Says::Oblige,
            ),
            ("this moment's", |it| it.recipient().last_letter_at = Some(it.now), Says::Oblige),
            (
                "a second short of the gap",
                |it| {
                    let gap = TimeDelta::days(LETTER_GAP_DAYS) - TimeDelta::seconds(1);
                    it.recipient().last_letter_at = Some(it.now - gap);
                },
                Says::Oblige,
            ),
            (
                "the gap ago",
                |it| {
                    it.recipient().last_letter_at = Some(it.now - TimeDelta::days(LETTER_GAP_DAYS));
                },
                Says::Silent,
            ),
        ],
    );
    // Monday's letter frees Thursday at the same hour; Wednesday's frees Saturday, which is Monday.
    let after_monday =
        |it: &mut Scene| it.recipient().last_letter_at = Some(at("2027-03-08T15:00:00Z"));
    assert_eq!(leaves_at(NOW, after_monday), Some(at("2027-03-11T15:00:00Z")));
    let after_wednesday =
        |it: &mut Scene| it.recipient().last_letter_at = Some(at("2027-03-10T09:00:00Z"));
    assert_eq!(leaves_at(NOW, after_wednesday), Some(at("2027-03-15T08:00:00Z")));
    // At night both conditions speak, and the later one counts.
    assert_eq!(leaves_at("2027-03-10T21:00:00Z", after_monday), Some(at("2027-03-11T15:00:00Z")));
}
