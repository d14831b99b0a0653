//! Where a message belongs: its time, its direction, its people, its conversation.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    mail::{Headers, Reading, SenderProof},
    record::Direction,
    time::Timestamp,
};
use store::{
    Scope, StoreResult,
    import::{Correspondent, MessageRow, Origin, StoredMailbox, ThreadRow, UpsertCount},
};

use super::Arrived;

/// Bytes at the start of a message in which its own headers stand; a hundred hops take a tenth of it.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How far a clock may be ahead before its time is odd: the farthest zones are 26 hours apart.
const AHEAD_HOURS_MAX: i64 = 26;
/// Longest `Message-ID` that is kept: it stands in indexes, and an honest one has a hundred characters.
const MESSAGE_ID_BYTES_MAX: usize = 500;
/// Domains where anybody has an address: sharing one says nothing about where a person works.
const PUBLIC_DOMAINS: &[&str] = &[
    "163.com",
    "aol.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "icloud.com",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.ru",
];

/// When the receiving server took the message: the time in the topmost `Received` header.
pub(super) fn received_at(raw: &[u8]) -> Option<Timestamp> {
    let head = &raw[..raw.len().min(HEADER_BYTES_MAX)];
    let mut value: Option<String> = None;
    for line in head.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        match &mut value {
            Some(value) if line.starts_with([' ', '\t']) => value.push_str(line),
            Some(_) => break,
            None if line.is_empty() => return None,
            None => {
                let named = line.split_once(':');
                let is_received = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("received");
                value = named.filter(is_received).map(|(_, rest)| rest.to_owned());
            }
        }
    }
    let value = value?;
    let (_, moment) = value.rsplit_once(';')?;
    DateTime::parse_from_rfc2822(moment.trim()).ok().map(|moment| moment.with_timezone(&Utc))
}

/// What is odd about the times of a message, if anything is.
pub(super) fn odd_date(
    sent_at: Option<Timestamp>,
    received_at: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let ahead = TimeDelta::hours(AHEAD_HOURS_MAX);
    let is_after =
        |moment: Timestamp, limit: Timestamp| ahead < moment.signed_duration_since(limit);
    let Some(sent_at) = sent_at else {
        return Some(
            "there is no readable Date: the time it was received stands for it".to_owned(),
        );
    };
    if is_after(received_at, now) {
        return Some("it lies in the future, and the message is not seen before then".to_owned());
    }
    if is_after(sent_at, received_at) {
        return Some(
            "it lies after the time the message was received, which is used instead".to_owned(),
        );
    }
    None
}

/// A reading that every database can hold: without NUL characters, and without endless ids.
pub(super) fn storable(mut reading: Reading) -> Reading {
    // One byte for one byte: what was found in the body is found by its offsets.
    let without_nul = |text: &mut String| {
        if text.contains('\0') {
            *text = text.replace('\0', " ");
        }
    };
    without_nul(&mut reading.body);
    let headers = &mut reading.headers;
    headers.subject.iter_mut().for_each(without_nul);
    for address in headers.from.iter_mut().chain(&mut headers.to).chain(&mut headers.cc) {
        without_nul(&mut address.address);
        address.name.iter_mut().for_each(without_nul);
    }
    let is_honest = |id: &String| id.len() <= MESSAGE_ID_BYTES_MAX && !id.contains('\0');
    headers.rfc_message_id = headers.rfc_message_id.take().filter(is_honest);
    headers.in_reply_to = headers.in_reply_to.take().filter(is_honest);
    headers.references.retain(is_honest);
    reading
}

/// Writes a batch of messages with their conversations.
pub(super) async fn write(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    mailbox: &StoredMailbox,
    arrived: Vec<Arrived>,
) -> StoreResult<UpsertCount> {
    let keys = thread_keys(scope, mailbox, &arrived).await?;
    let people = People::of(scope, mailbox, &arrived).await?;
    // Sorted, so that the same file gives the same ids every time.
    let mut threads: BTreeMap<&str, ThreadRow> = BTreeMap::new();
    for (message, key) in arrived.iter().zip(&keys) {
        let (_, client) = people.at(message);
        let thread = threads.entry(key).or_insert_with(|| ThreadRow {
            provider_id: key.clone(),
            client: client.map(|(client, _)| client),
            last_message_at: message.received_at,
        });
        thread.client = thread.client.or(client.map(|(client, _)| client));
        thread.last_message_at = thread.last_message_at.max(message.received_at);
    }
    let threads: Vec<ThreadRow> = threads.into_values().collect();
    let ids = scope.upsert_threads(origin, mailbox.id, &threads).await?;
    let mut rows = Vec::with_capacity(arrived.len());
    for (message, key) in arrived.into_iter().zip(&keys) {
        let Some(thread) = ids.get(key).copied() else { continue };
        let (direction, client) = people.at(&message);
        rows.push(MessageRow {
            thread,
            provider_id: message.sha256.clone(),
            direction,
            client: client.map(|(client, _)| client),
            contact: client.and_then(|(_, contact)| contact),
            received_at: message.received_at,
            raw_sha256: message.sha256,
            raw: message.raw,
            reading: message.reading,
        });
    }
    scope.upsert_messages(origin, mailbox.id, rows).await
}

/// The key of each message's conversation: that of a message it answers, if one is known, else the first
/// that it refers to, else its own.
async fn thread_keys(
    scope: &Scope<'_>,
    mailbox: &StoredMailbox,
    arrived: &[Arrived],
) -> StoreResult<Vec<String>> {
    let related = arrived.iter().flat_map(|message| {
        let headers = &message.reading.headers;
        headers.rfc_message_id.iter().chain(answered(headers)).map(String::as_str)
    });
    let related: Vec<&str> = related.collect::<HashSet<_>>().into_iter().collect();
    let known = scope.threads_of_messages(mailbox.id, &related).await?;
    let mut known: HashMap<String, String> =
        known.into_iter().map(|(id, thread)| (id, thread.provider_id)).collect();
    let mut keys = Vec::with_capacity(arrived.len());
    for message in arrived {
        let headers = &message.reading.headers;
        let own = headers.rfc_message_id.as_ref();
        let joined = own.into_iter().chain(answered(headers)).find_map(|id| known.get(id).cloned());
        let first = || answered(headers).next().or(own).cloned();
        let key = joined.or_else(first).unwrap_or_else(|| message.sha256.clone());
        known.extend(own.map(|id| (id.clone(), key.clone())));
        keys.push(key);
    }
    Ok(keys)
}

/// The messages that one answers, the oldest first.
fn answered(headers: &Headers) -> impl Iterator<Item = &String> {
    headers.references.iter().chain(&headers.in_reply_to)
}

/// An account, and the person there if one is known.
type OtherEnd = (domain::id::ClientId, Option<domain::id::ContactId>);

/// Whose messages a batch holds.
struct People<'m> {
    mailbox: &'m StoredMailbox,
    by_address: HashMap<String, Correspondent>,
    by_domain: HashMap<String, domain::id::ClientId>,
}

impl<'m> People<'m> {
    async fn of(
        scope: &Scope<'_>,
        mailbox: &'m StoredMailbox,
        arrived: &[Arrived],
    ) -> StoreResult<Self> {
        let others =
            arrived.iter().filter_map(|message| other_address(mailbox, &message.reading).1);
        let addresses: Vec<&str> = others.collect::<HashSet<_>>().into_iter().collect();
        let domains = addresses.iter().map(|address| domain_of(address));
        let domains: HashSet<&str> = domains.filter(|domain| is_company(domain)).collect();
        let domains: Vec<&str> = domains.into_iter().collect();
        Ok(Self {
            mailbox,
            by_address: scope.correspondents(&addresses).await?,
            by_domain: scope.client_ids_by_domain(&domains).await?,
        })
    }

    /// Which way a message went, and who is at the other end.
    fn at(&self, message: &Arrived) -> (Direction, Option<OtherEnd>) {
        let (direction, address) = other_address(self.mailbox, &message.reading);
        let Some(address) = address else { return (direction, None) };
        if let Some(person) = self.by_address.get(address) {
            return (direction, Some((person.client, Some(person.contact))));
        }
        let client = self.by_domain.get(domain_of(address));
        (direction, client.map(|client| (*client, None)))
    }
}

/// Which way a message went, and the address at its other end.
///
/// A sender that failed its proof is not ours, whatever the From header claims.
fn other_address<'r>(
    mailbox: &StoredMailbox,
    reading: &'r Reading,
) -> (Direction, Option<&'r str>) {
    let headers = &reading.headers;
    let from = headers.from.as_ref().map(|from| from.address.as_str());
    let is_ours = from.zip(mailbox.address.as_deref()).is_some_and(|(from, own)| is_own(from, own));
    if is_ours && reading.findings.sender != SenderProof::Failed {
        return (Direction::Outbound, headers.to.first().map(|to| to.address.as_str()));
    }
    (Direction::Inbound, from)
}

/// Whether an address is our own, or a colleague's.
fn is_own(address: &str, own: &str) -> bool {
    let domain = domain_of(own);
    address == own || (is_company(domain) && domain_of(address) == domain)
}

fn is_company(domain: &str) -> bool {
    !domain.is_empty() && !PUBLIC_DOMAINS.contains(&domain)
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    #[test]
    fn the_topmost_received_header_tells_the_time() {
        let raw = b"Return-Path: <a@b>\r\nReceived: from x by y (z)\r\n\twith SMTP id 1; Thu,\r\n \
            19 Nov 2026 10:00:00 -0800 (PST)\r\nReceived: from w; Thu, 19 Nov 2026 09:00:00 -0800\r\n\r\nbody";
        assert_eq!(received_at(raw), Some(at("2026-11-19T18:00:00Z")));
        assert_eq!(
            received_at(b"Subject: x\n\nReceived: a; Thu, 19 Nov 2026 10:00:00 +0000\n"),
            None
        );
        assert_eq!(received_at(b"Received: from x; yesterday\n\n"), None);
        assert_eq!(received_at(b""), None);
    }

    #[test]
    fn odd_dates_are_told() {
        let (now, received) = (at("2026-11-20T12:00:00Z"), at("2026-11-19T12:00:00Z"));
        assert_eq!(odd_date(Some(received), received, now), None);
        assert!(odd_date(None, received, now).unwrap().contains("no readable Date"));
        assert!(
            odd_date(Some(at("2030-01-01T00:00:00Z")), received, now).unwrap().contains("after")
        );
        let far = at("2030-01-01T00:00:00Z");
        assert!(odd_date(Some(far), far, now).unwrap().contains("future"));
    }

    #[test]
    fn colleagues_are_ours_and_users_of_a_public_provider_are_not() {
        assert!(is_own("bob@ours.example", "ada@ours.example"));
        assert!(!is_own("bob@gmail.com", "ada@gmail.com"));
        assert!(is_own("ada@gmail.com", "ada@gmail.com"));
        assert!(!is_own("bob@theirs.example", "ada@ours.example"));
    }
}
