//! Writes the world's messages: raw, read, and with the people and accounts they belong to.

use std::collections::HashMap;

use domain::{
    id::{ClientId, ContactId},
    mail::{Reading, read},
    proposal::hex,
    record::{Direction, MailboxKind},
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use store::{
    Scope,
    import::{Correspondent, MailboxRow, MessageRow, Origin, ThreadRow},
};

use super::{DemoError, MAILBOX, keys::id_of};
use crate::{
    company::{ADDRESS, AUTHSERV_ID},
    world::{Message, World},
};

/// A message of the world with what its reader understood.
struct Letter<'w> {
    message: &'w Message,
    reading: Reading,
}

impl Letter<'_> {
    /// The other end's address.
    fn address(&self) -> Option<&str> {
        let headers = &self.reading.headers;
        let other = match self.message.direction {
            Direction::Inbound => headers.from.as_ref(),
            Direction::Outbound => headers.to.first(),
        };
        other.map(|address| address.address.as_str())
    }

    /// The key of its thread: the message that began it.
    fn thread(&self) -> &str {
        let headers = &self.reading.headers;
        let first = headers.references.first().or(headers.rfc_message_id.as_ref());
        first.map_or(self.message.key.as_str(), String::as_str)
    }
}

/// Who is at the other end of an address.
struct Directory {
    people: HashMap<String, Correspondent>,
    domains: HashMap<String, ClientId>,
}

impl Directory {
    async fn of(scope: &Scope<'_>, letters: &[Letter<'_>]) -> Result<Self, DemoError> {
        let addresses: Vec<&str> = letters.iter().filter_map(Letter::address).collect();
        let domains: Vec<&str> =
            addresses.iter().filter_map(|it| it.rsplit_once('@')).map(|(_, it)| it).collect();
        Ok(Self {
            people: scope.correspondents(&addresses).await?,
            domains: scope.client_ids_by_domain(&domains).await?,
        })
    }

    /// The person and the account; of a stranger, at most the account that has the domain.
    fn find(&self, letter: &Letter<'_>) -> (Option<ContactId>, Option<ClientId>) {
        let Some(address) = letter.address() else { return (None, None) };
        if let Some(known) = self.people.get(address) {
            return (Some(known.contact), Some(known.client));
        }
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        (None, self.domains.get(domain).copied())
    }
}

/// Messages with their threads; the readings are made as for any other import.
pub(super) async fn messages(
    scope: &Scope<'_>,
    origin: &Origin<'_>,
    world: &World,
) -> Result<(), DemoError> {
    let mailbox = MailboxRow {
        kind: MailboxKind::Import,
        name: MAILBOX.to_owned(),
        address: Some(ADDRESS.to_owned()),
        authserv_id: Some(AUTHSERV_ID.to_owned()),
    };
    let mailbox = scope.find_or_create_mailbox(origin, &mailbox).await?;
    let letters = world.messages.iter().map(read_letter).collect::<Result<Vec<_>, _>>()?;
    let directory = Directory::of(scope, &letters).await?;
    let threads = threads(&letters, &directory);
    let threads = scope.upsert_threads(origin, mailbox.id, &threads).await?;
    let mut rows = Vec::with_capacity(letters.len());
    for letter in letters {
        let (contact, client) = directory.find(&letter);
        let raw_sha256 = hex(&Sha256::digest(&letter.message.raw));
        rows.push(MessageRow {
            thread: id_of(&threads, letter.thread())?,
            // Imported messages are known by their bytes, so that importing them again adds none.
            provider_id: raw_sha256.clone(),
            direction: letter.message.direction,
            client,
            contact,
            received_at: letter.message.received_at,
            raw_sha256,
            raw: letter.message.raw.clone(),
            reading: letter.reading,
        });
    }
    scope.upsert_messages(origin, mailbox.id, rows).await?;
    Ok(())
}

fn read_letter(message: &Message) -> Result<Letter<'_>, DemoError> {
    let unreadable = |error| DemoError::UnreadableMessage { key: message.key.clone(), error };
    let reading = read(&message.raw, Some(AUTHSERV_ID)).map_err(unreadable)?;
    Ok(Letter { message, reading })
}

/// One row for each thread, with its last message's time and the account, if any of it has one.
fn threads(letters: &[Letter<'_>], directory: &Directory) -> Vec<ThreadRow> {
    let mut rows: Vec<ThreadRow> = Vec::new();
    for letter in letters {
        let (_, client) = directory.find(letter);
        let at: Timestamp = letter.message.received_at;
        match rows.iter_mut().find(|row| row.provider_id == letter.thread()) {
            Some(row) => {
                row.client = row.client.or(client);
                row.last_message_at = row.last_message_at.max(at);
            }
            None => rows.push(ThreadRow {
                provider_id: letter.thread().to_owned(),
                client,
                last_message_at: at,
            }),
        }
    }
    rows
}
