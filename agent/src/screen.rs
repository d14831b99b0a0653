//! Makes what a planner hands over fit to be kept, whoever wrote it: a wish that no table takes must not end the cycle.
//!
//! Nothing is decided here; what is changed here is judged as it is kept.

use std::collections::HashSet;

use domain::{
    action::SubjectKind,
    id::ClientId,
    proposal::{Evidence, Proposal, Subject, hex},
};
use sha2::{Digest, Sha256};
use store::{Scope, StoreResult};

/// Proposals of one plan; the inputs' own limits keep an honest one below this.
pub(crate) const PROPOSALS_MAX: usize = 40_000;
/// Longest key that is kept as it is; a database's index takes a few thousand bytes at most.
const KEY_BYTES_MAX: usize = 300;
/// What JSON writes for the one character that Postgres keeps neither in text nor in JSON.
const NUL_IN_JSON: &str = "\\u0000";
/// What stands in its place.
const REPLACEMENT_IN_JSON: &str = "\\ufffd";

/// Reasons of one proposal that are kept, and the characters of each: a reason is a sentence for a reader.
const REASONS_MAX: usize = 20;
const REASON_CHARS_MAX: usize = 500;
/// Pieces of evidence of one proposal that are kept.
const EVIDENCE_MAX: usize = 50;

/// A proposal that every database takes, under a key that is its own.
///
/// A key counts for one kind of action on one subject, so that no proposal can take the key of another one's.
pub(crate) fn fit(proposal: Proposal) -> Proposal {
    let mut fit = without_nul(proposal);
    let own = format!("{}:{}:{}:", fit.kind, fit.subject.kind, fit.subject.id);
    fit.dedup_key = if KEY_BYTES_MAX < fit.dedup_key.len() {
        format!("{own}sha256:{}", hex(&Sha256::digest(fit.dedup_key.as_bytes())))
    } else {
        format!("{own}{}", fit.dedup_key)
    };
    fit.reasons.truncate(REASONS_MAX);
    fit.reasons.iter_mut().for_each(shorten);
    fit.evidence.truncate(EVIDENCE_MAX);
    for evidence in &mut fit.evidence {
        if let Evidence::Date { what, .. } = evidence {
            shorten(what);
        }
    }
    fit
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(REASON_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}

fn without_nul(proposal: Proposal) -> Proposal {
    let text = serde_json::to_string(&proposal).expect("a proposal is plain data");
    if !text.contains(NUL_IN_JSON) {
        return proposal;
    }
    // An escaped backslash before `u0000` is text, and stays; the pair is skipped as one.
    let parts: Vec<String> =
        text.split("\\\\").map(|part| part.replace(NUL_IN_JSON, REPLACEMENT_IN_JSON)).collect();
    serde_json::from_str(&parts.join("\\\\")).unwrap_or(proposal)
}

/// Which of the accounts that some proposals name are the tenant's.
pub(crate) async fn known_clients(
    scope: &Scope<'_>,
    proposals: &[Proposal],
) -> StoreResult<HashSet<ClientId>> {
    let named: HashSet<Subject> = proposals
        .iter()
        .filter_map(|it| it.client)
        .map(|client| Subject { kind: SubjectKind::Client, id: client.uuid() })
        .collect();
    let known = scope.names_of(&named).await?;
    Ok(known.into_keys().map(|subject| ClientId::from_uuid(subject.id)).collect())
}

#[cfg(test)]
mod tests {
    use domain::{
        action::ActionKind,
        id::{Id, uuid_v7},
        money::Score,
        proposal::Payload,
    };

    use super::*;

    fn proposal(dedup_key: &str, reason: &str) -> Proposal {
        let id = uuid_v7(0, [1; 10]);
        Proposal {
            kind: ActionKind::Research,
            subject: Subject { kind: SubjectKind::Client, id },
            client: Some(Id::from_uuid(id)),
            payload: Payload::Plain,
            dedup_key: dedup_key.to_owned(),
            score: Score(0),
            reasons: vec![reason.to_owned()],
            evidence: Vec::new(),
        }
    }

    #[test]
    fn an_honest_proposal_stays_as_it_is() {
        let honest = proposal("1", "C:\\u0000 is a strange path");
        let dedup_key = format!("research:client:{}:1", honest.subject.id);
        assert_eq!(fit(honest.clone()), Proposal { dedup_key, ..honest });
    }

    #[test]
    fn what_no_database_takes_is_replaced() {
        let fitted = fit(proposal("a\0b", "c\\\0"));
        assert!(fitted.dedup_key.ends_with(":a\u{fffd}b"), "{}", fitted.dedup_key);
        assert_eq!(fitted.reasons, ["c\\\u{fffd}"]);
        let long = "x".repeat(KEY_BYTES_MAX + 1);
        let fitted = fit(proposal(&long, ""));
        assert!(fitted.dedup_key.len() < KEY_BYTES_MAX);
        assert_ne!(fitted.dedup_key, fit(proposal(&format!("{long}y"), "")).dedup_key);
    }

    #[test]
    fn a_key_counts_for_one_kind_on_one_subject() {
        let honest = proposal("same", "");
        let id = uuid_v7(1, [2; 10]);
        let of_another = Proposal { subject: Subject { id, ..honest.subject }, ..honest.clone() };
        let other_kind = Proposal { kind: ActionKind::OpenCase, ..honest.clone() };
        let keys = [honest, of_another, other_kind].map(|it| fit(it).dedup_key);
        assert_eq!(HashSet::from(keys).len(), 3);
    }

    #[test]
    fn what_is_too_long_to_read_is_shortened() {
        let at = domain::time::Timestamp::UNIX_EPOCH;
        let long = Proposal {
            reasons: vec!["ä".repeat(10_000); 1_000],
            evidence: vec![Evidence::Date { what: "x".repeat(10_000), at }; 1_000],
            ..proposal("1", "")
        };
        let fitted = fit(long);
        assert_eq!((fitted.reasons.len(), fitted.evidence.len()), (REASONS_MAX, EVIDENCE_MAX));
        assert_eq!(fitted.reasons[0].chars().count(), REASON_CHARS_MAX + 1);
        let Evidence::Date { what, .. } = &fitted.evidence[0] else { panic!("it was a date") };
        assert_eq!(what.chars().count(), REASON_CHARS_MAX + 1);
    }
}
