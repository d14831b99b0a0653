//! Makes what a planner hands over fit to be kept, whoever wrote it: a wish that no table takes must not end the cycle.
//!
//! Nothing is decided here; what is changed here is judged as it is kept.

use std::collections::HashSet;

use domain::{
    action::SubjectKind,
    id::ClientId,
    proposal::{Proposal, Subject, hex},
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

/// A proposal that every database takes.
pub(crate) fn fit(proposal: Proposal) -> Proposal {
    let mut fit = without_nul(proposal);
    if KEY_BYTES_MAX < fit.dedup_key.len() {
        fit.dedup_key = format!("sha256:{}", hex(&Sha256::digest(fit.dedup_key.as_bytes())));
    }
    fit
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
        let honest = proposal("research:1", "C:\\u0000 is a strange path");
        assert_eq!(fit(honest.clone()), honest);
    }

    #[test]
    fn what_no_database_takes_is_replaced() {
        let fitted = fit(proposal("a\0b", "c\\\0"));
        assert_eq!(
            (fitted.dedup_key.as_str(), fitted.reasons[0].as_str()),
            ("a\u{fffd}b", "c\\\u{fffd}")
        );
        let long = "x".repeat(KEY_BYTES_MAX + 1);
        let fitted = fit(proposal(&long, ""));
        assert!(fitted.dedup_key.len() < KEY_BYTES_MAX);
        assert_ne!(fitted.dedup_key, fit(proposal(&format!("{long}y"), "")).dedup_key);
    }
}
