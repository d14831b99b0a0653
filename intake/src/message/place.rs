//! Where a message belongs: its time, its direction, its people, its conversation.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::{ClientId, ContactId},
    mail::{
        Headers, Reading,
        belong::{self, Directory, Names, Subject, Tie},
    },
    record::Direction,
    time::Timestamp,
};
use store::{
    Scope, StoreResult,
    import::{MessageRow, Origin, StoredMailbox, ThreadRow, UpsertCount},
};

use super::Arrived;

/// Bytes at the start of a message in which its own headers stand; a hundred hops take a tenth of it.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How far a clock may be ahead before its time is odd: the farthest zones are 26 hours apart.
const AHEAD_HOURS_MAX: i64 = 26;
/// Longest `Message-ID` that is kept: it stands in indexes, and an honest one has a hundred characters.
const MESSAGE_ID_BYTES_MAX: usize = 500;

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
        let client = people.at(message).client;
        let thread = threads.entry(key).or_insert_with(|| ThreadRow {
            provider_id: key.clone(),
            client,
            last_message_at: message.received_at,
        });
        thread.client = thread.client.or(client);
        thread.last_message_at = thread.last_message_at.max(message.received_at);
    }
    let threads: Vec<ThreadRow> = threads.into_values().collect();
    let ids = scope.upsert_threads(origin, mailbox.id, &threads).await?;
    let mut rows = Vec::with_capacity(arrived.len());
    for (message, key) in arrived.into_iter().zip(&keys) {
        let Some(thread) = ids.get(key).copied() else { continue };
        let Place { direction, client, contact } = people.at(&message);
        rows.push(MessageRow {
            thread,
            provider_id: message.sha256.clone(),
            direction,
            client,
            contact,
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

/// Which way a message went, and whose it is.
struct Place {
    direction: Direction,
    client: Option<ClientId>,
    /// The person at the other end, if it is one who is known.
    contact: Option<ContactId>,
}

/// Whose messages a batch holds.
struct People {
    directory: Directory,
    names: HashMap<String, Names>,
}

impl People {
    async fn of(
        scope: &Scope<'_>,
        mailbox: &StoredMailbox,
        arrived: &[Arrived],
    ) -> StoreResult<Self> {
        let named = |message: &Arrived| {
            let names = belong::names(&message.reading, mailbox.address.as_deref());
            (message.sha256.clone(), names)
        };
        let names: HashMap<String, Names> = arrived.iter().map(named).collect();
        let others = names.values().flat_map(|it| it.other.iter().chain(&it.participants));
        let addresses: Vec<&str> =
            others.map(String::as_str).collect::<HashSet<_>>().into_iter().collect();
        let domains = addresses.iter().map(|address| belong::domain_of(address));
        let domains: HashSet<&str> =
            domains.filter(|domain| belong::is_company_domain(domain)).collect();
        let domains: Vec<&str> = domains.into_iter().collect();
        let known = scope.correspondents(&addresses).await?;
        let directory = Directory {
            contacts: known
                .into_iter()
                .map(|(address, it)| (address, (it.contact, it.client)))
                .collect(),
            domains: scope.client_ids_by_domain(&domains).await?,
            ..Directory::default()
        };
        Ok(Self { directory, names })
    }

    /// Which way a message went, and who is at the other end.
    fn at(&self, message: &Arrived) -> Place {
        let Some(names) = self.names.get(&message.sha256) else {
            return Place { direction: Direction::Inbound, client: None, contact: None };
        };
        let direction = if names.is_ours { Direction::Outbound } else { Direction::Inbound };
        let tied = belong::belong(names, message.reading.findings.sender, &self.directory);
        let client = tied.iter().find_map(|it| match it.subject {
            Subject::Account(client) => Some(client),
            _ => None,
        });
        // Whoever is only addressed did not write it.
        let contact = tied.iter().find_map(|it| match it.subject {
            Subject::Contact(contact) if it.tie == Tie::Address => Some(contact),
            _ => None,
        });
        Place { direction, client, contact }
    }
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
}
