//! A person's agreement: it answers a hold, for these very words and for a time, and nothing else.

use super::*;

/// A touch of a tenant that approves what leaves, and its hash.
fn held() -> (Scene, String) {
    let mut scene = touch();
    scene.facts.mode = TenantMode::Approval;
    let hash = scene.proposal.payload_hash();
    (scene, hash)
}

#[test]
fn an_approval_answers_a_hold_of_these_very_words_until_it_ends() {
    let (scene, hash) = held();
    let second = chrono::TimeDelta::seconds(1);
    let approval = |hash: &str, expires_at| Approval { payload_hash: hash.to_owned(), expires_at };
    let mut other = scene.clone();
    other.letter().body.push('.');
    let table = [
        ("none", None, Effect::NeedsApproval),
        ("of this", Some(approval(&hash, scene.now + second)), Effect::Allow),
        ("ended this moment", Some(approval(&hash, scene.now)), Effect::NeedsApproval),
        ("ended before", Some(approval(&hash, scene.now - second)), Effect::NeedsApproval),
        (
            "of other words",
            Some(approval(&other.proposal.payload_hash(), scene.now + second)),
            Effect::NeedsApproval,
        ),
        (
            "of a part of the hash",
            Some(approval(&hash[..12], scene.now + second)),
            Effect::NeedsApproval,
        ),
        ("of nothing", Some(approval("", scene.now + second)), Effect::NeedsApproval),
    ];
    for (what, approval, expected) in table {
        let before = scene.decide(Moment::Execute);
        let after = with_approval(before.clone(), approval.as_ref(), &hash, scene.now);
        assert_eq!(after.effect, expected, "{what}");
        assert!(after.reasons.is_sorted(), "{what}");
        if expected == Effect::Allow {
            assert!(after.decisive().any(|it| it.rule == "approval"));
            assert!(
                after.reasons.iter().any(|it| it.rule == "tenant-mode"),
                "the hold is still told"
            );
        } else {
            assert_eq!(after, before, "{what}");
        }
    }
}

#[test]
fn an_approval_mends_no_denial_and_lifts_no_obligation() {
    let (mut scene, hash) = held();
    let expires_at = at("2027-04-01T00:00:00Z");
    let approval = Approval { payload_hash: hash.clone(), expires_at };
    scene.now = at("2027-03-10T21:00:00Z");
    let waiting = with_approval(scene.decide(Moment::Execute), Some(&approval), &hash, scene.now);
    assert_eq!(waiting.effect, Effect::Allow);
    assert_eq!(waiting.not_before(), Some(at("2027-03-11T08:00:00Z")));

    scene.facts.has_open_complaint = true;
    let denied = scene.decide(Moment::Execute);
    assert_eq!(denied.effect, Effect::Deny);
    assert_eq!(with_approval(denied.clone(), Some(&approval), &hash, scene.now), denied);

    let allowed = order_check().decide(Moment::Execute);
    assert_eq!(with_approval(allowed.clone(), Some(&approval), &hash, scene.now), allowed);
}
