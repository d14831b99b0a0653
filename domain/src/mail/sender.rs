//! Whether the receiving provider vouches for the sender (RFC 8601).
//!
//! A From header is a claim. The one witness is the topmost `Authentication-Results` header, and
//! only if it bears the name of the provider that we fetch from: everything below it came with the
//! message and may be forged.

use super::{
    SenderProof,
    address::{self, Sender},
    header::Fields,
    structured::{Section, Structured},
};

/// What is known of the sender, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof {
    /// The verdict.
    pub(super) proof: SenderProof,
    /// One of the phrases of this file.
    pub(super) reason: &'static str,
}

/// Reads the proof of a message's From domain from its header block.
///
/// `trusted_authserv_id` is the name that the receiving provider writes, such as
/// `mx.provider.example`.
pub(super) fn prove(fields: &Fields<'_>, trusted_authserv_id: Option<&str>) -> Proof {
    let mut claims = fields.all("from");
    let (Some(claim), None) = (claims.next(), claims.next()) else {
        let is_missing = !fields.has("from");
        return failed(if is_missing { "no From header" } else { "more than one sender" });
    };
    let from = match address::sender(&claim) {
        Sender::One(address) => address,
        Sender::Several => return failed("more than one sender"),
        Sender::Unreadable => return failed("the From header is not one plain address"),
    };
    let Some(trusted) = trusted_authserv_id.map(str::trim).filter(|id| !id.is_empty()) else {
        return unproven("no trusted authserv-id is configured for this mailbox");
    };
    let Some(results) = fields.first("authentication-results") else {
        return unproven("no Authentication-Results header");
    };
    let results = Structured::parse(&results);
    if results.is_suspect {
        return unproven("the topmost Authentication-Results header cannot be read");
    }
    if !is_from(&results, trusted) {
        return unproven(
            "the topmost Authentication-Results header is not from the trusted provider",
        );
    }
    weigh(&Results::read(&results, from.domain()))
}

/// Whether two domains belong to one organisation: equal, or one below the other (relaxed
/// alignment, RFC 7489, §3.1).
///
/// Without the public suffix list, a name that may be one is not taken for an organisation; equal
/// names always align.
pub(super) fn is_aligned(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_end_matches('.'), other.trim_end_matches('.'));
    let (long, short) = if one.len() < other.len() { (other, one) } else { (one, other) };
    if short.is_empty() {
        return false;
    }
    if long.eq_ignore_ascii_case(short) {
        return true;
    }
    let Some(cut) = long.len().checked_sub(short.len()) else { return false };
    let is_below = long.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(short))
        && long.get(..cut).is_some_and(|start| start.ends_with('.'));
    is_below && is_organisation(&short.to_ascii_lowercase())
}

const fn failed(reason: &'static str) -> Proof {
    Proof { proof: SenderProof::Failed, reason }
}
const fn unproven(reason: &'static str) -> Proof {
    Proof { proof: SenderProof::Unauthenticated, reason }
}
const fn proven(reason: &'static str) -> Proof {
    Proof { proof: SenderProof::Authenticated, reason }
}

/// Whether the first section is the trusted name, alone or with a version number.
fn is_from(results: &Structured, trusted: &str) -> bool {
    let Some(first) = results.sections.first() else { return false };
    let is_named = match first.words.as_slice() {
        [name] => name.eq_ignore_ascii_case(trusted),
        [name, version] => {
            name.eq_ignore_ascii_case(trusted) && version.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    };
    is_named && first.pairs.is_empty() && !first.is_broken
}

/// What the methods say about one From domain.
#[derive(Debug, Default)]
struct Results {
    dmarc_passed: bool,
    dmarc_failed: bool,
    /// DMARC was checked for a domain that is not in the From header: two programs read two
    /// senders.
    dmarc_of_another: bool,
    dkim_aligned: bool,
    spf_aligned: bool,
    spf_failed: bool,
}

impl Results {
    fn read(results: &Structured, from: &str) -> Self {
        let mut read = Self::default();
        for section in results.sections.iter().skip(1) {
            let Some((method, result)) = section.pairs.first() else { continue };
            let method = method.split('/').next().unwrap_or_default();
            let result = result.to_ascii_lowercase();
            // A section with stray words passes nothing, but what it fails it fails.
            let is_clean = section.words.is_empty() && !section.is_broken;
            match (method, result.as_str()) {
                ("dmarc", "fail") => read.dmarc_failed = true,
                ("dmarc", "pass") if is_clean => {
                    let is_same = section.values("header.from").all(|domain| is_same(domain, from));
                    read.dmarc_passed |= is_same;
                    read.dmarc_of_another |= !is_same;
                }
                ("dkim", "pass") if is_clean => read.dkim_aligned |= is_dkim_aligned(section, from),
                ("spf", "pass") if is_clean => read.spf_aligned |= is_spf_aligned(section, from),
                ("spf", "fail") => read.spf_failed |= is_spf_aligned(section, from),
                _ => {}
            }
        }
        read
    }
}

fn weigh(results: &Results) -> Proof {
    if results.dmarc_failed {
        return failed("dmarc failed");
    }
    if results.dmarc_of_another {
        return unproven("dmarc was checked for another domain than the sender's");
    }
    if results.dmarc_passed {
        return proven("dmarc passed for the sender's domain");
    }
    if results.dkim_aligned {
        return proven("dkim passed for the sender's domain");
    }
    if results.spf_aligned {
        return proven("spf passed for the sender's domain");
    }
    if results.spf_failed {
        return failed("spf failed for the sender's domain, and nothing else passed");
    }
    unproven("nothing passed for the sender's domain")
}

fn is_same(domain: &str, from: &str) -> bool {
    domain.trim_end_matches('.').eq_ignore_ascii_case(from)
}

/// The signing domain (`header.d`), or where it is left out the domain of the signing identity
/// (`header.i`).
fn is_dkim_aligned(section: &Section, from: &str) -> bool {
    let mut domains: Vec<&str> = section.values("header.d").collect();
    if domains.is_empty() {
        domains.extend(section.values("header.i").map(domain_of));
    }
    !domains.is_empty() && domains.iter().all(|domain| is_aligned(domain, from))
}

fn is_spf_aligned(section: &Section, from: &str) -> bool {
    let mut senders = section.values("smtp.mailfrom").map(domain_of).peekable();
    senders.peek().is_some() && senders.all(|domain| is_aligned(domain, from))
}

/// The part after the last `@`, or all of it.
fn domain_of(identity: &str) -> &str {
    identity.rsplit_once('@').map_or(identity, |(_, domain)| domain)
}

/// Whether a name can belong to one organisation: two labels at least, and no suffix under which
/// strangers register.
fn is_organisation(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let (Some(top), Some(second)) = (labels.next(), labels.next()) else { return false };
    if labels.next().is_some() {
        return !SHARED_SUFFIXES.contains(&domain);
    }
    let is_country = top.len() == 2;
    // Registries of countries sell names below short or telling second labels: co.uk, com.au,
    // gob.mx, asso.fr.
    let may_be_registry =
        is_country && (second.len() <= REGISTRY_LABEL_LEN_MAX || REGISTRY_LABELS.contains(&second));
    !second.is_empty() && !may_be_registry && !SHARED_SUFFIXES.contains(&domain)
}

/// Second labels up to this length may be a registry's. A firm with so short a name loses the
/// alignment of its subdomains, not that of the name itself.
const REGISTRY_LABEL_LEN_MAX: usize = 3;
/// Longer second labels below which registries of countries sell names.
const REGISTRY_LABELS: &[&str] = &[
    "asso",
    "assn",
    "conf",
    "firm",
    "gouv",
    "govt",
    "info",
    "kiev",
    "mobi",
    "muni",
    "name",
    "parl",
    "prof",
    "shop",
    "store",
    "tourism",
    "school",
    "iwi",
    "maori",
    "geek",
    "health",
    "police",
    "business",
    "press",
    "medecin",
    "notaires",
    "pharmacien",
    "veterinaire",
];
/// Domains whose direct children belong to strangers.
const SHARED_SUFFIXES: &[&str] = &[
    "uk.com",
    "us.com",
    "eu.com",
    "de.com",
    "gb.net",
    "uk.net",
    "br.com",
    "cn.com",
    "jpn.com",
    "za.com",
    "ru.com",
    "sa.com",
    "se.net",
    "com.de",
    "co.com",
    "onmicrosoft.com",
    "mail.onmicrosoft.com",
    "azurewebsites.net",
    "cloudapp.net",
    "amazonaws.com",
    "elasticbeanstalk.com",
    "cloudfront.net",
    "appspot.com",
    "web.app",
    "firebaseapp.com",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "vercel.app",
    "pages.dev",
    "workers.dev",
    "myshopify.com",
    "blogspot.com",
    "wordpress.com",
    "wixsite.com",
    "weebly.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    const TRUSTED: &str = "mx.trusted.example";
    const FROM: &str = "From: Ada <ada@good.example>";

    fn judge(headers: &str) -> Proof {
        let raw = format!("{headers}\n\nbody\n");
        prove(&Fields::split(raw.as_bytes()).0, Some(TRUSTED))
    }

    fn judge_results(results: &str) -> SenderProof {
        judge(&format!("Authentication-Results: {results}\n{FROM}")).proof
    }

    #[test]
    fn a_pass_for_the_senders_domain_authenticates() {
        for results in [
            "mx.trusted.example; dmarc=pass (p=REJECT) header.from=good.example",
            "MX.Trusted.Example 1; dmarc=pass header.from=GOOD.example.",
            "mx.trusted.example; dmarc=pass",
            "mx.trusted.example;\r\n\tdkim=pass header.i=@good.example header.s=s1 \
                header.b=\"AbC=\";\r\n spf=none",
            "mx.trusted.example; dkim=pass header.d=good.example header.b=aa/b+c==",
            "mx.trusted.example; dkim = pass header.d = mail.good.example",
            "mx.trusted.example; dkim=fail header.d=good.example; dkim=pass header.d=good.example",
            "mx.trusted.example; spf=pass (domain of bounce@good.example) \
                smtp.mailfrom=bounce@good.example",
            "mx.trusted.example; spf=pass smtp.mailfrom=a+b=c@mail.good.example; dkim=none",
            "mx.trusted.example; dmarc/1=pass header.from=good.example",
        ] {
            assert_eq!(judge_results(results), SenderProof::Authenticated, "{results}");
        }
    }

    #[test]
    fn forged_or_foreign_results_prove_nothing() {
        for results in [
            "evil.example; dmarc=pass (mx.trusted.example) header.from=good.example",
            "evil.example (mx.trusted.example); dmarc=pass header.from=good.example",
            "mx.trusted.example.evil.example; dmarc=pass header.from=good.example",
            "(mx.trusted.example) evil.example; dmarc=pass",
            "dmarc=pass header.from=good.example; mx.trusted.example",
            "mx.trusted.example x; dmarc=pass",
            "mx.trusted.example; (dmarc=pass header.from=good.example) none",
            "mx.trusted.example; spf=pass (x) smtp.mailfrom=\"a; dmarc=pass \
                header.from=good.example; b\"@evil.example",
            "mx.trusted.example; spf=pass (domain of \"a) ; dmarc=pass ( \"@evil.example) \
                smtp.mailfrom=evil.example",
            "mx.trusted.example; spf=pass smtp.mailfrom=good.example@evil.example",
            "mx.trusted.example; spf=pass smtp.helo=good.example",
            "mx.trusted.example; dkim=pass header.d=evil.example header.i=@good.example",
            "mx.trusted.example; dkim=pass header.d=good.example header.d=evil.example",
            "mx.trusted.example; dkim=pass header.d=notgood.example",
            "mx.trusted.example; dkim=pass header.d=example",
            "mx.trusted.example; dkim=pass",
            "mx.trusted.example; dmarc=pass header.from=evil.example; dkim=pass \
                header.d=good.example",
            "mx.trusted.example; dmarc=pass header.from=good.example and more",
            "mx.trusted.example; dmarc=bestguesspass header.from=good.example",
            "mx.trusted.example; dmarc=pass (unfinished",
            "mx.trusted.example; dmarc=\"pass",
            "mx.trusted.example; reason=\"dmarc=pass\" x.y=dmarc=pass",
            "mx.trusted.example; none",
            "mx.trusted.example",
            "",
        ] {
            assert_eq!(judge_results(results), SenderProof::Unauthenticated, "{results}");
        }
    }

    #[test]
    fn a_failure_outweighs_every_pass() {
        for results in [
            "mx.trusted.example; dmarc=fail header.from=good.example; dkim=pass \
                header.d=good.example",
            "mx.trusted.example; dkim=pass header.d=good.example; dmarc=FAIL stray words",
            "mx.trusted.example; dmarc=pass header.from=good.example; dmarc=fail",
            "mx.trusted.example; spf=fail smtp.mailfrom=x@good.example; dkim=none",
        ] {
            assert_eq!(judge_results(results), SenderProof::Failed, "{results}");
        }
    }

    #[test]
    fn only_the_topmost_header_counts() {
        let pass =
            "Authentication-Results: mx.trusted.example; dmarc=pass header.from=good.example";
        let table = [
            (
                format!("Authentication-Results: mx.trusted.example; dmarc=fail\n{pass}\n{FROM}"),
                SenderProof::Failed,
            ),
            (
                format!("Authentication-Results: other.example; none\n{pass}\n{FROM}"),
                SenderProof::Unauthenticated,
            ),
            (
                format!("authentication-RESULTS : other.example\n{pass}\n{FROM}"),
                SenderProof::Unauthenticated,
            ),
            (format!("ARC-{pass}\nX-{pass}\n{FROM}"), SenderProof::Unauthenticated),
            (format!("Subject: x\r{pass}\n{FROM}"), SenderProof::Unauthenticated),
            (format!("Subject: x\n {pass}\n{FROM}"), SenderProof::Unauthenticated),
            (format!("{FROM}\n\n{pass}"), SenderProof::Unauthenticated),
            (
                format!("{pass}\nAuthentication-Results: other.example; dmarc=fail\n{FROM}"),
                SenderProof::Authenticated,
            ),
        ];
        for (headers, proof) in table {
            assert_eq!(judge(&headers).proof, proof, "{headers}");
        }
    }

    #[test]
    fn a_message_without_exactly_one_sender_fails() {
        let pass =
            "Authentication-Results: mx.trusted.example; dmarc=pass header.from=good.example";
        for (from, reason) in [
            ("", "no From header"),
            ("From: a@good.example\nFrom: b@evil.example", "more than one sender"),
            ("From: a@good.example\nfrom : b@evil.example", "more than one sender"),
            ("From: a@good.example, b@evil.example", "more than one sender"),
            ("From: x: a@good.example;", "more than one sender"),
            ("From: <a@good.example> <b@evil.example>", "the From header is not one plain address"),
            ("From: \"a@good.example\"@evil.example", "the From header is not one plain address"),
            ("From:", "the From header is not one plain address"),
        ] {
            let proof = judge(&format!("{pass}\n{from}\nSubject: x"));
            assert_eq!((proof.proof, proof.reason), (SenderProof::Failed, reason), "{from}");
        }
        let named = format!("{pass}\nFrom: \"ada@good.example\" <ada@evil.example>");
        assert_eq!(judge(&named).proof, SenderProof::Unauthenticated);
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let raw = format!("Authentication-Results: x; dmarc=pass\n{FROM}\n\n");
        let (fields, _) = Fields::split(raw.as_bytes());
        for trusted in [None, Some(""), Some("  ")] {
            let proof = prove(&fields, trusted);
            assert_eq!(proof.proof, SenderProof::Unauthenticated);
            assert_eq!(proof.reason, "no trusted authserv-id is configured for this mailbox");
        }
    }

    #[test]
    fn alignment_stops_at_registries_and_shared_hosts() {
        for (one, other, aligned) in [
            ("good.example", "mail.good.example", true),
            ("a.b.good.example", "good.example", true),
            ("good.example", "notgood.example", false),
            ("firm.co.uk", "mail.firm.co.uk", true),
            ("co.uk", "firm.co.uk", false),
            ("gouv.fr", "x.gouv.fr", false),
            ("com", "good.com", false),
            ("uk.com", "x.uk.com", false),
            ("co.uk", "co.uk", true),
            ("", "good.example", false),
            ("", "", false),
            ("é.example", "x.é.example", true),
        ] {
            assert_eq!(is_aligned(one, other), aligned, "{one} {other}");
            assert_eq!(is_aligned(other, one), aligned, "{other} {one}");
        }
    }
}
